import json
from math import inf

import pytest

from simblock.errors import PolicyError
from simblock.licenses import license_class, license_matches
from simblock.policy import Policy
from simblock.work import Work


@pytest.mark.parametrize(
    ("toml", "field"),
    [
        ("[text]\nmin_run = 15\n", "text.min_run"),
        ("[code]\nmin_run = 29\n", "code.min_run"),
        ("[text]\nmin_similarity = 1.5\n", "text.min_similarity"),
        ("nonsense = 1\n", "nonsense"),
        ("max_leak = 49\n", "max_leak"),
        ("max_leak = -1\n", "max_leak"),
        ('on_error = "continue"\n', "on_error"),
        ('action = "withhold"\n', "action"),
        ('[[rule]]\nwork = ["a"]\naction = "swap"\n', "rule.0.action"),
        ('[[rule]]\nwork = ["a"]\n[rule.text]\nmin_run = 3\n', "rule.0.text.min_run"),
        ('[[rule]]\nwork = ["a"]\n[rule.code]\nmin_tokens = 8\n', "rule.0.code.min_tokens"),
        ('[[rule]]\nauthor = ["a"]\n', "rule.0.author"),
        ("[text\n", "not TOML"),
    ],
)
def test_an_impossible_policy_is_refused_in_one_line_naming_file_and_field(tmp_path, toml, field):
    path = tmp_path / "policy.toml"
    path.write_text(toml)
    with pytest.raises(PolicyError) as error:
        Policy.load(path)
    assert str(path) in str(error.value)
    assert field in str(error.value)
    assert "\n" not in str(error.value)


def test_arguments_go_over_the_environment_over_the_file_over_the_defaults(tmp_path, monkeypatch):
    path = tmp_path / "policy.toml"
    path.write_text("[text]\nmin_run = 40\nmin_tokens = 41\nmax_quoted = 42\n")
    monkeypatch.setenv("SIMBLOCK_POLICY__TEXT__MIN_TOKENS", "51")
    monkeypatch.setenv("SIMBLOCK_POLICY__TEXT__MAX_QUOTED", "52")
    policy = Policy.load(path, text={"max_quoted": 62})
    text = policy.text
    assert (text.min_run, text.min_tokens, text.max_quoted, text.min_similarity) == (40, 51, 62, 0.6)


def test_a_wrong_variable_of_the_environment_is_named(monkeypatch):
    monkeypatch.setenv("SIMBLOCK_POLICY__TEXT__MIN_RUN", "5")
    with pytest.raises(PolicyError, match=r"^SIMBLOCK_POLICY__TEXT__MIN_RUN: text\.min_run"):
        Policy.load()


@pytest.mark.parametrize("value", ["{oops", "[1", "5"])
def test_variables_that_make_no_policy_are_refused_in_one_line(monkeypatch, value):
    monkeypatch.setenv("SIMBLOCK_POLICY__TEXT", value)
    monkeypatch.setenv("SIMBLOCK_POLICY__TEXT__MIN_RUN", "40")
    with pytest.raises(PolicyError, match="SIMBLOCK_POLICY__TEXT"):
        Policy.load()


@pytest.mark.parametrize(
    ("condition", "covered"),
    [
        ({"work": ["a/*"]}, True),
        ({"work": ["b/*"]}, False),
        ({"owner": ["Acme"]}, True),
        ({"owner": "Acme"}, True),
        ({"tag": ["x", "y"]}, True),
        ({"tag": ["z"]}, False),
        ({"kind": ["code"]}, False),
        ({"license": ["permissive"]}, True),
        ({"license": ["copyleft"]}, False),
        ({"license": ["GPL-2.0-only OR MIT"]}, True),
        ({"work": ["a/*"], "owner": ["Other"]}, False),
        ({"tenant": ["t"]}, False),
    ],
)
def test_a_rule_covers_the_works_that_meet_all_its_conditions(condition, covered):
    work = Work("a/b.txt", owner="Acme", license="MIT OR GPL-2.0-only", tags=("y",))
    policy = Policy.load(rule=[{**condition, "action": "cite"}])
    assert policy.resolve(work).action == ("cite" if covered else "stop")


