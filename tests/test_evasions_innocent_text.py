"""Innocent texts are the same for a seed, and an index of what they stand near lets them pass."""

import random
import re

import pytest

from benchmarks.evasions import INNOCENT
from benchmarks.evasions.held import held
from benchmarks.evasions.innocent_lists import primes, spelt
from benchmarks.evasions.innocent_wording import QUOTATIONS
from benchmarks.evasions.own_stories import documents
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work

PLAYS = ("shakespeare/hamlet.xml", "shakespeare/j_caesar.xml", "shakespeare/macbeth.xml")
INDEX = MemoryIndex(
    [*documents(), *(Document(Work(id), text) for id, text in zip(PLAYS, QUOTATIONS, strict=True))]
)
TEXTS = sorted(name for name in INNOCENT if INNOCENT[name].kind == "text")
names = pytest.mark.parametrize("name", TEXTS)
brought = pytest.mark.parametrize("name", [name for name in TEXTS if name.startswith("prompt-")])


def output(name, seed):
    return INNOCENT[name].make(random.Random(seed))


def decision(one, policy=None, prompt=None):
    return Guard(INDEX, policy or Policy()).check(one.text, prompt=prompt).decision


@names
def test_the_same_seed_gives_the_same_output(name):
    assert output(name, 4) == output(name, 4)
    assert output(name, 4).text.strip()


@names
def test_each_says_what_it_is_and_has_a_plain_name(name):
    assert INNOCENT[name].make.__doc__
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)


@names
def test_no_innocent_is_stopped_where_the_index_holds_what_it_stands_near(name):
    for seed in range(6):
        one = output(name, seed)
        assert decision(one, one.policy, one.prompt) == "release"


@brought
def test_what_the_prompt_brought_would_be_stopped_without_it(name):
    assert all(decision(output(name, seed)) == "stop" for seed in range(6))


def test_old_verses_would_be_stopped_under_the_default_policy():
    assert all(decision(output("public-domain-quotations", seed)) == "stop" for seed in range(6))


def test_what_is_no_ones_own_is_marked_so():
    common = {name for name in TEXTS if INNOCENT[name].common}
    assert {"counting", "alphabet", "capitals", "proverbs", "legal-formulas", "license-notices"} <= common
    assert not common & {"answers", "recipes", "summaries", "prompt-echoed"}


def test_works_that_are_hard_on_the_innocent_hold_stories_and_what_is_no_ones_own():
    works = [document.work for document in held("text", copies=2)]
    assert len({work.id for work in works}) == len(works)
    common = {name for name in TEXTS if INNOCENT[name].common}
    assert {work.id.split("/")[1] for work in works if work.owner == "commonplace"} == common
    assert {work.id for work in works if work.owner == "stories"} == {one.work.id for one in documents()}


def test_the_lists_are_right():
    assert primes(10) == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    assert [spelt(number) for number in (0, 13, 20, 42, 99)] == [
        "zero",
        "thirteen",
        "twenty",
        "forty-two",
        "ninety-nine",
    ]
