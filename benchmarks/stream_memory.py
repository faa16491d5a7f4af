"""What a stream remembers: kB after so many tokens, of four characters each, by the kind of text.

A first stream is fed the same text before, so that what all streams of the process share is there; what is told is what
a second one has taken since it was made, the response that it belongs to counted in (tracemalloc, from before the first
on, so that what goes into a full cache counts no more than what leaves it).
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

from benchmarks import corpus
from benchmarks.record import save
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores import open_index

CHUNK = 4
STEPS = (0, 100, 1_000, 10_000, 100_000)


def kinds(where: corpus.Places, code: Path) -> dict[str, str]:
    """Texts by kind; each is repeated until it is long enough."""
    with gzip.open(where.shared / "answers.jsonl.gz", "rt", encoding="utf-8") as lines:
        answers = "\n\n".join(json.loads(line)["text"] for line in lines)
    addresses = "\n".join(one.text for one in corpus.clean(where) if one.source == "inaugural")
    files = "\n".join(path.read_text("utf-8", "replace") for path in sorted(code.glob("[a-h]*.py"))[:60])
    return {
        "answers": answers,
        "addresses": addresses,
        "one sentence": "The same short sentence is said again. ",
        "characters": "天地玄黃宇宙洪荒日月盈昃辰宿列張。",
        "code in fences": "```python\n" + files[:200_000] + "\n```\n\nAnd so on.\n\n",
    }


def sizes(guard: Guard, text: str, steps: tuple[int, ...]) -> list[float]:
    """kB of a stream after each of so many chunks."""
    chunks = [text[at : at + CHUNK] for at in range(0, len(text) - CHUNK, CHUNK)]
    tracemalloc.start()
    first = guard.stream()
    for chunk in chunks[: steps[-1]]:
        first.feed(chunk)
    del first
    gc.collect()
    found, fed = [], 0
    begun = tracemalloc.get_traced_memory()[0]
    stream = guard.stream()
    for step in steps:
        for number in range(fed, step):
            stream.feed(chunks[number % len(chunks)])
        fed = step
        gc.collect()
        found.append(round((tracemalloc.get_traced_memory()[0] - begun) / 1000, 1))
    tracemalloc.stop()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    corpus.arguments(parser)
    parser.add_argument("index", type=Path, help="an index that none of the texts stands in")
    parser.add_argument("--code", type=Path, default=Path(json.__file__).parent.parent, help="Python files")
    parser.add_argument("--most", type=int, default=STEPS[-1], help="tokens fed")
    options = parser.parse_args()
    guard = Guard(open_index(options.index), Policy.load(action="observe"))
    guard.prepare()
    steps = tuple(step for step in STEPS if step <= options.most)
    rows: list[dict[str, Any]] = []
    for kind, text in kinds(corpus.places(options), options.code).items():
        found = sizes(guard, text, steps)
        rows.append(
            {"text": kind} | {f"{step:,} tokens": size for step, size in zip(steps, found, strict=True)}
        )
    save("stream_memory", {"chunk": CHUNK, "unit": "kB"}, {"Memory of a stream": rows})


if __name__ == "__main__":
    main()
