"""Which characters of an output are code, and in which language, as the output streams.

In a fence whose tag names a language every character is given on at once. Everything else is read by lines:
code without a fence is found by what its lines look like (:mod:`simblock.detection`), and diffs, markup and
notebooks by theirs.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from simblock.detection import LINE, by_tag, look
from simblock.embedding import Embedding, Notebook, Place, markup, value
from simblock.openings import openings, opens_block
from simblock.regions import Region, Stretch, Taker, Undecided
from simblock.wrapping import Wrapped, bare, is_diff

__all__ = ["FenceScanner", "Stretch"]

PIECE = 4096
"""So much of a chunk is read at a time: what is left of it is copied at each of its lines."""
LEAD = 128
"""So much of a line's white space and marks is held until it is known not to close a fence."""
STRANGE, STRANGE_AFTER_STRONG, COMMENT = 3, 8, 40
"""So many lines in a row that speak for nothing end what might have become a region of code, by what it has shown."""
PROSE = 160
"""No line of code that reads like prose is so long."""
DIFF_TAGS = frozenset(("diff", "patch", "udiff"))

_OPENING = re.compile(
    r"((?:[ \t]*+>[ \t]?|)*+)((?:[ \t]*+(?:[-*+]|\d{1,9}+[.)])[ \t]++|)*+[ \t]*+)(`{3,}+|~{3,}+)([^`\n]*+)\n?\Z"
)
"""Possessive throughout: the white space between marks must not be tried in every way it can be shared out.

The last alternative of what is repeated is nothing: see :func:`simblock.lexer.patterns.repeated`.
"""
_AFTER_PROSE = re.compile(r"()([^`\n]*)(`{3,})([^`\s]+)[ \t\r]*\n?\Z")
"""A fence opened at the end of a line of prose, which models do: taken where its tag is known."""
_CALL = re.compile(r"\w\(|[=!<>]=|->|\w\[|__|\w_\w")
_STRING = re.compile(r"""[ \t]+[rbfu]?(["']).*\1[\s)\]},+\\:]*$""")
"""An indented line that is one string, or several: an argument or entry that reads like prose."""
_LINE_START = re.compile(r"[ \t>]*(`+|~+|)[ \t\r]*")


class _Fence(NamedTuple):
    mark: str
    length: int
    prefix: re.Pattern[str]  # what stands before each of its lines: quote marks and indentation

    def closes(self, marks: str) -> bool:
        return len(marks) >= self.length and marks[0] == self.mark


def _fence(quotes: str, lead: str, marks: str) -> _Fence:
    depth, indent = quotes.count(">"), len(lead)
    return _Fence(marks[0], len(marks), re.compile(rf"(?:[ \t]*>[ \t]?){{0,{depth}}} {{0,{indent}}}"))


