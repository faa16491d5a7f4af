"""What the demo prints: the table of cases, and the passages where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from simblock.demo.cases import Case
from simblock.demo.playing import WALK, Played
from simblock.match import Match

AROUND = 150
"""Characters that are shown before and after a copy."""
LONGEST = 480
ORIGINAL = 12
"""Lines of the original that are shown."""
MARKS = "[[", "]]", "||"
"""Without colours: where a copy begins and ends, and where the output was ended."""
WORD_VIEWS = frozenset({"words", "source", "comments"})
OUTCOMES = {"stop": "bold red", "release": "green"}


HEADINGS = ("got out\n(strict mode)", "words held\n(strict)", "µs a\nword")


def table(played: Sequence[Played]) -> Table:
    """A row a case, texts and code apart; narrow enough for 80 columns."""
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    drawn.add_column("what the model says\nof a protected work", no_wrap=True)
    drawn.add_column("outcome", no_wrap=True)
    for heading in HEADINGS:
        drawn.add_column(heading, justify="right", no_wrap=True)
    for one, following in zip(played, [*played[1:], None], strict=True):
        held = f"{one.default.held} ({one.strict.held})"
        ends = following is not None and following.case.kind != one.case.kind
        drawn.add_row(
            Text(one.case.name), _outcome(one), _out(one), held, f"{one.default.cost:.0f}", end_section=ends
        )
    return drawn


def _out(one: Played) -> str:
    if one.case.expected == "stop":
        return f"{one.default.out} ({one.strict.out}) {one.case.unit}"
    return "all" if one.case.prompt else "-"


def spans(played: Sequence[Played], *, colour: bool) -> Iterator[Padding]:
    """Each case that was stopped: what went out, the copy, and what decided."""
    for one in played:
        if one.turns:
            yield Padding(_walk(one), (0, 0, 1, 0))
        elif one.case.expected == "stop":
            shown = [excerpt(one, colour=colour)] if one.case.shown else []
            yield Padding(Group(_heading(one), *_original(one.case), *shown), (0, 0, 1, 0))


def _original(case: Case) -> Iterator[Text]:
    """The first lines of what was copied, as they stand in the work."""
    if case.original and case.source is not None:
        lines = case.original.splitlines()
        for number, line in enumerate(lines[:ORIGINAL], case.source.start):
            yield Text(f"{number:5}  {line}", no_wrap=True, overflow="ellipsis")
        yield Text("    …", "dim")


def excerpt(one: Played, *, colour: bool) -> Text:
    """The text around a copy: released in green, the matched spans marked, the rest dim."""
    shown = _painted(one)
    start = max(one.case.copy.start - AROUND, 0)
    end = min(one.case.copy.end + AROUND // 2, start + AROUND + LONGEST)
    cut = shown[start:end]
    if not one.case.lined:
        cut = _unbroken(cut)
    if not colour:
        cut = _marked(cut, one, start)
    return Text("…", "dim").append_text(cut).append("…", "dim")


def _painted(one: Played) -> Text:
    text, out = one.case.text, len(one.default.released)
    shown = Text(text, style="dim", overflow="fold")
    shown.stylize("not dim green", 0, out)
    for match in one.found.matches:
        for start, end, _, _ in match.spans:
            shown.stylize("not dim white on dark_red", max(start, out), end)
            shown.stylize("not dim black on yellow", start, min(end, out))
    return shown


def _marked(cut: Text, one: Played, start: int) -> Text:
    """The same text with signs in place of colours; ``start`` is where it begins in the case."""
    begin, end, ended = MARKS
    signs = [(len(one.default.released), ended)]
    for match in one.found.matches:
        signs += [(match.output.start, begin), (match.output.end, end)]
    placed = [(at - start, sign) for at, sign in signs if 0 <= at - start <= len(cut)]
    shown, last = Text(overflow="fold"), 0
    for at, sign in sorted(placed):
        shown.append_text(cut[last:at]).append(sign)
        last = at
    return shown.append_text(cut[last:])


def _walk(one: Played) -> Text:
    decided = one.default.report.decided
    work, quota = (decided.work, decided.threshold) if decided else ("no work", 0)
    return Text.assemble(
        (one.case.name, "bold"),
        f" {len(one.turns)} times: {', '.join(map(str, one.turns))} words of ",
        (work, "bold"),
        f" got out in each turn, until its quota of {quota:g} was full",
    )


def legend(*, colour: bool) -> Text:
    """What the colours or signs mean."""
    if not colour:
        begin, end, ended = MARKS
        return Text(
            f"{begin}the copy{end}  {ended} the output ends here; what follows was withheld or not reached"
        )
    return Text.assemble(
        ("released", "green"),
        "  ",
        ("of the copy, released before it was certain", "black on yellow"),
        "  ",
        ("of the copy, withheld", "white on dark_red"),
        "  ",
        ("never reached", "dim"),
    )


def print_faults(played: Sequence[Played], console: Console) -> None:
    """One line for each thing that was not as expected."""
    for one in played:
        for fault in one.faults:
            console.print(Text(f"{one.case.name}: {fault}", "bold red"))


def _heading(one: Played) -> Text:
    decided, match = one.default.report.decided, next(iter(one.found.matches), None)
    if decided is None or match is None:
        return Text(f"{one.case.name}: no match", "bold red")
    words = match.view in WORD_VIEWS
    return Text.assemble(
        (one.case.name, "bold"),
        f": {match.tokens} {'words' if words else 'lexemes'} of ",
        (decided.work, "bold"),
        _lines(one, match),
        f", {match.similarity:.0%} alike, decided by {decided.by} ({decided.value:g} of {decided.threshold:g})",
    )


def _lines(one: Played, match: Match) -> str:
    """Where a copy of known lines was found, on both sides."""
    if one.case.source is None:
        return ""
    said, source = (f"lines {span.start}-{span.end}" for span in match.lines)
    return f", {source}, in {said} of the answer" + (", renamed" if match.renamed else "")


def _outcome(one: Played) -> Text:
    if one.faults:
        return Text(f"{one.default.outcome}: UNEXPECTED", "bold red")
    if one.case.expected == "release":
        return Text("exempt: released" if one.case.prompt else "released whole", OUTCOMES["release"])
    return Text("stopped by quota" if one.case.name == WALK else "stopped", OUTCOMES["stop"])


def _unbroken(text: Text) -> Text:
    """The same text on one line: line ends and tabs are shown as spaces of the same width."""
    plain = text.plain
    for end in ("\r", "\n", "\t"):
        plain = plain.replace(end, " ")
    text.plain = plain
    return text
