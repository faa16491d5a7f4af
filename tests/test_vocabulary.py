"""The tables of public members and of commonplace shingles."""

from __future__ import annotations

import importlib.util
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import code_rules
from benchmarks.code_corpus import packages
from simblock import vocabulary
from simblock.errors import SimblockError
from simblock.grammar import SyntaxTable, grammar, languages
from simblock.lexer import ARGUMENT, Lexer, lexeme_view
from simblock.scheme import CODE_CHANNELS
from simblock.shingles import numbered
from simblock.syntax import parse
from simblock.tokens import MEMBER_KEY, NAME_KEY, U32, U64
from simblock.vocabulary import (
    BACKGROUND_DOCUMENTS,
    UNKNOWN_DOCUMENTS,
    commonplace,
    documents_with,
    documents_with_each,
    members,
    token_key,
)

TABLES = files("simblock").joinpath("tables")
LANGUAGES = ("c", "java", "javascript", "python")
LENGTHS = {channel.n for channel in CODE_CHANNELS if channel.role != "signature"}

COUNTED_LOOPS = {
    "c": "for (i = 0; i < n; i++) { total += i; }",
    "java": "for (int i = 0; i < n; i++) { total += i; }",
    "javascript": "for (let i = 0; i < all.length; i++) { total += all[i]; }",
}
CONSTRUCTOR = "class A:\n    def __init__(self, width, height):\n        self.width = width\n"


def table(name: str) -> list[str]:
    return TABLES.joinpath(name).read_text("utf-8").splitlines()


@cache
def rows(language: str) -> list[list[str]]:
    return written_out(table(f"commonplace-{language}.txt"))


def written_out(lines: list[str]) -> list[list[str]]:
    """Each row's documents and all its tokens."""
    found: list[list[str]] = []
    for row in lines:
        if not row.startswith("#"):
            documents, shared, *rest = row.split(" ")
            found.append([documents, *(found[-1][1 : 1 + int(shared)] if found else []), *rest])
    return found


def keys_of(tokens: list[str]) -> U32:
    return np.array([token_key(token) for token in tokens], np.uint32)


