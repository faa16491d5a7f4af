"""How a tool is timed: in a process of its own, from files of JSONL to who is dropped.

These scripts run in environments of their tools, with nothing of this project. Called as ``with_TOOL.py OUT FILES...``
with the variant, where there is one, in PEER_VARIANT. The clock starts when the tool is imported and stops when it is
known who is dropped; what is asked of it afterwards (pairs, for its recall) is not timed. OUT is JSON: seconds of
processor and wall, peak memory in bytes, seconds by stage, ``dropped`` (numbers of documents in the order of the
files), ``pairs`` or None, and ``flags`` where both of a pair are among the dropped.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

VARIANT = os.environ.get("PEER_VARIANT", "")
_WORD = re.compile(r"\w+")


class Found(NamedTuple):
    """Who is dropped, and a function that gives the pairs that were found, where the tool tells them. Where it flags
    both of a pair (``flags``), who is dropped is read from the pairs, if there are any, after the clock stopped."""

    dropped: list[int]
    pairs: Callable[[], list[tuple[int, int]]] | None = None
    flags: bool = False


class Watch:
    """Seconds of processor by stage."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times what is done inside."""
        start = processor()
        yield
        self.stages[name] = round(self.stages.get(name, 0) + processor() - start, 3)


def processor() -> float:
    """Seconds of processor of this process and of those that it waited for."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak() -> int:
    """Bytes that this process held at most, or one that it waited for. Not from getrusage for itself: that counts
    what the process was before it became this program."""
    with Path("/proc/self/status").open(encoding="ascii") as lines:
        own = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024


def read(files: list[str]) -> list[str]:
    """The texts of JSONL files, by the fastest parser there is."""
    import orjson

    texts = []
    for path in files:
        with Path(path).open("rb") as lines:
            texts += [orjson.loads(line)["text"] for line in lines]
    return texts


def shingles(text: str) -> list[str]:
    """The 5-grams of a text's words, as the tools' own examples make tokens in Python."""
    words = _WORD.findall(text.lower())
    return [" ".join(words[at : at + 5]) for at in range(max(len(words) - 4, 1))]


def later(pairs: list[tuple[int, int]]) -> list[int]:
    """The later document of each pair: who is dropped where the first is kept."""
    return sorted({max(pair) for pair in pairs})


def main(dedup: Callable[[list[str], Watch], Found]) -> None:
    """Runs and times it on the files of the command line."""
    out, *files = sys.argv[1:]
    watch = Watch()
    cpu, wall = processor(), time.perf_counter()
    found = dedup(files, watch)
    told = {
        "cpu": processor() - cpu,
        "wall": time.perf_counter() - wall,
        "peak": peak(),
        "stages": watch.stages,
    }
    pairs = found.pairs() if found.pairs else None
    dropped = later(pairs) if found.flags and pairs else found.dropped
    told |= {"dropped": dropped, "pairs": pairs, "flags": found.flags and not pairs}
    with Path(out).open("w", encoding="utf-8") as made:
        json.dump(told, made)
