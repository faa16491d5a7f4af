"""A policy that hears what others are asked to judge, and acts on nothing.

A stream judges a match again and again as it grows, and acts the first time that its figures reach the thresholds; the
figures at its end may be lower. So every set of figures is kept that no other of the same match outdoes: whatever
policy is tried on them acts just where a stream under it would have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import PrivateAttr

from simblock.errors import StoreLost
from simblock.guard import Guard, Turns
from simblock.policy import NEVER, CodeLimits, Limits, Policy, Resolved, TextLimits
from simblock.stores import Index
from simblock.tokens import CODE_VIEWS
from simblock.work import Kind, Work

LOWEST: dict[str, dict[str, float]] = {
    "text": {"min_run": 16, "min_tokens": 8, "min_similarity": 0.3, "min_evidence": 10},
    "code": {"min_run": 30, "min_tokens": 15, "min_similarity": 0.3},
}
"""Figures under which nothing is heard: of tokens the lowest that a policy may have."""
LEAST_BITS = 1e-9


class Heard(NamedTuple):
    """Figures of one match that was judged, by their names in :meth:`Policy.judge`, and of what."""

    work: Work
    view: str
    figures: Mapping[str, float]

    @property
    def section(self) -> str:
        """The section of a policy that judges it."""
        return section_of(self.view)


class Measured(NamedTuple):
    """An output, or a copy, and what of it was judged; ``group`` says what was done to a copy that was made."""

    id: str
    heard: tuple[Heard, ...]
    group: str = ""


def section_of(view: str) -> str:
    """``code`` or ``text``: the section of a policy that judges a view of a work."""
    return "code" if view in CODE_VIEWS and view != "comments" else "text"


class _Ajar(Limits):
    """Limits so low that every match is judged with all its figures."""

    _asked: tuple[Work, str] = PrivateAttr()
    _floor: float = PrivateAttr()

    @property
    def run_information(self) -> float:
        return math.inf  # so that bits are counted to the last

    @property
    def least_information(self) -> float:
        return self._floor

    @classmethod
    def of(cls, limits: Limits, work: Work, view: str) -> Limits:
        """The limits of a view of a work, ajar."""
        lowest = LOWEST[section_of(view)]
        fields = limits.model_dump()
        fields |= {name: min(low, fields[name]) for name, low in lowest.items() if fields[name] != NEVER}
        opened = cls.model_construct(**fields)
        opened._asked = work, view
        opened._floor = max(limits.least_information, LEAST_BITS)
        return opened


class _AjarText(_Ajar, TextLimits):
    """[text] ajar."""


class _AjarCode(_Ajar, CodeLimits):
    """[code] ajar."""


_AJAR: dict[str, type[_Ajar]] = {"text": _AjarText, "code": _AjarCode}


class Listener(Policy):
    """Hears what a stream under ``base`` judges. Not to be shared between streams that run at once."""

    _base: Policy = PrivateAttr()
    _heard: dict[tuple[str, str], list[Heard]] = PrivateAttr(default_factory=dict)

    @classmethod
    def to(cls, base: Policy) -> Listener:
        """A listener that resolves, exempts and counts quotas as ``base`` does."""
        listener = cls(**base.model_dump())
        listener._base = base
        return listener

    @property
    def asks_information(self) -> bool:
        return self._base.asks_information

    def resolve(self, work: Work, tenant: str | None = None, view: str = "words") -> Resolved:
        found = self._base.resolve(work, tenant, view)
        return found._replace(limits=_AJAR[section_of(view)].of(found.limits, work, view))

    def judge(self, resolved: Resolved, **figures: Any) -> None:
        """Takes note of the figures; no match acts."""
        assert isinstance(resolved.limits, _Ajar)
        work, view = resolved.limits._asked
        add(self._heard.setdefault((work.id, view), []), Heard(work, view, figures))

    def told(self) -> tuple[Heard, ...]:
        """What was heard since it was last asked."""
        heard, self._heard = self._heard, {}
        return tuple(one for its in heard.values() for one in its)


def add(heard: list[Heard], new: Heard) -> None:
    """Adds figures of a match to those before, of which only such stay as no other outdoes."""
    if any(_outdone(new, old) for old in reversed(heard)):
        return
    heard[:] = [old for old in heard if not _outdone(old, new)]
    heard.append(new)


def _outdone(one: Heard, other: Heard) -> bool:
    """Whether no figure of one is over the other's, nor the length of its passage."""
    if any(value > other.figures[name] for name, value in one.figures.items()):
        return False
    return _length(one) <= _length(other)


def _length(heard: Heard) -> float:
    """Tokens of the passage that a match lies in: evidence wants a long one, however like."""
    return heard.figures["tokens"] / (heard.figures["similarity"] or 1)


class Ear:
    """Measures outputs against indexes. Raises Incompatible where their schemes differ."""

    def __init__(self, indexes: Sequence[Index], base: Policy) -> None:
        self._listener = Listener.to(base)
        self._guard = Guard(indexes, self._listener)

    def measure(
        self,
        id: str,
        text: str,
        *,
        prompt: str | None = None,
        history: Turns = (),
        kind: Kind | None = None,
        language: str | None = None,
        group: str = "",
    ) -> Measured:
        """Checks one output, as :meth:`Guard.check` does. Raises StoreLost where an index could not answer."""
        response = self._guard.response(prompt=prompt, history=history)
        stream = response.stream(kind=kind, language=language)
        stream.feed("")  # reads the history: what earlier turns said is quoted, and judged no more
        self._listener.told()
        stream.feed(text)
        stream.finish()
        if (error := response.report.error) is not None:
            raise StoreLost(f"{id}: {error}")
        return Measured(id, self._listener.told(), group)