class FenceScanner:
    """Takes an output in chunks, gives the code in it as it becomes certain.

    With a ``language`` given, the whole output is one region of it, as it stands.
    """

    def __init__(self, language: str | None = None) -> None:
        self._at = 0  # the next character to be read
        self._known = 0  # so much was known before anything of the open fence was read
        self._parts: list[str] = []  # the line begun
        self._length = 0
        self._midline = False
        self._above = 0  # how long the line before is, without white space at its end
        self._held = ""  # the start of a line that may close the fence
        self._at_start = False
        self._fence: _Fence | None = None
        self._region: Taker | None = Region(language, "given") if language else None
        self._embedding: Embedding | None = None
        self._notebook = Notebook()
        self._strange = 0
        self._sound = False  # a line of what may become a region speaks strongly for it
        self._block: str | None = None  # what closes the comment that the unfenced region is in
        self._block_at = 0  # where the line begins that opened it
        self._first = 0  # where the unfenced region begins, as far as it is kept
        self._read = self._file if language else self._lines

    @property
    def inside(self) -> bool:
        """Whether a region is open that later stretches may go on with; else the next one opens another."""
        return self._region is not None and _decided(self._region)

    def feed(self, chunk: str) -> list[Stretch]:
        """The stretches that are certain now that ``chunk`` is known."""
        out: list[Stretch] = []
        for at in range(0, len(chunk), PIECE):
            piece = chunk[at : at + PIECE]
            while piece:
                piece = self._read(piece, out)
        return out

    def finish(self) -> list[Stretch]:
        """The rest, at the end of the output."""
        out: list[Stretch] = []
        if self._parts:
            line, unread = "".join(self._parts), 1
            self._parts.clear()
            self._length = 0
            while unread:
                unread = self._line(line, out)
                line = line[-unread:]
        elif self._held:
            self._end_held(out)
        self._end_region(out)
        return out

    def _file(self, chunk: str, out: list[Stretch]) -> str:
        assert self._region
        end = self._at + len(chunk)
        self._region.take(chunk, self._at, end, 0, out)
        self._at = end
        return ""

    # By lines: prose, code without a fence, fences whose tag names no language, markup and data.

    def _lines(self, chunk: str, out: list[Stretch]) -> str:
        room = LINE - self._length
        cut = chunk.find("\n", 0, room) + 1
        end = cut or room
        self._parts.append(chunk[:end])
        if not cut and len(chunk) < room:
            self._at += len(chunk)
            self._length += len(chunk)
            return ""
        line = "".join(self._parts)
        self._parts.clear()
        self._at += end
        self._length = 0
        unread = self._line(line, out)
        if not unread:
            return chunk[end:]
        self._at -= unread
        return line[-unread:] + chunk[end:]

    def _line(self, line: str, out: list[Stretch]) -> int:
        """Read a line, or the first LINE characters of one; gives how many at its end are to be read again."""
        whole, self._midline = not self._midline, not line.endswith("\n")
        above, self._above = self._above, len(line.rstrip())
        if whole and ("`" in line or "~" in line) and self._fence_line(line, above, out):
            return 0
        begin = 0
        if self._fence and whole:
            found = self._fence.prefix.match(line)
            begin = found.end() if found else 0
        if self._embedding is None and not (self._region and _decided(self._region)):
            begin = self._find_embedding(line, begin, out)
        if self._embedding:
            return self._embedded(line, begin, out)
        if begin < len(line):
            self._plain_line(line[begin:], out)
        return 0

    def _fence_line(self, line: str, above: int, out: list[Stretch]) -> bool:
        if self._fence:
            found = _LINE_START.match(line)
            closed = bool(found and found.end() == len(line.rstrip("\n")) and self._fence.closes(found[1]))
            if closed:
                self._close(out)
            return closed
        found = None if self._midline else _OPENING.match(line) or _AFTER_PROSE.match(line)
        if found is None or _underlines(line, above):
            return False
        language = by_tag(found[4])
        if found.re is _AFTER_PROSE and not language:
            return False
        self._end_region(out)
        self._open(_fence(found[1], found[2] if found.re is _OPENING else "", found[3]), language, found[4])
        return True

    def _open(self, fence: _Fence, language: str | None, tag: str) -> None:
        self._fence = fence
        diff = tag.strip().lower() in DIFF_TAGS
        if language or diff or not tag.strip():
            inner: Taker = Region(language) if language else Undecided(loose=True)
            self._region = Wrapped(inner, diff=diff)
            self._read = self._fenced
            self._known, self._at_start = self._at, True

    def _find_embedding(self, line: str, begin: int, out: list[Stretch]) -> int:
        found = markup(line[begin:]) if "<" in line else None
        if found is None and '"' in line:
            found = self._notebook.cell(line, begin)
            if found is None and not self._sound:
                found = value(line, begin)
            begin = 0 if found else begin
        if found is None:
            return begin
        self._end_region(out)
        skip, self._region, self._embedding = found
        return begin + skip

    def _embedded(self, line: str, begin: int, out: list[Stretch]) -> int:
        """Read an embedded region's line, and what follows where it ends in the line."""
        assert self._embedding
        assert self._region
        if not self._fence and begin == 0 and _is_prose(line):
            self._end_region(out)
            return 0
        end = self._embedding.read(line, begin, Place(self._region, self._at - len(line), self._at, out))
        if end < 0:
            return len(line) - ~end
        language = self._region.language
        self._end_region(out)
        self._notebook.learn(language)
        unread = len(line) - end
        self._midline = self._midline or unread > 0
        return unread

    def _plain_line(self, line: str, out: list[Stretch]) -> None:
        region, start = self._region, self._at - len(line)
        if not self._fence:
            if region and _decided(region):
                if line.strip() and self._ends(line, region):
                    self._end_region(out)
                    region = None
            else:
                region = self._begin(line, region)
                if region is None:
                    self._drop()
        elif region is None:
            region = Wrapped(Undecided(loose=False, alone=True))
        self._region = region
        if region:
            region.take(line, start, self._at, self._at, out)
            if region.first_held is not None:
                self._first = region.first_held

    def _begin(self, line: str, region: Taker | None) -> Taker | None:
        """What takes a line outside of fences, where nothing is known to be code yet."""
        if is_diff(line):
            return Wrapped(Undecided(loose=False), diff=True)
        if self._closes_torn(line, region):
            return None
        seen = look(bare(line))
        if region is None:
            self._first = self._at - len(line)
        quoted = region is None and seen.prose and opens_block(line)  # a docstring may begin like prose
        speaks = bool(seen.strong or quoted or (seen.weak and not seen.prose))
        inside = bool(region or speaks) and self._inside_block(line, None)
        if seen.prose and not inside and not (region and line[0] in " \t"):
            return None
        self._strange = 0 if speaks else self._strange + bool(line.strip())
        self._sound |= seen.strong > 0
        patience = COMMENT if inside else STRANGE_AFTER_STRONG if self._sound else STRANGE
        if not speaks and (region is None or self._strange >= patience):
            return None
        return region or Wrapped(Undecided(loose=False))

    def _ends(self, line: str, region: Taker) -> bool:
        """Whether a line ends the unfenced region it follows: prose at the margin, or the second of two lines of
        prose, or a long one; none of these inside a comment."""
        signed = line[0] in "+- " and isinstance(region, Wrapped) and region.is_diff
        if not signed and self._closes_torn(line, region):
            return True
        inside = signed or self._inside_block(line, region.language) or _STRING.match(line)
        if inside or not look(bare(line)).prose:
            self._strange = 0
            return False
        margin = line[0] not in " \t"
        self._strange += margin or not _CALL.search(line)
        return margin or self._strange > 1 or (self._strange > 0 and len(line) > PROSE)

    def _inside_block(self, line: str, language: str | None) -> bool:
        """Whether a line is, or begins with, a part of a comment over lines."""
        if self._block and not self._torn:
            if self._block in line:
                self._block = None
            return True
        for opening in openings(language):
            found, close = opening.search(line), opening.close
            if found:
                self._block = None if not close or close in line[found.end() :] else close
                self._block_at = self._at - len(line)
                return True
        return False

    @property
    def _torn(self) -> bool:
        """Whether the open comment began before what is kept of the region, which then is no part of it."""
        return self._block_at < self._first

    def _closes_torn(self, line: str, region: Taker | None) -> bool:
        """Whether a line closes a comment whose beginning is not kept: read as code, it would open one.

        Only by what stands at its end: one that goes on opens another comment, and the first was none.
        """
        if not self._block or not (region is None or self._torn) or self._block not in line:
            return False
        closes = line.count(self._block) == 1 and line.rstrip().endswith(self._block)
        self._block = None
        return closes

    def _end_region(self, out: list[Stretch]) -> None:
        if self._region:
            self._region.finish(self._at, out)
        self._embedding = self._block = None
        self._drop()

    def _drop(self) -> None:
        self._region = None
        self._strange, self._sound = 0, False

    # In a fence, by the character.

    def _fenced(self, chunk: str, out: list[Stretch]) -> str:
        assert self._region
        if self._at_start:
            return self._line_start(chunk, out)
        cut = chunk.find("\n") + 1
        text = chunk[:cut] if cut else chunk
        start = self._at
        self._at = end = start + len(text)
        self._region.take(text, start, end, self._known, out)
        self._at_start = cut > 0
        return chunk[cut:] if cut else ""

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
        if rest.startswith("\n") and self._fence and self._fence.closes(found[1]):
            self._at += 1
            self._close(out)
            return rest[1:]
        self._give_held(out, min(self._at + 1, self._at - end + LEAD))
        return rest

    def _end_held(self, out: list[Stretch]) -> None:
        found = _LINE_START.match(self._held)
        if not (found and self._fence and self._fence.closes(found[1])):
            self._give_held(out, self._at)

    def _give_held(self, out: list[Stretch], when: int) -> None:
        assert self._region
        assert self._fence
        found = self._fence.prefix.match(self._held)
        skip = found.end() if found else 0
        start = self._at - len(self._held) + skip
        if start < self._at:
            self._region.take(self._held[skip:], start, self._at, when, out)
        self._held, self._at_start = "", False

    def _close(self, out: list[Stretch]) -> None:
        self._end_region(out)
        self._fence = None
        self._held = ""
        self._above = 0
        self._read = self._lines


def _underlines(line: str, above: int) -> bool:
    """Whether a line of tildes is below a heading that is no longer, of ``above`` characters: no fence."""
    tildes = line.rstrip()
    return 0 < above <= len(tildes) > len("~~~") and tildes == "~" * len(tildes)


def _decided(region: Taker) -> bool:
    return region.language is not None or (isinstance(region, Wrapped) and region.is_diff)


def _is_prose(line: str) -> bool:
    return line[0] not in " \t+" and look(bare(line)).prose
