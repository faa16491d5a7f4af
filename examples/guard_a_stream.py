"""Filters what a model says, chunk by chunk, and prints why it was stopped.

simblock-index build examples/works --meta examples/about.jsonl --out protected.sbx
python examples/guard_a_stream.py protected.sbx examples/answer.txt
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import simblock


def model(text: str) -> Iterator[str]:
    """Stands for a model that sends a few characters at a time."""
    for at in range(0, len(text), 6):
        yield text[at : at + 6]


def main(index: str, answer: str) -> int:
    """Prints what may go out; 1 where the model was stopped."""
    guard = simblock.Guard(simblock.open_index(index))
    stream = guard.stream(prompt="Tell me a story.")
    for chunk in model(Path(answer).read_text("utf-8")):
        print(stream.feed(chunk), end="", flush=True)
        if stream.stopped:
            break
    else:
        print(stream.finish(), end="")
    decided = stream.report.decided
    if decided is not None:
        print(f"\n-- stopped: {decided.value:g} words of {decided.work} ({decided.by})")
    return int(stream.stopped)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
