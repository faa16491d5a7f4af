"""What is put in the place of passages: a placeholder at once, other words when somebody has found them."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from simblock.ledger import Told
from simblock.match import Span
from simblock.outlet import Outlet
from simblock.questions import Rewrite
from simblock.response import ResponseCore
from simblock.suspicion import standing
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

    def settle(self, track: Track) -> None:
        """Takes what of a match was not taken before: its suspicion is over.

        Redacted are its pieces, and what stands between them goes out; replaced is all of it.
        """
        track.place()
        spans = [span for span in standing(track) if span.end > track.redacted]
        if not spans:
            return
        start, end = max(spans[0].start, track.redacted), max(span.end for span in spans)
        if track.action == "redact":
            for span in spans:
                self._outlet.redact(Span(max(span.start, track.redacted), span.end))
        elif (start := max(start, self._outlet.released)) < end:
            self._wait(_passage(track, Span(start, end)))
        track.redacted = end

    def unsettled(self, track: Track) -> bool:
        """Whether something of a match was not taken yet."""
        return any(span.end > track.redacted for span in standing(track))

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
