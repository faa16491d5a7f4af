"""What a match under suspicion means for what goes out: whether it is held, where it stands, what has leaked."""

from __future__ import annotations

from simblock.align import Measure
from simblock.hull import Hull
from simblock.match import Span
from simblock.piece import Piece
from simblock.scheme import D_TICKS
from simblock.tokens import CHAR_KEY
from simblock.tracking import Track


def holds(track: Track, o: int, clock: int, begin: int) -> bool:
    """Whether suspicion stands behind output token ``o`` and ``clock`` ticks.

    It does while ``begin`` half words are matched, lately, and still alike with what followed.
    """
    if not track.pieces or not _recent(track, clock):
        return False
    if track.forced:
        return True
    now, least, alike = track.now, max(begin, track.grain.least), track.resolved.limits.min_similarity
    trailing = 2 * (o + 1 - track.end())
    if now.matched >= least and track.likeness(now.matched, now.output + trailing, now.source) >= alike:
        return True
    if any(isinstance(piece, Hull) and track.counts(piece) for piece in track.growing()):
        return True
    return any(_runs_on(piece, o, least, alike) for piece in track.aligned())


def _runs_on(piece: Piece, o: int, least: int, alike: float) -> bool:
    """Whether a piece ends in a run worth suspicion by itself, whatever the match was like before."""
    extent = piece.extent()
    return extent.run >= least and extent.run >= alike * (extent.run + 2 * (o + 1 - extent.o))


def _recent(track: Track, clock: int) -> bool:
    last, history = track.end() - 1, track.history
    return last >= history.base and clock - history.clock(last) <= D_TICKS


def standing(track: Track) -> list[Span]:
    """The output code points of the pieces that count, in order."""
    return sorted(track.spans[piece].output for piece, _ in _deciding(track))


def _deciding(track: Track) -> list[tuple[Piece | Hull, Measure]]:
    """The pieces by which a match acts."""
    return track.counting(bag=track.verdict is not None and track.verdict.by == "min_evidence")


def count_leaked(track: Track, released: int) -> int:
    """Tokens of the match of which anything had gone out when it acted."""
    history = track.history
    out: dict[int, int] = {}
    for piece, _ in _deciding(track):
        strange = piece.strangers() if isinstance(piece, Piece) and piece.names else set()
        for block in piece.remembered():
            for o in set(range(block.o, block.o + block.n)) - strange:
                at = o - history.base
                if at < 0 or history.starts[at] < released:
                    out[o] = 1 if at >= 0 and history.keys[at] >= CHAR_KEY else 2
    return (track.past.matched + sum(out.values())) // 2
