"""From what is named on the command line to the files that are read, each with its id."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from simblock.errors import InputError, MissingExtra, UsageError
from simblock_indexer.escaping import printable
from simblock_indexer.readers.folders import files_of, is_index
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.parquet import arrow, holds_table
from simblock_indexer.readers.streams import holds_rows
from simblock_indexer.readers.tables import holds_works
from simblock_indexer.readers.tally import Tally, Unreadable

STANDARD_INPUT = "-"


class Source(NamedTuple):
    """One file: the id of its work (or the stem of its rows' ids), how it is read, its size in bytes.

    ``folder`` is the one that it was found in, and ``root`` that one's name; None for a file named itself.
    ``path`` is None for standard input. ``span`` are the bytes, of a file of rows, in which those begin that are
    read; None for all of them.
    """

    path: Path | None
    id: str
    form: Literal["text", "rows", "table"]
    size: int
    root: str | None = None
    folder: Path | None = None
    span: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """What the file is called, without its folders; empty for standard input."""
        return "" if self.path is None else self.path.name

    @property
    def place(self) -> str:
        return "standard input" if self.path is None else str(self.path)

    def row(self, number: int) -> str:
        """What a row of it is called, by its number from 1."""
        return f"{self.place}, {'row' if self.form == 'table' else 'line'} {number:,}"


def plan(inputs: Iterable[str | Path], options: ReadOptions, tally: Tally) -> list[Source]:
    """Every file that the inputs name, in their order; ``tally.total`` becomes the bytes of all.

    Raises InputError where nothing is at a path, UsageError where ids cannot be given.
    """
    named = [found for item in inputs for found in _expanded(str(item))]
    if not named:
        raise UsageError("no inputs: name files, folders, .jsonl or .parquet files, or -")
    sources = [source for item in named for source in _sources(item, options, tally)]
    if options.id is not None:
        sources = [_called(options.id, sources)]
    tally.total = sum(source.size for source in sources)
    return sources


def root_name(folder: str | Path) -> str:
    """What the ids of a folder's files begin with: its own name."""
    return printable(Path(folder).resolve().name)


def _expanded(item: str) -> list[str]:
    """An input itself, or what it matches as a pattern where nothing is called that."""
    if item == STANDARD_INPUT or os.path.lexists(item):
        return [item]
    if "://" in item:
        raise InputError(f"{item}: inputs are files and folders; copy it here first")
    # pathlib's glob takes no absolute patterns.
    matches = sorted(glob.glob(item, recursive=True)) if glob.has_magic(item) else []  # noqa: PTH207
    if not matches:
        what = "no file matches" if glob.has_magic(item) else "no such file or folder"
        raise InputError(f"{item or repr(item)}: {what}: check the path")
    # `**` matches folders too, whose files it matches themselves.
    return [match for match in matches if "**" not in item or not Path(match).is_dir()]


def _sources(item: str, options: ReadOptions, tally: Tally) -> Iterator[Source]:
    if item == STANDARD_INPUT:
        if options.id is None:
            raise UsageError("standard input has no name: give its work one with --id")
        yield Source(None, options.id, "text", 0)
        return
    path = Path(item)
    if path.is_dir():
        if is_index(path):
            raise UsageError(f"{path} is an index and no work: name the files it was made of")
        yield from _folder(path, options, tally)
        return
    if holds_table(path):
        arrow()  # missing, it is told before anything is read
    yield _source(path, printable(path.name))


def _folder(folder: Path, options: ReadOptions, tally: Tally) -> Iterator[Source]:
    root = root_name(folder)
    left_out = tuple(path.resolve() for path in options.leave_out)
    for path in files_of(folder, tally, refusal(options, tally)):
        if left_out and any(path.resolve().is_relative_to(out) for out in left_out):
            continue
        relative = printable(path.relative_to(folder).as_posix())
        source = _source(path, f"{root}/{relative}" if root else relative)
        if source.form != "table" or _is_read(source, options, tally):
            yield source._replace(root=root, folder=folder)


def _is_read(source: Source, options: ReadOptions, tally: Tally) -> bool:
    """Whether a table in a folder holds works; many are no texts. What cannot be told is noted."""
    assert source.path is not None
    try:
        if holds_works(source.path, options):
            return True
        tally.pass_over("tables without text", source.place)
    except Unreadable as error:
        refusal(options, tally)(error)
    except MissingExtra as missing:
        tally.notes.append(f"{source.place} was passed over: {missing}")
        tally.pass_over("tables", source.place)
    tally.kept_under.add(source.id)
    return False


def _source(path: Path, id: str) -> Source:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0  # reading it will say what is wrong
    return Source(path, id, "table" if holds_table(path) else "rows" if holds_rows(path) else "text", size)


def _called(id: str, sources: list[Source]) -> Source:
    if len(sources) != 1 or sources[0].form != "text" or sources[0].root is not None:
        raise UsageError("--id names one work: give - or a single text file with it")
    return sources[0]._replace(id=id)


def refusal(options: ReadOptions, tally: Tally) -> Callable[[Unreadable], None]:
    """What is done about a bad file or row: raised, or with ``skip_bad`` counted."""

    def refuse(error: Unreadable) -> None:
        if not options.skip_bad:
            raise error
        tally.skip(error)

    return refuse
