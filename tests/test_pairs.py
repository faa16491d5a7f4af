"""The benchmark of pairs: its ranking figures, its halves, and functions with lines put in."""

from __future__ import annotations

import argparse
import itertools
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.code_functions import Function
from benchmarks.quality import insertions, pairs
from benchmarks.quality.pair_scores import likenesses, minhash, of_index, of_reports, tokenised
from benchmarks.quality.pair_sets import SETS, Pair, PairSet
from benchmarks.quality.ranking import (
    Estimate,
    Ranked,
    auc,
    average_precision,
    estimated,
    ranked,
    roc,
    threshold_at,
)
from benchmarks.record import interval

LOOP = "int total = 0;\nfor (int at = 0; at < {n}.length; at++) {{\n    total += {n}[at] * weights[at % 7];\n}}\n"
PROGRAM = (
    "class {name} {{\nint run(int[] {n}, int[] weights) {{\n" + LOOP + "return total - {extra};\n}}\n}}\n"
)
OTHER = """class Words {
    String longest(java.util.List<String> words) {
        String best = "";
        for (String word : words) { if (word.length() > best.length()) best = word; }
        System.out.println(best.toUpperCase() + words.size());
        return best;
    }
}
"""
scored = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40)


def small() -> PairSet:
    files = {
        "a": PROGRAM.format(name="A", n="values", extra="1"),
        "b": PROGRAM.format(name="B", n="numbers", extra="weights.length"),
        "c": OTHER,
    }
    listed = [Pair("a", "b", "plagiarised", "1"), Pair("a", "c", "none", "1"), Pair("b", "c", "none", "2")]
    return PairSet("small", files, listed)


@given(scored)
def test_the_area_is_how_often_a_copy_is_before_a_stranger(rows: list[tuple[int, bool]]) -> None:
    them = ranked([float(s) for s, _ in rows], [label for _, label in rows])
    copies, strangers = [s for s, copy in rows if copy], [s for s, copy in rows if not copy]
    if copies and strangers:
        won = [(a > b) + (a == b) / 2 for a, b in itertools.product(copies, strangers)]
        assert auc(them) == pytest.approx(sum(won) / len(won))
    else:
        assert np.isnan(auc(them))


@given(scored)
def test_average_precision_is_the_mean_of_the_precisions_at_each_copy(rows: list[tuple[int, bool]]) -> None:
    them = ranked([float(s) for s, _ in rows], [label for _, label in rows])
    copies = [s for s, copy in rows if copy]
    shares = [sum(s >= at for s in copies) / sum(s >= at for s, _ in rows) for at in copies]
    assert average_precision(them) == pytest.approx(sum(shares) / len(shares) if shares else 0.0)


@given(scored)
def test_curves_rise_and_end_with_everything(rows: list[tuple[int, bool]]) -> None:
    points = roc(ranked([float(s) for s, _ in rows], [label for _, label in rows]))
    for before, after in itertools.pairwise(points):
        assert before["score at least"] > after["score at least"]
        assert before["recall"] <= after["recall"]
        assert before["false"] <= after["false"]
    assert points[-1]["recall"] == any(label for _, label in rows)


def test_no_more_of_the_clean_pairs_than_the_share_exceed_the_threshold() -> None:
    clean = [0.1] * 90 + [0.5] * 9 + [0.9]
    assert threshold_at(clean, 0.01) == 0.5
    assert threshold_at(clean, 0.001) == 0.9
    assert threshold_at([], 0.01) == 0.0


def test_an_interval_of_resamples_holds_its_figure() -> None:
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 2 == 0
    found = estimated(auc, Ranked(rng.normal(size=60) + labels, labels))
    assert found.low < found.value < found.high


def test_a_renamed_program_is_before_an_unrelated_one_by_every_score() -> None:
    them = small()
    runs = tokenised(them)
    for scores in (
        [one.containment for one in likenesses(them, runs)],
        [one.similarity for one in of_index(them, runs)],
        of_reports(them, runs),
        minhash(them),
    ):
        assert scores[0] > max(scores[1:])


def test_copydetect_finds_the_same() -> None:
    pytest.importorskip("copydetect")
    from benchmarks.quality.pair_scores import copydetect

    scores = [one.containment for one in copydetect(small())]
    assert scores[0] > max(scores[1:])


