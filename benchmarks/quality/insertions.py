"""Functions of 15 to 50 lines with 1 to 20 lines put in: are they found, and is nothing else?

The case that NIL was made for (Nakagawa, Higo, Kusumoto 2021): recall 1.0, precision .87 by its authors' own
judgement of a sample. Here the functions of one part of the code corpora are the works, each of them once with a
block of consecutive lines of a function of unrelated packages put in at one place, and every other work that is named
counts against precision. Works that are alike by nature (``ALIKE``) are counted apart as well.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rapidfuzz.distance import LCSseq

from benchmarks.code_copies import standing
from benchmarks.code_corpus import sources
from benchmarks.code_functions import Function, digest, functions, leaves, parse, spread
from benchmarks.record import interval
from simblock.code import tokenise_documents
from simblock.guard import Guard
from simblock.likeness import Likeness, Rarity, likeness, profiles
from simblock.policy import Policy
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work

Row = dict[str, Any]
LINES = (15, 50)
"""Lines of a function that is taken."""
PUT_IN = (1, 5, 10, 15, 20)
"""Upper ends of the classes of how many lines were put in."""
DONORS = "background"
"""The part of the corpora that lines are taken from: it shares no package with the works."""
FILES = 200
"""Files of a language that functions are taken from, chosen by the seed."""
ALIKE = 0.7
"""Share of the tokens of two works, in order, from which on one is no wrong answer where the other was asked for: what
BigCloneBench calls strongly like. Overloads and the like, that any judge would call clones."""
CONTAINMENTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
"""Thresholds of containment that are told."""


class Case(NamedTuple):
    """A function with lines put in, which work it is of, and how many lines."""

    work: int
    text: str
    put_in: int


class Found(NamedTuple):
    """What was named of a case: works that the policy acted on, and each work's likeness where there is any."""

    case: Case
    acted: frozenset[int]
    alike: dict[int, Likeness]


class Language(NamedTuple):
    """The works of a language, what was found of each case, and how alike the works are among themselves."""

    name: str
    works: Sequence[Function]
    found: Sequence[Found]
    by_nature: frozenset[tuple[int, int]]


def chosen(options: argparse.Namespace, language: str, part: str) -> list[Function]:
    """Functions of one part of the corpora, no two the same down to their tokens."""
    rng = random.Random(options.seed)
    files = list(sources(options.code_corpus, language, part))
    rng.shuffle(files)
    them: dict[bytes, Function] = {}
    for source in files[:FILES]:
        for one in functions(source, language):
            if LINES[0] <= one.text.count("\n") + 1 <= LINES[1]:
                them.setdefault(digest(one), one)
    return spread(list(them.values()), options.count, options.seed)


def with_lines(text: str, donor: str, count: int, rng: random.Random) -> str:
    """``text`` with ``count`` consecutive lines of the donor behind one of its own, but for its first and last."""
    lines, others = text.splitlines(keepends=True), donor.splitlines(keepends=True)[1:-1]
    first = rng.randrange(max(len(others) - count, 0) + 1)
    at = rng.randrange(1, len(lines))
    return "".join([*lines[:at], *others[first : first + count], *lines[at:]])


def cases(works: Sequence[Function], donors: Sequence[Function], seed: int) -> Iterator[Case]:
    """Each work with 1 to 20 lines put in, as far as its donor has so many."""
    rng = random.Random(seed)
    for number, work in enumerate(works):
        count = rng.randint(1, PUT_IN[-1])
        able = [one for one in donors if one.text.count("\n") > count] or list(donors)
        donor = rng.choice(able)
        count = min(count, donor.text.count("\n") - 1)
        text = with_lines(work.text, donor.text, count, rng)
        yield Case(number, standing(work._replace(text=text)), count)


def measured(options: argparse.Namespace, language: str) -> Language:
    """Every case checked against all works, and compared with each."""
    works, donors = (chosen(options, language, part) for part in (options.half, DONORS))
    made = list(cases(works, donors, options.seed))
    documents = [_document(f"{at}", standing(one), language) for at, one in enumerate(works)]
    guard = Guard(MemoryIndex(documents), Policy())
    asked = [_document(f"case {case.work}", case.text, language) for case in made]
    ours, theirs = profiles(tokenise_documents(documents)), profiles(tokenise_documents(asked))
    rarity = Rarity.among(ours)
    found = [
        Found(case, _acted(guard, case.text, language),
              {at: likeness(profile, work, rarity) for at, work in enumerate(ours)})
        for case, profile in zip(made, theirs, strict=True)
    ]  # fmt: skip
    alike = by_nature(works)
    return Language(language, works, found, alike)


def by_nature(works: Sequence[Function]) -> frozenset[tuple[int, int]]:
    """Pairs of works that are alike without any line put in, by the parser's tokens as they are spelled."""
    spelled = [
        [leaf.text for leaf in leaves(parse(one.text, one.language), one.text.encode("utf-8", "replace"))]
        for one in works
    ]
    return frozenset(
        (a, b) for a, one in enumerate(spelled) for b, other in enumerate(spelled)
        if a != b and 2 * LCSseq.similarity(one, other) >= ALIKE * (len(one) + len(other))
    )  # fmt: skip


def _document(id: str, text: str, language: str) -> Document:
    return Document(Work(id, kind="code", language=language), text)


def _acted(guard: Guard, text: str, language: str) -> frozenset[int]:
    report = guard.check(text, language=language)
    return frozenset(int(id) for m in report.matches if m.action != "release" for id in (m.work.id, *m.twins))


def _named(one: Found, containment: float | None) -> frozenset[int]:
    if containment is None:
        return one.acted
    return frozenset(at for at, share in one.alike.items() if share.containment >= containment)


def _row(name: str, languages: Sequence[Language], containment: float | None) -> Row:
    """Recall and precision of what a policy acts on, or of what reaches a containment."""
    right = named = alike = wanted = 0
    for language in languages:
        for one in language.found:
            works = _named(one, containment)
            wanted += 1
            right += one.case.work in works
            named += len(works)
            alike += sum((one.case.work, work) in language.by_nature for work in works)
    return {
        "language": name, "by": "policy" if containment is None else f"containment {containment:g}",
        "n": wanted, "recall": interval(right, wanted), "precision": interval(right, named),
        "alike by nature": alike, "precision without them": interval(right, named - alike),
    }  # fmt: skip


def rows(languages: Sequence[Language]) -> list[Row]:
    """What the default policy acts on, by language and in all, and what containments would."""
    by_policy = [_row(one.name, [one], None) for one in languages]
    in_all = [_row("all", languages, containment) for containment in (None, *CONTAINMENTS)]
    return by_policy + in_all


def by_lines(languages: Sequence[Language]) -> list[Row]:
    """Recall by how many lines were put in."""
    made = []
    for low, high in zip((0, *PUT_IN), PUT_IN, strict=False):
        part = [one for language in languages for one in language.found if low < one.case.put_in <= high]
        hits = sum(one.case.work in one.acted for one in part)
        made.append(
            {"lines put in": f"{low + 1} to {high}", "n": len(part), "recall": interval(hits, len(part))}
        )
    return made
