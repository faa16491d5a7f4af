"""Files anywhere: paths here, and the URLs that fsspec reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple, cast

from simblock.errors import InputError, MissingExtra, SimblockError, UsageError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SECRETS = re.compile(r"(?<=://)[^/@\s]*@|\?\S*")


class Remote(NamedTuple):
    """A file system of fsspec, and a path as it knows it."""

    system: Any
    path: str


def is_url(place: str | Path) -> bool:
    """Whether a place is a URL and no path."""
    return isinstance(place, str) and _URL.match(place) is not None


def called(place: str | Path) -> str:
    """What a place is called where it is told: a URL without user, password and query."""
    return _SECRETS.sub("", place) if isinstance(place, str) and is_url(place) else str(place)


def name_of(place: str | Path) -> PurePosixPath | Path:
    """The path of a place, for the sake of its name and suffixes."""
    return PurePosixPath(called(place)) if is_url(place) else Path(place)


def remote(url: str) -> Remote:
    """The file system of a URL. Raises MissingExtra without fsspec, UsageError where that cannot serve the URL."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingExtra("reading and writing URLs", "remote") from None
    with reached(url):
        return Remote(*url_to_fs(url))


@contextmanager
def reached(url: str) -> Iterator[None]:
    """Makes errors of whatever is behind a URL one sentence; it may raise anything. OSErrors pass."""
    try:
        yield
    except (OSError, SimblockError):
        raise
    except ImportError as error:
        package = error.name or "a package that fsspec names"
        raise UsageError(f"{called(url)}: URLs of this kind need {package}: install it") from error
    except ValueError as error:
        raise UsageError(f"{called(url)}: fsspec does not know such URLs: check it") from error
    except Exception as error:
        reason = type(error).__name__
        raise InputError(
            f"{called(url)}: not reached ({reason}): check the URL and its credentials"
        ) from error


@contextmanager
def read_binary(place: str | Path) -> Iterator[IO[bytes]]:
    """A file opened to be read, and sought in where its system can. Raises OSError where it is not there."""
    if not is_url(place):
        with Path(place).open("rb") as file:
            yield file
        return
    system, path = remote(str(place))
    with reached(str(place)):
        file = system.open(path, "rb")
    with file:
        yield cast("IO[bytes]", file)
