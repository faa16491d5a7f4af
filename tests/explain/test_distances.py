"""How far a match is from acting."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.explain.distances import acting, table, to_dict, told, ways
from simblock.match import Decided, Match, Span
from simblock.policy import Policy
from simblock.work import Work

TEXT = Match(
    Work("tale"), "memory", "exact", 0.58, 31, 31, 212.5, Span(0, 300), Span(0, 300), (Span(1, 1), Span(1, 1)),
    ((0, 300, 0, 300),), "default", "stop", quoted=31,
)  # fmt: skip
CODE = replace(TEXT, work=Work("f.py", kind="code", language="python"), kind="code", view="lexemes")


def sentences(policy, match):
    return {way.by: way.sentence for way in ways(policy, match)}


def test_each_way_says_what_it_reached_or_what_it_lacks():
    told = sentences(Policy(text={"min_tokens": 31, "min_similarity": 0.6}), TEXT)
    assert told["min_run"] == "31 words in a row, 30 needed: 1 over"
    assert told["min_tokens"] == "similarity .58, .60 needed: .02 short"
    assert told["max_quoted"] == "31 words quoted in all, 96 needed: 65 short"


def test_a_figure_that_is_just_reached_is_neither_over_nor_short():
    assert sentences(Policy(), replace(TEXT, longest_run=30))["min_run"].endswith("30 needed: reached")


@pytest.mark.parametrize(("similarity", "shown"), [(0.5999, ".59"), (0.9954, ".99"), (1.0, "1.00")])
def test_no_similarity_is_shown_as_more_than_it_is(similarity, shown):
    match = replace(TEXT, similarity=similarity, tokens=40)
    figure = next(one for one in table(ways(Policy(), match)) if one.name == "min_similarity")
    assert figure.shown[0] == shown


def test_information_is_told_where_the_policy_asks_for_some():
    assert not [one for one in table(ways(Policy(), TEXT)) if "information" in one.name]
    names = [one.name for one in table(ways(Policy(), CODE))]
    assert {"min_information", "min_run_information"} <= set(names)
    assert "lexemes" in sentences(Policy(), CODE)["min_run"]


def test_bare_words_of_code_act_by_their_run_and_the_quota_alone():
    assert {way.by for way in ways(Policy(), replace(CODE, view="source"))} == {"max_quoted", "min_run"}


def test_a_profile_that_cites_has_one_way_more():
    match = replace(TEXT, longest_run=20, tokens=20)
    way = acting(Policy(profile="cite"), match, ways(Policy(profile="cite"), match))
    assert (way.action, way.sentence) == ("cite", "20 words in a row, 16 needed: 4 over")


def test_a_rules_own_figures_are_the_ones_that_count():
    policy = Policy(rule=({"name": "short", "work": "tale", "text": {"min_run": 40}},))
    assert sentences(policy, TEXT)["min_run"] == "31 words in a row, 40 needed: 9 short"


@given(
    st.integers(0, 300), st.integers(0, 300), st.floats(0, 1), st.floats(0, 300), st.integers(0, 300),
    st.floats(0, 200), st.sampled_from([TEXT, CODE, replace(CODE, view="source"), replace(CODE, view="comments")]),
    st.sampled_from(["stop", "cite"]),
)  # fmt: skip
def test_a_match_acts_exactly_where_one_of_its_ways_is_reached(
    run, tokens, alike, bits, quoted, evidence, match, profile
):
    match = replace(
        match,
        longest_run=run,
        tokens=tokens,
        similarity=alike,
        information=bits,
        quoted=quoted,
        evidence=evidence,
    )
    policy = Policy(profile=profile)
    found = ways(policy, match)
    resolved = policy.resolve(match.work, None, match.view)
    verdict = policy.judge(
        resolved,
        longest_run=run,
        tokens=tokens,
        similarity=alike,
        information=bits,
        quoted=quoted,
        evidence=evidence,
    )
    way = acting(policy, match, found)
    assert (way is None) == (verdict is None)
    assert (way is None) == (not any(one.reached for one in found))
    if way is not None:
        assert way.reached
        assert (way.by, way.action) == (verdict.by, verdict.action)


def test_ways_as_json_have_every_distance():
    (run,) = [way for way in to_dict(ways(Policy(), TEXT)) if way["by"] == "min_run"]
    assert run["reached"]
    assert run["figures"] == [{"name": "min_run", "value": 31, "threshold": 30, "distance": 1}]


def test_words_in_any_order_ask_for_a_part_of_likeness_in_a_passage_that_is_long_enough():
    match = replace(TEXT, longest_run=5, tokens=16, similarity=0.5, evidence=31.0, quoted=0)
    (way,) = [way for way in ways(Policy(), match) if way.by == "min_evidence"]
    assert way.reached
    assert "32 words in the passage, 32 needed: reached" in way.sentence
    (way,) = [way for way in ways(Policy(), replace(match, tokens=15)) if way.by == "min_evidence"]
    assert way.sentence.startswith("15 words in any order, 16 needed: 1 short")
    (way,) = [way for way in ways(Policy(), replace(match, similarity=1e-308)) if way.by == "min_evidence"]
    assert way.sentence == "similarity in any order .00, .40 needed: .40 short"


def decision(by, value, threshold, view="words"):
    return Decided("tale", "default", by, value, threshold, 200, "stop", view)


def test_evidence_that_nobody_weighed_is_not_told_as_none():
    (way,) = [way for way in ways(Policy(), TEXT) if way.by == "min_evidence"]
    assert not way.reached
    assert way.sentence.startswith("evidence not weighed, 30.0 bits needed")
    assert (way.figures[0].shown, way.figures[0].short) == (("–", "30.0 bits"), "not weighed")
    figure = to_dict((way,))[0]["figures"][0]
    assert (figure["value"], figure["distance"]) == (None, None)


def test_the_match_of_the_decision_tells_the_way_that_decided_not_one_that_was_reached_later():
    whole = replace(TEXT, tokens=68, similarity=1.0, longest_run=28, evidence=0.0)
    found, way = told(Policy(), whole, None)
    assert way.by == "min_tokens"
    found, way = told(Policy(), whole, decision("min_evidence", 73.0, 30.0))
    assert (way.by, way.action) == ("min_evidence", "stop")
    assert way.sentence.startswith("73.0 bits of evidence, 30.0 bits needed: 43.0 bits over")
    assert way in found
    assert "not weighed" not in [figure.short for figure in table(found)]


@pytest.mark.parametrize(
    ("decided", "sentence"),
    [
        (decision("min_tokens", 32, 32), "32 words alike, 32 needed: reached"),
        (decision("max_quoted", 97, 96), "97 words quoted in all, 96 needed: 1 over"),
        (decision("min_run", 60, 60, "lexemes"), "60 lexemes in a row, 60 needed: reached"),
        (decision("min_run", 30, 30), "31 words in a row, 30 needed: 1 over"),
    ],
)
def test_a_decision_is_told_as_it_fell_where_the_whole_match_does_not_reach_it(decided, sentence):
    _, way = told(Policy(), TEXT, decided)
    assert (way.by, way.sentence) == (decided.by, sentence)
    assert way.reached


def test_evidence_that_is_switched_off_is_no_way_to_act():
    found = ways(Policy(text={"min_evidence": math.inf}), replace(TEXT, evidence=500.0))
    assert "min_evidence" not in {way.by for way in found}
    assert "Infinity" not in json.dumps(to_dict(found))
