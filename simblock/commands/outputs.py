"""What is to be checked: files, the files of folders, standard input, rows of a JSONL file.

Read as the indexer reads works, so the same files are passed over and the same errors come out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simblock.commands.guarding import checked_turns
from simblock.errors import InputError, UsageError
from simblock.work import Kind
from simblock_indexer.readers import ReadOptions, Source, Tally, Unreadable, plan
from simblock_indexer.readers.kinds import Nature, nature_of
from simblock_indexer.readers.metadata import checked_id, fields_of, sort_of_value
from simblock_indexer.readers.options import KindChoice
from simblock_indexer.readers.rows import Row, rows
from simblock_indexer.readers.sources import STANDARD_INPUT, refusal
from simblock_indexer.readers.streams import Opened, opened
from simblock_indexer.readers.texts import read_text
from simblock_indexer.tables import counted

if TYPE_CHECKING:
    from simblock.guard import Turns

STDIN = "standard input"


class Reading(NamedTuple):
    """How an output is read: as a file of one ``language``; as ``text``, without a look for code; or as its
    fences and its lines say."""

    kind: Kind | None = None
    language: str | None = None


class Output(NamedTuple):
    """One text to check: what it is called in results, how it is read, and what the client had asked."""

    id: str
    text: str
    kind: Kind | None = None
    language: str | None = None
    prompt: str | None = None
    history: Turns = ()


def of_files(inputs: Sequence[str], options: ReadOptions, tally: Tally) -> Iterator[Output]:
    """The texts of files, folders and ``-``, each called by its path.

    In folders, binary and empty files are counted in ``tally`` and passed over. Raises InputError for
    what cannot be read, and for a file named itself that is empty; it says how many are left unchecked.
    """
    sources = list(_sources(inputs, options, tally))
    for left, source in zip(range(len(sources), 0, -1), sources, strict=True):
        refuse = partial(_refuse, left, refusal(options, tally))
        one = read_text(source, options)
        if one.error is not None:
            refuse(one.error)
        elif one.passed is not None:
            tally.pass_over(one.passed, source.place)
        elif not one.text:
            _empty(source, tally, refuse)
        else:
            yield from _of_file(source, one.text, options, tally, refuse)
    if not tally.works and not tally.bad:
        raise InputError(f"nothing to check in {', '.join(inputs)}: no file there holds text")


def _of_file(
    source: Source, text: str, options: ReadOptions, tally: Tally, refuse: Callable[[Unreadable], None]
) -> Iterator[Output]:
    in_folder = source.root is not None
    try:
        if source.path is None:
            reading: Reading | None = _of_answer(text, {}, options, source.place)
        else:
            nature = nature_of(text, source.name, {}, options, place=source.place, in_folder=in_folder)
            reading = nature and _reading(nature, options.kind)
    except Unreadable as error:
        refuse(error)
        return
    if reading is None:
        tally.pass_over("of no known language", source.place)
        return
    tally.works += 1
    yield Output("-" if source.path is None else source.place, text, *reading)


def _of_answer(text: str, said: Mapping[str, Any], options: ReadOptions, place: str) -> Reading:
    """How what has no name is read. It mostly is an answer, with code here and there: that is not guessed here."""
    kind = said.get("kind", options.kind)
    if kind == "auto" and options.language is None and "language" not in said:
        return Reading()
    nature = nature_of(text, "", said, options, place=place)
    assert nature is not None
    return _reading(nature, kind)


def _reading(nature: Nature, asked: KindChoice) -> Reading:
    if nature.kind == "code":
        return Reading("code", nature.language)
    return Reading("text" if asked == "text" else None)


def _refuse(left: int, refuse: Callable[[Unreadable], None], error: Unreadable) -> None:
    """Refuses the first of ``left`` inputs."""
    try:
        refuse(error)
    except Unreadable:
        if left == 1:
            raise
        raise InputError(f"{error} (not checked: this and {counted(left - 1, 'more input')})") from None


def of_rows(path: str, options: ReadOptions, tally: Tally) -> Iterator[Output]:
    """The rows of a JSONL file, ``.gz`` and ``.zst`` too, or of ``-``.

    A row without an id is called FILE#line. Raises InputError naming file and line.
    """
    refuse = refusal(options, tally)
    name = STDIN if path == STANDARD_INPUT else path
    if path == STANDARD_INPUT:
        yield from _rows(Opened(sys.stdin.buffer, sys.stdin.buffer), name, options, refuse)
        return
    try:
        with opened(Path(path)) as file:
            yield from _rows(file, name, options, refuse)
    except Unreadable as error:
        raise InputError(str(error)) from None


def _sources(inputs: Sequence[str], options: ReadOptions, tally: Tally) -> Iterator[Source]:
    for item in inputs:
        if item == STANDARD_INPUT:
            yield Source(None, item, "text", 0)
            continue
        for source in plan([item], options, tally):
            if source.form == "rows" and source.root is None:
                raise UsageError(f"{source.place}: rows are checked with --jsonl {source.place}")
            yield source


def _empty(source: Source, tally: Tally, refuse: Callable[[Unreadable], None]) -> None:
    if source.root is not None:
        tally.pass_over("empty", source.place)
    else:
        refuse(Unreadable(source.place, "is empty", "leave it out, or look why nothing was written to it"))


def _rows(
    file: Opened, name: str, options: ReadOptions, refuse: Callable[[Unreadable], None]
) -> Iterator[Output]:
    for row in rows(file, name, options, refuse):
        try:
            yield _output(row, name, options)
        except Unreadable as error:
            refuse(error)


def _output(row: Row, name: str, options: ReadOptions) -> Output:
    place, fields = f"{name}, line {row.line:,}", row.fields
    text = fields.get(options.text_field)
    if not isinstance(text, str):
        problem = f'has no string in its field "{options.text_field}"'
        raise Unreadable(place, problem, "name the field with --text-field, or give --skip-bad")
    said = fields_of({name: fields.get(name) for name in Reading._fields}, place)
    given = fields.get(options.id_field)
    return Output(
        f"{name}#{row.line}" if given is None else checked_id(given, place, options.id_field),
        text,
        *_of_answer(text, said, options, place),
        _prompt(fields, place),
        _history(fields, place),
    )


def _prompt(fields: Mapping[str, Any], place: str) -> str | None:
    prompt = fields.get("prompt")
    if prompt is not None and not isinstance(prompt, str):
        raise Unreadable(place, f'the field "prompt" is {sort_of_value(prompt)}', "it must be a string")
    return prompt


def _history(fields: Mapping[str, Any], place: str) -> list[dict[str, str]]:
    if fields.get("history") is None:
        return []
    try:
        return checked_turns(fields["history"], place)
    except InputError as error:
        raise Unreadable(place, str(error).removeprefix(f"{place}: "), "or give --skip-bad") from None


def read_prompt(path: Path | None, options: ReadOptions) -> str | None:
    """The text of the file that holds the user's prompt. Raises InputError naming it."""
    if path is None:
        return None
    one = read_text(Source(path, str(path), "text", 0), options)
    if one.error is not None:
        raise one.error
    return one.text
