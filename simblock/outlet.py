"""What goes out: the text not yet released, and the spans of it that are redacted.

All places are code points of the model's text, counted from the start of the stream.
"""

from __future__ import annotations

from simblock.match import Span

PLACEHOLDER = "[withheld]"


class Outlet:
    """Model text between its arrival and its release, byte for byte as it came."""

    __slots__ = ("_edits", "_pending", "fed", "frozen", "released")

    def __init__(self) -> None:
        self._pending = ""
        self._edits: list[Span] = []
        self.fed = self.released = 0
        self.frozen = False

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
        """Puts a placeholder where a span will go out."""
        self._edits.append(span)

    def release(self, limit: int) -> str:
        """The text up to code point ``limit``; of a frozen outlet what is left."""
        if self.frozen:
            limit = self.released + len(self._pending)
        for edit in self._edits:
            if edit.start < limit < edit.end and not self.frozen:
                limit = edit.start
        if limit <= self.released:
            return ""
        text, start = self._pending[: limit - self.released], self.released
        self._pending = self._pending[limit - start :]
        self.released = limit
        return self._edited(text, start) if self._edits else text

    def _edited(self, text: str, start: int) -> str:
        parts, at, stop = [], start, start + len(text)
        for edit in sorted(self._edits):
            if at < edit.end and edit.start < stop:
                parts += [text[at - start : max(edit.start, at) - start], PLACEHOLDER]
                at = edit.end
        self._edits = [edit for edit in self._edits if edit.start >= stop]
        return "".join(parts) + text[at - start :]
