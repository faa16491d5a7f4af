import random

from hypothesis import given
from hypothesis import strategies as st

from simblock.naming import disagreeing, levelled
from simblock.tokens import MEMBER_KEY, NAME_KEY

NAMES = [NAME_KEY | number for number in range(1, 9)]
KEYS = st.lists(st.sampled_from([*NAMES, 3, 4, 5]), max_size=100)


@given(KEYS, st.permutations(NAMES))
def test_a_renaming_that_gives_each_name_its_own_agrees_everywhere(keys, other):
    renaming = dict(zip(NAMES, other, strict=True))
    assert disagreeing([renaming.get(key, key) for key in keys], keys) == []


def test_two_names_made_one_agree_only_where_the_commoner_stands():
    a, b, c = NAMES[:3]
    assert disagreeing([c, c, c], [a, a, b]) == [2]


def test_one_name_made_two_agrees_only_with_the_commoner():
    a, b, c = NAMES[:3]
    assert disagreeing([b, b, c], [a, a, a]) == [2]


def test_functions_of_a_long_passage_may_rename_each_for_itself():
    rng = random.Random(1)
    first, second = (rng.choices(NAMES[:3], k=128) for _ in range(2))
    there = dict(zip(NAMES[:3], NAMES[3:6], strict=True))
    back = dict(zip(NAMES[:3], [NAMES[7], NAMES[6], NAMES[5]], strict=True))
    out = [there[key] for key in first] + [back[key] for key in second]
    assert disagreeing(out, first + second) == []


def test_levelled_names_are_told_apart_by_their_space_alone():
    plain, member = NAMES[0], NAMES[0] | MEMBER_KEY
    assert levelled([plain, NAMES[1], member, 77]) == [1, 1, 2, 77]
