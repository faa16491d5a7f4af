"""Where an index in Redis stands, read from its URL.

``redis://HOST:PORT/DATABASE``, ``rediss://`` (TLS), ``redis+sentinel://H1:26379,H2:26379/SERVICE/DATABASE``,
``redis+cluster://H1:6379,H2:6379``, each with ``USER:PASSWORD@`` before the hosts and options behind a
question mark. A password is better given by ``SIMBLOCK_REDIS_PASSWORD``: what stands on a command line
is seen by every user of the machine.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote

from simblock.errors import UsageError

__all__ = ["Address", "Tls", "is_url"]

_Kind = Literal["single", "sentinel", "cluster"]
_SCHEMES: dict[str, tuple[_Kind, int]] = {
    "redis": ("single", 6379),
    "rediss": ("single", 6379),
    "redis+sentinel": ("sentinel", 26379),
    "redis+cluster": ("cluster", 6379),
}
_TENANT = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<name>[^\[\]:\s]+))(?::(?P<port>[0-9]{1,5}))?")
_WHOLE = re.compile(r"[0-9]{1,9}")
_OPTION = re.compile(r"[A-Za-z_-]{1,24}")
"""What is shown of an option that is not known: anything else may be part of a password."""
_CREDENTIALS = {"auth", "pass", "passwd", "password", "user", "username"}
_YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Tls:
    """How servers prove who they are, and this client to them: PEM files.

    ``verify`` is True unless the URL says ``verify=none``: then anybody who can answer at that address
    is believed, which is for tests alone.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    verify: bool = True


@dataclass(frozen=True, slots=True)
class Address:
    """One tenant's index in Redis: where its servers are, and how patient to be with them.

    ``timeout`` bounds the wait for an answer and ``connect_timeout`` a connection's set-up, in seconds,
    where an output waits for it; writers wait for seconds. ``grace`` is how long records that were
    superseded are kept (seconds), ``pages`` how much of the paged part a process keeps (MiB), ``cache``
    the folder of what is kept on the host, ``replicas`` whether to read from replicas, ``wait`` how
    many replicas must confirm a commit, ``poll`` how often the manifest is looked at (seconds).
    """

    kind: _Kind
    hosts: tuple[tuple[str, int], ...]
    service: str | None = None
    database: int = 0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls: Tls | None = None
    tenant: str = "default"
    scheme: str | None = None
    timeout: float = 0.25
    connect_timeout: float = 0.25
    grace: float = 60.0
    cache: str | None = None
    pages: int = 256
    replicas: bool = False
    wait: int = 0
    poll: float = 0.5
    sentinel_username: str | None = field(default=None, repr=False)
    sentinel_password: str | None = field(default=None, repr=False)
    name: str = ""
    """The URL as given, without credentials: what reports, logs and errors show."""

    @classmethod
    def parse(cls, url: str) -> Address:
        """The address that a URL names; credentials that it lacks come from the environment
        (``SIMBLOCK_REDIS_USERNAME``, ``SIMBLOCK_REDIS_PASSWORD``, and ``SIMBLOCK_SENTINEL_…`` for the
        sentinels themselves, which often ask for none).

        Raises UsageError, which names the part and the mend and shows neither user nor password, nor the
        value of an option.
        """
        parts = _split(url.strip())
        kind, port = _SCHEMES[parts.scheme]
        values = _options(parts)
        tls = _tls(values, parts)
        service, database = _path(parts, kind)
        username, password = _credentials(parts)
        return cls(
            kind=kind,
            hosts=_hosts(parts, port, kind),
            service=service,
            database=database,
            username=username,
            password=password,
            sentinel_username=_environment("SIMBLOCK_SENTINEL_USERNAME"),
            sentinel_password=_environment("SIMBLOCK_SENTINEL_PASSWORD"),
            tls=tls,
            name=f"{parts.name}{parts.path}" + f"?{parts.query}" * bool(parts.query),
            **values,
        )


def is_url(text: str | Path) -> bool:
    """Whether a text names a place by URL rather than by path, also where the URL lost a slash: what may hold
    a password is no path to show."""
    scheme, colon, _ = str(text).partition(":")
    return "://" in str(text) or (colon != "" and scheme.lower() in _SCHEMES)


