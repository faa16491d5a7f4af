"""Which characters of an output are code, and in which language, as the output streams."""

from __future__ import annotations

import re
from typing import NamedTuple

from simblock.detection import by_tag
from simblock.regions import Region, Stretch

__all__ = ["FenceScanner", "Stretch"]

LINE = 1024
"""A line is looked at when it ends, or when so many characters of it are known."""
LEAD = 128
"""So much of a line's white space and marks is held until it is known not to close a fence."""

_OPENING = re.compile(
    r"((?:[ \t]*>[ \t]?)*)((?:[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+)*[ \t]*)(`{3,}|~{3,})([^`\n]*)\n?\Z"
)
_AFTER_PROSE = re.compile(r"()([^`\n]*)(`{3,})([^`\s]+)[ \t\r]*\n?\Z")
"""A fence opened at the end of a line of prose, which models do: taken where its tag is known."""
_LINE_START = re.compile(r"[ \t>]*(`*|~*)[ \t\r]*")


class _Fence(NamedTuple):
    mark: str
    length: int
    prefix: re.Pattern[str]


def _fence(quotes: str, lead: str, marks: str) -> _Fence:
    depth, indent = quotes.count(">"), len(lead)
    return _Fence(marks[0], len(marks), re.compile(rf"(?:[ \t]*>[ \t]?){{0,{depth}}} {{0,{indent}}}"))


class FenceScanner:
    """Takes an output in chunks, gives the code in it as it becomes certain.

    With a ``language`` given, the whole output is one region of it.
    """

    def __init__(self, language: str | None = None) -> None:
        self._at = 0  # the next character to be read
        self._known = 0  # what is read before this was known to here when it was read
        self._parts: list[str] = []  # the line begun
        self._length = 0
        self._midline = False
        self._held = ""  # a line's start, that may close the fence
        self._at_start = True
        self._region = Region(language) if language else None
        self._fence: _Fence | None = None
        self._read = self._file if language else self._lines

    @property
    def settled(self) -> int:
        """No later stretch begins before this code point, save one whose region is opened anew."""
        return self._at - self._length - len(self._held)

    def feed(self, chunk: str) -> list[Stretch]:
        """The stretches that are certain now that ``chunk`` is known."""
        out: list[Stretch] = []
        while chunk:
            chunk = self._read(chunk, out)
        return out

    def finish(self) -> list[Stretch]:
        """The rest, at the end of the output."""
        out: list[Stretch] = []
        if self._region and self._held:
            found = _LINE_START.match(self._held)
            if found and not self._closes(found[1]):
                self._give_held(out, self._at)
        if self._region:
            self._close(out)
        return out

    def _file(self, chunk: str, out: list[Stretch]) -> str:
        assert self._region
        self._region.take(chunk, self._at, self._known, out)
        self._at += len(chunk)
        return ""

    def _lines(self, chunk: str, out: list[Stretch]) -> str:
        cut, room = chunk.find("\n") + 1, LINE - self._length
        end = cut if 0 < cut <= room else room
        self._parts.append(chunk[:end])
        self._at += min(end, len(chunk))
        if len(chunk) < end:
            self._length += len(chunk)
            return ""
        line = "".join(self._parts)
        self._parts.clear()
        self._length = 0
        self._line(line, out)
        return chunk[end:]

    def _line(self, line: str, out: list[Stretch]) -> None:  # noqa: ARG002 - unfenced code follows
        whole, self._midline = not self._midline, not line.endswith("\n")
        if whole and not self._midline and ("`" in line or "~~~" in line):
            self._open_fence(line)

    def _open_fence(self, line: str) -> None:
        found = _OPENING.match(line) or _AFTER_PROSE.match(line)
        if found is None:
            return
        language = by_tag(found[4])
        if language:
            self._fence = _fence(found[1], found[2] if found.re is _OPENING else "", found[3])
            self._region = Region(language)
            self._read = self._fenced
            self._known, self._at_start = self._at, True

    def _fenced(self, chunk: str, out: list[Stretch]) -> str:
        assert self._region
        if self._at_start:
            return self._line_start(chunk, out)
        cut = chunk.find("\n") + 1
        text = chunk[:cut] if cut else chunk
        self._region.take(text, self._at, self._known, out)
        self._at += len(text)
        self._at_start = cut > 0
        return chunk[len(text) :]

    def _line_start(self, chunk: str, out: list[Stretch]) -> str:
        """Hold what may close the fence; give it on, or end the region, at the first character that decides."""
        lead = (self._held + chunk)[:LEAD]
        found = _LINE_START.match(lead)
        assert found
        end, before = found.end(), len(self._held)
        self._at += end - before
        self._held = lead[:end]
        if end == len(lead) < LEAD:
            return ""
        rest = chunk[end - before :]
        if rest.startswith("\n") and self._closes(found[1]):
            self._at += 1
            self._close(out)
            return rest[1:]
        self._give_held(out, min(self._at + 1, self._at - end + LEAD))
        return rest

    def _closes(self, marks: str) -> bool:
        fence = self._fence
        return bool(fence and len(marks) >= fence.length and marks[0] == fence.mark)

    def _give_held(self, out: list[Stretch], when: int) -> None:
        assert self._region
        assert self._fence
        found = self._fence.prefix.match(self._held)
        skip = found.end() if found else 0
        self._region.take(self._held[skip:], self._at - len(self._held) + skip, when, out)
        self._held, self._at_start = "", False

    def _close(self, out: list[Stretch]) -> None:
        assert self._region
        self._region.finish(out)
        self._region = self._fence = None
        self._held = ""
        self._read = self._lines
