"""One region of code in an output, whose language is certain: what a fence, a file or a detector opened."""

from __future__ import annotations

from typing import NamedTuple


class Stretch(NamedTuple):
    """A stretch of code, in order.

    ``text`` are the code points [start, end) of the output, or one character that stands for all of them.
    ``opens``: a new region begins here, what was read before is another text. The character that ends at
    ``e`` became certain when max(``when``, ``e``) code points of the output were known: this depends on the
    text alone, never on how it was cut.
    """

    language: str
    opens: bool
    text: str
    start: int
    end: int
    when: int


class Region:
    """Gives the characters of one region on, the first of them marked."""

    __slots__ = ("_opens", "language")

    def __init__(self, language: str) -> None:
        self.language = language
        self._opens = True

    def take(self, text: str, start: int, when: int, out: list[Stretch]) -> None:
        """Read ``text``, that begins at ``start`` of the output, whose first ``when`` code points are known."""
        if text:
            out.append(Stretch(self.language, self._opens, text, start, start + len(text), when))
            self._opens = False

    def finish(self, out: list[Stretch]) -> None:
        """The region has ended: give what is held."""
