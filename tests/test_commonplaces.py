import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.evasions import INNOCENT
from benchmarks.evasions.held import commonplaces
from benchmarks.evasions.innocent_lists import MONTHS
from benchmarks.evasions.own_stories import STORIES
from benchmarks.evasions.own_words import SENTENCES, words
from simblock import commonplaces as module
from simblock.commonplaces import RUN, commonplace, ends_commonplace
from simblock.exemption import WORDS, Exemption, Reading
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores.memory import MemoryIndex
from simblock.text import tokenise
from simblock.work import Document, Work

COMMON = sorted(name for name, one in INNOCENT.items() if one.kind == "text" and one.common)
NOTICE = (
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated "
    'documentation files (the "Software"), to deal in the Software without restriction, including without limitation '
    "the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software"
)


def keys(text):
    return tokenise(text).keys


def share(text):
    return float(commonplace(keys(text)).mean())


@pytest.fixture(scope="module")
def index():
    return MemoryIndex([*commonplaces("text"), Document(Work("notice"), NOTICE)])


@pytest.mark.parametrize("name", COMMON)
def test_nobody_is_stopped_for_a_commonplace_though_works_hold_it(index, name):
    guard = Guard(index)
    for seed in range(4):
        assert guard.check(INNOCENT[name].make(random.Random(seed)).text).decision == "release"


def test_the_very_words_of_such_works_are_released(index):
    guard = Guard(index)
    for document in commonplaces("text")[::3]:
        assert guard.check(document.text).decision == "release", document.work.id


def test_whoever_protects_licences_says_so(index):
    assert Guard(index).check(NOTICE).decision == "release"
    report = Guard(index, Policy(exempt_commonplace=False)).check(NOTICE)
    assert report.decision == "stop"
    assert report.matches[0].verbatim


def test_prose_has_no_commonplaces():
    for text in (" ".join(SENTENCES), *(story.text for story in STORIES)):
        assert not commonplace(keys(text)).any()


def test_measured_figures_are_no_counting():
    rng = random.Random(1)
    table = " ".join(f"{rng.uniform(100, 1000):.2f}" for _ in range(400))
    assert share(table) < 0.02


@pytest.mark.parametrize(
    "text",
    [
        " ".join(map(str, range(40))),
        " ".join(f"{at}. {at * at}" for at in range(30)),
        "\n".join(f"{at // 60:02}:{at % 60:02}" for at in range(0, 600, 15)),
        "\n".join(f"{a} x {b} = {a * b}" for a in (3, 4) for b in range(1, 11)),
        " ".join(f"192.168.0.{host}" for host in range(1, 20)),
        "2 3 5 7 11 13 17 19 23 29 31 37",
        "0 1 1 2 3 5 8 13 21 34 55 89 144 233 377",
        "00 00 00 00 00 00 00 00 00 00 00",
        "ha ha ha ha ha ha ha ha",
    ],
    ids=lambda text: " ".join(text.split()[:4]),
)
def test_what_counts_up_or_repeats_itself_is_told_by_rule(text):
    assert share(text) > 0.95


def test_every_item_of_the_table_is_known():
    items = [keys(item) for item in module._listed()]
    long = [item for item in items if len(item) >= RUN]
    assert len(long) > 150
    assert all(commonplace(item).all() for item in long)
    short = [item for item in items if len(item) < RUN]
    random.Random(2).shuffle(short)
    assert commonplace(np.concatenate(short)).mean() > 0.99


def test_a_few_words_of_a_list_are_no_list():
    assert not commonplace(
        keys("We drove from Paris to Rome in May, and from there, by way of Bern, home.")
    ).any()
    assert not commonplace(keys("It is as he is in it, and so is it as I am in it.")).any()


@given(st.integers(0, 2**32), st.integers(0, 20), st.integers(0, 20))
@settings(deadline=None, max_examples=40)
def test_a_commonplace_stays_one_whatever_stands_around_it(seed, before, after):
    rng = random.Random(seed)
    words = " ".join(SENTENCES).split()
    text = INNOCENT[rng.choice(COMMON)].make(rng).text
    inside = keys(text)
    around = keys(" ".join(rng.choices(words, k=before))), keys(" ".join(rng.choices(words, k=after)))
    found = commonplace(np.concatenate([around[0], inside, around[1]]))[len(around[0]) :][: len(inside)]
    alone = commonplace(inside)
    assert (found | ~alone).mean() > 0.95  # numbers at the very edge may lose the next of their column


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_where_a_commonplace_ends_its_words_lie_in_one(seed):
    rng = random.Random(seed)
    text = INNOCENT[rng.choice(COMMON)].make(rng).text + " " + " ".join(rng.sample(SENTENCES, 2))
    said = keys(text).tolist()
    for end in range(1, len(said), 5):
        back = said[max(end - 48, 0) : end]
        if ends_commonplace(back):
            assert commonplace(np.array(back, np.uint32))[-RUN:].all()


