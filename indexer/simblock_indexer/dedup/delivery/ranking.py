"""Which of near-copies is kept first, by the rule that was given."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from simblock_indexer.dedup.delivery.rows import F64
from simblock_indexer.dedup.options import DedupOptions

_SHORT_DATE = re.compile(r"\d{4}(?:-\d\d)?")
_REST = {4: "-01-01", 7: "-01"}
LAST = float("inf")
"""The rank of a row without the column."""


class Rule(NamedTuple):
    """How rows are ranked: what is smaller is kept first. ``column`` is None where none is needed."""

    name: str
    column: str | None = None
    preferred: tuple[str, ...] = ()


def rule_of(options: DedupOptions) -> Rule:
    """The rule of ``options.keep``."""
    name, _, rest = options.keep.partition(":")
    match name:
        case "newest":
            return Rule(name, options.date_field)
        case "most" | "least":
            return Rule(name, rest)
        case "prefer":
            column, _, values = rest.partition("=")
            return Rule(name, column, tuple(value.strip() for value in values.split(",")))
        case _:
            return Rule(name)


def ranks(rule: Rule, texts: Sequence[str], values: Sequence[Any] | None) -> F64:
    """The ranks of some rows; ``values`` are those of the rule's column. Raises ValueError where one is neither a
    number nor a date."""
    match rule.name:
        case "first":
            return np.zeros(len(texts))
        case "longest":
            return -np.fromiter(map(len, texts), np.float64, len(texts))
    assert values is not None
    return np.array([_rank(rule, value) for value in values], np.float64)


def _rank(rule: Rule, value: Any) -> float:
    if value is None:
        return LAST
    if rule.name == "prefer":
        spelled = str(value).lower() if isinstance(value, bool) else str(value)
        return rule.preferred.index(spelled) if spelled in rule.preferred else len(rule.preferred)
    size = _moment(value) if rule.name == "newest" else _size(value)
    if math.isnan(size):
        return LAST
    return size if rule.name == "least" else -size


def _size(value: Any) -> float:
    """A number, or a date in seconds since 1970."""
    try:
        return _number(value)
    except ValueError:
        return _moment(value)


def _moment(value: Any) -> float:
    if not isinstance(value, str):
        return _number(value)
    value = value.strip()
    try:
        # A year or a month is its first day.
        spelled = value + _REST[len(value)] if _SHORT_DATE.fullmatch(value) else value
        moment = datetime.fromisoformat(spelled)
    except ValueError:
        return _number(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, OverflowError):
        raise ValueError("neither a number nor a date") from None
