"""What ``on_error = "degraded"`` stops while an index is lost: copies as they stand, and clean output that is none.

The index is real; only its prefilters answer, as when its store is gone. Copies of 40, 64 and 200 words begin
anywhere in the works; functions are copied as they stand and with every plain name changed, in a fence inside an
answer. Clean are passages and functions of packages that have nothing to do with the index. Each is checked with the
index at hand, and without it with two to four different anchors asked for of words, four to six of lexemes; the defaults
are 3 and 5.

``python -m benchmarks.degraded`` takes about a quarter of an hour, half of it to build the indexes.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import clean_text, code_corpus, code_recall, corpus
from benchmarks.code_copies import Prose, Unfit, copied, lexemes, planted, standing
from benchmarks.code_corpus import sources
from benchmarks.code_functions import spread
from benchmarks.record import interval, save
from simblock import blind
from simblock.errors import StoreLost
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores import Index, open_index
from simblock.stores.writer import Writer
from simblock.text import tokenise
from simblock.work import Document

LENGTHS = (40, 64, 200)
SIZES = {"60 to 79": (60, 80), "80 to 119": (80, 120), "120 and more": (120, 10**9)}
"""Lexemes of a function: [from, to)."""
ANCHORS = ((2, 4), (3, 5), (4, 6))
"""How many different ones are asked for: of words, of lexemes."""
SEED = 11


class Unreached:
    """An index of which nothing answers but what is in the process."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def __getattr__(self, name: str) -> Any:
        if name in ("postings", "run", "works", "places"):
            return self._lost
        return getattr(self._index, name)

    def _lost(self, *_question: object) -> None:
        raise StoreLost("the store is gone")


class Case(NamedTuple):
    """A text to check, and the row of the result that it counts in."""

    row: str
    text: str


def copies(documents: Sequence[Document], count: int) -> Iterator[Case]:
    """Words in a row of works, each length ``count`` times."""
    rng = random.Random(SEED)
    for document in rng.sample(documents, min(count, len(documents))):
        tokens = tokenise(document.text)
        for length in LENGTHS:
            if len(tokens.keys) >= length:
                at = rng.randrange(len(tokens.keys) - length + 1)
                text = document.text[tokens.starts[at] : tokens.ends[at + length - 1]]
                yield Case(f"copy of {length} words", text)


def clean(where: corpus.Places, half: str, count: int) -> Iterator[Case]:
    """Passages of 64 to 200 words, and whole answers of a chat model."""
    yield from (Case("clean passage", one.text) for one in clean_text.clean_passages(where, half, count))
    yield from (Case("clean answer", one.text) for one in corpus.clean(where) if one.source == "answers")


def code(options: argparse.Namespace, language: str, around: Prose) -> Iterator[Case]:
    """Functions of protected files, as they stand and renamed, and functions that copy nothing."""
    rng = random.Random(SEED)
    them = code_recall.cut(sources(options.code_corpus, language, "protected"), language, code_recall.LEAST)
    for function in spread(them, options.functions, SEED):
        try:
            made = {"as it stands": standing(function), "renamed": copied(standing(function), language, rng)}
        except Unfit:
            continue
        for how, text in made.items():
            size = lexemes(text, language)
            row = next((name for name, (low, high) in SIZES.items() if low <= size < high), None)
            if row:
                yield Case(f"{language}, {how}, {row} lexemes", planted(function, text, around, rng).text)
    found = code_recall.clean_functions(options.code_corpus, language, options.half, options.clean, SEED)
    for function in found.functions:
        yield Case(f"{language}, clean function", planted(function, function.text, around, rng).text)


def measured(index: Index, cases: Sequence[Case]) -> list[dict[str, object]]:
    """How many of each row are stopped while the index answers, and blindly, by the number of anchors asked for."""
    stopped: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    answered = Guard(index, Policy())
    lost = Guard(Unreached(index), Policy(on_error="degraded"))
    for case in cases:
        stopped[case.row]["as ever"] += answered.check(case.text).decision == "stop"
        for words, of_lexemes in ANCHORS:
            blind.ANCHORS_OF_WORDS, blind.ANCHORS_OF_LEXEMES = words, of_lexemes
            name = f"{words} / {of_lexemes} anchors"
            stopped[case.row][name] += lost.check(case.text).decision == "stop"
    counts = {row: sum(case.row == row for case in cases) for row in stopped}
    return [
        {"checked": row, "n": counts[row], **{name: interval(hits, counts[row]) for name, hits in by.items()}}
        for row, by in stopped.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    corpus.arguments(parser)
    parser.add_argument("--code-corpus", type=Path, default=code_corpus.default_folder(), help="the sources")
    parser.add_argument("--half", choices=clean_text.HALVES, default="report")
    languages = code_corpus.FIRST
    parser.add_argument("--languages", nargs="*", choices=languages, default=languages)
    parser.add_argument("--copies", type=int, default=500, help="works that copies are taken of")
    parser.add_argument("--passages", type=int, default=20_000, help="clean passages")
    parser.add_argument("--functions", type=int, default=300, help="functions of a language that are copied")
    parser.add_argument("--clean", type=int, default=1000, help="clean functions of a language")
    options = parser.parse_args()
    where = corpus.places(options)
    documents = corpus.protected(where, options.words)
    around = code_recall.prose(options.shared)
    tables = {}
    with tempfile.TemporaryDirectory() as folder:
        with Writer.create(Path(folder) / "text.sbx") as writer:
            writer.put(documents)
            writer.commit()
        cases = [*copies(documents, options.copies), *clean(where, options.half, options.passages)]
        tables["text"] = measured(open_index(Path(folder) / "text.sbx"), cases)
        index = code_recall.build(options.code_corpus, options.languages, Path(folder) / "code.sbx")
        of_code = [case for language in options.languages for case in code(options, language, around)]
        tables["code"] = measured(index, of_code)
    names = ("words", "half", "copies", "passages", "functions", "clean", "languages")
    save("degraded", {name: getattr(options, name) for name in names} | {"seed": SEED}, tables)


if __name__ == "__main__":
    main()
