"""What a writing session holds, and what comes of it."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Counts(NamedTuple):
    """What a commit did, in works; of what it indexed, the words of texts, the lexemes of code, and the
    characters of both."""

    added: int = 0
    replaced: int = 0
    metadata: int = 0
    untouched: int = 0
    removed: int = 0
    words: int = 0
    characters: int = 0
    lexemes: int = 0


class Commit(NamedTuple):
    """The epoch that an index is at, and what was done since the commit before."""

    epoch: int
    counts: Counts


class Held(Protocol):
    """What a writing session holds: the right to be the only one."""

    def deliver(self) -> None:
        """Gives a new index, now complete, its place."""

    def release(self) -> None:
        """Ends the session."""
