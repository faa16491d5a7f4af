import random

from hypothesis import given
from hypothesis import strategies as st

from simblock.naming import STRETCH, Judged, Judging, Pair, disagreeing, levelled
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


@given(
    keys=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 12)), max_size=500),
    steps=st.lists(st.tuples(st.integers(1, 90), st.integers(0, 60)), min_size=1, max_size=12),
    seed=st.integers(0, 50),
)
def test_names_judged_as_they_come_are_those_judged_at_once(keys, steps, seed):
    rng = random.Random(seed)
    pairs = []
    for at, (kind, name) in enumerate(keys):
        ours = NAME_KEY | name if kind > 1 else name
        theirs = ours if kind == 1 or rng.random() < 0.97 else NAME_KEY | rng.randrange(12)
        skipped = pairs[-1].o + 1 + (rng.random() < 0.1) if pairs else 0
        pairs.append(Pair(skipped, at, ours, theirs, rng.random() < 0.05))
    judging, at = Judging(), 0
    for more, back in steps:
        judging.take(pairs[at : at + more])
        at = min(at + more, len(pairs))
        assert judging.now == at_once(pairs[:at])
        back = min(back, at, STRETCH)
        if back and at - back >= 0:
            judging.cut(pairs[at - back].o)
            at -= back
            assert judging.now.o <= (pairs[at].o if at < len(pairs) else at + 1)


def at_once(pairs):
    """What is known of the names of pairs, reckoned anew."""
    return Judged().with_more(
        pairs, frozenset(disagreeing([p.ours for p in pairs], [p.theirs for p in pairs])), []
    )
