"""What the scheme costs as an index grows: hits and candidates a word of clean text, and bytes a word.

Indexes of 1, 2, 4 and 8 million words hold parts of the same works, drawn by chance, each part inside the next. The
same clean passages are checked against each, under the default policy. A *hit* is a posting that a key of the
output finds; a *candidate* is what is left after the candidate rule: a run of a work that is read for alignment.

Further sizes are reckoned. Chance hits of one key grow with the words that an index holds, so candidates are taken to
grow as a power of its size, fitted to the four points (least squares of the logarithms); beside it stands the
straight line, exponent 1, through the last point, which is what unrelated works would add if none of their
hits were common and folded. Both leave out the cap on common passages, which binds more as an index grows.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.clean_text import Passage
from benchmarks.quality.material import write_index
from benchmarks.quality.sighting import Row
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.questions import Hit
from simblock.stores import open_index
from simblock.text import tokenise
from simblock.work import Document

SIZES = (1e6, 2e6, 4e6, 8e6)
"""Words of the indexes that are measured."""
RECKONED = (1e9, 1e12)
"""Words of those that are reckoned."""


class Counted:
    """An index that counts the hits that it gives, by channel, and the runs that are read of it."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self.hits: Counter[int] = Counter()
        self.read: set[tuple[object, object]] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def postings(self, channels: Sequence[int], keys: Sequence[int]) -> list[Hit]:
        found: list[Hit] = self._index.postings(channels, keys)
        for hit in found:
            self.hits[int(channels[hit.ask])] += len(hit.postings)
        return found

    def run(self, segment: Any, run: Any, start: int, stop: int) -> Any:
        self.read.add((segment, run))
        return self._index.run(segment, run, start, stop)


class Growing(NamedTuple):
    """A task: the words of an index, the works that they are drawn of, and what is checked."""

    words: float
    documents: Sequence[Document]
    passages: Sequence[Passage]
    folder: Path


def drawn(documents: Sequence[Document], words: float) -> list[Document]:
    """About so many words (of 7 characters) of the works, by chance; of fewer words a part of those of more."""
    order = sorted(documents, key=lambda document: hashlib.sha256(document.work.id.encode()).digest())
    size, taken = 0, []
    for document in order:
        if size > 7 * words:
            break
        size += len(document.text)
        taken.append(document)
    return taken


def measure(task: Growing) -> list[Row]:
    """A row for one size of index."""
    path = task.folder / f"growth-{task.words:.0f}.sbx"
    stat = write_index(drawn(task.documents, task.words), path).stat()
    counted = Counted(open_index(path))
    asked = Guard(counted, Policy.load())  # type: ignore[arg-type]
    hits: Counter[int] = Counter()
    words = candidates = 0
    for passage in task.passages:
        counted.read.clear()
        asked.check(passage.text, kind="text")
        candidates += len(counted.read)
        words += len(tokenise(passage.text))
    hits = counted.hits
    by_channel = {
        f"hits of channel {channel}": round(1000 * n / words, 2) for channel, n in sorted(hits.items())
    }
    return [
        {"index words": stat.tokens, "how": "measured", "works": stat.works, "clean words": words,
         "candidates a 1,000 words": round(1000 * candidates / words, 3), "bytes a word": round(stat.bytes / stat.tokens, 2),
         "entries a word": round(stat.entries / stat.tokens, 3), "hits a 1,000 words": round(1000 * hits.total() / words, 1), **by_channel}
    ]  # fmt: skip


def reckoned(rows: Sequence[Row]) -> list[Row]:
    """Rows of larger indexes, by the fitted power and by the straight line."""
    sizes = [math.log(row["index words"]) for row in rows]
    made = []
    for words in RECKONED:
        row: Row = {"index words": int(words), "how": "reckoned"}
        for column in ("candidates a 1,000 words", "hits a 1,000 words"):
            values = [max(row_[column], 1e-3) for row_ in rows]
            power, begin = np.polyfit(sizes, np.log(values), 1)
            row[column] = round(float(math.exp(begin + power * math.log(words))), 1)
            row[column + ", exponent"] = round(float(power), 3)
            row[column + ", straight"] = round(values[-1] * words / rows[-1]["index words"], 1)
        made.append(row)
    return made
