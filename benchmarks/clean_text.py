"""Clean text: 100,000 passages and more of ordinary prose, by authors who wrote nothing of the index.

Two lists of packages that share no author, ``text_packages.toml``: figures are tuned on one and reported on
the other. Texts are read where they lie, block by block; a block that stood before in its package is left out
(navigation, notices, repeated warnings), and what is left is cut at sentences into passages of 64 to 200 words.
A passage that has 16 words in a row in common with a protected work *quotes* it: it is told apart by that rule,
which simblock has no part in, and counted by itself.

    for passage in passages(where, "tune"): ...

``python -m benchmarks.clean_text`` fetches the packages, makes both lists and counts.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import html
import json
import random
import re
import subprocess
import sys
import tarfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import corpus
from benchmarks.corpus import Places, fetch, protected

HERE = Path(__file__).resolve().parent
HALVES = ("tune", "report")
SHORTEST, LONGEST = 64, 200
"""Words of a passage."""
MOST = 20_000
"""Passages of a package, so that none is most of what is measured."""
QUOTED = 16
"""Words in a row that make a passage one that quotes."""
READ_AS = 1
"""Counted up when texts are read or cut otherwise, so that passages that were kept are made again."""
LEAST_LETTERS = 0.7
"""Share of letters and spaces under which a passage is a table or a program rather than text."""
_WORD = re.compile(r"[^\W_]+")
_BLOCK = re.compile(
    r"</?(p|div|li|ul|ol|dl|dt|dd|td|th|tr|table|h\d|br|pre|blockquote|section|title|hr|item|note)\b[^>]*>",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?:;])[\"')\]]*\s+|\n\s*\n")
_DICTIONARY = re.compile(r"\n(?=\S)")
_FORTUNE = re.compile(r"\n%\n")
_SPOKEN = re.compile(r'_\s*"((?:[^"]|"")*)"')
_LYX = re.compile(r"^[\\#].*$", re.MULTILINE)


class Passage(NamedTuple):
    """Words of one text as they stand there; ``quotes`` names a work of which they have 16 in a row, or is empty."""

    source: str
    id: str
    text: str
    quotes: str = ""


class Package(NamedTuple):
    """A package of a registry, and what is read of it."""

    half: str
    registry: str
    name: str
    patterns: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The folder that it is unpacked into."""
        return "x_" + self.name.lstrip("@").replace("/", "-")


def packages(half: str) -> list[Package]:
    """The packages of a half."""
    listed = tomllib.loads((HERE / "text_packages.toml").read_text("utf-8"))[half]
    return [
        Package(half, registry, name, tuple(patterns))
        for registry, them in listed.items()
        for name, patterns in them.items()
    ]


def unpack(package: Package, folder: Path) -> Path:
    """Where a package lies unpacked, fetched where it is not there yet; nothing is installed."""
    root = folder / package.folder
    if root.is_dir():
        return root
    if package.registry == "apt":
        fetch(package.name, folder)
        return root
    folder.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        ["npm", "pack", "--silent", package.name], cwd=folder, check=True, capture_output=True, text=True
    )
    with tarfile.open(folder / made.stdout.split()[-1]) as archive:
        archive.extractall(root, filter="data")
    return root


def texts(package: Package, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """(id, blocks) of every text of a package, in order of their paths."""
    root = unpack(package, folder)
    below = root / "package" if package.registry == "npm" else root
    for pattern in package.patterns:
        for path in sorted(below.glob(pattern)):
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(below)), blocks(path)


def blocks(path: Path) -> list[str]:
    """What stands in a file, cut where its format ends a paragraph, an entry or a cell."""
    if path.suffix == ".dz":
        return _DICTIONARY.split(gzip.decompress(path.read_bytes()).decode("utf-8", "replace"))
    if path.suffix in (".html", ".page"):
        data = re.sub(r"<(script|style|head|pre)\b.*?</\1>", "\n\n", path.read_text("utf-8", "replace"),
                      flags=re.DOTALL | re.IGNORECASE)  # fmt: skip
        return html.unescape(re.sub(r"<[^>]*>", "", _BLOCK.sub("\n\n", data))).split("\n\n")
    if path.suffix == ".json":
        text = json.loads(path.read_text("utf-8"))["text"]
        return (
            text.partition("\n\n")[2]
            if path.parent.name.rpartition("-")[0].endswith(("ham", "spam"))
            else text
        ).split("\n\n")
    text = corpus.read(path)
    if path.suffix == ".cfg":
        return [re.sub(r"\s+", " ", spoken) for spoken in _SPOKEN.findall(text)]
    if path.suffix == ".lyx":
        text = _LYX.sub("", text)
    return (_FORTUNE if "/fortunes/" in str(path) else re.compile(r"\n\s*\n")).split(text)


def cut(text: str, rng: random.Random) -> Iterator[str]:
    """Stretches of 64 to 200 words that end with a sentence where one ends in time, all of the text but its rest."""
    ends = [found.end() for found in _SENTENCE.finditer(text)] + [len(text)]
    begin, wanted, count, at = 0, rng.randint(SHORTEST, LONGEST), 0, 0
    for end in ends:
        words = [found.end() for found in _WORD.finditer(text, at, end)]
        while count + len(words) > LONGEST:
            if count < SHORTEST:  # a sentence too long to be left whole
                end_of_it = words[LONGEST - count - 1]
                words = words[LONGEST - count :]
                at = end_of_it
            yield text[begin:at].strip()
            begin, wanted, count = at, rng.randint(SHORTEST, LONGEST), 0
        count, at = count + len(words), end
        if count >= wanted:
            yield text[begin:at].strip()
            begin, wanted, count = at, rng.randint(SHORTEST, LONGEST), 0


