"""The frames of a response that have come and not gone out, in their order."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simblock.wire.format import Frame
from simblock.wire.jsontext import dump
from simblock.wire.shapes import Side, Unplaced
from simblock.wire.sse import encode
from simblock.wire.voices import Piece

_KIND = re.compile(r"[\w.:-]{1,128}\Z", re.ASCII)
_OURS = (b"data", b"event")
_NAMED = (":", "id:", "retry:")
_USUAL = (b"data:", b"event:")
"""How an event begins that has no more than a type and one line of data."""


@dataclass(slots=True)
class Entry:
    """A frame: its bytes as they came at ``at`` seconds, and what must be known before it goes out.

    ``changed``: its JSON was changed beside its texts. ``ending`` makes frames of ours, when all before have gone out.
    ``choices`` are those that it tells of; empty where it is all.
    """

    raw: bytes
    at: float
    event: str | None = None
    value: Any = None
    pieces: list[Piece] = field(default_factory=list)
    sides: list[Side] = field(default_factory=list)
    choices: tuple[int, ...] = ()
    changed: bool = False
    ending: Callable[[], list[Frame]] | None = None

    @property
    def ready(self) -> bool:
        """Whether it may go out, as it came or changed."""
        return all(piece.ready for piece in self.pieces)

    @property
    def clean(self) -> bool:
        """Whether it goes out as it came."""
        return not self.changed and all(piece.clean for piece in self.pieces)

    @property
    def lost(self) -> bool:
        """Whether none of it may go out, for what is withheld of it cannot be taken out."""
        return any(isinstance(piece.found, Unplaced) and not piece.clean for piece in self.pieces)

    def bytes(self) -> bytes:
        """What goes out of it; where a text of a choice was changed, nothing that spells it otherwise does."""
        if self.ending is not None:
            return b"".join(_encoded(frame) for frame in self.ending())
        if self.clean:
            return self.raw
        if self.value is None or self.lost:
            return b""
        altered = {piece.voice.channel.choice for piece in self.pieces if not piece.clean}
        for piece in self.pieces:
            if piece.found is not None and not piece.clean:
                piece.found.set(piece.out)
        for side in self.sides:
            if side.choice in altered:
                side.drop()
        return _lines_beside(self.raw) + encode(dump(self.value), self._kind(), _newline(self.raw))

    def _kind(self) -> str | None:
        """The type of the event, which a format may have changed with the rest."""
        named = self.value.get("type")
        kind = named if self.event and type(named) is str else self.event
        return kind if kind and _KIND.match(kind) else None


def beside(raw: bytes) -> list[str]:
    """What stands in an event beside its data and its type: comments, ids, fields that nobody knows."""
    if raw.startswith(_USUAL) and raw.count(b"\n") <= 2 + raw.startswith(b"event:"):
        return []
    lines = _lines_beside(raw).decode("utf-8", "replace").splitlines()
    said = [line.partition(":")[2] if line.startswith(_NAMED) else line for line in lines]
    return [line.strip() for line in said if line.strip()]


def _lines_beside(raw: bytes) -> bytes:
    lines = raw.removeprefix(codecs.BOM_UTF8).splitlines(keepends=True)
    return b"".join(line for line in lines if line.strip() and not line.startswith(_OURS))


def _newline(raw: bytes) -> bytes:
    for newline in (b"\r\n", b"\r"):
        if raw.endswith(newline):
            return newline
    return b"\n"


def _encoded(frame: Frame) -> bytes:
    return encode(dump(frame.value) if frame.data is None else frame.data, frame.event)
