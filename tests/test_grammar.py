"""Grammars: what is shipped loads and means what it says; what is wrong is named with its file and field."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from simblock import grammar as grammars
from simblock.errors import MissingParser, SimblockError
from simblock.grammar import (
    Blanked,
    Block,
    DetectTable,
    Embedded,
    Grammar,
    LexerTable,
    SyntaxTable,
    folder,
    grammar,
    languages,
)
from simblock.lexer import Lexer
from simblock.nodes import lookups_of
from simblock.tokens import NAME_KEY

LANGUAGES = languages()


def test_the_languages_are_the_files() -> None:
    assert {"c", "java", "javascript", "python"} <= set(LANGUAGES)
    assert [path.stem for path in sorted(folder().glob("*.toml"))] == list(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_is_named_for_its_language(language: str) -> None:
    assert grammar(language).name == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_keywords_are_no_names_and_builtins_are(language: str) -> None:
    rules = grammar(language)
    assert not rules.keywords & rules.builtins
    keys = Lexer(rules).tokens(" ".join(sorted(rules.keywords))).keys
    assert len(keys) == len(rules.keywords)
    assert (keys < NAME_KEY).all()
    assert (Lexer(rules).tokens(" ".join(sorted(rules.builtins))).keys >= NAME_KEY).all()


@pytest.mark.parametrize("language", LANGUAGES)
def test_operators_have_several_characters_and_stay_one_lexeme(language: str) -> None:
    operators = grammar(language).lexer.operators
    assert all(len(mark) > 1 for mark in operators)
    assert len(set(operators)) == len(operators)
    assert len(Lexer(grammar(language)).tokens(" x".join(operators))) == 2 * len(operators) - 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_expressions_have_no_groups_of_their_own(language: str) -> None:
    table = grammar(language).lexer
    parts = [table.numbers, table.name_escapes]
    for block in table.blocks:
        parts += [block.open, block.tail, block.after, block.holds]
    assert all(re.compile(part).groups == 0 for part in parts)


@pytest.mark.parametrize("field", ["names", "extension"])
def test_an_unknown_field_is_named_with_its_file(field: str, tmp_path, monkeypatch) -> None:
    text = (folder() / "c.toml").read_text("utf-8")
    (tmp_path / "c.toml").write_text(f'{field} = "x"\n{text}', "utf-8")
    with pytest.raises(SimblockError, match=rf"c\.toml: {field}: "):
        read_from(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("open = '//'", "open = '(//'", r"lexer\.blocks\.0\.open: .*not a regular expression"),
        ("open = '//'", "open = '(//)'", r"lexer\.blocks\.0\.open: .*no groups"),
        ("open = '//'", "open = '/*'", r"lexer\.blocks\.0\.open: .*match nothing"),
        ("open = '//'", "open = '//'\none_line = true", r"lexer\.blocks\.0: .*needs a close"),
        ("open = '//'", "open = '//'\nbrackets = '[]'", r"lexer\.blocks\.0: .*one_line"),
        ("open = '//'", "open = '//'\nmost = 1", r"lexer\.blocks\.0: .*one_line"),
        ("open = '//'", "open = '//'\nholes = '${'", r"lexer\.blocks\.0: .*close of one character"),
        (
            'kind = "comment"',
            'kind = "string"',
            r"lexer\.blocks\.0: .*a string needs a close: the line's end is \\n",
        ),
        ('kind = "comment"', 'kind = "remark"', r"lexer\.blocks\.0\.kind: "),
        ('name = "c"', "name = c", "not TOML"),
        ("keywords = [", 'keywords = "do"\nkeyword = [', "keywords: it should be a list of strings"),
        (
            'members_after = [".", "->", "::"]',
            'members_after = "."',
            r"lexer\.members_after: it should be a list of strings",
        ),
        (
            "[syntax]",
            '[syntax]\nblanked = { open = "/*", close = ["*/", "?>"], shown = ";" }',
            r"syntax: .*blanked: no comment of \[lexer\]",
        ),
        (
            "[syntax]",
            '[syntax]\nblanked = { open = "//", close = [""], shown = ";" }',
            r"syntax: .*blanked: no comment of \[lexer\]",
        ),
        (
            "[syntax]",
            '[syntax]\nblanked = { open = "/*", close = ["*/"], shown = "; ;" }',
            r"syntax\.blanked: .*shown is longer than open",
        ),
        ("[lexer]", 'embedded = "do"\n[lexer]', "embedded: it should be tables"),
    ],
)
def test_a_bad_value_is_named_with_its_file(old: str, new: str, says: str, tmp_path, monkeypatch) -> None:
    text = (folder() / "c.toml").read_text("utf-8")
    assert old in text
    (tmp_path / "c.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SimblockError, match=rf"c\.toml: {says}"):
        read_from(tmp_path, monkeypatch)


def test_a_node_kind_that_is_misspelled_is_named_with_its_file() -> None:
    rules = grammar("c")
    table = rules.syntax.model_copy(update={"statements": (*rules.syntax.statements, "for_statment")})
    misspelled = rules.model_copy(update={"name": "c of a test", "syntax": table})
    said = r"grammars/c of a test\.toml: syntax: this version has no nodes for \(for_statment\) @statement, or the grammar mis"
    with pytest.raises(MissingParser, match=said):
        lookups_of(misspelled)


def test_blanks_are_for_a_parser() -> None:
    with pytest.raises(ValueError, match="blanked is for what a parser sees: name its module too"):
        SyntaxTable(blanked=Blanked(open="?>", close=("<?",), shown=";"))


def test_a_language_without_a_grammar_is_told_which_there_are() -> None:
    with pytest.raises(SimblockError, match=rf"no grammar of cobol: there are {', '.join(languages())}"):
        grammar("cobol")


def test_what_is_shipped_is_data_only() -> None:
    for path in folder().glob("*.toml"):
        said = tomllib.loads(path.read_text("utf-8"))
        assert said.get("lexer") or said.get("like")
    assert {path.suffix for path in folder().iterdir()} <= {".toml", ".md"}


def read_from(place, monkeypatch) -> None:
    monkeypatch.setattr(grammars, "folder", lambda: place)
    grammar.__wrapped__("c")


def test_what_a_file_leaves_unsaid_is_as_in_the_language_it_is_like() -> None:
    typescript, tsx = grammar("typescript"), grammar("tsx")
    assert tsx.lexer == typescript.lexer == grammar("javascript").lexer
    assert tsx.syntax.module == typescript.syntax.module
    assert tsx.syntax.function != typescript.syntax.function
    assert not set(tsx.extensions) & set(typescript.extensions)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "c"', 'name = "d"', "name: .*'c'"),
        ('name = "c"', 'name = "c"\nlike = "klingon"', "like: .*no grammar of 'klingon'"),
        ("[lexer]", '[[embedded]]\nopen = "<x>"\nclose = "</x>"\nlanguage = "klingon"\n\n[lexer]', "embedded.0.language: "),
        ("[lexer]", '[[embedded]]\nopen = "<x>"\nclose = ["</x>", "--"]\n\n[lexer]', "embedded.0.close: .*begin alike"),
        ("[lexer]", '[[embedded]]\nopen = "<x>"\nclose = ""\n\n[lexer]', "embedded.0.close: .*begin alike"),
        ("[detect]", "[detect]\nstong = []", "detect.stong: "),
        ("extensions =", "extension =", "extension"),
    ],
)  # fmt: skip
def test_a_name_that_is_none_is_told_with_its_file(
    old: str, new: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (folder() / "c.toml").read_text("utf-8")
    (tmp_path / "c.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SimblockError, match=rf"c\.toml: {says}"):
        read_from(tmp_path, monkeypatch)


@pytest.mark.parametrize("table", [Grammar, LexerTable, Block, SyntaxTable, Blanked, DetectTable, Embedded])
def test_every_field_of_a_grammar_is_described_beside_the_grammars(table: type[BaseModel]) -> None:
    page = (folder() / "README.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| (`.*?) \| ", page)
    described = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    described |= set(re.findall(r"(?m)^(?:## )?`\[+(?:lexer\.)?(\w+)\]+`", page))
    assert not set(table.model_fields) - described
