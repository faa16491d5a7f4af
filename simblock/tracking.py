"""Tracks: what a stream knows of one work, its pieces, their figures and the verdict on them.

The pieces of one work within 64 tokens of each other in the output are one match. A match that has
acted keeps the figures with which it last did, so that a report decides as the stream did.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from simblock.align import MIN_PIECE, Block, Measure, Piece, shared
from simblock.background import BACKGROUND_DOCUMENTS, document_frequency
from simblock.history import History
from simblock.match import SEVERITY, Action, Match, Span
from simblock.policy import Policy, Resolved, Verdict
from simblock.questions import Placed
from simblock.quota import Quota
from simblock.scheme import D_TICKS
from simblock.tokens import CHAR_KEY
from simblock.work import Work

JOIN = 64
"""Output tokens between two pieces of one match."""
MAX_SEEDS = 4096
"""Seed hits remembered for a work's information; more of them would not change a decision."""

TrackKey = tuple[int, Hashable, int]
"""(number of the index, segment, run)."""


class Seed(NamedTuple):
    """A hit of a near channel: output and source token, key, the shingle's tokens, m of M works."""

    o: int
    s: int
    key: int
    tokens: tuple[int, ...]
    frequency: int
    works: int

    @property
    def bits(self) -> float:
        """How rare the key is: log2((B + M + 1) / (b + m + 1)), DESIGN section 6."""
        rates = document_frequency(np.array(self.tokens, np.uint32)) / BACKGROUND_DOCUMENTS
        background = BACKGROUND_DOCUMENTS * float(rates.prod())
        return math.log2((BACKGROUND_DOCUMENTS + self.works + 1) / (background + self.frequency + 1))


class Hull:
    """A square whose seeds say much and whose words are shuffled: one piece, scored by its bag."""

    def __init__(self, o: int, s: int, output: list[int], source: list[int]) -> None:
        self.first = Block(o, s, 0)
        self.stop = Block(o + len(output), s + len(source), 0)
        self.src, self.src_base = source, s
        self.exempt: set[int] = set()
        self.closed = True
        self.channel = "near"
        self._measure = Measure(shared(output, source), 0, 2 * len(output), 2 * len(source))

    def measure(self, _out: list[int], _base: int, *, bag: bool) -> Measure:
        """The hull's bag; nothing where only alignments are asked for."""
        return self._measure if bag and not self.exempt else Measure(0, 0, 0, 0)

    def extent(self) -> Block:
        """The tokens behind the hull."""
        return self.stop

    def chain(self) -> list[Block]:
        """The hull has no blocks."""
        return []


class Figures(NamedTuple):
    """A match in words: what the policy judges."""

    tokens: int
    longest_run: int
    similarity: float
    matched: int = 0
    output: int = 0
    source: int = 0


NOTHING = Figures(0, 0, 0.0)