def test_the_first_rule_that_covers_a_work_wins_and_inherits_the_rest():
    rules = [
        {"name": "strict", "work": ["a"], "text": {"min_run": 16}},
        {"work": ["*"], "action": "release"},
    ]
    policy = Policy.load(rule=rules, text={"min_tokens": 20})
    first = policy.resolve(Work("a"))
    assert (first.rule, first.action, first.limits.min_run, first.limits.min_tokens) == (
        "strict",
        "stop",
        16,
        20,
    )
    assert policy.resolve(Work("b")).rule == "rule 2"


FIELDS = [(table, name) for table in ("text", "code") for name in getattr(Policy(), table).model_dump()]


@pytest.mark.parametrize(("table", "name"), FIELDS)
def test_a_rule_sets_every_field_of_a_table_within_its_bounds_and_inherits_the_rest(table, name):
    value = 1 if name == "min_similarity" else 400
    view = "words" if table == "text" else "lexemes"
    limits = Policy(rule=[{table: {name: value}}]).resolve(Work("a"), view=view).limits
    assert limits.model_dump() == {**getattr(Policy(), table).model_dump(), name: value}
    with pytest.raises(PolicyError) as of_table:
        Policy(**{table: {name: -1}})
    with pytest.raises(PolicyError) as of_rule:
        Policy(rule=[{table: {name: -1}}])
    assert str(of_rule.value) == f"rule.0.{of_table.value}"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", "permissive"),
        ("MIT OR GPL-2.0-only", "permissive"),
        ("MIT AND GPL-2.0-only", "copyleft"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "copyleft-limited"),
        ("CC0-1.0", "public-domain"),
        ("Acme-Secret", "unknown"),
        ("(((", "unknown"),
        (None, "unknown"),
    ],
)
def test_license_expressions_are_evaluated_to_a_class(expression, expected):
    assert license_class(expression) == expected
    assert license_matches(expected, expression)


def test_the_digest_changes_with_any_field():
    assert Policy.load().digest == Policy.load().digest
    assert Policy.load().digest != Policy.load(text={"min_tokens": 33}).digest


@pytest.mark.parametrize(
    ("fields", "mend"),
    [
        ({"max_lek": 1}, "did you mean max_leak"),
        ({"min_run": 40}, "did you mean text.min_run"),
        ({"rule": [{"licence": "MIT"}]}, "did you mean license"),
        ({"quatsch": 1}, "no such field"),
    ],
)
def test_a_misspelt_field_is_told_with_its_mend(fields, mend):
    for make in (Policy, Policy.load):
        with pytest.raises(PolicyError, match=mend):
            make(**fields)


@pytest.mark.parametrize("toml", ["a = " + "[" * 50_000, "max_leak = " + "1" * 6000, "a = " + "{b=" * 20_000])
def test_a_policy_file_that_no_parser_wants_is_refused(tmp_path, toml):
    path = tmp_path / "policy.toml"
    path.write_text(toml)
    with pytest.raises(PolicyError, match=r"policy\.toml"):
        Policy.load(path)


def test_a_variable_that_no_parser_wants_is_refused(monkeypatch):
    monkeypatch.setenv("SIMBLOCK_POLICY__RULE", "[" * 60_000)
    with pytest.raises(PolicyError, match="SIMBLOCK_POLICY__RULE"):
        Policy.load()


def test_the_source_of_every_field_is_told(tmp_path, monkeypatch):
    path = tmp_path / "policy.toml"
    path.write_text("max_leak = 4\n[text]\nmin_run = 40\nmin_tokens = 41\n")
    monkeypatch.setenv("SIMBLOCK_POLICY__TEXT", '{"min_run": 50}')
    monkeypatch.setenv("SIMBLOCK_POLICY__ACTION", "cite")
    assert Policy.sources(path) == {
        "max_leak": str(path),
        "text.min_tokens": str(path),
        "text.min_run": "SIMBLOCK_POLICY__TEXT",
        "action": "SIMBLOCK_POLICY__ACTION",
    }
    assert Policy.load(path).text.min_run == 50


FIGURES = {"longest_run": 0, "tokens": 0, "similarity": 0.0, "quoted": 0}
LONG_RUN = FIGURES | {"longest_run": 80, "tokens": 80, "similarity": 1.0}
ALIKE = FIGURES | {"longest_run": 20, "tokens": 80, "similarity": 1.0}
QUOTED = FIGURES | {"quoted": 500}


