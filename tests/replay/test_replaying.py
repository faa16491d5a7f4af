"""Logs under another policy: what is gained and lost is what the policies say, and what is not known is said."""

import json
import random
from collections import Counter
from dataclasses import replace

import pytest

from simblock.events.record import logged, record
from simblock.match import HOLDING
from simblock.policy import Policy, decide
from simblock.replay import Replay
from simblock.replay.curve import GRID
from simblock.replay.thresholds import policy_of, resolved_of
from simblock.response import Floor
from tests.events.decisions import WORKS, decision, match, service
from tests.material import OTHERS, edited, guard, prose, quoted_passage, run

OLD = Policy(
    rule=[{"name": "code", "kind": "code", "action": "redact"}, {"license": "MIT", "action": "cite"}]
)
NEW = Policy(
    text={"min_run": 40, "min_tokens": 24},
    code={"min_run": 90, "min_similarity": 0.6},
    rule=[{"name": "the press", "owner": "Harbour Press", "text": {"min_run": 20}}],
)


def line(one):
    return logged(json.loads(json.dumps(record(one))))


def replayed(policy, decisions):
    found = Replay(policy)
    for one in decisions:
        found.take(line(one))
    return found


@pytest.fixture(scope="module")
def decisions():
    return [one for one in service(1500, policy=OLD, sound=0.3) if one.outcome != "upstream_failed"]


def stops(decisions, policy):
    decided = [decide(policy, one.report.matches) for one in decisions]
    return [one for one, made in zip(decisions, decided, strict=True) if made and made.action in HOLDING]


def test_the_stops_after_are_those_that_the_policy_decides(decisions):
    found = replayed(NEW, decisions)
    before, after = ({one.id for one in stops(decisions, policy)} for policy in (OLD, NEW))
    assert found.stops.before == len(before)
    assert found.stops.after == len(after)
    assert (found.stops.gained, found.stops.lost) == (len(after - before), len(before - after))
    assert min(found.stops[1:]) > 0
    assert sum(found.moves.values()) == found.total == len(decisions)


@pytest.mark.parametrize("by", ["rule", "owner", "license", "license class", "work"])
def test_every_stop_is_counted_once_in_each_grouping(decisions, by):
    found = replayed(NEW, decisions)
    groups = found.moved(by)
    for place in range(1, 5):
        assert sum(group[place] for group in groups) == found.stops[place]
    assert len({group.name for group in groups}) == len(groups) > 1


def test_under_its_own_policy_a_log_changes_nothing_and_agrees_with_itself(decisions):
    found = replayed(OLD, decisions)
    assert found.stops.gained == found.stops.lost == 0
    assert all(one == other for one, other in found.moves)
    assert not found.changed
    with_matches = sum(bool(one.report.matches) for one in decisions)
    assert found.agreed == found.judged == with_matches


@pytest.mark.parametrize("field", GRID, ids=str)
def test_a_point_of_the_curve_is_what_a_policy_with_that_value_stops(decisions, field):
    found = replayed(NEW, decisions).curve.line(str(field))
    assert list(found.stops) == sorted(found.stops, reverse=True)
    for place in range(0, len(found.values), 4):
        section = getattr(NEW, field.section)
        kind = type(getattr(section, field.name))
        changed = section.model_copy(update={field.name: kind(found.values[place])})
        policy = NEW.model_copy(update={field.section: changed})
        assert found.stops[place] == len(stops(decisions, policy))
    assert found.stops[found.values.index(found.now)] == len(stops(decisions, NEW))


def test_a_policy_that_cites_from_T_on_has_curves_of_what_it_holds(decisions):
    policy = NEW.model_copy(update={"profile": "cite"})
    found = replayed(policy, decisions)
    assert found.stops.after == len(stops(decisions, policy))
    assert all(line.stops[line.values.index(line.now)] == found.stops.after for line in found.curve.lines)


def test_what_only_observed_becomes_stops_under_a_policy_that_stops():
    old = Policy(action="observe")
    found = replayed(
        Policy(), [decision(match(policy=old, longest_run=44), policy=old), decision(policy=old)]
    )
    assert found.moves == Counter({("observe", "stop"): 1, ("release", "release"): 1})
    assert found.stops.gained == 1


