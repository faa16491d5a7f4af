"""The commands with which an index has read its records so far."""

from __future__ import annotations

from simblock.stores import Index
from simblock.stores.redis.index import RedisIndex


def commands_of(index: Index) -> int:
    """How many commands fetched records; none of an index that is no Redis."""
    return index.health().commands if isinstance(index, RedisIndex) else 0
