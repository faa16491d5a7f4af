"""How many renamed and edited functions are stopped, and how much code that copies nothing.

Functions of protected files are given back as a programmer gets them (every plain name changed, comments and
docstrings gone, laid out anew, in a fence inside an answer) and checked against an index of all protected
files. The same with a tenth of their statements inserted, deleted and moved. Then functions of packages that
have nothing to do with the index, as they are. Sizes are lexemes, counted in the copy. A function that
stands in several protected files (by its tokens, names numbered) is rightly named by any of them.
Run with ``--half tune`` when parameters are chosen, ``--half report`` for figures that are published. Each
language is measured by a process of its own, ``--processes`` at a time: nothing here is timed. ``--languages``,
``--count``, ``--near`` and ``--clean`` say of what, and how many; ``--part FILE`` keeps what a run measured, and
``--join FILE FILE`` publishes such parts as one.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks import code_corpus, corpus
from benchmarks.code_copies import Copy, Prose, Unfit, canonical, copies, lexemes, planted, standing
from benchmarks.code_corpus import LANGUAGES, Source, sources
from benchmarks.code_edits import donors, near_copies
from benchmarks.code_functions import Function, Protected, Verdict, functions, needs, spread
from benchmarks.code_outcomes import (
    Decider,
    Fork,
    Measured,
    Row,
    Seen,
    clean_rows,
    curve,
    dropped_rows,
    fork_rows,
    grid,
    misses,
    recall_rows,
    seen,
    stops,
)
from benchmarks.code_parts import joined, keep
from benchmarks.code_rules import CORE, rules
from benchmarks.corpus import half_of
from benchmarks.record import save
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores import open_index
from simblock.stores.reader import StoredIndex
from simblock.stores.writer import Writer
from simblock.work import Document, Work

LEAST = 60
"""Lexemes of a copy that is counted, at least; of near copies 50."""
CLASSES = ((50, 100), (100, 200), (200, 10**9))
"""Sizes of near copies, in lexemes: [from, to)."""
SHARE = 0.1
"""Share of the statements of a near copy that are edited."""
TOLD_EVERY = 60
"""Seconds between two lines that say how far a language is."""


def documents(folder: Path, language: str) -> list[Document]:
    """The protected files of a language as works, named by package and path."""
    return [
        Document(
            Work(f"{one.package}/{one.path}", owner=one.package, kind="code", language=language), one.text
        )
        for one in sources(folder, language, "protected")
    ]


def build(folder: Path, languages: Sequence[str], path: Path) -> StoredIndex:
    """An index of the protected files of some languages."""
    with Writer.create(path) as writer:
        for language in languages:
            writer.put(documents(folder, language))
        writer.commit()
    return open_index(path)  # type: ignore[return-value]


def prose(shared: Path) -> Prose:
    """What stands around fences: paragraphs of ordinary answers."""
    return Prose([row["text"] for row in corpus.rows(shared / "data" / "text" / "answers.jsonl.gz")])


def cut(them: Iterable[Source], language: str, least: int, broken: Counter[str] | None = None) -> list[Function]:  # fmt: skip
    """All functions of some files; ``broken`` counts those that do not parse, by file."""
    return [function for source in them for function in functions(source, language, least, broken)]


class Equals:
    """Which protected files have a function, whatever its names."""

    def __init__(self, them: Iterable[Function]) -> None:
        self._files: dict[bytes, set[str]] = defaultdict(set)
        for function in them:
            if key := self._key(function):
                self._files[key].add(function.id)

    def files(self, function: Function) -> set[str]:
        """The files that have it, its own among them."""
        return self._files.get(self._key(function) or b"", set()) | {function.id}

    @staticmethod
    def _key(function: Function) -> bytes | None:
        try:
            return canonical(standing(function), function.language)
        except Unfit:
            return None


class Checker:
    """Checks the copies of one language, and says on the terminal how far it is."""

    def __init__(self, guard: Guard, language: str, equals: Equals) -> None:
        self.guard, self.language, self.equals = guard, language, equals
        self.dropped: Counter[tuple[str, str, str]] = Counter()
        self._count, self._started = 0, time.monotonic()
        self._told = self._started

    def check(self, group: str, copy: Copy, *, is_copy: bool) -> Seen:
        """What the guard says of a copy, or of code that is none."""
        right = self.equals.files(copy.function) if is_copy else None
        self._count += 1
        if time.monotonic() - self._told > TOLD_EVERY:
            self._told = time.monotonic()
            self.tell(f"{self._count} functions checked, at {group}")
        return seen(group, copy, self.guard.check(copy.text, all=True), right)

    def tell(self, what: str) -> None:
        print(f"{self.language}, {time.monotonic() - self._started:.0f} s: {what}", flush=True)

    def drop(self, group: str, reasons: Counter[str]) -> None:
        """Counts copies that were not made."""
        self.dropped.update({(self.language, group, reason): n for reason, n in reasons.items()})

    def drop_broken(self, group: str, broken: Counter[str], whole: Iterable[Function]) -> None:
        """Counts functions that were left out before any was chosen, and of how many, for they are no sample."""
        size = broken.total() + sum(one.size >= LEAST for one in whole)
        if broken:
            self.drop(
                group, Counter({f"it does not parse in its file, of {size:,} functions": broken.total()})
            )


def first_of(them: Iterator[Copy], count: int, dropped: Counter[str], least: int, most: int = 10**9) -> Iterator[Copy]:  # fmt: skip
    """So many of the copies that have the size asked for; the others are counted."""
    taken = 0
    while taken < count and (copy := next(them, None)) is not None:
        if least <= copy.size < most:
            taken += 1
            yield copy
        else:
            dropped["another size, once copied"] += 1


def exact(checker: Checker, them: Sequence[Function], around: Prose, options: argparse.Namespace) -> list[Seen]:  # fmt: skip
    """Renamed copies, checked."""
    dropped: Counter[str] = Counter()
    made = copies(spread(them, len(them), options.seed), around, options.seed, dropped)
    found = [checker.check("renamed", one, is_copy=True) for one in first_of(made, options.count, dropped, LEAST)]  # fmt: skip
    checker.drop("renamed", dropped)
    return found


def near(checker: Checker, them: Sequence[Function], inserts: Sequence[str], around: Prose, options: argparse.Namespace) -> list[Seen]:  # fmt: skip
    """Renamed and edited copies of each class of size, checked."""
    chosen = spread(them, len(them), options.seed + 1)
    found: list[Seen] = []
    for least, most in CLASSES:
        dropped: Counter[str] = Counter()
        fitting = [one for one in chosen if least * 0.8 <= one.size < most * 1.2]
        made = (copy for copy, _ in near_copies(fitting, around, inserts, options.seed, SHARE, dropped))
        taken = first_of(made, options.near, dropped, least, most)
        found += [checker.check(f"near {least}", one, is_copy=True) for one in taken]
        checker.drop(f"near {least}", dropped)
    return found


def of_half(broken: Counter[str], half: str) -> Counter[str]:
    """What is counted of the files of one half."""
    return Counter({file: n for file, n in broken.items() if half_of(file) == half})


class Clean(NamedTuple):
    """Functions that copy nothing, what was left out of them by package, and the forks among that.

    ``every``: the functions that they were chosen from; ``broken`` counts those that do not parse, by file.
    """

    functions: list[Function]
    left_out: list[Row]
    forks: list[tuple[Function, Verdict]]
    every: list[Function]
    broken: Counter[str]


def clean_functions(folder: Path, language: str, half: str, count: int, seed: int) -> Clean:
    """So many functions of packages unrelated to the index; copies of protected files are left out.

    So is all of a file that is a fork as a whole: what little its author changed of a function makes it no other.
    """
    protected = Protected(sources(folder, language, "protected"), language)
    them = list(sources(folder, language, half))
    forked = {
        f"{source.package}/{source.path}": found._replace(kind="in a fork")
        for source in them
        if (found := protected.of_lines(source.text)).kind == "fork"
    }
    broken: Counter[str] = Counter()
    every = cut(them, language, LEAST, broken)
    chosen = spread(every, 10**9, seed)
    taken: list[Function] = []
    forks: list[tuple[Function, Verdict]] = []
    left: Counter[tuple[str, str]] = Counter()
    for function in chosen:
        if len(taken) >= count:
            break
        if lexemes(function.text, language) < LEAST:
            continue
        verdict = protected.verdict(function)
        if verdict.kind == "clean":
            verdict = forked.get(function.id, verdict)
        if verdict.kind == "clean":
            taken.append(function)
            continue
        left[function.package, verdict.kind] += 1
        if verdict.kind != "verbatim":
            forks.append((function, verdict))
    rows = [{"language": language, "package": p, "why": w, "functions": n} for (p, w), n in left.items()]
    return Clean(taken, rows, forks, every, broken)


def as_they_are(them: Iterable[Function], around: Prose, seed: int) -> Iterator[Copy]:
    """Functions in fences, unchanged but for the indentation of their file."""
    for function in them:
        rng = random.Random(f"{seed} clean {function.id} {function.start}")
        text = standing(function)
        yield planted(function, text if text.endswith("\n") else text + "\n", around, rng)


def of_forks(checker: Checker, them: Sequence[tuple[Function, Verdict]], around: Prose, options: argparse.Namespace) -> list[Fork]:  # fmt: skip
    """What was left out as a fork, each with what a check says of it."""
    made = as_they_are((function for function, _ in them), around, options.seed)
    return [
        Fork(checker.language, function.id, line_of(function, options), verdict.file, verdict.shared, verdict.lines,
             checker.check("fork", copy, is_copy=False))
        for (function, verdict), copy in zip(them, made, strict=True)
    ]  # fmt: skip


def line_of(function: Function, options: argparse.Namespace) -> int:
    """In which line of its file a function of other packages begins."""
    path = options.code_corpus / function.language / options.half / function.id
    return code_corpus.decoded(path.read_bytes()).count("\n", 0, function.start) + 1


def measure(options: argparse.Namespace, index: Path, language: str) -> Measured:
    """All that is measured of one language."""
    folder, around = options.code_corpus, prose(options.shared)
    broken: Counter[str] = Counter()
    every = cut(sources(folder, language, "protected"), language, 40, broken)
    checker = Checker(Guard(open_index(index)), language, Equals(every))
    half = [function for function in every if half_of(function.id) == options.half]
    checker.drop_broken("any copy", of_half(broken, options.half), half)
    clean = clean_functions(folder, language, options.half, options.clean, options.seed)
    checker.drop_broken("clean", clean.broken, clean.every)
    inserts = donors(clean.functions, options.seed)
    checker.tell(f"{len(half)} functions to copy, {len(clean.functions)} clean ones")
    found = exact(checker, half, around, options)
    found += near(checker, half, inserts, around, options) if inserts else []
    clean_copies = as_they_are(clean.functions, around, options.seed)
    found += [checker.check("clean", one, is_copy=False) for one in clean_copies]
    forks = of_forks(checker, clean.forks, around, options)
    checker.tell(f"done, {len(found)} functions checked")
    return Measured(found, clean.left_out, forks, checker.dropped)


def measured(options: argparse.Namespace, index: Path) -> list[Measured]:
    """What was measured of each language, in the order of the languages."""
    # What takes longest is begun first, or it is waited for at the end.
    order = sorted(options.languages, key=lambda one: -weight(options.code_corpus / one))
    with ProcessPoolExecutor(min(options.processes, len(order))) as pool:
        found = dict(zip(order, pool.map(partial(measure, options, index), order), strict=True))
    return [found[language] for language in options.languages]


def weight(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _shown(it: Decider | None) -> Row | None:
    return it._asdict() | {"match": it.match._asdict() if it.match else None} if it else None


def rows_file(path: Path, found: Sequence[Seen]) -> None:
    """Everything seen, a row a function, for whoever tunes."""
    rows = (
        {**one._asdict(), "decider": _shown(one.decider),
         "matches": [it._asdict() for it in one.matches]} for one in found
    )  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def tables_of(them: Sequence[Measured]) -> dict[str, list[Row]]:
    """The tables that are published."""
    found = [one for part in them for one in part.seen]
    copied, clean = [s for s in found if s.group != "clean"], [s for s in found if s.group == "clean"]
    return {
        "Copies of functions": recall_rows(copied), "Misses": misses(copied), "Clean functions": clean_rows(clean),
        "What was stopped of clean code": stops(clean),
        "Left out as copies of protected files": [row for part in them for row in part.left_out],
        "Left out as forks": fork_rows([fork for part in them for fork in part.forks]),
        "Copies that were not made": dropped_rows(sum((part.dropped for part in them), Counter())),
        "Curve": curve(found, grid(Policy.load().code)),
    }  # fmt: skip


def measurable() -> tuple[str, ...]:
    """The languages that have functions to copy, packages to copy them from, and others to hold against them."""
    found = ((language, rules(language)) for language in LANGUAGES)
    return tuple(
        language for language, it in found if it.functions and it.protected and (it.tune or it.report)
    )


def taken(options: argparse.Namespace) -> tuple[Row, list[Measured]]:
    """What is measured, and under which parameters."""
    started = time.monotonic()
    options.languages = options.languages or measurable()
    for language in options.languages:
        needs(language)  # one that is missing is told before an hour's work
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.sbx"
        stat = build(options.code_corpus, options.languages, path).stat()
        print(f"an index of {stat.works} works, after {time.monotonic() - started:.0f} s", flush=True)
        them = measured(options, path)
    return {
        "half": options.half, "seed": options.seed, "works": stat.works, "lexemes": stat.lexemes,
        "languages": list(options.languages), "scheme": stat.scheme, "policy": Policy.load().digest,
        "share of statements edited": SHARE, "minutes": round((time.monotonic() - started) / 60, 1),
        "processes": options.processes,
    }, them  # fmt: skip


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    code_corpus.arguments(given, ())
    given.add_argument("--count", type=int, default=500, help="renamed functions a language")
    given.add_argument("--near", type=int, default=200, help="edited functions a language and class of size")
    given.add_argument("--clean", type=int, default=5000, help="clean functions a language")
    given.add_argument("--seed", type=int, default=9)
    given.add_argument("--processes", type=int, default=2, help="languages measured at the same time")
    given.add_argument("--rows", type=Path, help="writes a row a function here")
    given.add_argument("--part", type=Path, help="writes what was measured here, and no results")
    given.add_argument("--join", type=Path, nargs="+", help="publishes these parts, and measures nothing")
    options = given.parse_args()
    parameters, them = joined(options.join) if options.join else taken(options)
    if options.rows:
        rows_file(options.rows, [one for part in them for one in part.seen])
    if options.part:
        keep(options.part, parameters, them)
        return
    options.half, options.languages = parameters["half"], parameters["languages"]
    save(code_corpus.saved_as("code_recall", options, CORE), parameters, tables_of(them))


if __name__ == "__main__":
    main()
