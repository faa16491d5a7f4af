"""The offline half of simblock: reads works and builds indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simblock_indexer.building import add, build, build_shard, merge, rebuild, remove
    from simblock_indexer.dedup.calling import deduplicate
    from simblock_indexer.dedup.deduplicated import Deduplicated
    from simblock_indexer.readers import ReadOptions, read
    from simblock_indexer.reports import Report

__all__ = [
    "Deduplicated",
    "ReadOptions",
    "Report",
    "add",
    "build",
    "build_shard",
    "deduplicate",
    "merge",
    "read",
    "rebuild",
    "remove",
]

_HOMES = {
    "Deduplicated": "dedup.deduplicated",
    "deduplicate": "dedup.calling",
    "ReadOptions": "readers",
    "read": "readers",
    "Report": "reports",
    "add": "building",
    "build": "building",
    "build_shard": "building",
    "merge": "building",
    "rebuild": "building",
    "remove": "building",
}


def __getattr__(name: str) -> Any:
    # On first use: `simblock-index --help` must not wait for NumPy.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
