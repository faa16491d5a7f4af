"""``simblock check``: outputs in, results out, one exit code over all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from simblock.commands import outputs
from simblock.commands.outputs import Output
from simblock.commands.progress import rows_shown
from simblock.errors import InputError
from simblock_indexer.exits import ERROR, complain
from simblock_indexer.readers import ReadOptions, Tally

if TYPE_CHECKING:
    from simblock.guard import Guard, Turns
    from simblock.match import Report

PROGRAM = "simblock"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call of ``check`` asks, besides indexes and policy."""

    inputs: Sequence[str]
    jsonl: str | None
    out: Path | None
    prompt: str | None
    history: Turns
    all: bool
    json: bool
    options: ReadOptions


def check(guard: Guard, asked: Asked) -> int:
    """Checks every output and prints a result for each; the exit code.

    2 where an index could not answer (the other outputs are checked all the same), else 1 where
    something was acted upon, else 0. Raises InputError for what cannot be read.
    """
    tally = Tally()
    if asked.jsonl is not None:
        found = outputs.of_rows(asked.jsonl, asked.options, tally)
    else:
        found = outputs.of_files(asked.inputs, asked.options, tally)
    code = 0
    with rows_shown(wanted=_wants_bar(asked)) as checked, _printer(asked) as show:
        for output in found:
            report = _report(guard, output, asked)
            show(output, report)
            if report.error is not None:
                complain(PROGRAM, f"{output.id}: {report.error}")
            code = max(code, ERROR if report.error is not None else int(report.acted))
            checked()
    _tell(tally)
    return code


def _wants_bar(asked: Asked) -> bool:
    """Rows whose results scroll by on the terminal show by themselves how far it is."""
    return asked.jsonl is not None and (asked.out is not None or not sys.stdout.isatty())


def _report(guard: Guard, output: Output, asked: Asked) -> Report:
    prompt = asked.prompt if output.prompt is None else output.prompt
    history = output.history or asked.history
    report = guard.check(
        output.text,
        prompt=prompt,
        history=history,
        all=asked.all,
        kind=output.kind,
        language=output.language,
    )
    return replace(report, id=output.id)


@contextmanager
def _printer(asked: Asked) -> Iterator[Callable[[Output, Report], None]]:
    if asked.out is not None:
        with _whole(asked.out) as file:
            yield lambda _, report: _write(report, file)
    elif asked.json or asked.jsonl is not None:
        yield lambda _, report: _write(report, sys.stdout)
    else:
        from simblock.commands.results import show

        yield show


def _write(report: Report, file: TextIO) -> None:
    # Escapes keep lone surrogates, which are real, and go through every terminal and pipe.
    file.write(json.dumps(report.to_dict()) + "\n")


@contextmanager
def _whole(path: Path) -> Iterator[TextIO]:
    """A file that stands at ``path`` only once all of it is written."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}: give another --out") from error
    finally:
        partial.unlink(missing_ok=True)


def _tell(tally: Tally) -> None:
    passed = [f"{count:,} {sort}" for sort, count in sorted(tally.passed.items())]
    if passed:
        complain(PROGRAM, f"passed over: {', '.join(passed)}")
    for problem in tally.problems:
        complain(PROGRAM, f"passed over: {problem}")
    if tally.bad:
        complain(PROGRAM, f"passed over: {tally.bad:,} that could not be read")
    for note in tally.notes:
        complain(PROGRAM, note)
