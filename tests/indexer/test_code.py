"""Code by the command: built, listed, counted, checked."""

from __future__ import annotations

import json

import pytest

from simblock import cli as simblock_cli
from simblock_indexer.exits import run
from tests.indexer.readers.test_kinds import JAVA, PROSE, PYTHON
from tests.indexer.readers.test_licences import MIT


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    (root / "src").mkdir(parents=True)
    (root / "LICENSE").write_text(MIT)
    (root / "README.md").write_text(PROSE)
    (root / "src/total.py").write_text(PYTHON)
    (root / "src/Total.java").write_text(JAVA)
    return root


@pytest.fixture
def index(index_command, tree, tmp_path):
    path = tmp_path / "tree.sbx"
    assert index_command("build", tree, "--out", path).code == 0
    return path


@pytest.fixture
def check(capsys, monkeypatch):
    monkeypatch.delenv("SIMBLOCK_POLICY", raising=False)

    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run(simblock_cli.app, "simblock", ["check", *map(str, arguments)])
        return int(ended.value.code or 0), capsys.readouterr()

    return call


def test_a_build_says_how_many_works_of_each_language_it_read(index_command, tree, tmp_path):
    found = index_command("build", tree, "--out", tmp_path / "a.sbx", "--json").json
    assert (found["added"], found["languages"]) == (4, {"python": 1, "java": 1})
    assert found["lexemes"] > 60
    shown = index_command("build", tree, "--out", tmp_path / "b.sbx").out
    assert "1 java, 1 python" in shown
    assert f"{found['lexemes']:,}" in shown


def test_code_alone_passes_over_the_rest_and_names_it(index_command, tree, tmp_path):
    found = index_command("build", tree, "--kind", "code", "--out", tmp_path / "x.sbx", "--json").json
    assert (found["added"], found["passed"]) == (2, {"of no known language": 2})
    assert found["passed_names"]["of no known language"] == [f"{tree}/LICENSE", f"{tree}/README.md"]


def test_a_file_of_no_known_language_is_an_error_where_it_is_named(index_command, tree, tmp_path):
    outcome = index_command("build", tree / "README.md", "--kind", "code", "--out", tmp_path / "x.sbx")
    assert outcome.code == 2
    assert outcome.err == (
        f"simblock-index: {tree}/README.md: code of no known language: "
        "say its language, in a column or by --language, or leave out the kind\n"
    )
    assert not (tmp_path / "x.sbx").exists()


def test_text_alone_makes_texts_of_code(index_command, tree, tmp_path):
    found = index_command("build", tree, "--kind", "text", "--out", tmp_path / "x.sbx", "--json").json
    assert (found["added"], found["languages"], found["lexemes"]) == (4, {}, 0)


def test_code_that_is_added_again_as_text_is_text(index_command, index, tree):
    assert index_command("add", index, tree, "--kind", "text", "--json").json["replaced"] == 2
    rows = index_command("list", index, "--json").rows
    assert {(row["kind"], row["language"]) for row in rows} == {("text", None)}


def test_the_list_shows_languages_and_lexemes_where_there_is_code(index_command, index):
    rows = {row["id"]: row for row in index_command("list", index, "--json").rows}
    java, readme = rows["tree/src/Total.java"], rows["tree/README.md"]
    assert (java["kind"], java["language"], java["words"], java["license"]) == ("code", "java", None, "MIT")
    assert (readme["kind"], readme["language"], readme["lexemes"]) == ("text", None, None)
    head, *lines = (line.split() for line in index_command("list", index).out.splitlines())
    assert head[:6] == ["id", "title", "words", "lexemes", "language", "added"]
    assert ["tree/src/Total.java", str(java["lexemes"]), "java"] in [line[:3] for line in lines]


def test_a_work_of_code_is_shown_with_its_lexemes(index_command, index):
    shown = index_command("show", index, "tree/src/total.py").out
    assert [line.split()[0] for line in shown.splitlines() if "python" in line or "lexemes" in line] == [
        "language",
        "lexemes",
    ]
    assert "words" not in shown


def test_sizes_are_given_for_each_word_and_lexeme(index_command, index, tree, tmp_path):
    both = index_command("stat", index, "--json").json
    assert both["bytes_a_word"] is None
    assert both["bytes_a_lexeme"] is None
    assert both["words"] > 60 < both["lexemes"]
    assert "bytes a word or lexeme" in index_command("stat", index).out
    index_command("build", tree, "--kind", "code", "--out", tmp_path / "code.sbx")
    code = index_command("stat", tmp_path / "code.sbx", "--json").json
    assert code["words"] == 0
    assert code["bytes_a_lexeme"] == round(code["bytes"] / code["lexemes"], 2)


def test_adding_the_same_tree_again_changes_nothing_and_another_licence_its_metadata(
    index_command, index, tree
):
    assert index_command("add", index, tree, "--json").json["untouched"] == 4
    (tree / "LICENSE").write_text(PROSE)
    (tree / "package.json").write_text('{"license": "ISC"}')
    found = index_command("add", index, tree, "--json").json
    assert (found["metadata"], found["replaced"], found["added"]) == (3, 1, 1)


def test_rows_of_code_say_their_language_or_have_it_found(index_command, tmp_path):
    rows = [
        {"id": "a", "text": PYTHON, "kind": "code", "language": "Python"},
        {"id": "b", "text": JAVA, "kind": "code"},
        {"id": "c", "text": JAVA + "\n", "kind": "auto"},
        {"id": "d", "text": PROSE, "language": "en"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    index_command("build", path, "--out", tmp_path / "x.sbx")
    found = {row["id"]: row["language"] for row in index_command("list", tmp_path / "x.sbx", "--json").rows}
    assert found == {"a": "python", "b": "java", "c": "java", "d": "en"}


RENAMED = PYTHON
for old, new in (("total", "summed"), ("values", "numbers"), ("value", "one"), ("result", "so_far")):
    RENAMED = RENAMED.replace(old, new)


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("answer.py", (), 1),
        ("answer", (), 1),  # by its content
        ("answer.txt", ("--language", "py"), 1),
        ("answer.py", ("--kind", "text"), 0),
    ],
)
def test_a_renamed_copy_in_a_file_is_found_by_its_language(check, index, tmp_path, name, options, code):
    policy = tmp_path / "policy.toml"
    policy.write_text("[code]\nmin_run = 40\n")
    (tmp_path / name).write_text(RENAMED)
    ended, (out, _) = check(index, tmp_path / name, "--policy", policy, "--json", *options)
    assert ended == code
    assert [match["kind"] for match in json.loads(out)["matches"]] == ["code"] * code


def test_rows_are_checked_as_what_they_say_they_are(check, index, tmp_path):
    rows = [
        {"id": "code", "text": RENAMED, "kind": "code", "language": "python"},
        {"id": "found", "text": RENAMED, "kind": "code"},
        {"id": "text", "text": RENAMED, "kind": "text"},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "policy.toml").write_text("[code]\nmin_run = 40\n")
    ended, (out, _) = check(index, "--jsonl", tmp_path / "rows.jsonl", "--policy", tmp_path / "policy.toml")
    results = map(json.loads, out.splitlines())
    assert ended == 1
    assert [row["decision"] for row in results] == ["stop", "stop", "release"]
