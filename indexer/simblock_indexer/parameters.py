"""The arguments and options that several commands share, those of ``simblock`` too, each with its help."""

from __future__ import annotations

import os
from collections.abc import Callable
from inspect import Signature, signature
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from simblock_indexer.readers import ReadOptions
from simblock_indexer.readers.options import MIB, ErrorChoice, KindChoice

AN_INDEX = "a directory, such as protected.sbx, or a URL of Redis"

IndexName: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="INDEX", help=f"The index: {AN_INDEX}.", show_default=False),
]
OnlyIndex: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="INDEX",
        envvar="SIMBLOCK_INDEX",
        help=f"The index: {AN_INDEX}.",
        show_default=False,
    ),
]
Inputs: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Files, folders, git work trees, .jsonl[.gz|.zst] with a row a work, quoted globs, or - for standard input.",
        show_default=False,
    ),
]
KeyFile: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        envvar="SIMBLOCK_KEY_FILE",
        help="The key of a keyed index (made by simblock-index keygen). Of several, each index takes its own: give it "
        f"several times, or name them in the variable with {os.pathsep} between them.",
    ),
]
NoKey: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--no-key",
        help="Without a key, where whoever reads the store may read the works' words: in Redis that must be said.",
    ),
]
NewKeyFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--new-key-file", metavar="FILE", help="The key of the new index, where it is to be another."
    ),
]
KindOption: TypeAlias = Annotated[
    KindChoice,
    typer.Option(
        "--kind",
        metavar="auto|text|code",
        help="What the inputs are; auto tells code from text by a file's name, then by its content (dedup: with --detect).",
    ),
]
LanguageOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="NAME",
        help="The language of code that has none of its own: -, rows, files whose names say none; "
        "in folders with --kind code. All of the input is then a file of it: leave it out for answers with fences.",
    ),
]
IdOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--id", metavar="ID", help="The id of the one work given as - or as a single file."),
]
TextField: TypeAlias = Annotated[
    str, typer.Option("--text-field", metavar="NAME", help="The field of a row that holds its text.")
]
IdField: TypeAlias = Annotated[
    str,
    typer.Option(
        "--id-field",
        metavar="NAME",
        help="The field of a row that holds its id; a row without one is called FILE#line.",
    ),
]
Meta: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--meta",
        metavar="WORKS.JSONL",
        help='What is known about works: rows {"id": …} with any of title, owner, license, url, tags, kind, language, expires.',
    ),
]
Encoding: TypeAlias = Annotated[
    str,
    typer.Option("--encoding", metavar="NAME", help="How the inputs are encoded: utf-8, utf-16, latin-1 …"),
]
Errors: TypeAlias = Annotated[
    ErrorChoice,
    typer.Option(
        "--errors",
        metavar="strict|replace",
        help="Bytes that are not in the encoding: an error, or replaced by a sign that matches nothing.",
    ),
]
SkipBad: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--skip-bad", help="Pass over files and rows that cannot be read, list them, and go on with the rest."
    ),
]
MaxRow: TypeAlias = Annotated[
    int,
    typer.Option(
        "--max-row", metavar="MIB", min=1, help="The longest row, or file that is one text, in MiB."
    ),
]
Expires: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--expires",
        metavar="DATE",
        help="The day (YYYY-MM-DD, UTC) from which works without a date of their own stop counting.",
    ),
]
Reason: TypeAlias = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why, for the index's log.")
]
Workers: TypeAlias = Annotated[
    int,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="Processes that tokenise code, and threads that read files ahead; text gains little from them.",
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Verbose: TypeAlias = Annotated[
    bool, typer.Option("-v", "--verbose", help="List every name that is only counted otherwise.")
]
WorkIds: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="WORK_ID", help="Ids of works, as list shows them; - reads one a line.", show_default=False
    ),
]
WorkId: TypeAlias = Annotated[
    str, typer.Argument(metavar="WORK_ID", help="The id of a work, as list shows it.", show_default=False)
]
Store: TypeAlias = Annotated[
    bool, typer.Option("--store-text", help="Keep the texts in the index too: about 40 % of their size more.")
]
Shard: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Index only share I, from 0, of N of about equal size of the inputs; simblock-index merge makes one "
        "index of all N.",
        show_default=False,
    ),
]
Partial: TypeAlias = Annotated[
    bool, typer.Option("--partial", help="Go on without the shards that are not named.")
]
Purge: TypeAlias = Annotated[
    bool,
    typer.Option("--purge", help="Write the index anew now, so that nothing of the works stays on disk."),
]
Prune: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--prune",
        help="Remove works whose ids begin with the name of a folder given here and whose files are gone.",
    ),
]

ClearMeta: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--clear-meta",
        help="Forget what is stored about the works given here and not said this time: title, owner, expires …",
    ),
]


def read_options(
    *,
    kind: KindOption = "auto",
    language: LanguageOption = None,
    meta: Meta = None,
    id: IdOption = None,
    text_field: TextField = "text",
    id_field: IdField = "id",
    encoding: Encoding = "utf-8",
    errors: Errors = "strict",
    skip_bad: SkipBad = False,
    max_row: MaxRow = 256,
    expires: Expires = None,
    reason: Reason = None,
    workers: Workers = 1,
) -> ReadOptions:
    """The options of a reading as the command line gives them."""
    return ReadOptions(
        kind=kind,
        language=language,
        meta=meta,
        id=id,
        text_field=text_field,
        id_field=id_field,
        encoding=encoding,
        errors=errors,
        skip_bad=skip_bad,
        max_row=max_row * MIB,
        expires=expires,
        reason=reason,
        workers=workers,
    )


Command: TypeAlias = Callable[..., None]


def with_read_options(*names: str) -> Callable[[Command], Command]:
    """Makes commands that take ``options: ReadOptions`` into ones with the options of :func:`read_options`.

    With ``names`` only with those of them.
    """
    every = signature(read_options, eval_str=True).parameters
    shared = [every[name] for name in names or every]

    def decorate(command: Command) -> Command:
        def run(**values: Any) -> None:
            read = {parameter.name: values.pop(parameter.name) for parameter in shared}
            command(options=read_options(**read), **values)

        own = signature(command, eval_str=True).parameters.values()
        parameters = [parameter for parameter in own if parameter.name != "options"] + shared
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate
