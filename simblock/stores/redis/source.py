"""Records of an index in the process: those fetched lately are kept, others are asked for.

What looks something up calls :meth:`Source.get_all`. Where a record is not there, the look-up ends with
:class:`~simblock.stores.wanted.Wanted`; whoever drives it fetches all that is wanted by one command and begins the look-up
again. So the look-ups themselves are plain code without I/O, the same for blocking and awaiting callers.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from simblock.stores.wanted import Want, Wanted

T = TypeVar("T")
Fetch = Callable[[Sequence[bytes]], "list[bytes | None]"]


class Source:
    """The least recently used leave where more than ``capacity`` bytes are kept.

    With ``fetch`` what is missing is fetched at once, for callers that read much and may block.
    """

    def __init__(self, capacity: int, fetch: Fetch | None = None) -> None:
        self._capacity = capacity
        self._fetch = fetch
        self._kept: OrderedDict[bytes, tuple[Any, int]] = OrderedDict()
        self._size = 0
        self.commands = self.records = 0
        """How often what was fetched was taken, and how many records."""
        self._lock = threading.Lock()
        _all.add(self)
        self._own = threading.local()

    def find(self, key: bytes) -> Any | None:
        """What is kept of a record, None where nothing is."""
        with self._lock:
            held = self._kept.get(key)
            if held is not None:
                self._kept.move_to_end(key)
                return held[0]
        own: dict[bytes, Any] = getattr(self._own, "held", {})
        return own.get(key)

    def holding(self, held: dict[bytes, Any], look: Callable[[], T]) -> T:
        """A look-up begun again, with what was fetched for it: others may have pushed that out meanwhile, or it
        may be more than is kept."""
        self._own.held = held
        try:
            return look()
        finally:
            del self._own.held

    def missing(self, wants: Sequence[Want]) -> list[Want]:
        """Those that are not in the process; those that are count as used."""
        return [want for want in wants if self.find(want.key) is None]

    def get_all(self, wants: Sequence[Want]) -> list[Any]:
        """What was made of each record. Raises Wanted, and where it fetches itself Damaged and StoreLost."""
        found = [self.find(want.key) for want in wants]
        absent = [want for want, one in zip(wants, found, strict=True) if one is None]
        if not absent:
            return found
        if self._fetch is None:
            raise Wanted(absent)
        fetched = iter(self.take(absent, self._fetch([want.key for want in absent])))
        return [one if one is not None else next(fetched) for one in found]

    def take(self, wants: Sequence[Want], values: Sequence[bytes | None]) -> list[Any]:
        """Makes of fetched values what is kept. Raises Damaged, and keeps nothing of a damaged one."""
        made = [want.parse(value) for want, value in zip(wants, values, strict=True)]
        with self._lock:
            self.commands += 1
            self.records += len(wants)
            for want, value, one in zip(wants, values, made, strict=True):
                self._keep(want.key, one, len(value or b""))
        return made

    def _keep(self, key: bytes, made: Any, size: int) -> None:
        before = self._kept.pop(key, None)
        self._size += size - (before[1] if before else 0)
        self._kept[key] = made, size
        while self._size > self._capacity and len(self._kept) > 1:
            _, (_, left) = self._kept.popitem(last=False)
            self._size -= left


_all: weakref.WeakSet[Source] = weakref.WeakSet()


def _forked() -> None:
    for source in list(_all):
        source._lock = threading.Lock()  # another thread of the parent may have held it


os.register_at_fork(after_in_child=_forked)
