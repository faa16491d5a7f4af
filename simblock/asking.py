"""What a stream asks of the indexes as its tokens come, and what it hears.

A few tokens are asked in plain Python, many by NumPy; the questions are the same, and so is their
order: by token, then by channel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias, cast

import numpy as np

from simblock.ledger import AnswerLost, Forgive, Told, asked
from simblock.questions import Hit, Lost, Postings
from simblock.scheme import Channel, Lane
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


class Asker:
    """The cursors of one lane of a stream over the channels of a scheme that it is asked on."""

    def __init__(self, signer: Signer, lane: Lane, forgive: Forgive) -> None:
        self._forgive = forgive
        channels = [channel for channel in signer.scheme.channels if channel.reads == lane]
        self._cursors = [(channel, signer.cursor(channel)) for channel in channels]
        self._channels = {channel.id: channel for channel, _ in self._cursors}

    def look_up(self, keys: Sequence[int], flags: Sequence[int], base: int) -> Told[Hits]:
        """Asks what tokens call for, the first of which is number ``base``. Raises AnswerLost."""
        if len(keys) < MANY:
            asks: Asks = []
            for place, (key, flag) in enumerate(zip(keys, flags, strict=True), base):
                for channel, cursor in self._cursors:
                    if flag & (channel.require | channel.forbid) == channel.require:  # passes(), inline
                        cursor.push(key, place, asks)
            return (yield from self._ask(asks))
        many, seen = np.array(keys, np.uint32), np.array(flags, np.uint8)
        found = [(channel, *cursor.extend(many, seen, base)) for channel, cursor in self._cursors]
        ids = np.concatenate([np.full(len(places), channel.id, np.uint32) for channel, places, _ in found])
        question = Postings(ids, np.concatenate([asked_keys for _, _, asked_keys in found]))
        return (yield from self._hear(question, np.concatenate([places for _, places, _ in found])))

    def finish(self) -> Told[Hits]:
        """Asks what is left at the end of the stream. Raises AnswerLost."""
        asks: Asks = []
        for _, cursor in self._cursors:
            cursor.finish(asks)
        return (yield from self._ask(asks))

    def _ask(self, asks: Asks) -> Told[Hits]:
        if not asks:
            return {}
        places, channels, keys = map(list, zip(*asks, strict=True))
        return (yield from self._hear(Postings(channels, keys), places))

    def _hear(self, question: Postings, places: Sequence[int] | I64) -> Told[Hits]:
        answer = cast("list[list[Hit] | Lost]", (yield from asked(question)))
        hits: dict[int, list[Heard]] = {}
        for index, found in enumerate(answer):
            if isinstance(found, Lost):
                self._forgive(AnswerLost(found.reason))
                continue
            for hit in found:
                channel = self._channels[int(question.channels[hit.ask])]
                heard = Heard(index, channel, int(question.keys[hit.ask]), hit)
                hits.setdefault(int(places[hit.ask]), []).append(heard)
        return hits
