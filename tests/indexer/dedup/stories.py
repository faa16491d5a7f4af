"""Stories and near-copies of them, that tests of documents of a program share."""

import random

from tests.conftest import vocabulary

WORDS = vocabulary(5)


def story(seed, count=120):
    return " ".join(random.Random(seed).choices(WORDS, k=count))


def edited(text, *places):
    """The text with the words at some places replaced."""
    words = text.split()
    for place in places:
        words[place] = f"other{place}"
    return " ".join(words)


BASE = story(1)
TEXTS = [BASE, story(2), edited(BASE, 60), BASE.upper(), story(3), edited(BASE, 10, 100)]
"""Near-copies of the first at Jaccard .92 (one word of 120), 1 and .84 (two words)."""
KEPT = [True, True, False, False, True, False]


def reasons(result):
    return [(drop.row, drop.keeper_row, drop.reason, round(drop.similarity, 2)) for drop in result.dropped]


NEAR = [(2, 0, "near", 0.92), (3, 0, "near", 1.0), (5, 0, "near", 0.84)]


NOTICE = story(40, 70)
PAGES = [f"{story(41)} {NOTICE}", f"{story(42)} {NOTICE}, {story(43)}", story(44)]
