"""A wall clock that jumps for real (by libfaketime) under a process that guards."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simblock.stores.opening import open_writer
from tests.redis_servers import wait
from tests.stores.redis import faults
from tests.stores.redis.faults import STOPPED, WORKS
from tests.stores.works import document

pytestmark = pytest.mark.slow
LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
GUARDING = """
import sys, time
from pathlib import Path
from tests.stores.redis import faults
from tests.stores.works import document
with faults.guarding(sys.argv[1], Path(sys.argv[2]), stale_after=5, timeout=5) as guarded:
    for line in sys.stdin:
        said = {guarded.ask(document(line.strip(), words=400), how) for how in faults.ON_ERROR}
        print(int(time.time()), guarded.index.epoch, *sorted(said), sep="|", flush=True)
"""


@pytest.fixture
def clock(tmp_path):
    """What preloads a clock that jumps, and the function that makes it jump (seconds)."""
    if not LIBRARIES:
        pytest.skip("NO LIBFAKETIME: clocks that jump were NOT tested; install it (apt-get install faketime)")
    file = tmp_path / "clock"
    file.write_text("+0\n")
    environment = {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
    }
    return environment, lambda seconds: file.write_text(f"{seconds:+d}\n")


def add(url, work):
    with open_writer(f"{url}?tenant={faults.TENANT}") as writer:
        writer.put([work])
        return writer.commit().epoch


def test_guards_whose_clock_jumps_decide_as_before(seeded, tmp_path, clock):
    environment, jump = clock
    command = [sys.executable, "-c", GUARDING, seeded.url(), str(tmp_path)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=os.environ | environment) as guard:

        def said(work):
            guard.stdin.write(f"{work.work.id}\n")
            guard.stdin.flush()
            now, epoch, *verdicts = guard.stdout.readline().strip().split("|")
            return int(now), int(epoch), verdicts

        before, *_ = said(WORKS[0])
        for number, seconds in enumerate((86_400, -86_400, 300_000_000, 0)):
            jump(seconds)
            # The library looks at its file once a second.
            wait(lambda: abs(said(WORKS[0])[0] - before - seconds) < 100, "the clock has jumped", 10)  # noqa: B023
            verdicts = said(WORKS[number])[2]
            assert verdicts == [STOPPED]
            added = document(f"later-{number}", words=400)
            epoch = add(seeded.url(), added)
            wait(lambda: said(WORKS[0])[1] >= epoch, "the addition is taken up", 10)  # noqa: B023
            assert said(added)[2] == [STOPPED]
        guard.stdin.close()
        assert guard.wait(20) == 0
