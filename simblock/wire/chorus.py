"""All streams of one response on the wire: which there are, whose turn it is, and which have been left."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

from simblock.response import ResponseCore
from simblock.wire.format import End
from simblock.wire.shapes import Channel
from simblock.wire.voices import NOTHING, Piece, Remembered, Voice

SEAMS = 3
"""Times that a stream may be left for another and begin anew: more often, and its tail waits for the answer's end."""
MOST = 256
"""Streams of one response: more than any answer has channels times choices."""
BESIDE = frozenset({"logprobs", "unknown"})
"""Channels that go beside what a choice says."""
_NUMBERS = re.compile(r"@.*|[\d.]+")

Line: TypeAlias = tuple[str, int, str]
"""What streams go on with one another: those of a channel, whatever their number."""


def line(channel: Channel) -> Line:
    """Parts of a text that clients join are one line; each call of a tool is one of its own."""
    part = channel.part if channel.name == "tool" else _NUMBERS.sub("", channel.part)
    return channel.name, channel.choice, part


class Chorus:
    """The streams by their channels. One that was ended and speaks again is another stream, which goes on with it.

    ``passing`` are those that end when the answer goes on without them: what is held of them is not to hold the answer.
    ``after`` and ``remembered`` are of all of them: nothing goes out before the end, and what outlives the frames.
    """

    def __init__(
        self, response: ResponseCore, *, after: bool = False, remembered: Remembered = NOTHING
    ) -> None:
        self.voices: list[Voice] = []
        self.passing: list[Voice] = []
        self._by_channel: dict[Channel, Voice] = {}
        self._lines: dict[Line, str] = {}
        self._seams: dict[Channel, int] = {}
        self._response, self._after, self._remembered = response, after, remembered

    def voice(self, channel: Channel, *, source: bool = False) -> Voice:
        """The stream of a channel."""
        voice = self._by_channel.get(channel)
        if voice is None or (voice.ended and not voice.core.stopped):
            return self.begin(channel, source=source)
        return voice

    def latest(self, channel: Channel) -> Voice | None:
        """The last stream of a channel, ended or not; None where nothing was said in it."""
        voice = self._by_channel.get(channel)
        return voice if voice is not None and voice.fed else None

    def closed(self, channel: Channel) -> bool:
        """Whether a frame said that nothing more comes in a channel."""
        voice = self._by_channel.get(channel)
        return voice is not None and voice.closed

    def begin(self, channel: Channel, *, source: bool = False) -> Voice:
        """A new stream of a channel, which knows what was said lately in its line."""
        context = self._said_lately(line(channel))
        voice = Voice(
            self._response,
            channel,
            source=source,
            after=self._after,
            remembered=self._remembered,
            context=context,
        )
        self.voices.append(voice)
        self._by_channel[channel] = voice
        seams = self._seams[channel] = self._seams.get(channel, -1) + 1
        if channel.name == "unknown" or (channel.name != "logprobs" and seams < SEAMS):
            self.passing.append(voice)
        return voice

    def _said_lately(self, of: Line) -> str:
        """What was said in a line, by its last stream that is there, or one that has been forgotten."""
        last = next((voice for voice in reversed(self.voices) if line(voice.channel) == of), None)
        return self._lines.get(of, "") if last is None else last.recent

    def forget(self, voice: Voice) -> None:
        """Lets go of a stream that was left, of which nothing is to be told."""
        core = voice.core
        if voice in self.passing:
            self.passing.remove(voice)
        told = core.matches or core.decided or core.error
        if voice.channel.name == "unknown" and not told and self._by_channel.get(voice.channel) is voice:
            self._lines[line(voice.channel)] = voice.recent
            self.voices.remove(voice)
            del self._by_channel[voice.channel]
            del self._seams[voice.channel]

    @property
    def choices(self) -> set[int]:
        """The choices that have said anything."""
        return {voice.channel.choice for voice in self.voices}

    def of(self, choice: int) -> list[Voice]:
        """The streams of a choice."""
        return [voice for voice in self.voices if voice.channel.choice == choice]

    def meant(self, end: End) -> list[Voice]:
        """The streams that an end is about."""
        if end.channel is not None:
            return [voice for voice in self.voices if voice.channel == end.channel]
        return self.voices[:] if end.choice is None else self.of(end.choice)

    def left(self, pieces: Iterable[Piece]) -> list[Voice]:
        """Those that a frame with these pieces leaves: what is unknown by any frame, the others by what goes on instead."""
        spoken = {piece.voice for piece in pieces}
        going_on = {voice.channel.choice for voice in spoken if voice.channel.name not in BESIDE}
        gone = [
            voice
            for voice in self.passing
            if voice not in spoken
            and (voice.channel.name == "unknown" or voice.channel.choice in going_on or voice.over)
        ]
        if gone:
            self.passing = [voice for voice in self.passing if voice not in gone]
        return gone
