"""The arguments and options that several commands share, each with its help."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer


class Kind(Enum):
    """What an output is."""

    auto = "auto"
    text = "text"
    code = "code"


class OnError(Enum):
    """What happens to bytes that the encoding does not have."""

    strict = "strict"
    replace = "replace"


Arguments: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INDEX [FILE|FOLDER|-]",
        help="One index or several, then what to check; without anything to check, standard input. "
        "Without an index, the one that SIMBLOCK_INDEX names.",
        show_default=False,
    ),
]
Indexes: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INDEX",
        help="One index or several; without, the one that SIMBLOCK_INDEX names.",
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
KeyFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        envvar="SIMBLOCK_KEY_FILE",
        help="The key of a keyed index (made by simblock-index keygen).",
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
        help='Earlier turns, [{"role": "user|assistant|system|tool", "content": "…"}]: '
        "what the assistant said counts towards max_quoted, the rest is free.",
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Encoding: TypeAlias = Annotated[
    str, typer.Option("--encoding", metavar="NAME", help="How files are encoded: utf-8, utf-16, latin-1 …")
]
Errors: TypeAlias = Annotated[
    OnError,
    typer.Option(
        "--errors",
        help="Bytes that are not in the encoding: an error, or replaced by a sign that matches nothing.",
    ),
]
SkipBad: TypeAlias = Annotated[
    bool, typer.Option("--skip-bad", help="Pass over files and rows that cannot be read, and list them.")
]
KindOption: TypeAlias = Annotated[
    Kind, typer.Option("--kind", help="What is checked: auto means text; code comes with the next release.")
]
Language: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--language", metavar="NAME", help="The language of code; comes with --kind code in the next release."
    ),
]
MaxRow: TypeAlias = Annotated[
    int, typer.Option("--max-row", metavar="MIB", min=1, help="The longest row or file, in MiB.")
]
