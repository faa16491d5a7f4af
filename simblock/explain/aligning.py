"""A passage and its source, token by token: which are alike, which were changed, and into what.

The machine that decides aligns as a stream goes, within a budget; here both sides are known whole, and
a longest common subsequence (rapidfuzz) of each piece is laid over its tokens once more, to be shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from simblock.align import Block, common_blocks
from simblock.lexer import ARGUMENT, NUMBER, STRING
from simblock.naming import disagreeing, levelled
from simblock.tokens import NAME_KEY

Mark: TypeAlias = Literal[
    "alike",
    "renamed",
    "literal",
    "moved",
    "replaced",
    "only",
    "yours",
    "commonplace",
    "matched",
    "plain",
    "left",
]
"""What is said of a token: alike on both sides; a name under another name; a literal that says something
else; alike in another place; replaced by what stands across; on this side only; the user's own; nobody's own;
matched, where the other side is not there to compare; not of the match; or a note in place of what is left out."""

Free: TypeAlias = Mapping[int, Mark]
"""Source tokens that count for nothing, and the mark that says why."""

_NOTHING: Free = {}

WINDOW = 4096
"""Tokens of a long piece that are aligned at once: the work grows with the square."""
LINED_UP = 0.25
"""With fewer of the shorter side's tokens in common, the sides are told whole: they were read another way."""


class Side(NamedTuple):
    """The tokens of one side of a piece, in order: keys, and where they stand in ``text``."""

    text: str
    keys: list[int]
    starts: list[int]
    ends: list[int]

    def spelled(self, at: int) -> str:
        """A token as it is written."""
        return self.text[self.starts[at] : self.ends[at]]


class Step(NamedTuple):
    """A token of the output and the one across from it; -1 where there is none."""

    o: int
    s: int
    mark: Mark


class Aligned(NamedTuple):
    """A piece token by token. ``names`` are pairs of names, the work's to the output's, and how often."""

    steps: tuple[Step, ...]
    names: Counter[tuple[str, str]]
    common: int
    """Tokens that stand on both sides in one order."""


def align(out: Side, src: Side, free: Free = _NOTHING, *, code: bool, bag: bool = False) -> Aligned:
    """Lays two sides over each other.

    ``free`` are source tokens that count for nothing. With ``code``, names are compared by what one renaming
    makes of them. With ``bag``, tokens that stand on both sides in another order are alike too.
    """
    ours, theirs = (levelled(side.keys) if code else side.keys for side in (out, src))
    blocks = blocks_of(ours, theirs)
    pairs = [(block.o + at, block.s + at) for block in blocks for at in range(block.n)]
    marks = _marks(out, src, pairs, free, code=code)
    steps = _steps(pairs, marks, len(ours), len(theirs))
    if bag:
        steps = _moved(steps, ours, theirs)
    told = sum(step.mark not in {"only", "replaced"} for step in steps if step.o >= 0)
    if told < LINED_UP * min(len(ours), len(theirs)):
        return Aligned(tuple(_whole(len(ours), len(theirs))), Counter(), len(pairs))
    names = Counter(
        (src.spelled(s), out.spelled(o))
        for (o, s), mark in zip(pairs, marks, strict=True)
        if mark == "renamed"
    )
    return Aligned(tuple(steps), names, len(pairs))


def alone(out: Side, free: Free = _NOTHING) -> Aligned:
    """A passage without its source: its tokens are matched, none of them is told from another."""
    steps = (Step(at, -1, free.get(at, "matched")) for at in range(len(out.keys)))
    return Aligned(tuple(steps), Counter(), 0)


def blocks_of(out: Sequence[int], src: Sequence[int]) -> list[Block]:
    """Blocks of a common subsequence of both sides; of sides over ``WINDOW`` tokens, window by window."""
    found: list[Block] = []
    o = s = 0
    while o < len(out) and s < len(src):
        blocks = common_blocks(out[o : o + WINDOW], src[s : s + WINDOW], o, s)
        if max(len(out) - o, len(src) - s) <= WINDOW:
            return found + blocks
        # what aligns at a window's far end may align better with what follows it
        stop_o, stop_s = o + WINDOW * 3 // 4, s + WINDOW * 3 // 4
        kept = [Block(b.o, b.s, min(b.n, stop_o - b.o, stop_s - b.s)) for b in blocks]
        kept = [block for block in kept if block.n > 0]
        found += kept
        o, s = (kept[-1].o + kept[-1].n, kept[-1].s + kept[-1].n) if kept else (stop_o, stop_s)
    return found


def _marks(out: Side, src: Side, pairs: Sequence[tuple[int, int]], free: Free, *, code: bool) -> list[Mark]:
    if not code:
        return [free.get(s, "alike") for _, s in pairs]
    strange = set(disagreeing([out.keys[o] for o, _ in pairs], [src.keys[s] for _, s in pairs]))
    return [
        free.get(s) or ("replaced" if at in strange else _of_code(out, src, o, s))
        for at, (o, s) in enumerate(pairs)
    ]


def _of_code(out: Side, src: Side, o: int, s: int) -> Mark:
    key = src.keys[s]
    if key < NAME_KEY and key not in {ARGUMENT, NUMBER, STRING}:
        return "alike"
    if out.spelled(o) == src.spelled(s):
        return "alike"
    return "literal" if key in {NUMBER, STRING} else "renamed"


def _steps(pairs: Sequence[tuple[int, int]], marks: Sequence[Mark], outs: int, srcs: int) -> list[Step]:
    steps: list[Step] = []
    o = s = 0
    for (next_o, next_s), mark in zip([*pairs, (outs, srcs)], [*marks, "plain"], strict=True):
        between: Mark = "replaced" if next_o > o and next_s > s else "only"
        steps += [Step(at, -1, between) for at in range(o, next_o)]
        steps += [Step(-1, at, between) for at in range(s, next_s)]
        if mark != "plain":
            steps.append(Step(next_o, next_s, mark))
        o, s = next_o + 1, next_s + 1
    return steps


def _moved(steps: Sequence[Step], ours: Sequence[int], theirs: Sequence[int]) -> list[Step]:
    """The same, with single tokens marked whose like stands on the other side in another place."""
    left = Counter(ours[step.o] for step in steps if step.s < 0)
    left &= Counter(theirs[step.s] for step in steps if step.o < 0)
    room = {"out": Counter(left), "src": Counter(left)}
    found = []
    for step in steps:
        if step.o >= 0 and step.s >= 0:
            found.append(step)
            continue
        key, side = (ours[step.o], "out") if step.o >= 0 else (theirs[step.s], "src")
        moved = room[side][key] > 0
        room[side][key] -= moved
        found.append(step._replace(mark="moved") if moved else step)
    return found


def _whole(outs: int, srcs: int) -> list[Step]:
    return [Step(at, -1, "matched") for at in range(outs)] + [Step(-1, at, "matched") for at in range(srcs)]
