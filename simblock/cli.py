"""``simblock``: parse, call, print."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from simblock import __version__
from simblock.commands import auditing, serving
from simblock.commands import parameters as p
from simblock.commands.guarding import open_guard, read_history, sort_arguments
from simblock.errors import UsageError
from simblock_indexer import parameters as shared
from simblock_indexer.exits import run
from simblock_indexer.readers import ReadOptions

PROGRAM = "simblock"

app = typer.Typer(
    name=PROGRAM,
    help="Keeps generative models from handing out protected text.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"simblock {__version__}")
        raise typer.Exit


@app.callback()
def simblock(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Keeps generative models from handing out protected text.

    Exit codes: 0 nothing was acted on, 1 check or stream acted, 2 an error (one line on standard
    error says which), 130 interrupted.
    """


@app.command()
@shared.with_read_options(
    "kind", "language", "text_field", "id_field", "encoding", "errors", "skip_bad", "max_row"
)
def check(
    arguments: p.Arguments = None,
    *,
    prompt: p.Prompt = None,
    history: p.HistoryFile = None,
    all: Annotated[bool, typer.Option("--all", help="List matches that no rule acted on, too.")] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Show output and source side by side, and how far each figure is from its threshold; with JSON, "
            "the figures.",
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE.html",
            help="Write a page of all outputs, to be read in a browser. Needs the extra report.",
        ),
    ] = None,
    format: Annotated[
        Literal["text", "json", "sarif"] | None,
        typer.Option(
            "--format",
            metavar="text|json|sarif",
            help="How results are printed: for people, one JSON result a line, or one SARIF 2.1.0 log for code "
            "scanning. Without, text; json for rows.",
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON result for each input, one a line: --format json.")
    ] = False,
    jsonl: Annotated[
        str | None,
        typer.Option(
            "--jsonl",
            metavar="IN",
            help='Check rows {"id", "text", "prompt"?, "history"?, "kind"?, "language"?} of a JSONL file (.gz, .zst, or -); '
            "one JSON result each, in their order.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="OUT", help="Where the results of --jsonl go; standard output else."),
    ] = None,
    policy: p.PolicyFile = None,
    key_file: shared.KeyFile = None,
    options: ReadOptions,
) -> None:
    """Check files, the files of folders, standard input or rows against indexes.

    An argument is an index when it is a URL, a directory with a MANIFEST, or called \\*.sbx; the others
    are checked. A file of code is told by its name, else by its content; in all other outputs code is looked
    for, unless --kind text. Exit code 1 where something was acted on.
    """
    from simblock.commands import checking, outputs, sinks
    from simblock.commands.writing import Target, spare

    to = sinks.wanted(format, json=json, jsonl=jsonl is not None, explain=explain, out=out, report=report)
    indexes, inputs = sort_arguments(arguments or [])
    inputs = _inputs(inputs, jsonl, out)
    read = (*inputs, jsonl, prompt, history, policy, *(key_file or ()))
    spare([Target("--out", out), Target("--report", report)], read, indexes)
    before = outputs.read_prompt(prompt, options), read_history(history)
    asked = checking.Asked(inputs, jsonl, *before, all, to, options)
    raise typer.Exit(checking.check(open_guard(indexes, policy, key_file), asked))


@app.command()
@shared.with_read_options("kind", "language")
def stream(
    arguments: p.Indexes = None,
    *,
    prompt: p.Prompt = None,
    history: p.HistoryFile = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Where the JSON report goes at the end; to a name in .html, a page that explains it.",
        ),
    ] = None,
    policy: p.PolicyFile = None,
    key_file: shared.KeyFile = None,
    options: ReadOptions,
) -> None:
    """Filter standard input to standard output as it flows.

    What is not suspected goes out at once, byte for byte. When a passage is stopped the output ends
    before it, one line on standard error says why, and the exit code is 1. Code is looked for in fences
    and in lines that look like it; with --language all of the input is a file of it.
    """
    from simblock.commands import flow, outputs
    from simblock.commands.writing import Target, spare

    indexes, others = sort_arguments(arguments or [])
    if others:
        raise UsageError(f"{others[0]} is no index: stream reads standard input; simblock check reads files")
    spare([Target("--report", report)], (prompt, history, policy, *(key_file or ())), indexes)
    guard = open_guard(indexes, policy, key_file)
    before = outputs.read_prompt(prompt, ReadOptions()), read_history(history)
    raise typer.Exit(flow.flow(guard, *before, options, report))


