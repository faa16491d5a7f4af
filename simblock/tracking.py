"""Tracks: what a stream knows of one work, its pieces, their figures and the verdict on them.

The pieces of one work within 64 tokens of each other in the output are one match. A match that has
acted keeps the figures with which it last did, so that a report decides as the stream did.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from simblock.abreast import LOOK_BACK, PARALLEL, thinned, uniform
from simblock.align import Measure
from simblock.exemption import Reading
from simblock.figures import (
    NO_MEASURE,
    NOTHING,
    Counting,
    Figures,
    Placing,
    Snapshot,
    counted,
    covering,
    longest_of,
    placed,
    reckoned,
    said,
)  # fmt: skip
from simblock.grain import GRAINS, Grain
from simblock.history import History
from simblock.hull import Hull
from simblock.match import SEVERITY, Action, Rank, rank
from simblock.ongoing import Ongoing
from simblock.piece import Piece
from simblock.policy import Policy, Resolved, Verdict
from simblock.questions import Posting
from simblock.quota import Quota
from simblock.quoting import Quoting
from simblock.scheme import lane_of
from simblock.seeds import Seeds
from simblock.vocabulary import worth
from simblock.work import Work

JOIN = 64
"""Output tokens between two pieces of one match."""
RUN = 4
"""Tokens of a run whose break is worth a look at other places of it."""
ENOUGH = 64
"""Pieces of one match after which no others are begun while its hits say too little for it ever to act."""
MAX_SPANS = 256
"""Spans of summed-up pieces that a report lists."""

HEARD = 15.0
"""Bits of evidence without which a hull counts for nothing; a growing one with more is under suspicion."""

TrackKey = tuple[int, Hashable, int]
"""(number of the index, segment, run)."""


@dataclass(slots=True, eq=False)
class Track(Ongoing):
    """One run of works in one stream. ``view`` is how it was read, ``twins`` are the other works that share it."""

    key: TrackKey
    history: History
    length: int
    work: Work
    twins: tuple[str, ...]
    resolved: Resolved
    quota: Quota
    view: str = "words"
    forced: bool = False
    common: bool = False
    pieces: list[Piece | Hull] = field(default_factory=list)
    seeds: Seeds = field(default_factory=Seeds)
    verdict: Verdict | None = None
    snapshot: Snapshot | None = None
    leaked: int = 0
    bagged: bool = False
    judged: Figures = NOTHING
    silent: bool = False
    begun: int = 0
    withheld: bool = False
    stale: bool = False
    dirty: bool = False
    active: bool = False
    closing: bool = False
    most: int = 0
    past: Measure = NO_MEASURE
    past_spans: tuple[Placing, ...] = ()
    heard: tuple[int, list[Posting]] = field(default_factory=lambda: (0, []))
    redacted: int = 0
    spans: dict[Piece | Hull, Placing] = field(default_factory=dict)
    grain: Grain = field(init=False)
    quoting: Quoting = field(init=False)
    wanted: float = field(init=False)

    def __post_init__(self) -> None:
        self.grain = GRAINS[lane_of(self.view)]
        self.quoting = Quoting(self.quota, (self.key[0], self.length), self.history)
        self.wanted = self.resolved.limits.least_information if self.grain.numbered else 0

    @property
    def now(self) -> Figures:
        """The match in figures as it was looked at; while it is silent, as it stands."""
        if self.stale:
            self.judged, self.stale = self._figures(self.counting(bag=False)), False
        return self.judged

    def mute(self) -> bool:
        """Whether the hits of lexemes say too little for the match to act or to fill a quota, whatever is aligned."""
        return self.grain.lane == "lexemes" and self.seeds.most + 1 < self.wanted and not self.quota.halves

    @property
    def idle(self) -> bool:
        """Whether more alignments would say nothing: of tables that are alike there is no end of them."""
        return self.silent and self.begun >= ENOUGH and self.mute()

    def pass_over(self, *, lazily: bool) -> None:
        """Takes note, without a look at it, of a match that is mute; its figures are reckoned when they are asked for."""
        self.dirty, self.silent = False, True
        self.place()
        self.stale = True
        if not lazily:
            self.stale, self.judged = False, self._figures(self.counting(bag=False))

    @property
    def reading(self) -> Reading:
        """How a request is read to tell what of the run stands in it."""
        lane = self.grain.lane
        return Reading(lane, None if lane == "words" else self.work.language)

    @property
    def action(self) -> Action:
        """What is done for the match so far."""
        return self.verdict.action if self.verdict else "release"

    def rank(self, action: Action) -> Rank:
        """Sorts the matches that act at one position."""
        now = self.now
        return rank(action, now.tokens, now.longest_run, now.names_alike, self.work.id)

    def heard_of(self) -> int:
        """:meth:`end`; of an idle match not before its last hit."""
        return max(self.end(), self.heard[0]) if self.idle else self.end()

    def push(self, o: int) -> bool:
        """Feeds output token ``o`` to the growing pieces; True where a run breaks there."""
        before = now = 0
        self.active = False
        for piece in self.pieces:
            if piece.closed:
                continue
            self.active = True
            if isinstance(piece, Piece):
                before = max(before, piece.running(o - 1))
            if piece.push(o) or piece.closed:
                self.dirty = True
                self.stale |= self.silent
            self.closing |= piece.closed
            if isinstance(piece, Piece):
                now = max(now, piece.running(o))
        return before >= RUN and now < before

    def take(self, piece: Piece | Hull) -> None:
        """Adds a piece to the match; the track is ``active`` while any of them may grow."""
        self.pieces.append(piece)
        self.begun += 1
        self.dirty = self.active = True
        self.stale |= self.silent
        if len(self.pieces) > PARALLEL:
            self._thin_out()

    def _thin_out(self) -> None:
        """Forgets alignments that others outdo, and ends those that are too many: what comes behind has hits of its own."""
        outdone, over = thinned(self.aligned(), self.end())
        self.drop(outdone)
        for piece in over:
            piece.close()
            self.closing = True

    def drop(self, pieces: Container[Piece | Hull]) -> None:
        """Forgets pieces."""
        self.pieces = [piece for piece in self.pieces if piece not in pieces]
        self.spans = {piece: span for piece, span in self.spans.items() if piece not in pieces}
        self.quoting.forget(pieces)

    def repeats(self, o: int) -> bool:
        """Whether PARALLEL runs go on through output token ``o``, each as long as all that may tell of one more."""
        return sum(piece.running(o) >= LOOK_BACK and uniform(piece) for piece in self.aligned()) >= PARALLEL

    def ripe(self, begin: int) -> bool:
        """Whether more is aligned than before, and so much that the match may act, or be under suspicion from
        ``begin`` half tokens on. Of text wherever anything is aligned, for its words may count in any order.
        """
        if self.past.matched or self.forced or (self.grain.numbered and self.quota.halves):
            return True
        if not self.grain.numbered:
            return any(not isinstance(piece, Hull) or self.counts(piece) for piece in self.pieces)
        most = sum([piece.most() for piece in self.pieces])
        grown, self.most = most != self.most, most
        return grown and most >= max(begin, self.grain.least)

    def split(self) -> Track:
        """Takes the match so far out of the track, which begins a new one."""
        old = replace(self)
        self.pieces, self.spans = [], {}
        self.seeds = self.seeds if self.withheld else Seeds()  # they may tell of what comes
        self.quoting = Quoting(self.quota, (self.key[0], self.length), self.history)
        self.verdict, self.snapshot, self.judged, self.leaked, self.bagged = None, None, NOTHING, 0, False
        self.silent = self.stale = self.withheld = False
        self.begun = 0
        self.past, self.past_spans = NO_MEASURE, ()
        self.active = False
        return old

    def prune(self) -> None:
        """Forgets pieces that ended without being any."""
        self.closing = False
        self.stale |= self.silent
        self.drop({piece for piece in self.pieces if piece.closed and not self.counts(piece)})

    def counting(self, *, bag: bool) -> Counting:
        """The pieces that count: of those that overlap the one that matches more."""
        measured = [(p, p.measure(bag=bag)) for p in self.pieces]
        least = self.grain.least
        measured = [(p, m) for p, m in measured if m.matched >= least and self.counts(p, 0)]
        return counted(measured)

    def _figures(self, counting: Counting) -> Figures:
        return reckoned(self.past, counting, self.pieces, self.likeness)

    def certain(self, piece: Piece | Hull) -> bool:
        """Whether a piece has a run that is found for certain."""
        return isinstance(piece, Piece) and longest_of(piece) >= 2 * self.resolved.certain

    def likeness(self, matched: int, output: int, source: int) -> float:
        """Matched over the longer side; of code over both sides' mean (Dice)."""
        whole = (output + source) / 2 if self.grain.numbered else max(output, source)
        return matched / max(whole, 1)

    def counts(self, piece: Piece | Hull, least: int | None = None) -> bool:
        if isinstance(piece, Hull):
            return piece.evidence >= HEARD and piece.measure(bag=True).evidence > 0
        return piece.extent().raw >= (least or self.grain.least)

    def count(self) -> None:
        """Adds what the pieces match of the source to the work's quota; each output token counts once."""
        self.quoting.take(self.pieces, self._fills)

    def _fills(self, piece: Piece | Hull) -> bool:
        """Whether a piece says enough to fill a quota."""
        if not self.counts(piece, self.grain.quoted):
            return False
        span = [(piece.first.s, piece.extent().s)]
        return not self.wanted or self.information([piece], span, self.wanted) >= self.wanted

    def information(
        self, pieces: Sequence[Piece | Hull], spans: list[tuple[int, int]], enough: float = math.inf
    ) -> float:
        """Bits of pieces: of syntax tokens those of all that is aligned; else those of the hits inside
        source token spans, each key once, no more when ``enough``. Those of code are worth what their table is.
        """
        language = self.work.language or ""
        if self.grain.lane == "syntax":
            return said(language, pieces, self.seeds)
        share = worth(language) if self.grain.numbered else 1.0
        exempt: set[int] = set().union(*(piece.exempt for piece in pieces))
        return round(share * self.seeds.bits(spans, exempt, enough / share), 1)

    def look(
        self, policy: Policy, *, bag: bool, beside: Callable[[], float] = float, keep: bool = True
    ) -> Verdict | None:
        """Judges the match; keeps its figures where it acts, or never did.

        The verdict where it is new or severer than before. Bags are counted where ``bag`` asks for it
        and the alignment alone does not act. ``beside`` has the bits that other lanes know of the work; a match
        that does not act is kept only where ``keep`` asks for it.
        """
        self.dirty = self.silent = self.stale = False
        self.place()
        informed = self.resolved.limits.least_information > 0
        bits = cache(lambda: max(self._bits(), beside()) if informed else 0.0)
        counting, bagged = self.counting(bag=False), None
        self.judged = figures = self._figures(counting)
        verdict = self._judge(policy, figures, bits)
        if bag and self._worth_a_bag(figures):
            bagged = self.counting(bag=True)
            fuller = self._figures(bagged)
            other = self._judge(policy, fuller, bits)
            if not verdict or (other and fuller.gain > figures.gain):
                counting, verdict = bagged, other
                self.judged = fuller if other else figures
        if verdict is not None or (keep and self.verdict is None):
            decided_by_bits = verdict or self._may_act(policy, self.now)
            self.snapshot = self._snap(counting, bits() if decided_by_bits else 0.0)
        if verdict is None or (self.verdict and SEVERITY[verdict.action] <= SEVERITY[self.verdict.action]):
            return None
        self.verdict, self.bagged = verdict, counting is bagged
        return verdict

    def _worth_a_bag(self, figures: Figures) -> bool:
        """Whether words in any order may make a match act that their alignment does not."""
        long = figures.output >= 2 * self.resolved.limits.min_tokens
        return not self.grain.numbered and (long or any(isinstance(piece, Hull) for piece in self.pieces))

    def place(self) -> None:
        """Notes where the pieces stand in the text, while the history knows."""
        history = self.history
        for piece in self.pieces:
            old = self.spans.get(piece)
            extent = piece.extent()
            if old is None or not piece.closed or old.last != extent.s - 1:
                self.spans[piece] = placed(piece, history, old)

    def _judge(self, policy: Policy, figures: Figures, bits: Callable[[], float]) -> Verdict | None:
        if figures.matched < self.grain.least:
            return None
        return policy.judge(
            self.resolved,
            longest_run=figures.longest_run,
            tokens=figures.tokens,
            similarity=figures.similarity,
            information=bits() if self._may_act(policy, figures) else 0.0,
            evidence=figures.evidence,
            quoted=self.quota.words,
        )

    def _may_act(self, policy: Policy, figures: Figures) -> bool:
        """Whether it depends on information alone if the match acts: only then is it reckoned."""
        limits, run = self.resolved.limits, figures.longest_run
        if run >= limits.min_run or (policy.profile == "cite" and run >= self.resolved.certain):
            return True
        return figures.tokens >= limits.min_tokens and figures.similarity >= limits.min_similarity

    def bits_beside(self, other: Track) -> float:
        """Bits of the match for another lane's match of the same work; 0 where they are of different ones."""
        if (other.key[0], other.work.id) != (self.key[0], self.work.id) or not self.pieces:
            return 0.0
        return self._bits()

    def _bits(self) -> float:
        """Bits of the match, as far as they matter to the policy."""
        spans = [(p.first.s, p.extent().s) for p in self.pieces]
        limits = self.resolved.limits
        alike = limits.min_information / limits.min_similarity  # its bits count times its similarity
        return self.information(self.pieces, spans, max(alike, limits.run_information))

    def _snap(self, counting: Counting, bits: float) -> Snapshot:
        figures = self._figures(counting)
        placings = (*self.past_spans[:MAX_SPANS], *(self.spans[piece] for piece, _ in counting))
        if self.past_spans:  # as of what was summed up, what says again what another does is told as well
            placings = covering(
                [*placings, *(self.spans[piece] for piece in self.pieces if self.certain(piece))]
            )
        whole = len(counting) == len(placings) == 1 and counting[0][0].extent().blocks == 1
        exact = any(piece.channel == "exact" for piece, _ in counting)
        renamed = any(isinstance(piece, Piece) and piece.renames() for piece, _ in counting)
        same = whole and figures.similarity == 1.0 and not renamed
        return Snapshot(figures, placings, same, renamed, exact, bits)

    def begin(self) -> int:
        """The first output code point of the match."""
        return min(placing.output.start for placing in (*self.past_spans[:1], *self.spans.values()))

    def rest(self) -> int:
        """:meth:`begin` of what was not edited yet."""
        placings = (*self.past_spans, *self.spans.values())
        starts = (p.output.start for p in placings if p.output.end > self.redacted)
        return max(self.redacted, min(starts, default=0)) if self.redacted else self.begin()
