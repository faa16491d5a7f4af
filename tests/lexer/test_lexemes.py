"""What the lexemes of each language are."""

from __future__ import annotations

import hashlib
import io
import re
import sysconfig
import tokenize
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from simblock import fences
from simblock.grammar import grammar
from simblock.lexer import (
    ARGUMENT,
    NUMBER,
    STRING,
    Lexeme,
    LexemeScanner,
    Lexer,
    lexeme_view,
    lexemes_in_view,
    patterns,
    scanner,
    spelling_key,
    whole,
)
from simblock.shingles import numbered
from simblock.tokens import ARGUMENT_KEY, MEMBER_KEY, NAME_KEY, SPELLING
from tests.lexer.material import CODE, LANGUAGES, keys, lexemes, spelled, streamed

# What must not be equal comes first.


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("python", "a == b", "a = b"),
        ("python", "a.b", "a,b"),
        ("python", "x = 1", 'x = "1"'),
        ("python", "f(a=b)", "f(a, b)"),
        ("java", "a->b", "a::b"),
        ("javascript", "a = b / c / d", "a = /b/ / d"),
        ("javascript", "a?.b", "a.b"),
        ("c", "a & b", "a && b"),
        ("c", "p->x", "p.x"),
    ],
)
def test_other_code_gives_other_lexemes(language: str, one: str, other: str) -> None:
    assert keys(language, one) != keys(language, other)


def test_a_name_a_member_a_keyword_and_a_class_of_literals_never_share_a_key() -> None:
    plain, dot, member, number, string, keyword = keys("python", "x . x 1 'x' if")
    assert plain == NAME_KEY | spelling_key("x")
    assert member == plain | MEMBER_KEY
    assert dot == spelling_key(".") <= SPELLING
    assert (number, string, keyword) == (NUMBER, STRING, spelling_key("if"))


