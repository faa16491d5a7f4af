"""One region of code in an output: its language, settled by tag or by its lines, and its characters given on.

A region whose language is not known collects lines until they show it (Undecided); one whose language was
named gives every character on at once, and is opened anew if its lines contradict the name (Region).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from simblock.detection import DOUBT, LINE, Evidence, Look, is_recognised, look
from simblock.grammar import grammar
from simblock.hosts import HostScanner, Piece, is_tag
from simblock.openings import openings

BACK = 8192
"""So many characters of a region are kept while its language is in doubt, to be given anew."""
COMMENT = 40
"""So many lines may be a comment that is not closed yet."""
GUESS_LINES, GUESS_CHARACTERS = 3, 400
"""In a fence, the language is guessed when so much of it is known and nothing is sure."""


class Stretch(NamedTuple):
    """A stretch of code, in order.

    ``text`` are the code points [start, end) of the output, or one character that stands for all of them.
    ``opens``: a new region begins here, what was read before is another text. The character that ends at
    ``e`` became certain when max(``when``, ``e``) code points of the output were known: this depends on the
    text alone, never on how it was cut. ``pieces``: of a region whose language hosts others, what it is cut into as
    far as is certain now; the last stretch of one may have no text, and gives the rest.
    """

    language: str
    opens: bool
    text: str
    start: int
    end: int
    when: int
    pieces: tuple[Piece, ...] | None = None


class Taker(Protocol):
    """What takes the characters of a region.

    ``take``: ``text``, that holds no line end but at its end, is [start, end) of the output and was known
    when ``when`` code points of it were. ``finish``: the region has ended, known at ``when``. ``first_held``:
    where the first character lies that was taken and not given on; None where there is none.
    """

    @property
    def language(self) -> str | None: ...
    @property
    def first_held(self) -> int | None: ...
    def take(self, text: str, start: int, end: int, when: int, out: list[Stretch]) -> None: ...
    def finish(self, when: int, out: list[Stretch]) -> None: ...
    def hint(self, seen: Look) -> None:
        """Count a line that is seen as it stands and taken without its prompt."""


class _Lines:
    """Puts lines together, and judges each once, when it ends."""

    __slots__ = ("_parts", "length")

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.length = 0

    def add(self, text: str) -> bool:
        """Whether the line ends with ``text``."""
        if self.length < LINE:
            self._parts.append(text)
        self.length += len(text)
        return text.endswith("\n")

    def line(self) -> str:
        """The line, as much of it as is judged; the next one begins."""
        line = "".join(self._parts)[:LINE]
        self._parts.clear()
        self.length = 0
        return line

    def end(self) -> Look:
        """How the line looks."""
        return look(self.line())


class _Judged(_Lines):
    """Judges lines that are said to be of a language: those within its comments over lines may hold anything, and are
    left out. As long as one is not closed they are held back: it may be none."""

    __slots__ = ("_close", "_held", "_openings")

    def __init__(self, language: str) -> None:
        super().__init__()
        self._openings = [one for one in openings(language) if one.close]
        self._close = ""
        self._held: list[Look] = []

    def read(self, stretch: Stretch) -> bool:
        """Whether the line ends with ``stretch``."""
        return self.add(stretch.text)

    def looks(self) -> list[Look]:
        """How the line looks, behind others that were held back; nothing while that may not count."""
        line = self.line()
        if not self._close:
            for one in self._openings:
                if one.begins(line):
                    self._close = one.close
                    break
            return [look(line)]
        self._held.append(look(line))
        if self._close in line:
            self._close = ""
            self._held.clear()
        return self.rest() if len(self._held) >= COMMENT else []

    def rest(self) -> list[Look]:
        """What is held back, now that nothing closes the comment."""
        held, self._held = self._held, []
        self._close = ""
        return held


class _Between(_Judged):
    """Judges what stands between the tags of a host language, which leaves it out: code should not stand there.

    A line with a tag, or in what it hosts, says nothing.
    """

    __slots__ = ("_host", "_scanner", "_seen")

    def __init__(self, host: str, scanner: HostScanner) -> None:
        super().__init__(host)
        self._host, self._scanner = host, scanner
        self._seen = False

    def read(self, stretch: Stretch) -> bool:
        found = stretch.pieces or ()
        self._seen |= any(piece.language != self._host or is_tag(piece.text) for piece in found)
        return super().read(stretch)

    def looks(self) -> list[Look]:
        seen, left_out = self.end(), self._seen or not self._scanner.between
        self._seen = False
        return [] if left_out else [seen]


class Region:
    """Gives on the characters of a region whose language was named, or ``shown`` by its lines, clearly or not.

    While its lines have neither confirmed nor contradicted the name, they are kept, at most BACK characters. What
    lines have shown others may: of a region without a name, once it is clear, those are kept that came since the last
    that speaks for its language, for code of another may stand right behind. A language that no line speaks for, as
    ``generic``, is believed; not so one that hosts others, of which what stands between tags is weighed. What lines have put
    right they may put right again.
    """

    __slots__ = (
        "_clear", "_evidence", "_host", "_kept", "_last", "_lines", "_opens", "_shown", "_size", "language"
    )  # fmt: skip

    first_held: int | None = None

    def __init__(
        self, language: str, *, doubted: bool = True, shown: bool = False, clear: bool = False
    ) -> None:
        self._begin(language)
        self._shown, self._clear = shown, clear
        doubted = doubted and (self._host is not None or is_recognised(language))
        self._kept: list[Stretch] | None = [] if doubted else None
        self._size = 0
        self._lines = _Between(language, self._host) if doubted and self._host else _Judged(language)
        self._evidence = Evidence()

    def _begin(self, language: str) -> None:
        """A region of this language opens with what is given next."""
        self.language: str = language
        self._opens = True
        self._last: Stretch | None = None
        rules = grammar(language)
        self._host = HostScanner(rules) if rules.embedded else None

    def take(self, text: str, start: int, end: int, when: int, out: list[Stretch]) -> None:
        if not text:
            return
        stretch = self._give(text, start, end, when, out)
        if self._kept is not None:
            self._doubt(stretch, out)

    def _give(self, text: str, start: int, end: int, when: int, out: list[Stretch]) -> Stretch:
        pieces = None if self._host is None else tuple(self._host.feed(text))
        self._last = Stretch(self.language, self._opens, text, start, end, when, pieces)
        self._opens = False
        out.append(self._last)
        return self._last

    def finish(self, when: int, out: list[Stretch]) -> None:
        if self._kept is not None and self._size <= BACK:
            self._weigh([*self._lines.looks(), *self._lines.rest()], when, out, ended=True)
        self._kept = None
        self._end(out)

    def _end(self, out: list[Stretch]) -> None:
        """Give what of a text that hosts others is certain only at its end."""
        pieces = tuple(self._host.finish()) if self._host else ()
        if pieces and self._last:
            out.append(self._last._replace(opens=False, text="", start=self._last.end, pieces=pieces))
        self._host = None

    def hint(self, seen: Look) -> None:
        if self._kept is not None:
            self._evidence.add(seen)

    def _doubt(self, stretch: Stretch, out: list[Stretch]) -> None:
        assert self._kept is not None
        self._size += len(stretch.text)
        if self._size <= BACK:
            self._kept.append(stretch)
        if self._lines.read(stretch):
            seen = self._lines.looks()
            if self._size > BACK:
                self._settle()
            else:
                self._weigh(seen, max(stretch.when, stretch.end), out)

    def _settle(self) -> None:
        """Doubt no more what was read."""
        self._kept = [] if self._shown else None
        self._clear = True
        self._size = 0
        self._evidence = Evidence()

    def _verdict(self, *, ended: bool) -> str | None:
        if isinstance(self._lines, _Between):  # what is code there is lost under this name
            return self._evidence.against(self.language, DOUBT, 1 if ended else 2)
        if not self._shown:
            return self._evidence.against(self.language)
        if self._clear:
            return self._evidence.against(self.language, DOUBT)
        return self._evidence.against(self.language, 1 if ended else DOUBT, 0)

    def _weigh(self, seen: list[Look], when: int, out: list[Stretch], *, ended: bool = False) -> None:
        for line in seen:
            self._evidence.add(line)
        kept, verdict = self._kept, self._verdict(ended=ended)
        if verdict is None or not kept:
            if self._shown and self._clear and self._evidence.speaks_for(self.language):
                self._settle()
            return
        self._shown |= verdict != self.language
        self._settle()
        if verdict != self.language:
            self._end(out)
            self._begin(verdict)
            self._lines = _Judged(verdict)
            for s in kept:
                self._give(s.text, s.start, s.end, max(s.when, when), out)


class Undecided:
    """Collects the characters of a region until its lines show the language, then gives them on.

    ``loose``: something says that this is code (a fence does), so that a guess will do where nothing is sure.
    ``alone``: nobody else looks out for prose, so that lines which prose outweighs by far are forgotten.
    """

    __slots__ = ("_alone", "_blank", "_evidence", "_filled", "_kept", "_lines", "_loose", "_region", "_size")

    def __init__(self, *, loose: bool, alone: bool = False) -> None:
        self._loose, self._alone = loose, alone
        self._region: Region | None = None
        self._lines = _Lines()
        self._blank = True
        self._clear()

    def _clear(self) -> None:
        self._kept: list[tuple[str, int, int]] = []
        self._size = self._filled = 0
        self._evidence = Evidence()

    @property
    def language(self) -> str | None:
        return self._region.language if self._region else None

    @property
    def first_held(self) -> int | None:
        return self._kept[0][1] if self._kept else None

    def hint(self, seen: Look) -> None:
        self._evidence.add(seen)

    def take(self, text: str, start: int, end: int, when: int, out: list[Stretch]) -> None:
        at = 0
        while at < len(text) and self._region is None:
            room = LINE - self._lines.length  # a line as long as that is judged as far as it is known
            piece = text[at : at + room]
            begin, at = start + at, at + len(piece)
            self._collect(piece, begin, end if at == len(text) else start + at, when, out)
        if at < len(text):
            assert self._region
            self._region.take(text[at:], start + at, end, when, out)

    def _collect(self, piece: str, start: int, end: int, when: int, out: list[Stretch]) -> None:
        self._kept.append((piece, start, end))
        self._size += len(piece)
        self._blank = self._blank and piece.isspace()
        if self._lines.add(piece) or self._lines.length == LINE:
            self._filled += not self._blank
            self._blank = True
            self._decide(self._lines.end(), max(when, end), out)

    def finish(self, when: int, out: list[Stretch]) -> None:
        if self._region is None:
            self._filled = GUESS_LINES
            self._decide(self._lines.end(), when, out)
        if self._region:
            self._region.finish(when, out)
        self._kept = []

    def _decide(self, seen: Look, when: int, out: list[Stretch]) -> None:
        self._evidence.add(seen)
        language = self._evidence.sure
        if language is None and self._loose and self._is_time():
            self._loose = False
            language = self._evidence.guess
        if language:
            self._region = Region(language, shown=True, clear=self._evidence.is_clear)
            for text, start, end in self._kept:
                self._region.take(text, start, end, when, out)
            self._kept = []
        elif self._size > BACK or (self._alone and self._evidence.drowned):
            self._clear()

    def _is_time(self) -> bool:
        return self._filled >= GUESS_LINES or self._size >= GUESS_CHARACTERS
