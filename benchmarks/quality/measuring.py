"""A run: makes the material, spreads the checks over processes, and gathers all rows."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import code_recall, corpus
from benchmarks.clean_text import Passage, Quotations, clean_passages, passages
from benchmarks.corpus import Places
from benchmarks.evasions import INNOCENT, TEXT, Evasion
from benchmarks.quality import alike, codes, curves, growth, texts
from benchmarks.quality.curves import Point
from benchmarks.quality.material import Case, Passages, hosts, works_of_text, write_index
from benchmarks.quality.sighting import Row, Sighting
from benchmarks.quality.texts import Told
from benchmarks.quality.workers import flat, parts, spread, tell
from simblock.policy import Policy
from simblock.work import Document

LENGTHS = (64, 200)
"""Words of the passages that evasions are tried on."""
OF_ALL_LENGTHS = frozenset({"surface", "text-10", "text-20", "text-30"})
"""Gates that are asked of every length; the others are of passages of 64 words."""
RATES = tuple(round(0.05 * step, 2) for step in range(11))
"""Shares of words edited, for the curve by rate."""
ALL_LENGTHS = (24, 32, 40, 48, 64, 96, 128, 200)
"""Words of passages, for the curve by length."""
FEW_RATES = (0.0, 0.1, 0.2, 0.3)
COMPARED = ("case-alternating", "edits-mixed-10", "edits-mixed-20", "edits-mixed-30", "filler-few-third",
            "filler-same-every", "order-sentences", "interleaved")  # fmt: skip
"""Evasions whose recall is drawn against false stops."""
OF_A_FAMILY = 30
"""Outputs of an innocent family."""
FOR_GROWTH = 3000
"""Clean passages that are asked of indexes of several sizes."""


class TextRun(NamedTuple):
    """All that was seen of text."""

    seen: list[Sighting]
    quoting: list[Passage]
    moved: list[tuple[str, Point]]
    told: list[Told]
    clean: int
    growth: list[Row]
    about: Row


class CodeRun(NamedTuple):
    """All that was seen of code; ``left_out``: clean functions that were copies of protected ones."""

    seen: list[Sighting]
    left_out: list[Row]
    about: Row


def text(options: argparse.Namespace, folder: Path) -> TextRun:
    """Everything of text."""
    where = corpus.places(options)
    documents = works_of_text(where, options.words)
    index = folder / "text.sbx"
    stat = write_index(documents, index).stat()
    tell("text", f"an index of {stat.works:,} works, {stat.tokens:,} words")
    drawn = planter(where, documents, index, options)
    cases = {words: drawn.cases(options.count, words) for words in LENGTHS}
    tell("text", f"{len(TEXT)} evasions of at most {options.count} passages of {LENGTHS} words each")
    seen = copies(index, cases, options)
    seen += edited(index, drawn, options)
    every = passages(where, options.half)
    clean = clean_passages(where, options.half, options.clean)
    quoting = [one for one in every if one.quotes][: options.clean]
    seen += unlike_copies(index, where, clean, quoting, options)
    moved = curves.points(curves.MOVED_TEXT, Policy.load().text)
    told = compared(index, moved, cases[64], clean, options)
    grown = growing(documents, clean, folder, options)
    about = {
        "works": stat.works,
        "index words": stat.tokens,
        "scheme": stat.scheme,
        "clean passages": len(clean),
    }
    return TextRun(seen, quoting, moved, told, len(clean), grown, about)


def planter(
    where: Places, documents: Sequence[Document], index: Path, options: argparse.Namespace
) -> Passages:
    """What draws passages and plants them."""
    around = hosts(where, texts.guard(index, Policy.load()))
    return Passages(documents, around, options.half, options.seed, Quotations(documents))


def copies(index: Path, cases: Mapping[int, Sequence[Case]], options: argparse.Namespace) -> list[Sighting]:
    """Every evasion of text on its passages; those that edit words are streamed, too."""
    tasks = [
        texts.Copies(index, name, them, options.seed, options.streams if evasion.gate and evasion.group == "edits" else 0)
        for words, every in cases.items() for name, evasion in TEXT.items() if (them := tried_on(evasion, words, every))
    ]  # fmt: skip
    return spread("evasions of text", options.processes, texts.check_copies, tasks)


def tried_on(evasion: Evasion, words: int, them: Sequence[Case]) -> Sequence[Case]:
    """The passages of a length that an evasion is tried on: all where a gate asks, without one half of the shortest."""
    if words != LENGTHS[0]:
        return them if evasion.gate in OF_ALL_LENGTHS else ()
    return them if evasion.gate else them[: -(-len(them) // 2)]


def edited(index: Path, drawn: Passages, options: argparse.Namespace) -> list[Sighting]:
    """Edited copies by rate and by length, each cell once."""
    cells = dict.fromkeys([(64, rate) for rate in RATES] + [(200, rate) for rate in RATES]
                          + [(words, rate) for words in ALL_LENGTHS for rate in FEW_RATES])  # fmt: skip
    tasks = [texts.Edited(index, rate, drawn.edited(options.count, words, rate)) for words, rate in cells]
    return spread("edits by rate and length", options.processes, texts.check_edited, tasks)


def unlike_copies(index: Path, where: Places, clean: Sequence[Passage], quoting: Sequence[Passage], options: argparse.Namespace) -> list[Sighting]:  # fmt: skip
    """Clean passages, those that quote, the answers of a model, and innocent outputs."""
    answers = [
        Passage(one.source, one.id, one.text) for one in corpus.clean(where) if one.source == "answers"
    ]
    tasks = [texts.Cleans(index, part, name) for name, them in (("clean", clean), ("quoting", quoting), ("answers", answers))
             for part in parts(them, 1000)]  # fmt: skip
    seen = spread("clean passages", options.processes, texts.check_clean, tasks)
    return seen + innocents(index, "text", options)


def innocents(index: Path, kind: str, options: argparse.Namespace) -> list[Sighting]:
    """Outputs of all innocent families of a kind."""
    families = [name for name, family in INNOCENT.items() if family.kind == kind]
    tasks = [texts.Innocents(index, name, OF_A_FAMILY, options.seed) for name in families]
    return spread(f"innocent {kind}", options.processes, texts.check_innocents, tasks) if tasks else []


def compared(index: Path, moved: Sequence[tuple[str, Point]], cases: Sequence[Case], clean: Sequence[Passage], options: argparse.Namespace) -> list[Told]:  # fmt: skip
    """What every policy of a curve says of some evasions and of all clean passages."""
    copied = [(name, case.id, case.around(str(texts.masked(TEXT[name], case, options.seed))), case.works)
              for name in COMPARED if name in TEXT for case in cases[: options.compared]]  # fmt: skip
    them = copied + [("clean", one.id, one.text, frozenset[str]()) for one in clean]
    policies = [point for _, point in moved]
    tasks = [texts.Compared(index, policies, part) for part in parts(them, 400)]
    return spread(f"{len(moved)} policies of text", options.processes, texts.check_compared, tasks)


def growing(documents: Sequence[Document], clean: Sequence[Passage], folder: Path, options: argparse.Namespace) -> list[Row]:  # fmt: skip
    """Hits and candidates by the size of the index, measured and reckoned."""
    tasks = [
        growth.Growing(words, documents, clean[:FOR_GROWTH], folder)
        for words in growth.SIZES
        if words <= options.words
    ]
    rows = spread("growth", options.processes, growth.measure, tasks)
    return rows + (growth.reckoned(rows) if len(rows) > 2 else [])


def code(options: argparse.Namespace, folder: Path) -> CodeRun:
    """Everything of code."""
    index = folder / "code.sbx"
    stat = code_recall.build(options.code_corpus, options.languages, index).stat()
    tell("code", f"an index of {stat.works:,} works, {stat.lexemes:,} lexemes")
    around = code_recall.prose(options.shared)
    each = max(options.count // len(options.languages), 4)
    wanted = [
        codes.Wanted(options.code_corpus, language, options.half, each, options.clean_functions // len(options.languages), options.seed)
        for language in reversed(options.languages)
    ]  # fmt: skip
    prepared = spread("functions", options.processes, codes.prepare, wanted)
    tasks = [
        codes.CodeCopies(index, name, them[: codes.of_them(name, each)], around, options.seed)
        for one in prepared for them in one.cases.values() for name in codes.ALL if them
    ]  # fmt: skip
    seen = spread("evasions of code", options.processes, codes.check_code_copies, tasks)
    clean = flat(one.clean for one in prepared)
    cleans = [codes.CodeCleans(index, part, around, options.seed) for part in parts(clean, 100)]
    seen += spread("clean functions", options.processes, codes.check_code_clean, cleans)
    seen += innocents(index, "code", options)
    alikes = [alike.Alike(options.code_corpus, options.shared, language, options.half, options.count, around, options.seed)
              for language in (*options.languages, "")]  # fmt: skip
    seen += spread("siblings, independent solutions", options.processes, alike.check_alike, alikes)
    about = {"works of code": stat.works, "index lexemes": stat.lexemes, "languages": list(options.languages),
             "clean functions": len(clean)}  # fmt: skip
    return CodeRun(seen, flat(one.left_out for one in prepared), about)
