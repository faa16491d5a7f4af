"""``simblock demo``: Python's own documentation and library, protected, and what becomes of outputs that copy them."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simblock.demo import cases, library, material, prose, rewriting
from simblock.demo.playing import Played, Stage
from simblock.errors import SimblockError, UsageError
from simblock.stores import open_index
from simblock.stores.commit import Counts
from simblock.stores.writer import Writer

if TYPE_CHECKING:
    from rich.console import Console

    from simblock.demo.library import Function
    from simblock.demo.material import Passage, Watch

SEED = 8
PASSAGE_WORDS = 56
INDEX = "protected.sbx"
ANSWER = "answer.txt"
CODE = "answer-code.txt"


class Part(NamedTuple):
    """What one kind of works brought into the index, and the bytes that it grew by."""

    counts: Counts
    bytes: int


class Built(NamedTuple):
    """The demo's index: its texts, its code, and the seconds that it took, reading counted in."""

    path: Path
    text: Part
    code: Part
    seconds: float

    @property
    def works(self) -> int:
        return self.text.counts.added + self.code.counts.added


def run(
    console: Console | None = None, *, keep: Path | None = None, as_json: bool = False, seed: int = SEED
) -> int:
    """Runs the demo; the exit code: 0, or 1 where a case did not come out as expected.

    ``keep`` is a folder that is made for the index and stays. Raises UsageError where it is there.
    """
    from rich.console import Console

    console = console or Console(highlight=False, file=sys.stdout)
    with _folder(keep) as folder:
        built = _build(folder / INDEX, console, watched=not as_json)
        played = _play(built.path, seed)
        if keep is not None:
            (folder / ANSWER).write_text(played[0].case.text, "utf-8")
            code = next(one.case.text for one in played if one.case.name == cases.RENAMED)
            (folder / CODE).write_text(code, "utf-8")
    if as_json:
        print(json.dumps(_to_dict(built, played)))
    else:
        _show(console, built, played, keep)
    return int(any(one.faults for one in played))


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="simblock-demo-") as folder:
            yield Path(folder)
        return
    try:
        keep.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(f"{keep} is there already: give --keep a folder that can be made") from None
    yield keep


def _build(path: Path, console: Console, *, watched: bool) -> Built:
    """Two commits, so that the size of each part is known."""
    began = time.perf_counter()
    with Writer.create(path) as writer:
        with _bar("reading the documentation", console, watched) as watch:
            writer.put(material.documents(library.modules(), watch))
            text = Part(writer.commit().counts, _size(path))
        with _bar("reading the library", console, watched) as watch:
            writer.put(library.documents(watch))
            counts = writer.commit().counts
    # Measured when the writer has closed: until then what was merged lies there too.
    return Built(path, text, Part(counts, _size(path) - text.bytes), time.perf_counter() - began)


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir())


@contextmanager
def _bar(what: str, console: Console, watched: bool) -> Iterator[Watch | None]:
    if not (watched and console.is_terminal):
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as drawn:
        task = drawn.add_task(what, total=None)
        yield lambda done, total: drawn.update(task, completed=done, total=total)


def _play(path: Path, seed: int) -> list[Played]:
    rng = random.Random(seed)  # noqa: S311
    index = open_index(path)
    stage = Stage(index, rng)
    passage = _distinct(stage, rng)
    stage.default.check(prose.BEFORE)
    played = [stage.play(case, passage.work) for case in cases.planned(passage, rng)]
    played.append(stage.walk(material.longest()))
    function = _distinct_code(stage, rng)
    played += [stage.play(case, function.work) for case in cases.planned_code(function, rng)]
    index.close()
    return played


def _distinct(stage: Stage, rng: random.Random) -> Passage:
    """A passage that stands in one work alone, so that it is known which one has to be named."""
    for passage in material.passages(rng, PASSAGE_WORDS):
        report = stage.default.check(passage.text, all=True)
        if [match.work.id for match in report.matches] == [passage.work]:
            return passage
    raise SimblockError("the documentation topics of this Python have no passage that fits the demo")


def _distinct_code(stage: Stage, rng: random.Random) -> Function:
    """A function whose like stands in no other module."""
    for function in filter(edited_well, library.functions(rng)):
        report = stage.default.check(function.text, language="python")
        if {match.work.id for match in report.matches} == {function.work}:
            return function
    raise SimblockError("the library of this Python has no function that fits the demo")


def edited_well(function: Function) -> bool:
    """Whether there are names enough to rename a function, and statements in it that may be exchanged."""
    try:
        return bool(rewriting.exchangeable(rewriting.renamed(function.text, prose.NAMES)))
    except ValueError:
        return False


def _show(console: Console, built: Built, played: list[Played], keep: Path | None) -> None:
    from simblock.demo import showing

    (text, text_bytes), (code, code_bytes) = built.text, built.code
    console.print(
        f"[bold]{built.works:,} works[/bold] protected in {built.seconds:.1f} s with reading:\n"
        f"  {text.words:,} words of Python's own documentation, {text_bytes / 1e6:.1f} MB, "
        f"{text_bytes / text.words:.1f} bytes a word\n"
        f"  {code.added:,} files of its library, {code.lexemes:,} lexemes, {code_bytes / 1e6:.1f} MB, "
        f"{code_bytes / code.lexemes:.1f} bytes a lexeme\n"
    )
    console.print(showing.table(played))
    colour = bool(console.color_system) and not console.no_color
    for block in showing.spans(played, colour=colour):
        console.print(block)
    console.print(showing.legend(colour=colour))
    showing.print_faults(played, console)
    console.print()
    for line in _next(keep):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _next(keep: Path | None) -> Iterator[str]:
    if keep is None:
        yield "To play on: simblock demo --keep playground"
        return
    yield "Try next:"
    yield f"  simblock check {keep / INDEX} {keep / ANSWER}"
    yield f"  simblock check {keep / INDEX} {keep / CODE}"
    yield f"  simblock stream {keep / INDEX} < {keep / ANSWER}"
    yield f"  simblock-index stat {keep / INDEX}"


def _to_dict(built: Built, played: list[Played]) -> dict[str, Any]:
    return {
        "works": built.works,
        "words": built.text.counts.words,
        "files": built.code.counts.added,
        "lexemes": built.code.counts.lexemes,
        "bytes": built.text.bytes + built.code.bytes,
        "bytes_of_text": built.text.bytes,
        "bytes_of_code": built.code.bytes,
        "seconds": round(built.seconds, 2),
        "passed": not any(one.faults for one in played),
        "cases": [one.to_dict() for one in played],
    }
