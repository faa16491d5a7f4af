"""The outcome of a pass: tables of what was dropped and of clusters, a report for machines, a page for people."""

from __future__ import annotations

from simblock_indexer.dedup.outcome.concluding import conclude, outcome_of, require
from simblock_indexer.dedup.outcome.result import Outcome
from simblock_indexer.dedup.outcome.showing import show

__all__ = ["Outcome", "conclude", "outcome_of", "require", "show"]