class _Parts(NamedTuple):
    """A URL as it is written, quoted."""

    scheme: str
    credentials: str
    hosts: str
    path: str
    query: str

    @property
    def name(self) -> str:
        """What an error shows: of what cannot be read, any other part may be a password."""
        return f"{self.scheme}://{self.hosts}"


def _environment(variable: str) -> str | None:
    return os.environ.get(variable) or None


def _split(url: str) -> _Parts:
    """By hand, as the standard library's own errors show the whole, and it refuses passwords that are none
    of its business."""
    scheme, slashes, rest = url.partition("://")
    scheme = scheme.lower()
    if not slashes or scheme not in _SCHEMES:
        shown = f"{scheme}://" if slashes and re.fullmatch(r"[a-z][a-z0-9+.-]{,20}", scheme) else "this"
        raise UsageError(
            f"{shown} is no address of an index: give a folder, or a URL that begins with "
            + ", ".join(f"{known}://" for known in _SCHEMES)
        )
    # A password may hold the letters that end the hosts; what is quoted (%23) is read, what is not cannot be.
    if "#" in rest:
        raise UsageError(f"{scheme}:// address with a # in it: write %23 for a # in a password")
    before, _, query = rest.partition("?")
    netloc, slash, path = before.partition("/")
    credentials, _, hosts = netloc.rpartition("@")
    if "@" in unquote(hosts + path) or "@" in query:
        raise UsageError(
            f"{scheme}:// address with an @ behind the hosts: write %2F for / and %3F for ? in a password, "
            "and the @ before the host as it is, or give the password by SIMBLOCK_REDIS_PASSWORD"
        )
    if not (hosts + path + query).isprintable():
        raise UsageError(f"{scheme}:// address with a character that cannot be printed: leave it out")
    return _Parts(scheme, credentials, hosts, slash + path, query)


def _credentials(parts: _Parts) -> tuple[str | None, str | None]:
    """As redis-cli reads them: ``:PASSWORD@`` is the default user's."""
    quoted, _, also_quoted = parts.credentials.partition(":")
    user = _plain(quoted, parts) or _environment("SIMBLOCK_REDIS_USERNAME")
    password = _plain(also_quoted, parts) or _environment("SIMBLOCK_REDIS_PASSWORD")
    if user and not password:
        raise UsageError(f"{parts.name}: a user without a password: set SIMBLOCK_REDIS_PASSWORD")
    return user, password


def _plain(quoted: str, parts: _Parts) -> str:
    with contextlib.suppress(UnicodeError):
        text = unquote(quoted, errors="strict")
        text.encode()
        return text
    raise UsageError(f"{parts.name}: the user or password is not UTF-8: quote (%C3%A9) what is no ASCII")


def _hosts(parts: _Parts, port: int, kind: _Kind) -> tuple[tuple[str, int], ...]:
    text = parts.hosts
    hosts = tuple(_host(host, port, parts) for host in text.split(",")) if text else (("localhost", port),)
    if kind == "single" and len(hosts) > 1:
        raise UsageError(
            f"{parts.name} names several hosts: redis+sentinel:// and redis+cluster:// may, others name one"
        )
    return hosts


def _host(text: str, port: int, parts: _Parts) -> tuple[str, int]:
    found = _HOST.fullmatch(text)
    if found is None:  # perhaps as it is a password, and the @ was forgotten
        raise UsageError(
            f"{parts.scheme}:// address with a host that cannot be read: write HOST:PORT, and [::1]:6379 for IPv6"
        )
    host = unquote(found["six"] or found["name"])
    try:
        host.encode("idna")
    except UnicodeError:
        raise UsageError(
            f"{parts.name}: a host has a part that is empty or too long: write HOST:PORT"
        ) from None
    given = int(found["port"] or port)
    if not 0 < given < 65536:
        raise UsageError(f"{parts.name}: port {given} is none: ports go from 1 to 65535")
    return host, given


