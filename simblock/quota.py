"""How much of each view of a work has been quoted in one response and its history.

A quota counts distinct source tokens, so a passage said twice counts once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import partial
from weakref import WeakValueDictionary

from simblock.tokens import CHAR_KEY

PAGE = 512
"""Source tokens that one number tells of."""


class Quota:
    """Distinct source tokens of one view of a work, counted in half tokens.

    Tokens are told apart by the run they stand in as well: two indexes may hold different texts under one id.
    """

    __slots__ = ("__weakref__", "_pages", "_remember", "halves")

    def __init__(self, remember: Callable[[Quota], None] | None = None) -> None:
        self._pages: dict[tuple[Hashable, int], int] = {}  # PAGE places of a run: a bit for each that counts
        self._remember = remember
        self.halves = 0

    def add(self, run: Hashable, place: int, key: int) -> None:
        """Counts the source token at ``place`` of a run, once; ``key`` is levelled."""
        page, bit = (run, place // PAGE), 1 << place % PAGE
        before = self._pages.get(page, 0)
        if not before & bit:
            self._pages[page] = before | bit
            self.halves += 1 if key >= CHAR_KEY else 2
            if self._remember is not None:
                self._remember(self)
                self._remember = None

    def copy(self) -> Quota:
        """One that counts as much, and goes on by itself."""
        other = Quota()
        other._pages, other.halves = dict(self._pages), self.halves
        return other

    @property
    def words(self) -> int:
        return self.halves // 2


class Quotas:
    """The quotas of one response, by work and view: those that count something stay, others while a match holds them."""

    def __init__(self) -> None:
        self._filled: dict[tuple[str, str], Quota] = {}
        self._open: WeakValueDictionary[tuple[str, str], Quota] = WeakValueDictionary()

    def of(self, work: str, view: str) -> Quota:
        """That of a view of a work."""
        key = (work, view)
        quota = self._open.get(key)
        if quota is None:
            quota = self._open[key] = Quota(partial(self._filled.__setitem__, key))
        return quota

    def get(self, key: tuple[str, str]) -> Quota | None:
        """One that counts something, None where nothing was quoted."""
        return self._filled.get(key)

    def fork(self) -> Quotas:
        """Quotas that go on from here by themselves: what is added to either counts nothing in the other."""
        other = Quotas()
        for key, quota in self._filled.items():
            other._filled[key] = other._open[key] = quota.copy()
        return other

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._filled

    def items(self) -> Iterable[tuple[tuple[str, str], Quota]]:
        """Those that count something."""
        return list(self._filled.items())
