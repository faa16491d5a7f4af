"""A model response: what its streams share, and what went before it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from simblock.exemption import Exemption
from simblock.grain import Grain
from simblock.ledger import Ledger
from simblock.policy import Policy
from simblock.scheme import D_TICKS
from simblock.signature import Signer


class Turn(NamedTuple):
    """An earlier turn of a conversation: role user, assistant, system or tool."""

    role: str
    content: str


def _nothing(_what: str) -> None: ...


class ResponseCore:
    """One model response: what its streams share, and what went before it.

    ``names`` are those of the indexes, in the order in which answers come. ``coded``: some hold code.
    ``count`` is told what is decided while an index is lost; ``lost`` is why some of the history was not read.
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
        keep_all: bool = False,
        coded: bool = True,
        count: Callable[[str], None] = _nothing,
    ) -> None:
        self.signer, self.policy, self.names, self.keep_all = signer, policy, tuple(names), keep_all
        own = [prompt, *(turn.content for turn in history if turn.role != "assistant")]
        exemption = Exemption(own if policy.exempt_prompt else (), commonplaces=policy.exempt_commonplace)
        self.ledger = Ledger(policy, exemption, tenant)
        self.coded, self.count = coded, count
        self.turns = deque(turn.content for turn in history if turn.role == "assistant")
        self.leak = D_TICKS if policy.max_leak is None else policy.max_leak
        self.wary = False
        self.lost: str | None = None

    @property
    def hold(self) -> int:
        """Ticks that are always held."""
        return D_TICKS - self.leak

    def suspicion(self, grain: Grain) -> int:
        """Half tokens of a match from which on it is under suspicion."""
        return 0 if self.wary else 2 * min(grain.certain, self.leak)

    @property
    def quoted(self) -> dict[str, int]:
        """Words or lexemes quoted of each work, in the response and its history."""
        counts = {work: count for work, count in self.ledger.quoted.items() if count}
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