@pytest.mark.parametrize("view", ["words", "comments", "lexemes", "syntax"])
@pytest.mark.parametrize(
    ("figures", "information", "by"),
    [
        (LONG_RUN, 69.9, None),
        (LONG_RUN, 70, "min_run"),
        (LONG_RUN, 100, "min_run"),
        (ALIKE, 70, None),
        (ALIKE, 99.9, None),
        (ALIKE, 100, "min_tokens"),
        (QUOTED, 0, "max_quoted"),
    ],
)
def test_a_run_and_likeness_act_from_their_own_bits_on_and_a_quota_whatever_its_bits(
    view, figures, information, by
):
    bits = {"min_information": 100, "min_run_information": 70}
    policy = Policy(text=bits, code=bits)
    verdict = policy.judge(policy.resolve(Work("a"), view=view), **figures, information=information)
    assert (verdict and verdict.by) == by


def test_bits_of_what_is_alike_count_times_its_similarity():
    policy = Policy()
    resolved = policy.resolve(Work("a"), view="lexemes")
    alike = ALIKE | {"similarity": 0.8}
    assert policy.judge(resolved, **alike, information=124.9) is None
    assert policy.judge(resolved, **alike, information=125).by == "min_tokens"
    assert policy.judge(resolved, **LONG_RUN | {"similarity": 0.8}, information=70).by == "min_run"


@pytest.mark.parametrize("information", [0, 69.9, 70, 99.9, 100])
@pytest.mark.parametrize(("figures", "by"), [(LONG_RUN, "min_run"), (ALIKE, "min_tokens")])
def test_by_default_bits_are_asked_of_code_and_not_of_text(figures, by, information):
    policy = Policy()

    def judged(view):
        verdict = policy.judge(policy.resolve(Work("a"), view=view), **figures, information=information)
        return verdict and verdict.by

    assert judged("words") == by
    assert judged("lexemes") == (by if information >= {"min_run": 70, "min_tokens": 100}[by] else None)


def test_citing_from_the_shortest_certain_run_on_asks_for_the_bits_of_a_run():
    policy = Policy(profile="cite")
    resolved = policy.resolve(Work("a"), view="lexemes")
    short = FIGURES | {"longest_run": 30, "tokens": 30, "similarity": 1.0}
    assert policy.judge(resolved, **short, information=69.9) is None
    assert policy.judge(resolved, **short, information=70).action == "cite"


def test_without_bits_of_its_own_a_run_is_asked_for_those_of_likeness():
    policy = Policy(text={"min_information": 80})
    resolved = policy.resolve(Work("a"))
    assert policy.judge(resolved, **LONG_RUN, information=79.9) is None
    assert policy.judge(resolved, **LONG_RUN, information=80).by == "min_run"


def test_a_misspelt_field_is_looked_for_in_its_own_section():
    with pytest.raises(PolicyError, match=r"code\.min_runs: no such field: did you mean code\.min_run\?"):
        Policy(code={"min_runs": 40})


def test_evidence_is_switched_off_by_a_threshold_that_is_infinite(tmp_path, monkeypatch):
    path = tmp_path / "policy.toml"
    path.write_text("[text]\nmin_evidence = inf\n")
    policy = Policy.load(path)
    assert not policy.text.scattered(500, 1.0, 1e300)
    assert policy.digest != Policy().digest
    assert Policy(**json.loads(policy.model_dump_json())) == policy
    monkeypatch.setenv("SIMBLOCK_POLICY__TEXT__MIN_EVIDENCE", "inf")
    assert Policy.load() == policy
    assert Policy(rule=[{"text": {"min_evidence": inf}}]).resolve(Work("a")).limits.min_evidence == inf
    monkeypatch.delenv("SIMBLOCK_POLICY__TEXT__MIN_EVIDENCE")
    path.write_text("[text]\nmin_evidence = nan\n")
    with pytest.raises(PolicyError, match=r"text\.min_evidence"):
        Policy.load(path)


@pytest.mark.parametrize(
    ("tokens", "similarity", "with_evidence", "without"),
    [(30, 0.5, "min_evidence", None), (40, 0.65, "min_tokens", "min_tokens")],
)
def test_without_evidence_words_in_any_order_are_judged_by_their_likeness(
    tokens, similarity, with_evidence, without
):
    figures = {"longest_run": 5, "tokens": tokens, "similarity": similarity, "information": 0.0, "quoted": 0}
    for policy, by in ((Policy(), with_evidence), (Policy(text={"min_evidence": inf}), without)):
        found = policy.judge(policy.resolve(Work("a")), **figures, evidence=90.0)
        assert (found and found.by) == by
