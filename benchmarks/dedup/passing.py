"""A pass of simblock in a process of its own: ``python -m benchmarks.dedup.passing OUT SPEC FILES...``.

SPEC is JSON: the folder of the outcome, options of the pass, ``kind``, ``workers``, ``page``. OUT is what it took:
seconds of processor (of all its processes) and wall, and the most bytes of memory a process held.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from simblock_indexer.dedup import running
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.readers.options import ReadOptions


def processor() -> float:
    """Seconds of processor of this process and of those that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak() -> int:
    """Bytes of memory that this process held at most. Not from getrusage, which counts what it was before."""
    with Path("/proc/self/status").open(encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def main() -> None:
    out, told, *files = sys.argv[1:]
    spec = json.loads(told)
    options = DedupOptions.from_dict(spec["options"])
    cpu, wall = processor(), time.perf_counter()
    outcome = running.dedup(
        files, spec["folder"], options, ReadOptions(kind=spec["kind"]), workers=spec["workers"], page=spec["page"],
        keep_work=True, state=spec.get("state"),
    )  # fmt: skip
    took = {"cpu": processor() - cpu, "wall": time.perf_counter() - wall}
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    took |= {"peak": max(peak(), children), "outcome": outcome.to_dict()}
    Path(out).write_text(json.dumps(took, default=str), "utf-8")


if __name__ == "__main__":
    main()
