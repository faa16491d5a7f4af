"""The language of a text, by its name, its tag and its lines."""

import re
import shutil
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pytest

from simblock.catalogue import claimed, known_leanings, listed
from simblock.detection import Evidence, Look, by_content, by_name, by_tag, is_recognised, look
from simblock.errors import SimblockError
from simblock.grammar import folder, grammar, languages
from simblock.regions import CONTRARY
from tests.languages.cases import cases


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("", None),
        ("  ", None),
        ("text", None),
        ("output", None),
        ("cython-like", None),
        ("python", "python"),
        (" Python3 ", "python"),
        ("{.python}", "python"),
        ("{ .js .numberLines startFrom=3 }", "javascript"),
        ('python title="x.py"', "python"),
        ("py:run", "python"),
        ("java,linenos", "java"),
        ("language-c", "c"),
        ("JAVA", "java"),
        ("C++", "cpp"),
        ("jsx", "javascript"),
        ("src/main.c", "c"),
    ],
)
def test_a_tag_names_its_language_in_every_form(tag: str, language: str | None) -> None:
    assert by_tag(tag) == language


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("README", None),
        ("notes.txt", None),
        ("py", None),
        ("a/b/c.py", "python"),
        ("X.JAVA", "java"),
        ("lib/index.mjs", "javascript"),
        ("include/x.h", "c"),
    ],
)
def test_a_name_shows_the_language_by_its_extension(path: str, language: str | None) -> None:
    assert by_name(path) == language


def test_no_tag_or_extension_belongs_to_two_languages() -> None:
    for field in ("tags", "extensions", "interpreters"):
        owners = {(name, rules.name) for rules in listed() for name in getattr(rules, field)}
        if field == "tags":
            owners |= {(language, language) for language in languages()}
        names = Counter(name for name, _ in owners)
        assert [pair for pair in sorted(owners) if names[pair[0]] > 1] == []


@pytest.fixture
def with_another_grammar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], None]]:
    """Adds a grammar of a language, with lines of its own, to those there are."""
    caches = (grammar, languages, claimed)

    def add(language: str, lines: str) -> None:
        for path in folder().glob("*.toml"):
            shutil.copy(path, tmp_path)
        text = f'name = "{language}"\ntags = []\nextensions = []\nkeywords = []\nlike = "c"\n'
        for line in lines.splitlines():
            text = re.sub(rf"(?m)^{line.split()[0]} = .*\n", "", text) + line + "\n"
        (tmp_path / f"{language}.toml").write_text(text, "utf-8")
        monkeypatch.setattr("simblock.grammar.folder", lambda: tmp_path)
        monkeypatch.setattr("simblock.catalogue.folder", lambda: tmp_path)
        for cache in caches:
            cache.cache_clear()

    yield add
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize("language", ["elixir", "kobold"])
def test_what_generic_has_too_is_another_languages(
    language: str, with_another_grammar: Callable[[str, str], None]
) -> None:
    tags = {"elixir": "[]", "kobold": '["elixir"]'}[language]
    with_another_grammar(language, f'tags = {tags}\nextensions = [".ex"]\ninterpreters = ["nim"]')
    assert by_tag("elixir") == by_name("a.ex") == by_content("#!/usr/bin/env nim\n") == language


@pytest.mark.parametrize(
    ("field", "name"),
    [("tags", "golang"), ("tags", "c"), ("extensions", ".go"), ("interpreters", "python")],
)
def test_what_two_languages_claim_is_refused_with_both_files(
    field: str, name: str, with_another_grammar: Callable[[str, str], None]
) -> None:
    with_another_grammar("kobold", f'{field} = ["{name}"]')
    owner = {"golang": "go", ".go": "go"}.get(name, name)
    files = " and ".join(f"{one}.toml" for one in sorted([owner, "kobold"]))
    with pytest.raises(
        SimblockError, match=rf"{files}: {field}: both have '{name}': leave it in one of them"
    ):
        by_content("#!/bin/kobold\n") if field == "interpreters" else (by_tag(name), by_name(f"a{name}"))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", None),
        ("#!/bin/sh\necho x\n", "bash"),
        ("#!/usr/bin/env python3\n", "python"),
        ("#!/usr/bin/python3.11 -u\n", "python"),
        ("#!/usr/bin/env -S node --harmony\n", "javascript"),
        ("Dear all,\n\nthe import of goods is (still) free; return to the office.\n", None),
        ("import os\n\nfor name in os.listdir():\n    print(name)\n", "python"),
        ("package a.b;\n\npublic class X {\n}\n", "java"),
        ("#include <stdio.h>\n\nint main(void)\n{\n    return 0;\n}\n", "c"),
        ("const fs = require('fs');\n\nmodule.exports = () => fs;\n", "javascript"),
        ("name,size\nx,1\ny,2\n", None),
        ("[section]\nkey: value with words\nother: more\n", None),
    ],
)
def test_a_file_shows_its_language_by_what_it_holds(text: str, language: str | None) -> None:
    assert by_content(text) == language


