"""``simblock explain``, ``report`` and ``replay``: an audit log in, what it tells out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from simblock_indexer import parameters as shared

Logs: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="AUDIT",
        help="An audit log, also one that was rotated and compressed (.gz), or - for standard input. Give several, the "
        "oldest first.",
        show_default=False,
    ),
]


def explain(
    id: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A report's id, or the beginning of it, as the header x-simblock-report-id, the log and the live page "
            "have it; or the id of a request.",
            show_default=False,
        ),
    ],
    *,
    audit: Annotated[
        list[str],
        typer.Option(
            "--audit",
            metavar="FILE",
            envvar="SIMBLOCK_AUDIT",
            help="The log that has the decision. Give it several times for several.",
        ),
    ],
    text: Annotated[
        Path | None,
        typer.Option(
            "--text",
            metavar="FILE",
            help="What the model said in one stream, all of it: passages are shown in it.",
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            "--key-file",
            metavar="FILE",
            help="The key of the log's digests: tells whether --text is what the model said.",
        ),
    ] = None,
    json: shared.Json = False,
) -> None:
    """Explain one decision of an audit log: the rule, the threshold, the distance to it, and where.

    Everything is told from the log's own line: what is protected is not asked again. --json prints the line, with the
    ways in which each match might have come to act.
    """
    from simblock.commands import decisions

    decisions.explain(id, audit, text, key_file, as_json=json)


def report(
    audit: Logs,
    *,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE.html",
            help="Write the page that the live view shows, of the whole log. Needs the extra report.",
        ),
    ] = None,
    json: shared.Json = False,
) -> None:
    """Sum up audit logs: outcomes, works, rules, routes, delays, and what was not scanned."""
    from simblock.commands import summing

    summing.report(audit, html, as_json=json)


def replay(
    audit: Logs,
    *,
    policy: Annotated[
        Path,
        typer.Option(
            "--policy",
            metavar="NEW.toml",
            help="The policy to try; SIMBLOCK_POLICY__* stand over its fields, as everywhere.",
        ),
    ],
    curve: Annotated[
        str,
        typer.Option(
            "--curve", metavar="FIELD", help="The threshold whose curve is drawn, such as code.min_tokens."
        ),
    ] = "text.min_run",
    json: shared.Json = False,
) -> None:
    """Make the decisions of audit logs again under another policy, from the logs alone.

    Shows the stops gained and lost by rule, owner and license, and how many there would be at other thresholds. What
    a log cannot know is said: shorter matches than it keeps, and what would have followed where a stream was cut.
    """
    from simblock.commands import replaying

    replaying.replay(audit, policy, curve, as_json=json)


def register(app: typer.Typer) -> None:
    """Adds the three commands."""
    for command in (explain, report, replay):
        app.command()(command)