def test_a_decision_that_was_made_without_an_index_is_in_no_count():
    broken = decision(outcome="error_stopped")
    broken = replace(broken, report=replace(broken.report, decision="stop", error="the store gave no answer"))
    found = replayed(Policy(action="release"), [broken, decision()])
    assert (found.total, found.broken, sum(found.moves.values())) == (2, 1, 1)
    assert "in no count here: 1 decision made without an index" in " ".join(found.notes)


def test_what_a_log_cannot_know_is_said():
    cut = decision(match(longest_run=44))
    full = decision(*[match(replace(WORKS[0], id=f"w{n}"), longest_run=20, tokens=20) for n in range(20)])
    bare = replace(decision(), floor=None)
    notes = list(replayed(Policy(action="observe"), [cut, full, bare]).notes)
    assert notes[0].startswith("matches on which nothing acted are in the log from 8 words or 15 lexemes on")
    assert notes[1].startswith("1 response with as many such matches as a log takes")
    assert notes[2].startswith("1 decision logged without matches on which nothing acted")
    assert notes[3].startswith("of the stops lost, 1 cut the response off")
    assert notes[4].endswith("2 of 2 decisions come out as they were")


def test_rules_by_tenant_see_the_tenant_of_each_decision():
    policy = Policy(rule=[{"tenant": "lab", "action": "release"}])
    found = replayed(
        policy, [decision(match(longest_run=44), tenant=tenant) for tenant in ("lab", "shop", None)]
    )
    assert (found.stops.after, found.stops.lost) == (2, 1)


@pytest.mark.parametrize("profile", ["stop", "cite"])
def test_logged_thresholds_judge_as_the_policy_did(profile):
    policy = OLD.model_copy(update={"profile": profile})
    for one in service(300, seed=2, policy=policy, sound=0.2):
        back = line(one)
        for its, thresholds in zip(back.decision.report.matches, back.thresholds, strict=True):
            assert resolved_of(its, thresholds) == policy.resolve(its.work, None, its.view)
            theirs = policy_of(its, thresholds, profile)
            mine = policy.judge_match(policy.resolve(its.work, None, its.view), its)
            assert theirs.judge_match(theirs.resolve(its.work, None, its.view), its) == mine


def test_decisions_of_real_responses_come_out_as_they_were_and_stricter_where_more_is_asked():
    rng = random.Random(8)
    real = []
    for number in range(30):
        _, passage = quoted_passage(rng, rng.choice((20, 26, 34, 60)))
        said = " ".join([*prose(rng, 30, OTHERS), *passage, *prose(rng, 20, OTHERS)])
        report = guard().check(said, all=True)
        real.append(replace(decision(number=number), report=report, policy=guard().policy))
    same, stricter = replayed(guard().policy, real), replayed(Policy(text={"min_run": 24}), real)
    assert same.stops.gained == same.stops.lost == 0
    assert same.agreed == same.judged
    assert stricter.stops.gained > 0 == stricter.stops.lost
    for one in stricter.changed:
        assert one.after.rule == "default"


@pytest.mark.parametrize(
    "fields", [{}, {"max_leak": 0}, {"action": "redact"}, {"action": "observe"}, {"profile": "cite"}]
)
def test_decisions_of_real_streams_come_out_as_they_were(fields):
    rng, asked = random.Random(9), guard(**fields)
    real = []
    for number in range(24):
        passages = [quoted_passage(rng, rng.choice((18, 28, 34, 60, 110)))[1] for _ in range(2)]
        words = [
            *prose(rng, 30, OTHERS),
            *passages[0],
            *prose(rng, 80, OTHERS),
            *edited(rng, passages[1], 0.1),
        ]
        said, response = " ".join([*words, *prose(rng, 20, OTHERS)]), asked.response(floor=Floor())
        run(response.stream(), said, sorted(rng.sample(range(len(said)), 40)))
        real.append(replace(decision(number=number), report=response.report, policy=asked.policy))
    found = replayed(asked.policy, real)
    assert found.stops.gained == found.stops.lost == 0
    assert found.agreed == found.judged
    assert found.stops.after > 10 or fields == {"action": "observe"}


def test_everything_goes_into_json(decisions):
    row = json.loads(json.dumps(replayed(NEW, decisions).to_dict()))
    assert row["stops"]["gained"] == sum(one["gained"] for one in row["by_license"])
    assert {one["field"] for one in row["curve"]} == set(map(str, GRID))
    assert row["agreed"]["of"] == row["agreed"]["count"]
    assert row["changed"]
