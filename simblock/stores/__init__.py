"""Stores: where an index is kept, behind one small interface named by a path or URL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from simblock.questions import Asking, Hit, Part, Placed
    from simblock.scheme import Scheme
    from simblock.stores.refusals import Refusal
    from simblock.tokens import I64, U32, U64
    from simblock.work import Work

__all__ = ["Awaited", "Index", "open_index"]


class Index(Protocol):
    """What a guard asks of an index.

    ``segment`` is the store's own handle from a :class:`~simblock.questions.Posting`; it keeps the
    generation it came from, also after a writer has merged it away. A work of code has four runs, one a
    view (see :data:`simblock.tokens.VIEWS`); they have the same works. Any method may raise Damaged,
    KeyProblem or StoreLost: an index never answers "nothing" because something was broken.
    """

    name: str
    """The path or URL as given."""

    @property
    def scheme(self) -> Scheme: ...

    @property
    def epoch(self) -> int: ...

    @property
    def languages(self) -> Collection[str]:
        """The languages of its works of code; empty where all are texts."""

    @property
    def refused(self) -> Mapping[str, Refusal]:
        """Languages whose works are not looked for in full here, since their code is read otherwise than when the
        index was made; empty where all are."""

    @property
    def permutations(self) -> U32:
        """The MinHash table u32 [2, k] that the index was made with."""

    @property
    def age(self) -> float:
        """Seconds since there was news of the store, if only that nothing changed; 0.0 where it is at hand."""

    def refresh(self) -> None:
        """Takes up what was committed since; cheap, to be called often."""

    def postings(self, channels: Sequence[int] | U32, keys: Sequence[int] | U64) -> list[Hit]:
        """Where keys stand, for works that count: hits in order of the asks, asks without any left out."""

    def suspected(self, channels: Sequence[int], keys: Sequence[int]) -> list[int]:
        """Which asks may have a posting, by the prefilters alone: nothing is read from a store for it."""

    def run(self, segment: Any, run: int, start: int, stop: int) -> U32:
        """Token keys u32 at [start, stop) of a run, clipped to it."""

    def works(self, segment: Any, run: int) -> tuple[Work, ...]:
        """The works that share a run, were not removed and have not expired; smallest id first."""

    def places(self, segment: Any, run: int, tokens: I64) -> Placed:
        """Where tokens i64 of a run stand in the text of its work."""

    def close(self) -> None:
        """Lets go of what is cached."""


@runtime_checkable
class Awaited(Protocol):
    """An :class:`Index` that may have to wait for answers, and lets an event loop do other things meanwhile."""

    async def aask(self, question: Asking) -> Part:
        """What the method of the question's name says; raises as that does."""


def open_index(path: str | Path, *, key_file: str | Path | None = None, key: bytes | None = None) -> Index:
    """Opens the index at ``path``, a directory or a ``redis://`` URL, for reading.

    Raises NotAnIndex, Damaged, Incompatible, KeyProblem, StoreLost; UsageError for a URL that cannot be meant.
    """
    from simblock.stores.redis.address import Address, is_url

    if is_url(path):
        from simblock.stores.redis.index import RedisIndex

        return RedisIndex(Address.parse(str(path)), key=key, key_file=key_file)
    from simblock.stores.directory import DirectoryIndex

    return DirectoryIndex(path, key=key, key_file=key_file)
