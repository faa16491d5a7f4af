"""``simblock check``: outputs in, results out, one exit code over all."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from simblock.commands import outputs
from simblock.commands.outputs import Output
from simblock.commands.progress import rows_shown
from simblock.commands.sinks import Wanted, sink
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
    prompt: str | None
    history: Turns
    all: bool
    wanted: Wanted
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
    with rows_shown(wanted=_wants_bar(asked)) as checked, sink(guard, asked.wanted) as take:
        for one in found:
            output = _whole(one, asked)
            report = _report(guard, output, asked)
            take(output, report)
            if report.error is not None:
                complain(PROGRAM, f"{output.id}: {report.error}")
            code = max(code, ERROR if report.error is not None else int(report.acted))
            checked()
    _tell(tally)
    return code


def _wants_bar(asked: Asked) -> bool:
    """Rows whose results scroll by on the terminal show by themselves how far it is."""
    return asked.jsonl is not None and (not asked.wanted.talks or not sys.stdout.isatty())


def _whole(output: Output, asked: Asked) -> Output:
    """The output with what came before it: its row's own, else the call's."""
    prompt = asked.prompt if output.prompt is None else output.prompt
    return output._replace(prompt=prompt, history=output.history or asked.history)


def _report(guard: Guard, output: Output, asked: Asked) -> Report:
    report = guard.check(
        output.text,
        prompt=output.prompt,
        history=output.history,
        all=asked.all,
        kind=output.kind,
        language=output.language,
    )
    return replace(report, id=output.id)


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
