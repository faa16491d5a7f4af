"""Removing an index from Redis; a directory is removed as any other."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from simblock.errors import NotAnIndex, UsageError
from simblock.stores.redis.address import Address, is_url
from simblock.stores.redis.clients import Link
from simblock.stores.redis.names import schemes
from simblock.stores.redis.writing import drop as drop_scheme
from simblock_indexer.indexes import shown


def drop(index: str, *, sure: bool) -> tuple[str, int]:
    """Removes the index of one scheme; the scheme's digest, and how many records there were.

    Where a tenant has several, the URL must name the one (``scheme=``). Raises UsageError unless ``sure``, for a
    directory, and where it is not clear which is meant; NotAnIndex, Busy, StoreLost.
    """
    if not is_url(index):
        raise UsageError(
            f"{index}: drop removes from Redis: remove a directory with rm -r {shlex.quote(index)}"
        )
    address = Address.parse(index)
    scheme = address.scheme or _only_scheme(address)
    if not sure:
        raise UsageError(
            f"{shown(index)}: the index of scheme {scheme}, all its works and its log, would be removed for good: "
            "say --yes"
        )
    records = drop_scheme(replace(address, scheme=scheme))
    if not records:
        raise NotAnIndex(f"{shown(index)} holds no index of scheme {scheme}: there is nothing to drop")
    return scheme, records


def _only_scheme(address: Address) -> str:
    """The scheme of a tenant's only index. Raises UsageError where there are several, NotAnIndex, StoreLost."""
    with closing(Link(address)) as link:
        made = link.fields(schemes(address.tenant))
    if not made:
        raise NotAnIndex(
            f"{address.name} holds no index of tenant {address.tenant}: there is nothing to drop"
        )
    if len(made) > 1:
        joint = "&" if "?" in address.name else "?"
        raise UsageError(
            f"{address.name} holds {len(made)} indexes of tenant {address.tenant}: {', '.join(_told(made))}: "
            f"name the one to drop with {joint}scheme=…"
        )
    return next(iter(made)).decode("ascii", "replace")


def _told(made: dict[bytes, bytes]) -> Iterator[str]:
    """Schemes and the day each was made, oldest first."""
    for scheme, when in sorted(made.items(), key=lambda item: item[1]):
        day = datetime.fromtimestamp(int(when), UTC).date() if when.isdigit() else "an unknown day"
        yield f"{scheme.decode('ascii', 'replace')} of {day}"
