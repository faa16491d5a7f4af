"""The corpora of de-duplication: real text in documents of 2 to 5 kB, 30 % of its bytes planted near-copies.

The material is what ``benchmarks.corpus`` and ``benchmarks.clean_text`` read of Debian's packages, and five English
Bibles, in two halves that share no text: figures are tuned on one and reported on the other. A corpus is made once
and kept below ``SIMBLOCK_DEDUP_CORPUS``: 8 files of JSONL rows (id, text, source), the same rows as Parquet, and
``planted.json``, which says of every copy its original and kind.

``python -m benchmarks.dedup.corpus`` makes all of them and counts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import clean_text, corpus

MADE_AS = 1
"""Counted up when a corpus is made otherwise, so that what was kept is made again."""
SHORTEST, LONGEST = 2_000, 5_000
"""Characters of a document."""
FILES = 8
COPIED = 0.3
"""Of the bytes, so many are near-copies."""
BIBLES = ("KJV", "UKJV", "ASV", "DRC", "BBE")
LEFT_OUT = ("dict-gcide", "dict-wn", "fortunes", "python-scipy-doc")
"""Dictionaries and sayings, no running text; and pages of which most is the same list of links: 200,000 of the pairs
that are alike by 0.8 and more, of 206,000 in all, would be of that one package."""
EDITS: dict[str, float] = {"e1": 0.01, "e2": 0.02, "e5": 0.05, "e10": 0.10}
"""Kinds of copies by the share of the words that are edited; ``cut20`` is without its last fifth."""
KINDS = (*EDITS, "cut20")
_WORD = re.compile(r"\w+")
_END = re.compile(r"\s(?=\S*$)")


class Row(NamedTuple):
    """A document of a corpus."""

    id: str
    text: str
    source: str


class Planted(NamedTuple):
    """A copy, its original (ids), and how it was edited."""

    copy: str
    original: str
    kind: str


class Corpus(NamedTuple):
    """A corpus as it lies on disk."""

    folder: Path
    size: int
    planted: tuple[Planted, ...]

    @property
    def jsonl(self) -> list[str]:
        """Its files of JSONL, in order."""
        return [str(path) for path in sorted(self.folder.glob("jsonl/*.jsonl"))]

    @property
    def parquet(self) -> list[str]:
        """The same rows in files of Parquet."""
        return [str(path) for path in sorted(self.folder.glob("parquet/*.parquet"))]

    def rows(self) -> Iterator[Row]:
        """All documents in order."""
        for path in self.jsonl:
            with Path(path).open(encoding="utf-8") as lines:
                yield from (Row(**json.loads(line)) for line in lines)


class Wanted(NamedTuple):
    """What a corpus is made of: bytes, the half of the material (or "all"), the kinds of its copies."""

    name: str
    size: int
    half: str
    kinds: tuple[str, ...]
    seed: int


CORPORA = {
    it.name: it
    for it in (
        Wanted("report", 100_000_000, "report", ("e5",), 13),
        Wanted("dev", 100_000_000, "tune", ("e5",), 12),
        Wanted("kinds", 50_000_000, "report", KINDS, 14),
        Wanted("large", 250_000_000, "all", ("e5",), 15),
        Wanted("quick", 4_000_000, "tune", KINDS, 16),
    )
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of all parts that read a corpus of text."""
    corpus.arguments(parser)
    kept = os.environ.get("SIMBLOCK_DEDUP_CORPUS")
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser.add_argument(
        "--dedup-corpus", type=Path, default=Path(kept) if kept else cache_home / "simblock-dedup"
    )


def made(name: str, options: argparse.Namespace) -> Corpus:
    """A corpus by its name, made where it is not there."""
    folder = options.dedup_corpus / f"{name}-{MADE_AS}"
    if not folder.is_dir():
        filled = folder.with_name(folder.name + ".part")
        shutil.rmtree(filled, ignore_errors=True)
        _make(CORPORA[name], corpus.places(options), filled)
        filled.rename(folder)
    told = json.loads((folder / "planted.json").read_text("utf-8"))
    return Corpus(folder, told["bytes"], tuple(Planted(*one) for one in told["planted"]))


def documents(where: corpus.Places, half: str) -> Iterator[tuple[str, str]]:
    """(id, text) of all pieces of the texts of a half, in order; a no-break space of HTML is a space, as what extracts
    text from pages makes it."""
    for source, text in texts(where):
        if half == "all" or corpus.half_of(source) == half:
            for number, piece in enumerate(pieces(text.replace("\xa0", " "), source)):
                yield f"{source}#{number}", piece


