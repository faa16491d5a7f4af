"""Inputs in shares of about equal size, each read by itself: by other processes, on other machines.

All inputs are laid end to end, in the order of the plan, and cut into as many shares of bytes. A file that is one
work is in the share in which it begins; so is a compressed file of rows, which cannot be read from its middle. Of a
plain file of rows each row is in the share in which it begins. So every work is in exactly one share, and the shares
one after another are the inputs in their order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from simblock.errors import UsageError
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.sources import Source
from simblock_indexer.readers.streams import COMPRESSIONS

_WRITTEN = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
_DECIDING = (
    "kind",
    "language",
    "text_field",
    "id_field",
    "encoding",
    "errors",
    "expires",
)
"""The options that decide what the works of the inputs are; one share may pass over bad rows, and another have none."""


class Share(NamedTuple):
    """Share ``number``, from 0, ``of`` so many."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def parse(cls, text: str) -> Share:
        """The share that is written ``I/N``. Raises UsageError."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise UsageError(f"--shard {text[:40]}: it is I/N, such as 0/4, with N up to a million")
        share = cls(int(found[1]), int(found[2]))
        if share.number >= share.of:
            last = max(share.of - 1, 0)
            raise UsageError(
                f"--shard {text}: the shards of {share.of} are 0/{share.of} to {last}/{share.of}"
            )
        return share


def shared(sources: list[Source], share: Share) -> list[Source]:
    """The sources of a share, or the spans of them. Raises UsageError where there is standard input among them."""
    if any(source.path is None for source in sources):
        raise UsageError("standard input cannot be read in shards: write it to a file first")
    total = sum(source.size for source in sources)
    first, stop = (total * number // share.of for number in (share.number, share.number + 1))
    last = share.number == share.of - 1
    return list(_within(sources, first, stop + last))


def _within(sources: list[Source], first: int, stop: int) -> Iterator[Source]:
    begin = 0
    for source in sources:
        span = max(first - begin, 0), min(stop - begin, source.size)
        if _divisible(source) and span[0] < span[1] and span != (0, source.size):
            yield source._replace(span=span, size=span[1] - span[0])
        elif first <= begin < stop and (not _divisible(source) or span == (0, source.size)):
            yield source
        begin += source.size


def _divisible(source: Source) -> bool:
    return source.form == "rows" and not source.name.lower().endswith(COMPRESSIONS)


def digest(sources: list[Source], options: ReadOptions) -> bytes:
    """Sixteen bytes that differ where shares are of other inputs, or are read otherwise."""
    told = {name: getattr(options, name) for name in _DECIDING}
    hashed = blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16)
    for source in sources:
        hashed.update(json.dumps([source.id, source.form, source.size]).encode())
    return hashed.digest()
