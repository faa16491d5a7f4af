"""Passages: stretches of tokens that stand in more than ``max_copies`` documents.

A passage has ``min_passage`` tokens at least: words of texts (a character of a script without spaces is a token as a
word is), lexemes of code with names numbered, at least 30, so that renaming hides nothing. What is counted is
documents: one that has a passage twice is one that has it. *sign* makes anchors, of which documents with a common
passage have one in common for certain (:mod:`.winnowing`); *join* leaves those that stand in more than ``max_copies``;
:func:`settle` reads the documents that have some, and tells what is in excess (:mod:`.excess`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simblock.grammar import grammar
from simblock.lexer import Lexer
from simblock.text import tokenise
from simblock.tokens import I64, U16, U32, U64
from simblock_indexer.dedup.excess import Passages, settle
from simblock_indexer.dedup.part import CODE, TEXT, Documents, Runs
from simblock_indexer.dedup.repeats import Postings, alike, perhaps_twice, repeated
from simblock_indexer.dedup.sketch import partition_of
from simblock_indexer.dedup.winnowing import anchors as winnowed
from simblock_indexer.dedup.winnowing import measure

__all__ = ["Passages", "anchors", "concatenated", "join", "settle", "spans"]


def anchors(runs: Runs, partitions: int, min_passage: int) -> dict[str, NDArray[Any]]:
    """The anchors of some documents, by partition, and in each by document and place.

    ``anchor_keys`` u64, ``anchor_owners`` u32 (a document, counted from 0), ``anchor_places`` u32 (the first token of
    the anchor in its document), ``anchor_splits`` i64 [partitions + 1]. Documents that are not compared have none.
    """
    keys: list[U64] = [np.empty(0, np.uint64)]
    owners: list[U32] = [np.empty(0, np.uint32)]
    places: list[U32] = [np.empty(0, np.uint32)]
    for sort in (TEXT, CODE):
        chosen = np.flatnonzero(runs.sorts == sort)
        if len(chosen):
            key, owner, place = _anchors(*runs.of(chosen), min_passage, code=sort == CODE)
            keys.append(key)
            owners.append(chosen[owner].astype(np.uint32))
            places.append(place)
    return _divided(np.concatenate(keys), np.concatenate(owners), np.concatenate(places), partitions)


def _anchors(keys: U32, bounds: I64, min_passage: int, *, code: bool) -> tuple[U64, I64, U32]:
    """Anchors of runs end to end: keys u64, which run, the place u32 in it."""
    by = measure(min_passage, code=code)
    places, hashes = winnowed(keys, by, code=code)
    owners = np.searchsorted(bounds, places, "right") - 1
    whole = places + by.n <= bounds[owners + 1]
    owners = owners[whole]
    return hashes[whole], owners, (places[whole] - bounds[owners]).astype(np.uint32)


def _divided(keys: U64, owners: U32, places: U32, partitions: int) -> dict[str, NDArray[Any]]:
    parts: U16 = partition_of(keys, partitions)
    order = np.argsort(parts, kind="stable")
    splits = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(parts, minlength=partitions))])
    return {
        "anchor_keys": keys[order],
        "anchor_owners": owners[order],
        "anchor_places": places[order],
        "anchor_splits": splits,
    }


def concatenated(
    batches: Sequence[dict[str, NDArray[Any]]], documents: Sequence[int]
) -> dict[str, NDArray[Any]]:
    """What :func:`anchors` makes of several batches of so many documents each, as if they had been one."""
    bases = np.cumsum([0, *documents])
    partitions = len(batches[0]["anchor_splits"]) - 1
    owners = [batch["anchor_owners"] + np.uint32(base) for batch, base in zip(batches, bases, strict=False)]
    keys, places = (
        np.concatenate([batch[name] for batch in batches]) for name in ("anchor_keys", "anchor_places")
    )
    return _divided(keys, np.concatenate(owners), places, partitions)


def join(documents: Documents, partition: int, filled: Path) -> None:
    """Writes the :class:`Postings` of a partition: where anchors stand that over ``max_copies`` documents have.

    There are at most as many as anchors, however many documents have one in common.
    """
    keys, owners, places = _entries(documents, partition)
    order = perhaps_twice(keys)
    order = order[np.argsort(keys[order], kind="stable")]  # of equal keys by document and place, as they lie
    postings = Postings(owners[order], places[order], alike(keys[order]))
    repeated(postings, documents.plan.options.max_copies).write(filled)


def _entries(documents: Documents, partition: int) -> tuple[U64, U32, U32]:
    """The anchors of a partition: keys, document numbers and places, in the order of the documents."""
    keys, owners, stretches = documents.entries(partition, "anchor_")
    places = [np.empty(0, np.uint32)]
    for part, some in zip(documents.parts, stretches, strict=True):
        places.append(part.array("anchor_places")[some])
    return keys, owners, np.concatenate(places)


def spans(text: str, language: str | None, cuts: I64) -> I64:
    """Where the cuts of a document's run, tokens [start, end), lie in its text: code points i64 [k, 2].

    Punctuation that follows a cut of text without a space goes with it. Raises SimblockError for a language without a
    grammar.
    """
    tokens = Lexer(grammar(language)).tokens(text) if language else tokenise(text)
    starts, ends = tokens.starts[cuts[:, 0]], tokens.ends[cuts[:, 1] - 1]
    if not language:
        limits = np.append(tokens.starts, len(text))[cuts[:, 1]]
        ends = np.array(
            [_closed(text, *stretch) for stretch in zip(ends.tolist(), limits.tolist(), strict=True)]
        )
    return np.stack([starts, ends.astype(np.int64)], axis=1)


def _closed(text: str, end: int, limit: int) -> int:
    """Where the punctuation ends that stands behind a word; where another word follows it at once, ``end``."""
    closed = end
    while closed < limit and not text[closed].isspace():
        closed += 1
    return end if closed == limit < len(text) else closed