GOLDEN = {
    "python": [
        ("a = b'x' rb\"y\" '''z\n'q' '''", "a│=│b'x'│rb\"y\"│'''z\n'q' '''"),
        ("f'{a['x']}' # c", "f'{a['│x│']}'"),
        ("x='don", "x│=│'│don"),
        ("'a\\\nb' 'a\\'b' ''", "'a\\\nb'│'a\\'b'│''"),
        ("1.5.hex() 1..real 1_0j 0xE+1 1e-5 .5", "1.5│.│hex│(│)│1.│.│real│1_0j│0xE│+│1│1e-5│.5"),
        ("@d\ndef f(*a, **k) -> x: ...", "@│d│def│f│(│*│a│,│**│k│)│->│x│:│..."),
        ("a\\\n+ b // c := éक", "a│+│b│//│c│:=│éक"),
        ('"""never closed\n x = 1', '"""never closed\n x = 1'),
        ("\ufeffx ¿ y", "x│¿│y"),
        ('"""a"b""" c', '"""a"b"""│c'),
        ('"""a\\"""b""c""" d', '"""a\\"""b""c"""│d'),
    ],
    "java": [
        ("List<List<T>> a = b >> 2;", "List│<│List│<│T│>│>│a│=│b│>│>│2│;"),
        ('"""\n "x" \\""" """ + \'\\u0041\'', '"""\n "x" \\""" """│+│\'\\u0041\''),
        ("int... a /* b */ = 0x1.8p-3f; // c", "int│...│a│=│0x1.8p-3f│;"),
        ("@A(b = C::d) x->y", "@│A│(│b│=│C│::│d│)│x│->│y"),
        ("/* c */ int a; /** * d **/ b", "int│a│;│b"),
    ],
    "javascript": [
        ("a / b / c", "a│/│b│/│c"),
        ("a = /b[/]\\/c/gi.d", "a│=│/b[/]\\/c/gi│.│d"),
        ("return /* x */ /a/\nx.y(/b/)", "return│/a/│x│.│y│(│/b/│)"),
        ("(a) / b / c[0] / d", "(│a│)│/│b│/│c│[│0│]│/│d"),
        ("= /never closed", "=│/│never│closed"),
        ("`a ${b + 'c'}\n` $d #e 1..f", "`a ${b + 'c'}\n`│$d│#│e│1.│.│f"),
        ("`a ${`b`} c`", "`a ${`│b│`} c`"),
        ("#!/usr/bin/env node\na?.b ?? c", "a│?.│b│??│c"),
        ("<p>don't</p>", "<│p│>│don│'│t│<│/│p│>"),
        ("if (a) /[`]/.test(b)", "if│(│a│)│/[`]/│.│test│(│b│)"),
        ("x\n\t/'/.a", "x│/'/│.│a"),
        ("/[/*]/.a", "/[/*]/│.│a"),
        ("a else /'/.x; b in /\\\"/", "a│else│/'/│.│x│;│b│in│/\\\"/"),
        ("(a) / b / c\n/ d / 'e' [0] / f", "(│a│)│/│b│/│c│/│d│/│'e'│[│0│]│/│f"),
        ('`a ${b.replace(/`/g, "")} d` e', '`a ${b.replace(/`/g, "")} d`│e'),
        ("`${ '`' + \"}`\" } it's` e", "`${ '`' + \"}`\" } it's`│e"),
        ("`${ '` x", "`${ '`│x"),
        ("`a\\`b$` $`c\\${'` d", "`a\\`b$`│$│`c\\${'`│d"),
        ("f(`t${b}u`); // x", "f│(│`t${b}u`│)│;"),
        ("x(`$a${{b: '}'}.c}$`, /* d ** */ 1)", "x│(│`$a${{b: '}'}.c}$`│,│1│)"),
        ('{\\"a\\": 1}', '{│\\"│a│\\"│:│1│}'),
    ],
    "c": [
        ("#define A(x) \\\n x##y // c \\\n d", "#│define│A│(│x│)│x│##│y"),
        ("#include <a/b.h>", "#│include│<│a│/│b│.│h│>"),
        ("#include <a/*.h>\n# include /* b */ <c'd//e> // f\nx", "#│include│<a/*.h>│#│include│<c'd//e>│x"),
        ("#include <a/*.h\nx */ y", "#│include│<│a│y"),
        ("a < b /* c */ > d", "a│<│b│>│d"),
        ('u8"a" L\'b\' "c\\\nd" U', 'u8"a"│L\'b\'│"c\\\nd"│U'),
        ("#error don't\nint x;", "#│error│don│'│t│int│x│;"),
        ("/* a * b */ int c; // d\n// e \\", "int│c│;"),
        ("a->b...c >>= 0x1p+3 + 1.e5f", "a│->│b│...│c│>>=│0x1p+3│+│1.e5f"),
    ],
}
"""Text, and its lexemes with a bar between them."""


@pytest.mark.parametrize(
    ("language", "text", "pieces"), [(language, *row) for language in GOLDEN for row in GOLDEN[language]]
)
def test_lexemes_are_these(language: str, text: str, pieces: str) -> None:
    assert spelled(language, text) == pieces.split("│")
    assert streamed(language, list(text)) == lexemes(language, text)


