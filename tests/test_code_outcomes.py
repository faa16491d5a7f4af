"""The tables of the benchmark of code: what is told of a decision, and that the curve has what was chosen."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import code_rates, code_recall, code_unparsed
from benchmarks.code_copies import Copy, Prose, copies
from benchmarks.code_corpus import saved_as
from benchmarks.code_edits import near_copies
from benchmarks.code_functions import Function, Verdict, counts
from benchmarks.code_outcomes import (
    Best,
    Decider,
    Fork,
    Measured,
    Point,
    Seen,
    acting,
    clean_rows,
    curve,
    dropped_rows,
    fork_rows,
    grid,
    recall_rows,
    seen,
    stops,
)
from benchmarks.code_parts import SAME, joined, keep
from benchmarks.code_recall import Checker, Equals, first_of, tables_of
from benchmarks.code_rules import CORE, PARTS
from benchmarks.code_size_and_build import worker_row
from benchmarks.code_stream_cost import piece, repeats
from benchmarks.code_worth import Tail
from benchmarks.stream_cost import feed_times, together
from simblock.errors import SimblockError
from simblock.guard import Guard
from simblock.policy import CodeLimits, Policy
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.test_code_copies import FILES, LANGUAGES, function_of

LONG = Best(run=80, tokens=80, similarity=0.4, bits=200.0, quoted=0, view="lexemes", channel="exact")
WIDE = Best(run=20, tokens=120, similarity=0.3, bits=20.0, quoted=0, view="syntax", channel="near")


def outcome(group: str = "clean", *matches: Best, **more: Any) -> Seen:
    fields: dict[str, Any] = {
        "language": "c", "package": "pack", "id": "pack/file.c", "lines": 9, "size": 120, "stopped": False,
        "error": False, "right_decides": False, "right_first": False, "decider": None,
    }  # fmt: skip
    return Seen(group, **(fields | more), matches=matches)


def test_what_was_stopped_is_told_with_the_match_that_decided() -> None:
    one = outcome("clean", WIDE, LONG, stopped=True, decider=Decider("of/other.c", "min_run", 60, 60, LONG))
    (row,) = stops([one])
    assert (row["work"], row["by"], row["value"], row["tokens"], row["run"]) == (
        "of/other.c",
        "min_run",
        60,
        80,
        80,
    )


def test_an_error_counts_against_both_gates() -> None:
    failed = outcome("clean", error=True)
    rows = clean_rows([failed, outcome()])
    assert [row["stopped"] for row in rows] == [1, 1, 1]
    assert rows[-1]["errors"] == 1
    assert recall_rows([failed])[0]["stopped"].share == 0
    assert [row["work"] for row in stops([failed])] == ["an error"]


def test_the_curve_begins_with_the_defaults_of_the_policy() -> None:
    chosen = CodeLimits()
    points = grid(chosen)
    assert points[0] == Point(**{name: getattr(chosen, name) for name in Point._fields})
    assert len(points) == len(set(points))
    changed = CodeLimits(min_run=77, min_similarity=0.55, min_run_information=None)
    assert grid(changed)[0].min_run == 77
    assert grid(changed)[0].min_run_information == changed.min_information


def test_the_curve_judges_as_the_policy_does() -> None:
    policy = Policy()
    assert acting([outcome("clean", LONG), outcome("clean", WIDE), outcome()], policy) == 1
    assert acting([outcome("clean", LONG._replace(bits=policy.code.run_information - 1))], policy) == 0
    assert acting([outcome("clean", WIDE._replace(quoted=policy.code.max_quoted))], policy) == 1
    here = curve([outcome("clean", LONG), outcome("clean"), outcome("renamed", LONG)], grid(policy.code)[:1])
    assert [(row["language"], row["clean"], row["renamed"]) for row in here] == [
        ("c", 0.5, 1.0),
        ("all", 0.5, 1.0),
    ]


def test_a_row_for_all_languages_counts_each_function_once() -> None:
    them = [outcome("clean", LONG), *[outcome("clean", language="java")] * 3]
    rows = curve(them, grid(CodeLimits())[:1])
    assert {row["language"]: row["clean"] for row in rows} == {"c": 1.0, "java": 0.0, "all": 0.25}


def test_core_languages_and_others_are_pooled_by_themselves() -> None:
    them = [outcome("renamed", language=one, stopped=True) for one in CORE]
    them += [outcome("renamed", language="lua"), outcome("renamed", language="perl", stopped=True)]
    rows = {row["language"]: (row["n"], row["stopped"].share) for row in recall_rows(them)}
    assert rows["nine core"] == (9, 1.0)
    assert rows["others"] == (2, 0.5)
    few = recall_rows([one for one in them if one.language != "rust"])
    assert "8 of the nine core" in {row["language"] for row in few}


def test_parts_are_joined_as_they_were_measured(tmp_path: Path) -> None:
    fork = Fork("c", "new/file.c", 12, "pack/file.c", 6, 9, outcome(stopped=True))
    decided = outcome("renamed", WIDE, LONG, stopped=True, decider=Decider("w", "min_run", 60, 60, LONG))
    measured = Measured(
        [decided, outcome()], [{"language": "c"}], [fork], Counter({("c", "renamed", "why"): 2})
    )
    same = dict.fromkeys(SAME, 1)
    for name in ("c", "go"):
        keep(tmp_path / name, {**same, "languages": [name], "minutes": 3}, [measured])
    parameters, them = joined([tmp_path / "c", tmp_path / "go"])
    assert them == [measured, measured]
    assert parameters["languages"] == ["c", "go"]
    assert [part["minutes"] for part in parameters["parts"]] == [3, 3]
    with pytest.raises(SimblockError, match="c is measured in two parts"):
        joined([tmp_path / "c", tmp_path / "c"])
    keep(tmp_path / "other", {**same, "seed": 2, "languages": ["java"]}, [measured])
    with pytest.raises(SimblockError, match="differ in seed"):
        joined([tmp_path / "c", tmp_path / "other"])


def test_the_tail_of_likeness_is_read_off_its_exponential_fall() -> None:
    bits = np.random.default_rng(1).exponential(10, 50_000)
    tail = Tail.of(bits.tolist())
    assert tail.rare == pytest.approx(10 * np.log(1000), rel=0.05)
    assert tail.seen == pytest.approx(tail.rare, rel=0.1)
    assert Tail.of([0.0] * 100).rare == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_copy_that_is_checked_names_the_match_that_decided(language: str) -> None:
    work = Work("pack/file", kind="code", language=language)
    guard = Guard(MemoryIndex([Document(work, FILES[language])]), Policy(code={"min_information": 0, "min_run_information": 0}))  # fmt: skip
    (copy,) = copies([function_of(language)], Prose([]), 1)
    report = guard.check(copy.text, all=True)
    one = seen("renamed", copy, report, {"pack/file"})
    assert one.stopped
    assert one.right_decides
    assert one.right_first
    assert one.decider is not None
    assert one.decider.match in one.matches
    assert one.decider.value >= one.decider.threshold
    wrong = seen("renamed", copy, report, {"pack/other"})
    assert wrong.stopped
    assert not wrong.right_decides
    assert not wrong.right_first
    assert not wrong.matches
    assert not seen("clean", copy, report, None).right_first


def test_forks_are_listed_with_their_lines_and_whether_they_are_stopped() -> None:
    verdict = Verdict("fork", "pack/file.c", 6, 9)
    fork = Fork("c", "new/file.c", 12, verdict.file, verdict.shared, verdict.lines, outcome(stopped=True))
    (row,) = fork_rows([fork])
    assert (row["file"], row["shared lines"], row["of"], row["stopped"]) == ("pack/file.c", 6, 9, True)
    tables = tables_of([Measured([outcome()], [], [fork], Counter({("c", "renamed", "why"): 2}))])
    assert tables["Left out as forks"] == [row]
    assert tables["Copies that were not made"] == [
        {"language": "c", "group": "renamed", "why": "why", "n": 2}
    ]


def test_copies_that_cannot_be_made_are_counted_with_the_reason() -> None:
    broken = function_of("c")._replace(text="int broken( {")
    dropped: Counter[str] = Counter()
    assert not list(copies([broken], Prose([]), 1, dropped))
    assert not list(near_copies([broken], Prose([]), ["x = 1;"], 1, 0.1, dropped))
    assert dropped.total() == 2


def test_functions_that_were_never_cut_are_told_with_how_many_there_are() -> None:
    checker = Checker(Guard(MemoryIndex([])), "c", Equals([]))
    checker.drop_broken("any copy", Counter({"pack/file.c": 2, "pack/other.c": 1}), [function_of("c")] * 5)
    checker.drop_broken("clean", Counter(), [function_of("c")])
    (row,) = dropped_rows(checker.dropped)
    assert (row["language"], row["group"], row["n"]) == ("c", "any copy", 3)
    assert row["why"] == "it does not parse in its file, of 8 functions"


def test_copies_of_another_size_are_counted_and_no_more_are_drawn_than_asked_for() -> None:
    function: Function = function_of("c")
    sizes = iter([30, 70, 80, 90])
    them = (Copy(function, "", "", 0, 0, size) for size in sizes)
    dropped: Counter[str] = Counter()
    assert [one.size for one in first_of(them, 2, dropped, 60)] == [70, 80]
    assert dropped == {"another size, once copied": 1}
    assert list(sizes) == [90]


def test_rates_ask_for_packages_alone_and_recall_for_functions_too() -> None:
    assert set(code_recall.measurable()) < set(code_rates.measurable())
    assert {"css", "html", "r"} <= set(code_rates.measurable())
    assert "html" not in code_recall.measurable()
    assert "html" not in code_unparsed.measurable()


def test_what_there_is_of_a_language_without_functions_is_counted(tmp_path: Path) -> None:
    for part in PARTS:
        (tmp_path / "html" / part / "pack").mkdir(parents=True)
        (tmp_path / "html" / part / "pack" / "page.html").write_text("<p>One.</p>\n", "utf-8")
    told = counts(tmp_path, "html")
    assert "protected: 1 files, 0.0 MB, 0 functions" in told


def test_results_of_a_part_are_never_saved_as_those_that_are_published() -> None:
    saved = [
        saved_as("code_recall", Namespace(half=half, languages=languages))
        for half in ("report", "tune")
        for languages in (LANGUAGES, ["c"])
    ]
    assert saved == ["code_recall", "code_recall-part", "code_recall-tune", "code_recall-tune"]


def test_two_workers_are_held_against_the_run_beside_them() -> None:
    took = {1: [10.0, 20.0, 40.0], 2: [5.0, 16.0, 20.0]}
    assert worker_row(1, 8.0, took)["times one worker"] == 1
    assert worker_row(2, 8.0, took)["times one worker"] == 2


def test_what_is_fed_for_its_cost_is_not_stopped() -> None:
    lines = [f"The {number} men of the {number * 7} towns went down to the water." for number in range(40)]
    text = " ".join(lines) + "\n"
    guard = Guard(MemoryIndex([Document(Work("towns"), text)]))
    assert together(guard, ["Nothing here.\n", text, "Nor here.\n"], 10_000) == "Nothing here.\nNor here.\n"
    with pytest.raises(AssertionError):
        feed_times(guard.stream(), text)


def test_a_piece_that_is_repeated_has_about_a_hundred_lines_and_is_not_stopped() -> None:
    text = "".join(f"def f{number}(x):\n    y = x + {number}\n    return y\n\n\n" for number in range(60))
    guard = Guard(MemoryIndex([Document(Work("towns"), "The men of the towns went down to the water.")]))
    assert 90 <= piece(text).count("\n") <= 110
    assert repeats(guard, piece(text), "python", 300)
    assert not repeats(guard, "x = 1\n", "python", 300)
