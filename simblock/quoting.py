"""What the pieces of one match add to a work's quota: each output token once, each source token once."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Sequence
from itertools import chain

from simblock.align import Block
from simblock.history import KEEP, History
from simblock.hull import Hull
from simblock.piece import Piece
from simblock.quota import Quota


class Quoting:
    """Counts as pieces grow.

    ``run`` tells the run apart in the quota, also when a merge has given it another segment: the number of
    its index, and its length.
    """

    def __init__(self, quota: Quota, run: Hashable, history: History) -> None:
        self._quota, self._run, self._history = quota, run, history
        self._said: set[int] = set()
        self._done: dict[Piece | Hull, int] = {}

    def take(self, pieces: Sequence[Piece | Hull], fills: Callable[[Piece | Hull], bool]) -> None:
        """Counts what is new in the pieces; one that does not fill a quota by itself waits until it does."""
        for piece in pieces:
            done = self._done.get(piece, -1)
            if isinstance(piece, Hull):
                if piece.found > done and fills(piece):
                    for block in piece.remembered():
                        self._count(piece, block, 0)
                    self._done[piece] = piece.found
            elif done >= 0 or fills(piece):
                end = piece.extent().o
                for block in chain(reversed(piece.tail), reversed(piece.blocks)):
                    if block.s + block.n <= done:
                        break
                    if block.o + block.n <= end:
                        self._count(piece, block, done)
                self._done[piece] = max(done, 0) if piece.tail else piece.extent().s
        if len(self._said) > 4 * KEEP:
            self._said = {o for o in self._said if o >= self._history.base}

    def forget(self, pieces: Container[Piece | Hull]) -> None:
        """Lets pieces go that nobody will ask for again."""
        self._done = {piece: done for piece, done in self._done.items() if piece not in pieces}

    def _count(self, piece: Piece | Hull, block: Block, done: int) -> None:
        """Counts a block from source token ``done`` on."""
        for s in range(max(block.s, done, piece.src_base), block.s + block.n):
            o = block.o + s - block.s
            if o not in self._said and not piece.is_free(o, s):
                self._said.add(o)
                self._quota.add(self._run, s, piece.src[s - piece.src_base])
