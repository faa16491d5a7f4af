"""What a pass will do, decided once from its inputs and options alone, and kept while it lasts.

The plan is written before anything else, whole or not at all, by whoever comes first: the shards of a stage may all
start at one moment. Beside it stand stamps of what is read, so that a pass which goes on notices what changed.
"""

from simblock_indexer.dedup.planning.discarding import discard, remove
from simblock_indexer.dedup.planning.plans import (
    REPORT,
    WORK,
    Request,
    at_home,
    begun,
    ended,
    finished,
    made_anything,
    part_bytes,
    partitions,
    plan,
    refuse_finished,
    unfinished,
)
from simblock_indexer.dedup.planning.stamps import check as check_unchanged

__all__ = [
    "REPORT",
    "WORK",
    "Request",
    "at_home",
    "begun",
    "check_unchanged",
    "discard",
    "ended",
    "finished",
    "made_anything",
    "part_bytes",
    "partitions",
    "plan",
    "refuse_finished",
    "remove",
    "unfinished",
]
