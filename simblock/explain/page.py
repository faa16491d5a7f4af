"""Reports as one HTML page that stands by itself: no script, no picture, nothing fetched.

Outputs come from models and works from anywhere, so both are hostile: every string goes through the
template's escaping, what cannot be seen is spelled out, and only http(s) addresses become links. Outputs are
written to a scratch file as they come, so that a page of many takes little memory.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from simblock.explain.explanation import NAMES, Explained, Explanation
from simblock.explain.rows import Room
from simblock.explain.templating import environment
from simblock.match import SEVERITY, Action, Match, Report
from simblock.work import Work
from simblock_indexer.escaping import encodable, printable

if TYPE_CHECKING:
    from jinja2 import Environment

PROSE, CODE = Room(edge=60, most=4000, around=80), Room(edge=120, most=4000, around=0)
"""How much of a piece is shown side by side."""
LONG = 1500
"""Characters of the output without a match, or inside one piece, of which the middle is left out."""
SHOWN = 200
"""Matches of one output, and pieces of one match, that are shown."""
LINKED = 800
"""Pieces that are marked in one output."""
LISTED = 1000
"""Outputs without a match that are named."""
TIP = 240
"""Characters of the source in the note that appears beside a passage."""
_WEB = re.compile(r"https?://[^\s<>\"']+\Z", re.IGNORECASE)


class Fact(NamedTuple):
    """A name and a value, for the table of what the checks were made with."""

    name: str
    value: str


class Refer(NamedTuple):
    """A piece at which a stretch of the output is: numbers of the match and of the piece, from 1 on."""

    match: int
    piece: int


class Stretch(NamedTuple):
    """Some of the output, and the best of the pieces that stand there, with what is said of it."""

    text: str
    at: Refer | None = None
    action: Action = "release"
    told: str = ""
    source: str = ""


@dataclass(slots=True)
class WorkTally:
    """One work over all outputs."""

    work: Work
    outputs: int = 0
    matches: int = 0
    tokens: int = 0
    action: Action = "release"


@dataclass(slots=True)
class Totals:
    """What all outputs came to."""

    decisions: Counter[str] = field(default_factory=Counter)
    works: dict[tuple[str, str], WorkTally] = field(default_factory=dict)
    clean: list[str] = field(default_factory=list)
    outputs: int = 0
    errors: int = 0
    indexes: dict[str, Any] = field(default_factory=dict)

    def take(self, report: Report) -> None:
        """Counts one report."""
        self.outputs += 1
        self.decisions["observe" if report.observed else report.decision] += 1
        self.errors += report.error is not None
        self.indexes |= {state.name: state for state in report.indexes}
        for match in report.matches:
            self._of_work(match)
        for key in {(match.index, match.work.id) for match in report.matches}:
            self.works[key].outputs += 1
        if not report.matches and report.error is None and len(self.clean) < LISTED:
            self.clean.append(report.id)

    def _of_work(self, match: Match) -> None:
        tally = self.works.setdefault((match.index, match.work.id), WorkTally(match.work))
        tally.matches += 1
        tally.tokens += match.tokens
        tally.action = max(tally.action, match.action, key=SEVERITY.__getitem__)


class Page:
    """A page as it grows: :meth:`add` outputs, then :meth:`write`. Raises MissingExtra without jinja2."""

    def __init__(self, facts: Sequence[Fact] = ()) -> None:
        self._templates = templates()
        self._output = self._templates.get_template("output.html")
        self._facts = facts
        self._totals = Totals()
        self._scratch: TextIO = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115

    def add(self, explanation: Explanation) -> None:
        """Takes one output; those without a match or an error are named only."""
        report = explanation.report
        self._totals.take(report)
        if explanation.matches or report.error is not None:
            shown = self._output.render(
                number=self._totals.outputs,
                report=report,
                explanation=explanation,
                matches=explanation.matches[:SHOWN],
                stretches=list(stretches(explanation)),
                pieces=SHOWN,
                room=lambda piece: CODE if piece.lined else PROSE,
                names=NAMES,
            )
            self._scratch.write(encodable(shown))

    def write(self, file: TextIO) -> None:
        """Writes the whole page."""
        totals = self._totals
        works = sorted(
            totals.works.values(), key=lambda one: (-SEVERITY[one.action], -one.tokens, one.work.id)
        )
        page = self._templates.get_template("report.html").generate(
            totals=totals, works=works, facts=self._facts, outputs=self._written()
        )
        file.writelines(encodable(part) for part in page)

    def close(self) -> None:
        """Lets the scratch file go."""
        self._scratch.close()

    def _written(self) -> Iterator[str]:
        self._scratch.seek(0)
        while part := self._scratch.read(1 << 16):
            yield part


def stretches(explanation: Explanation) -> Iterator[Stretch]:
    """The output in order, cut where what stands there changes; long ones without their middle."""
    best = _best(explanation)
    edges = sorted({0, len(explanation.text), *(edge for span, _ in best for edge in span[:2])})
    last: Stretch | None = None
    for start, end in pairwise(edges):
        text = explanation.text[start:end]
        refer = next((refer for span, refer in best if span[0] <= start and end <= span[1]), None)
        if last is not None and last.at == refer:
            last = last._replace(text=last.text + text)
            continue
        if last is not None:
            yield _folded(last)
        last = _stretch(text, refer, explanation)
    if last is not None:
        yield _folded(last)


def _best(explanation: Explanation) -> list[tuple[tuple[int, int, int, int], Refer]]:
    """The pieces shown, in the order in which one hides the next."""
    shown = (
        (span, Refer(number, piece))
        for number, one in enumerate(explanation.matches[:SHOWN], 1)
        for piece, span in enumerate(one.match.spans[:SHOWN], 1)
    )
    return list(islice(shown, LINKED))


def _stretch(text: str, refer: Refer | None, explanation: Explanation) -> Stretch:
    if refer is None:
        return Stretch(text)
    explained = explanation.matches[refer.match - 1]
    match, piece = explained.match, explained.pieces[refer.piece - 1]
    told = f"{match.work.title or match.work.id}: {match.tokens:,} {match.unit}s, similarity {match.similarity:.2f}"
    begin, stop = match.spans[refer.piece - 1][2:]
    source = piece.source.text[begin : min(stop, begin + TIP)]
    return Stretch(
        text, refer, match.action, told, f"{source} …" if source and stop - begin > TIP else source
    )


def _folded(stretch: Stretch) -> Stretch:
    text = stretch.text
    if len(text) <= 2 * LONG:
        return stretch
    left = len(text) - LONG
    note = f"\n[… {left:,} characters left out …]\n"
    return stretch._replace(text=text[: LONG // 2] + note + text[-LONG // 2 :])


def templates() -> Environment:
    """What pages are made with. Raises MissingExtra without jinja2."""
    found = environment("templates", "a report as a page")
    found.filters |= {"seen": seen, "line": printable, "web": web, "figures": _figures_of}
    return found


def seen(text: str) -> str:
    """The text with its lines and tabs, and everything else that cannot be seen spelled out."""
    return "".join(c if c.isprintable() or c in "\n\t" else printable(c) for c in text.replace("\r\n", "\n"))


def web(url: str | None) -> str:
    """The address where it may be a link, else nothing: a work's own words must not run in a browser."""
    return url if url and _WEB.match(url) else ""


def _figures_of(explained: Explained) -> Iterable[tuple[str, ...]]:
    for figure in explained.figures:
        yield figure.name, figure.what, *figure.shown, figure.short, "reached" if figure.reached else ""
