"""The gates of a release: they are missed where there is nothing to hold them against."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from benchmarks import gates, redis_memory
from benchmarks.__main__ import ALL, NAMED
from benchmarks.code_rules import CORE
from benchmarks.gates import GATES, LANGUAGES, Gate, Results, missed
from benchmarks.quality import pair_gates
from benchmarks.record import interval

Tables = dict[str, list[dict[str, Any]]]


def code_recall(n: int = 500, stopped: int = 500, errors: int = 0, clean: int = 30) -> Tables:
    return {
        "Copies of functions": [
            {"language": one, "group": "renamed", "n": n, "stopped": interval(stopped, n),
             "right file first": interval(stopped, n), "errors": errors}
            for one in (*CORE, "nine core")
        ],
        "Clean functions": [
            {"language": "nine core", "package": "all", "functions": 45_000, "share": interval(clean, 45_000),
             "errors": 0}
        ],
    }  # fmt: skip


def clean_functions(stopped: int = 2, n: int = 5000) -> Tables:
    return {
        "False stops of code, by language": [
            {"language": one, "n": n, "stopped": stopped, "share": interval(stopped, n), "errors": 0}
            for one in (*LANGUAGES, "all")
        ]
    }


def found_pairs(auc: float = 0.96) -> Tables:
    """What is read of pairs; of all of a set, beside the report half, poor figures."""
    tables: Tables = {}
    for it in pair_gates.ASKED:
        for part, value in (("report", 1.0), ("all", 0.1)):
            where = it.where | ({"part": part} if "part" in it.where else {})
            rows = tables.setdefault(it.table, [])
            row = pair_gates.find(rows, where)
            if row is None:
                rows.append(row := {**where, it.count: it.enough})
            row.setdefault(it.column, [auc if value == 1.0 and it.column == "AUC" else value, 0.0, 1.0])
    return tables


def pan13(found: float = 1.0, plagdet: float = 0.98, false: int = 0) -> Tables:
    return {
        "Cases, policy default": [
            {"part": part, "cases": 155, "cases found": [found, 0.9, 1.0], "plagdet": plagdet}
            for part in gates.PAN13
        ],
        "Unrelated pairs, policy default": [{"pairs": 130, "false": interval(false, 130)}],
    }


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
    assert len(named) == 2 * (len(CORE) + 1)


def test_clean_functions_are_held_language_by_language(tmp_path: Path) -> None:
    save(tmp_path, "quality", clean_functions(stopped=20))
    named = why(tmp_path, "quality")
    assert named["clean functions stopped, java"] == "is 0.004"
    save(tmp_path, "quality", clean_functions(n=900))
    assert why(tmp_path, "quality")["clean functions stopped, java"] == "of 900 n, not 4,500"


def test_a_share_of_quality_that_is_missed_is_told_with_its_count(tmp_path: Path) -> None:
    row = {"gate": "clean passages stopped", "measured": interval(20, 100_000), "n": 100_000}
    save(tmp_path, "quality", {"Gates": [row]})
    assert why(tmp_path, "quality")["clean passages stopped"] == "is 0.0002 (20 of 100,000)"


def test_pairs_are_held_against_the_half_that_nothing_was_chosen_on(tmp_path: Path) -> None:
    save(tmp_path, "pairs", found_pairs())
    assert not why(tmp_path, "pairs")
    save(tmp_path, "pairs", found_pairs(auc=0.94))
    assert why(tmp_path, "pairs") == {"ConPlag, AUC": "is 0.94"}
    save(tmp_path, "pairs", found_pairs(), half="tune")
    assert set(why(tmp_path, "pairs").values()) == {"the results are of the tune half"}


def test_one_false_pair_of_pan13_is_over_3_in_1000(tmp_path: Path) -> None:
    save(tmp_path, "pan13", pan13())
    assert not why(tmp_path, "pan13")
    assert list(gates.counted(Results(tmp_path))) == [
        "PAN-13, false pairs: 0 (0 of 130), wanted at most 0.003"
    ]
    save(tmp_path, "pan13", pan13(false=1))
    assert why(tmp_path, "pan13") == {"PAN-13, false pairs": "is 0.0077 (1 of 130)"}


def test_a_part_of_pan13_under_its_bound_is_named(tmp_path: Path) -> None:
    save(tmp_path, "pan13", pan13(found=0.935, plagdet=0.9))
    assert set(why(tmp_path, "pan13")) == {
        "PAN-13, cases found, verbatim",
        "PAN-13, cases found, translation",
        "PAN-13, plagdet, verbatim",
    }


def test_a_figure_that_is_asked_and_no_gate_fails_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path, "pan13", pan13(plagdet=0.5))
    monkeypatch.setattr(gates, "Results", lambda: Results(tmp_path))
    monkeypatch.setattr(gates, "GATES", tuple(gate for gate in GATES if gate.benchmark == "pan13"))
    assert gates.main() == 0
    said = capsys.readouterr().out
    assert "MISSED, no gate: PAN-13, plagdet, random: wanted at least 0.86, is 0.5" in said
    assert "4 of 4 gates hold\n0 of 3 figures that are asked, and no gates, are reached" in said


def of_datasketch(
    found: dict[tuple[float, int], int], ours: int = 200
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Recall of 200 copies, by (threshold, stride), and what each weighs: the more, the closer the windows."""
    recall = [{"what": "simblock", "words": 48, "n": 200, "found": interval(ours, 200)}]
    weights = []
    for (threshold, stride), hits in found.items():
        where = {"threshold": threshold, "stride": stride}
        recall.append({"what": "datasketch", "words": 48, "n": 200, "found": interval(hits, 200), **where})
        window = 10_000 if threshold < 0.9 else 4_000
        weights.append({**where, "bytes a word": window / stride, "times simblock's": window / stride / 10})
    return recall, weights


