"""Two texts beside each other, cut around where they first differ, with what differs marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rapidfuzz.distance import Indel

SHOWN = 1500
"""Characters of a text that are shown."""
BEFORE = 200
"""Of these before the first difference, or the first mark, at most."""
_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")


class Stretch(NamedTuple):
    """Some of a text, and whether it is marked."""

    text: str
    marked: bool = False


Stretches = tuple[Stretch, ...]


def beside(one: str, other: str) -> tuple[Stretches, Stretches]:
    """Both texts with the words marked that only one has."""
    start = _start(one, _shared(one, other))
    ones, others = (_TOKENS.findall(text[start : start + SHOWN]) for text in (one, other))
    marks: tuple[list[bool], list[bool]] = ([True] * len(ones), [True] * len(others))
    for block in Indel.opcodes(ones, others):
        if block.tag == "equal":
            same = [False] * (block.src_end - block.src_start)
            marks[0][block.src_start : block.src_end] = same
            marks[1][block.dest_start : block.dest_end] = same
    return (
        _framed(_joined(zip(ones, marks[0], strict=True)), start, one),
        _framed(_joined(zip(others, marks[1], strict=True)), start, other),
    )


def marked(text: str, spans: Iterable[tuple[int, int]]) -> Stretches:
    """The text with some stretches marked, in code points [start, end), in order."""
    ordered = sorted(spans)
    start = _start(text, ordered[0][0] if ordered else 0)
    stop = start + SHOWN
    found: list[Stretch] = []
    done = start
    for span in ordered:
        begin, end = max(span[0], done), min(span[1], stop)
        if begin < end:
            found += [Stretch(text[done:begin]), Stretch(text[begin:end], True)]
            done = end
    found.append(Stretch(text[done:stop]))
    return _framed((one for one in found if one.text), start, text)


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    if one == other:
        return 0
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _start(text: str, place: int) -> int:
    """Where to begin so that ``place`` is shown, at a word."""
    if place <= BEFORE:
        return 0
    space = text.rfind(" ", place - 2 * BEFORE, place - BEFORE)
    return space + 1 if space >= 0 else place - BEFORE


def _joined(tokens: Iterable[tuple[str, bool]]) -> Iterator[Stretch]:
    text, mark = "", False
    for token, here in tokens:
        if here != mark and text:
            yield Stretch(text, mark)
            text = ""
        text, mark = text + token, here
    if text:
        yield Stretch(text, mark)


def _framed(stretches: Iterable[Stretch], start: int, text: str) -> Stretches:
    before = (Stretch("… "),) if start else ()
    after = (Stretch(" …"),) if start + SHOWN < len(text) else ()
    return (*before, *stretches, *after)
