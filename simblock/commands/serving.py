"""``simblock serve`` and ``simblock proxy``: options in, a server until a signal ends it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from inspect import Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from simblock.commands import parameters as p
from simblock.commands.guarding import sort_arguments
from simblock.errors import MissingExtra, UsageError
from simblock_indexer import parameters as shared

if TYPE_CHECKING:
    from simblock.server.service import Fact

WIDTH = 22

MaybeUpstream: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--upstream",
        metavar="URL",
        help="The model server to stand before: http[s]://HOST:PORT, and a prefix where its paths have one.",
    ),
]
Upstream: TypeAlias = Annotated[
    str,
    typer.Option(
        "--upstream",
        metavar="URL",
        help="The model server to stand before: http[s]://HOST:PORT, and a prefix where its paths have one.",
    ),
]
IndexOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--index",
        metavar="INDEX",
        help="An index, a directory or a URL of Redis; give it several times for several. Without, the one that "
        "SIMBLOCK_INDEX names.",
    ),
]
Listen: TypeAlias = Annotated[
    str,
    typer.Option(
        "--listen", metavar="HOST:PORT", help="Where clients come. Port 0 takes any free one, and is printed."
    ),
]
AdminOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--admin",
        metavar="HOST:PORT",
        help="Where those come who run it: /metrics, /healthz, /readyz, and the live page. Without, nowhere.",
    ),
]
Audit: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--audit",
        metavar="FILE",
        envvar="SIMBLOCK_AUDIT",
        help="The log that gets a line for each decision, none of them with text.",
    ),
]
Evidence: TypeAlias = Annotated[
    bool,
    typer.Option("--evidence", help="With --audit: write the matched text of outputs into it, too."),
]
AuditKey: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--audit-key",
        metavar="FILE",
        envvar="SIMBLOCK_AUDIT_KEY",
        help="With --audit: write digests of outputs into it, by this key file, so that explain can tell a text again.",
    ),
]
AuditRequired: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--audit-required",
        help="With --audit: let no answer begin while it cannot be written. Without, what is lost is counted.",
    ),
]
PassRoute: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--pass-route",
        metavar="[METHOD] PATH",
        help='Let pass unfiltered what would be refused: "GET /" or "/api/*"; * stands for anything.',
    ),
]
GenerationRoute: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--generation-route",
        metavar="[METHOD] PATH=FORMAT",
        help='Filter a path of the server\'s own, too: "POST /ask=chat". Formats: chat, completions, responses, messages.',
    ),
]
Ending: TypeAlias = Annotated[
    Literal["filter", "stop"] | None,
    typer.Option(
        "--ending",
        metavar="filter|stop",
        help="How a stopped answer ends: as filtered, in its format's words, or as if it were whole, with the notice. By default as filtered.",
    ),
]
Notice: TypeAlias = Annotated[
    str | None,
    typer.Option("--notice", metavar="TEXT", help="What a client reads in the place of what was withheld."),
]
ShowSources: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--show-sources",
        help="Name the works to clients where they are withheld, not only where they are cited.",
    ),
]
ReportToClients: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--report-to-clients", help="Give clients the whole report, in the field simblock of an answer."
    ),
]
Regenerate: TypeAlias = Annotated[
    int,
    typer.Option(
        "--regenerate",
        metavar="K",
        min=0,
        max=5,
        help="Ask the model up to so many times for another answer in the place of a stopped one.",
    ),
]
TenantHeader: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--tenant-header",
        metavar="NAME",
        help="The header that tells the tenant, for rules by tenant; only where clients cannot set it themselves.",
    ),
]
Checks: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--checks/--no-checks",
        help="Offer POST /v1/check and LiteLLM's endpoint on --listen. By default only without --upstream.",
    ),
]
ConnectTimeout: TypeAlias = Annotated[
    float,
    typer.Option(
        "--connect-timeout",
        metavar="SECONDS",
        min=0.001,
        help="How long a connection to --upstream may take.",
    ),
]
ReadTimeout: TypeAlias = Annotated[
    float,
    typer.Option(
        "--read-timeout",
        metavar="SECONDS",
        min=0.001,
        help="How long --upstream may be silent. A whole answer may take as long as it takes.",
    ),
]
Drain: TypeAlias = Annotated[
    float,
    typer.Option(
        "--drain",
        metavar="SECONDS",
        min=0,
        help="How long running answers may go on after SIGTERM, before they are cut.",
    ),
]
DrainNotice: TypeAlias = Annotated[
    float,
    typer.Option(
        "--drain-notice",
        metavar="SECONDS",
        min=0,
        help="How long connections are still taken after SIGTERM, while /readyz says already that it is over.",
    ),
]


def _options(
    *,
    listen: Listen = "127.0.0.1:8080",
    admin: AdminOption = None,
    checks: Checks = None,
    policy: p.PolicyFile = None,
    key_file: shared.KeyFile = None,
    audit: Audit = None,
    evidence: Evidence = False,
    audit_key: AuditKey = None,
    audit_required: AuditRequired = False,
    pass_route: PassRoute = None,
    generation_route: GenerationRoute = None,
    ending: Ending = None,
    notice: Notice = None,
    show_sources: ShowSources = False,
    report_to_clients: ReportToClients = False,
    regenerate: Regenerate = 0,
    tenant_header: TenantHeader = None,
    connect_timeout: ConnectTimeout = 10.0,
    read_timeout: ReadTimeout = 600.0,
    drain: Drain = 30.0,
    drain_notice: DrainNotice = 0.0,
) -> dict[str, Any]:
    """The options that both commands have, by their names."""
    return dict(locals())


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Makes a command that takes ``options`` into one with each of them."""
    both = list(signature(_options, eval_str=True).parameters.values())

    def run(**values: Any) -> None:
        options = {parameter.name: values.pop(parameter.name) for parameter in both}
        command(options=options, **values)

    own = signature(command, eval_str=True).parameters.values()
    parameters = [parameter for parameter in own if parameter.name != "options"] + both
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


