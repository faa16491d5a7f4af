"""What a stream asks of the indexes as its tokens come, and what it hears.

A few tokens are asked in plain Python, many by NumPy; the questions are the same, and so is their
order: by token, then by channel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeAlias, cast

import numpy as np

from simblock.blind import Asked, Blind
from simblock.ledger import AnswerLost, Forgive, Steps, Told, asked
from simblock.questions import Hit, Lost, Postings, Suspected
from simblock.scheme import Channel, Lane
from simblock.shingles import passes
from simblock.signature import Asks, Signer
from simblock.tokens import I64

MANY = 32
"""From so many tokens in a chunk on, keys are made by NumPy."""


class Heard(NamedTuple):
    """A hit with what was asked: which index, the channel and the key."""

    which: int
    channel: Channel
    key: int
    hit: Hit


_ORDER = {"exact": 0, "seed": 1, "signature": 2}


def in_order(found: Sequence[Heard]) -> list[Heard]:
    """The hits at one token as they are heeded: those of exact channels first, then the rarest."""
    return sorted(found, key=lambda heard: (_ORDER[heard.channel.role], heard.hit.frequency))


Hits: TypeAlias = Mapping[int, Sequence[Heard]]
"""What was found, by the output token at which it was asked."""
NOTHING: Hits = MappingProxyType({})


class Asker:
    """The cursors of one lane of a stream over the channels of a scheme that it is asked on."""

    def __init__(self, signer: Signer, lane: Lane, blind: Blind, forgive: Forgive) -> None:
        self._blind, self._forgive = blind, forgive
        self._lost: set[int] = set()
        channels = [channel for channel in signer.scheme.channels if channel.reads == lane]
        self._cursors = [(channel, signer.cursor(channel)) for channel in channels]
        self._pushed: dict[int, list[Callable[[int, int, Asks], None]]] = {}  # by the flags of a token
        self._channels = {channel.id: channel for channel, _ in self._cursors}

    def look_up(self, keys: Sequence[int], flags: Sequence[int], base: int) -> Told[Hits]:
        """Asks what tokens call for, the first of which is number ``base``. Raises AnswerLost."""
        if len(keys) < MANY:
            asks: Asks = []
            for place, (key, flag) in enumerate(zip(keys, flags, strict=True), base):
                for push in self._pushed.get(flag) or self._passed_by(flag):
                    push(key, place, asks)
            return (yield from self._ask(asks)) if asks else NOTHING
        many, seen = np.array(keys, np.uint32), np.array(flags, np.uint8)
        found = [(channel, *cursor.extend(many, seen, base)) for channel, cursor in self._cursors]
        ids = np.concatenate([np.full(len(places), channel.id, np.uint32) for channel, places, _ in found])
        question = Postings(ids, np.concatenate([asked_keys for _, _, asked_keys in found]))
        return (yield from self._hear(question, np.concatenate([places for _, places, _ in found])))

    def _passed_by(self, flag: int) -> list[Callable[[int, int, Asks], None]]:
        """What takes a token with these flags."""
        found = self._pushed[flag] = [
            cursor.push for channel, cursor in self._cursors if passes(flag, channel)
        ]
        return found

    def finish(self) -> Told[Hits]:
        """Asks what is left at the end of the stream. Raises AnswerLost."""
        asks: Asks = []
        for _, cursor in self._cursors:
            cursor.finish(asks)
        return (yield from self._ask(asks)) if asks else NOTHING

    def _ask(self, asks: Asks) -> Told[Hits]:
        places, channels, keys = zip(*asks, strict=True)
        return self._hear(Postings(channels, keys), places)

    def _hear(self, question: Postings, places: Sequence[int] | I64) -> Told[Hits]:
        answer = cast("list[list[Hit] | Lost]", (yield question))
        if isinstance(answer, Lost):
            raise AnswerLost(answer.reason)
        if not (self._lost or any(answer)):
            return NOTHING
        hits: dict[int, list[Heard]] = {}
        lost: tuple[int, ...] = ()
        for index, found in enumerate(answer):
            if isinstance(found, Lost):
                if self._forgive(AnswerLost(found.reason)):
                    lost += (index,)
                continue
            for hit in found:
                channel = self._channels[int(question.channels[hit.ask])]
                heard = Heard(index, channel, int(question.keys[hit.ask]), hit)
                hits.setdefault(int(places[hit.ask]), []).append(heard)
        if lost or self._lost:
            self._lost.update(lost)
            yield from self._suspect(question, places, answer)
            if self._blind.agreed:
                hits.setdefault(self._blind.agreed.o, [])
        return hits

    def _suspect(
        self, question: Postings, places: Sequence[int] | I64, answer: Sequence[list[Hit] | Lost]
    ) -> Steps:
        """Asks which exact keys may stand in indexes that are lost; of those that were once, tells what they say."""
        channels, keys = [int(id) for id in question.channels], [int(key) for key in question.keys]
        exact = [ask for ask, id in enumerate(channels) if self._channels[id].role == "exact"]
        if not exact:
            return
        suspected = yield from asked(
            Suspected([channels[ask] for ask in exact], [keys[ask] for ask in exact])
        )
        for index in sorted(self._lost):
            said, passed = answer[index], cast("list[list[int] | Lost]", suspected)[index]
            if not isinstance(said, Lost):
                may = {hit.ask for hit in said}
            else:
                may = set() if isinstance(passed, Lost) else {exact[number] for number in passed}
            for id in dict.fromkeys(channels[ask] for ask in exact):
                asks = [
                    Asked(int(places[ask]), keys[ask], ask in may) for ask in exact if channels[ask] == id
                ]
                self._blind.take(index, self._channels[id], asks, lost=isinstance(said, Lost))
