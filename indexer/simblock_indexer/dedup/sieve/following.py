"""The machine itself, on one lane and with the hits of few runs: whether it begins anything there that counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from simblock.asking import Heard
from simblock.candidates import Candidates
from simblock.exemption import Exemption
from simblock.history import History
from simblock.lane import Lane
from simblock.ledger import AnswerLost, Ledger, Steps
from simblock.naming import levelled
from simblock.newlines import Newlines
from simblock.policy import Policy
from simblock.signature import Signer
from simblock.ticks import Ticks
from simblock.tracking import Track
from simblock_indexer.dedup.sieve.lanes import Lanes


def _raise(lost: AnswerLost) -> bool:
    raise lost


class Kept(History):
    """The tokens of a lane, all of them, and a clock that ticks at each: no oftener than in a stream."""

    __slots__ = ()

    def put(self, lanes: Lanes, lane: int) -> None:
        """Takes the tokens of a lane."""
        span = slice(int(lanes.runs.bounds[lane]), int(lanes.runs.bounds[lane + 1]))
        self.names.frombytes(lanes.runs.tokens.keys[span].tobytes())
        self.flags.frombytes(lanes.runs.tokens.flags[span].tobytes())
        if self.numbered:
            self.keys.extend(levelled(self.names))
            for token, language in enumerate(lanes.coded[lane].languages):
                self._of_code.append(token, self._number(language))

    def clock(self, token: int) -> int:
        return token


class Follower(Lane):
    """A lane that is told its hits rather than to ask for them."""

    history: Kept

    def __init__(self, lanes: Lanes, lane: int, signer: Signer, ledger: Ledger) -> None:
        super().__init__(lanes.kind, signer, ledger, Newlines(), Ticks(), forgive=_raise)
        self.history = Kept(numbered=self.grain.numbered)
        self.history.put(lanes, lane)
        self.candidates = Candidates(ledger, self.history, self.grain)

    def finds(self, hits: Mapping[int, Sequence[Heard]], run: Callable[[Steps], None]) -> bool:
        """Whether a match that may act comes of some hits; ``run`` has the indexes answer.

        One of words is made of pieces that count, one of code says something rare. Hits of other runs make no
        difference to these, but that they take from the budget: a lane that overspends its own is told to find.
        """
        self._hits.update(hits)
        self._coming.extend(sorted(hits))
        while (o := self.due()) is not None:
            run(self.turn(o))
            if any(track.closing and _counts(track) for track in self.candidates.tracks.values()):
                return True
            if any(map(_counts, self.leave())):
                return True
        return self.candidates.overspent > 0 or any(map(_counts, self.end()))


def ledger(policy: Policy) -> Ledger:
    """What a follower's works are known by; nothing is exempt, which only finds more."""
    return Ledger(policy, Exemption((), commonplaces=False))


MARGIN = 0.5
"""What a piece says may be less when it is over than it was before: so much of the least that acts is enough here."""


def _counts(track: Track) -> bool:
    """Whether a match may act, now or later.

    What it is judged by may be what another lane of code knows of the work, so of code every piece is asked, however
    short.
    """
    least = track.resolved.limits.least_information if track.grain.numbered else 0
    if not least:
        return any(map(track.counts, track.pieces))
    spans = [(piece.first.s, piece.extent().s) for piece in track.pieces]
    return track.information(track.pieces, spans) >= MARGIN * least
