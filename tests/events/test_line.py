"""Lines of a log with one field replaced by whatever JSON has: each is read or refused, and breaks nothing behind it."""

import copy
import json
import math

import pytest

from simblock.events.line import bypass_of
from simblock.events.reading import Log
from simblock.events.record import bypass, logged, record
from simblock.events.tally import Tally
from simblock.overview import page, view
from simblock.policy import Policy
from simblock.replay import Replay
from tests.events.decisions import WORKS, decision, match

ONE = decision(
    match(longest_run=50, quoted=3, twins=("w2",)), match(WORKS[2], longest_run=20), evidence={"0": "said"}
)
ROW = json.loads(json.dumps(record(ONE, evidence=True)))
WORSE = (None, -1, "x", [], {}, 1e308, math.nan, math.inf, True, 10**30, [[]], {"a": 1}, "\ud800", 0, 0.5)
GONE = object()


def places(value, at=()):
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*at, key)
        yield from places(one, (*at, key))


def changed(place, put):
    row = copy.deepcopy(ROW)
    holder = row
    for key in place[:-1]:
        holder = holder[key]
    if put is GONE:
        del holder[place[-1]]
    else:
        holder[place[-1]] = put
    return row


MUTANTS = [changed(place, put) for place in places(ROW) for put in (*WORSE, GONE)]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "audit.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in [ROW, *MUTANTS]))
    return Log(str(path))


@pytest.fixture(scope="module")
def taken(log):
    return list(log)


def test_every_line_is_read_or_counted_as_damaged(log, taken):
    assert log.lines + log.damaged == len(MUTANTS) + 1
    assert 100 < log.lines < log.damaged


def test_a_line_is_refused_for_a_value_error_alone():
    for row in MUTANTS:
        try:
            logged(row)
        except ValueError:
            continue


def test_what_is_read_can_be_summed_up_and_shown(taken):
    tally = Tally()
    for one in taken:
        tally.take(one.decision)
    json.dumps(view(tally), allow_nan=False)
    assert "</html>" in page(tally, title="simblock")


def test_what_is_read_can_be_replayed(taken):
    replayed = Replay(Policy())
    for one in taken:
        replayed.take(one)
    json.dumps(replayed.to_dict(), allow_nan=False)


def test_fields_that_a_later_simblock_adds_are_left_alone():
    row = {**ROW, "news": [1], "matches": [{**one, "more": {}} for one in ROW["matches"]]}
    assert logged(row).decision == logged(ROW).decision
    assert logged(row).row["news"] == [1]


def test_a_line_from_before_conversations_were_told_is_read():
    row = {key: value for key, value in ROW.items() if key != "continues"}
    assert not logged(row).decision.continues


@pytest.mark.parametrize("place", ["schema", "time", "bypass", "route", "simblock"])
def test_a_bypass_is_checked_as_well(place):
    row = bypass(0, "pass_routes", "/x")
    assert bypass_of(row)["route"] == "/x"
    with pytest.raises(ValueError, match=place):
        bypass_of({**row, place: []})
