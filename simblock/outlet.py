"""What goes out: the text not yet released, and the spans of it that are redacted.

All places are code points of the model's text, counted from the start of the stream.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from simblock.match import Span

PLACEHOLDER = "[withheld]"


class Edit(NamedTuple):
    """Code points [start, end) and what goes out in their place."""

    start: int
    end: int
    text: str = PLACEHOLDER


class Outlet:
    """Model text between its arrival and its release, byte for byte as it came.

    ``altered``: something else went out in the place of some of it; ``edited`` has what stands where in what was
    released last, where that was edited. The last ``remembered`` characters that went out are kept for :meth:`before`.
    """

    __slots__ = (
        "_edits",
        "_pending",
        "_remembered",
        "_said",
        "_withheld",
        "altered",
        "edited",
        "fed",
        "frozen",
        "released",
    )

    def __init__(self, remembered: int = 0) -> None:
        self._pending = self._said = ""
        self._edits: list[Edit] = []
        self.edited: list[Edit] = []
        self._withheld = -1  # where the text behind the last edit begins
        self._remembered = remembered
        self.fed = self.released = 0
        self.frozen = self.altered = False

    def take(self, chunk: str) -> None:
        """Takes what the model said; a frozen outlet only counts it."""
        self.fed += len(chunk)
        if not self.frozen:
            self._pending += chunk

    def freeze(self, end: int) -> None:
        """Ends the outlet: nothing from code point ``end`` on goes out any more."""
        self._pending = self._pending[: max(end - self.released, 0)]
        self.frozen = True

    def redact(self, span: Span) -> None:
        """Puts a placeholder where a span will go out; one for all spans that touch or overlap."""
        self._edits.append(Edit(*span))

    def replace(self, span: Span, text: str) -> None:
        """Puts a text of its own where a span will go out."""
        self._edits.append(Edit(*span, text))

    def before(self, place: int) -> str:
        """The last characters that go out before a code point, those among them that are still here."""
        text = self._pending[: max(place - self.released, 0)]
        coming, _ = self._edited(text, self.released)
        return (self._said + _joined(coming))[-self._remembered :]

    def release(self, limit: int) -> str:
        """The text up to code point ``limit``; of a frozen outlet what is left."""
        if self.frozen:
            limit = self.released + len(self._pending)
        for edit in self._edits:
            if edit.start < limit < edit.end and not self.frozen:
                limit = edit.start
        self.edited = []
        if limit <= self.released:
            return ""
        text, start = self._pending[: limit - self.released], self.released
        self._pending = self._pending[limit - start :]
        self.released = limit
        if self._edits:
            self.edited, edited = self._edited(text, start)
            text = _joined(self.edited)
            self.altered |= edited > self._withheld
            self._withheld = max(edited, self._withheld)
            self._edits = [edit for edit in self._edits if edit.start >= limit]
        if self._remembered:
            self._said = (self._said + text)[-self._remembered :]
        return text

    def _edited(self, text: str, start: int) -> tuple[list[Edit], int]:
        """The text from code point ``start`` on, part by part, with its edits; and where the last of them ends."""
        parts, at, stop, withheld = [], start, start + len(text), self._withheld
        for edit in sorted(self._edits):
            if at < edit.end and edit.start < stop:
                begin = max(edit.start, at)
                parts.append(Edit(at, begin, text[at - start : begin - start]))
                said = edit.text if begin > withheld or edit.text != PLACEHOLDER else ""
                parts.append(Edit(begin, edit.end, said))
                at = withheld = edit.end
        return [*parts, Edit(at, stop, text[max(at - start, 0) :])], withheld


def _joined(parts: Iterable[Edit]) -> str:
    return "".join(part.text for part in parts)


class Hold:
    """The tail that is always held: so many half words of ticks, a character's tick being one of them.

    ``limit`` is the code point up to which nothing is held for this reason.
    """

    __slots__ = ("_halves", "_held", "_ticks", "limit")

    def __init__(self, words: int) -> None:
        self._halves = 2 * words
        self._ticks: deque[tuple[int, int]] = deque()
        self._held = self.limit = 0

    def tick(self, place: int, halves: int) -> None:
        """A tick at a code point: 2 half words, or 1 where a single character of a script without spaces ends."""
        self._ticks.append((place, halves))
        self._held += halves
        while self._held - self._ticks[0][1] >= self._halves:
            self.limit, halves = self._ticks.popleft()
            self._held -= halves


class Following:
    """The tail of code that is held until so many lexemes follow, though no more than ``MOST`` characters."""

    __slots__ = ("_lexemes",)

    MOST = 4096

    def __init__(self, lexemes: int) -> None:
        self._lexemes: deque[int] = deque(maxlen=lexemes)

    def take(self, starts: Sequence[int]) -> None:
        """The starts of the lexemes that came."""
        self._lexemes.extend(starts)

    def reckon(self, fed: int, *, inside: bool) -> int:
        """The code point up to which text may go out, when ``fed`` is known; all of it outside code."""
        if not inside:
            self._lexemes.clear()
            return fed
        first = self._lexemes[0] if self._lexemes else fed
        return max(first, fed - self.MOST)


class Tail:
    """What is always held: so many ticks, and of code so many lexemes; nothing where both are 0."""

    __slots__ = ("_following", "_hold")

    def __init__(self, ticks: int, lexemes: int) -> None:
        self._hold = Hold(ticks) if ticks else None
        self._following = Following(lexemes) if ticks and lexemes > 0 else None

    def take(self, ticks: Sequence[int], characters: set[int], lexemes: Sequence[int]) -> None:
        """New ticks by their places, those where a single character ends among them, and starts of lexemes."""
        if self._hold is not None:
            for place in ticks:
                self._hold.tick(place, 1 if place in characters else 2)
        if self._following is not None:
            self._following.take(lexemes)

    def limit(self, fed: int, *, inside: bool) -> int:
        """The code point up to which text may go out; ``inside``: code is open."""
        limit = fed if self._hold is None else self._hold.limit
        if self._following is not None:
            limit = min(limit, self._following.reckon(fed, inside=inside))
        return limit
