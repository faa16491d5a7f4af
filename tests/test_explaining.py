"""`simblock check --explain`, `--report` and `--format`, from the outside."""

import io
import json
import os
import re
import sys

import pytest
from rich.cells import cell_len

from simblock.cli import app
from simblock.commands import explaining
from simblock.stores.writer import Writer
from simblock_indexer.exits import run
from tests.explain.conftest import RENAMES, WORKS, Shop, edited, renamed
from tests.explain.test_page import Reader
from tests.test_cli import OTHER, Outcome, finished, process, refused

LOOSE = "[code]\nmin_information = 0\nmin_run_information = 0\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("explaining")
    for name, store_text in (("open.sbx", True), ("closed.sbx", False)):
        with Writer.create(here / name, store_text=store_text) as writer:
            writer.put(WORKS)
            writer.commit()
    (here / "edited.txt").write_text(f"He says: {edited()}\n")
    (here / "renamed.py").write_text(renamed())
    (here / "other.txt").write_text(OTHER)
    (here / "policy.toml").write_text(LOOSE)
    rows = [{"id": "one", "text": edited()}, {"id": "two", "text": OTHER}]
    (here / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return here


@pytest.fixture
def check(folder, monkeypatch, capsys):
    for name in [name for name in os.environ if name.startswith("SIMBLOCK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SIMBLOCK_POLICY", "policy.toml")

    def call(*arguments, stdin=b""):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            run(app, "simblock", ["check", *map(str, arguments)])
        shown = capsys.readouterr()
        return Outcome(ended.value.code, shown.out, shown.err)

    return call


# -- on a terminal and in a pipe


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("name", ["edited.txt", "renamed.py"])
@pytest.mark.parametrize("index", ["open.sbx", "closed.sbx"])
def test_no_line_is_wider_than_it_may_be(check, monkeypatch, index, name, width):
    monkeypatch.setenv("COLUMNS", str(width))
    outcome = check(index, name, "--explain", "--all")
    assert outcome.code == 1
    assert max(map(cell_len, outcome.out.splitlines())) <= width
    assert "\x1b" not in outcome.out


def test_both_sides_stand_beside_each_other_with_what_was_changed_marked(check):
    out = check("open.sbx", "edited.txt", "--explain").out
    lines = [line for line in out.splitlines() if "ferry sailed" in line]
    assert [line.count("ferry sailed") for line in lines] == [2]
    assert "{~stone0~}" in out
    assert "{~harbour~}" in out
    assert "{+verily+}" in out
    assert "{-" in out


def test_figures_stand_beside_their_thresholds_and_the_distance(check):
    out = check("open.sbx", "edited.txt", "--explain").out
    assert re.search(r"min_run: words in a row +\d+ +30 +\d+ short", out)
    assert re.search(r"min_similarity: similarity +\.\d\d +\.60 +\.\d\d over", out)
    assert "acts as a whole by min_tokens" in out
    for told in (
        "The Names",
        "A. Mariner",
        "CC-BY-4.0",
        "https://sea.example/n",
        "channel exact",
        "rule default",
        "bits",
    ):
        assert told in " ".join(out.split())


def test_renamed_names_are_pairs(check):
    out = " ".join(check("open.sbx", "renamed.py", "--explain").out.split())
    for theirs, ours in RENAMES.items():
        assert f"{theirs} → {ours}" in out


def test_what_decided_is_told_in_the_units_of_the_view_it_fell_on(check):
    out = check("open.sbx", "renamed.py", "--explain").out
    assert re.search(r"decided by \d+ lexemes [a-z ]+ \(\d+ needed\) of stock\.py", out)
    row = json.loads(check("open.sbx", "renamed.py", "--json").out)
    assert row["decided"]["view"] in {"lexemes", "syntax"}
    assert json.loads(check("open.sbx", "edited.txt", "--json").out)["decided"]["view"] == "words"


def test_without_stored_text_the_source_is_told_by_its_place(check):
    outcome = check("closed.sbx", "edited.txt", "--explain")
    shown = " ".join(outcome.out.split())
    assert "--store-text" in shown
    assert re.search(r"= tale, characters 0–\d+, line 1 at https://sea.example/n", shown)
    assert "fishwives" not in outcome.out


def test_what_does_not_act_is_explained_with_all(check, tmp_path):
    (tmp_path / "short.txt").write_text(f"I say: {' '.join(WORKS[0].text.split()[:20])}, and no more of it.")
    assert "does not act" not in check("open.sbx", tmp_path / "short.txt", "--explain").out
    out = " ".join(check("open.sbx", tmp_path / "short.txt", "--explain", "--all").out.split())
    assert "does not act" in out
    assert "20 words in a row, 30 needed: 10 short" in out


def test_what_the_prompt_holds_is_told(check, tmp_path):
    (tmp_path / "prompt.txt").write_text(" ".join(WORKS[0].text.split()[:20]))
    (tmp_path / "copy.txt").write_text(WORKS[0].text)
    out = check("open.sbx", tmp_path / "copy.txt", "--explain", "--prompt", tmp_path / "prompt.txt").out
    assert "20 words stand in the prompt and count for nothing" in out
    assert "((Before the ferry" in out


def test_nothing_of_output_or_work_can_steer_the_terminal(check, tmp_path):
    words = edited().split()
    words[30:30] = ["\x1b[2J\x07\u202eevil\ud800".encode("utf-8", "replace").decode()]
    (tmp_path / "odd.txt").write_text(" ".join(words))
    out = check("open.sbx", tmp_path / "odd.txt", "--explain").out
    assert not set("\x1b\x07\u202e") & set(out)
    assert "\\u202e" in out


def test_on_a_terminal_there_are_colours_in_place_of_signs():
    written = []
    explanation = Shop().explain(edited())
    explaining.write(explanation, written.append, width=100, colour=True)
    shown = "".join(written)
    assert "\x1b[" in shown
    assert "{~" not in shown
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert max(map(cell_len, plain.splitlines())) <= 100


# -- machines


def test_json_with_explain_has_the_distances(check):
    (row,) = check("open.sbx", "edited.txt", "--json", "--explain").rows
    explained = row["matches"][0]["explained"]
    assert explained["by"] == "min_tokens"
    assert {figure["name"] for way in explained["ways"] for figure in way["figures"]} >= {
        "min_run",
        "min_tokens",
    }


def test_format_json_is_what_json_prints(check):
    one, other = (check("open.sbx", "edited.txt", *how).rows[0] for how in (["--json"], ["--format", "json"]))
    assert {**one, "elapsed_ms": 0} == {**other, "elapsed_ms": 0}


def test_sarif_is_one_log_of_all_outputs(check):
    outcome = check("open.sbx", "edited.txt", "renamed.py", "other.txt", "--format", "sarif")
    assert outcome.code == 1
    log = json.loads(outcome.out)
    assert log["version"] == "2.1.0"
    (found,) = log["runs"]
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in found["results"]]
    assert places == ["edited.txt", "renamed.py"]
    assert "fishwives" not in outcome.out


def test_rows_are_explained_and_reported_too(check, tmp_path):
    page, results = tmp_path / "page.html", tmp_path / "results.jsonl"
    outcome = check("open.sbx", "--jsonl", "rows.jsonl", "--explain", "--report", page, "--out", results)
    assert outcome.out.startswith("one: stop\n")
    assert "two: release" in outcome.out
    assert [json.loads(line)["id"] for line in results.read_text().splitlines()] == ["one", "two"]
    assert "2 outputs checked" in Reader(page.read_text("utf-8")).text
    assert check("open.sbx", "--jsonl", "rows.jsonl", "--explain").out.startswith("one: stop\n")
    assert len(check("open.sbx", "--jsonl", "rows.jsonl").rows) == 2
    log = json.loads(check("open.sbx", "--jsonl", "rows.jsonl", "--format", "sarif").out)
    assert len(log["runs"][0]["results"]) == 1


# -- the page


def test_a_page_is_written_whole_beside_the_results(check, tmp_path):
    page = tmp_path / "page.html"
    outcome = check("open.sbx", "edited.txt", "renamed.py", "other.txt", "--report", page)
    assert outcome.out.startswith("edited.txt: stop\n")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    read = Reader(page.read_text("utf-8"))
    assert "3 outputs checked" in read.text
    for told in ("edited.txt", "renamed.py", "other.txt", "text.min_run", "open.sbx"):
        assert told in read.text


def test_a_page_that_cannot_be_written_is_said_in_one_line(check, tmp_path):
    outcome = check("open.sbx", "other.txt", "--json", "--report", tmp_path / "none" / "page.html")
    assert "give another --report" in refused(outcome)


def test_a_page_is_not_left_half_written(check, tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"caf\xe9")
    outcome = check("open.sbx", "other.txt", tmp_path / "bad.txt", "--report", tmp_path / "page.html")
    assert outcome.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["bad.txt"]


def test_without_the_extra_a_page_is_refused_with_its_name(check, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    outcome = check("open.sbx", "other.txt", "--report", tmp_path / "page.html")
    assert "pip install 'simblock[report]'" in refused(outcome)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--json", "--format", "text"], "--json is --format json"),
        (["--explain", "--format", "sarif"], "--explain goes with"),
    ],
)
def test_options_that_contradict_each_other_are_refused(check, options, said):
    assert said in refused(check("open.sbx", "other.txt", *options))


def test_text_does_not_go_into_a_file_of_results(check, tmp_path):
    outcome = check("open.sbx", "--jsonl", "rows.jsonl", "--out", tmp_path / "o", "--format", "text")
    assert "--out takes JSON or SARIF" in refused(outcome)


def test_a_stream_leaves_a_page_where_its_report_is_called_html(folder, tmp_path):
    page = tmp_path / "page.html"
    running = process("stream", folder / "open.sbx", "--report", page)
    code, out, _ = finished(running, f"He says: {edited()}".encode())
    assert code == 1
    assert out.startswith(b"He says: ")
    read = Reader(page.read_text("utf-8"))
    assert "standard input" in read.text
    assert "fishwives" in read.text or "ferry" in read.text


def test_a_reader_that_stops_listening_is_no_fault_of_the_page(folder, tmp_path):
    many = tmp_path / "many.jsonl"
    many.write_text((json.dumps({"text": OTHER}) + "\n") * 3000)
    running = process("check", folder / "open.sbx", "--jsonl", many, "--report", tmp_path / "page.html")
    running.stdout.readline()
    running.stdout.close()
    running.stdin.close()
    running.wait(60)
    assert b"--report" not in running.stderr.read()
    running.stderr.close()