def test_the_standard_library_is_told_from_prose_and_from_other_languages() -> None:
    texts = [
        path.read_text("utf-8", "replace") for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    ]
    found = [by_content(text) for text in texts if len(text) > 500]
    assert len(found) > 100
    assert set(found) <= {"python", None}
    assert found.count("python") > 0.95 * len(found)


def test_a_long_licence_does_not_hide_the_code_below_it() -> None:
    licence = "/*\n" + "   This file is free; you may do with it whatever you wish to do.\n" * 40 + "*/\n"
    assert by_content(licence + "#include <x.h>\nstatic int f(char *p)\n{\n    return *p;\n}\n") == "c"


def weighed(*lines: str) -> Evidence:
    evidence = Evidence()
    for line in lines:
        evidence.add(look(line))
    return evidence


STRANGE = ("const x = 1;", "console.log(x);", "let y = () => 3;")
NAMED = CONTRARY["named", False]
OWN = ("def f(x):", "if x is None:", "print(x)")


def test_a_name_is_contradicted_only_by_three_strong_lines_that_outweigh_those_for_it() -> None:
    assert weighed(*STRANGE[:2]).against("python", *NAMED) is None
    assert weighed(*STRANGE).against("python", *NAMED) == "javascript"
    assert weighed(*STRANGE, *OWN[:2]).against("python", *NAMED) is None
    assert weighed(*STRANGE[:1], *OWN).against("python", *NAMED) == "python"


def test_lines_that_look_alike_in_a_row_tell_no_more_than_one() -> None:
    assert not weighed("end").is_clear
    assert weighed(*["end"] * 9).is_clear == weighed("end").is_clear
    assert weighed(*["end", "}"] * 9).best == weighed("end", "}").best


def test_of_languages_that_are_like_one_another_the_commoner_is_taken_unless_another_leads() -> None:
    assert weighed("if (x === y) {", "return x;", "}").guess == "javascript"
    assert weighed("interface X {", "readonly name: string;", "}").guess == "typescript"


def test_of_languages_that_lines_say_as_much_for_the_commonest_is_taken() -> None:
    shares = {language: grammar(language).detect.share for language in languages() if is_recognised(language)}
    assert len(set(shares.values())) > 10
    for one, other in combinations(shares, 2):
        if shares[one] != shares[other]:
            evidence = Evidence()
            bits = sum(1 << languages().index(language) for language in (one, other))
            evidence.add(Look(strong=bits, weak=0, leaning=0, prose=False))
            assert evidence.guess == max(one, other, key=lambda language: shares[language])


def test_nothing_is_sure_where_two_languages_are_hardly_apart() -> None:
    evidence = weighed("while (x > 0) {", "x = y(x);", "}", "x -= 1;", "return x;", "}")
    assert not evidence.is_clear
    assert evidence.sure is None
    assert evidence.guess


UNKNOWN = [one for one in languages() if is_recognised(one) and one not in known_leanings().languages]


@pytest.mark.parametrize("language", [*sorted(known_leanings().languages), "julia", "zig"])
def test_the_program_of_each_language_is_told_by_its_lines(language: str) -> None:
    best = weighed(*cases(language).program.original.splitlines()).guess
    assert best
    assert family(best) == family(language)


@pytest.mark.parametrize("language", UNKNOWN)
def test_a_language_that_the_table_does_not_know_is_given_no_other_name(language: str) -> None:
    evidence = weighed(*cases(language).program.original.splitlines())
    assert evidence.against(language, *NAMED) in {language, None}


ZIG = """\
const Heap = @This();
const Full = error{NoRoom};
pub fn pushed(heap: *Heap, item: Item) Full!u32 {
    var spare: [4]u8 = undefined;
) ?Item {
pub fn add(first: u32, second: u32) !Sum {
const rest = @import("rest.zig");
    depth: u32 = 0,
    while (items.next()) |item| total += item.size;
"""
RUST = """\
pub fn pushed(heap: &mut Heap, item: Item) -> Result<u32, Full> {
fn add<T>(first: T, second: impl Fn(u8) -> u8) where T: Add {
fn emptied(&self) {
pub const DEPTH: u32 = 0;
    pub depth: Option<u32>,
    let total = items.iter().map(|item| item.size);
"""


@pytest.mark.parametrize(
    ("line", "language", "other"),
    [(line, "zig", "rust") for line in ZIG.splitlines()]
    + [(line, "rust", "zig") for line in RUST.splitlines()],
)
def test_zig_and_rust_are_told_apart_by_a_line(line: str, language: str, other: str) -> None:
    evidence = weighed(line)
    assert evidence.speaks_for(language)
    assert not evidence.speaks_for(other)


def family(language: str) -> str:
    like = grammar(language).like
    return family(like) if like else language
