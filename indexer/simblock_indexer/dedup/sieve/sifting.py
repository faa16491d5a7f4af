"""The sieve: documents in, those out in which nothing of the works can be found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

import numpy as np

from simblock.asking import Heard as Told
from simblock.detection import by_tag
from simblock.questions import Hit, Posting
from simblock.stores.stood import Stood
from simblock.tokens import Bools
from simblock.unmasking import unmasked
from simblock_indexer.dedup.examining import Examiner
from simblock_indexer.dedup.sieve.following import Follower, ledger
from simblock_indexer.dedup.sieve.hits import Asks, Heard, Listener, asks
from simblock_indexer.dedup.sieve.lanes import Lanes, code_in, of_code, of_unmasked, of_words
from simblock_indexer.dedup.sieve.masked import may_be_masked
from simblock_indexer.dedup.sieve.squares import Squares

LONGEST = 1 << 22
"""Characters from which on a document is not sifted, for memory: it is examined."""


_Hits: TypeAlias = dict[int, list[Told]]
"""What a lane is told, by output token."""


class Sieve:
    """Tells documents in which an examiner finds nothing. Raises what the indexes raise."""

    def __init__(self, examiner: Examiner) -> None:
        self._examiner = examiner
        self._signer = examiner.signer
        channels = self._signer.scheme.channels
        self._channels = {channel.id: channel for channel in channels}
        self._listeners = [Listener(index, channels) for index in examiner.indexes]
        self._squares = Squares(channels, informed=examiner.policy.asks_information)
        self._coded = any(index.languages for index in examiner.indexes)

    def clean(self, texts: Sequence[str], languages: Sequence[str | None]) -> Bools:
        """Which documents hold nothing: bool [n]. What is not clean may hold nothing either."""
        dirty: Bools = np.array([len(text) > LONGEST for text in texts], bool)
        if not len(texts):
            return dirty
        sifted = [text if len(text) <= LONGEST else "" for text in texts]
        words = of_words(sifted)
        self._sift(words, dirty)
        masked = may_be_masked(sifted, words.runs) & ~dirty
        found = [(at, unmasked(sifted[at])) for at in np.flatnonzero(masked).tolist()]
        self._sift(of_unmasked([(at, one) for at, one in found if one is not None]), dirty)
        if self._coded:
            self._sift_code(sifted, languages, dirty)
        return ~dirty

    def _sift_code(self, texts: Sequence[str], languages: Sequence[str | None], dirty: Bools) -> None:
        found = [
            (at, *code_in(texts[at], by_tag(languages[at] or ""))) for at in np.flatnonzero(~dirty).tolist()
        ]
        self._sift(of_code("lexemes", [(at, one) for at, one, _ in found if one.keys]), dirty)
        syntax = [(at, one) for at, _, one in found if one.keys and not dirty[at]]
        self._sift(of_code("syntax", syntax), dirty)

    def _sift(self, lanes: Lanes, dirty: Bools) -> None:
        """Marks the documents of lanes in which something is found."""
        if not len(lanes.documents):
            return
        asked = asks(self._signer, lanes)
        hits: dict[int, _Hits] = {}
        for number, listener in enumerate(self._listeners):
            heard, stood = listener.hear(lanes, asked)
            near = self._squares.near(lanes, asked, heard)
            for lane, o, told in self._told(number, near, stood, asked):
                hits.setdefault(lane, {}).setdefault(o, []).append(told)
        for lane, found in hits.items():
            document = lanes.documents[lane]
            if not dirty[document]:
                follower = Follower(lanes, lane, self._signer, ledger(self._examiner.policy))
                dirty[document] = follower.finds(found, self._examiner.run)

    def _told(self, number: int, near: Heard, stood: Stood, asked: Asks) -> Iterator[tuple[int, int, Told]]:
        """The lane, the output token and what it is told, of the hits of an index that are worth it."""
        near = near.take(np.lexsort((near.asks, near.o, near.lanes)))
        views, bounds = [one.views for one in stood.handles], [one.bounds for one in stood.handles]
        rows = zip(
            *(getattr(near, name).tolist() for name in ("lanes", "o", "asks", "channels", "frequencies")),
            *(getattr(near, name).tolist() for name in ("segments", "runs", "s")),
            strict=True,
        )
        for (lane, o, ask, channel, frequency), places in groupby(rows, key=itemgetter(0, 1, 2, 3, 4)):
            postings = [
                Posting(
                    stood.handles[segment], run, s,
                    int(bounds[segment][run + 1] - bounds[segment][run]), int(views[segment][run]),
                )
                for *_, segment, run, s in places
            ]  # fmt: skip
            hit = Hit(ask, postings, frequency, stood.works)
            yield lane, o, Told(number, self._channels[channel], int(asked.keys[ask]), hit)
