"""The streams of a response on the wire: what each was fed, what of it may go out, and in which frames it stands.

Text goes out in the frames in which it came. A piece is the text of one frame in one stream; where its stream let go
of it unchanged, the frame may go out as it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from io import StringIO
from typing import NamedTuple, Protocol

from simblock.ledger import Told as Steps
from simblock.match import Match, Span
from simblock.outlet import Edit
from simblock.response import ResponseCore
from simblock.stream import StreamCore
from simblock.wire.jsontext import whole_escapes
from simblock.wire.shapes import Channel, Found


class Piece:
    """The text of one frame in one stream: code points [start, end) of what was fed. ``out`` has what may go out of it.

    One without text (``found`` None) waits for the stream to reach its end: log probabilities or ids that came
    before the text which they spell.
    """

    __slots__ = ("end", "escape", "found", "needs", "out", "start", "voice")

    def __init__(self, voice: Voice, found: Found | None, start: int, end: int) -> None:
        self.voice, self.found, self.start, self.end = voice, found, start, end
        self.needs = end
        self.out = ""
        self.escape = Escape()

    @property
    def ready(self) -> bool:
        """Whether nothing more of it will be let go, and none of what was is to be taken back."""
        return self.voice.let_go >= self.needs or self.voice.over

    @property
    def clean(self) -> bool:
        """Whether all of it goes out as it came."""
        return self.found is None or self.out == self.found.text


class SealPiece(Piece):
    """A piece without text that goes out as it came where nothing of its stream was changed."""

    __slots__ = ()

    @property
    def clean(self) -> bool:
        return not self.voice.altered


class Recorder(Protocol):
    """Something that takes what is said in a stream, and has a word for all of it."""

    def update(self, text: str) -> None: ...

    def hexdigest(self) -> str: ...


class Remembered(NamedTuple):
    """What of a stream outlives its frames: what goes out, what was said, a digest of what was said."""

    outgoing: bool = False
    said: bool = False
    digest: Callable[[], Recorder | None] = lambda: None


NOTHING = Remembered()
RECENT = 48
"""Pieces of a stream that another one which goes on with it is told first: about so many words."""
MOST_CONTEXT = 600
"""Characters of that at most."""
RECORDED = 1 << 20
"""Characters of a stream that are recorded, where its owner asked for evidence."""


class Escape(NamedTuple):
    """Of a piece of JSON source: what stands of an escape that is open where it begins, and the piece before."""

    open: str = ""
    before: Piece | None = None


class Voice:
    """One channel of one choice. ``let_go`` counts the code points fed that have been dealt with.

    ``context`` was said before, in a stream that this one goes on with: it is read first, so that a passage which is
    dealt out over both is found. ``closed``: a frame said that it ended.
    """

    __slots__ = (
        "_ahead", "_digest", "_escape", "_escaping", "_pieces", "_recent", "_record", "_same", "altered", "channel", "closed",
        "context", "core", "ended", "fed", "let_go", "outgoing", "source",
    )  # fmt: skip

    def __init__(
        self,
        response: ResponseCore,
        channel: Channel,
        *,
        source: bool = False,
        after: bool = False,
        remembered: Remembered = NOTHING,
        context: str = "",
    ) -> None:
        self.channel, self.source, self.context = channel, source, context
        self.core = StreamCore(
            response,
            after=after,
            unbroken=channel.name == "tool",
            channel=channel.name,
            choice=channel.choice,
        )
        self._pieces: deque[Piece] = deque()
        self._same = blake2b(digest_size=16) if remembered.outgoing else None
        self.outgoing = StringIO() if remembered.outgoing else None
        self._record: list[str] | None = [] if remembered.said else None
        self._digest = remembered.digest()
        self.fed = self.let_go = 0
        self._recent: deque[str] = deque(maxlen=RECENT)
        self._escape = Escape()
        self._ahead: list[Piece] = []
        self._escaping: list[Piece] = []
        self.altered = self.ended = self.closed = False

    @property
    def over(self) -> bool:
        """Whether its stream has ended or been stopped."""
        return self.ended or self.core.stopped

    def prime(self) -> Steps[None]:
        """Reads what was said before. What is still held of it goes out with nobody: it has gone out already."""
        if self.context and not self.core.outlet.fed:
            yield from self.core.feed(self.context)
            self.let_go = self.core.outlet.released - len(self.context)

    @property
    def recent(self) -> str:
        """What was said lately, for a stream that goes on with it."""
        said = "".join(self._recent)
        return said if len(self._recent) == RECENT else (self.context + said)[-MOST_CONTEXT:]

    @property
    def matches(self) -> list[Match]:
        """What was found in it, where it stands in what was said in it alone."""
        lead = len(self.context)
        return [_moved(match, -lead) for match in self.core.matches] if lead else self.core.matches

    def add(self, found: Found) -> Piece:
        """A piece for the text of a frame, which is about to be fed."""
        piece = Piece(self, found, self.fed, self.fed + len(found.text))
        self.fed = piece.end
        self._pieces.append(piece)
        self._recent.append(found.text[-MOST_CONTEXT:])
        if self._ahead:
            for ahead in self._ahead:
                ahead.end = ahead.needs = piece.end
            self._ahead.clear()
        if self._record is not None and self.fed <= RECORDED:
            self._record.append(found.text)
        if self.source:
            self._follow_escapes(piece, found.text)
        if self._same is not None:
            self._same.update(found.text.encode("utf-8", "surrogatepass"))
        if self._digest is not None:
            self._digest.update(found.text)
        return piece

    def _follow_escapes(self, piece: Piece, text: str) -> None:
        """Has pieces that end inside an escape wait for its end: a cut there takes back what they have of it."""
        piece.escape = self._escape
        whole = piece.escape.open + text
        left = whole[whole_escapes(whole) :]
        if left:
            self._escaping.append(piece)
        for waiting in self._escaping:
            waiting.needs = piece.end + bool(left)
        if not left:
            self._escaping.clear()
        self._escape = Escape(left, piece)

    def awaiting(self) -> Piece:
        """A piece without text, ready when the next one with text has gone out."""
        piece = Piece(self, None, self.fed, self.fed + 1)
        self._ahead.append(piece)
        return piece

    def sealed(self) -> Piece:
        """A piece for what signs all that was said so far; ready when that has been dealt with."""
        return SealPiece(self, None, self.fed, self.fed)

    def repeats(self, text: str) -> bool:
        """Whether a text is all that was fed."""
        if self._same is None:
            return False
        return self._same.digest() == blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    @property
    def said(self) -> str:
        """What went out, where it is kept."""
        text = self.outgoing.getvalue() if self.outgoing is not None else ""
        return text[: whole_escapes(text)] if self.source else text

    @property
    def digest(self) -> str | None:
        """The digest of what was said, where one is kept."""
        return None if self._digest is None else self._digest.hexdigest()

    def heard(self, start: int, end: int) -> str:
        """What the model said from one code point to another, where that is recorded."""
        lead = len(self.context)
        return "".join(self._record or ())[max(start - lead, 0) : max(end - lead, 0)]

    def settle(self, text: str) -> None:
        """Takes what the stream let go, and gives it to the frames in which it stands."""
        reached = self.core.outlet.released - len(self.context)
        begun, self.let_go = self.let_go, reached
        if begun < 0:
            text = self._without_context(text, begun, reached)
            begun = min(reached, 0)
        if self.outgoing is not None and text:
            self.outgoing.write(text)
        pieces = self._pieces
        if len(pieces) == 1 and pieces[0].start == begun and pieces[0].end == reached:  # nearly always
            piece = pieces.popleft()
            piece.out = text
            self.altered = self.altered or not piece.clean
            return
        spoken = self._between(begun, reached)
        if text == spoken:
            self._share(begun, reached, text)
        else:
            self.altered = True
            self._spread(begun, reached, text)
        if self.source and self.core.stopped:
            cut = self._pieces[0] if self._pieces else self.awaiting()
            if not self._pieces:
                cut.escape = self._escape
            _close_escape(cut)

    def _without_context(self, text: str, begun: int, reached: int) -> str:
        """What is let go, without what went out before in another stream, whatever was edited of that."""
        parts, lead = self.core.outlet.edited, len(self.context)
        if parts and "".join(part.text for part in parts) == text:
            return "".join(_behind(part, lead) for part in parts)
        context = self.context[begun:] if reached >= 0 else self.context[begun:reached]
        return text.removeprefix(context)

    def _between(self, start: int, end: int) -> str:
        """What was said from one code point to another."""
        parts = []
        for piece in self._pieces:
            if piece.start >= end:
                break
            if piece.found is not None and piece.end > start:
                parts.append(piece.found.text[max(start - piece.start, 0) : end - piece.start])
        return "".join(parts)

    def _share(self, start: int, end: int, text: str) -> None:
        """Gives each piece its own part of an unchanged text."""
        at = start
        while self._pieces and at < end:
            piece = self._pieces[0]
            stop = min(piece.end, end)
            piece.out += text[at - start : stop - start]
            at = stop
            if stop < piece.end:
                break
            self._pieces.popleft()

    def _spread(self, start: int, end: int, text: str) -> None:
        """Gives each piece its own part of a changed text, as far as it is known what stands where in it."""
        lead = len(self.context)
        parts = [
            Edit(max(part.start - lead, 0), part.end - lead, _behind(part, lead))
            for part in self.core.outlet.edited
            if part.end > lead
        ]
        if "".join(part.text for part in parts) != text:
            parts = [Edit(start, end, text)]
        for part in parts:
            place = self._share if part.text == self._between(part.start, part.end) else self._pile
            place(*part)

    def _pile(self, start: int, end: int, text: str) -> None:
        """Gives a changed text to the first piece that it reaches into; the others lose what was theirs."""
        first = True
        while self._pieces and self._pieces[0].start < end:
            piece = self._pieces[0]
            if piece.end > start and first:
                piece.out += text
                first = False
            if piece.end > end:
                break
            self._pieces.popleft()


def _behind(part: Edit, place: int) -> str:
    """What a part says behind a place in what was said; an edit that reaches over it says all that it says."""
    if part.end <= place:
        return ""
    unchanged = len(part.text) == part.end - part.start
    return part.text[max(place - part.start, 0) :] if unchanged else part.text


def _moved(match: Match, by: int) -> Match:
    """A match whose places in the output are other ones."""
    start, end = match.output
    spans = tuple((max(a + by, 0), max(b + by, 0), c, d) for a, b, c, d in match.spans)
    return replace(match, output=Span(max(start + by, 0), max(end + by, 0)), spans=spans)


def _close_escape(piece: Piece) -> None:
    """Takes back what a cut piece of JSON source left of an escape, in the pieces before, too."""
    escape = piece.escape
    text = escape.open + piece.out
    whole = whole_escapes(text)
    piece.out = text[len(escape.open) : whole]
    left, before = len(escape.open) - whole, escape.before
    while left > 0 and before is not None:
        kept = max(len(before.out) - left, 0)
        left -= len(before.out) - kept
        before.out, before = before.out[:kept], before.escape.before
