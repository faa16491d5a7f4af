"""A model response: what its streams share, and what went before it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from copy import copy
from typing import NamedTuple

from simblock.exemption import Exemption
from simblock.grain import Grain
from simblock.ledger import Ledger, Steps, Told, to_its_end
from simblock.match import HOLDING
from simblock.policy import Policy
from simblock.questions import Rewriter
from simblock.scheme import D_TICKS
from simblock.signature import Signer

MAX_UNACTED = 1000
"""Matches below the thresholds that a response remembers where all are asked for."""


class Floor(NamedTuple):
    """From how many words, or lexemes, on matches that no rule acted on are kept, and how many of them a response."""

    tokens: int = 16
    lexemes: int = 30
    most: int = 20


EVERYTHING = Floor(0, 0, MAX_UNACTED)


class Turn(NamedTuple):
    """An earlier turn of a conversation: role user, assistant, system or tool."""

    role: str
    content: str


def _nothing(_what: str) -> None: ...


class ResponseCore:
    """One model response: what its streams share, and what went before it.

    ``names`` are those of the indexes, in the order in which answers come. ``coded``: some hold code.
    ``count`` is told what is decided while an index is lost; ``lost`` is why some of the history was not read, and
    ``outage`` why an index is lost to whatever of the response comes next. ``rewriter`` is asked for other words up to
    ``rewrites`` times a passage, each time for ``rewrite_timeout`` seconds at most.
    """

    def __init__(
        self,
        signer: Signer,
        policy: Policy,
        names: Sequence[str],
        *,
        prompt: str = "",
        history: Sequence[Turn] = (),
        tenant: str | None = None,
        floor: Floor | None = None,
        coded: bool = True,
        refused: Collection[str] = (),
        count: Callable[[str], None] = _nothing,
        rewriter: Rewriter | None = None,
        rewrites: int = 2,
        rewrite_timeout: float = 30.0,
    ) -> None:
        self.signer, self.policy, self.names = signer, policy, tuple(names)
        self.floor, self._kept = floor, 0
        own = [prompt, *(turn.content for turn in history if turn.role != "assistant")]
        exemption = Exemption(own if policy.exempt_prompt else (), commonplaces=policy.exempt_commonplace)
        self.ledger = Ledger(policy, exemption, tenant)
        self.coded, self.count = coded, count
        self.refused = frozenset(refused)
        self.turns = deque(turn.content for turn in history if turn.role == "assistant")
        self.leak = D_TICKS if policy.max_leak is None else policy.max_leak
        self.wary = False
        self.lost: str | None = None
        self.outage: str | None = None
        self.rewriter, self.rewrites, self.rewrite_timeout = rewriter, rewrites, rewrite_timeout

    @property
    def hold(self) -> int:
        """Ticks that are always held."""
        return D_TICKS - self.leak

    @property
    def unread(self) -> int:
        """Characters of the assistant's earlier turns that are not read yet."""
        return sum(map(len, self.turns))

    def recall(self, scan: Callable[[str], Told[str | None]]) -> Steps:
        """Reads the assistant's earlier turns, once; a quota that they fill makes the response strict.

        ``scan`` goes through one and returns why some of it was lost: that is lost to all streams of the response.
        """

        def lose(reason: str) -> None:
            self.lost = reason

        while self.turns:
            text = self.turns.popleft()
            error = yield from to_its_end(scan(text), lose)
            self.lost = self.lost if error is None else error
            for (work, view), resolved in self.ledger.resolved.items():
                quota = self.ledger.quotas.get((work.id, view))
                if quota and resolved.action in HOLDING and quota.words >= resolved.limits.max_quoted:
                    self.ledger.barred.add(work.id)
                    self.leak, self.wary = 0, True

    def trial(self) -> ResponseCore:
        """A response that counts and remembers by itself: for text that may never go out."""
        trial = copy(self)
        trial.ledger, trial.floor, trial.count = self.ledger.fork(), None, _nothing
        return trial

    def keeps(self, tokens: int, *, numbered: bool) -> bool:
        """Whether one more match of so many words, or lexemes, is told that no rule acted on; takes note of it."""
        if self.floor is None or self._kept >= self.floor.most:
            return False
        if tokens < (self.floor.lexemes if numbered else self.floor.tokens):
            return False
        self._kept += 1
        return True

    def suspicion(self, grain: Grain) -> int:
        """Half tokens of a match from which on it is under suspicion."""
        return 0 if self.wary else 2 * min(grain.certain, self.leak)

    @property
    def quoted(self) -> dict[str, int]:
        """Words or lexemes quoted of each work, in the response and its history."""
        counts = {work: count for work, count in self.ledger.quoted.items() if count}
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
