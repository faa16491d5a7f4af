"""What the tests of faults share: an index in a real server, questions about copies of its works, and what a
decision is worth while something is broken.

A copy that is released and called clean is the one thing that must never happen.
"""

import random
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores import open_index
from simblock.stores.opening import create_writer
from tests.stores.works import document, library

TENANT = "faults"
LIBRARY = library(120, words=400)
WORKS = LIBRARY[:36]
"""Those that are asked about: the pages of the others are in between, so that few are in the process yet."""
STRANGERS = [document(f"stranger-{number}", words=120).text for number in range(6)]

ON_ERROR = ("stop", "release", "degraded")
CLEAN, STOPPED, BLIND, TOLD = "CLEAN", "stopped by its match", "stopped, error told", "released, error told"
DEGRADED = "stopped, degraded"
CONTRADICTED = "said to be stopped, released in full"


def copy_of(work, seed=0, words=90):
    """Words in a row from somewhere in a work."""
    parts = work.text.split(" ")
    start = random.Random(f"{work.work.id} {seed}").randrange(len(parts) - words)
    return " ".join(parts[start : start + words])


def worth(report):
    """What a report says of a copy; ``CLEAN`` is the wrong answer."""
    if report.error is None and not report.degraded:
        return CLEAN if report.decision == "release" else STOPPED
    if report.decision == "release":
        return TOLD
    return DEGRADED if report.degraded else BLIND


def opened(url, tmp_path, **options):
    """An index as a fresh process has it, with little patience and a cache of its own."""
    joint = "&" if "?" in url else "?"
    settings = {
        "tenant": TENANT,
        "cache": tmp_path / "cache",
        "pages": 4,
        "poll": 0.2,
        "timeout": 0.1,
    } | options
    return open_index(url + joint + "&".join(f"{name}={value}" for name, value in settings.items()))


def build(url, works=LIBRARY, tenant=TENANT, **options):
    """Builds an index of works."""
    joint = "&" if "?" in url else "?"
    with create_writer(f"{url}{joint}tenant={tenant}", **options) as writer:
        writer.put(works)
        writer.commit()


def records(client, kind=None, tenant=TENANT):
    """The keys of an index's records, of one kind or all."""
    found = client.scan_iter(f"sb:{tenant}:*:{kind or '?'}:*".encode(), count=10_000)
    return sorted(key for key in found if b"{" not in key)


def control(client, what, tenant=TENANT):
    """The one key of an index that is called so: manifest, changes, writer, …"""
    (key,) = client.scan_iter(f"sb:{tenant}:{{*}}:{what}".encode(), count=10_000)
    return key


def transplanted(source, target, tenant=TENANT):
    """Copies the keys of an index from one server to another of the same version."""
    for key in source.scan_iter(f"sb:{tenant}:*".encode(), count=10_000):
        target.restore(key, 0, source.dump(key), replace=True)


class Guarded:
    """Guards of each ``on_error`` over one index, and a count of what they said of copies."""

    def __init__(self, index, stale_after=30):
        self.index = index
        self.guards = {
            how: Guard(index, Policy.load(on_error=how, stale_after=stale_after)) for how in ON_ERROR
        }
        self.said = {how: Counter() for how in ON_ERROR}
        self._seed = 0

    def ask(self, work, how, seed=None):
        """What a guard says of a copy of a work."""
        text = copy_of(work, self._seed if seed is None else seed)
        report = self.guards[how].check(text)
        said = worth(report)
        if report.decision != "release" and text in (report.released or ""):
            said = CONTRADICTED
        self.said[how][said] += 1
        return said

    def ask_all(self, works=WORKS):
        """Asks each guard about other copies of these works; none may read as clean."""
        self._seed += 1
        for number, work in enumerate(works):
            self.ask(work, ON_ERROR[number % len(ON_ERROR)])
        self.check()

    def check(self):
        """No copy was called clean so far."""
        wrong = {how: dict(said) for how, said in self.said.items() if said[CLEAN]}
        wrong |= {how: dict(self.said[how]) for how in ("stop", "degraded") if self.said[how][CONTRADICTED]}
        assert not wrong, f"copies were released as clean: {wrong}"

    def count(self, how=None):
        """What was said by one kind of guard, or by all."""
        if how is not None:
            return self.said[how]
        return sum(self.said.values(), Counter())

    def forget(self):
        """Begins to count anew."""
        for said in self.said.values():
            said.clear()

    def sound(self, works=WORKS[::6]):
        """Whether copies are stopped by their match, and clean text flows and is called clean."""
        copies = (self.ask(work, how) for work in works for how in ON_ERROR)
        clean = (guard.check(text) for text in STRANGERS[:2] for guard in self.guards.values())
        return all(said == STOPPED for said in copies) and all(
            report.decision == "release" and report.error is None and not report.degraded for report in clean
        )

    def recover(self, seconds=20.0, works=WORKS[::6]):
        """Waits until the same guards are sound again, and says how long it took; nothing reads as clean meanwhile."""
        begin = time.monotonic()
        while not self.sound(works):
            self.check()
            said = {how: guard.check(copy_of(WORKS[0])).error for how, guard in self.guards.items()}
            assert time.monotonic() - begin < seconds, f"not sound after {seconds:g} s: {said}"
            time.sleep(0.05)
        self.check()
        return time.monotonic() - begin

    def endure(self, seconds, works=WORKS):
        """Asks about copies for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.ask_all(works)


def parameters(table, quick):
    """The rows of a table of faults; those beyond the quick ones are left to `make test-all`."""
    return [
        pytest.param(
            *(row if isinstance(row, tuple) else (row,)),
            id=name,
            marks=() if name in quick else pytest.mark.slow,
        )
        for name, row in table.items()
    ]


def all_fresh(guarded):
    """Forgets what was fetched, so that everything is asked of the servers again."""
    source = guarded.index._source
    with source._lock:
        source._kept.clear()
        source._size = 0


@contextmanager
def guarding(url, tmp_path, sound=True, stale_after=30, **options):
    """Fresh guards of an index; closed at the end."""
    index = opened(url, tmp_path, **options)
    try:
        guarded = Guarded(index, stale_after)
        if sound:
            guarded.recover(works=LIBRARY[-1:])
            guarded.forget()
        yield guarded
    finally:
        index.close()