class Placing(NamedTuple):
    """A piece in places: output code points and lines, source tokens [first, last]."""

    output: Span
    lines: Span
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A match as it stood when it last acted, or last was looked at."""

    figures: Figures
    placings: tuple[Placing, ...]
    verbatim: bool
    exact: bool


@dataclass(slots=True, eq=False)
class Track:
    """One run of works in one stream. ``twins`` are the other works that share the run."""

    key: TrackKey
    length: int
    work: Work
    twins: tuple[str, ...]
    resolved: Resolved
    quota: Quota
    forced: bool = False
    common: bool = False
    pieces: list[Piece | Hull] = field(default_factory=list)
    seeds: list[Seed] = field(default_factory=list)
    verdict: Verdict | None = None
    snapshot: Snapshot | None = None
    leaked: int = 0
    now: Figures = NOTHING
    dirty: bool = False
    redacted: int = 0
    quoting: set[int] = field(default_factory=set)
    counted: dict[Piece | Hull, int] = field(default_factory=dict)
    spans: dict[Piece | Hull, Placing] = field(default_factory=dict)

    @property
    def action(self) -> Action:
        """What is done for the match so far."""
        return self.verdict.action if self.verdict else "release"

    @property
    def open(self) -> bool:
        return any(not piece.closed for piece in self.pieces)

    def through(self, o: int, s: int, drift: int = 8) -> Piece | None:
        """The growing piece that goes through output token ``o`` and source token ``s``, or nearly."""
        for piece in self.growing():
            if abs((o - s) - piece.diagonal) <= drift and piece.first.o <= o:
                return piece
        return None

    def end(self) -> int:
        """The output token behind the last piece."""
        return max((piece.extent().o for piece in self.pieces), default=0)

    def push(self, o: int, history: History) -> bool:
        """Feeds output token ``o`` to the open pieces; True where one changed."""
        changed = False
        key = history.keys[o - history.base]
        for piece in self.growing():
            changed |= piece.push(o, key, history.keys, history.base)
        self.dirty |= changed
        return changed

    def growing(self) -> list[Piece]:
        """The pieces that are not closed."""
        return [piece for piece in self.pieces if isinstance(piece, Piece) and not piece.closed]

    def split(self) -> Track:
        """Takes the match so far out of the track, which begins a new one."""
        old = replace(self)
        self.pieces, self.seeds, self.counted, self.spans, self.quoting = [], [], {}, {}, set()
        self.verdict, self.snapshot, self.now, self.leaked = None, None, NOTHING, 0
        return old

    def prune(self) -> None:
        """Forgets pieces that ended without being any."""
        for piece in self.pieces:
            if piece.closed and not self._counts(piece):
                self.spans.pop(piece, None)
        self.pieces = [piece for piece in self.pieces if not piece.closed or self._counts(piece)]

    def _counting(self, history: History, bag: bool) -> list[tuple[Piece | Hull, Measure]]:
        measured = [(p, p.measure(history.keys, history.base, bag=bag)) for p in self.pieces]
        measured = [(p, m) for p, m in measured if m.matched >= MIN_PIECE]
        if len(measured) < 2:
            return measured
        kept: list[tuple[Piece | Hull, Measure]] = []
        for piece, measure in sorted(measured, key=lambda pm: (-pm[1].matched, pm[0].first)):
            if all(_apart(piece, other) for other, _ in kept):
                kept.append((piece, measure))
        return sorted(kept, key=lambda pm: pm[0].first)

    @staticmethod
    def _figures(counting: list[tuple[Piece | Hull, Measure]]) -> Figures:
        matched = sum(m.matched for _, m in counting)
        output = sum(m.output for _, m in counting)
        source = sum(m.source for _, m in counting)
        longest = max((m.longest for _, m in counting), default=0)
        similarity = matched / max(output, source, 1)
        return Figures(matched // 2, longest // 2, round(similarity, 4), matched, output, source)

    @staticmethod
    def _counts(piece: Piece | Hull) -> bool:
        return isinstance(piece, Hull) or piece.matched() >= MIN_PIECE

    def count(self) -> None:
        """Adds what the pieces match of the source to the work's quota; each output token counts once."""
        for piece in self.pieces:
            done = self.counted.get(piece)
            if isinstance(piece, Hull):
                if done is None:
                    matched = piece.measure([], 0, bag=True).matched // 2
                    self._quote(piece, Block(piece.first.o, piece.first.s, matched), 0)
                    self.counted[piece] = piece.stop.s
                continue
            blocks = piece.chain()
            if done is None and piece.matched() < MIN_PIECE:
                continue
            for block in blocks:
                self._quote(piece, block, done or 0)
            self.counted[piece] = (done or 0) if piece.tail else piece.s

    def _quote(self, piece: Piece | Hull, block: Block, done: int) -> None:
        """Counts a block from source token ``done`` on."""
        for s in range(max(block.s, done), block.s + block.n):
            o = block.o + s - block.s
            if o not in self.quoting and s not in piece.exempt:
                self.quoting.add(o)
                self.quota.add(s, piece.src[s - piece.src_base])

    def information(self, spans: list[tuple[int, int]], exempt: set[int]) -> float:
        """Bits of the seed channels' hits inside source token spans, each key once."""
        best: dict[int, float] = {}
        for seed in self.seeds:
            if (
                seed.tokens
                and seed.key not in best
                and seed.s not in exempt
                and any(a <= seed.s < b for a, b in spans)
            ):
                best[seed.key] = seed.bits
        return round(sum(best.values()), 1)

    def look(self, policy: Policy, history: History, *, bag: bool) -> Verdict | None:
        """Judges the match; keeps its figures where it acts, or never did.

        The verdict where it is new or severer than before. Bags are counted where ``bag`` asks for it
        and the alignment alone does not act.
        """
        self.dirty = False
        self._place(history)
        informed = self.resolved.limits.min_information > 0
        counting = self._counting(history, bag=False)
        self.now = figures = self._figures(counting)
        verdict = self._judge(policy, figures, informed)
        if verdict is None and bag and figures.output >= 2 * self.resolved.limits.min_tokens:
            bagged = self._counting(history, bag=True)
            verdict = self._judge(policy, self._figures(bagged), informed)
            counting = bagged if verdict else counting
        if verdict is not None or self.verdict is None:
            self.snapshot = self._snap(counting)
        if verdict is None or (self.verdict and SEVERITY[verdict.action] <= SEVERITY[self.verdict.action]):
            return None
        self.verdict = verdict
        return verdict

    def _place(self, history: History) -> None:
        for piece in self.pieces:
            old = self.spans.get(piece)
            if old is None or not piece.closed:
                extent = piece.extent()
                start, end = history.span(piece.first.o, max(extent.o - 1, history.base))
                first = history.line(start)
                if old is not None and old.first == piece.first.s:  # its beginning may be forgotten by now
                    start, first = old.output.start, old.lines.start
                lines = Span(first, history.line(end - 1))
                self.spans[piece] = Placing(Span(start, end), lines, piece.first.s, extent.s - 1)

    def _judge(self, policy: Policy, figures: Figures, informed: bool) -> Verdict | None:
        if figures.matched < MIN_PIECE:
            return None
        return policy.judge(
            self.resolved,
            longest_run=figures.longest_run,
            tokens=figures.tokens,
            similarity=figures.similarity,
            information=self._bits() if informed else 0.0,
            quoted=self.quota.words,
        )

    def _bits(self) -> float:
        spans = [(p.first.s, p.extent().s) for p in self.pieces]
        return self.information(spans, set().union(*(p.exempt for p in self.pieces)))

    def _snap(self, counting: list[tuple[Piece | Hull, Measure]]) -> Snapshot:
        figures = self._figures(counting)
        placings = tuple(self.spans[piece] for piece, _ in counting)
        whole = len(counting) == 1 and len(counting[0][0].chain()) == 1
        exact = any(piece.channel == "exact" for piece, _ in counting)
        return Snapshot(figures, placings, whole and figures.similarity == 1.0, exact)

    def holds(self, history: History, o: int, clock: int, begin: int) -> bool:
        """Whether suspicion stands behind output token ``o`` and ``clock`` ticks.

        It does while ``begin`` half words are matched, lately, and still alike with what followed.
        """
        if not self.pieces or not self._recent(history, clock):
            return False
        if self.forced:
            return True
        now = self.now
        if now.matched < max(begin, MIN_PIECE):
            return False
        trailing = 2 * (o + 1 - self.end())
        return now.matched >= self.resolved.limits.min_similarity * max(now.output + trailing, now.source)

    def _recent(self, history: History, clock: int) -> bool:
        last = self.end() - 1 - history.base
        return last >= 0 and clock - history.clocks[last] <= D_TICKS

    def begin(self) -> int:
        """The first output code point of the match."""
        return min(placing.output.start for placing in self.spans.values())

    def stop(self) -> int:
        """The output code point behind the last matched token."""
        return max(placing.output.end for placing in self.spans.values())

    def count_leaked(self, history: History, released: int) -> int:
        """Words of the match of which anything had gone out when it acted."""
        out: dict[int, int] = {}
        for piece, _ in self._counting(history, bag=False):
            for block in piece.chain():
                for o in range(block.o, block.o + block.n):
                    at = o - history.base
                    if at < 0 or history.starts[at] < released:
                        out[o] = 1 if at >= 0 and history.keys[at] >= CHAR_KEY else 2
        return sum(out.values()) // 2


