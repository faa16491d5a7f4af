"""``simblock stream``: standard input to standard output, filtered as it flows, byte for byte."""

from __future__ import annotations

import codecs
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from simblock.commands.results import because
from simblock.errors import InputError
from simblock_indexer.exits import ERROR, complain

if TYPE_CHECKING:
    from simblock.guard import Guard, Stream, Turns
    from simblock.match import Report
    from simblock_indexer.readers import ReadOptions

PROGRAM = "simblock"
READ = 1 << 16
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
    for text in _filtered(stream):
        _send(text)
    report = stream.report
    if report_to is not None:
        _keep(report, report_to)
    _notify(report)
    return ERROR if report.error is not None else int(report.acted)


def _filtered(stream: Stream) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")(KEEPS)
    while data := os.read(sys.stdin.fileno(), READ):
        yield stream.feed(decoder.decode(data))
        if stream.stopped:
            return
    yield stream.feed(decoder.decode(b"", final=True))
    yield stream.finish()


def _send(text: str) -> None:
    if text:
        sys.stdout.buffer.write(text.encode("utf-8", KEEPS))
        sys.stdout.buffer.flush()


def _keep(report: Report, path: Path) -> None:
    try:
        path.write_text(json.dumps(report.to_dict()) + "\n", "utf-8")
    except OSError as error:
        raise InputError(
            f"{path}: {(error.strerror or str(error)).lower()}: give another --report"
        ) from error


def _notify(report: Report) -> None:
    if report.error is not None:
        complain(PROGRAM, report.error)
    if reason := because(report):
        observed = " (observed only)" if report.observed else ""
        complain(PROGRAM, f"{report.observed or report.decision}{observed}: {reason}")
