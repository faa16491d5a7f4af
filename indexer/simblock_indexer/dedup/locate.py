"""``simblock-index locate``: its options, and what it prints."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simblock_indexer import parameters as p
from simblock_indexer.readers import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simblock_indexer.dedup.located import Place, Sums

FEW = 50
"""Places that are listed without -v."""


@p.with_read_options(
    "kind", "language", "id", "text_field", "id_field", "encoding", "errors", "skip_bad", "max_row", "workers"
)
def locate(
    work: Annotated[
        str,
        typer.Argument(
            metavar="WORK",
            help="The work: a file, or several in a folder, JSONL file or git work tree, or - with --id; "
            "with --index the id of a work of it.",
            show_default=False,
        ),
    ],
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="The training data: JSONL (also .gz and .zst) or Parquet; files, folders of them, quoted globs, or URLs.",
            show_default=False,
        ),
    ],
    *,
    options: ReadOptions,
    index: Annotated[
        str | None,
        typer.Option(
            "--index",
            metavar="INDEX",
            help=f"The index that has the work: {p.AN_INDEX}. What it stores is enough, no text is needed.",
        ),
    ] = None,
    min_tokens: Annotated[
        int | None,
        typer.Option(
            "--min-tokens",
            metavar="N",
            min=8,
            help="Places with so many words or lexemes alike are told; by default as many as the policy says.",
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            metavar="FILE",
            envvar="SIMBLOCK_POLICY",
            help="The policy whose figures say what is alike; its actions do not matter.",
        ),
    ] = None,
    key_file: p.KeyFile = None,
    verbose: p.Verbose = False,
    json: p.Json = False,
) -> None:
    """Say where in training data a work appears: in which rows of which files, verbatim or as a near copy.

    Told is what a policy would act upon in an answer, and every 16 words (of code 30 lexemes) in a row, renamed too.
    Sums by file say which shards hold how much of the work. Where it appears nowhere, that is said, and it is no error.
    --json prints an object for each place: file, row, id, work, title, kind, language, similarity, tokens, longest_run,
    information, channel, verbatim, renamed, spans, output, source; then one with the sums: documents, characters, bad,
    problems, places, rows, tokens, longest_run, files, works.
    """
    from simblock.stores.reader import StoredIndex
    from simblock_indexer import allocation
    from simblock_indexer.dedup import locating
    from simblock_indexer.dedup.located import Sums
    from simblock_indexer.progress import stages

    allocation.keep_freed_memory()
    judged = locating.policy_of(policy, min_tokens)  # first: a wrong policy is told at once
    works = locating.works_of([work], options, index, key_file)
    # A look at what rows hold takes longer than all the rest, and makes no difference to works of text.
    detect = bool(StoredIndex(works).languages)
    reading, sums = replace(options, id=None, detect=detect), Sums()
    with stages(wanted=not json) as watch:
        found = locating.locate(works, inputs, reading, judged, sums, workers=options.workers, watch=watch)
        if json:
            _emit(found)
        else:
            listed = list(islice(found, None if verbose else FEW))
            for _ in found:  # the rest is summed up
                pass
    _conclude(sums) if json else _show(listed, sums)


def _emit(found: Iterator[Place]) -> None:
    from simblock_indexer.tables import emit

    for place in found:
        emit(place.to_dict())


def _conclude(sums: Sums) -> None:
    from simblock_indexer.tables import emit

    emit(sums.to_dict())


def _show(listed: list[Place], sums: Sums) -> None:
    from simblock_indexer.tables import counted, listing, say

    gone = counted(sums.documents, "document")
    if sums.places:
        _show_places(listed, sums)
        _show_files(sums)
        works, held = counted(len(sums.works), "work"), sums.held
        say(f"{counted(held.rows, 'row')} of {gone}, with {counted(held.tokens, 'token')} of {works}")
    else:
        say(f"nowhere: {gone}, and no passage of it in any")
    listing("bad rows passed over: {count}", sums.problems, sums.bad, all=False)


def _show_places(listed: list[Place], sums: Sums) -> None:
    from simblock_indexer.tables import Column, say, table

    several = len(sums.works) > 1
    numbers = (Column(name, "right") for name in ("alike", "tokens", "longest run"))
    work = [Column("work")] if several else []
    first = [Column("file"), Column("row", "right"), Column("id"), *work]
    table([*first, *numbers, Column("as"), Column("characters", "right")], (_row(p, several) for p in listed))
    if sums.places > len(listed):
        say(f"  … and {sums.places - len(listed):,} more (-v lists them)")
    say("")


def _row(place: Place, several: bool) -> list[object]:
    start, end = min(span[0] for span in place.spans), max(span[1] for span in place.spans)
    how = "verbatim" if place.verbatim else "renamed" if place.renamed else "edited"
    figures = [f"{place.similarity:.2f}", f"{place.tokens:,}", f"{place.longest_run:,}"]
    work = [place.work] if several else []
    return [place.file, f"{place.row:,}", place.id or "", *work, *figures, how, f"{start:,} to {end:,}"]


def _show_files(sums: Sums) -> None:
    from simblock_indexer.tables import Column, number, table

    numbers = (Column(name, "right") for name in ("rows", "tokens", "longest run"))
    rows = (
        (file, number(held.rows), number(held.tokens), number(held.longest_run))
        for file, held in sums.files.items()
    )
    table([Column("file"), *numbers], rows)