def test_memory_is_held_against_the_cheapest_peer_that_finds_as_many_copies(tmp_path: Path) -> None:
    recall, weights = of_datasketch({(0.9, 8): 125, (0.5, 48): 148, (0.5, 24): 199, (0.5, 16): 200})
    (row,) = redis_memory.at_like_recall(recall, weights)
    assert (row["threshold"], row["stride"]) == (0.5, 24)
    save(tmp_path, "redis_store", {"Memory of datasketch at like recall": [row]})
    assert "Redis, datasketch's memory, times simblock's" not in why(tmp_path, "redis_store")
    recall, weights = of_datasketch({(0.9, 8): 125, (0.5, 48): 197, (0.5, 24): 199})
    (row,) = redis_memory.at_like_recall(recall, weights)
    save(tmp_path, "redis_store", {"Memory of datasketch at like recall": [row]})
    assert why(tmp_path, "redis_store")["Redis, datasketch's memory, times simblock's"] == "is 20.8333"


def test_where_no_peer_finds_as_many_there_is_no_figure(tmp_path: Path) -> None:
    rows = redis_memory.at_like_recall(*of_datasketch({(0.9, 8): 125, (0.5, 48): 148}))
    save(tmp_path, "redis_store", {"Memory of datasketch at like recall": rows})
    assert (
        why(tmp_path, "redis_store")["Redis, datasketch's memory, times simblock's"]
        == "there is no row of words 48"
    )


def test_no_two_gates_have_one_name() -> None:
    assert len({gate.name for gate in GATES}) == len(GATES)


def test_every_benchmark_that_is_run_can_be_imported_and_each_gate_has_one_that_can_be_named() -> None:
    files = {name.rpartition(".")[2] for name in NAMED}
    assert {gate.benchmark for gate in GATES} <= files
    assert all(find_spec(f"benchmarks.{name}") for name in NAMED)
    assert {"quality", "quality.pairs"} < set(ALL)
    assert "code_recall" not in ALL


def test_errors_are_no_figures(tmp_path: Path) -> None:
    save(tmp_path, "code_recall", code_recall(errors=3))
    assert why(tmp_path, "code_recall")["renamed functions stopped, java"] == "3 errors"


def test_a_figure_under_its_bound_is_said(tmp_path: Path) -> None:
    save(tmp_path, "code_recall", code_recall(stopped=490))
    named = why(tmp_path, "code_recall")
    assert named == {f"renamed functions stopped, {one}": "is 0.98" for one in (*CORE, "nine core")}


def test_the_nine_core_languages_are_held_together(tmp_path: Path) -> None:
    save(tmp_path, "code_recall", code_recall(clean=60))
    assert why(tmp_path, "code_recall") == {"clean functions stopped, nine core": "is 0.0013 (58 of 45,000)"}


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
    assert f" of {sum(gate.bold for gate in GATES)} gates hold" in said


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
