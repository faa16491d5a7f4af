"""A whole answer on the wire: one JSON body in, one out. No I/O."""

from __future__ import annotations

from typing import Any

from simblock.errors import InputError
from simblock.ledger import Told as Steps
from simblock.response import ResponseCore
from simblock.wire.chorus import Chorus
from simblock.wire.filtering import Aside, acted
from simblock.wire.format import Reading, Wire
from simblock.wire.jsontext import dump, parse, repeats_keys
from simblock.wire.shapes import UNKNOWN, At, Channel, Found, Walked
from simblock.wire.voices import NOTHING, Piece, Remembered, Voice


class Unreadable(Exception):
    """A body that is no answer; the message says why, without what it holds."""


class BodyFilter:
    """The body of one answer that is not streamed. Everything is known before anything goes out, so nothing leaks."""

    def __init__(self, wire: Wire, response: ResponseCore, aside: Aside) -> None:
        self.chorus = Chorus(response, after=True, remembered=aside.remembered._replace(outgoing=True))
        self._wire, self._aside = wire, aside

    def filter(self, data: bytes) -> Steps[bytes]:
        """What goes out of a body: the same bytes where nothing was acted upon. Raises Unreadable."""
        value, reading = self._read(data)
        changed = yield from self._hear(reading)
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
        except InputError as error:
            raise Unreadable(str(error)) from None
        if type(value) is not dict:
            raise Unreadable("no object")
        reading = self._wire.body(value)
        if reading.walked.opaque or repeats_keys(data, value, reading.walked.keys):
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
                pieces.append(voice.add(found))
                yield from voice.core.feed(found.text)
        for voice in self.chorus.voices:
            voice.settle((yield from voice.core.finish()))
            voice.ended = True
        changed = [(piece.found, piece.out) for piece in pieces if not piece.clean]
        changed += [(found, voice.said) for found, voice in repeated if voice.said != found.text]
        for one, text in changed:
            if one is not None:
                one.set(text)
        return bool(changed)

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
    """What a body says: its strings by their places, of all its lines where these are JSON; else all of it."""
    found: dict[Channel, str] = {}
    for value in _values(data):
        out = Walked()
        UNKNOWN.visit([value], 0, value, At(), out)
        for one in out.texts:
            found[one.channel] = found.get(one.channel, "") + one.text
    return found or {Channel("unknown", part="error"): data.decode("utf-8", "replace")}


def _values(data: bytes) -> list[Any]:
    """The JSON of a body, or of its lines, where they are events or one value each."""
    try:
        return [parse(data)]
    except InputError:
        pass
    values = []
    for line in data.splitlines():
        try:
            values.append(parse(line.removeprefix(b"data:")))
        except InputError:
            continue
    return values


__all__ = ["BodyFilter", "ErrorFilter", "Unreadable"]
