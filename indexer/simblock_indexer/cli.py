"""``simblock-index``: parse, call, print."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from simblock_indexer import inspecting
from simblock_indexer import parameters as p
from simblock_indexer.dedup.command import dedup
from simblock_indexer.dedup.locate import locate
from simblock_indexer.exits import left_as_it_was, run
from simblock_indexer.indexes import shown
from simblock_indexer.progress import bar, transfer
from simblock_indexer.readers import ReadOptions

PROGRAM = "simblock-index"

app = typer.Typer(
    name=PROGRAM,
    help="Builds and keeps indexes of protected works for simblock.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.command()
@p.with_read_options()
def build(
    inputs: p.Inputs,
    *,
    options: ReadOptions,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            metavar="INDEX",
            help=f"Where the index will stand: {p.AN_INDEX}; nothing may be there yet.",
        ),
    ],
    store_text: p.Store = False,
    shard: p.Shard = None,
    key_file: p.KeyFile = None,
    no_key: p.NoKey = False,
    verbose: p.Verbose = False,
    json: p.Json = False,
) -> None:
    """Make a new index of the works in files, folders, JSONL files or git work trees.

    A file is one work, called by its name; a file of a folder is called by its path, the folder's
    own name first; a row by its id. In folders, binary and empty files are counted and passed over,
    and in git work trees what git ignores. Code is told by a file's extension, else by its content;
    its license and owner are read from its header, or from the LICENSE of the nearest folder.
    --json prints one object: index, epoch, changed, added, replaced, metadata, untouched, removed,
    words, lexemes, characters, bytes, seconds, languages, lexer_alone, generic, passed, passed_names, bad, problems, short,
    common, unused_columns, notes.
    """
    from simblock_indexer import allocation, building, reporting

    allocation.keep_freed_memory()

    with left_as_it_was(out), bar(wanted=not json) as watch:
        report = building.build(
            inputs,
            out,
            options,
            key_file=key_file,
            no_key=no_key,
            store_text=store_text,
            shard=shard,
            watch=watch,
        )
    reporting.show(report, json=json, all=verbose)


@app.command()
@p.with_read_options()
def add(
    index: p.IndexName,
    inputs: p.Inputs,
    *,
    options: ReadOptions,
    prune: p.Prune = False,
    clear_meta: p.ClearMeta = False,
    key_file: p.KeyFile = None,
    verbose: p.Verbose = False,
    json: p.Json = False,
) -> None:
    """Add works to an index, or replace those whose text or metadata changed.

    Running readers see them within a second. What is the same stays untouched: run twice, the second
    time changes nothing. Titles, owners and the rest that is known of a work stay until another is
    given, by --meta or a column. --json prints the same object as build.
    """
    from simblock_indexer import allocation, building, reporting

    allocation.keep_freed_memory()

    with left_as_it_was(index), bar(wanted=not json) as watch:
        report = building.add(
            index, inputs, options, prune=prune, clear_metadata=clear_meta, key_file=key_file, watch=watch
        )
    reporting.show(report, json=json, all=verbose)


@app.command()
def remove(
    index: p.IndexName,
    work_ids: p.WorkIds,
    *,
    purge: p.Purge = False,
    reason: p.Reason = None,
    key_file: p.KeyFile = None,
    json: p.Json = False,
) -> None:
    """Remove works from an index; all of them or, where an id is not there, none.

    --json prints the same object as build.
    """
    from simblock_indexer import allocation, building, reporting

    allocation.keep_freed_memory()

    ids = [line.rstrip("\n") for line in sys.stdin] if work_ids == ["-"] else work_ids
    with left_as_it_was(index):
        report = building.remove(index, ids, purge=purge, reason=reason, key_file=key_file)
    reporting.show(report, json=json)


@app.command()
def rebuild(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="The index to read; it stays.", show_default=False)
    ],
    new: Annotated[
        str, typer.Argument(metavar="NEW", help="Where the new one will stand.", show_default=False)
    ],
    *,
    key_file: p.KeyFile = None,
    new_key_file: p.NewKeyFile = None,
    no_key: p.NoKey = False,
    json: p.Json = False,
) -> None:
    """Make an index anew from what an old one stores, with today's scheme and without removed works.

    --json prints the same object as build.
    """
    from simblock_indexer import allocation, building, reporting

    allocation.keep_freed_memory()

    with left_as_it_was(new):
        report = building.rebuild(old, new, key_file=key_file, new_key_file=new_key_file, no_key=no_key)
    reporting.show(report, json=json)


@app.command()
def merge(
    shards: Annotated[
        list[str],
        typer.Argument(
            metavar="SHARD",
            help="Directories of shards (build --shard), in any order, or of other indexes of one key and scheme; they stay.",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            metavar="INDEX",
            help="Where the one index will stand: a directory; nothing may be there yet.",
        ),
    ],
    partial: p.Partial = False,
    key_file: p.KeyFile = None,
    json: p.Json = False,
) -> None:
    """Make one index of shards that were built apart: what building all inputs at once would have made.

    Texts are not read again. Shards that are small are written anew as one segment; large ones are taken over as they
    are, by hard links where the file system allows. A shard that is missing, two of one number, and two works of one id are errors.
    --json prints the same object as build.
    """
    from simblock_indexer import allocation, building, reporting

    allocation.keep_freed_memory()

    with left_as_it_was(out), transfer(wanted=not json) as watch:
        report = building.merge(shards, out, partial=partial, key_file=key_file, watch=watch)
    reporting.show(report, json=json)


@app.command()
def sync(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="The index to read; it stays.", show_default=False)
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="Where it is brought: a directory or a URL of Redis; nothing, or an earlier copy of that index.",
            show_default=False,
        ),
    ],
    *,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Go on, and bring each change within a second, until interrupted."),
    ] = False,
    anew: Annotated[
        bool,
        typer.Option("--anew", help="Bring all of it, also what the target has: it may be damaged or lost."),
    ] = False,
    key_file: p.KeyFile = None,
    no_key: p.NoKey = False,
    json: p.Json = False,
) -> None:
    """Make one index a copy of another, from directories and Redis to either: the same works, epochs, log and key.

    Only what the target lacks is brought (by its manifest; --anew brings all), and it changes at once. With --follow it is kept so: where a place cannot
    be reached, the target stays as it is, standard error says so once and each minute, and it goes on by itself;
    it says, too, when changes come faster than they are brought.
    Ctrl-C ends it with 130 as everywhere, SIGTERM with 0. --json prints one object, and while following another for
    each change that was brought: source, target, files, bytes, epoch, changed, seconds (null while following).
    """
    from simblock_indexer import syncing

    where = syncing.places(source, target, key_file, no_key=no_key)
    with left_as_it_was(target), transfer(wanted=not json) as watch:
        done = syncing.once(where, watch, anew=anew)
    if follow:
        syncing.follow(where, done, json=json)
    else:
        syncing.show(where, *done, json=json)


@app.command()
def drop(
    index: Annotated[
        str,
        typer.Argument(
            metavar="INDEX",
            help="The URL of the index; with scheme= where there are several.",
            show_default=False,
        ),
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Yes, remove it for good.")] = False,
    json: p.Json = False,
) -> None:
    """Remove an index from Redis: all that is stored of one tenant under one scheme.

    Needed after an upgrade, when no server reads the old scheme any more. Running readers of it report that it is
    gone; they never take it for empty. --json prints one object: index, scheme, records.
    """
    from simblock_indexer import dropping
    from simblock_indexer.tables import emit, say

    scheme, records = dropping.drop(index, sure=yes)
    if json:
        emit({"index": shown(index), "scheme": scheme, "records": records})
    else:
        say(f"{shown(index)}: the index of scheme {scheme} is removed ({records:,} records)")


@app.command()
def keygen(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Where the key goes; never overwritten.", show_default=False),
    ],
) -> None:
    """Make a key file for indexes that give nothing away to who lacks it.

    Keep it apart from the index, and keep a copy: without it a keyed index cannot be read.
    """
    from simblock.stores import keys
    from simblock_indexer.tables import say

    keys.generate(file)
    say(f"{file} holds a new key: keep it apart from the index, and keep a copy")


for command in (
    inspecting.list_works,
    inspecting.show,
    inspecting.log,
    inspecting.stat,
    inspecting.verify,
    dedup,
    locate,
):
    app.command({"list_works": "list"}.get(command.__name__, command.__name__))(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs ``simblock-index`` and exits: 0, 2 after one line on standard error, 130 when interrupted."""
    run(app, PROGRAM, arguments)


if __name__ == "__main__":
    main()
