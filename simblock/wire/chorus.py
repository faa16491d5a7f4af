"""All streams of one response on the wire: which there are, whose turn it is, and which have been left."""

from __future__ import annotations

from collections.abc import Iterable

from simblock.response import ResponseCore
from simblock.wire.format import End
from simblock.wire.shapes import Channel
from simblock.wire.voices import NOTHING, Piece, Remembered, Voice

SEAMS = 3
"""Times that a stream may begin anew after it was left: more often, and its tail waits for the answer's end."""
GOES_ON = frozenset({"content", "refusal", "tool"})
"""Channels by which an answer goes on, when it has been thinking."""


class Chorus:
    """The streams by their channels. One that was ended and speaks again is another stream of the same channel.

    ``passing`` are those that end when a frame goes on without them: what is held of them is not to hold the answer.
    ``after`` and ``remembered`` are of all of them: nothing goes out before the end, and what outlives the frames.
    """

    def __init__(
        self, response: ResponseCore, *, after: bool = False, remembered: Remembered = NOTHING
    ) -> None:
        self.voices: list[Voice] = []
        self.passing: list[Voice] = []
        self._by_channel: dict[Channel, Voice] = {}
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

    def begin(self, channel: Channel, *, source: bool = False) -> Voice:
        """A new stream of a channel."""
        voice = Voice(self._response, channel, source=source, after=self._after, remembered=self._remembered)
        self.voices.append(voice)
        self._by_channel[channel] = voice
        seams = self._seams[channel] = self._seams.get(channel, -1) + 1
        if channel.name in {"reasoning", "unknown"} and seams < SEAMS:
            self.passing.append(voice)
        return voice

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
        """Those that a frame with these pieces leaves: thinking by an answer, what is unknown by any other text."""
        spoken = {piece.voice for piece in pieces}
        going_on = {voice.channel.choice for voice in spoken if voice.channel.name in GOES_ON}
        gone = [
            voice
            for voice in self.passing
            if voice not in spoken and (voice.channel.name == "unknown" or voice.channel.choice in going_on)
        ]
        if gone:
            self.passing = [voice for voice in self.passing if voice not in gone]
        return gone
