"""Readers of inputs: files, folders, JSONL, git work trees, standard input."""

from __future__ import annotations

from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.reading import documents, read
from simblock_indexer.readers.shares import Share
from simblock_indexer.readers.sources import Source, plan, root_name
from simblock_indexer.readers.tally import Tally, Unreadable

__all__ = ["ReadOptions", "Share", "Source", "Tally", "Unreadable", "documents", "plan", "read", "root_name"]
