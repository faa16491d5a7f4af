"""``simblock tune``: clean outputs and copies in, a policy for an asked rate of false stops out."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from simblock.commands import outputs
from simblock.commands.outputs import Output
from simblock.commands.progress import rows_shown
from simblock.commands.writing import Target, spare, whole
from simblock.errors import MissingExtra, UsageError
from simblock.policy import Policy
from simblock.stores.reader import StoredIndex
from simblock.tune import copies as copying
from simblock.tune.curves import plain
from simblock.tune.listening import Ear, Measured
from simblock.tune.outcome import Copies, Outcome, Question, Stopped, outcome, told
from simblock.tune.page import page, require
from simblock.tune.policyfile import written
from simblock.tune.rows import HEADINGS, rows, summary
from simblock_indexer.escaping import printable
from simblock_indexer.exits import complain
from simblock_indexer.indexes import open_all
from simblock_indexer.readers import ReadOptions, Tally
from simblock_indexer.readers.streams import holds_rows
from simblock_indexer.tables import Column, emit, say, table

PROGRAM = "simblock"
SEED = 10
"""Of the copies that are made: the same index gives the same copies."""
LISTED = 5


class Asked(NamedTuple):
    """What a call of ``tune`` asks, besides indexes and policy."""

    clean: Sequence[str]
    copies: Sequence[str]
    false_stops: float
    upper: bool
    passages: int
    out: Path | None
    force: bool
    report: Path | None
    json: bool
    options: ReadOptions


def tune(
    indexes: Sequence[str], policy_file: Path | None, key_files: Sequence[Path] | None, asked: Asked
) -> None:
    """Measures, chooses, prints, and writes what was asked for.

    Raises UsageError for an index without works and a file that is there already, InputError for outputs that
    cannot be read, MissingExtra, StoreLost, and what opening raises.
    """
    _spare(indexes, policy_file, key_files, asked)
    policy = Policy.load(policy_file)
    _check(asked)
    opened = open_all(indexes, key_files)
    for index in opened:
        if next(index.entries(), None) is None:
            raise UsageError(f"{index.name} holds no works: add some with simblock-index add")
    ear = Ear(opened, policy)
    with rows_shown() as measured:
        clean = [_measure(ear, one, measured) for one in _read(asked.clean, asked.options)]
        source, copies = _copies(ear, opened, policy, asked, measured)
    names = tuple(index.name for index in opened)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    question = Question(asked.false_stops, asked.upper, names, today, source)
    _tell(outcome(question, policy, clean, copies), asked)


def _spare(
    indexes: Sequence[str], policy_file: Path | None, key_files: Sequence[Path] | None, asked: Asked
) -> None:
    """Refuses to write over what is read, but for a policy that --force lets the chosen one replace."""
    read: list[str | Path] = [*asked.clean, *asked.copies, *(key_files or ())]
    out, report = Target("--out", asked.out), Target("--report", asked.report)
    spare([out, report], read, indexes)
    spare([report], [policy_file])


def _check(asked: Asked) -> None:
    """Finds out what would fail after everything was measured."""
    if not 0 < asked.false_stops < 1:
        raise UsageError(
            f"--false-stops {asked.false_stops:g}: it is a share over 0 and under 1, such as 0.001 for one in a thousand"
        )
    if asked.out is not None and asked.out.exists() and not asked.force:
        raise UsageError(f"{asked.out} is there already: give another --out, or --force to replace it")
    for path, option in ((asked.out, "--out"), (asked.report, "--report")):
        if path is not None and not path.absolute().parent.is_dir():
            raise UsageError(f"{path}: no such folder: make it, or give another {option}")
    if asked.report is not None:
        require()


def _read(inputs: Sequence[str], options: ReadOptions) -> Iterator[Output]:
    """The outputs of files, folders and JSONL files. Raises InputError where there are none."""
    for item in inputs:
        tally = Tally()
        found = (
            outputs.of_rows(item, options, tally)
            if holds_rows(Path(item))
            else outputs.of_files([item], options, tally)
        )
        read = 0
        for output in found:
            if output.text.strip():
                read += 1
                yield output
        if not read:
            raise UsageError(f"{item}: no output there has any text: give outputs of your model")
        for what, count in (*sorted(tally.passed.items()), ("that could not be read", tally.bad)):
            if count:
                complain(PROGRAM, f"{item}: passed over: {count:,} {what}")


def _measure(ear: Ear, output: Output, measured: Callable[[], None]) -> Measured:
    found = ear.measure(
        output.id,
        output.text,
        prompt=output.prompt,
        history=output.history,
        kind=output.kind,
        language=output.language,
    )
    measured()
    return found


def _copies(
    ear: Ear, indexes: Sequence[StoredIndex], policy: Policy, asked: Asked, measured: Callable[[], None]
) -> tuple[Copies, list[Measured]]:
    if asked.copies:
        return "given", [_measure(ear, one, measured) for one in _read(asked.copies, asked.options)]
    rng = random.Random(SEED)  # noqa: S311 - nothing secret
    works = copying.stored(indexes, policy, asked.passages, rng)
    made = []
    for copy in copying.copies(works, asked.passages, rng):
        made.append(ear.measure(copy.id, copy.text, group=copy.group))
        measured()
    return ("made" if made else "none"), made


def _tell(found: Outcome, asked: Asked) -> None:
    if asked.out is not None:
        with whole(asked.out, "--out") as file:
            file.write(written(found))
    if asked.report is not None:
        with whole(asked.report, "--report") as file:
            file.write(page(found))
    if asked.json:
        emit(found.to_dict() | {"out": asked.out and str(asked.out)})
        return
    _show(found)
    if asked.out is None:
        say("nothing was written: --out FILE writes the policy")
    else:
        say(f"{printable(asked.out)}: written")


def _show(found: Outcome) -> None:
    table([Column(heading) for heading in HEADINGS], rows(found))
    if found.kinds:
        say("")
        headings = ("copies of the half reported on", "stopped now", "by the chosen")
        shown = [(kind.name, told(kind.current), told(kind.chosen)) for kind in found.kinds]
        table([Column(heading) for heading in headings], shown)
    _draw(found)
    say("")
    for note in found.notes:
        say(f"note: {note}")
    _list("policy now", found.stopped_now)
    _list("chosen policy", found.stopped)
    say(summary(found))


def _list(which: str, stopped: Sequence[Stopped]) -> None:
    """Prints how many clean outputs a policy stops, and the first of them."""
    say(f"clean outputs that the {which} stops: {len(stopped):,}")
    for one in stopped[:LISTED]:
        by, value, threshold = one.verdict[1:]
        say(f"  {printable(one.id)}: {printable(one.heard.work.id)}, {by} {value:g} ({threshold:g} needed)")
    if len(stopped) > LISTED:
        say(f"  … and {len(stopped) - LISTED:,} more (--json and --report list them)")


def _draw(found: Outcome) -> None:
    """Prints the curve, where it has more than one point."""
    if len(found.choice.curve) < 2:
        return
    say("")
    try:
        drawn = plain(found.choice)
    except MissingExtra as missing:
        drawn = str(missing)
    for line in drawn.splitlines():
        say(line)
