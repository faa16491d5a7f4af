"""What a match under suspicion means for what goes out: whether it is held, where it stands, what has leaked."""

from __future__ import annotations

from simblock.align import summed
from simblock.figures import covering
from simblock.hull import Hull
from simblock.match import Span
from simblock.piece import Piece
from simblock.scheme import D_TICKS
from simblock.tokens import CHAR_KEY
from simblock.tracking import JOIN, Track

MAX_PIECES = 32
"""Pieces of one match that are kept apart; older ones are summed up."""


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


def copied(track: Track) -> list[Piece | Hull]:
    """The pieces of which nothing may go out when a match acts: those that count, and each that is a copy by itself.

    One that says again what another does, or that a bigger one outdoes, makes the match no bigger; it goes out all
    the same.
    """
    counting = [piece for piece, _ in track.counting(bag=track.bagged)]
    rest = (piece for piece in track.pieces if isinstance(piece, Piece) and piece not in counting)
    return counting + [piece for piece in rest if _alone(track, piece)]


def _alone(track: Track, piece: Piece) -> bool:
    """Whether a piece is a copy by itself: found for certain, or as much, and as alike, as a match must be."""
    if track.certain(piece):
        return True
    limits, measure = track.resolved.limits, piece.measure(bag=False)
    alike = track.likeness(measure.matched, measure.output, measure.source)
    if measure.matched < 2 * limits.min_tokens or alike < limits.min_similarity or track.mute():
        return False
    wanted = limits.min_information / alike
    return not wanted or track.information([piece], [(piece.first.s, piece.extent().s)], wanted) >= wanted


def fold(track: Track) -> None:
    """Sums up the older half of very many pieces, so that a long match costs no more than a short one.

    Remembered is where they stand, of those that do not count as well: nothing of it may go out.
    """
    if len(track.pieces) <= MAX_PIECES:
        return
    lately = track.end() - 2 * JOIN
    old = {piece for piece in track.pieces if piece.closed and piece.extent().o < lately}
    if not old:
        return
    track.place()
    counting = [(piece, measure) for piece, measure in track.counting(bag=False) if piece in old]
    track.past = summed([track.past, *(measure for _, measure in counting)])
    copies = {piece for piece, _ in counting} | old.intersection(copied(track))
    track.past_spans = covering([*track.past_spans, *(track.spans[piece] for piece in copies)])
    track.drop(old)


def standing(track: Track) -> list[Span]:
    """The output code points of what a match that acts has copied and that was not edited yet, in order."""
    track.place()
    placings = (*track.past_spans, *(track.spans[piece] for piece in copied(track)))
    redacted = track.redacted
    return sorted(
        Span(max(p.output.start, redacted), p.output.end) for p in placings if p.output.end > redacted
    )


def behind(track: Track) -> int:
    """The code point up to which a match lies far behind; 0 where all of that was edited."""
    lately = track.end() - 2 * JOIN
    late, far = [], max((p.output.end for p in track.past_spans[-1:]), default=0)
    for piece, placing in track.spans.items():
        if piece.closed and piece.extent().o <= lately:
            far = max(far, placing.output.end)
        else:
            late.append(placing.output.start)
    return min(late, default=0) if far > track.redacted else 0


def count_leaked(track: Track, released: int) -> int:
    """Tokens of what a match that acts has copied of which anything had gone out before they were edited."""
    history, redacted = track.history, track.redacted
    out: dict[int, int] = {}
    for piece in copied(track):
        strange = piece.strangers() if isinstance(piece, Piece) and piece.names else set()
        for block in piece.remembered():
            for o in set(range(block.o, block.o + block.n)) - strange:
                at = o - history.base
                if redacted <= history.starts[at] < released if at >= 0 else not redacted:
                    out[o] = 1 if at >= 0 and history.keys[at] >= CHAR_KEY else 2
    return ((0 if redacted else track.past.matched) + sum(out.values())) // 2
