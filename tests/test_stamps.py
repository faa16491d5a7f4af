"""How a language is read: what stamps tell apart, and what is known of the parsers that it takes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from simblock import nodes
from simblock.grammar import DetectTable, Embedded, Grammar, SyntaxTable, grammar, languages
from simblock.hosting import read_code
from simblock.notices import HINTS, PHRASES
from simblock.stamps import Stamp, parsers_of, stamp_of
from simblock.syntax import Parsed
from simblock.tokens import Tokens
from simblock.vocabulary import members

STAMPS = ("a:b@1.0", "a:b", "a:", "a:b@x==1.0 y==2.0", "a:b@x== y==2.0")


@pytest.mark.parametrize("stamp", STAMPS)
def test_a_stamp_is_read_as_it_is_written(stamp: str) -> None:
    assert str(Stamp.read(stamp)) == stamp


@pytest.mark.parametrize("text", ["", "0123456789abcdef", "a==:@b c", "@", "@==", "::@@"])
def test_what_is_no_stamp_is_one_of_another_lexer(text: str) -> None:
    stamp = Stamp.read(text)
    assert not stamp.reads_like(stamp_of("c"))
    assert stamp.lexer != stamp_of("c").lexer
    stamp.version_of("x")


def test_a_stamp_knows_by_which_versions_of_parsers_the_code_was_read() -> None:
    assert Stamp.read("a:b@1.0").version_of("x") == "1.0"
    assert Stamp.read("a:b").version_of("x") == ""
    assert Stamp.read("a:").version_of("x") is None
    hosts = Stamp.read("a:b@x==1.0 y==")
    assert [hosts.version_of(name) for name in "xyz"] == ["1.0", "", None]


def test_whatever_the_version_of_a_parser_the_same_tokens_are_read_alike() -> None:
    assert Stamp.read("a:b@1").reads_like(Stamp.read("a:b@2"))
    assert not Stamp.read("a:b@1").reads_like(Stamp.read("a:c@1"))


def test_a_language_has_its_own_parser_or_those_of_what_it_hosts_or_none() -> None:
    (own,) = parsers_of("python")
    assert (own.package, own.languages, own.trouble) == ("tree-sitter-python", ("python",), None)
    assert own.version
    assert [(one.package, one.languages) for one in parsers_of("html")] == [
        ("tree-sitter-javascript", ("javascript",)),
        ("tree-sitter-python", ("python",)),
        ("tree-sitter-typescript", ("tsx", "typescript")),
    ]
    assert parsers_of("css") == ()


def test_a_host_is_stamped_with_the_versions_of_those_parsers_alone_that_are_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    every = stamp_of("html")
    *others, typed = (f"{one.package}=={one.version}" for one in parsers_of("html"))
    assert every.version == " ".join([*others, typed])
    real = nodes._language
    monkeypatch.setattr(
        nodes, "_language", lambda name, of: None if name.endswith("typescript") else real(name, of)
    )
    monkeypatch.setattr(nodes, "_known", {})
    monkeypatch.setattr("simblock.stamps.stamp_of", stamp_of.__wrapped__)
    one = stamp_of.__wrapped__("html")
    assert (one.lexer, one.version) == (every.lexer, " ".join(others))
    assert one.syntax != every.syntax
    (*_, missing) = parsers_of("html")
    assert "near copies of tsx and typescript need a parser: pip install tree-sitter-typescript" in str(
        missing.trouble
    )


def test_stamps_tell_languages_apart() -> None:
    made = {language: stamp_of(language) for language in languages()}
    assert len({(stamp.lexer, stamp.syntax) for stamp in made.values()}) == len(made)
    assert all(re.fullmatch("[0-9a-f]{16}:[0-9a-f]{16}(@.+)?", str(stamp)) for stamp in made.values())


C = grammar("c")
LEXER, SYNTAX = "lexer", "syntax"
OTHER = {LEXER: SYNTAX, SYNTAX: LEXER}
OTHERWISE = {
    "a rule that the self-test goes by": ({"syntax": C.syntax.model_copy(update={"unwrap": ()})}, SYNTAX),
    "a lexeme to drop": (
        {"syntax": C.syntax.model_copy(update={"drop": (*C.syntax.drop, "zzdrop")})},
        SYNTAX,
    ),
    "a builtin": ({"builtins": C.builtins | {"zzbuiltin"}}, SYNTAX),
    "a keyword": ({"keywords": C.keywords | {"zzkeyword"}}, LEXER),
    "an operator": ({"lexer": C.lexer.model_copy(update={"operators": (*C.lexer.operators, "<=>")})}, LEXER),
    "what it embeds": ({"embedded": (Embedded(open="<", close=">", language="java"),)}, LEXER),
}


@pytest.mark.parametrize(("update", "part"), OTHERWISE.values(), ids=OTHERWISE.keys())
def test_another_grammar_has_another_stamp_in_its_part(
    monkeypatch: pytest.MonkeyPatch, update: dict[str, object], part: str
) -> None:
    now = stamp_of("c")
    monkeypatch.setattr(
        "simblock.stamps.grammar", lambda name: grammar(name).model_copy(update=_if_c(name, update))
    )
    then = stamp_of.__wrapped__("c")
    assert getattr(then, part) != getattr(now, part)
    if part == SYNTAX:
        assert then.lexer == now.lexer


def _if_c(name: str, update: dict[str, object]) -> dict[str, object]:
    return update if name == "c" else {}


TABLES = {
    "a member": ("members", lambda _: members("c") | {"zzmember"}, SYNTAX),
    "a notice's phrase": ("PHRASES", (*PHRASES, "zzphrase"), LEXER),
    "a notice's hint": ("HINTS", (*HINTS, "zzhint"), LEXER),
}


@pytest.mark.parametrize(("name", "table", "part"), TABLES.values(), ids=TABLES.keys())
def test_other_tables_have_another_stamp_in_their_part(
    monkeypatch: pytest.MonkeyPatch, name: str, table: object, part: str
) -> None:
    now = stamp_of("c")
    monkeypatch.setattr(f"simblock.stamps.{name}", table)
    then = stamp_of.__wrapped__("c")
    assert getattr(then, part) != getattr(now, part)
    assert getattr(then, OTHER[part]) == getattr(now, OTHER[part])


HOSTED = {
    "a keyword": ({"keywords": grammar("css").keywords | {"zzkeyword"}}, LEXER),
    "a lexeme to drop": ({"syntax": grammar("css").syntax.model_copy(update={"drop": ("zzdrop",)})}, SYNTAX),
}


@pytest.mark.parametrize(("update", "part"), HOSTED.values(), ids=HOSTED.keys())
def test_a_host_has_another_stamp_where_what_stands_inside_it_is_read_otherwise(
    monkeypatch: pytest.MonkeyPatch, update: dict[str, object], part: str
) -> None:
    now = stamp_of("html")
    changed = grammar("css").model_copy(update=update)
    monkeypatch.setattr("simblock.stamps.grammar", lambda name: changed if name == "css" else grammar(name))
    monkeypatch.setattr("simblock.stamps.stamp_of", stamp_of.__wrapped__)
    then = stamp_of.__wrapped__("html")
    assert getattr(then, part) != getattr(now, part)
    assert getattr(then, OTHER[part]) == getattr(now, OTHER[part])


def _moved(parsed: Parsed, column: str) -> Parsed:
    """What was parsed, with one number of a column another."""
    of = parsed.tokens if hasattr(parsed.tokens, column) else parsed
    values = getattr(of, column).copy()
    values.flat[-1] += 1
    if of is parsed:
        return parsed._replace(**{column: values})
    return parsed._replace(tokens=replace(parsed.tokens, **{column: values}))


@pytest.mark.parametrize("column", ["keys", "starts", "ends", "comments", "omitted"])
def test_what_a_parser_makes_otherwise_of_the_self_test_is_another_stamp(
    monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    now = stamp_of("c")

    def read(text: str, rules: Grammar) -> tuple[Tokens, Parsed]:
        lexemes, parsed = read_code(text, rules)
        return lexemes, _moved(parsed, column)

    monkeypatch.setattr("simblock.stamps.read_code", read)
    then = stamp_of.__wrapped__("c")
    assert then.lexer == now.lexer
    assert then.syntax != now.syntax


def test_what_makes_no_token_is_not_in_the_stamp(monkeypatch: pytest.MonkeyPatch) -> None:
    syntax = C.syntax.model_copy(update={"functions": ("zz",)})
    update = {
        "detect": DetectTable(strong=("zz",)),
        "tags": (),
        "extensions": (),
        "interpreters": (),
        "syntax": syntax,
    }
    monkeypatch.setattr("simblock.stamps.grammar", lambda _: C.model_copy(update=update))
    assert stamp_of.__wrapped__("c") == stamp_of("c")


def test_a_language_whose_parser_is_missing_has_a_stamp_of_its_lexer_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("simblock.stamps.installed", lambda _: None)
    assert stamp_of.__wrapped__("c") == Stamp(stamp_of("c").lexer, "")


def test_a_language_without_a_parser_has_a_stamp_of_its_vocabulary_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = C.model_copy(update={"syntax": SyntaxTable(self_test=C.syntax.self_test)})
    monkeypatch.setattr("simblock.stamps.grammar", lambda _: alone)
    alone = stamp_of.__wrapped__("c")
    assert alone.lexer == stamp_of("c").lexer
    assert len(alone.syntax) == 16
    assert not alone.version


def test_stamps_are_the_same_in_every_process() -> None:
    script = "from simblock.stamps import stamp_of; print(stamp_of('c'), stamp_of('python'))"
    seeded = {**os.environ, "PYTHONHASHSEED": "7"}
    printed = subprocess.run(
        [sys.executable, "-c", script], env=seeded, capture_output=True, text=True, check=True
    )
    assert printed.stdout.split() == [str(stamp_of("c")), str(stamp_of("python"))]
