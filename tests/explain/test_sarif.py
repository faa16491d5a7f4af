"""SARIF 2.1.0: its required fields, its places, and no text of anybody."""

import json
from dataclasses import replace

import pytest

from simblock.explain.sarif import RULES, Log
from simblock.policy import Policy, Rule
from tests.explain.conftest import Shop, edited, renamed
from tests.test_cli import TALE

LEVELS = {"none", "note", "warning", "error"}


def log_of(shop, *outputs, **reading):
    log = Log(shop.guard.policy, "1.2.3")
    for name, text in outputs:
        explanation = shop.explain(text, **reading)
        log.take(text, replace(explanation.report, id=name))
    return json.loads(json.dumps(log.to_dict()))


def results(log):
    return log["runs"][0]["results"]


def test_a_log_has_what_the_schema_requires(shop):
    log = log_of(shop, ("a b.txt", f"One\nTwo: {edited()}\n"), ("-", TALE))
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "simblock"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["invocations"][0]["executionSuccessful"] is True
    assert len(results(log)) == 2
    for result in results(log):
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in LEVELS
        assert result["message"]["text"]
        assert set(result["partialFingerprints"]) == {"simblockMatch/v1"}
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results(log)]
    assert places == ["a%20b.txt", "stdin"]


def test_a_region_is_where_the_passage_stands(shop):
    text = f"One\n\u00e9\U0001f600 two: {TALE}\nthree"
    (result,) = results(log_of(shop, ("a", text)))
    region = result["locations"][0]["physicalLocation"]["region"]
    start = text.index("Before")
    assert (region["charOffset"], region["charLength"]) == (start, len(TALE))
    assert (region["startLine"], region["startColumn"]) == (2, start - 4 + 1)
    assert (region["endLine"], region["endColumn"]) == (2, start - 4 + 1 + len(TALE))


@pytest.mark.parametrize("line", [1, 3])
def test_lines_are_those_of_the_report(shop, line):
    text = "\n" * (line - 1) + renamed()
    (result,) = results(log_of(shop, ("a.py", text), kind="code", language="python"))
    (match,) = shop.explain(text, kind="code", language="python").report.matches
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["endLine"]) == tuple(match.lines[0])


def test_the_message_names_the_work_and_the_distance(shop):
    (result,) = results(log_of(shop, ("a", TALE)))
    message = result["message"]["text"]
    for told in ("tale", "The Names", "A. Mariner", "CC-BY-4.0", "needed", "over", "rule default"):
        assert told in message
    assert result["ruleId"] in {rule.id for rule in RULES.values()}


def test_no_text_of_output_or_work_is_in_a_log(shop):
    log = json.dumps(log_of(shop, ("a", edited())))
    assert not [word for word in ("lighthouse", "fishwives", "harbour", "stone3", "verily") if word in log]


def test_what_no_rule_acted_on_is_a_note(shop):
    (result,) = results(log_of(shop, ("a", " ".join(TALE.split()[:20]))))
    assert (result["level"], result["ruleId"]) == ("note", "copy/listed")


def test_results_are_told_by_the_rules_of_the_tenant():
    policy = Policy(
        rule=(Rule(name="press", tenant="press", action="cite", text={"min_run": 40, "min_tokens": 60}),)
    )
    guard = Shop(policy=policy).guard
    log = Log(policy, "1", tenant="press")
    log.take(TALE, guard.check(TALE, tenant="press"))
    (result,) = results(log.to_dict())
    assert (result["level"], result["ruleId"]) == ("warning", "copy/run")
    assert "40 needed" in result["message"]["text"]


def test_the_rule_of_a_result_is_what_decided_whatever_was_reached_later(shop):
    report = shop.explain(TALE).report
    (match,) = report.matches
    assert match.tokens >= 32
    decided = replace(report.decided, by="min_evidence", value=41.25, threshold=30)
    log = Log(shop.guard.policy, "1")
    log.take(TALE, replace(report, decided=decided, matches=(replace(match, evidence=0.0),)))
    (result,) = results(log.to_dict())
    assert result["ruleId"] == "copy/scattered"
    assert "41.2 bits of evidence, 30.0 bits needed: 11.2 bits over" in result["message"]["text"]


def test_an_index_that_could_not_answer_makes_the_run_unsuccessful(shop):
    log = Log(shop.guard.policy, "1")
    explanation = shop.explain("nothing")
    log.take("nothing", replace(explanation.report, id="a", error="lost"))
    (invocation,) = log.to_dict()["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "a: lost"
