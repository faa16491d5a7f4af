"""The alignments of an output with one run that go on, and where."""

from __future__ import annotations

from simblock.align import MAX_GAP
from simblock.hull import REACH, Hull
from simblock.piece import SETTLE, Piece


class Ongoing:
    """Pieces of one run, of which some may be closed."""

    __slots__ = ()

    pieces: list[Piece | Hull]

    @property
    def open(self) -> bool:
        return any(not piece.closed for piece in self.pieces)

    def through(self, o: int, s: int, drift: int = MAX_GAP) -> Piece | None:
        """The growing piece that goes through output token ``o`` and source token ``s``, or nearly."""
        for piece in self.aligned():
            if abs((o - s) - piece.diagonal) <= drift and piece.first.o <= o:
                return piece
        return None

    def places(self, o: int) -> set[int]:
        """The source tokens ``s`` where :meth:`through` has a piece for output token ``o``."""
        beside = range(-MAX_GAP, MAX_GAP + 1)
        return {o - piece.diagonal + by for piece in self.aligned() if piece.first.o <= o for by in beside}

    def hull_about(self, o: int, s: int) -> Hull | None:
        """The growing hull about output token ``o`` and source token ``s``."""
        for piece in self.pieces:
            if isinstance(piece, Hull) and not piece.closed and abs((o - s) - piece.diagonal) <= REACH:
                return piece
        return None

    def on(self, o: int, s: int) -> Piece | None:
        """The growing piece whose settled run goes through output token ``o`` and source token ``s``."""
        for piece in self.aligned():
            last = piece.last
            if last.o + last.n == o + 1 and last.s + last.n == s + 1 and last.n >= SETTLE:
                return piece
        return None

    def end(self) -> int:
        """The output token behind the last piece."""
        return max((piece.extent().o for piece in self.pieces), default=0)

    def running(self, o: int) -> int:
        """Tokens of the longest run that goes through output token ``o``."""
        return max((piece.running(o) for piece in self.aligned()), default=0)

    def growing(self) -> list[Piece | Hull]:
        """The pieces that are not closed."""
        return [piece for piece in self.pieces if not piece.closed]

    def aligned(self) -> list[Piece]:
        """The alignments that are not closed."""
        return [piece for piece in self.pieces if isinstance(piece, Piece) and not piece.closed]
