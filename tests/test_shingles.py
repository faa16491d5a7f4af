"""Numbered shingles: names by first occurrence, so that renaming says nothing and exchanging does."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simblock.shingles import RollingNumbers, numbered
from simblock.tokens import MEMBER_KEY, NAME_KEY

PLAIN = [NAME_KEY | n for n in (3, 17, 99, 1000)]
MEMBERS = [NAME_KEY | MEMBER_KEY | n for n in (3, 17, 99)]
LITERAL = [1, 2, 5, 77]
KEYS = st.lists(st.sampled_from(PLAIN + MEMBERS + LITERAL), max_size=60)


def by_first_occurrence(window: list[int]) -> tuple[object, ...]:
    """Baker's numbering, written down plainly."""
    seen: dict[int, list[int]] = {}
    shown: list[object] = []
    for key in window:
        if key < NAME_KEY:
            shown.append(key)
            continue
        space = seen.setdefault(key & MEMBER_KEY, [])
        if key not in space:
            space.append(key)
        shown.append((key & MEMBER_KEY, space.index(key)))
    return tuple(shown)


@given(KEYS, st.integers(2, 15))
def test_shingles_are_equal_exactly_where_their_numberings_are(keys, n):
    found = numbered(np.array(keys, np.uint32), n).tolist()
    shown = [by_first_occurrence(keys[at : at + n]) for at in range(len(keys) - n + 1)]
    assert len(found) == len(shown)
    for one, a in enumerate(shown):
        for other, b in enumerate(shown):
            assert (a == b) == (found[one] == found[other])


@given(KEYS, st.integers(2, 15), st.data())
def test_one_key_at_a_time_gives_the_same_hashes_as_all_at_once(keys, n, data):
    rolling = RollingNumbers(n)
    found: list[int] = []
    at = 0
    while at < len(keys):
        if data.draw(st.booleans()):
            made = rolling.push(keys[at])
            found += [] if made is None else [made]
            at += 1
        else:
            stop = data.draw(st.integers(at + 1, len(keys)))
            found += rolling.extend(np.array(keys[at:stop], np.uint32)).tolist()
            at = stop
    assert found == numbered(np.array(keys, np.uint32), n).tolist()


@given(KEYS, st.integers(2, 15), st.permutations(range(4)), st.permutations(range(3)))
def test_renaming_changes_no_shingle(keys, n, plain, members):
    names = {**dict(zip(PLAIN, (PLAIN[p] for p in plain), strict=True)),
             **dict(zip(MEMBERS, (MEMBERS[m] for m in members), strict=True))}  # fmt: skip
    renamed = [names.get(key, key) for key in keys]
    assert (numbered(np.array(keys, np.uint32), n) == numbered(np.array(renamed, np.uint32), n)).all()


def test_exchanging_two_names_changes_the_shingle_where_either_stands_again():
    a, b, equals = PLAIN[0], PLAIN[1], 5
    keys = np.array([a, equals, b, equals, a], np.uint32)
    exchanged = np.array([b, equals, a, equals, a], np.uint32)
    assert numbered(keys, 5) != numbered(exchanged, 5)
