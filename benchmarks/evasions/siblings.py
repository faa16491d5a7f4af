"""Code that is alike and copies nothing: siblings of one library, and independent solutions of one task.

    for sibling in siblings(folder, "java", index_half): ...     the one, left out of the index, beside the other
    for pair in independent(shared): ...                          two programs of one task by different people

Siblings are functions of one file of the protected sources that are alike by nature (three branches of the same
switch, add and remove, an encoder for each width). One of each pair is left out of what is indexed, and given
as an output: whether stopping it is wrong is for whoever reads the pair, so the share is published, not gated.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks import corpus
from benchmarks.clones import bare
from benchmarks.code_copies import Unfit, canonical, standing, tokens
from benchmarks.code_corpus import Source, sources
from benchmarks.code_functions import LEAST, Function, functions
from simblock.work import Document, Work

ALIKE = 0.6
"""Share of the 4-grams of tokens, names numbered away, from which on two functions are called alike."""
N = 4


class Sibling(NamedTuple):
    """A function that is left out of the index, the one of its file that is most like it, and how alike they are."""

    out: Function
    kept: Function
    alike: float


class Independent(NamedTuple):
    """Two solutions of one task: one is protected, the other is given as an output."""

    task: str
    protected: str
    output: str
    language: str


def shape(function: Function) -> Counter[tuple[str, ...]] | None:
    """A function's 4-grams of tokens, every name the same; None where it cannot be read."""
    try:
        made = tokens(standing(function), function.language)
    except Unfit:
        return None
    words = ["name" if "identifier" in token.kind else token.text for token in made]
    return Counter(tuple(words[at : at + N]) for at in range(len(words) - N + 1))


def likeness(one: Counter[tuple[str, ...]], other: Counter[tuple[str, ...]]) -> float:
    """The share of 4-grams that two functions have in common, of the longer one."""
    return (one & other).total() / max(one.total(), other.total(), 1)


def of_file(source: Source, language: str, least: int = LEAST, alike: float = ALIKE) -> Iterator[Sibling]:
    """Siblings in a file: each function at most once, none that is the same as another but for its names."""
    them = [(one, made) for one in functions(source, language, least) if (made := shape(one))]
    used: set[int] = set()
    for at, (one, made) in enumerate(them):
        others = ((likeness(made, other), to, kept) for to, (kept, other) in enumerate(them)
                  if to != at and to not in used and at not in used)  # fmt: skip
        share, to, kept = max(others, key=lambda it: it[0], default=(0.0, -1, one))
        if share >= alike and not _same(one, kept):
            used |= {at, to}
            yield Sibling(one, kept, round(share, 3))


def _same(one: Function, other: Function) -> bool:
    return canonical(standing(one), one.language) == canonical(standing(other), other.language)


def siblings(folder: Path, language: str, least: int = LEAST, part: str = "protected") -> Iterator[Sibling]:
    """The siblings of all files of a part of the code corpus."""
    for source in sources(folder, language, part):
        yield from of_file(source, language, least)


def without(them: Iterable[Sibling], all_of: Iterable[Source], language: str) -> list[Document]:
    """The sources as works, the siblings that are given as outputs cut out of their files."""
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for sibling in them:
        spans[sibling.out.id].append((sibling.out.start, sibling.out.end))
    return [
        Document(Work(f"{one.package}/{one.path}", owner=one.package, kind="code", language=language),
                 _cut(one.text, spans[f"{one.package}/{one.path}"]))
        for one in all_of
    ]  # fmt: skip


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text


def independent(shared: Path) -> Iterator[Independent]:
    """IR-Plag's originals beside its independent solutions, then BigCloneBench's pairs of one topic that are no clones."""
    yield from of_irplag(shared)
    yield from of_bcb(shared)


def of_irplag(shared: Path) -> Iterator[Independent]:
    """An original and each independent solution of its task. The tasks are tiny."""
    rows = list(corpus.rows(shared / "data" / "code" / "irplag.jsonl.gz"))
    originals = {row["case"]: row["code"] for row in rows if row["role"] == "original"}
    for row in rows:
        if row["role"] == "independent":
            yield Independent(f"irplag {row['case']}", originals[row["case"]], row["code"], "java")


def of_bcb(shared: Path) -> Iterator[Independent]:
    """Pairs of functions that people judged to be no clones, though they are about the same thing."""
    data = shared / "data" / "code"
    codes = {row["id"]: bare(row["code"]) for row in corpus.rows(data / "bcb_dev_functions.jsonl.gz")}
    for row in corpus.rows(data / "bcb_dev_pairs.jsonl.gz"):
        if not row["clone"]:
            yield Independent("bcb", codes[row["b"]], codes[row["a"]], "java")
