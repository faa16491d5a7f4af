"""The arguments and options of ``simblock`` alone; what both programs share is in the indexer's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Arguments: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INDEX [FILE|FOLDER|-]",
        help="One index or several, directories or URLs of Redis, then what to check; without anything to check, "
        "standard input. "
        "Without an index, the one that SIMBLOCK_INDEX names.",
        show_default=False,
    ),
]
Indexes: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INDEX",
        help="One index or several, directories or URLs of Redis; without, the one that SIMBLOCK_INDEX names.",
        show_default=False,
    ),
]
MaybeIndex: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="[INDEX]",
        envvar="SIMBLOCK_INDEX",
        help="An index to look at, too: a directory or a URL of Redis.",
        show_default=False,
    ),
]
PolicyFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        envvar="SIMBLOCK_POLICY",
        help="A policy in TOML; its fields stand over the defaults, SIMBLOCK_POLICY__* over both.",
    ),
]
Prompt: TypeAlias = Annotated[
    Path | None,
    typer.Option("--prompt", metavar="FILE", help="What the user asked: passages that stand in it are free."),
]
HistoryFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--history",
        metavar="FILE.json",
        help='Earlier turns, [{"role": "user|assistant|system|developer|tool", "content": "…"}]: '
        "what the assistant said counts towards max_quoted, the rest is free.",
    ),
]
