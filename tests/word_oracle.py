"""The word view as plainly as it can be written: whole text, regular expressions, no tables."""

from __future__ import annotations

import re
from itertools import pairwise

from simblock.folding import CHAR, JOIN, LETTER, VANISH, fold

H = "[0-9a-fA-F]"
HALF = rf"\\++u(d[89ab]{H}{{2}})\\++u(d[c-f]{H}{{2}})"
ESCAPE = re.compile(
    rf"(?i:{HALF.replace('u(', '(?-i:u)(')})"
    rf"|\\++(?:([nrtfvb])|([0-7]{{1,3}})|x({H}{{2}})"
    rf"|u({H}{{4}})|U(0010{H}{{4}}|000{H}{{5}})|u\{{(10{H}{{4}}|0?{H}{{1,5}})\}})?"
)
BYTE = re.compile(rf"\\++(?:([23][0-7]{{2}})|x([89a-fA-F]{H}))")


def read_escapes(text: str):
    """(character, start, end) of each."""
    at = 0
    while at < len(text):
        char, end = read_bytes(text, at) or read_escape(text, at) or (text[at], at + 1)
        yield "'" if char == "\\" else char, at, end
        at = end


def read_bytes(text: str, at: int) -> tuple[str, int] | None:
    """A character that is written as its bytes in UTF-8, and where it ends."""
    data = b""
    while len(data) < 4 and (match := BYTE.match(text, at)):
        octal, hexadecimal = match.groups()
        data += bytes([int(octal, 8) if octal else int(hexadecimal, 16)])
        at = match.end()
        try:
            return data.decode("utf-8"), at
        except UnicodeDecodeError:
            pass
    return None


def read_escape(text: str, at: int) -> tuple[str, int] | None:
    match = ESCAPE.match(text, at)
    if match is None:
        return None
    high, low, space, octal, *points = match.groups()
    if high:
        halves = chr(int(high, 16)) + chr(int(low, 16))
        return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le"), match.end()
    if space:
        return " ", match.end()
    if octal:
        return chr(int(octal, 8)), match.end()
    return next((chr(int(point, 16)) for point in points if point), "'"), match.end()


def read_words(text: str) -> list[tuple[str, int, int]]:
    """(folded token, start, end) of each; a CHAR has a mark before it."""
    parts = [
        (kind, point, start, end)
        for char, start, end in read_escapes(text)
        for kind, point in fold(char)
        if kind != VANISH
    ]
    names = {CHAR: "C", JOIN: "J", LETTER: "L", LETTER - 1: "D"}
    shape = "".join(names.get(part[0], " ") for part in parts)
    found = []
    for match in re.finditer(r"C|(?:[LD]|(?<=L)J+(?=L))+", shape):
        kept = [part for part in parts[match.start() : match.end()] if part[0] != JOIN]
        for cut in range(0, len(kept), 64):
            word = kept[cut : cut + 64]
            mark = "\0" if match.group() == "C" else ""
            found.append((mark + "".join(chr(part[1]) for part in word), word[0][2], word[-1][3]))
    return found


def ticks_of(ends: list[int], length: int) -> list[int]:
    """The ticks of a text of ``length`` characters whose tokens end there."""
    ticks = []
    last = 0
    for end in ends:
        ticks += range(last + 64, end, 64)
        ticks.append(end)
        last = end
    return [*ticks, *range(last + 64, length + 1, 64)]


def cuts_of(text: str, places: list[int]) -> list[str]:
    """The text cut at these places."""
    bounds = sorted({0, len(text), *(place for place in places if place <= len(text))})
    return [text[low:high] for low, high in pairwise(bounds)]
