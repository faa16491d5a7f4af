"""Events: told to every sink, whatever another does; and the tally that the pages show."""

import math
import random
from itertools import pairwise

import pytest

from simblock.events import Events, Metrics
from simblock.events.recent import Recent
from simblock.events.tally import LEAST, LENGTHS, Delays, Tally, rates, shown_of
from tests.events.decisions import NOW, WORKS, decision, match, service


class Broken:
    """A sink that fails as often as it is told to."""

    def __init__(self, *fails):
        self.fails = list(fails)

    def take(self, decision):
        if self.fails and self.fails.pop(0):
            raise ZeroDivisionError("by nothing")

    def bypassed(self, reason, route):
        self.take(None)


def test_a_sink_that_fails_keeps_nobody_from_being_told(caplog):
    recent, metrics = Recent(), Metrics()
    events = Events(Broken(True, True, False, True), recent, metrics=metrics)
    for number in range(4):
        events.decided(decision(number=number))
    assert recent.read(lambda tally: tally.total) == 4
    assert metrics.counters["errors"].read() == {("broken",): 3}
    assert [record.message for record in caplog.records] == ["broken: by nothing"] * 2  # once an outage


def test_events_without_anybody_to_tell_cost_nothing_and_fail_at_nothing():
    events = Events()
    events.decided(decision())
    for call in (events.scanned, events.held, events.first):
        call(0.1)
    events.bypassed("a", "b")
    events.refused("c")
    events.begun()
    events.ended()
    assert events.blocked is None
    assert events.digest() is None


class Ledger(Broken):
    """A sink on which responses depend."""

    blocked = "it is full"

    def digest(self):
        return "a digest"


def test_the_first_sink_that_responses_depend_on_is_asked():
    events = Events(Broken(), Ledger(), Recent())
    assert (events.blocked, events.digest()) == ("it is full", "a digest")
    assert (Events(Recent()).blocked, Events(Recent()).digest()) == (None, None)


def test_the_ring_keeps_the_last_and_the_tally_all():
    recent = Recent(last=5)
    decisions = list(service(100, sound=0.5))
    for one in decisions:
        recent.take(one)
    tally = recent.read(lambda tally: tally)
    assert [row.id for row in tally.last] == [one.id for one in decisions[-5:]]
    assert tally.total == sum(tally.outcomes.values()) == 100
    quiet = {"clean", "client_gone"}
    assert [row.id for row in tally.acted] == [one.id for one in decisions if one.outcome not in quiet][-5:]


def test_a_row_has_the_work_and_the_figure_that_decided():
    row = shown_of(decision(match(WORKS[1], longest_run=8, tokens=20), match(longest_run=41)))
    assert (row.work, row.by, row.value, row.threshold, row.unit) == (WORKS[0], "min_run", 41, 30, "words")
    assert shown_of(decision()).work is None


def test_works_are_ranked_by_their_decisions():
    tally = Tally()
    for work, count in zip(WORKS[:3], (2, 5, 1), strict=True):
        for _ in range(count):
            tally.take(decision(match(work, longest_run=90)))
    assert [(one.work.id, one.decisions) for one in tally.top(2)] == [(WORKS[1].id, 5), (WORKS[0].id, 2)]


def test_works_that_are_told_apart_are_bounded_and_the_frequent_stay(monkeypatch):
    monkeypatch.setattr("simblock.events.tally.WORKS", 10)
    tally = Tally()
    frequent = match(longest_run=50)
    for number in range(200):
        tally.take(decision(frequent))
        work = type(WORKS[0])(f"work {number}")
        tally.take(decision(match(work, longest_run=50)))
    assert len(tally.works) <= 10
    assert tally.top(1)[0].decisions == 200


@pytest.mark.parametrize("hours", [0.01, 0.5, 5, 30, 24 * 30, 24 * 365])
def test_rates_cover_the_time_in_at_most_sixty_stretches(hours):
    tally = Tally()
    for number in range(300):
        tally.take(decision(at=NOW + number * hours * 3600 / 300))
    seconds, bars = rates(tally)
    assert seconds // 60 in LENGTHS
    assert LEAST <= len(bars) <= 60
    assert all(later.at - earlier.at == seconds for earlier, later in pairwise(bars))
    assert sum(bar.counts.total() for bar in bars) == 300
    assert bars[-1].at <= tally.latest < bars[-1].at + seconds


def test_a_server_that_is_quiet_shows_that_it_is():
    tally = tally_of(decision())
    _, bars = rates(tally, until=NOW + 600)
    assert bars[-1].at <= NOW + 600 < bars[-1].at + 60
    assert [bar.counts.total() for bar in bars[-11:]] == [1] + [0] * 10


def tally_of(*decisions):
    tally = Tally()
    for one in decisions:
        tally.take(one)
    return tally


def test_minutes_are_bounded(monkeypatch):
    monkeypatch.setattr("simblock.events.tally.MINUTES", 50)
    tally = Tally()
    for number in range(500):
        tally.take(decision(at=NOW + 60 * number))
    assert len(tally.minutes) == 50
    assert max(tally.minutes) == int((NOW + 60 * 499) // 60)


def test_a_percentile_is_at_most_a_tenth_over_what_it_is():
    rng = random.Random(4)
    figures = [rng.lognormvariate(1, 2) for _ in range(3000)] + [0.0] * 1000
    delays = Delays()
    for figure in figures:
        delays.take(figure)
    figures.sort()
    for share in (0.1, 0.25, 0.5, 0.9, 0.99, 1.0):
        true = figures[max(math.ceil(share * len(figures)) - 1, 0)]
        assert true <= delays.percentile(share) * 1.000001 <= true * 1.1
    assert delays.most == figures[-1]
    assert Delays().percentile(0.5) is None
