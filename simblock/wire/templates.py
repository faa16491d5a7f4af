"""Frames that differ in their text alone: what was found in one holds for the next.

Nearly all frames of an answer are the same bytes but for one JSON string. Where all before and behind it is as it was
in a frame that was read, nothing but the string need be.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pydantic_core import from_json

from simblock.wire.format import Reading
from simblock.wire.shapes import Channel
from simblock.wire.sse import Event

_STRING = re.compile(rb'\s*("(?:[^"\\]|\\.)*+")', re.DOTALL)
QUOTE = ord('"')


class Template(NamedTuple):
    """What stands around the text of a frame, and whose text it is."""

    before: bytes
    behind: bytes
    channel: Channel
    source: bool
    choices: tuple[int, ...]

    def text(self, raw: bytes) -> str | None:
        """The text of a frame that differs from this one in nothing else; None of any other."""
        if not (raw.startswith(self.before) and raw.endswith(self.behind)):
            return None
        string = raw[len(self.before) : len(raw) - len(self.behind)]
        if len(string) < 3 or string[0] != QUOTE or string[-1] != QUOTE:
            return None
        try:
            text = from_json(string)  # refuses whatever is more than one string
        except ValueError:
            return None
        return text if type(text) is str else None


def template(event: Event, reading: Reading) -> Template | None:
    """What a frame has around its text, where it holds one text in one place and nothing else that matters."""
    walked = reading.walked
    if len(walked.texts) != 1 or walked.sides or reading.ends or reading.ahead:
        return None
    (found,) = walked.texts
    if found.whole or found.channel.name == "unknown" or type(found.key) is not str:
        return None
    named = b'"%s":' % found.key.encode()
    parts = event.raw.split(named, 2)
    match = _STRING.match(parts[1]) if len(parts) == 2 else None
    if match is None:
        return None
    at = len(parts[0]) + len(named)
    made = Template(
        event.raw[: at + match.start(1)],
        event.raw[at + match.end(1) :],
        found.channel,
        found.source,
        reading.choices,
    )
    return made if made.text(event.raw) == found.text else None
