"""Which requests are filtered, which pass and which are refused: told by method and path alone.

Three tables: what generates, by format; what is known to be harmless; everything else is refused, since a route that
nobody thought of must not be a way round. Servers read a path in more ways than one (escapes, dots, doubled slashes,
case, parameters), so a route is what *every* reading of it is; where two differ it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple
from urllib.parse import unquote

from simblock.errors import UsageError

Kind = Literal["generation", "pass", "refuse"]
Headers = Iterable[tuple[bytes, bytes]]


class Route(NamedTuple):
    """What is done with a request: filtered as ``format``, passed, or refused.

    ``name`` is its row in a table, never the path that was asked for: labels of metrics are made of it. ``why``: a
    sentence where it is refused; where it passes ``harmless``, or ``pass_routes`` where the operator asked for it.
    """

    kind: Kind
    format: str | None = None
    name: str = "other"
    why: str = ""


class Row(NamedTuple):
    """A row of a table: methods, the path behind any base path such as ``/v1``, and its format."""

    methods: str
    path: str
    format: str | None = None


FORMATS = ("chat", "completions", "responses", "messages")
GENERATION = (
    Row("POST", "/chat/completions", "chat"),
    Row("POST", "/completions", "completions"),
    Row("POST", "/responses", "responses"),
    # stored answers, background mode, cancelling: all of them give the text
    Row("GET POST DELETE", "/responses/{id}", "responses"),
    Row("GET POST", "/responses/{id}/{rest}", "responses"),
    Row("POST", "/messages", "messages"),
)
HARMLESS = (
    Row("GET", "/models"),
    Row("GET", "/models/{rest}"),
    *(
        Row("GET", f"/{path}")
        for path in ("health", "healthz", "health/ready", "health/live", "livez", "readyz")
    ),
    *(Row("GET", f"/{path}") for path in ("ping", "version", "metrics", "docs", "redoc", "openapi.json")),
    Row("POST", "/ping"),
    *(Row("POST", f"/{path}") for path in ("embeddings", "tokenize", "detokenize", "rerank", "score")),
    *(Row("POST", f"/{path}") for path in ("moderations", "messages/count_tokens", "responses/input_tokens")),
)
"""No model speaks in what these answer. ``OPTIONS`` and ``HEAD`` pass everywhere: their answers have no body."""
BODILESS = frozenset({"OPTIONS", "HEAD"})

_DEPLOYMENT = "/openai/deployments/[^/]+"
_BASES: Mapping[Kind, str] = {
    # whatever it is: at worst too much is filtered
    "generation": "(?P<base>(?:/[^/]+)*?)",
    # no base, or one that ends in a version: /v1, /api/v1, /openai/v1
    "pass": rf"(?P<base>/api|/openai|{_DEPLOYMENT}|(?:(?:/[^/]+){{0,3}}/v[0-9][a-z0-9.]*)?)",
}
"""What servers and gateways put before the paths of the tables."""
_PARTS = {"{id}": "[^/]+", "{rest}": ".+"}
_OTHERS: Mapping[Kind, frozenset[str]] = {
    "generation": frozenset({"threads", "batches", "conversations"}),
    "pass": frozenset({"chat", "completions", "responses", "messages", "threads", "generate"}),
}
"""Behind these a path of the same ending is of another interface, and its answers are not what the table says."""
_PLAIN = re.compile(r"(?:/[A-Za-z0-9_~@:+,=-][A-Za-z0-9._~@:+,=-]*)+/?|/")
"""A path that has one reading, but for its case."""
_OVERRIDES = frozenset(
    {b"x-http-method-override", b"x-http-method", b"x-method-override", b"x-original-url", b"x-rewrite-url"}
)
"""Headers by which some servers take a request for another than its first line says."""
_MEND = "pass_routes (--pass-route) lets it pass unfiltered, where nothing generated comes from it"
AMBIGUOUS = Route(
    "refuse", name="ambiguous", why="servers read its path in several ways: ask for it in its plain form"
)
_UNKNOWN = Route("refuse", why=f"no route that is known to simblock: {_MEND}")
_NO_PATH = Route("refuse", name="no path", why="its target is no path of this server")
_OVERRIDDEN = Route(
    "refuse", name="overridden", why="a header says that another method or path is meant: leave it out"
)


class _Compiled(NamedTuple):
    methods: frozenset[str]
    pattern: re.Pattern[str]
    route: Route


class Glob(NamedTuple):
    """``METHOD /path*`` or ``/path*``: ``*`` stands for any characters, slashes too. No method: any."""

    method: str
    path: str

    @classmethod
    def parse(cls, text: str) -> Glob:
        """Raises UsageError where it is neither."""
        method, space, path = text.strip().rpartition(" ")
        if not path.startswith(("/", "*")) or (space and not re.fullmatch("[A-Za-z]+", method.strip())):
            raise UsageError(f'route {text!r}: write it as "POST /path", or "/path*" for every method')
        return cls(method.strip().upper(), path if path == "/" else path.rstrip("/"))

    @property
    def exact(self) -> bool:
        """Whether it names one path."""
        return not set(self.path) & set("*?[")

    def fits(self, method: str, path: str) -> bool:
        return self.method in {"", method} and fnmatchcase(path, self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}".strip()


class Routes:
    """The tables, with what the operator adds.

    ``pass_routes`` are globs of what passes unfiltered. A generation route stays filtered under a glob that covers it,
    and passes only where it is named in full. ``generation_routes`` map an application's own paths to a format.
    Raises UsageError for a route or a format that cannot be meant.
    """

    def __init__(
        self, pass_routes: Sequence[str] = (), generation_routes: Mapping[str, str] | None = None
    ) -> None:
        self._passing = [Glob.parse(text) for text in pass_routes]
        self._own = [(Glob.parse(text), name) for text, name in (generation_routes or {}).items()]
        for glob, name in self._own:
            if name not in FORMATS:
                raise UsageError(f"route {glob}: format {name!r} is none of {', '.join(FORMATS)}")
        # the harmless first: counting the tokens of a response stands among its answers
        self._rows = [_compiled(row, "pass") for row in HARMLESS]
        self._rows += [_compiled(row, "generation") for row in GENERATION]

    def of(self, method: str, path: str | bytes, headers: Headers = ()) -> Route:
        """The route of a request; ``path`` as it stands in its first line, escapes and all, without its query."""
        if any(name.lower() in _OVERRIDES for name, _ in headers):
            return _OVERRIDDEN
        raw = path.decode("latin-1") if isinstance(path, bytes) else path
        if not raw.startswith("/"):
            return _NO_PATH
        found = {self._of(method.upper(), reading) for reading in readings(raw)}
        return found.pop() if len(found) == 1 else AMBIGUOUS

    def listed(self) -> Mapping[str, list[str]]:
        """The tables for people: what is filtered and what passes."""
        filtered = [f"{row.methods.replace(' ', '|')} {row.path} ({row.format})" for row in GENERATION]
        filtered += [f"{glob} ({name})" for glob, name in self._own]
        passed = [f"{row.methods} {row.path}" for row in HARMLESS]
        return {
            "filtered": filtered,
            "passed": [*passed, "OPTIONS *", "HEAD *"],
            "passed, as asked": [str(glob) for glob in self._passing],
        }

    def _of(self, method: str, path: str) -> Route:
        path = path.rstrip("/") or "/"
        return (
            self._owned(method, path)
            or self._passed(method, path, exact=True)
            or (Route("pass", name=method, why="harmless") if method in BODILESS else None)
            or self._tabled(method, path)
            or self._passed(method, path, exact=False)
            or _UNKNOWN
        )

    def _owned(self, method: str, path: str) -> Route | None:
        return next((Route("generation", to, str(g)) for g, to in self._own if g.fits(method, path)), None)

    def _passed(self, method: str, path: str, *, exact: bool) -> Route | None:
        fitting = (glob for glob in self._passing if glob.exact is exact and glob.fits(method, path))
        return next((Route("pass", name=str(glob), why="pass_routes") for glob in fitting), None)

    def _tabled(self, method: str, path: str) -> Route | None:
        for row in self._rows:
            match = row.pattern.fullmatch(path) if method in row.methods else None
            if match and not _OTHERS[row.route.kind] & set(match["base"].split("/")):
                return row.route
        return None


def readings(raw: str) -> set[str]:
    """The paths that servers may take ``raw`` for: as it is, unescaped once or twice, tidied up, in small letters."""
    if _PLAIN.fullmatch(raw):
        lower = raw.lower()
        return {raw, lower}
    once = unquote(raw)
    seen = {raw, once, unquote(once)}
    if (
        not raw.isprintable()
        or not raw.isascii()
        or set(raw) & set("#\\ ")
        or any("\ufffd" in path for path in seen)
    ):
        return {raw, "of a form that no two servers agree on"}
    tidied = {_tidied(path) for path in seen}
    return {reading for path in seen | tidied for reading in (path, path.lower())}


def _tidied(path: str) -> str:
    """Without parameters, doubled slashes and dots; backslashes, which some servers take for slashes, as these."""
    parts: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        name = part.partition(";")[0].split("\0")[0]
        if name == "..":
            del parts[-1:]
        elif name not in {"", "."}:
            parts.append(name)
    return "/" + "/".join(parts)


def _compiled(row: Row, kind: Kind) -> _Compiled:
    pattern = re.escape(row.path)
    for name, part in _PARTS.items():
        pattern = pattern.replace(re.escape(name), part)
    name = row.path.removesuffix("/{rest}") if kind == "pass" else row.path
    return _Compiled(
        frozenset(row.methods.split()),
        re.compile(_BASES[kind] + pattern),
        Route(kind, row.format, name, "harmless" if kind == "pass" else ""),
    )


__all__ = ["FORMATS", "GENERATION", "HARMLESS", "Glob", "Route", "Routes", "readings"]
