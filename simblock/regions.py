"""One region of code in an output: its language, settled by tag or by its lines, and its characters given on.

A region whose language is not known collects lines until they show it (Undecided); one whose language was
named gives every character on at once, and is opened anew if its lines contradict the name (Region).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from simblock.detection import LINE, Evidence, Look, is_recognised, look
from simblock.grammar import grammar
from simblock.hosts import HostScanner, Piece, is_tag
from simblock.openings import openings

BACK = 8192
"""So many characters of a region are kept while its language is in doubt, to be given anew."""
COMMENT = 40
"""So many lines may be a comment that is not closed yet."""
GUESS_LINES, GUESS_CHARACTERS = 3, 400
"""In a fence, the language is guessed when so much of it is known and nothing is sure."""
Ground = Literal["given", "named", "page", "guessed", "shown"]
"""What a region has its language by: it is given, and never doubted; a name says it, or a name of a language that hosts
others; its lines make it the likeliest, or leave no other."""
DOUBT, BEYOND_DOUBT = 32, 64
"""What another must lead by to take the place of a language that was guessed, and of one that was named, in units of
:mod:`simblock.catalogue`."""
CONTRARY: Mapping[tuple[Ground, bool], tuple[int, int]] = MappingProxyType(
    {
        ("named", False): (BEYOND_DOUBT, 3),
        ("named", True): (BEYOND_DOUBT, 3),
        ("page", False): (DOUBT, 2),  # what is code there is lost under this name
        ("page", True): (DOUBT, 1),
        ("guessed", False): (DOUBT, 0),
        ("guessed", True): (1, 0),
        ("shown", False): (DOUBT, 3),
        ("shown", True): (DOUBT, 3),
    }
)
"""What it takes to contradict a region, by its ground and whether it has ended: another language's lead, and so many
strong lines."""


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


class _Unsettled:
    """What was read of a region and is not settled: its characters, and what its lines say."""

    __slots__ = ("evidence", "kept", "size")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """What was read is settled, or forgotten."""
        self.kept: list[tuple[str, int, int, int]] = []
        self.size = 0
        self.evidence = Evidence()

    def keep(self, text: str, start: int, end: int, when: int) -> None:
        """Text that stands at [start, end) and was known at ``when``."""
        self.size += len(text)
        self.kept.append((text, start, end, when))

    @property
    def full(self) -> bool:
        """Whether more was read than is kept of a region."""
        return self.size > BACK

    def anew(self, when: int) -> Iterator[tuple[str, int, int, int]]:
        """What is kept, to be given now that ``when`` code points of the output are known."""
        return ((text, start, end, max(known, when)) for text, start, end, known in self.kept)


class Region:
    """Gives on the characters of a region whose language is known on some ground.

    While its lines have neither confirmed nor contradicted that, they are kept, at most BACK characters. What
    lines have shown others may: of such a region, once it is clear, those are kept that came since the last
    that speaks for its language, for code of another may stand right behind. A language that no line speaks for, as
    ``generic``, is believed; not so one that hosts others, of which what stands between tags is weighed. What lines have put
    right they may put right again.
    """

    __slots__ = ("_ground", "_host", "_last", "_lines", "_opens", "_unsettled", "language")

    first_held: int | None = None

    def __init__(self, language: str, ground: Ground = "named") -> None:
        self._begin(language)
        doubted = ground != "given" and (self._host is not None or is_recognised(language))
        self._unsettled = _Unsettled() if doubted else None
        self._ground: Ground = "page" if doubted and self._host else ground
        self._lines = _Between(language, self._host) if doubted and self._host else _Judged(language)

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
        if self._unsettled is not None:
            self._doubt(stretch, self._unsettled, out)

    def _give(self, text: str, start: int, end: int, when: int, out: list[Stretch]) -> Stretch:
        pieces = None if self._host is None else tuple(self._host.feed(text))
        self._last = Stretch(self.language, self._opens, text, start, end, when, pieces)
        self._opens = False
        out.append(self._last)
        return self._last

    def finish(self, when: int, out: list[Stretch]) -> None:
        if self._unsettled is not None and not self._unsettled.full:
            seen = [*self._lines.looks(), *self._lines.rest()]
            self._weigh(seen, self._unsettled, when, out, ended=True)
        self._unsettled = None
        self._end(out)

    def _end(self, out: list[Stretch]) -> None:
        """Give what of a text that hosts others is certain only at its end."""
        pieces = tuple(self._host.finish()) if self._host else ()
        if pieces and self._last:
            out.append(self._last._replace(opens=False, text="", start=self._last.end, pieces=pieces))
        self._host = None

    def hint(self, seen: Look) -> None:
        if self._unsettled is not None:
            self._unsettled.evidence.add(seen)

    def _doubt(self, stretch: Stretch, unsettled: _Unsettled, out: list[Stretch]) -> None:
        unsettled.keep(stretch.text, stretch.start, stretch.end, stretch.when)
        if unsettled.full:
            unsettled.kept.clear()
        if self._lines.read(stretch):
            seen = self._lines.looks()
            if unsettled.full:
                self._settle()
            else:
                self._weigh(seen, unsettled, max(stretch.when, stretch.end), out)

    def _settle(self) -> None:
        """Doubt no more what was read; nor what is to come, of a language that lines did not show."""
        if self._ground in {"guessed", "shown"}:
            self._ground, self._unsettled = "shown", _Unsettled()
        else:
            self._unsettled = None

    def _weigh(
        self, seen: list[Look], unsettled: _Unsettled, when: int, out: list[Stretch], *, ended: bool = False
    ) -> None:
        evidence = unsettled.evidence
        for line in seen:
            evidence.add(line)
        verdict = evidence.against(self.language, *CONTRARY[self._ground, ended])
        if verdict is None or not unsettled.kept:
            if self._ground == "shown" and evidence.speaks_for(self.language):
                self._settle()
            return
        if verdict != self.language:
            self._end(out)
            self._begin(verdict)
            self._ground, self._lines = "shown", _Judged(verdict)
            for read in unsettled.anew(when):
                self._give(*read, out)
        self._settle()


class Undecided:
    """Collects the characters of a region until its lines show the language, then gives them on.

    ``loose``: something says that this is code (a fence does), so that a guess will do where nothing is sure.
    ``alone``: nobody else looks out for prose, so that lines which prose outweighs by far are forgotten.
    """

    __slots__ = ("_alone", "_blank", "_filled", "_lines", "_loose", "_region", "_unsettled")

    def __init__(self, *, loose: bool, alone: bool = False) -> None:
        self._loose, self._alone = loose, alone
        self._region: Region | None = None
        self._lines = _Lines()
        self._blank = True
        self._filled = 0
        self._unsettled = _Unsettled()

    @property
    def language(self) -> str | None:
        return self._region.language if self._region else None

    @property
    def first_held(self) -> int | None:
        kept = self._unsettled.kept
        return kept[0][1] if kept else None

    def hint(self, seen: Look) -> None:
        self._unsettled.evidence.add(seen)

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
        self._unsettled.keep(piece, start, end, when)
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
        self._unsettled.clear()

    def _decide(self, seen: Look, when: int, out: list[Stretch]) -> None:
        evidence = self._unsettled.evidence
        evidence.add(seen)
        language = evidence.sure
        if language is None and self._loose and self._is_time():
            self._loose = False
            language = evidence.guess
        if language:
            self._region = Region(language, "shown" if evidence.is_clear else "guessed")
            for read in self._unsettled.anew(when):
                self._region.take(*read, out)
            self._unsettled.clear()
        elif self._unsettled.full or (self._alone and evidence.drowned):
            self._unsettled.clear()
            self._filled = 0

    def _is_time(self) -> bool:
        return self._filled >= GUESS_LINES or self._unsettled.size >= GUESS_CHARACTERS