def is_text(passage: str) -> bool:
    """Whether a passage is text rather than a table or a program."""
    letters = sum(character.isalpha() or character.isspace() for character in passage)
    return letters >= LEAST_LETTERS * len(passage)


def package_passages(package: Package, folder: Path) -> list[Passage]:
    """The passages of a package, at most MOST, drawn evenly from all its texts."""
    rng = random.Random(f"clean {package.name}")
    seen: set[int] = set()
    found: list[Passage] = []
    for name, them in texts(package, folder):
        new = []
        for block in them:
            key = hash(tuple(_WORD.findall(block.casefold())))
            if key not in seen:
                seen.add(key)
                new.append(block.strip())
        for number, passage in enumerate(cut("\n\n".join(filter(None, new)), rng)):
            if is_text(passage):
                found.append(Passage(package.name, f"{package.name}/{name}#{number}", passage))
    return rng.sample(found, MOST) if len(found) > MOST else found


class Quotations:
    """Every 16 words in a row of the protected works, as hashes."""

    def __init__(self, documents: Sequence[corpus.Document]) -> None:
        self._works = [document.work.id for document in documents]
        runs = [self._runs(document.text) for document in documents]
        hashes = np.concatenate(runs)
        owner = np.repeat(np.arange(len(runs), dtype=np.uint32), [len(run) for run in runs])
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._owner = hashes[order], owner[order]

    @staticmethod
    def _runs(text: str) -> np.ndarray:  # type: ignore[type-arg]
        words = _WORD.findall(text.casefold().replace("'", "").replace("’", ""))
        keys = np.fromiter((hash(word) & (2**63 - 1) for word in words), np.uint64, len(words))
        size = max(len(keys) - QUOTED + 1, 0)
        total = np.zeros(size, np.uint64)
        with np.errstate(over="ignore"):
            for at in range(QUOTED):
                total = total * np.uint64(0x9E3779B97F4A7C15) + keys[at : at + size]
        return total

    def work(self, text: str) -> str:
        """A work that has 16 words of a text in a row; empty where there is none."""
        runs = self._runs(text)
        at = np.minimum(np.searchsorted(self._hashes, runs), len(self._hashes) - 1)
        hits = np.flatnonzero(self._hashes[at] == runs)
        return self._works[self._owner[at[hits[0]]]] if len(hits) else ""

    def works(self, text: str, share: float) -> set[str]:
        """The works that have at least this share of all 16 words in a row of a text."""
        runs = self._runs(text)
        lows, highs = (np.searchsorted(self._hashes, runs, side) for side in ("left", "right"))
        owners = Counter(
            owner
            for low, high in zip(lows, highs, strict=True)
            for owner in set(self._owner[low:high].tolist())
        )
        return {self._works[owner] for owner, n in owners.items() if n >= share * len(runs)}


def passages(where: Places, half: str) -> list[Passage]:
    """All passages of a half, those that quote among them, in an order of chance; read from where they were kept.

    Raises what the packages' clients raise where a package cannot be had.
    """
    kept = where.corpus / f"clean-{half}-{_version()}.jsonl.gz"
    if not kept.is_file():
        _make(where, half, kept)
    with gzip.open(kept, "rt", encoding="utf-8") as lines:
        return [Passage(**json.loads(line)) for line in lines]


def clean_passages(where: Places, half: str, count: int | None = None) -> list[Passage]:
    """So many passages of a half that quote no work, every package by its share of them all."""
    return [one for one in passages(where, half) if not one.quotes][:count]


def _version() -> str:
    """Differs when passages may: by the list of packages, and by how they are read and cut."""
    listed = [packages(half) for half in HALVES]
    rules = f"{listed} {READ_AS} {SHORTEST} {LONGEST} {MOST} {LEAST_LETTERS} {QUOTED}"
    return hashlib.sha256(rules.encode()).hexdigest()[:8]


def _make(where: Places, half: str, kept: Path) -> None:
    quotations = Quotations(protected(where))
    found: list[Passage] = []
    for package in packages(half):
        them = package_passages(package, where.corpus)
        found += [one._replace(quotes=quotations.work(one.text)) for one in them]
        print(f"{package.name}: {len(them):,} passages", file=sys.stderr, flush=True)
    random.Random(half).shuffle(found)
    part = kept.with_suffix(".part")
    with gzip.open(part, "wt", compresslevel=3, encoding="utf-8") as lines:
        lines.writelines(json.dumps(one._asdict()) + "\n" for one in found)
    part.rename(kept)


def counts(them: Sequence[Passage]) -> list[dict[str, str | int]]:
    """A row for each package: its passages, their words, and how many quote."""
    passages_of, words, quoting = Counter[str](), Counter[str](), Counter[str]()
    for one in them:
        passages_of[one.source] += 1
        words[one.source] += len(_WORD.findall(one.text))
        quoting[one.source] += bool(one.quotes)
    return [
        {"source": name, "passages": n, "words": words[name], "quoting": quoting[name]}
        for name, n in sorted(passages_of.items())
    ]


def main() -> None:
    from rich.console import Console

    from benchmarks.record import table

    parser = argparse.ArgumentParser(description=__doc__)
    corpus.arguments(parser)
    options = parser.parse_args()
    where = corpus.places(options)
    for half in HALVES:
        them = passages(where, half)
        Console().print(table(f"{half}: {len(them):,} passages", counts(them)))


if __name__ == "__main__":
    main()
