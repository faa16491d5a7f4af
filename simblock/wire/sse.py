"""Server-sent events, as the bytes come: every event with the very bytes that it stood in.

The reading is that of the HTML standard, section 9.2.6 (https://html.spec.whatwg.org/multipage/server-sent-events.html):
lines end with LF, CRLF or CR, one byte order mark may stand in front, a blank line ends an event, a colon in front makes a
comment. Unlike a browser the splitter gives comments out, too, and what stands behind the last blank line: whatever it is
fed comes out of it again.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from simblock.errors import InputError

MOST = 16 << 20
"""Bytes of one event, unless told otherwise."""

_BOM = b"\xef\xbb\xbf"
_new = tuple.__new__  # an Event in two thirds of the time that calling it takes
_LINE_END = re.compile(rb"\r\n|\n|\r")


class Event(NamedTuple):
    """One event: all its bytes, its type, and its data; ``data`` is None where it holds comments or other fields alone.

    ``raw`` has its comments and the blank line that ends it. ``event`` is None where no type is given.
    """

    raw: bytes
    event: str | None
    data: bytes | None


class EventSplitter:
    """Cuts a stream of bytes into its events, wherever the chunks are cut.

    ``b"".join(event.raw for event in …)`` is what was fed, always. A CR that ends a chunk waits for the byte behind it.
    ``most``: bytes of one event; one that has more raises InputError, once the events before it are given out.
    """

    __slots__ = ("_begun", "_held", "_line", "_most", "_returns", "_seen")

    def __init__(self, most: int = MOST) -> None:
        self._held = bytearray()
        self._most = most
        self._begun = False
        self._returns = False  # whether what is held has a CR
        self._line = self._seen = (
            0  # where its last line begins, and up to where it was looked at; with CRs only
        )

    @property
    def held(self) -> bytes:
        """What was fed and has not come out: the beginning of an event, or one that is too long."""
        return bytes(self._held)

    def feed(self, data: bytes) -> list[Event]:
        """The events that end in ``data``. Raises InputError where one is too long."""
        if self._begun and not self._held and len(data) <= self._most:
            newline = _newline(data) if b"\r" in data else b"\n"
            if newline and data.endswith(newline + newline):
                return _events(data, newline)
        return self._feed(data)

    def finish(self) -> list[Event]:
        """What is left at the end of the stream, as an event, though no blank line ends it."""
        self._refuse()
        raw = self.held
        self._keep(len(raw))
        return [_event(raw)] if raw else []

    def _feed(self, data: bytes) -> list[Event]:
        if len(self._held) > self._most:
            self._held += data
            self._refuse()
        before = len(self._held)
        self._held += data
        if not self._begin():
            return []
        self._returns = self._returns or b"\r" in data
        events = self._with_returns() if self._returns else self._without(max(0, before - 1))
        if not events:
            self._refuse()
        return events

    def _begin(self) -> bool:
        """Whether it is known by now if a byte order mark stands in front."""
        if not self._begun:
            self._begun = len(self._held) >= len(_BOM) or not _BOM.startswith(self._held)
            # a line that the mark begins may be blank, too: such a stream is read line by line up to its first event
            self._returns = self._begun and self._held.startswith(_BOM)
            self._line = self._seen = len(_BOM) if self._returns else 0
        return self._begun

    def _without(self, start: int) -> list[Event]:
        """The events that end in what is held, which has no CR; up to ``start`` none does."""
        held = self._held
        if held[:1] == b"\n" or len(held) > self._most:
            return self._with_returns()
        end = held.rfind(b"\n\n", start) + 2
        if end < 2:
            return []
        whole = bytes(held[:end])
        self._keep(end)
        return _events(whole, b"\n")

    def _with_returns(self) -> list[Event]:
        """The events that end in what is held, line by line."""
        events, held, taken = [], self._held, 0
        while found := _LINE_END.search(held, self._seen):
            start, end = found.span()
            if end == len(held) and held[-1] == 0x0D:
                self._seen = start  # an LF may follow
                break
            if start == self._line:
                if end - taken > self._most:
                    break
                events.append(_event(bytes(held[taken:end])))
                taken = end
            self._line = self._seen = end
        else:
            self._seen = len(held)
        if taken:
            line, seen = self._line, self._seen
            self._keep(taken)
            if self._returns:
                self._line, self._seen = line - taken, seen - taken
        return events

    def _keep(self, start: int) -> None:
        """Holds what stands from ``start`` on."""
        del self._held[:start]
        self._line = self._seen = 0
        self._returns = b"\r" in self._held

    def _refuse(self) -> None:
        if len(self._held) > self._most:
            raise InputError(
                f"an event of the stream has over {self._most} bytes: see what the upstream sends"
            )


def encode(data: bytes, event: str | None = None, newline: bytes = b"\n") -> bytes:
    """An event with this data, which may have several lines, and this type."""
    lines = [b"data: " + line for line in _LINE_END.split(data)]
    if event is not None:
        lines.insert(0, b"event: " + event.encode())
    return newline.join([*lines, b"", b""])


def _newline(data: bytes) -> bytes | None:
    """What ends all the lines of ``data``, in which a CR stands: CRLF, or None where it is not alone."""
    whole = data.count(b"\r\n")
    return b"\r\n" if whole == data.count(b"\n") == data.count(b"\r") else None


def _events(whole: bytes, newline: bytes) -> list[Event]:
    """The events of lines that all end alike, of which the last is blank."""
    blank = newline + newline
    if whole.find(blank) == len(whole) - len(blank) and not whole.startswith(newline):
        return [_plain(whole, newline)]
    parts = whole.split(blank)
    if parts.pop() or whole.startswith(newline) or newline + blank in whole:
        return [_event(raw) for raw in _blanks(whole, newline)]
    return [_plain(part + blank, newline) for part in parts]


def _plain(raw: bytes, newline: bytes) -> Event:
    """One event, which nearly always is one line of data, or that behind its type."""
    end = -2 * len(newline)
    if raw[:6] == b"data: ":
        data = raw[6:end]
        if newline not in data:
            return _new(Event, (raw, None, data))
    elif raw[:7] == b"event: ":
        name, _, data = raw[7:end].partition(newline)
        if name and data[:6] == b"data: " and newline not in data:
            return _new(Event, (raw, name.decode("utf-8", "replace"), data[6:]))
    return _event(raw)


def _blanks(whole: bytes, newline: bytes) -> list[bytes]:
    """The bytes of each event where blank lines stand together or in front: each is an event of its own."""
    raws, start, line = [], 0, 0
    while line < len(whole):
        end = whole.index(newline, line) + len(newline)
        if end == line + len(newline):
            raws.append(whole[start:end])
            start = end
        line = end
    return raws


def _event(raw: bytes) -> Event:
    """What the fields of an event say."""
    name: bytes | None = None
    data: list[bytes] = []
    # a mark in front of a later event is none, by the standard; what some client may read is read here
    for line in raw.removeprefix(_BOM).splitlines():
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    return Event(raw, name.decode("utf-8", "replace") if name else None, b"\n".join(data) if data else None)
