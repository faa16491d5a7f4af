"""A parser that is missing, or another, is told: when an index is built, looked at, and asked."""

import json
import logging

import pytest

from simblock import Guard, code, nodes
from simblock.grammar import grammar
from simblock.policy import Policy
from simblock.server.admin import Admin, Standing
from simblock.stores import open_index
from simblock_indexer import build

SOURCE = grammar("c").syntax.self_test


@pytest.fixture
def without(monkeypatch):
    """Takes a language's parser away, as if it were not installed."""

    def missing(module):
        real = nodes._language
        monkeypatch.setattr(nodes, "_language", lambda name, of: None if name == module else real(name, of))
        monkeypatch.setattr(nodes, "_known", {})
        monkeypatch.setattr(code, "fingerprint", code.fingerprint.__wrapped__)

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
    assert "no parser" in report.lexer_alone["generic"]


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
