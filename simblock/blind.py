"""What is made of an index that is lost: a run of the output of which every anchor may stand in it is a passage.

The prefilters of an index are in the process, its postings are not, and one key in a thousand passes by chance. But
winnowing chooses the same anchors wherever a passage stands, so of a verbatim one they all pass: the smallest of any
``g`` shingles in a row that lie inside it. Clean output has hits here and there, and hardly ever such a run.
``python -m benchmarks.degraded`` has the figures.

Where postings are known and only runs are lost, the hits of one run that stand as far apart in it as in the output do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from simblock.grain import Grain
from simblock.history import History
from simblock.match import Action
from simblock.policy import Policy, Verdict
from simblock.questions import Posting
from simblock.scheme import D_TICKS, Channel
from simblock.shingles import passes, shingle_hashes
from simblock.ticks import Ticks
from simblock.tokens import CHAR

ANCHORS_OF_WORDS, ANCHORS_OF_LEXEMES = 3, 5
"""Different anchors that a passage has at least: what repeats itself has few."""
LEAST_LEXEMES = 80
"""Lexemes of a passage at least, whatever ``min_run`` says: shorter runs of nothing but commonplaces are common."""
MANY = 64
"""Places of one key that are compared."""
WITHOUT_END: dict[Action, Action] = {"redact": "stop", "replace": "stop"}
"""What becomes of an action where nobody knows how far the passage goes."""


class Agreed(NamedTuple):
    """Anchors that agree: the output token with which they did, the first of the passage, and how many there are."""

    o: int
    first: int
    anchors: int


class Asked(NamedTuple):
    """A shingle that was asked: its last output token, its key, and whether it may stand in the index."""

    o: int
    key: int
    passed: bool


class _Anchored:
    """The run of windows, of ``g`` shingles each, up to the newest one, of which all minima may stand in the index.

    ``unsure``: of one of them only the prefilter says so.
    """

    __slots__ = ("_window", "anchors", "channel", "o", "unsure", "windows")

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._window: deque[tuple[int, bool, bool]] = deque(maxlen=channel.g)
        self.unsure = False
        self.anchors: set[int] = set()
        self.windows = self.o = 0

    def push(self, o: int, key: int, passed: bool, unsure: bool) -> None:
        """Takes the next shingle, which ends with output token ``o``."""
        self.o = o
        self._window.append((key, passed, unsure))
        if len(self._window) < self.channel.g:
            return
        anchor, passed, unsure = min(self._window)
        if passed:
            self.windows += 1
            self.anchors.add(anchor)
            self.unsure |= unsure
        elif self.windows:
            self.windows, self.unsure = 0, False
            self.anchors.clear()

    @property
    def tokens(self) -> int:
        """Passing tokens of the run."""
        return self.windows + self.channel.certain - 1 if self.windows else 0


class _Diagonal(NamedTuple):
    """Hits that stand as far apart in a run as in the output: the first and last output token, and how many."""

    first: int
    last: int
    hits: int


class Blind:
    """What one lane of a stream hears of lost indexes. ``echoes`` says whether a token repeats what is exempt."""

    def __init__(self, policy: Policy, history: History, grain: Grain, echoes: Callable[[int], bool]) -> None:
        self._history, self._echoes, self._lane = history, echoes, grain.lane
        self._needed = ANCHORS_OF_LEXEMES if grain.numbered else ANCHORS_OF_WORDS
        self._tokens = max(policy.code.min_run, LEAST_LEXEMES) if grain.numbered else policy.text.min_run
        self._action = WITHOUT_END.get(policy.action, policy.action)
        self._runs: dict[tuple[int, int], _Anchored] = {}
        self._diagonals: dict[tuple[int, Hashable, int, int], _Diagonal] = {}
        self.agreed: Agreed | None = None
        self._told = False

    def take(self, which: int, channel: Channel, asks: Sequence[Asked], *, lost: bool) -> None:
        """Takes all that was asked on a channel of index ``which``, which has ``lost`` it or not.

        What it answers counts too: an index whose prefilters let nothing pass need not ask its store.
        """
        if self._told:
            return
        run = self._runs.get((which, channel.id))
        if run is None:
            run = self._runs[which, channel.id] = _Anchored(channel)
            for o, key in self._before(asks[0].o, channel):
                run.push(o, key, False, False)
        for o, key, passed in asks:
            run.push(o, key, passed and not self._echoes(o), lost)
            if run.unsure and len(run.anchors) >= self._needed and run.tokens >= self._enough(channel):
                self._agree(Agreed(o, self._back(o, run.tokens, channel), len(run.anchors)))
                return

    def _before(self, o: int, channel: Channel) -> Iterable[tuple[int, int]]:
        """The shingles of a window but one, which end before output token ``o``: none of them was lost."""
        flag, names, base = self._history.flag, self._history.names, self._history.base
        at = [one for one in range(max(o - 8 * channel.certain, base), o) if passes(flag(one), channel)]
        at = at[2 - channel.certain :]
        if len(at) < channel.n:
            return ()
        keys = shingle_hashes(np.array([names[one - base] for one in at], np.uint32), channel)
        return zip(at[channel.n - 1 :], keys.tolist(), strict=True)

    def compare(self, o: int, which: int, channel: Channel, postings: Sequence[Posting]) -> None:
        """Takes a hit of which nothing but its places is known."""
        if self._echoes(o):
            return
        for posting in postings[:MANY]:
            key = (which, posting.segment, posting.run, o - posting.position)
            before = self._diagonals.get(key)
            apart = before is None or o - before.last > channel.g
            one = (
                _Diagonal(o, o, 1) if apart or before is None else _Diagonal(before.first, o, before.hits + 1)
            )
            self._diagonals[key] = one
            # of a passage, as many shingles as a window is short of may lie before its first anchor and behind its last
            most = o - one.first + channel.certain + channel.g - 1
            if one.hits >= self._needed and most >= self._enough(channel):
                self._agree(Agreed(o, self._back(one.first, channel.certain, channel), one.hits))
        if len(self._diagonals) > MANY * MANY:
            self._diagonals = {key: one for key, one in self._diagonals.items() if o - one.last <= channel.g}

    def verdict(self, at: int) -> Verdict | None:
        """What is done, once, when the anchors agree that lie at output token ``at`` or before."""
        if self._told or self.agreed is None or self.agreed.o > at or self._action == "release":
            return None
        self._told = True
        return Verdict(self._action, "degraded", self.agreed.anchors, self._needed)

    @property
    def idle(self) -> bool:
        """Whether no run of anchors is looked at."""
        return not self._runs and not self._diagonals

    @property
    def begin(self) -> int:
        """The code point at which the passage begins, at the earliest."""
        return self._start(self.agreed.first) if self.agreed else 0

    def limit(self, ticks: Ticks, fed: int) -> int:
        """The code point up to which text may go out: not into what may be a passage, unless it is long past."""
        if self._action != "stop":
            return fed
        runs = [run for run in self._runs.values() if run.unsure and self._recent(run.o, ticks)]
        return min([self._start(self._back(run.o, run.tokens, run.channel)) for run in runs], default=fed)

    def _enough(self, channel: Channel) -> int:
        """Tokens of a passage at least; two characters are one word."""
        return self._tokens * (2 if channel.require & CHAR else 1)

    def _agree(self, agreed: Agreed) -> None:
        if not self._told and (self.agreed is None or agreed < self.agreed):
            self.agreed = agreed

    def _recent(self, o: int, ticks: Ticks) -> bool:
        return ticks.count - ticks.clock(self._history.when(max(o, self._history.base))) <= D_TICKS

    def _start(self, token: int) -> int:
        return self._history.starts[max(token - self._history.base, 0)]

    def _back(self, o: int, count: int, channel: Channel) -> int:
        """The first of ``count`` tokens of a channel that end with ``o``."""
        flag, base = self._history.flag, self._history.base
        while o > base and count > 1:
            o -= 1
            count -= passes(flag(o), channel)
        return o


__all__ = ["Agreed", "Asked", "Blind"]
