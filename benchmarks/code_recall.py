"""How many renamed and edited functions are stopped, and how much code that copies nothing.

Functions of protected files are given back as a programmer gets them (every plain name changed, comments and
docstrings gone, laid out anew, in a fence inside an answer) and checked against an index of all protected
files. The same with a tenth of their statements inserted, deleted and moved. Then functions of packages that
have nothing to do with the index, as they are. Sizes are lexemes, counted in the copy. A function that
stands in several protected files (by its tokens, names numbered) is rightly named by any of them.
Run with ``--half tune`` when parameters are chosen, ``--half report`` for figures that are published.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import code_corpus, corpus
from benchmarks.code_copies import Copy, Prose, Unfit, canonical, copies, lexemes, planted, standing
from benchmarks.code_corpus import Source, sources
from benchmarks.code_edits import donors, near_copies
from benchmarks.code_functions import Function, Protected, functions, spread
from benchmarks.corpus import half_of
from benchmarks.record import interval, save
from simblock.guard import Guard
from simblock.match import Match, Report
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
Row = dict[str, Any]


class Best(NamedTuple):
    """The strongest match of a work that is asked for: what a policy judges."""

    run: int
    tokens: int
    similarity: float
    bits: float
    channel: str


class Seen(NamedTuple):
    """What a check said of one function."""

    group: str
    language: str
    package: str
    id: str
    lines: int
    size: int
    stopped: bool
    error: bool
    decided: bool
    first: bool
    named: str
    by: str
    matches: tuple[Best, ...]

    @property
    def best(self) -> Best | None:
        """The match with the most tokens."""
        return self.matches[0] if self.matches else None


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


def cut(them: Iterable[Source], language: str, least: int) -> list[Function]:
    """All functions of some files."""
    return [function for source in them for function in functions(source, language, least)]


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


def judgeable(matches: Iterable[Match]) -> tuple[Best, ...]:
    """What a policy judges of some matches, most tokens first, eight at most."""
    them = [Best(m.longest_run, m.tokens, m.similarity, m.information, m.channel) for m in matches]
    return tuple(sorted(them, key=lambda one: -one.tokens)[:8])


def seen(group: str, copy: Copy, report: Report, right: set[str] | None) -> Seen:
    """What a report says of a copy; ``right`` are the works that may be named, None for clean code."""
    function = copy.function
    acted = [match for match in report.matches if match.action == "stop"]
    of = [m for m in report.matches if right is None or {m.work.id, *m.twins} & right]
    first = acted[0] if acted else None
    return Seen(
        group, function.language, function.package, function.id, function.text.count("\n") + 1, copy.size,
        stopped=report.decision == "stop" and not report.error, error=bool(report.error),
        decided=bool(right and report.decided and report.decided.work in right),
        first=bool(right and first and {first.work.id, *first.twins} & right),
        named=report.decided.work if report.decided else "",
        by=report.decided.by if report.decided else "", matches=judgeable(of),
    )  # fmt: skip


def checked(guard: Guard, group: str, them: Iterable[Copy], equals: Equals | None) -> Iterator[Seen]:
    """Each copy checked."""
    for copy in them:
        right = equals.files(copy.function) if equals else None
        yield seen(group, copy, guard.check(copy.text, all=True), right)


def first_of(them: Iterable[Copy], count: int, least: int, most: int = 10**9) -> Iterator[Copy]:
    """So many of the copies that have the size asked for."""
    for copy in them:
        if count <= 0:
            return
        if least <= copy.size < most:
            count -= 1
            yield copy


def exact(guard: Guard, them: Sequence[Function], equals: Equals, around: Prose, options: argparse.Namespace) -> list[Seen]:  # fmt: skip
    """Renamed copies, checked."""
    chosen = spread(them, len(them), options.seed)
    made = first_of(copies(chosen, around, options.seed), options.count, LEAST)
    return list(checked(guard, "renamed", made, equals))


def near(guard: Guard, them: Sequence[Function], inserts: Sequence[str], equals: Equals, around: Prose, options: argparse.Namespace) -> list[Seen]:  # fmt: skip
    """Renamed and edited copies of each class of size, checked."""
    chosen = spread(them, len(them), options.seed + 1)
    found: list[Seen] = []
    for least, most in CLASSES:
        fitting = [one for one in chosen if least * 0.8 <= one.size < most * 1.2]
        made = (copy for copy, _ in near_copies(fitting, around, inserts, options.seed, SHARE))
        found += checked(guard, f"near {least}", first_of(made, options.near, least, most), equals)
    return found


class Clean(NamedTuple):
    """Functions that copy nothing, and what was left out of them, by package."""

    functions: list[Function]
    left_out: list[Row]


def clean_functions(folder: Path, language: str, half: str, count: int, seed: int) -> Clean:
    """So many functions of packages unrelated to the index; copies of protected files are left out."""
    protected = Protected(sources(folder, language, "protected"), language)
    chosen = spread(cut(sources(folder, language, half), language, LEAST), 10**9, seed)
    taken: list[Function] = []
    left: Counter[tuple[str, str]] = Counter()
    for function in chosen:
        if len(taken) >= count:
            break
        verdict = protected.verdict(function)
        if verdict != "clean":
            left[function.package, verdict] += 1
        elif lexemes(function.text, language) >= LEAST:
            taken.append(function)
    rows = [{"language": language, "package": p, "why": w, "functions": n} for (p, w), n in left.items()]
    return Clean(taken, rows)


def as_they_are(them: Sequence[Function], around: Prose, seed: int) -> Iterator[Copy]:
    """Functions in fences, unchanged but for the indentation of their file."""
    import random

    for function in them:
        rng = random.Random(f"{seed} clean {function.id} {function.start}")
        text = standing(function)
        yield planted(function, text if text.endswith("\n") else text + "\n", around, rng)


def recall_rows(them: Sequence[Seen]) -> list[Row]:
    """A row for each language and group."""
    return [
        {"language": language, "group": group, "n": len(part),
         "stopped": interval(sum(one.stopped for one in part), len(part)),
         "right file decides": interval(sum(one.decided for one in part), len(part)),
         "right file first": interval(sum(one.first for one in part), len(part)),
         "errors": sum(one.error for one in part)}
        for (language, group), part in grouped(them, "language", "group")
    ]  # fmt: skip


def clean_rows(them: Sequence[Seen]) -> list[Row]:
    """A row for each language and package, and for each language."""
    packages = [(key, part) for key, part in grouped(them, "language", "package")]
    languages = [((key[0], "all"), part) for key, part in grouped(them, "language")]
    return [
        {"language": language, "package": package, "functions": len(part),
         "lexemes": sum(one.size for one in part), "stopped": sum(one.stopped for one in part),
         "share": interval(sum(one.stopped for one in part), len(part)), "errors": sum(one.error for one in part)}
        for (language, package), part in languages + packages
    ]  # fmt: skip


def grouped(them: Sequence[Seen], *names: str) -> list[tuple[tuple[str, ...], list[Seen]]]:
    """The parts that have equal values, in the order of their first."""
    parts: dict[tuple[str, ...], list[Seen]] = defaultdict(list)
    for one in them:
        parts[tuple(getattr(one, name) for name in names)].append(one)
    return list(parts.items())


def why(one: Seen) -> str:
    """What went wrong with a copy that was not stopped, as far as the report says."""
    if one.error:
        return "an error instead"
    if one.best is None:
        return "no match of the work"
    return f"a match of {one.best.channel}, under the thresholds"


def misses(them: Sequence[Seen]) -> list[Row]:
    """Why copies were missed, by language and group."""
    counted = Counter((one.language, one.group, why(one)) for one in them if not one.stopped)
    return [{"language": a, "group": b, "why": c, "n": n} for (a, b, c), n in sorted(counted.items())]


def stops(them: Sequence[Seen]) -> list[Row]:
    """What was stopped of the clean code, and what it was taken for."""
    return [
        {"language": one.language, "function": one.id, "lexemes": one.size, "lines": one.lines, "work": one.named,
         "by": one.by, **(one.best._asdict() if one.best else {})}
        for one in them if one.stopped
    ]  # fmt: skip


GRID = tuple((run, 60, similarity, bits) for run in (40, 60, 90) for similarity in (0.6, 0.7, 0.8, 0.9)
             for bits in (0, 10, 20, 30, 40, 60, 80))  # fmt: skip


def acts(one: Seen, run: int, tokens: int, similarity: float, bits: float) -> bool:
    """Whether a policy of these thresholds would act on one of a function's matches."""
    return any(
        it.bits >= bits and (it.run >= run or (it.tokens >= tokens and it.similarity >= similarity))
        for it in one.matches
    )


