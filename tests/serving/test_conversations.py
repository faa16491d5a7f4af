"""A model that knows a book is asked to continue, again and again, with the conversation sent along."""

import random
import re
from itertools import chain

import pytest

from simblock.guard import Guard
from simblock.policy import Policy
from simblock.serving.gate import Gate
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests import wires
from tests.wire import exchanges as x

TURNS, SAID = 25, 120
NOTICE = "[A passage was withheld here: it is too close to protected content.]"
_rng = random.Random(9)
BOOK = ["".join(_rng.choices(x.SYLLABLES, k=3)) for _ in range(TURNS * SAID)]
INDEX = MemoryIndex([Document(Work("book"), " ".join(BOOK))])


def conversation(policy, *, follows):
    """The words of the book that a client has in the end, answer by answer."""
    gate = Gate(Guard(INDEX, Policy.load(**policy)))
    history, given, at = [], [], 0
    for _ in range(TURNS):
        said = " ".join(BOOK[at : at + SAID])
        asked = wires.request("chat", prompt="Continue.", history=history)
        out = x.through("chat", wires.stream("chat", "content", wires.pieces(said)), gate, request=asked)
        got = out.heard.get(("content", 0), "").removesuffix(NOTICE)
        history += [("user", "Continue."), ("assistant", got or "-")]
        words = re.findall(r"\w+", got)
        given.append(words)
        at += len(words) if follows else SAID
    return given


@pytest.mark.parametrize("follows", [True, False])
def test_little_more_than_the_quota_of_a_book_walks_out_however_often_it_is_asked_for(follows):
    """A model that goes on where it was stopped, and one that goes on where it is in the book."""
    given = conversation({}, follows=follows)
    quota = Policy.load().text.max_quoted
    assert (
        sum(map(len, given)) <= quota + 2 * x.CERTAIN
    )  # at its edge a first hit may come late, once or twice
    assert max(map(len, given)) <= x.CERTAIN
    assert not any(given[quota // x.CERTAIN + 2 :])


@pytest.mark.parametrize("follows", [True, False])
def test_nothing_of_a_book_walks_out_of_a_strict_conversation(follows):
    assert not any(conversation({"max_leak": 0}, follows=follows))


def test_without_a_filter_it_is_the_whole_book():
    assert [*chain.from_iterable(conversation({"action": "observe"}, follows=False))] == BOOK
