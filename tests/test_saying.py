"""What aligned code says: every shingle that stands whole under one renaming, each once."""

import random
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.align import Block
from simblock.history import History
from simblock.naming import Judging, Pair, levelled
from simblock.piece import Piece
from simblock.saying import KEPT, SHINGLE, Said, bits, rarity
from simblock.shingles import numbered
from simblock.tokens import NAME_KEY
from simblock.vocabulary import BACKGROUND_DOCUMENTS, worth


def source(size, seed=1):
    """Keys of a run: literals, and names that come again."""
    rng = random.Random(seed)
    return [rng.choice((rng.randrange(1, 40), NAME_KEY | rng.randrange(6))) for _ in range(size)]


def renamed(keys):
    return [key ^ 0x100 if key >= NAME_KEY else key for key in keys]


def pairs_of(ours, theirs, *, free=()):
    return [Pair(at, at, a, b, at in free) for at, (a, b) in enumerate(zip(ours, theirs, strict=True))]


def told(pairs, keys):
    judging = Judging()
    judging.take(pairs)
    return Said().keys(judging, numbered(np.array(keys, np.uint32), SHINGLE), 0)


def shingles(keys):
    return set(numbered(np.array(keys, np.uint32), SHINGLE).tolist())


@given(size=st.integers(0, 700), seed=st.integers(0, 50))
def test_a_copy_that_only_renames_says_every_shingle_of_the_work_once(size, seed):
    keys = source(size, seed)
    found = told(pairs_of(renamed(keys), keys), keys)
    assert len(found) == len(set(found))
    every = shingles(keys)
    assert set(found) <= every
    assert (len(every) <= 400 and set(found) == every) or len(found) >= 400  # the last ones are remembered


@given(sizes=st.lists(st.integers(1, 90), min_size=1, max_size=12))
def test_it_does_not_matter_how_often_it_is_asked_while_a_piece_grows(sizes):
    keys = source(sum(sizes))
    pairs, hashes = pairs_of(renamed(keys), keys), numbered(np.array(keys, np.uint32), SHINGLE)
    said, judging, end = Said(), Judging(), 0
    for size in sizes:
        judging.take(pairs[end : end + size])
        end += size
        found = said.keys(judging, hashes, 0)
    assert set(found) == set(told(pairs, keys))


@pytest.mark.parametrize("at", [3, 30])
def test_what_reaches_over_a_change_a_strange_name_or_words_of_the_user_says_nothing(at):
    keys = [NAME_KEY | 1 if place % 3 else 5 + place for place in range(60)]
    intact = shingles(keys)
    over = set(numbered(np.array(keys, np.uint32), SHINGLE)[max(at - SHINGLE + 1, 0) : at + 1].tolist())
    at += at % 3 == 0
    strange = list(keys)
    strange[at] = NAME_KEY | 9
    for pairs in (
        pairs_of(strange, keys),
        pairs_of(keys, keys, free={at}),
        [pair for pair in pairs_of(keys, keys) if pair.o != at],
    ):
        found = set(told(pairs, keys))
        assert found < intact
        assert len(intact - found) >= len(over) - 2


@pytest.mark.parametrize("asked", [True, False], ids=["asked at each token", "asked at the end"])
def test_what_a_source_says_before_it_repeats_itself_is_not_forgotten(asked):
    keys = source(300) + [5, 6, NAME_KEY | 1, 7, NAME_KEY | 2, 8, 9, 10] * 120
    history = History()
    history.keys, history.names = array("I", levelled(keys)), array("I", renamed(keys))
    src, names = array("I", levelled(keys)), array("I", keys)
    piece = Piece([Block(0, 0, 1)], src, 0, "near", exempt=set(), history=history, names=names)
    for o in range(1, len(keys)):
        piece.push(o)
        piece.measure(bag=False)
        if asked:
            piece.said()
    assert set(piece.said()) == shingles(keys)


def test_less_than_a_shingle_says_nothing():
    keys = source(SHINGLE - 1)
    assert not told(pairs_of(keys, keys), keys)


def test_shingles_that_no_table_knows_say_what_those_that_an_index_keeps_would_on_average():
    keys = list(range(7, 7 + 35))
    most = KEPT * sum(rarity("python", key) for key in keys)
    assert bits("python", keys, {}) == pytest.approx(worth("python") * most, abs=0.06)
    assert most == pytest.approx(35 * 2 / 7 * np.log2((BACKGROUND_DOCUMENTS + 1) / 1.5), rel=1e-6)


def test_what_hits_say_less_than_the_table_has_it_goes_for_all():
    keys = list(range(7, 47))
    whole = bits("python", keys, {})
    hits = {key: rarity("python", key) / 2 for key in keys[::4]}
    assert bits("python", keys, hits) == pytest.approx(whole / 2, abs=0.1)
    assert bits("python", keys, {key: rarity("python", key) for key in keys}) == whole


def test_no_bits_are_told_of_nothing():
    assert bits("python", [], {}) == 0