def test_the_end_of_a_notice_is_one_and_too_few_words_are_none():
    said = keys(NOTICE).tolist()
    assert ends_commonplace(said)
    assert ends_commonplace(said[:RUN])
    assert not ends_commonplace(said[: RUN - 1])
    assert not ends_commonplace([])
    assert not commonplace(np.array(said[: RUN - 1], np.uint32)).any()


def test_commonplaces_are_exempt_beside_the_request_and_of_words_alone():
    said = "nine green bottles were hanging on that crooked wall of ours"
    both = keys(f"{said} {NOTICE}").tolist()
    exempt = Exemption([said], commonplaces=True).places(both, 50)
    assert exempt == set(range(50, 50 + len(both)))
    alone = Exemption(commonplaces=True)
    assert alone
    assert min(alone.places(both, 0)) == len(keys(said))
    assert alone.echoes(both, WORDS)
    assert not Exemption([said]).echoes(both, WORDS)
    assert not alone.places(both, 0, Reading("lexemes", "python"))
    assert not alone.echoes(both, Reading("lexemes", "python"))


def test_a_run_across_a_notice_counts_its_other_words_alone():
    before, after = STORIES[0].text.split()[:40], STORIES[0].text.split()[40:75]
    text = " ".join([*before, NOTICE, *after])
    index = MemoryIndex([Document(Work("told"), text)])
    policy = Policy(action="observe", text={"min_run": 30})
    with_notice = Guard(index, policy).check(text).matches[0]
    own = len(keys(" ".join(before))) + len(keys(" ".join(after)))
    assert with_notice.tokens == own
    assert Guard(index).check(text).decision == "stop"
    assert Guard(index).check(" ".join([*before[-10:], NOTICE, *after[:10]])).decision == "release"


PLACES = words(
    "Peru France Kenya Norway Chile Japan Egypt Poland Spain Cuba India Greece Italy Ghana Iran Nepal Latvia "
    "Mexico Sweden Turkey"
)
COLOURS = words(
    "black white red lime blue yellow cyan magenta silver gray maroon olive green purple teal navy"
)
CHORDS = words("Am F C G Dm Em Bb A D E")
METALS = words(
    "iron zinc lead gold tin copper silver nickel cobalt sodium carbon neon argon iodine sulfur boron"
)
WINDS = words("north south east west northeast northwest southeast southwest")
LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
EUPL = (
    "Licensed under the EUPL, Version 1.2 or – as soon they will be approved by the European Commission - "
    'subsequent versions of the EUPL (the "Licence"); You may not use this work except in compliance with the '
    "Licence. You may obtain a copy of the Licence at:"
)
OWN = {
    "countries with figures": lambda rng: "\n".join(
        f"{name} {rng.randint(10, 9999)} {rng.randint(10, 99)}" for name in PLACES
    ),
    "countries in order with figures": lambda rng: "\n".join(
        f"{name} {rng.randint(10, 9999)} {rng.randint(10, 99)}" for name in sorted(PLACES)
    ),
    "elements with figures": lambda rng: "\n".join(
        f"{name} {rng.randint(1, 99)}" for name in rng.sample(METALS, len(METALS)) * 2
    ),
    "rainfall by month": lambda rng: "\n".join(
        f"{month} {year}: {rng.randint(10, 99)}" for year in (1911, 1912) for month in MONTHS
    ),
    "legs of a course": lambda rng: ", ".join(f"{rng.choice(WINDS)} {rng.randint(2, 90)}" for _ in range(40)),
    "colours": lambda rng: " ".join(rng.choices(COLOURS, k=120)),
    "letters of DNA": lambda rng: " ".join(rng.choices("ACGT", k=120)),
    "chords": lambda rng: "\n".join(" ".join(rng.choices(CHORDS, k=4)) for _ in range(30)),
    "figures alone": lambda rng: "\n".join(
        f"{rng.randint(10, 9999)} {rng.randint(10, 99)}" for _ in range(40)
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_names_and_figures_in_an_order_of_their_own_are_protected(name):
    for seed in range(4):
        text = OWN[name](random.Random(seed))
        assert share(text) < 0.2, seed
        assert Guard(MemoryIndex([Document(Work("own"), text)])).check(text).decision == "stop"


@pytest.mark.parametrize(
    "text",
    [
        ", ".join(MONTHS),
        "\n".join(f"{month}: {days} days" for month, days in zip(MONTHS, LENGTHS, strict=True)),
        "Norway - Oslo\nSweden - Stockholm\nPeru - Lima\nEgypt - Cairo\nKenya - Nairobi",
        "Austria, Belgium, Bulgaria, Croatia, Cyprus, Czechia, Denmark, Estonia, Finland, France, Germany, Greece",
        "404 Not Found, 200 OK, 503 Service Unavailable, 301 Moved Permanently",
        "George Washington, John Adams, Thomas Jefferson, James Madison, James Monroe, John Quincy Adams",
        EUPL,
    ],
    ids=lambda text: " ".join(text.split()[:3]),
)
def test_names_in_the_order_of_their_list_or_beside_what_belongs_to_them_are_commonplaces(text):
    assert share(text) > 0.8
