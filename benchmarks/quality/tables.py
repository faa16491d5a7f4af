"""The tables that are published, made of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmarks.clean_text import Passage
from benchmarks.quality.sighting import Row, Sighting, grouped, recall, share, size_class
from benchmarks.record import interval, percentile


def of_part(them: Iterable[Sighting], part: str) -> list[Sighting]:
    """The rows of one part."""
    return [one for one in them if one.part == part]


def text_recall(them: Sequence[Sighting]) -> list[Row]:
    """A row for each evasion of text and length."""
    return [
        {"evasion": name, "group": part[0].group, "gate": part[0].gate or "", "words": words, **recall(part)}
        for (name, words), part in grouped(them, "name", "size").items()
    ]


def code_recall(them: Sequence[Sighting]) -> list[Row]:
    """A row for each evasion of code and class of size, over all languages; the lowest language beside it."""
    parts: dict[tuple[str, str], list[Sighting]] = {}
    for one in them:
        parts.setdefault((one.name, size_class(one)), []).append(one)
    return [
        {
            "evasion": name,
            "group": part[0].group,
            "gate": part[0].gate or "",
            "lexemes": size,
            **recall(part),
            **lowest(part),
        }
        for (name, size), part in parts.items()
    ]


def lowest(part: Sequence[Sighting]) -> Row:
    """The language of which the least is stopped."""
    shares = {language: share(of_it, "right") for (language,), of_it in grouped(part, "language").items()}
    language = min(shares, key=lambda name: shares[name].share)
    return {"lowest": f"{language} {shares[language].share:.3f}"}


def not_made(them: Sequence[Sighting], done: Sequence[Sighting]) -> list[Row]:
    """Of how many functions an evasion of code made a copy, and how it failed where it did."""
    made = Counter((one.name, one.language) for one in done)
    left = grouped(them, "name", "language")
    rows = []
    for key in dict.fromkeys([*made, *left]):
        failed = [one for one in left.get(key, ()) if one.part == "failed"]
        n = made[key] + len(left.get(key, ()))
        rows.append({"evasion": key[0], "language": key[1], "functions": n, "copies": made[key],
                     "failed": len(failed), "with": failed[0].group if failed else ""})  # fmt: skip
    return [row for row in rows if row["copies"] < row["functions"]]


def false_stops(them: Sequence[Sighting], *fields: str) -> list[Row]:
    """A row for each value of the fields and one for all; an error counts as a stop."""
    rows = []
    for key, part in [
        *grouped(them, *fields).items(),
        *([(("all",) * len(fields), list(them))] if them else []),
    ]:
        count = sum(one.stopped or one.error for one in part)
        rows.append({**dict(zip(fields, key, strict=True)), "n": len(part), "stopped": count,
                     "share": interval(count, len(part)), "errors": sum(one.error for one in part)})  # fmt: skip
    return rows


def stops(them: Sequence[Sighting]) -> list[Row]:
    """What was stopped that is no copy, the work that it was stopped for, and why."""
    return [{"part": one.part, "id": one.id, **_cause(one)} for one in them if one.stopped or one.error]


def _cause(one: Sighting) -> Row:
    it = one.cause
    of_it = [match for match in one.matches if it and match.work == it.work]
    match = of_it[0] if of_it else next(iter(one.matches), None)
    shown: Row = {"work": it.work, "by": it.by, "value": it.value, "threshold": it.threshold} if it else {
        "work": "an error" if one.error else "", "by": "", "value": "", "threshold": ""}  # fmt: skip
    figures = ("tokens", "longest_run", "similarity", "information", "evidence")
    return shown | {name: getattr(match, name) if match else "" for name in figures}


def leak(them: Sequence[Sighting]) -> list[Row]:
    """What gets out of the copies that are stopped and were streamed, by evasion, length and mode."""
    streamed = [one for one in them if one.leaked is not None]
    rows = []
    for (name, words), part in grouped(streamed, "name", "size").items():
        for mode in part[0].leaked or ():
            counts = [(one.leaked or {})[mode] for one in part]
            rows.append({"mode": mode, "evasion": name, "gate": part[0].gate or "", "words": words, "n": len(part),
                         "leak anything": interval(sum(count > 0 for count in counts), len(part)),
                         "p90": percentile(counts, 0.9), "p99": percentile(counts, 0.99), "max": max(counts)})  # fmt: skip
    return sorted(rows, key=lambda row: row["mode"] != "strict")


def quoting(them: Sequence[Passage], seen: Sequence[Sighting]) -> list[Row]:
    """The passages that quote a protected work by the rule, by package and work, and how many are stopped."""
    stopped = {one.id for one in seen if one.stopped or one.error}
    of: dict[tuple[str, str], list[Passage]] = {}
    for one in them:
        of.setdefault((one.source, one.quotes), []).append(one)
    return [
        {
            "source": source,
            "work": work,
            "passages": len(part),
            "stopped": sum(one.id in stopped for one in part),
        }
        for (source, work), part in sorted(of.items())
    ]


def worst(rows: Sequence[Row], of: Callable[[Row], Any], count: int = 12) -> list[Row]:
    """The rows with the lowest value."""
    return sorted(rows, key=of)[:count]