def curve(them: Sequence[Seen]) -> list[Row]:
    """What other thresholds would have done with the best matches, by language and all together."""
    parts = {(of, group): part for (of, group), part in grouped(them, "language", "group")}
    parts |= {("all", group): part for (group,), part in grouped(them, "group")}
    return [
        {"language": of, "min_run": point[0], "min_tokens": point[1], "min_similarity": point[2],
         "min_information": point[3],
         **{group: _share(part, point) for (whose, group), part in parts.items() if whose == of}}
        for of in dict.fromkeys(of for of, _ in parts) for point in GRID
    ]  # fmt: skip


def _share(part: Sequence[Seen], point: tuple[int, int, float, int]) -> float:
    return round(sum(acts(one, *point) for one in part) / len(part), 5)


def measure(options: argparse.Namespace, guard: Guard, language: str) -> tuple[list[Seen], list[Row]]:
    """All that is measured of one language, and what was left out."""
    folder, around = options.code_corpus, prose(options.shared)
    every = cut(sources(folder, language, "protected"), language, 40)
    equals = Equals(every)
    half = [function for function in every if half_of(function.id) == options.half]
    clean = clean_functions(folder, language, options.half, options.clean, options.seed)
    inserts = donors(clean.functions, options.seed)
    found = exact(guard, half, equals, around, options)
    found += near(guard, half, inserts, equals, around, options)
    found += checked(guard, "clean", as_they_are(clean.functions, around, options.seed), None)
    print(f"{language}: {len(found)} functions checked", flush=True)
    return found, clean.left_out