@app.command()
@shared.with_read_options(
    "kind", "language", "text_field", "id_field", "encoding", "errors", "skip_bad", "max_row"
)
def tune(
    arguments: p.Indexes = None,
    *,
    clean: Annotated[
        list[str],
        typer.Option(
            "--clean",
            metavar="DIR|FILE|JSONL",
            help="Outputs that must not be stopped: a folder, a file, or rows as check --jsonl takes them. Give it "
            "several times for several.",
        ),
    ],
    copies: Annotated[
        list[str] | None,
        typer.Option(
            "--copies",
            metavar="DIR|FILE|JSONL",
            help="Outputs that must be stopped. Without, copies are made from the index where it stores its texts.",
        ),
    ] = None,
    false_stops: Annotated[
        float,
        typer.Option(
            "--false-stops", metavar="SHARE", help="The share of clean outputs that may be stopped."
        ),
    ] = 0.001,
    upper: Annotated[
        bool,
        typer.Option(
            "--upper", help="Hold the upper end of the 95 % interval to that share, not the estimate."
        ),
    ] = False,
    passages: Annotated[
        int, typer.Option("--passages", metavar="N", min=1, help="How many copies are made.")
    ] = 400,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="POLICY.toml", help="Where the chosen policy goes, with its figures."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file that --out names.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE.html",
            help="Write a page with the curve and what of the clean outputs is stopped. Needs the extra report.",
        ),
    ] = None,
    json: shared.Json = False,
    policy: p.PolicyFile = None,
    key_file: shared.KeyFile = None,
    options: ReadOptions,
) -> None:
    """Choose thresholds by your own outputs: the most recall for an asked share of false stops.

    Every output is measured once under the policy given, and held against a grid of thresholds. The choice is made
    on one half of the outputs and reported on the other.
    """
    from simblock.commands import tuning

    indexes, others = sort_arguments(arguments or [])
    if others:
        raise UsageError(f"{others[0]} is no index: outputs are given with --clean and --copies")
    asked = tuning.Asked(clean, copies or [], false_stops, upper, passages, out, force, report, json, options)
    tuning.tune(indexes, policy, key_file, asked)


@app.command()
def policy(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            envvar="SIMBLOCK_POLICY",
            help="A policy in TOML; without, the defaults.",
            show_default=False,
        ),
    ] = None,
    json: shared.Json = False,
) -> None:
    """Show the policy in effect: each field, its value, where it comes from, and the digest of all.

    --json prints one object: digest, policy, from.
    """
    from simblock.commands import policies

    policies.show(file, as_json=json)


@app.command()
def doctor(index: p.MaybeIndex = None, *, key_file: shared.KeyFile = None, json: shared.Json = False) -> None:
    """Show versions, extras, tokenisers and variables that are set, and check that a copy is caught here.

    With an index, also whether it can be reached, read, and opened with the key that is given, by what scheme it was
    made, and what its server warns of. Exit code 2 where a copy is not caught, or the index cannot be used. --json
    prints one object with the same parts.
    """
    from simblock.commands import doctor as examination

    raise typer.Exit(examination.show(index, key_file, as_json=json))


@app.command()
def demo(
    keep: Annotated[
        Path | None,
        typer.Option(
            "--keep", metavar="DIR", help="Make this folder, and leave the index in it to play with."
        ),
    ] = None,
    json: shared.Json = False,
) -> None:
    """Protect Python's own documentation and library, and stream outputs that copy them through the filter.

    Exit code 1 where a case does not come out as expected. --json prints one object: works, words,
    files, lexemes, bytes, bytes_of_text, bytes_of_code, seconds, passed, cases.
    """
    from simblock import demo as performance

    raise typer.Exit(performance.run(keep=keep, as_json=json))


serving.register(app)
auditing.register(app)


def _inputs(inputs: list[str], jsonl: str | None, out: Path | None) -> list[str]:
    """What is checked: standard input where nothing is named and something is piped."""
    if jsonl is not None:
        if inputs:
            raise UsageError(f"{inputs[0]}: give either files or --jsonl, not both")
        return []
    if out is not None:
        raise UsageError("--out goes with --jsonl; results of files go to standard output")
    if not inputs and sys.stdin.isatty():
        raise UsageError("nothing to check: name files, folders or - for standard input")
    return inputs or ["-"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs ``simblock`` and exits: 0, 1 when check or stream acted, 2 after one line on standard error, 130."""
    run(app, PROGRAM, arguments)


if __name__ == "__main__":
    main()
