"""What is put in the place of passages: a placeholder at once, other words when somebody has found them."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from simblock.ledger import Told
from simblock.match import Span
from simblock.outlet import Outlet
from simblock.questions import Rewrite
from simblock.response import ResponseCore
from simblock.suspicion import count_leaked, standing
from simblock.tracking import Track
from simblock.work import Kind


class Passage(NamedTuple):
    """Code points [start, end) that wait for other words; ``tokens`` is about how many words or lexemes they are."""

    start: int
    end: int
    tokens: int
    kind: Kind = "text"
    language: str | None = None

    def with_other(self, other: Passage) -> Passage:
        """One passage of two that overlap or touch; it is code where one of them is."""
        coded = self if self.kind == "code" else other
        start, end = min(self.start, other.start), max(self.end, other.end)
        return Passage(start, end, max(self.tokens, other.tokens), coded.kind, coded.language)


class Editing:
    """The passages of one stream that are edited rather than withheld with all that follows.

    ``waiting`` are those that nobody has found other words for yet, in order; they neither overlap nor touch.
    """

    def __init__(self, response: ResponseCore, outlet: Outlet, channel: str, choice: int) -> None:
        self._response, self._outlet = response, outlet
        self._channel, self._choice = channel, choice
        self.waiting: list[Passage] = []

    def settle(self, track: Track, end: int) -> None:
        """Takes what of a match was not taken before, up to code point ``end``: no suspicion stands before it.

        Taken are its pieces, and of those that go on beyond the last one what lies before its end; what stands
        between them goes out.
        """
        spans = standing(track) if end > track.redacted else []
        cut = max((span.end for span in spans if span.end <= end), default=0)
        spans = [Span(span.start, min(span.end, cut)) for span in spans if span.start < cut]
        if not spans:
            return
        released = self._outlet.released
        leaked = count_leaked(track, released)
        track.leaked = leaked + (track.leaked if track.begin() < track.redacted else 0)
        for span in spans:
            if track.action == "redact":
                self._outlet.redact(span)
            elif span.end > released:
                self._wait(_passage(track, Span(max(span.start, released), span.end)))
        track.redacted = cut

    def _wait(self, passage: Passage) -> None:
        apart = []
        for other in self.waiting:
            if other.end < passage.start or passage.end < other.start:
                apart.append(other)
            else:
                passage = passage.with_other(other)
        self.waiting = sorted([*apart, passage])

    def rewrite(self, held: int) -> Told[Passage | None]:
        """Asks for other words for the passages that end where nothing is held, which begins at code point ``held``.

        The first for which there are none, if any.
        """
        while self.waiting and self.waiting[0].end <= held:
            passage = self.waiting[0]
            before = self._outlet.before(passage.start)
            answer = yield Rewrite(self._response, self._channel, self._choice, before, *passage[2:])
            if not isinstance(answer, str):
                return passage
            self.waiting.remove(passage)
            self._outlet.replace(Span(*passage[:2]), answer)
        return None


def _passage(track: Track, span: Span) -> Passage:
    starts = track.history.starts
    tokens = max(bisect_left(starts, span.end) - bisect_left(starts, span.start), 1)
    kind: Kind = "code" if track.grain.numbered else "text"
    return Passage(*span, tokens, kind, track.work.language if kind == "code" else None)


__all__ = ["Editing", "Passage"]
