"""A report for people: one line of verdict, the matches, and where they stand.

Written with escape codes of its own: rich takes as long to import as a small file takes to check.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from simblock.explain.deciding import decisive
from simblock_indexer.escaping import printable
from simblock_indexer.tables import counted, say

if TYPE_CHECKING:
    from simblock.commands.outputs import Output
    from simblock.match import Match, Report, Span
    from simblock.work import Work

AROUND = 60
"""Characters of context on each side of a passage."""
SHOWN = 320
"""Characters of a passage; what is between its ends is left out."""
LISTED = 20

COLOURS = {"stop": "31", "redact": "35", "replace": "35", "cite": "33", "observe": "36", "release": "32"}
FIGURES = {
    "min_run": "in a row",
    "min_tokens": "alike",
    "max_quoted": "quoted in all",
    "min_evidence": "of evidence",
}
"""What is said of the words, lexemes or bits that a figure of a decision counts."""


class Marks(NamedTuple):
    """What stands before and after a passage: colours on a terminal, brackets in a pipe."""

    start: str
    end: str


def show(output: Output, report: Report) -> None:
    """Prints what was found in one output."""
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for line in lines(output.text, report, colour=colour):
        say(line)


def lines(text: str, report: Report, *, colour: bool) -> Iterator[str]:
    """The lines that :func:`show` prints."""
    verdict = report.decision if report.observed is None else f"observe (would {report.observed})"
    name = printable(report.id)
    yield f"{_bold(name, colour)}: {_coloured(verdict, report.observed or report.decision, colour)}"
    if reason := because(report):
        yield f"  decided by {reason}"
    for match in report.matches[:LISTED]:
        yield from _match(match, report, text, colour)
    if len(report.matches) > LISTED:
        yield f"  … and {len(report.matches) - LISTED:,} more matches (--json lists them)"


def because(report: Report) -> str:
    """What decided, against which threshold, where its copy begins and where that was certain."""
    decided = report.decided
    if decided is None:
        return ""
    if decided.by == "degraded":
        return (
            f"{decided.value:g} anchors ({decided.threshold:g} needed) that a lost index may hold, no work is known: "
            f"decided at {decided.position:,}"
        )
    match = decisive(report)
    begin = f"begins at character {match.output.start:,}, " if match else ""
    counts = "bits" if decided.by == "min_evidence" else f"{decided.unit}s"
    return (
        f"{decided.value:g} {counts} {FIGURES[decided.by]} ({decided.threshold:g} needed) of {printable(decided.work)} "
        f"(rule {printable(decided.rule)}, {decided.by}): {begin}decided at {decided.position:,}"
    )


def _match(match: Match, report: Report, text: str, colour: bool) -> Iterator[str]:
    yield (
        f"  {_coloured(match.action, match.action, colour)}  {_bold(printable(match.work.id), colour)}"
        f"{twins(match)}{known(match, report)}: {likeness(match)}"
    )
    yield f"    {excerpt(text, match, Marks(chr(27) + '[7m', chr(27) + '[0m') if colour else Marks('[[', ']]'))}"


def known(match: Match, report: Report) -> str:
    """What is known of a match's work, and of several indexes the one that holds it: `` (title, in works.sbx)``."""
    told = about(match.work)
    if len(report.indexes) > 1:
        told += f"{', ' if told else ''}in {printable(match.index)}"
    return f" ({told})" if told else ""


def about(work: Work) -> str:
    """What is known of a work besides its id."""
    return ", ".join(printable(part) for part in (work.title, work.owner, work.license, work.url) if part)


def twins(match: Match) -> str:
    """How many works have the same text: `` (and 1 twin)``."""
    return f" (and {counted(len(match.twins), 'twin')})" if match.twins else ""


def likeness(match: Match) -> str:
    """How much is alike, and where it stands on both sides."""
    how = "verbatim" if match.verbatim else f"{match.similarity:.0%} alike"
    if match.renamed:
        how += ", renamed"
    answer, source = map(lines_of, match.lines)
    return (
        f"{counted(match.tokens, match.unit)}, {how}, "
        f"longest run {match.longest_run:,}, answer {answer} = work {source}"
    )


def excerpt(text: str, match: Match, marks: Marks) -> str:
    """The passage on one line, marked, with a little of what stands around it."""
    start, end = match.output
    passage = _one_line(text[start:end])
    if len(passage) > SHOWN:
        passage = f"{passage[: SHOWN // 2]} … {passage[-SHOWN // 2 :]}"
    before, after = _one_line(text[max(start - AROUND, 0) : start]), _one_line(text[end : end + AROUND])
    left, right = "…" if start > AROUND else "", "…" if end + AROUND < len(text) else ""
    return f"{left}{before}{marks.start}{passage}{marks.end}{after}{right}"


def lines_of(span: Span) -> str:
    """The first and the last line of a passage."""
    first, last = span
    if not last:
        return "at a place unknown"
    return f"line {first:,}" if first == last else f"lines {first:,}–{last:,}"


def _one_line(text: str) -> str:
    lone = " " if text[:1].isspace() else ""
    last = " " if text[-1:].isspace() and len(text) > 1 else ""
    return printable(f"{lone}{' '.join(text.split())}{last}")


def _coloured(word: str, action: str, colour: bool) -> str:
    return f"\x1b[{COLOURS[action]}m{word}\x1b[0m" if colour else word


def _bold(word: str, colour: bool) -> str:
    return f"\x1b[1m{word}\x1b[0m" if colour else word
