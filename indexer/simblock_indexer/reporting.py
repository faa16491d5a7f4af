"""A report of a change, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simblock.catalogue import GENERIC
from simblock.scheme import T_LEXEMES, T_WORDS
from simblock_indexer.reports import Report
from simblock_indexer.tables import counted, emit, facts, listing, number, say, size

COUNTS = ("added", "replaced", "metadata", "untouched", "removed")
RATED = 1_000_000
"""Under so many bytes a rate would be that of starting up."""


def show(report: Report, *, json: bool = False, all: bool = False) -> None:
    """Prints a report; ``all`` lists every name instead of the first few."""
    if json:
        emit(report.to_dict())
        return
    state = f"epoch {report.epoch:,}" if report.changed else f"unchanged, epoch {report.epoch:,}"
    say(f"{report.index}: {state}")
    facts(_facts(report))
    listing("bad files or rows passed over: {count}", report.problems, report.bad, all=all)
    if all:
        for sort, names in sorted(report.passed_names.items()):
            listing(f"{sort}: {{count}}", names, report.passed[sort], all=True)
    show_weak(report.short, report.common, all=all)
    if report.unused_columns:
        listing(
            "columns that are not used: {count}", report.unused_columns, len(report.unused_columns), all=all
        )
    for language, why in report.lexer_alone.items():
        say(f"{language}, {counted(report.languages[language], 'work')}: {why}")
    for note in report.notes:
        say(f"note: {note}")


def _facts(report: Report) -> Iterator[tuple[str, object]]:
    for name in COUNTS:
        if count := getattr(report, name):
            yield name, counted(count, "work")
    if report.words:
        yield "words", number(report.words)
    if report.lexemes:
        yield "lexemes", number(report.lexemes)
    if report.languages:
        most = sorted(report.languages.items(), key=lambda item: (-item[1], item[0]))
        yield "code", ", ".join(f"{count:,} {language}" for language, count in most)
    if report.generic:
        yield GENERIC, ", ".join(f"{count:,} {end}" for end, count in sorted(report.generic.items()))
    if report.bytes:
        rate = f" ({size(report.bytes / report.seconds)}/s)" if report.bytes >= RATED else ""
        yield "read", f"{size(report.bytes)} in {report.seconds:,.1f} s{rate}"
    if report.passed:
        yield "passed over", ", ".join(f"{count:,} {sort}" for sort, count in sorted(report.passed.items()))


def show_weak(short: Sequence[str], common: Sequence[str], *, all: bool) -> None:
    """Names works that cannot be protected well."""
    heading = f"works of under {T_WORDS} words or {T_LEXEMES} lexemes, too short for any promise: {{count}}"
    listing(heading, short, len(short), all=all)
    listing("works mostly of passages that over 64 works hold: {count}", common, len(common), all=all)
