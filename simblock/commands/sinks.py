"""Where the results of a check go: lines for people, JSON, SARIF, a page; several of them at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TextIO, TypeAlias

from simblock.commands.outputs import Output
from simblock.commands.writing import whole
from simblock.errors import UsageError

if TYPE_CHECKING:
    from simblock.explain.explanation import Explanation
    from simblock.guard import Guard
    from simblock.match import Report

Format: TypeAlias = Literal["text", "json", "sarif"]
Take: TypeAlias = Callable[[Output, "Report"], None]


class Wanted(NamedTuple):
    """What is to be written: results as ``format`` to standard output or ``out``, explanations beside
    them, and a page at ``report``."""

    format: Format
    explain: bool
    out: Path | None
    report: Path | None

    @property
    def talks(self) -> bool:
        """Whether a line or more for each output goes to standard output."""
        return self.out is None or self.explain


def wanted(
    format: Format | None, *, json: bool, jsonl: bool, explain: bool, out: Path | None, report: Path | None
) -> Wanted:
    """What the options of a call ask for. Raises UsageError where they contradict each other."""
    if json and format not in {None, "json"}:
        raise UsageError(f"--json is --format json: leave it out, or --format {format}")
    chosen = "json" if json else format
    if chosen is None:
        # Rows are answered with rows, unless somebody wants to read what was found.
        chosen = "json" if out is not None or (jsonl and not explain) else "text"
    if chosen == "text" and out is not None:
        raise UsageError(
            "--out takes JSON or SARIF: leave out --format text, and see the text on standard output"
        )
    if chosen == "sarif" and explain:
        raise UsageError(
            "--explain goes with --format text or json: a SARIF log has the figures in its messages"
        )
    return Wanted(chosen, explain, out, report)


@contextmanager
def sink(guard: Guard, wanted: Wanted) -> Iterator[Take]:
    """What takes each output with its report; all is written when the block ends."""
    with ExitStack() as stack:
        file = sys.stdout if wanted.out is None else stack.enter_context(whole(wanted.out, "--out"))
        explains = wanted.explain or wanted.report is not None
        explain = _explaining(guard) if explains else None
        takers: list[Take] = []
        if explain is not None and wanted.report is not None:
            takers.append(stack.enter_context(_page(guard, wanted.report, explain)))
        takers.append(
            stack.enter_context(_WRITERS[wanted.format](guard, file, explain if wanted.explain else None))
        )
        if explain is not None and wanted.explain and wanted.out is not None:
            takers.append(stack.enter_context(_text(guard, sys.stdout, explain)))

        def take(output: Output, report: Report) -> None:
            for taker in takers:
                taker(output, report)

        yield take


Explain: TypeAlias = Callable[[Output, "Report"], "Explanation"]


def _explaining(guard: Guard) -> Explain:
    from simblock.explain.explanation import Explainer

    explainer = Explainer(guard)
    last: list[tuple[Report, Explanation]] = []

    def explain(output: Output, report: Report) -> Explanation:
        if not last or last[0][0] is not report:
            made = explainer.explain(
                output.text,
                report,
                prompt=output.prompt,
                history=output.history,
                kind=output.kind,
                language=output.language,
            )
            last[:] = [(report, made)]
        return last[0][1]

    return explain


@contextmanager
def _text(guard: Guard, file: TextIO, explain: Explain | None) -> Iterator[Take]:  # noqa: ARG001
    if explain is None:
        from simblock.commands.results import show

        yield show
    else:
        from simblock.commands import explaining

        yield lambda output, report: explaining.show(explain(output, report))


@contextmanager
def _json(guard: Guard, file: TextIO, explain: Explain | None) -> Iterator[Take]:  # noqa: ARG001
    def take(output: Output, report: Report) -> None:
        row = report.to_dict()
        if explain is not None:
            for match, explained in zip(row["matches"], explain(output, report).matches, strict=True):
                match["explained"] = explained.to_dict()
        # Escapes keep lone surrogates, which are real, and go through every terminal and pipe.
        file.write(json.dumps(row) + "\n")

    yield take


@contextmanager
def _sarif(guard: Guard, file: TextIO, explain: Explain | None) -> Iterator[Take]:  # noqa: ARG001
    from simblock import __version__
    from simblock.explain.sarif import Log

    log = Log(guard.policy, __version__)
    yield lambda output, report: log.take(output.text, report)
    file.write(json.dumps(log.to_dict(), indent=2) + "\n")


@contextmanager
def _page(guard: Guard, path: Path, explain: Explain) -> Iterator[Take]:
    from simblock.commands.policies import facts
    from simblock.explain.page import Fact, Page

    page = Page([Fact(*fact) for fact in facts(guard.policy)])
    try:
        with whole(path, "--report") as file:
            yield lambda output, report: page.add(explain(output, report))
            page.write(file)
    finally:
        page.close()


_WRITERS = {"text": _text, "json": _json, "sarif": _sarif}


def ready() -> None:
    """Raises MissingExtra where no page can be written."""
    from simblock.explain.page import templates

    templates()


def write_page(guard: Guard, path: Path, output: Output, report: Report) -> None:
    """Writes the page of one output. Raises MissingExtra, InputError."""
    with _page(guard, path, _explaining(guard)) as take:
        take(output, report)
