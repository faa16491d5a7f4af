"""Where an index in Redis stands, read from its URL.

``redis://HOST:PORT/DATABASE``, ``rediss://`` (TLS), ``redis+sentinel://H1:26379,H2:26379/SERVICE/DATABASE``,
``redis+cluster://H1:6379,H2:6379``, each with ``USER:PASSWORD@`` before the hosts and options behind a
question mark. A password is better given by ``SIMBLOCK_REDIS_PASSWORD``: what stands on a command line
is seen by every user of the machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

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
_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<name>[^\[\]:\s]+))(?::(?P<port>\d{1,5}))?")
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
    username: str | None = None
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
    poll: float = 1.0
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)
    name: str = ""
    """The URL as given, without credentials: what reports, logs and errors show."""

    @classmethod
    def parse(cls, url: str) -> Address:
        """The address that a URL names; credentials that it lacks come from the environment
        (``SIMBLOCK_REDIS_USERNAME``, ``SIMBLOCK_REDIS_PASSWORD``, and ``SIMBLOCK_SENTINEL_…`` for the
        sentinels themselves, which often ask for none).

        Raises UsageError, which names the part and the mend and never shows the password.
        """
        scheme, parts = _split(url)
        name = f"{scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" + f"?{parts.query}" * bool(
            parts.query
        )
        kind, port = _SCHEMES[scheme]
        values = _options(parts.query, name)
        tls = _tls(values, scheme, name)
        service, database = _path(parts.path, kind, name)
        username, password = _credentials(parts.netloc, name)
        return cls(
            kind=kind,
            hosts=_hosts(parts.netloc.rpartition("@")[2], port, kind, name),
            service=service,
            database=database,
            username=username,
            password=password,
            sentinel_username=_environment("SIMBLOCK_SENTINEL_USERNAME"),
            sentinel_password=_environment("SIMBLOCK_SENTINEL_PASSWORD"),
            tls=tls,
            name=name,
            **values,
        )


def is_url(text: str | Path) -> bool:
    """Whether a text names a place by URL rather than by path."""
    return "://" in str(text)


def _environment(variable: str) -> str | None:
    return os.environ.get(variable) or None


def _split(url: str) -> tuple[str, SplitResult]:
    scheme = url.partition("://")[0].lower()
    if scheme not in _SCHEMES:
        shown = f"{scheme}://" if is_url(url) and re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) else "this"
        raise UsageError(
            f"{shown} is no address of an index: give a folder, or a URL that begins with "
            + ", ".join(f"{known}://" for known in _SCHEMES)
        )
    # A password may hold the letters that end the hosts; what is quoted (%23) is read, what is not cannot be.
    parts = urlsplit("redis" + url[len(scheme) :])
    if parts.fragment or "#" in url:
        raise UsageError(f"{scheme}:// address with a # in it: write %23 for a # in a password")
    if "@" in parts.path or "@" in parts.query:
        raise UsageError(
            f"{scheme}:// address with an @ behind the hosts: write %2F for / and %3F for ? in a password, "
            "or give it by SIMBLOCK_REDIS_PASSWORD"
        )
    return scheme, parts


def _credentials(netloc: str, name: str) -> tuple[str | None, str | None]:
    """As redis-cli reads them: ``:PASSWORD@`` is the default user's."""
    quoted, _, also_quoted = netloc.rpartition("@")[0].partition(":")
    user = unquote(quoted) or _environment("SIMBLOCK_REDIS_USERNAME")
    password = unquote(also_quoted) or _environment("SIMBLOCK_REDIS_PASSWORD")
    if user and not password:
        raise UsageError(f"{name}: a user without a password: set SIMBLOCK_REDIS_PASSWORD")
    return user, password


def _hosts(text: str, port: int, kind: _Kind, name: str) -> tuple[tuple[str, int], ...]:
    hosts = tuple(_host(host, port, name) for host in text.split(",")) if text else (("localhost", port),)
    if kind == "single" and len(hosts) > 1:
        raise UsageError(
            f"{name} names several hosts: redis+sentinel:// and redis+cluster:// may, others name one"
        )
    return hosts


def _host(text: str, port: int, name: str) -> tuple[str, int]:
    found = _HOST.fullmatch(text)
    if found is None:
        raise UsageError(f"{name}: a host cannot be read: write HOST:PORT, and [::1]:6379 for IPv6")
    host = unquote(found["six"] or found["name"])
    try:
        host.encode("idna")
    except UnicodeError:
        raise UsageError(f"{name}: a host has a part that is empty or too long: write HOST:PORT") from None
    given = int(found["port"] or port)
    if not 0 < given < 65536:
        raise UsageError(f"{name}: port {given} is none: ports go from 1 to 65535")
    return host, given


def _path(path: str, kind: _Kind, name: str) -> tuple[str | None, int]:
    parts = [unquote(part) for part in path.split("/") if part]
    service = None
    if kind == "sentinel":
        if not parts:
            raise UsageError(f"{name} names no service: write redis+sentinel://HOST:26379/SERVICE")
        service = parts.pop(0)
    if len(parts) > 1 or not all(part.isdecimal() for part in parts):
        raise UsageError(f"{name}: behind the hosts stands the number of a database, such as /0")
    database = int(parts[0]) if parts else 0
    if kind == "cluster" and database:
        raise UsageError(f"{name}: a cluster has database 0 alone: leave /{database} out")
    return service, database


def _options(query: str, name: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for option, text in parse_qsl(query, keep_blank_values=True):
        if option in {"password", "username"}:
            raise UsageError(
                "a password or user is no option of an address: write USER:PASSWORD@ before the host, or "
                "set SIMBLOCK_REDIS_USERNAME and SIMBLOCK_REDIS_PASSWORD"
            )
        if option not in _OPTIONS:
            raise UsageError(f"{name}: unknown option {option}: there are {', '.join(sorted(_OPTIONS))}")
        read, mend = _OPTIONS[option]
        value = read(text)
        if value is None:
            raise UsageError(f"{name}: {option} is {mend}")
        if option in values:
            raise UsageError(f"{name}: {option} is given twice: leave one out")
        values[option] = value
    return values


def _tls(values: dict[str, Any], scheme: str, name: str) -> Tls | None:
    """TLS's own options, taken out of ``values``."""
    asked = values.pop("tls", None)
    given = {option: values.pop(option) for option in ("ca", "cert", "key", "verify") if option in values}
    if asked is False and scheme == "rediss":
        raise UsageError(f"{name}: rediss:// is TLS: write redis:// to go without")
    if not asked and scheme != "rediss":
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
    return lambda text: int(text) if text.isdecimal() and len(text) < 9 and low <= int(text) <= high else None


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    return lambda text: text if pattern.fullmatch(text) else None


def _text(text: str) -> str | None:
    return text or None


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
