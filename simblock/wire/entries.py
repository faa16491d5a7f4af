"""The frames of a response that have come and not gone out, in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simblock.wire.format import Frame
from simblock.wire.jsontext import dump
from simblock.wire.shapes import Side
from simblock.wire.sse import encode
from simblock.wire.voices import Piece


@dataclass(slots=True)
class Entry:
    """A frame: its bytes as they came at ``at`` seconds, and what must be known before it goes out.

    ``changed``: its JSON was changed beside its texts. ``ending`` makes frames of ours, when all before have gone out. ``choices`` are those that it tells of; empty where it is all.
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

    def bytes(self) -> bytes:
        """What goes out of it; where a text of a choice was changed, nothing that spells it otherwise does."""
        if self.ending is not None:
            return b"".join(_encoded(frame) for frame in self.ending())
        if self.value is None or self.clean:
            return self.raw if self.clean else b""
        altered = {piece.voice.channel.choice for piece in self.pieces if not piece.clean}
        for piece in self.pieces:
            if piece.found is not None and not piece.clean:
                piece.found.set(piece.out)
        for side in self.sides:
            if side.choice in altered:
                side.drop()
        event = self.event and self.value.get(
            "type", self.event
        )  # which a format may have changed with the rest
        return _beside(self.raw) + encode(dump(self.value), event, _newline(self.raw))


def _beside(raw: bytes) -> bytes:
    """The lines of an event that are not its data: comments, ids, when to come back."""
    lines = raw.splitlines(keepends=True)
    return b"".join(line for line in lines if line.strip() and not line.startswith((b"data", b"event")))


def _newline(raw: bytes) -> bytes:
    for newline in (b"\r\n", b"\r"):
        if raw.endswith(newline):
            return newline
    return b"\n"


def _encoded(frame: Frame) -> bytes:
    return encode(dump(frame.value) if frame.data is None else frame.data, frame.event)