@_with_options
def serve(arguments: p.Indexes = None, *, upstream: MaybeUpstream = None, options: dict[str, Any]) -> None:
    """Check texts over HTTP; with --upstream, stand before a model server and filter what it says.

    Without --upstream: POST /v1/check, and the endpoint of LiteLLM's generic guardrail. With it, routes that generate
    are filtered, those known to be harmless pass, and all others are refused, each of them listed at the start. The
    policy is read again when its file changes. SIGTERM lets running answers end.
    """
    indexes, others = sort_arguments(arguments or [])
    if others:
        raise UsageError(f"{others[0]} is no index: serve takes indexes alone")
    _start(indexes, upstream, options)


@_with_options
def proxy(*, upstream: Upstream, index: IndexOption = None, options: dict[str, Any]) -> None:
    """Stand before a model server and filter what it says: serve with --upstream, by another name."""
    indexes, others = sort_arguments(index or [])
    if others:
        raise UsageError(
            f"--index {others[0]} is no index: give a directory that simblock-index build made, or a URL"
        )
    _start(indexes, upstream, options)


def register(app: typer.Typer) -> None:
    """Adds both commands."""
    app.command()(serve)
    app.command()(proxy)


def _start(indexes: Sequence[str], upstream: str | None, given: Mapping[str, Any]) -> None:
    from simblock.server.running import Address, Patience
    from simblock.server.service import Wanted, start
    from simblock.server.upstream import Timeouts

    _needed(upstream)
    admin = given["admin"]
    start(
        Wanted(
            _settings(indexes, given),
            upstream,
            Address.parse(given["listen"], "--listen"),
            None if admin is None else Address.parse(admin, "--admin"),
            given["checks"],
            Timeouts(given["connect_timeout"], given["read_timeout"]),
            Patience(given["drain_notice"], given["drain"]),
        ),
        _say,
    )


def _settings(indexes: Sequence[str], given: Mapping[str, Any]) -> Any:
    """The settings of the options; what is left out is the environment's, or the default."""
    from simblock.serving.settings import Settings

    fields = {
        "index": tuple(indexes),
        "policy": given["policy"],
        "key_file": tuple(given["key_file"] or ()),
        "audit": given["audit"],
        "evidence": given["evidence"],
        "audit_key": given["audit_key"],
        "audit_required": given["audit_required"],
        "ending": given["ending"],
        "show_sources": given["show_sources"],
        "show_report": given["report_to_clients"],
        "regenerate": given["regenerate"],
        "notice": given["notice"],
        "pass_routes": tuple(given["pass_route"] or ()),
        "generation_routes": dict(map(_own_route, given["generation_route"] or ())),
        "tenant_header": given["tenant_header"],
    }
    settings = Settings(**{name: value for name, value in fields.items() if value})
    if settings.audit is None and (settings.audit_required or settings.audit_key):
        option = "--audit-required" if settings.audit_required else "--audit-key"
        raise UsageError(f"{option} without an audit log: name its file with --audit")
    return settings


def _own_route(text: str) -> tuple[str, str]:
    route, equals, name = text.rpartition("=")
    if not equals:
        raise UsageError(f'--generation-route {text!r}: write it as "POST /ask=chat"')
    return route.strip(), name.strip()


def _needed(upstream: str | None) -> None:
    """Raises MissingExtra before anything is opened."""
    try:
        import uvicorn  # noqa: F401

        if upstream is not None:
            import aiohttp  # noqa: F401
    except ImportError:
        raise MissingExtra("simblock serve", "serve") from None


def _say(fact: Fact) -> None:
    print(f"{fact.name + ':':{WIDTH}}{fact.value}")
    sys.stdout.flush()


__all__ = ["proxy", "register", "serve"]