def _path(given: _Parts, kind: _Kind) -> tuple[str | None, int]:
    parts = [unquote(part) for part in given.path.split("/") if part]
    service = None
    if kind == "sentinel":
        if not parts:
            raise UsageError(f"{given.name} names no service: write redis+sentinel://HOST:26379/SERVICE")
        service = parts.pop(0)
    if len(parts) > 1 or not all(_WHOLE.fullmatch(part) for part in parts):
        raise UsageError(f"{given.name}: behind the hosts stands the number of a database, such as /0")
    database = int(parts[0]) if parts else 0
    if kind == "cluster" and database:
        raise UsageError(f"{given.name}: a cluster has database 0 alone: leave /{database} out")
    return service, database


def _options(parts: _Parts) -> dict[str, Any]:
    name = parts.name
    values: dict[str, Any] = {}
    for option, text in parse_qsl(parts.query, keep_blank_values=True):
        if option.lower() in _CREDENTIALS:
            raise UsageError(
                "a password or user is no option of an address: write USER:PASSWORD@ before the host, or "
                "set SIMBLOCK_REDIS_USERNAME and SIMBLOCK_REDIS_PASSWORD"
            )
        if option not in _OPTIONS:
            shown = f"unknown option {option}" if _OPTION.fullmatch(option) else "an unknown option"
            raise UsageError(f"{name}: {shown}: there are {', '.join(sorted(_OPTIONS))}")
        read, mend = _OPTIONS[option]
        value = read(text)
        if value is None:
            raise UsageError(f"{name}: {option} is {mend}")
        if option in values:
            raise UsageError(f"{name}: {option} is given twice: leave one out")
        values[option] = value
    return values


def _tls(values: dict[str, Any], parts: _Parts) -> Tls | None:
    """TLS's own options, taken out of ``values``."""
    name = parts.name
    secured = parts.scheme == "rediss"
    asked = values.pop("tls", None)
    given = {option: values.pop(option) for option in ("ca", "cert", "key", "verify") if option in values}
    if asked is False and secured:
        raise UsageError(f"{name}: rediss:// is TLS: write redis:// to go without")
    if not asked and not secured:
        if given:
            raise UsageError(f"{name}: {', '.join(given)} is for TLS: write rediss://, or add tls=true")
        return None
    if "key" in given and "cert" not in given:
        raise UsageError(f"{name}: key without cert: a client certificate is two files, cert= and key=")
    for option in ("ca", "cert", "key"):
        if option in given and not Path(given[option]).is_file():
            raise UsageError(f"{name}: {option} is no file: give the path of a PEM file")
    return Tls(**given)


def _number(low: float, high: float) -> Callable[[str], float | None]:
    def read(text: str) -> float | None:
        try:
            value = float(text)
        except ValueError:
            return None
        return value if low <= value <= high else None

    return read


def _integer(low: int, high: int) -> Callable[[str], int | None]:
    return lambda text: int(text) if _WHOLE.fullmatch(text) and low <= int(text) <= high else None


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    return lambda text: text if pattern.fullmatch(text) else None


def _text(text: str) -> str | None:
    return text if text and "\0" not in text else None


def _yes_no(text: str) -> bool | None:
    return _YES_NO.get(text.lower())


# Each option: how it is read (None: it cannot be), and what it may be.
_OPTIONS: dict[str, tuple[Callable[[str], Any], str]] = {
    "tenant": (_matching(_TENANT), "1 to 64 of the characters A-Z a-z 0-9 _ . -"),
    "scheme": (_matching(_DIGEST), "the digest of a scheme, as stat shows it"),
    "timeout": (_number(0.001, 60), "seconds between 0.001 and 60"),
    "connect_timeout": (_number(0.001, 60), "seconds between 0.001 and 60"),
    "grace": (_number(0, 86_400), "seconds between 0 and 86400"),
    "cache": (_text, "a folder"),
    "pages": (_integer(0, 1_000_000), "a whole number of MiB"),
    "replicas": (_yes_no, "true or false"),
    "wait": (_integer(0, 100), "a whole number of replicas, at most 100"),
    "poll": (_number(0.05, 60), "seconds between 0.05 and 60"),
    "tls": (_yes_no, "true or false"),
    "ca": (_text, "the path of a PEM file"),
    "cert": (_text, "the path of a PEM file"),
    "key": (_text, "the path of a PEM file"),
    "verify": ({"none": False, "full": True}.get, "full or none"),
}