def lexeme_shingles(language: str, text: str, n: int) -> U64:
    return numbered(lexeme_view(Lexer(grammar(language)).tokens(text).keys), n)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(__file__).parent.parent / "scripts" / "make_code_tables.py"
    spec = importlib.util.spec_from_file_location("make_code_tables", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- members -------------------------------------------------------------------------------------------------


def test_public_members_are_those_everybody_calls() -> None:
    assert {"append", "join", "items"} <= members("python")
    assert {"equals", "hashCode", "toString"} <= members("java")
    assert {"length", "prototype", "push"} <= members("javascript")
    assert {"name", "next", "size"} <= members("c")


def test_a_language_without_tables_has_empty_ones() -> None:
    assert members("cobol") == members("../en") == frozenset()
    assert len(commonplace("cobol").keys) == 0
    assert documents_with("cobol", 1) == UNKNOWN_DOCUMENTS
    assert documents_with_each("cobol", np.array([1, 2], np.uint64)).tolist() == [UNKNOWN_DOCUMENTS] * 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_members_are_names_sorted_and_not_too_many(language: str) -> None:
    names = [row for row in table(f"members-{language}.txt") if not row.startswith("#")]
    assert names == sorted(set(names))
    assert all(name.isidentifier() for name in names)
    assert 200 < len(names) <= 20_000


def test_tables_are_made_in_pairs_and_of_languages_with_a_grammar_and_a_background() -> None:
    made = {path.name for path in TABLES.iterdir() if path.name.startswith(("members-", "commonplace-"))}
    named = {name.partition("-")[2].removesuffix(".txt") for name in made if name.startswith("commonplace-")}
    assert set(LANGUAGES) <= named <= set(languages())
    for language in named:
        # With a table of members, classes of stylesheets would be literal, and renaming a common one would show.
        assert (f"members-{language}.txt" in made) == (language != "css")
        assert code_rules.rules(language).background
        assert len(commonplace(language).keys), language


def test_the_script_has_more_rows_of_the_nine_core_languages(script: ModuleType) -> None:
    assert set(script.CORE) == set(code_rules.CORE)
    assert all(script.OTHER_ROWS[channel] < most for channel, most in script.ROWS.items())


def test_without_a_parser_a_member_counts_once_a_file(script: ModuleType, sources: Path) -> None:
    plain = grammar("c").model_copy(update={"syntax": SyntaxTable()})
    made = script.members(str(sources), plain)
    assert "in 4 files:" not in made.splitlines()[0]
    assert [line for line in made.splitlines() if line and not line.startswith("#")] == []
    assert script._functions(plain)("int f() { }") == []
    none = grammar("c").syntax.model_copy(update={"functions": ()})
    nameless = grammar("c").model_copy(update={"syntax": none})
    with pytest.raises(SimblockError, match=r"grammars/c\.toml: syntax\.functions"):
        script.members(str(sources), nameless)


def test_all_tables_say_where_they_are_from_and_are_small() -> None:
    size = 0
    for language in LANGUAGES:
        for kind in ("members", "commonplace"):
            lines = table(f"{kind}-{language}.txt")
            size += sum(len(line.encode()) + 1 for line in lines)
            head = " ".join(line for line in lines if line.startswith("# "))
            assert "scripts/make_code_tables.py on 20" in head
            assert "no code of the packages" in head
    assert size < 2_000_000


# --- commonplace shingles ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_are_shingles_of_the_numbered_channels(language: str) -> None:
    found = rows(language)
    assert {len(row) - 1 for row in found} == LENGTHS
    assert all(1 <= float(row[0]) <= BACKGROUND_DOCUMENTS for row in found)
    frequencies = commonplace(language)
    assert len(frequencies.keys) == len(found) > 20_000
    assert (np.diff(frequencies.keys.astype(object)) > 0).all()
    assert frequencies.documents.min() > UNKNOWN_DOCUMENTS


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_of_a_row_are_numbered_as_they_come(language: str) -> None:
    for _, *tokens in rows(language)[::50]:
        for mark in "$.":
            numbers = [int(token[1:]) for token in tokens if token[0] == mark and token[1:].isdecimal()]
            assert list(dict.fromkeys(numbers)) == list(range(len(set(numbers)))), tokens


@given(st.data())
def test_a_shingle_is_found_however_its_names_are_spelled(data: st.DataObject) -> None:
    language = data.draw(st.sampled_from(LANGUAGES))
    count, *tokens = data.draw(st.sampled_from(rows(language)))
    keys = keys_of(tokens)
    spelled = data.draw(
        st.lists(st.integers(0, 0x3FFF_FFFF), min_size=len(keys), max_size=len(keys), unique=True)
    )
    names = keys >= NAME_KEY
    renamed = np.array([spelled[int(key) & 0xFF] for key in keys[names]], np.uint32)
    keys[names] = (keys[names] & np.uint32(NAME_KEY | MEMBER_KEY)) | renamed
    shingle = numbered(keys, len(keys))
    assert documents_with_each(language, shingle).tolist() == [float(count)]
    assert documents_with(language, int(shingle[0])) == float(count)


@pytest.mark.parametrize("language", COUNTED_LOOPS)
def test_a_counted_loop_is_commonplace(language: str) -> None:
    assert documents_with_each(language, lexeme_shingles(language, COUNTED_LOOPS[language], 15)).max() > 100


def test_a_constructor_is_commonplace_as_syntax() -> None:
    found = documents_with_each("python", numbered(parse(CONSTRUCTOR, grammar("python")).tokens.keys, 10))
    assert found.max() > 1_000


def test_what_no_table_holds_counts_half_a_document() -> None:
    odd = lexeme_shingles("c", "a ^= b << 3 ^ c >> 5 ^ ~d % e; goto *f; { } ] [ ; ; ^ ^", 15)
    assert set(documents_with_each("c", odd).tolist()) == {UNKNOWN_DOCUMENTS}
    assert documents_with_each("c", np.empty(0, np.uint64)).tolist() == []


def test_no_two_kinds_of_token_read_alike() -> None:
    spellings = [
        "string",
        "\\string",
        ".string",
        "string()",
        ".",
        "()",
        "(",
        "\\",
        ".0",
        "$0",
        "$1",
        ".1",
        "$",
    ]
    assert len({token_key(spelling) for spelling in spellings}) == len(spellings)
    assert token_key("$0") & token_key(".0") & NAME_KEY
    assert token_key(".0") & MEMBER_KEY
    assert token_key(".string") < MEMBER_KEY
    assert token_key("\\argument") == ARGUMENT


@pytest.mark.parametrize("row", ["many 0 ( ;", "12 0  ;", "12 3 ;", "12 2", "12 -1 ; ; ;", "12"])
def test_a_spoilt_row_is_named(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "_rows", lambda *_: ["7 0 $0 ;", row])
    with pytest.raises(SimblockError, match=r"commonplace-spoilt\.txt has a row that is not as"):
        commonplace("spoilt")


# --- the script ----------------------------------------------------------------------------------------------


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for number in range(4):
        package = tmp_path / "c" / "background" / f"package-{number}.0"
        package.mkdir(parents=True)
        functions = [
            f"int f{i}(struct s *p) {{ p->shared = {number}; p->own{number} = 1; }}" for i in range(10)
        ]
        (package / "a.c").write_text("\n".join(functions) + f"/* {number} */" + f"\nint v{number};")
        (package / "copy.c").write_text((package / "a.c").read_text())
        (package / "README").write_text("x.readme " * 50)
    return tmp_path


def test_members_of_few_packages_are_left_out(script: ModuleType, sources: Path) -> None:
    lines = script.members(str(sources), grammar("c")).splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["shared"]
    assert "40 functions in 4 files:" in lines[1]
    assert lines[2] == "# package-0.0, package-1.0, package-2.0, package-3.0."


def test_a_package_is_one_project_and_each_module_of_the_jdk_is_one(
    script: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "java" / "background"
    for number, path in enumerate(
        [
            "openjdk-17-source/java.rmi/a",
            "openjdk-17-source/jdk.jfr/b",
            "detox/c",
            "react-native-firebase-app/d/e",
        ]
    ):
        (folder / path).mkdir(parents=True)
        (folder / path / "A.java").write_text(f"class A{number} {{}}")
    found = script.sources(str(tmp_path), grammar("java"))
    assert [source.project for source in found] == [
        "detox", "openjdk-17-source/java.rmi", "openjdk-17-source/jdk.jfr", "react-native-firebase-app",
    ]  # fmt: skip
    assert script.versions(str(tmp_path), grammar("java")) == [
        "detox 18.23.1", "openjdk-17-source (java.rmi, jdk.jfr)", "@react-native-firebase/app 18.9.0",
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_head_of_a_table_names_every_package_of_the_background(language: str) -> None:
    listed = [
        package for package in packages() if (package.language, package.part) == (language, "background")
    ]
    for kind in ("members", "commonplace"):
        head = " ".join(line for line in table(f"{kind}-{language}.txt") if line.startswith("#"))
        named = head.replace("@", "").replace("/", "-")
        assert [package.name for package in listed if package.name not in named] == []
        folders = [
            folder.split("/")[0] for package in listed for folder in package.folders if "jdk" in package.name
        ]
        assert [folder for folder in folders if folder not in named] == []


def test_an_arguments_name_counts_as_a_members_and_once_in_a_function(script: ModuleType) -> None:
    text = "def f(a, b=1):\n    return c.d(a, d=2).d\ndef g():\n    c(d=1)\n"
    starts = np.array([0, text.index("def g")])
    assert sorted(script._members_of(Lexer(grammar("python")).tokens(text), starts, text)) == ["b", "d", "d"]


def test_arguments_are_one_token_of_the_lexemes_and_members_of_the_syntax_in_the_tables() -> None:
    tokens = {len(row) - 1: set[str]() for row in rows("python")}
    for _, *row in rows("python"):
        tokens[len(row)].update(row)
    assert {n: "\\argument" in found for n, found in tokens.items()} == {15: True, 10: False}
    assert {n: ".axis" in found for n, found in tokens.items()} == {15: False, 10: True}


def test_shingles_of_many_packages_are_counted_in_documents(script: ModuleType, sources: Path) -> None:
    made = script.commonplace(str(sources), grammar("c"))
    assert made == script.commonplace(str(sources), grammar("c"))
    found = written_out(made.splitlines())
    assert {len(row) - 1 for row in found} == LENGTHS
    assert (
        len({row[0] for row in found if len(row) == 16}) == 1
    )  # each stands once in each file's one document
    assert any({"struct", "->"} <= set(row) for row in found)