def rows_file(path: Path, found: Sequence[Seen]) -> None:
    """Everything seen, a row a function, for whoever tunes."""
    rows = ({**one._asdict(), "matches": [it._asdict() for it in one.matches]} for one in found)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    code_corpus.arguments(parser)
    parser.add_argument("--count", type=int, default=500, help="renamed functions a language")
    parser.add_argument("--near", type=int, default=200, help="edited functions a language and class of size")
    parser.add_argument("--clean", type=int, default=5000, help="clean functions a language")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--rows", type=Path, help="writes a row a function here")
    options = parser.parse_args()
    found: list[Seen] = []
    left_out: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        index = build(options.code_corpus, options.languages, Path(folder) / "index.sbx")
        guard, stat = Guard(index), index.stat()
        for language in options.languages:
            part, left = measure(options, guard, language)
            found, left_out = found + part, left_out + left
    if options.rows:
        rows_file(options.rows, found)
    copied, clean = [s for s in found if s.group != "clean"], [s for s in found if s.group == "clean"]
    parameters = {
        "half": options.half, "seed": options.seed, "works": stat.works, "lexemes": stat.lexemes,
        "languages": list(options.languages), "scheme": stat.scheme, "policy": Policy.load().digest,
        "share of statements edited": SHARE,
    }  # fmt: skip
    tables: dict[str, list[Row]] = {
        "Copies of functions": recall_rows(copied), "Misses": misses(copied), "Clean functions": clean_rows(clean),
        "Left out as copies of protected files": left_out, "What was stopped of clean code": stops(clean),
        "Curve": curve(found),
    }  # fmt: skip
    save("code_recall" if options.half == "report" else "code_recall-tune", parameters, tables)


if __name__ == "__main__":
    main()
