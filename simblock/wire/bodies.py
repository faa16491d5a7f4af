"""A whole answer on the wire: one JSON body in, one out. No I/O."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from simblock.errors import InputError
from simblock.ledger import Told as Steps
from simblock.response import ResponseCore
from simblock.wire.aside import Aside, acted
from simblock.wire.chorus import Chorus, line
from simblock.wire.format import Reading, Wire
from simblock.wire.jsontext import dump, parse, repeats_keys
from simblock.wire.shapes import Channel, Found
from simblock.wire.voices import NOTHING, Piece, Remembered, Voice


class Unreadable(Exception):
    """A body that is no answer; the message says why, without what it holds."""


class BodyFilter:
    """The body of one answer that is not streamed. Everything is known before anything goes out, so nothing leaks.

    Where a passage stands beside its texts (in ids, in names of fields), nothing is left of it.
    """

    def __init__(self, wire: Wire, response: ResponseCore, aside: Aside) -> None:
        self.chorus = Chorus(response, after=True, remembered=aside.remembered._replace(outgoing=True))
        self._wire, self._response, self._aside, self._quotes = wire, response, aside, False

    def filter(self, data: bytes) -> Steps[bytes]:
        """What goes out of a body: the same bytes where nothing was acted upon. Raises Unreadable."""
        value, reading = self._read(data)
        changed = yield from self._hear(reading)
        if self._quotes:
            return b""
        for choice in sorted(self.chorus.choices):
            told = yield from self._conclude(value, choice)
            changed = changed or told
        if not changed:
            return data
        for side in reading.walked.sides:
            if any(voice.altered or voice.core.stopped for voice in self.chorus.of(side.choice)):
                side.drop()
        return dump(value)

    def _read(self, data: bytes) -> tuple[dict[str, Any], Reading]:
        try:
            value = parse(data)
        except InputError:
            raise Unreadable("no JSON") from None
        if type(value) is not dict:
            raise Unreadable("no object")
        reading = self._wire.body(value)
        if repeats_keys(data, value, reading.walked.keys):
            raise Unreadable("an object that says a thing twice")
        return value, reading

    def _hear(self, reading: Reading) -> Steps[bool]:
        """Gives all texts to their streams, ends these, and puts what may go out in their place."""
        pieces: list[Piece] = []
        repeated: list[tuple[Found, Voice]] = []
        for found in reading.walked.texts:
            voice = self.chorus.voice(found.channel, source=found.source)
            if found.whole and voice.fed:
                repeated.append((found, voice))
            elif found.text:
                yield from voice.prime()
                pieces.append(voice.add(found))
                yield from voice.core.feed(found.text)
        yield from self._hear_asides(reading.walked.asides)
        for voice in self.chorus.voices:
            voice.settle((yield from voice.core.finish()))
            voice.ended = True
        for voice in self.chorus.voices:
            _take_back(voice, pieces)
        changed = [(piece.found, piece.out) for piece in pieces if not piece.clean]
        changed += [(found, voice.said) for found, voice in repeated if voice.said != found.text]
        for one, text in changed:
            if one is not None:
                one.set(text)
        return bool(changed)

    def _hear_asides(self, asides: list[str]) -> Steps[None]:
        """Reads what stands beside the texts, each word once."""
        text = " ".join(dict.fromkeys(asides))
        voice = Voice(self._response, Channel("unknown", part="aside"), after=True)
        yield from voice.core.feed(text)
        yield from voice.core.finish()
        self._quotes = voice.core.stopped or voice.core.altered

    def _conclude(self, value: dict[str, Any], choice: int) -> Steps[bool]:
        """Says of a choice what was done about it; whether anything was."""
        voices = self.chorus.of(choice)
        stopped = next((voice for voice in voices if voice.core.stopped), None)
        if stopped is None:
            action = acted(voices)
            if action is not None:
                self._wire.end_body(value, choice, self._aside.tell(voices, action))
            return action is not None
        if self._aside.again is not None and stopped.channel.name == "content" and stopped.core.error is None:
            answer = yield from self._aside.again(stopped)
            if answer is not None:
                self._wire.put(value, choice, answer)
                self._wire.end_body(value, choice, self._aside.tell(voices, "replace"))
                return True
        self._wire.end_body(value, choice, self._aside.tell(voices, "stop"))
        return True


def _take_back(voice: Voice, pieces: Sequence[Piece]) -> None:
    """Takes from streams that one goes on with what they have of a passage that was found in it."""
    lead = len(voice.context)
    begun = min((match.output.start for match in voice.core.matches), default=lead)
    if begun >= lead or not (voice.core.stopped or voice.core.altered):
        return
    rest, own = lead - begun, line(voice.channel)
    before = takewhile(lambda one: one.voice is not voice, pieces)
    for piece in reversed([one for one in before if line(one.voice.channel) == own]):
        if piece.found is None or rest <= 0:
            break
        cut = min(rest, len(piece.found.text))
        if piece.found.text.startswith(piece.out):  # else it was edited itself
            piece.out = piece.out[: len(piece.found.text) - cut]
            piece.voice.altered = True
        rest -= cut


class ErrorFilter:
    """The body of an answer that says what went wrong, in whatever form: all of it is text."""

    def __init__(self, response: ResponseCore, remembered: Remembered = NOTHING) -> None:
        self.chorus = Chorus(response, after=True, remembered=remembered)

    def filter(self, data: bytes) -> Steps[bytes]:
        """The same bytes; nothing where something was acted upon."""
        for channel, text in _texts(data).items():
            voice = self.chorus.voice(channel)
            voice.add(Found(channel, [text], 0, text))
            yield from voice.core.feed(text)
            voice.settle((yield from voice.core.finish()))
            voice.ended = True
        return b"" if any(voice.altered or voice.core.stopped for voice in self.chorus.voices) else data


def _texts(data: bytes) -> dict[Channel, str]:
    """What a body says, in two ways: all of it as it stands, and its strings by their places, of all lines that are JSON."""
    text = data.decode(json.detect_encoding(data), "replace")
    found: dict[str, list[str]] = {"body": [text]}
    for value in _values(text):
        waiting = [("", value)]
        while waiting:
            place, one = waiting.pop()
            if type(one) is str:
                found.setdefault(place, []).append(one)
            elif type(one) is dict:
                waiting.extend((f"{place}.{name}", inner) for name, inner in reversed(one.items()))
            elif type(one) is list:
                waiting.extend((place, inner) for inner in reversed(one))
    return {Channel("unknown", part=place): "".join(said) for place, said in found.items()}


def _values(text: str) -> list[Any]:
    """The JSON of a body, or of its lines, where they are events or one value each."""
    try:
        return [parse(text.encode("utf-8", "surrogatepass"))]
    except InputError:
        pass
    values = []
    for row in text.splitlines():
        try:
            values.append(parse(row.removeprefix("data:").encode("utf-8", "surrogatepass")))
        except InputError:
            continue
    return values


__all__ = ["BodyFilter", "ErrorFilter", "Unreadable"]
