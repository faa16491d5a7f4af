"""Works and outputs that the tests of streams and guards share."""

import random
from itertools import pairwise

from hypothesis import strategies as st

from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.conftest import vocabulary

WORDS = vocabulary(1)
OTHERS = sorted(set(vocabulary(2)) - set(WORDS))
GLUE = ["the", "of", "and", "a", "in", "to", "is"]
HAN = [chr(c) for c in range(0x4E00, 0x4E00 + 900)]
_rng = random.Random(7)


def prose(rng, count, words=WORDS, glue=0.35):
    return [rng.choice(GLUE) if rng.random() < glue else rng.choice(words) for _ in range(count)]


WORKS = {f"work-{n}": prose(_rng, 400) for n in range(12)}
HAN_WORK = "".join(_rng.choices(HAN, k=600))
DOCUMENTS = [Document(Work(name, owner=f"owner-{name}"), " ".join(text)) for name, text in WORKS.items()]
DOCUMENTS.append(Document(Work("han", owner="h"), HAN_WORK))
INDEX = MemoryIndex(DOCUMENTS)


def guard(**policy):
    return Guard(INDEX, Policy.load(**policy))


def run(stream, text, cuts=()):
    """What a stream lets out of ``text``, cut at ``cuts``; and the stream."""
    edges = sorted({0, len(text), *(cut for cut in cuts if 0 < cut < len(text))})
    out = [stream.feed(text[a:b]) for a, b in pairwise(edges)]
    return "".join([*out, stream.finish()])


def by_character(stream, text):
    return "".join([*map(stream.feed, text), stream.finish()])


cuts = st.lists(st.integers(0, 4000), max_size=12)
seeds = st.integers(0, 2**32)


def quoted_passage(rng, words):
    """(work id, passage as a list) of ``words`` words of one of the works."""
    name = rng.choice(sorted(WORKS))
    at = rng.randrange(0, 400 - words + 1)
    return name, WORKS[name][at : at + words]


def edited(rng, passage, rate):
    """Words substituted, deleted and inserted in equal parts."""
    out = []
    for word in passage:
        draw = rng.random()
        if draw < rate / 3:
            out.append(rng.choice(OTHERS))
        elif draw < 2 * rate / 3:
            pass
        elif draw < rate:
            out += [word, rng.choice(OTHERS)]
        else:
            out.append(word)
    return out
