"""The gates of a release: they are missed where there is nothing to hold them against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import gates
from benchmarks.gates import GATES, LANGUAGES, Gate, Results, missed
from benchmarks.record import interval

Tables = dict[str, list[dict[str, Any]]]


def code_recall(n: int = 500, stopped: int = 500, errors: int = 0) -> Tables:
    return {
        "Copies of functions": [
            {"language": one, "group": "renamed", "n": n, "stopped": interval(stopped, n),
             "right file first": interval(stopped, n), "errors": errors}
            for one in LANGUAGES
        ],
        "Clean functions": [
            {"language": one, "package": "all", "functions": 5000, "stopped": 2, "share": interval(2, 5000), "errors": 0}
            for one in LANGUAGES
        ],
    }  # fmt: skip


def code_stream_cost() -> Tables:
    return {
        "Feeding 4 characters of code": [
            {"mode": mode, "language": one, "mean µs": mean}
            for mode, mean in (("default", 50.0), ("strict", 90.0))
            for one in LANGUAGES
        ],
        "A long file": [
            {"language": one, "lines": lines, "mean µs a feed": mean, "lines fed": 5000}
            for lines, mean in (("about line 100", 50.0), ("last tenth", 55.0))
            for one in LANGUAGES
        ],
    }


def save(folder: Path, name: str, tables: Tables, **more: Any) -> None:
    made = {
        "conditions": {"commit": more.pop("commit", "abc")},
        "parameters": {"languages": LANGUAGES, **more},
        "tables": tables,
    }
    (folder / f"{name}.json").write_text(json.dumps(made), "utf-8")


def why(folder: Path, benchmark: str) -> dict[str, str]:
    """The gates of one benchmark that are missed."""
    return {one.gate.name: one.why for one in missed(Results(folder)) if one.gate.benchmark == benchmark}


def test_without_results_every_gate_is_missed(tmp_path: Path) -> None:
    assert [one.gate for one in missed(Results(tmp_path))] == list(GATES)


@pytest.mark.parametrize("benchmark", sorted({gate.benchmark for gate in GATES}))
@pytest.mark.parametrize("rows", [[], [{}], [{"language": "python", "mode": "default", "mean µs": 1.0}]])
def test_tables_without_the_rows_asked_for_meet_no_gate_of_all_languages(
    tmp_path: Path, benchmark: str, rows: list[dict[str, Any]]
) -> None:
    of = [gate for gate in GATES if gate.benchmark == benchmark]
    save(tmp_path, benchmark, {gate.table: rows for gate in of})
    named = why(tmp_path, benchmark)
    assert set(named) >= {gate.name for gate in of} - {"feed, µs", "feed of code, µs, python"}
    if not rows or not rows[0]:
        assert len(named) == len(of)


def test_good_figures_meet_the_gates(tmp_path: Path) -> None:
    save(tmp_path, "code_recall", code_recall(), half="report")
    save(tmp_path, "code_stream_cost", code_stream_cost())
    assert not why(tmp_path, "code_recall")
    assert not why(tmp_path, "code_stream_cost")


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_language_less_is_a_gate_missed(tmp_path: Path, language: str) -> None:
    for name, tables in (("code_recall", code_recall()), ("code_stream_cost", code_stream_cost())):
        few = {title: [row for row in rows if row["language"] != language] for title, rows in tables.items()}
        save(tmp_path, name, few)
        assert set(why(tmp_path, name)) == {
            gate.name for gate in GATES if gate.benchmark == name and gate.name.endswith(f", {language}")
        }


def test_results_of_some_languages_only_are_named_so(tmp_path: Path) -> None:
    save(tmp_path, "code_size_and_build", {}, languages=["python", "java", "c"])
    assert set(why(tmp_path, "code_size_and_build").values()) == {"the results are without javascript"}


def test_a_share_of_too_few_is_no_share(tmp_path: Path) -> None:
    save(tmp_path, "code_recall", code_recall(n=1, stopped=1))
    named = why(tmp_path, "code_recall")
    assert named["renamed functions stopped, c"] == "of 1 n, not 300"
    assert len(named) == 8


def test_errors_are_no_figures(tmp_path: Path) -> None:
    save(tmp_path, "code_recall", code_recall(errors=3))
    assert why(tmp_path, "code_recall")["renamed functions stopped, java"] == "3 errors"


def test_a_figure_under_its_bound_is_said(tmp_path: Path) -> None:
    save(tmp_path, "code_recall", code_recall(stopped=490))
    named = why(tmp_path, "code_recall")
    assert named == {f"renamed functions stopped, {one}": "is 0.98" for one in LANGUAGES}


def test_the_half_that_parameters_were_chosen_on_meets_no_gate(tmp_path: Path) -> None:
    save(tmp_path, "code_recall", code_recall(), half="tune")
    assert set(why(tmp_path, "code_recall").values()) == {"the results are of the tune half"}


def test_results_of_different_commits_and_of_changes_are_said(tmp_path: Path) -> None:
    save(tmp_path, "code_recall", code_recall(), commit="abc")
    save(tmp_path, "code_stream_cost", code_stream_cost(), commit="def+")
    results = Results(tmp_path)
    list(missed(results))
    assert list(results.doubts()) == [
        "the results are of different commits: abc (code_recall); def+ (code_stream_cost)",
        "measured on def with changes: code_stream_cost",
    ]


def test_what_is_missed_is_printed_and_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path, "code_recall", code_recall(stopped=490))
    monkeypatch.setattr(gates, "Results", lambda: Results(tmp_path))
    assert gates.main() == 1
    said = capsys.readouterr().out
    assert "MISSED: renamed functions stopped, c: wanted at least 0.99, is 0.98" in said
    assert f" of {len(GATES)} gates hold" in said


def test_no_bound_holds_for_what_is_no_number() -> None:
    for bounds in ({"least": 0.5}, {"most": 0.5}):
        assert not Gate("one", "a", "b", lambda rows: 0.0, **bounds).holds(float("nan"))


@pytest.mark.parametrize(
    ("hits", "n", "wanted"),
    [
        (0, 0, (0.0, 0.0, 1.0)),
        (0, 10, (0.0, 0.0, 0.2775)),
        (10, 10, (1.0, 0.7225, 1.0)),
        (5, 10, (0.5, 0.2366, 0.7634)),
        (81, 263, (0.308, 0.2553, 0.3662)),  # Newcombe 1998, table I
    ],
)
def test_an_interval_is_wilsons(hits: int, n: int, wanted: tuple[float, float, float]) -> None:
    assert interval(hits, n) == pytest.approx(wanted, abs=1e-4)
