"""Inputs to documents: one stream of works, each id once, with what a sidecar says of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from simblock.catalogue import GENERIC
from simblock.errors import InputError
from simblock.work import Document, Work
from simblock_indexer.readers.describing import Describer, Met
from simblock_indexer.readers.kinds import PAGE_NAME
from simblock_indexer.readers.metadata import Sidecar
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.rows import Told, rows, works_of_rows
from simblock_indexer.readers.sources import Source, plan, refusal
from simblock_indexer.readers.streams import opened
from simblock_indexer.readers.tables import works_of_table
from simblock_indexer.readers.tally import Tally, Unreadable
from simblock_indexer.readers.texts import Read, read_texts

LINES = 1 << 40
"""Lines of one file, at most: places are packed in one integer, as there may be many millions."""


def read(
    inputs: Iterable[str | Path], options: ReadOptions | None = None, tally: Tally | None = None
) -> Iterator[Document]:
    """The works of files, folder trees, JSONL files, git work trees, globs and ``-``.

    A file is one work, called by its name; a file of a folder by its path, the folder's own name
    first; a row by its id, or FILE#line. ``tally`` is filled while reading. Raises InputError for
    what cannot be read, two works of one id, a sidecar's row that fits no work, and no work at all.
    """
    options, tally = options or ReadOptions(), tally or Tally()
    return documents(plan(inputs, options, tally), options, tally)


def documents(
    sources: list[Source], options: ReadOptions, tally: Tally, *, share: bool = False
) -> Iterator[Document]:
    """The works of planned sources; see :func:`read`.

    Of a ``share`` of the inputs there may be none, and a sidecar's row may be of a work in another.
    """
    sidecar = _sidecar(options)
    describer = Describer(options, sidecar)
    places = _Places(sources)
    for met in _met(sources, options, tally):
        places.note(met.id, met.number, met.line)
        document = _described(met, describer, options, tally)
        if document is not None:
            _count(document.work, options, tally, is_file=not met.line)
            yield document
    if share:
        return
    if sidecar is not None:
        sidecar.excuse(tally.kept)
        for error in sidecar.unmatched():
            refusal(options, tally)(error)
    if not tally.works:
        raise InputError(_nothing(sources, tally))


def _count(work: Work, options: ReadOptions, tally: Tally, *, is_file: bool) -> None:
    tally.works += 1
    if work.kind == "code":
        tally.languages[str(work.language)] += 1
        if work.language == GENERIC:
            tally.generic[Path(work.id).suffix or "without an extension"] += 1
    elif is_file and options.kind == "auto" and PAGE_NAME.fullmatch(work.id):
        tally.pages += 1


class _Places:
    """Where each id was first met."""

    def __init__(self, sources: list[Source]) -> None:
        self._sources = sources
        self._places: dict[str, int] = {}

    def note(self, id: str, number: int, line: int) -> None:
        place = number * LINES + line
        first = self._places.setdefault(id, place)
        if first != place:
            raise InputError(
                f"two works are called {id[:80]!r}, in {self._name(first)} and in {self._name(place)}: "
                "give one another id, or name a folder that holds both files"
            )

    def _name(self, place: int) -> str:
        number, line = divmod(place, LINES)
        source = self._sources[number]
        return source.row(line) if line else source.place


def _described(met: Met, describer: Describer, options: ReadOptions, tally: Tally) -> Document | None:
    try:
        document = describer.document(met)
    except Unreadable as error:
        refusal(options, tally)(error)
        tally.kept.add(met.id)
        return None
    if document is None:
        tally.pass_over("of no known language", met.place)
        tally.kept.add(met.id)
    return document


def _met(sources: list[Source], options: ReadOptions, tally: Tally) -> Iterator[Met]:
    for form, group in groupby(enumerate(sources), key=lambda item: item[1].form):
        numbered = list(group)
        yield from (_in_files if form == "text" else _in_rows)(numbered, options, tally)


def _in_rows(numbered: list[tuple[int, Source]], options: ReadOptions, tally: Tally) -> Iterator[Met]:
    for number, source in numbered:
        works, bad = tally.works, tally.bad
        try:
            for told in _told(source, options, tally):
                yield Met(number, source, *told)
        except Unreadable as error:
            refusal(options, tally)(error)
        if tally.bad > bad:
            tally.kept_under.add(source.id)
        elif tally.works == works and source.span is None:
            _empty(source, tally)
        tally.done += source.size


def _told(source: Source, options: ReadOptions, tally: Tally) -> Iterator[Told]:
    assert source.path is not None
    refuse = refusal(options, tally)
    if source.form == "table":
        return works_of_table(source.path, source.id, options, tally, refuse)
    return works_of_rows(source.path, source.id, options, tally, refuse, span=source.span)


def _in_files(numbered: list[tuple[int, Source]], options: ReadOptions, tally: Tally) -> Iterator[Met]:
    found = read_texts((source for _, source in numbered), options)
    for (number, source), one in zip(numbered, found, strict=True):
        if text := _text(one, options, tally):
            yield Met(number, source, 0, source.id, text, {})
        else:
            tally.kept.add(source.id)
        tally.done += source.size


def _text(one: Read, options: ReadOptions, tally: Tally) -> str | None:
    if one.error is not None:
        refusal(options, tally)(one.error)
    elif one.passed is not None:
        tally.pass_over(one.passed, one.source.place)
        tally.unread += one.source.size
    elif one.text is not None and one.text and not one.text.isspace():
        return one.text
    else:
        _empty(one.source, tally)
    return None


def _empty(source: Source, tally: Tally) -> None:
    """An empty file is passed over in a folder, and an error where it was named itself."""
    if source.root is None:
        raise InputError(f"{source.place}: holds no text: leave it out")
    tally.pass_over("empty", source.place)


def _sidecar(options: ReadOptions) -> Sidecar | None:
    if options.meta is None:
        return None
    if not options.meta.is_file():
        raise InputError(f"{options.meta}: no such file: check the path given with --meta")

    def refuse(error: Unreadable) -> None:
        raise error

    with opened(options.meta) as file:
        return Sidecar(str(options.meta), rows(file, str(options.meta), options, refuse), options)


def _nothing(sources: list[Source], tally: Tally) -> str:
    passed = ", ".join(f"{count:,} {sort}" for sort, count in sorted(tally.passed.items()))
    if tally.bad:
        passed = ", ".join(filter(None, [passed, f"{tally.bad:,} bad"]))
    seen = f" ({passed} passed over)" if passed else ""
    return f"no text to index in {len(sources):,} files{seen}: check the inputs"