def _apart(one: Piece | Hull, other: Piece | Hull) -> bool:
    """Whether two pieces share less than half of the shorter one's tokens, in the output and in the source.

    A passage said twice, or that stands twice in the work, is no longer copy for that.
    """
    first, stop, other_first, other_stop = one.first, one.extent(), other.first, other.extent()
    return _share(first.o, stop.o, other_first.o, other_stop.o) and _share(
        first.s, stop.s, other_first.s, other_stop.s
    )


def _share(a: int, b: int, c: int, d: int) -> bool:
    """Whether [a, b) and [c, d) share less than half of the shorter one."""
    return 2 * (min(b, d) - max(a, c)) < min(b - a, d - c)


def match_of(track: Track, placed: Placed, index: str) -> Match:
    """The match of a track's snapshot; ``placed`` has the first and last source token of each piece."""
    assert track.snapshot is not None
    placings, figures = track.snapshot.placings, track.snapshot.figures
    firsts, lasts = placed.starts[::2].tolist(), placed.ends[1::2].tolist()
    spans = [(*p.output, first, last) for p, first, last in zip(placings, firsts, lasts, strict=True)]
    exempt: set[int] = set().union(*(piece.exempt for piece in track.pieces))
    return Match(
        work=track.work,
        index=index,
        channel="exact" if track.snapshot.exact else "near",
        similarity=figures.similarity,
        tokens=figures.tokens,
        longest_run=figures.longest_run,
        information=track.information([(p.first, p.last + 1) for p in placings], exempt),
        output=Span(min(s[0] for s in spans), max(s[1] for s in spans)),
        source=Span(min(s[2] for s in spans), max(s[3] for s in spans)),
        lines=(
            Span(min(p.lines.start for p in placings), max(p.lines.end for p in placings)),
            Span(int(placed.lines.min()), int(placed.lines.max())),
        ),
        spans=tuple(spans),
        rule=track.resolved.rule,
        action=track.action,
        verbatim=track.snapshot.verbatim,
        common=track.common,
        twins=track.twins,
        leaked=track.leaked,
        kind=track.work.kind,
        language=track.work.language,
    )
