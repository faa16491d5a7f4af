"""A pass of simblock in a process of its own: ``python -m benchmarks.dedup.passing OUT SPEC FILES...``.

SPEC is JSON: the folder of the outcome, options of the pass, ``kind``, ``detect``, ``workers``, ``page``. OUT is what
it took: seconds of processor (of all its processes) and wall, the most bytes of memory that a process held, and how
many of them at most were no pages of mapped files (of the process that runs the pass). As with the tools, the clock
starts when all is imported.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from importlib import import_module
from pathlib import Path

from simblock_indexer.allocation import keep_freed_memory
from simblock_indexer.dedup import running
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.readers.options import ReadOptions

LATE = (
    "pyarrow.parquet",
    *(f"simblock_indexer.dedup.{name}" for name in ("signing", "verifying", "writing", "keeping")),
)


def processor() -> float:
    """Seconds of processor of this process and of those that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def held(what: str) -> int:
    """Bytes of memory that this process holds: VmHWM, at most so far; RssAnon, without pages of mapped files. Not from
    getrusage, which counts what the process was before."""
    with Path("/proc/self/status").open(encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(what)) * 1024


class Watched(threading.Thread):
    """Notes now and then how much memory is held that is no page of a mapped file."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0

    def run(self) -> None:
        while True:
            self.most = max(self.most, held("RssAnon"))
            time.sleep(0.02)


def main() -> None:
    out, told, *files = sys.argv[1:]
    spec = json.loads(told)
    options = DedupOptions.from_dict(spec["options"])
    reading = ReadOptions(kind=spec["kind"], detect=spec["detect"])
    for name in LATE:
        import_module(name)
    keep_freed_memory()  # as the command does
    watched = Watched()
    watched.start()
    cpu, wall = processor(), time.perf_counter()
    outcome = running.dedup(
        files, spec["folder"], options, reading, workers=spec["workers"], page=spec["page"],
        keep_work=True, state=spec.get("state"),
    )  # fmt: skip
    took = {"cpu": processor() - cpu, "wall": time.perf_counter() - wall}
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    took |= {"peak": max(held("VmHWM"), children), "anonymous": watched.most, "outcome": outcome.to_dict()}
    Path(out).write_text(json.dumps(took, default=str), "utf-8")


if __name__ == "__main__":
    main()
