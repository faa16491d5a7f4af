"""``simblock stream``: standard input to standard output, filtered as it flows, byte for byte."""

from __future__ import annotations

import codecs
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from simblock.commands.outputs import STDIN, Output
from simblock.commands.results import because
from simblock.commands.sinks import ready, write_page
from simblock.commands.writing import whole
from simblock_indexer.exits import ERROR, complain

if TYPE_CHECKING:
    from simblock.guard import Guard, Stream, Turns
    from simblock.match import Report
    from simblock_indexer.readers import ReadOptions

PROGRAM = "simblock"
READ = 1 << 16
PAGES = frozenset({".html", ".htm"})
"""Reports to such names are pages."""
KEEPS = "surrogateescape"
"""Bytes that are no UTF-8 pass through as they came."""


def flow(
    guard: Guard, prompt: str | None, history: Turns, options: ReadOptions, report_to: Path | None
) -> int:
    """Filters until the input ends or the stream is stopped; the exit code of ``simblock stream``.

    Bytes are taken as they arrive and what may go out is written at once.
    """
    kind = None if options.kind == "auto" else options.kind
    stream = guard.stream(prompt=prompt, history=history, kind=kind, language=options.language)
    page = report_to is not None and report_to.suffix.lower() in PAGES
    said: list[str] | None = [] if page else None
    if page:
        ready()
    for text in _filtered(stream, said):
        _send(text)
    report = stream.report
    if report_to is not None and said is not None:
        output = Output(STDIN, "".join(said), kind, options.language, prompt, history)
        write_page(guard, report_to, output, replace(report, id=STDIN))
    elif report_to is not None:
        _keep(report, report_to)
    _notify(report)
    return ERROR if report.error is not None else int(report.acted)


def _filtered(stream: Stream, said: list[str] | None) -> Iterator[str]:
    """What may go out; all that was read is added to ``said``, where it is wanted."""
    for text in _read():
        if said is not None:
            said.append(text)
        yield stream.feed(text)
        if stream.stopped:
            return
    yield stream.finish()


def _read() -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")(KEEPS)
    while data := os.read(sys.stdin.fileno(), READ):
        yield decoder.decode(data)
    yield decoder.decode(b"", final=True)


def _send(text: str) -> None:
    if text:
        sys.stdout.buffer.write(text.encode("utf-8", KEEPS))
        sys.stdout.buffer.flush()


def _keep(report: Report, path: Path) -> None:
    with whole(path, "--report") as file:
        file.write(json.dumps(report.to_dict()) + "\n")


def _notify(report: Report) -> None:
    if report.error is not None:
        complain(PROGRAM, report.error)
    if reason := because(report):
        observed = " (observed only)" if report.observed else ""
        complain(PROGRAM, f"{report.observed or report.decision}{observed}: {reason}")