def test_all_pairs_of_a_group_are_in_one_half() -> None:
    listed = [Pair(f"{at}", "x", "none", f"problem {at % 9}") for at in range(90)]
    halves = {pair.group: {other.half for other in listed if other.group == pair.group} for pair in listed}
    assert all(len(half) == 1 for half in halves.values())
    assert set().union(*halves.values()) == {"tune", "report"}
    made = dict(pairs.parts(PairSet("made", {}, listed)))
    assert sorted(made["tune"] + made["report"]) == made["all"]


def test_gates_are_held_against_the_half_that_nothing_was_chosen_on() -> None:
    good, poor = Estimate(0.96, 0.9, 1.0), Estimate(0.8, 0.7, 0.9)
    tables = {
        "Programs": [
            {
                "set": "ConPlag",
                "part": part,
                "score": pairs.OURS[0],
                "AUC": figure,
                "average precision": figure,
            }
            for part, figure in (("all", good), ("tune", good), ("report", poor))
        ],
        "Insertions": [
            {"language": "all", "by": "policy", "recall": interval(9, 9), "precision": interval(8, 10)}
        ],
    }
    met = {row["what"]: row["met"] for row in pairs.gates(tables)}
    assert met == {
        "ConPlag, AUC": "no",
        "ConPlag, average precision": "no",
        "lines put in, by policy: recall": "yes",
        "lines put in, by policy: precision": "no",
    }


@given(st.integers(0, 1000), st.integers(1, 6))
def test_lines_are_put_in_together_and_nothing_else_changes(seed: int, count: int) -> None:
    text = "int f() {\n  a();\n  b();\n  c();\n}"
    donor = "int g() {\n" + "".join(f"  d{at}();\n" for at in range(6)) + "}"
    made = insertions.with_lines(text, donor, count, random.Random(seed)).splitlines()
    fresh = [at for at, line in enumerate(made) if line.strip().startswith("d")]
    assert len(fresh) == count
    assert fresh[-1] - fresh[0] == count - 1
    assert [line for line in made if not line.strip().startswith("d")] == text.splitlines()
    assert made[0] == "int f() {"
    assert made[-1] == "}"


def test_recall_and_precision_are_of_the_works_that_were_named() -> None:
    function = Function("java", "p", "f.java", "int f() {\n}\n", 0, 12, 60)
    alike = {0: insertions.Likeness(0.9, 0.9), 1: insertions.Likeness(0.6, 0.6)}
    found = [
        insertions.Found(insertions.Case(0, "", 3), frozenset({0, 1}), alike),
        insertions.Found(insertions.Case(1, "", 7), frozenset(), {}),
    ]
    language = insertions.Language("java", [function, function], found, frozenset({(0, 1), (1, 0)}))
    by_policy = next(row for row in insertions.rows([language]) if row["by"] == "policy")
    assert by_policy["recall"].share == 0.5
    assert by_policy["precision"].share == 0.5
    assert by_policy["precision without them"].share == 1.0
    strict = next(row for row in insertions.rows([language]) if row["by"] == "containment 0.7")
    assert strict["precision"].share == 1.0
    counted = {row["lines put in"]: row["n"] for row in insertions.by_lines([language])}
    assert counted["2 to 5"] == 1
    assert counted["6 to 10"] == 1


def test_the_sets_are_read_as_they_lie(shared: Path) -> None:
    options = argparse.Namespace(shared=shared.parent)
    sizes = {
        name: (len(made.files), len(made.pairs)) for name, make in SETS.items() for made in (make(options),)
    }
    assert sizes == {"conplag": (374, 230), "irplag": (467, 460), "bigclonebench": (3526, 7225)}


def test_containment_tells_judged_plagiarism_from_solutions_of_one_task(shared: Path) -> None:
    them = SETS["conplag"](argparse.Namespace(shared=shared.parent))
    scores = [one.containment for one in likenesses(them, tokenised(them))]
    assert auc(ranked(scores, [pair.label != "none" for pair in them.pairs])) > 0.93


def test_overloads_are_alike_by_nature_and_strangers_are_not() -> None:
    texts = [PROGRAM.format(name="A", n="values", extra=extra) for extra in ("1", "(2 + at)")] + [OTHER]
    works = [Function("java", "p", "f.java", text, 0, len(text), 60) for text in texts]
    assert insertions.by_nature(works) == {(0, 1), (1, 0)}
