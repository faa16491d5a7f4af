"""A parser that is missing, or another, is told: when an index is built, looked at, and asked."""

import json
import logging
import re
import tomllib
from importlib import metadata, util
from pathlib import Path

import pytest

from simblock import Guard, nodes, stamps
from simblock.commands import doctor
from simblock.grammar import grammar, languages
from simblock.policy import Policy
from simblock.server.admin import Admin, Standing
from simblock.stores import open_index
from simblock_indexer import build
from simblock_indexer.readers import ReadOptions

SOURCE = grammar("c").syntax.self_test
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture
def without(monkeypatch):
    """Takes a language's parser away, as if it were not installed."""

    def missing(module):
        real = nodes._language
        monkeypatch.setattr(nodes, "_language", lambda name, of: None if name == module else real(name, of))
        monkeypatch.setattr(nodes, "_known", {})
        monkeypatch.setattr(stamps, "stamp_of", stamps.stamp_of.__wrapped__)

    return missing


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "works").mkdir()
    (tmp_path / "works" / "a.c").write_text(SOURCE)
    return tmp_path / "works"


def test_a_build_without_a_parser_says_so_once_a_language(folder, without, tmp_path):
    without("tree_sitter_c")
    (folder / "b.c").write_text(SOURCE + "int more;\n")
    report = build([folder], tmp_path / "x.sbx")
    assert report.languages == {"c": 2}
    assert list(report.lexer_alone) == ["c"]
    assert "pip install tree-sitter-c, or 'simblock[languages]'" in report.lexer_alone["c"]


def test_a_build_with_all_parsers_says_nothing(folder, tmp_path):
    report = build([folder], tmp_path / "x.sbx")
    assert (report.lexer_alone, report.generic) == ({}, {})


def test_works_of_languages_without_a_grammar_are_counted_by_the_ends_of_their_names(folder, tmp_path):
    for name in ("a.nim", "b.nim", "c.ml"):
        (folder / name).write_text(f"const {name[0]} = load(1, 2, 3) + {name[0]};\n" * 9)
    report = build([folder], tmp_path / "x.sbx")
    assert report.generic == {".nim": 2, ".ml": 1}
    assert report.lexer_alone["generic"] == "read by its lexer, as it has no parser"


def test_pages_that_are_read_as_text_are_counted_in_the_report_unless_that_was_asked_for(folder, tmp_path):
    for name in ("a.html", "b.HTM", "c.txt"):
        (folder / name).write_text("<p>What is said here is said once, and nowhere else.</p>\n" * 3 + name)
    report = build([folder], tmp_path / "x.sbx")
    assert report.notes == ("2 pages (.html) read as text: --kind code for their scripts",)
    assert report.languages == {"c": 1}
    for kind in ("text", "code"):
        assert build([folder], tmp_path / f"{kind}.sbx", options=ReadOptions(kind=kind)).notes == ()


def test_an_index_of_code_whose_parser_is_gone_warns_and_finds_verbatim_code(
    folder, without, tmp_path, caplog
):
    build([folder], tmp_path / "x.sbx")
    without("tree_sitter_c")
    with caplog.at_level(logging.WARNING, "simblock"):
        guard = Guard(open_index(tmp_path / "x.sbx"), Policy())
    assert len(caplog.messages) == 1
    assert "code of c is looked for by exact runs of lexemes alone" in caplog.messages[0]
    (refusals,) = guard.refused.values()
    assert [refusal.views for refusal in refusals] == [("syntax",)]
    assert guard.check(SOURCE, kind="code", language="c").decision == "stop"
    body = json.loads(Admin(lambda: guard, Standing())._ready().body)
    assert body["ready"]
    assert "c is looked for by exact runs" in next(iter(body["refused"].values()))[0]


def test_a_guard_of_what_is_read_as_before_says_nothing(folder, tmp_path, caplog):
    build([folder], tmp_path / "x.sbx")
    with caplog.at_level(logging.WARNING, "simblock"):
        assert Guard(open_index(tmp_path / "x.sbx"), Policy()).refused == {}
    assert not caplog.messages