SELF_TESTS = {
    "python": "da2f075a38b48752",
    "java": "ea400ea16640bc9d",
    "javascript": "baa89009aa267b58",
    "c": "2b411328cd0a95c6",
}
"""The first signs of the SHA-256 of each self-test's lexemes with a bar between them."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_python_lexes_the_self_test_alike(language: str) -> None:
    pieces = spelled(language, grammar(language).syntax.self_test)
    assert hashlib.sha256("│".join(pieces).encode()).hexdigest()[:16] == SELF_TESTS[language]


def regular_expressions(of: object) -> Iterator[str]:
    if isinstance(of, re.Pattern):
        yield of.pattern
    elif isinstance(of, dict):
        yield from regular_expressions(list(of.values()))
    elif isinstance(of, list | tuple):
        for one in of:
            yield from regular_expressions(one)
    elif hasattr(of, "__dict__"):
        yield from regular_expressions(vars(of))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_round_of_what_is_repeated_and_kept_may_fail(language: str) -> None:
    """Before 3.11.5, Python goes on where the round that failed gave up: its last alternative must be nothing."""
    table = grammar(language).lexer.model_copy(update={"numbers": r"\d"})
    found = [*regular_expressions(patterns.Patterns(table)), fences._OPENING.pattern, scanner._LINE.pattern]
    assert len(found) > 15
    for expression in found:
        assert not re.search(r"[^|]\)(?:[*+?]|\{\d+,\d*\})\+", expression)


@pytest.mark.parametrize(
    ("language", "text", "members"),
    [
        ("python", "a.b(c, d=e, f==g)[h].i; def j(k=1, *l): pass", ["b", "i"]),
        ("java", "a.b(c = d, E::f)", ["b", "f"]),
        ("javascript", "a?.b.#c(d = e, {f: g})", ["b", "c"]),
        ("c", "a->b.c = f(d, (e))", ["b", "c"]),
    ],
)
def test_members_are_these(language: str, text: str, members: list[str]) -> None:
    found = lexemes(language, text)
    assert [text[start:end] for key, start, end in found if key & NAME_KEY and key & MEMBER_KEY] == members


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("a.b(c, d=e, f==g)[h].i; def j(k=1, *l): pass", ["d", "k"]),
        ("a.b = c\nd(e\n , # f=\n g\n =h)", ["g"]),
        ("a, b = c = d", ["b"]),
        ("(a.b=1, None=2, c: int = 3)", []),
    ],
)
def test_arguments_are_these_and_one_literal_in_the_view(text: str, arguments: list[str]) -> None:
    found = lexemes("python", text)
    chosen = [row for row in found if ARGUMENT_KEY <= row[0] < NAME_KEY]
    assert [text[start:end] for _, start, end in chosen] == arguments
    assert [key for key, *_ in chosen] == [ARGUMENT_KEY | spelling_key(name) for name in arguments]
    seen = lexemes_in_view(found)
    assert seen == [(ARGUMENT if row in chosen else row[0], *row[1:]) for row in found]
    assert lexeme_view(np.array([key for key, *_ in found], np.uint32)).tolist() == [key for key, *_ in seen]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "\u0928\u092e\u0938\u094d\u0924\u0947",
            "\u0e17\u0e35\u0e48",
            "\u0645\u064f\u062d\u0645\u0651\u062f",
            "cafe\u0301",
            "a\u00b7b",
        ),
        *("a\u200db", "a\u200c\u200cb", "a\xadb\u0663", "\u094da", "\u2118x"),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_beyond_ascii_is_one_name(language: str, name: str) -> None:
    for text in (f"{name} = 1", f"x + {name}"):
        assert name in spelled(language, text)
        assert keys(language, text.replace(name, "y"))[1:] == keys(language, text)[1:] or text[0] == "x"
        assert streamed(language, list(text)) == lexemes(language, text)
    assert keys(language, f"{name}")[0] >= NAME_KEY


@pytest.mark.parametrize(
    ("language", "name"),
    [
        *(("java", name) for name in ("$a", "a$1", "\\u0061b", "a\\uu0062c")),
        *(
            ("javascript", name)
            for name in ("$a", "\\u0061b", "a\\u{62}", "\\u{000061}\\u0062", "a\u200d\\u0062")
        ),
        *(("c", name) for name in ("$a", "a\\u00e9b", "\\U000000e9", "a\\U000000e9")),
    ],
)
def test_a_name_with_escapes_or_dollars_is_one_name(language: str, name: str) -> None:
    text = f"{name} = x.{name};"
    assert spelled(language, text) == [name, "=", "x", ".", name, ";"]
    assert [key >= NAME_KEY for key in keys(language, text)] == [True, False, True, False, True, False]
    assert streamed(language, list(text)) == lexemes(language, text)


@pytest.mark.parametrize(
    "unseen",
    ["\0", "\x1b", "\x7f", "\x85", "\xad", "\u200b", "\u200e", "\u202e", "\u2060", "\u2066", "\ufeff"],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_seen_is_a_gap(language: str, unseen: str) -> None:
    pieces = spelled(language, CODE[language])
    assert spelled(language, f" {unseen} ".join(pieces)) == pieces
    assert keys(language, f"{unseen} {unseen}".join(pieces)) == keys(language, CODE[language])


def test_a_keyword_with_something_unseen_in_it_is_the_keyword() -> None:
    assert keys("python", "re\u200dturn x") == keys("python", "return x")


def test_an_apostrophe_in_prose_ends_nothing_but_its_line() -> None:
    text = "don't stop\nx = 1"
    assert spelled("python", text) == ["don", "'", "t", "stop", "x", "=", "1"]


def test_long_texts_are_lexed_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    code = CODE["javascript"] * 50
    whole = lexemes("javascript", code)
    monkeypatch.setattr("simblock.lexer.whole.LONGEST", 100)
    assert lexemes("javascript", code) == whole


def test_of_long_texts_it_is_not_kept_when_each_lexeme_became_certain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[int] = []

    class Watched(LexemeScanner):
        def feed(self, text: str) -> list[Lexeme]:
            found = super().feed(text)
            kept.append(len(self.late))
            return found

    monkeypatch.setattr(whole, "LexemeScanner", Watched)
    monkeypatch.setattr(whole, "LONGEST", 100)
    monkeypatch.setattr(whole, "CHUNK", 64)
    assert len(lexemes("python", "f(a, b=c)\n" * 500)) == 4000
    assert len(kept) > 50
    assert 0 < max(kept) < 64


@pytest.mark.parametrize("text", ["", " ", "# only a comment", "\ud800"])
def test_texts_of_next_to_nothing(text: str) -> None:
    tokens = Lexer(grammar("python")).tokens(text)
    assert len(tokens) == (text == "\ud800")
    assert tokens.keys.dtype == np.uint32
    assert tokens.flags.dtype == np.uint8
    assert tokens.starts.dtype == tokens.ends.dtype == np.int64


# Against another implementation.

LAYOUT = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


def spans_by_tokenize(text: str) -> set[tuple[int, int]]:
    offsets = np.cumsum([0] + [len(line) for line in text.split("\n")]) + np.arange(text.count("\n") + 2)
    spans, depth, begin = set(), 0, 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        start = int(offsets[token.start[0] - 1]) + token.start[1]
        end = int(offsets[token.end[0] - 1]) + token.end[1]
        kind = tokenize.tok_name[token.type]
        if kind in ("FSTRING_START", "TSTRING_START"):  # from Python 3.12 on a literal is several tokens
            begin, depth = (begin, depth + 1) if depth else (start, 1)
        elif kind in ("FSTRING_END", "TSTRING_END"):
            depth -= 1
            if not depth:
                spans.add((begin, end))
        elif not depth and token.type not in LAYOUT:
            spans.add((start, end))
    return spans


def test_the_standard_library_is_read_as_by_tokenize() -> None:
    paths = sorted(Path(sysconfig.get_path("stdlib")).glob("[a-m]*.py"))[:60]
    lexer, differ, total = Lexer(grammar("python")), 0, 0
    for path in paths:
        text = path.read_text("utf-8")
        if "\f" in text:  # tokenize starts its columns anew behind one
            continue
        tokens = lexer.tokens(text)
        spans = spans_by_tokenize(text)
        differ += len(spans ^ set(zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True)))
        total += len(spans)
    assert total > 50_000
    # From Python 3.12 on a quote may stand inside an f-string that begins with it; we end there.
    assert differ <= total / 2000


def test_a_label_of_an_argument_stays_whatever_the_variable_behind_it_is_called() -> None:
    kept, renamed = (
        Lexer(grammar("swift")).tokens(f"draw(size: {name}, at: {name})") for name in ("size", "x")
    )
    assert numbered(lexeme_view(kept.keys), 9).tolist() == numbered(lexeme_view(renamed.keys), 9).tolist()
