"""What checks of functions of code said, a row a function, and the tables that are made of such rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from benchmarks.code_copies import Copy
from benchmarks.code_rules import CORE
from benchmarks.record import interval
from simblock.match import Match, Report
from simblock.policy import CodeLimits, Policy
from simblock.work import Work

Row = dict[str, Any]
MATCHES = 8
"""Matches of a function that are kept, those with most tokens."""


class Best(NamedTuple):
    """What a policy judges of a match."""

    run: int
    tokens: int
    similarity: float
    bits: float
    quoted: int
    view: str
    channel: str


class Decider(NamedTuple):
    """What decided: the work, the figure that reached its threshold, and the match that it is of."""

    work: str
    by: str
    value: float
    threshold: float
    match: Best | None


class Seen(NamedTuple):
    """What a check said of one function. ``right_decides``: a work that has the function made the decision;
    ``right_first``: it is named before all others."""

    group: str
    language: str
    package: str
    id: str
    lines: int
    size: int
    stopped: bool
    error: bool
    right_decides: bool
    right_first: bool
    decider: Decider | None
    matches: tuple[Best, ...]

    @property
    def best(self) -> Best | None:
        """The match with the most tokens."""
        return self.matches[0] if self.matches else None


class Fork(NamedTuple):
    """A function that was left out as a fork, the protected file that it resembles, and how much of it."""

    language: str
    function: str
    line: int
    file: str
    shared: int
    lines: int
    seen: Seen


class Measured(NamedTuple):
    """All that was seen of a language; ``left_out`` by package and reason; ``dropped``: copies not made."""

    seen: list[Seen]
    left_out: list[Row]
    forks: list[Fork]
    dropped: Counter[tuple[str, str, str]]


def judgeable(matches: Iterable[Match]) -> tuple[Best, ...]:
    """What a policy judges of some matches, most tokens first, eight at most."""
    return tuple(sorted(map(figures, matches), key=lambda one: -one.tokens)[:MATCHES])


def figures(m: Match) -> Best:
    return Best(m.longest_run, m.tokens, m.similarity, m.information, m.quoted, m.view, m.channel)


def decider(report: Report) -> Decider | None:
    """What decided a report."""
    if (it := report.decided) is None:
        return None
    of = [match for match in report.matches if match.work.id == it.work and match.action == it.action]
    name = {"min_run": "longest_run", "min_tokens": "tokens", "max_quoted": "quoted"}[it.by]
    # A match may have grown after it decided, so that of the nearest figure is meant.
    match = min(of, key=lambda one: abs(getattr(one, name) - it.value), default=None)
    return Decider(it.work, it.by, it.value, it.threshold, figures(match) if match else None)


def seen(group: str, copy: Copy, report: Report, right: set[str] | None) -> Seen:
    """What a report says of a copy; ``right`` are the works that may be named, None for clean code."""
    function = copy.function
    acted = [match for match in report.matches if match.action == "stop"]
    of = [m for m in report.matches if right is None or {m.work.id, *m.twins} & right]
    first = acted[0] if acted else None
    return Seen(
        group, function.language, function.package, function.id, function.text.count("\n") + 1, copy.size,
        stopped=report.decision == "stop" and not report.error, error=bool(report.error),
        right_decides=bool(right and report.decided and report.decided.work in right),
        right_first=bool(right and first and {first.work.id, *first.twins} & right),
        decider=decider(report), matches=judgeable(of),
    )  # fmt: skip


def grouped(them: Sequence[Seen], *names: str) -> list[tuple[tuple[str, ...], list[Seen]]]:
    """The parts that have equal values, in the order of their first."""
    parts: dict[tuple[str, ...], list[Seen]] = defaultdict(list)
    for one in them:
        parts[tuple(getattr(one, name) for name in names)].append(one)
    return list(parts.items())


def pooled(them: Sequence[Seen]) -> list[tuple[str, list[Seen]]]:
    """What is told of several languages together: the nine core ones, or how many of them there are, and the others."""
    core = [one for one in them if one.language in CORE]
    others = [one for one in them if one.language not in CORE]
    there = len({one.language for one in core})
    name = "nine core" if there == len(CORE) else f"{there} of the nine core"
    return [(of, part) for of, part in ((name, core), ("others", others)) if part]


def recall_rows(them: Sequence[Seen]) -> list[Row]:
    """A row for each language and group, then for the pooled languages. An error is not counted as stopped."""
    parts = [(language, group, part) for (language, group), part in grouped(them, "language", "group")]
    parts += [(name, group, part) for name, pool in pooled(them) for (group,), part in grouped(pool, "group")]
    return [
        {"language": language, "group": group, "n": len(part),
         "stopped": interval(sum(one.stopped for one in part), len(part)),
         "right file decides": interval(sum(one.right_decides for one in part), len(part)),
         "right file first": interval(sum(one.right_first for one in part), len(part)),
         "errors": sum(one.error for one in part)}
        for language, group, part in parts
    ]  # fmt: skip


def clean_rows(them: Sequence[Seen]) -> list[Row]:
    """A row for each language and package, each language, and the pooled ones. An error is counted as a stop."""
    packages = [(key, part) for key, part in grouped(them, "language", "package")]
    languages = [((key[0], "all"), part) for key, part in grouped(them, "language")]
    pools = [((name, "all"), part) for name, part in pooled(them)]
    return [
        {"language": language, "package": package, "functions": len(part),
         "lexemes": sum(one.size for one in part), "stopped": (count := sum(one.stopped or one.error for one in part)),
         "share": interval(count, len(part)), "errors": sum(one.error for one in part)}
        for (language, package), part in packages + languages + pools
    ]  # fmt: skip


def why(one: Seen) -> str:
    """What went wrong with a copy that was not stopped, as far as the report says."""
    if one.error:
        return "an error instead"
    if one.best is None:
        return "no match of the work"
    return f"a match of {one.best.view}, {one.best.channel}, under the thresholds"


def misses(them: Sequence[Seen]) -> list[Row]:
    """Why copies were missed, by language and group."""
    counted = Counter((one.language, one.group, why(one)) for one in them if not one.stopped)
    return [{"language": a, "group": b, "why": c, "n": n} for (a, b, c), n in sorted(counted.items())]


def stops(them: Sequence[Seen]) -> list[Row]:
    """What was stopped of the clean code, and the match that decided it."""
    return [
        {"language": one.language, "function": one.id, "lexemes": one.size, "lines": one.lines, **_decided(one)}
        for one in them if one.stopped or one.error
    ]  # fmt: skip


def _decided(one: Seen) -> Row:
    """The decision and its match as columns."""
    it = one.decider
    shown = it.match._asdict() if it and it.match else dict.fromkeys(Best._fields, "")
    head = {"work": it.work, "by": it.by, "value": it.value, "threshold": it.threshold} if it else {
        "work": "an error" if one.error else "", "by": "", "value": "", "threshold": ""}  # fmt: skip
    return head | shown


def fork_rows(them: Sequence[Fork]) -> list[Row]:
    """The functions left out as forks, and whether they are stopped."""
    return [
        {"language": one.language, "function": one.function, "line": one.line, "file": one.file,
         "shared lines": one.shared, "of": one.lines, "stopped": one.seen.stopped or one.seen.error}
        for one in sorted(them, key=lambda one: (one.language, one.function, one.line))
    ]  # fmt: skip


def dropped_rows(dropped: Counter[tuple[str, str, str]]) -> list[Row]:
    """Copies that could not be made, and those of a size that was not asked for."""
    return [
        {"language": language, "group": group, "why": reason, "n": n}
        for (language, group, reason), n in sorted(dropped.items())
    ]


class Point(NamedTuple):
    """Thresholds of [code]."""

    min_run: int
    min_run_information: float
    min_tokens: int
    min_similarity: float
    min_information: float


def grid(chosen: CodeLimits) -> list[Point]:
    """The chosen thresholds first, then others: those of a run with likeness as chosen, and the other way round."""
    here = Point(chosen.min_run, chosen.run_information, chosen.min_tokens, chosen.min_similarity,
                 chosen.min_information)  # fmt: skip

    def values(name: str, *others: float) -> list[Any]:
        return sorted({*others, getattr(here, name)})

    runs = [
        here._replace(min_run=run, min_run_information=bits)
        for run in values("min_run", 40, 90)
        for bits in values("min_run_information", 0, 30, 100)
    ]
    likeness = [
        here._replace(min_tokens=tokens, min_similarity=similarity, min_information=bits)
        for tokens in values("min_tokens", 30, 80)
        for similarity in values("min_similarity", 0.6, 0.7, 0.8)
        for bits in values("min_information", 0, 30, 60, 140)
    ]
    return list(dict.fromkeys([here, *runs, *likeness]))


def acting(them: Sequence[Seen], policy: Policy) -> int:
    """Of how many functions a policy would act on one of the matches."""
    work = Work("any", kind="code")
    of = {view: policy.resolve(work, view=view) for view in {it.view for one in them for it in one.matches}}
    return sum(
        any(
            policy.judge(of[it.view], longest_run=it.run, tokens=it.tokens, similarity=it.similarity,
                         information=it.bits, quoted=it.quoted)
            for it in one.matches
        )
        for one in them
    )  # fmt: skip


def curve(them: Sequence[Seen], points: Sequence[Point]) -> list[Row]:
    """What other thresholds would have done with the best matches, by language and all together.

    Of copies only matches of the right works count, so a copy that is stopped for another is none here. Languages
    that are none of the nine stand in the rows of all and of the others only.
    """
    languages = list(dict.fromkeys(one.language for one in them))
    groups = list(dict.fromkeys(one.group for one in them))
    sizes = Counter((one.language, one.group) for one in them)
    parts = [(key, part) for key, part in grouped(them, "language", "group")]
    core, others = ([one for one in languages if (one in CORE) is here] for here in (True, False))
    shown = [*((one, [one]) for one in core), *([("others", others)] if others else []), ("all", languages)]
    rows = []
    for point in points:
        policy = Policy.load(code=point._asdict())
        hits = {key: acting(part, policy) for key, part in parts}
        for name, of in shown:
            shares = {
                group: round(sum(hits.get((one, group), 0) for one in of) / n, 5)
                for group in groups
                if (n := sum(sizes[one, group] for one in of))
            }
            rows.append({"language": name, **point._asdict(), **shares})
    return rows