def texts(where: corpus.Places) -> Iterator[tuple[str, str]]:
    """(id, text) of all the material."""
    for package in corpus.PACKAGES:
        yield from corpus.package_texts(package, where.corpus)
    for one in clean_text.packages("report"):
        if one.name not in LEFT_OUT:
            for id, blocks in clean_text.texts(one, where.corpus):
                yield f"{one.name}/{id}", "\n\n".join(blocks)
    for name in BIBLES:
        for row in corpus.rows(where.shared / "bible" / f"{name}.jsonl.gz"):
            yield f"bible-{name}/{row['id']}", row["text"]


def pieces(text: str, source: str) -> Iterator[str]:
    """A text cut at white space into pieces of SHORTEST to LONGEST characters; a shorter rest is left out."""
    chance = random.Random(hashlib.sha256(source.encode()).digest())
    start = 0
    while len(text) - start >= SHORTEST:
        end = start + chance.randint(SHORTEST + 200, LONGEST)
        if end < len(text) and (space := _END.search(text, start + SHORTEST, end)):
            end = space.start()
        yield text[start:end]
        start = end


def edited(text: str, share: float, vocabulary: Sequence[str], chance: random.Random) -> str:
    """A text with a share of its words edited: 60 % replaced, 20 % deleted, 20 % followed by another word."""
    words = [match.span() for match in _WORD.finditer(text)]
    chosen = sorted(chance.sample(range(len(words)), round(share * len(words))))
    parts, at = [], 0
    for start, end in (words[place] for place in chosen):
        kind = chance.random()
        kept = text[start:end] + " " if kind >= 0.8 else ""
        new = "" if 0.6 <= kind < 0.8 else chance.choice(vocabulary)
        parts += [text[at:start], kept, new]
        at = end
    return "".join([*parts, text[at:]])


def copy(text: str, kind: str, vocabulary: Sequence[str], chance: random.Random) -> str:
    """A near-copy of a kind."""
    if kind in EDITS:
        return edited(text, EDITS[kind], vocabulary, chance)
    words = [match.end() for match in _WORD.finditer(text)]
    return text[: words[len(words) * 4 // 5]]


def _make(wanted: Wanted, where: corpus.Places, folder: Path) -> None:
    chance = random.Random(wanted.seed)
    pool = list(documents(where, wanted.half))
    chance.shuffle(pool)
    base = _until(pool, (1 - COPIED) * wanted.size)
    vocabulary = _WORD.findall(" ".join(text for _, text in chance.sample(base, min(len(base), 500))))
    rows = [Row(f"d{number}", text, source) for number, (source, text) in enumerate(base)]
    planted, size = [], 0
    originals = chance.sample(rows, len(rows))
    while size < COPIED * wanted.size:
        original, kind = originals.pop(), wanted.kinds[len(planted) % len(wanted.kinds)]
        text = copy(original.text, kind, vocabulary, chance)
        rows.append(Row(f"c{len(planted)}", text, original.source))
        planted.append(Planted(rows[-1].id, original.id, kind))
        size += len(text.encode())
    chance.shuffle(rows)
    _write(rows, folder)
    told = {"bytes": sum(len(row.text.encode()) for row in rows), "planted": planted}
    (folder / "planted.json").write_text(json.dumps(told), "utf-8")


def _until(pool: Sequence[tuple[str, str]], size: float) -> list[tuple[str, str]]:
    """The first of the pool that are so many bytes."""
    taken = []
    for one in pool:
        taken.append(one)
        size -= len(one[1].encode())
        if size <= 0:
            return taken
    raise SystemExit(f"the material is {size:,.0f} bytes short")


def _write(rows: Sequence[Row], folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for form in ("jsonl", "parquet"):
        (folder / form).mkdir(parents=True)
    for number in range(FILES):
        some = rows[len(rows) * number // FILES : len(rows) * (number + 1) // FILES]
        lines = (json.dumps(row._asdict(), ensure_ascii=False) + "\n" for row in some)
        (folder / "jsonl" / f"{number}.jsonl").write_text("".join(lines), "utf-8")
        table = pa.Table.from_pylist([row._asdict() for row in some])
        pq.write_table(table, folder / "parquet" / f"{number}.parquet", row_group_size=2_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    arguments(parser)
    options = parser.parse_args()
    for name in CORPORA:
        it = made(name, options)
        print(
            f"{name:8} {sum(1 for _ in it.rows()):8,} documents {it.size / 1e6:7.1f} MB {len(it.planted):7,} planted"
        )


if __name__ == "__main__":
    main()