def test_stat_and_doctor_show_what_is_refused(index_command, folder, without, tmp_path):
    path = str(tmp_path / "x.sbx")
    build([folder], path)
    assert index_command("stat", path, "--json").json["refused"] == []
    without("tree_sitter_c")
    (told,) = index_command("stat", path, "--json").json["refused"]
    assert (told["language"], told["views"], told["reason"]) == ("c", ["syntax"], "its parser is missing")
    assert "warning: code of c" in index_command("stat", path).out


@pytest.fixture
def page(tmp_path):
    (tmp_path / "pages").mkdir()
    body = "<template><p>one</p></template>\n" * 9 + "<script lang='ts'>const a: number = f(1, b)</script>\n"
    (tmp_path / "pages" / "a.vue").write_text(body)
    return tmp_path / "pages"


def test_a_build_of_pages_without_the_parser_of_their_scripts_says_so(page, without, tmp_path):
    without("tree_sitter_typescript")
    report = build([page], tmp_path / "x.sbx")
    assert report.languages == {"html": 1}
    assert report.lexer_alone == {
        "html": "tsx and typescript in it found by exact runs of lexemes alone: near copies of tsx and typescript need a "
        "parser: pip install tree-sitter-typescript, or 'simblock[languages]' for all"
    }


def test_a_build_of_pages_with_the_parsers_of_their_scripts_says_nothing(page, tmp_path):
    assert build([page], tmp_path / "x.sbx").lexer_alone == {}


def test_an_index_of_pages_whose_scripts_parser_is_gone_names_its_version(
    index_command, page, without, tmp_path
):
    path = str(tmp_path / "x.sbx")
    build([page], path)
    version = metadata.version("tree-sitter-typescript")
    assert index_command("stat", path, "--json").json["refused"] == []
    without("tree_sitter_typescript")
    (told,) = index_command("stat", path, "--json").json["refused"]
    assert (told["language"], told["views"], told["reason"]) == ("html", ["syntax"], "its parser is missing")
    assert (
        told["mend"] == f"pip install 'tree-sitter-typescript=={version}', or 'simblock[languages]' for all"
    )


def test_pages_that_were_read_without_a_parser_that_is_here_are_to_be_built_again(
    index_command, page, without, tmp_path, monkeypatch
):
    path = str(tmp_path / "x.sbx")
    without("tree_sitter_typescript")
    build([page], path)
    monkeypatch.undo()
    (told,) = index_command("stat", path, "--json").json["refused"]
    assert told["reason"] == "its works were read without a parser"


def test_the_doctor_says_of_each_language_which_parsers_read_it(without):
    whole = doctor.examine()["languages"]
    assert whole["python"] == f"tree-sitter-python {metadata.version('tree-sitter-python')}"
    assert whole["css"] == "lexer alone: there is no parser"
    assert "lexer alone; in it javascript: tree-sitter-javascript 0." in whole["html"]
    assert "; in it tsx and typescript: tree-sitter-typescript 0." in whole["html"]
    without("tree_sitter_typescript")
    found = doctor.examine()["languages"]
    need = "pip install tree-sitter-typescript, or 'simblock[languages]' for all"
    assert (
        f"tsx and typescript: lexer alone: near copies of tsx and typescript need a parser: {need}"
        in found["html"]
    )
    assert found["typescript"] == f"lexer alone: near copies of typescript need a parser: {need}"


def test_the_doctor_counts_for_the_extra_of_languages_its_own_parsers_alone(monkeypatch):
    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "tree_sitter_c" else real(name))
    assert doctor.examine()["extras"]["languages"].startswith("installed")
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "tree_sitter_lua" else real(name))
    assert doctor.examine()["extras"]["languages"].startswith("not installed")


def modules(requirements):
    return {re.match(r"[\w.-]+", one)[0].replace("-", "_") for one in requirements}


def test_the_doctor_knows_the_extras_that_there_are_and_all_that_they_bring():
    extras = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["optional-dependencies"]
    del extras["all"]
    assert {extra: set(brought) for extra, (brought, _) in doctor.EXTRAS.items()} == {
        extra: modules(requirements) for extra, requirements in extras.items()
    }


def test_the_extra_of_languages_has_the_parsers_of_grammars_that_do_not_come_with_simblock():
    core = modules(tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"])
    named = {grammar(language).syntax.module for language in languages()} - {""}
    assert set(doctor.EXTRAS["languages"][0]) == named - core
