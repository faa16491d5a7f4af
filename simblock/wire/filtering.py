"""A streamed answer on the wire: bytes in, bytes out, and nothing of a protected passage with them. No I/O.

``feed`` and ``finish`` are generators as those of :class:`simblock.stream.StreamCore`: they yield its questions, are
sent the answers, and return the bytes that may go out. A frame goes out in its turn, whole, when all of its text may;
so clean answers are the same byte for byte, and what spells a text once more (log probabilities, token ids) waits
with it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from simblock.errors import InputError
from simblock.ledger import Told as Steps
from simblock.response import ResponseCore
from simblock.stream import StreamCore
from simblock.wire.aside import Aside, acted
from simblock.wire.chorus import BESIDE, MOST, Chorus
from simblock.wire.entries import Entry, beside
from simblock.wire.format import End, Frame, Reading, Wire
from simblock.wire.jsontext import parse, repeats_keys
from simblock.wire.shapes import Channel, Found, Seal, Unplaced
from simblock.wire.sse import Event, EventSplitter
from simblock.wire.templates import Template, template
from simblock.wire.voices import Voice

DONE = b"[DONE]"
EMPTY = frozenset({b"", b"null", b"[]", b"{}"})
"""Data that says nothing: heartbeats."""
SILENCE = 5.0
"""Seconds that a frame is held before comments overtake it: they keep connections alive."""
_NAME = re.compile(r"[\w.:/+=-]*\d[\w.:/+=-]*\Z", re.ASCII)
"""What is an id, a number, a date: no word of any work."""
LOST = "what the upstream sent cannot be read: {}"


class EventFilter:
    """The events of one streamed answer. ``over``: nothing more goes out, and the upstream may be cut off.

    ``held`` has the seconds that frames waited which went out lately, ``first`` those of the first one with text.
    """

    def __init__(self, wire: Wire, response: ResponseCore, aside: Aside, *, choices: int = 1) -> None:
        self.over = False
        self.held: list[float] = []
        self.first: float | None = None
        outgoing = wire.keeps or aside.again is not None
        self.chorus = Chorus(response, remembered=aside.remembered._replace(outgoing=outgoing))
        self._wire, self._response, self._aside, self._choices = wire, response, aside, choices
        self._splitter = EventSplitter()
        self._queue: deque[Entry] = deque()
        self._ended: set[int] = set()
        self._stopped: set[int] = set()
        self._spoke: dict[int, Voice] = {}
        self._voice: Voice | None = None
        self._batch: list[str] = []
        self._template: Template | None = None
        self._before: dict[bool, frozenset[str]] = {}
        self._raw = False
        self._now = 0.0

    @property
    def cores(self) -> list[StreamCore]:
        """The cores of all streams so far."""
        return [voice.core for voice in self.chorus.voices]

    def feed(self, data: bytes, now: float) -> Steps[bytes]:
        """Takes bytes of the upstream at ``now`` seconds; returns what may go out."""
        if self.over:
            return b""
        if self._raw:
            self._aside.unread("behind what could not be read", len(data))
            return data
        self._now = now
        try:
            events = self._splitter.feed(data)
        except InputError:
            yield from self._break("an event without end", data)
            self._raw = not self.over
            return self._drain()
        for event in events:
            if not self._take_alike(event):
                yield from self._take(event)
            if self.over:
                break
        if self._batch:
            yield from self._flush()
        return self._drain()

    def finish(self, now: float) -> Steps[bytes]:
        """The upstream has ended. Returns the rest that may go out."""
        if self.over or self._raw:
            return b""
        self._now = now
        for event in self._splitter.finish():
            yield from self._take(event)
        yield from self._end(End(), None)
        return self._drain()

    # -- from frames to streams

    def _take_alike(self, event: Event) -> bool:
        """Whether a frame is like the one before but for its text, which goes on in the same stream."""
        like, voice = self._template, self._voice
        if like is None or voice is None or voice.over or voice.channel != like.channel or self._stopped:
            return False
        text = like.text(event.raw)
        if not text or any(other is not voice for other in self.chorus.passing):
            return False
        entry = Entry(event.raw, self._now, event.event, choices=like.choices)
        entry.pieces.append(voice.add(Found(like.channel, None, None, text, like.source)))
        self._batch.append(text)
        self._queue.append(entry)
        return True

    def _take(self, event: Event) -> Steps[None]:
        data = event.data
        if data is None or data.strip() in EMPTY:
            entry = Entry(event.raw, self._now)
            self._queue.append(entry)
            yield from self._hear_aside(entry, beside(event.raw))
        elif data.strip() == DONE:
            yield from self._end(End(), None)
            self._queue.append(Entry(event.raw, self._now))
        else:
            yield from self._take_json(event, data)

    def _take_json(self, event: Event, data: bytes) -> Steps[None]:
        try:
            value = parse(data)
        except InputError:
            yield from self._break("no JSON", event.raw)
            return
        if type(value) is not dict:
            yield from self._break("no object", event.raw)
            return
        reading = self._wire.read(event.event, value)
        if reason := self._impossible(data, value, reading):
            yield from self._break(reason, event.raw)
            return
        entry = Entry(event.raw, self._now, event.event, value, choices=reading.choices)
        if self._stopped and not self._without(entry, self._stopped):
            return
        self._template = template(event, reading) if self._wire.alike else None
        self._queue.append(entry)
        yield from self._hear(entry, reading)
        asides = reading.walked.asides
        if event.event is not None:
            asides.append(event.event)
        yield from self._hear_aside(entry, [*asides, *beside(event.raw)])
        yield from self._leave(entry)
        for end in reading.ends:
            yield from self._end(end, entry)

    def _hear(self, entry: Entry, reading: Reading) -> Steps[None]:
        """Gives the texts of a frame to their streams."""
        for found in reading.walked.texts:
            if found.text and found.channel.choice not in self._stopped:
                yield from self._hear_text(entry, found)
        if reading.walked.sides:
            entry.sides = reading.walked.sides
            for side in entry.sides:
                if isinstance(side, Seal) and (said := self.chorus.latest(side.channel)):
                    entry.pieces.append(said.sealed())
        if reading.ahead:
            for choice in set(reading.ahead) - self._stopped - self._ended:
                spoke = self._spoke.get(choice) or self.chorus.voice(Channel("content", choice))
                entry.pieces.append(spoke.awaiting())

    def _impossible(self, data: bytes, value: dict[str, Any], reading: Reading) -> str | None:
        """Why a frame cannot be meant, if it cannot."""
        walked = reading.walked
        if repeats_keys(data, value, walked.keys):
            return "an object that says a thing twice"
        if any(not 0 <= choice < self._choices for choice in reading.choices):
            return "a choice that was not asked for"
        if len(self.chorus.voices) > MOST:
            return f"over {MOST} streams"
        if any(
            found.text and not found.whole and self.chorus.closed(found.channel) for found in walked.texts
        ):
            return "text behind its end"
        return None

    def _hear_aside(self, entry: Entry, asides: Iterable[str]) -> Steps[None]:
        """Reads what a frame says beside its texts, but for what the one before said, too: a word a frame makes a passage."""
        said = [aside for aside in asides if not _NAME.match(aside)]
        if not said:
            return
        kind = entry.value is None  # comments come between frames
        before, self._before[kind] = self._before.get(kind, frozenset()), frozenset(said)
        new = [aside for aside in said if aside not in before and aside.strip()]
        if not new:
            return
        text = " ".join(new) + " "
        choice = next((number for number in entry.choices if number not in self._stopped), 0)
        if choice not in self._stopped:
            channel = Channel("unknown", choice, "aside")
            yield from self._hear_text(entry, Unplaced(channel, None, None, text))
            yield from self._flush()
            for piece in entry.pieces[-1:]:
                yield from self._finish(piece.voice)
                self.chorus.forget(piece.voice)

    def _leave(self, entry: Entry) -> Steps[None]:
        """Ends the streams that the answer goes on without."""
        for voice in self.chorus.left(entry.pieces):
            yield from self._flush()
            yield from self._finish(voice)
            self.chorus.forget(voice)

    def _hear_text(self, entry: Entry, found: Found) -> Steps[None]:
        before = self.chorus.latest(found.channel) if found.whole else None
        if before is not None and (yield from self._hear_again(entry, found, before)):
            return
        voice = self.chorus.voice(found.channel, source=found.source)
        if self._voice is not voice:
            yield from self._flush()
            if found.channel.choice in self._stopped:  # by what was said before it
                return
            yield from voice.prime()
            self._voice = voice
        entry.pieces.append(voice.add(found))
        self._batch.append(found.text)
        if found.channel.name not in BESIDE:
            self._spoke[found.channel.choice] = voice

    def _hear_again(self, entry: Entry, found: Found, voice: Voice) -> Steps[bool]:
        """Whether a text repeats all of a stream, as it should: then what went out of it goes out again."""
        yield from self._flush()
        yield from self._finish(voice)
        if not voice.repeats(found.text):
            return voice.core.stopped
        if voice.altered:
            found.set(voice.said)
            entry.changed = True
        return True

    def _flush(self) -> Steps[None]:
        """Feeds what was said lately in one channel."""
        voice, batch = self._voice, self._batch
        if voice is None or not batch:
            return
        self._batch = []
        if not voice.over:
            voice.settle((yield from voice.core.feed("".join(batch))))
        if voice.core.stopped:
            yield from self._stop(voice)

    def _finish(self, voice: Voice) -> Steps[None]:
        if not voice.over:
            text = yield from voice.core.finish()
            voice.ended = True
            voice.settle(text)
        if voice.core.stopped:
            yield from self._stop(voice)

    def _end(self, end: End, entry: Entry | None) -> Steps[None]:
        """Ends streams by a frame, or by the upstream's own end."""
        yield from self._flush()
        for voice in self.chorus.meant(end):
            yield from self._finish(voice)
            voice.closed = True
        if end.channel is not None:
            return
        choices = self.chorus.choices if end.choice is None else {end.choice}
        for choice in choices - self._stopped - self._ended:
            self._ended.add(choice)
            if entry is not None:
                self._annotate(entry, choice)

    def _annotate(self, entry: Entry, choice: int) -> None:
        """Says with a choice's end what was found in it."""
        voices = self.chorus.of(choice)
        action = acted(voices)
        if action is not None:
            self._wire.annotate(entry.value, choice, self._aside.tell(voices, action))
            entry.changed = True

    # -- a stop

    def _stop(self, voice: Voice) -> Steps[None]:
        """Ends a choice before what was stopped in one of its streams."""
        choice = voice.channel.choice
        if choice in self._stopped:
            return
        self._stopped.add(choice)
        for other in self.chorus.of(choice):
            yield from self._finish(other)
        self._voice, self._batch = None, []
        later = self._cut(voice)
        self._queue.append(Entry(b"", self._now, ending=(yield from self._ending(voice))))
        if len(self._ended | self._stopped) >= self._choices:
            self._queue.append(Entry(b"", self._now, ending=self._wire.close))
            self.over = True
        else:
            self._queue.extend(entry for entry in later if self._without(entry, {choice}))

    def _cut(self, voice: Voice) -> list[Entry]:
        """Takes the frames from the cut on out of the queue, and gives them back; what is safe of the first stays."""
        kept: list[Entry] = []
        later = list(self._queue)
        for number, entry in enumerate(later):
            cut = [piece for piece in entry.pieces if piece.voice is voice and piece.end > voice.let_go]
            if cut:
                later = later[number:]
                if cut[0].out and not isinstance(cut[0].found, Unplaced):
                    self._reread(entry)
                    self._wire.reopen(entry.value, voice.channel.choice)
                    entry.changed = True
                    kept.append(later.pop(0))
                break
            kept.append(entry)
        else:
            later = []
        self._queue = deque(kept)
        return later

    def _ending(self, voice: Voice) -> Steps[Callable[[], list[Frame]]]:
        """What is said in place of the rest of a choice."""
        wire, choice, voices = self._wire, voice.channel.choice, self.chorus.of(voice.channel.choice)
        if self._aside.again is not None and voice.channel.name == "content" and voice.core.error is None:
            answer = yield from self._aside.again(voice)
            if answer is not None:
                told = self._aside.tell(voices, "replace")
                return lambda: [*wire.say(choice, answer), *wire.finish(choice, told)]
        released = [(one.channel, one.said) for one in voices] if wire.keeps else []
        return partial(wire.end, choice, self._aside.tell(voices, "stop"), released)

    def _without(self, entry: Entry, choices: Iterable[int]) -> bool:
        """Takes choices that have ended out of a frame; whether anything is left of it."""
        for choice in choices:
            if choice in entry.choices:
                self._reread(entry)
                value = self._wire.without(entry.value, choice)
                if value is None:
                    return False
                entry.value, entry.changed = value, True
                entry.pieces = [piece for piece in entry.pieces if piece.voice.channel.choice != choice]
        return True

    def _reread(self, entry: Entry) -> None:
        """Reads a frame that is to be changed, and was taken for one like that before."""
        if entry.value is not None or not entry.pieces:
            return
        (event,) = EventSplitter().feed(entry.raw)
        entry.value = parse(event.data or b"")
        (found,) = self._wire.read(event.event, entry.value).walked.texts
        entry.pieces[0].found = found

    def _break(self, reason: str, raw: bytes) -> Steps[None]:
        """What cannot be read: by the policy it ends the answer, or passes and is counted."""
        self._aside.unread(reason, len(raw))
        yield from self._flush()
        if self._response.policy.on_error != "stop":
            self._queue.append(Entry(raw, self._now))
            return
        for choice in sorted({*range(self._choices), *self.chorus.choices} - self._stopped - self._ended):
            voice = self.chorus.voice(Channel("content", choice))
            if voice.ended:
                voice = self.chorus.begin(voice.channel)
            voice.core.lose(LOST.format(reason))
            yield from self._stop(voice)
        self.over = True

    # -- what goes out

    def _drain(self) -> bytes:
        queue, parts = self._queue, []
        while queue and queue[0].ready:
            entry = queue.popleft()
            if entry.value is None and not entry.clean:
                self._reread(entry)
            parts.append(entry.bytes())
            if entry.value is not None:
                self._wire.sent(entry.value)
            if self.first is None and entry.pieces:
                self.first = self._now - entry.at
            if entry.at != self._now:
                self.held.append(self._now - entry.at)
        if queue and self._now - queue[0].at > SILENCE:
            parts += self._overtaking()
        return b"".join(parts) if len(parts) != 1 else parts[0]

    def _overtaking(self) -> list[bytes]:
        """Comments, where what stands before them is held for long."""
        comments = [
            entry for entry in self._queue if entry.value is None and entry.ending is None and entry.ready
        ]
        self._queue = deque(entry for entry in self._queue if entry not in comments)
        return [entry.raw for entry in comments]


__all__ = ["EventFilter"]
