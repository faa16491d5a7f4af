"""Syntax tokens: what of a text they are, what leaves them as they were, and that streams give the same."""

from __future__ import annotations

import random
import re
import sysconfig
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock import nodes, syntax
from simblock.errors import MissingParser
from simblock.grammar import SyntaxTable, grammar, languages
from simblock.lexer import Lexer, lexeme_view
from simblock.notices import PHRASES, header, notices
from simblock.settling import LIMIT, SyntaxScanner
from simblock.shingles import numbered as shingles_of
from simblock.syntax import parse
from simblock.tokens import I64, MEMBER_KEY, NAME_KEY, SPELLING
from simblock.vocabulary import members

LANGUAGES = ("python", "java", "javascript", "c")


def spelled(text: str, language: str) -> str:
    tokens = parse(text, grammar(language)).tokens
    return " ".join(text[a:b] for a, b in zip(tokens.starts, tokens.ends, strict=True))


def shape(text: str, language: str) -> list[object]:
    """The tokens with names as numbers, by first occurrence, as all shingles see them."""
    return numbered(parse(text, grammar(language)).tokens.keys.tolist())


def numbered(keys: list[int]) -> list[object]:
    seen: dict[int, int] = {}
    return [(key & MEMBER_KEY, seen.setdefault(key, len(seen))) if key & NAME_KEY else key for key in keys]


def scanned(chunks: list[str], language: str) -> list[tuple[int, int, int]]:
    scanner = SyntaxScanner(grammar(language))
    return [token for chunk in chunks for token in scanner.feed(chunk)] + scanner.finish()


def whole(text: str, language: str) -> list[tuple[int, int, int]]:
    tokens = parse(text, grammar(language)).tokens
    return list(zip(tokens.keys.tolist(), tokens.starts.tolist(), tokens.ends.tolist(), strict=True))


def cut(text: str, places: list[int]) -> list[str]:
    edges = [0, *sorted(places), len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


DIFFERENT = {
    "another operator": ("python", "a + b", "a - b"),
    "a number and a string": ("python", "f(1)", "f('1')"),
    "parentheses that bind": ("python", "f(a)(b)", "f(a)[b]"),
    "a call and a name": ("c", "f(x);", "f; x;"),
    "one name twice": ("java", "a = b;", "a = a;"),
    "a builtin called": ("python", "x = len(y)", "x = foo(y)"),
    "two builtins": ("c", "x = strlen(y);", "x = atoi(y);"),
    "a string that is used": ("python", "x = 'doc'", "x ="),
    "a semicolon of a for, and a comma": ("java", "for (;;) f();", "for (,) f();"),
    "members of the vocabulary": ("python", "x.append(y)", "x.extend(y)"),
    "a member and a plain name": ("javascript", "x = y.zzqq", "x = y, zzqq"),
    "a macro's body": ("c", "#define A(x) x + 1\n", "#define A(x) x - 1\n"),
}


@pytest.mark.parametrize(("language", "one", "other"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_texts_that_must_not_be_alike(language: str, one: str, other: str) -> None:
    assert shape(one, language) != shape(other, language)


ALIKE = {
    "grouping parentheses": ("python", "x = (a + (b))\nreturn (x)", "x = a + b\nreturn x"),
    "a tuple's parentheses": ("python", "(a, b) = (c, d)\nfor (i, j) in k: pass", "a, b = c, d\nfor i, j in k: pass"),
    "a docstring": ("python", 'def f(x):\n    "doc"\n    return x', "def f(x):\n    return x"),
    "a docstring of two": ("python", 'def f(x):\n    "doc" """more"""\n    return x', "def f(x):\n    return x"),
    "a comment": ("python", "x = 1  # one\n# two\ny = 2", "x = 1\ny = 2"),
    "a trailing comma": ("python", "f(a, b,)\nx = [1, 2,\n]", "f(a, b)\nx = [1, 2]"),
    "a semicolon between statements": ("python", "x = 1; y = 2;", "x = 1\ny = 2"),
    "indentation": ("python", "if x:\n        y()\n        z()", "if x:\n\ty()\n\n\tz()"),
    "quotes and literals": ("python", "x = f('a', 0x1F, 1.5)", 'x = f(rb"""zzz""", 7, 2j)'),
    "an import": ("python", "import os\nfrom a import (b,\n  c)\nx = 1", "x = 1"),
    "an import inside a function": ("python", "def f():\n    import os\n    return 1", "def f():\n    return 1"),
    "layout of Java": ("java", "int f(int x){return (x)+1;}", "/** doc */ int f(int x)\n{\n // c\n return x + 1;\n}"),
    "packages and imports": ("java", "package a.b;\nimport c.d.*;\nclass A { }", "class A { }"),
    "array commas": ("java", "int[] x = {1, 2,};", "int[] x = {1, 2};"),
    "semicolons of JavaScript": ("javascript", "let x = f(y);\nreturn (x);", "let x = f(y)\nreturn x"),
    "literals of JavaScript": ("javascript", "x = `a${b}c`; y = /a(b/g", "x = 'a'; y = 'b'"),
    "imports of JavaScript": ("javascript", "import a, {b} from 'c';\nf();", "f();"),
    "includes": ("c", "#include <a.h>\n#include \"b.h\"\nint x;", "int x;"),
    "line splices": ("c", "#define A(x) \\\n  x + 1\n", "#define A(x) x + 1\n"),
    "parentheses of C": ("c", "if ((x) && !(y)) return (z);", "if (x && !y) return z;"),
}  # fmt: skip


@pytest.mark.parametrize(("language", "one", "other"), ALIKE.values(), ids=ALIKE.keys())
def test_what_can_be_left_out_changes_nothing(language: str, one: str, other: str) -> None:
    assert shape(one, language) == shape(other, language)


GOLDEN = {
    "python": ("def f(a, b=(1)):\n    'doc'\n    return a.b(len(c),)\n", "def f ( a , b = 1 ) : return a . b ( len ( c ) )"),
    "java": ("int f(int a) { // c\n return this.b((a), 1); }", "int f ( int a ) { return this . b ( a , 1 ) ; }"),
    "javascript": ("const f = (a) => { return (a)?.b; }", "const f = ( a ) => { return a ?. b }"),
    "c": ("int f(s *a) { return (a)->b[2,]; }", "int f ( s * a ) { return a -> b [ 2 ] ; }"),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_line_becomes_these_tokens(language: str) -> None:
    text, expected = GOLDEN[language]
    assert spelled(text, language) == expected


def key_of(text: str, language: str, name: str) -> int:
    tokens = parse(text, grammar(language)).tokens
    place = text.index(name)
    return int(tokens.keys[tokens.starts.tolist().index(place)])


def test_what_is_assigned_beside_a_comma_is_no_keyword_argument() -> None:
    assert key_of("a, zzqq = b\n", "python", "zzqq") < NAME_KEY | MEMBER_KEY
    assert key_of("f(a, zzqq=b)\n", "python", "zzqq") >= NAME_KEY | MEMBER_KEY


def test_a_called_builtin_is_literal_and_one_passed_on_is_not() -> None:
    assert key_of("x = sorted(y)\n", "python", "sorted") <= SPELLING
    assert key_of("x = f(sorted)\n", "python", "sorted") & NAME_KEY
    assert key_of("x = y.zzqq(z)\n", "python", "zzqq") & MEMBER_KEY


@pytest.mark.parametrize("language", LANGUAGES)
def test_members_of_the_vocabulary_are_literal(language: str) -> None:
    name = min(members(language))
    assert key_of(f"x . {name} ;\n", language, name) <= SPELLING
    assert key_of(f"x . {name}zzqq ;\n", language, name) & MEMBER_KEY


# Each statement is one of its language; {a} to {e} are plain names.
STATEMENTS = {
    "python": (
        "{a} = {b} + ({c}[{d}])",
        "{a}, {b} = {b}.items(), ({c})",
        "print({a}, sep=',')",
        "if not ({a}) and {b}:\n    {c}.append({a}, )\nelse:\n    return lambda {d}: {d}(-{e})",
        "def {a}({b}, *{c}):\n    '''doc'''\n    for {d}, {e} in {b}: yield ({d} or 'x'), len({e})",
        "{e} = [\n    {a}, # comment\n    {b}(1), ]",
        "async def {a}({b}, {c}=1, *, {d}: {e}=2, **zzqq):\n    return {b}(zzqq={c}, zzqa={d})",
        "class {a}({b}, metaclass={c}):\n    def {d}(\n        self,\n        {e}=(1, 2),\n        {b}=None,\n    ):\n        super().zzqa({e}, zzqb={b})",
        "{a} = lambda {b}, {c}={d}: {e}({b}, zzqq={c})",
        "@{a}.register({b}, zzqq={c})\ndef {d}({b}, {c}=1, /, {e}={a}): pass",
    ),
    "java": (
        "{a} = {b} + ({c}[{d}]);",
        "if (!({a}) && {b} > 1) { return {c}.size({a}); } else { {e}++; }",
        "int {a} = ({b} == null) ? {c}({d}) : 'x';",
        "for (int {a} = 0; {a} < {b}; ++{a}) { {c}.add(({d})); }",
        "try { {a}({b}); } catch (Exception {c}) { throw {c}; /* c */ }",
    ),
    "javascript": (
        "{a} = {b} + ({c}[{d}]);",
        "const {a} = ({b}) => {c}.map({d}, `x`);",
        "if (!({a}) && {b} === 1) { return {c}?.push({a}); } else { {e}++ }",
        "for (const {a} of {b}) { console.log(({a}), {c}); }",
        "function {a}({b}, ...{c}) { return [ {b}, {d}, ]; }",
    ),
    "c": (
        "{a} = {b} + ({c}[{d}]);",
        "if (!({a}) && {b} > 1) { return {c}->next; } else { {e}++; }",
        "int {a} = sizeof({b}) * ({c});",
        "for (i = 0; i < {b}; ++i) { memcpy(&{c}, ({d}), {e}); /* c */ }",
        "while ({a}) { switch ({b}) { case 1: break; default: goto {c}; } }",
    ),
}
NAMES = ("alpha", "beta", "gamma", "delta", "epsilon")
FRESH = st.from_regex(r"[a-z]{4}_[a-z0-9]{2}", fullmatch=True)


def filled(statements: list[str], names: tuple[str, ...]) -> str:
    replace = {f"{{{letter}}}": name for letter, name in zip("abcde", names, strict=True)}
    return "".join(re.sub(r"\{[a-e]\}", lambda m: replace[m[0]], line) + "\n" for line in statements)


def programs(language: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(STATEMENTS[language]), min_size=1, max_size=5)


def public(language: str) -> st.SearchStrategy[str]:
    """Names of public members that are free to be a variable's, and no statement has."""
    known = grammar(language)
    taken = {name for statement in STATEMENTS[language] for name in re.findall(r"\w+", statement)}
    return st.sampled_from(sorted(members(language) - known.builtins - known.keywords - taken))


def shingles(text: str, language: str) -> list[list[int]]:
    """Of lexemes, of syntax tokens, and of those that a stream gives."""
    lexemes = lexeme_view(Lexer(grammar(language)).tokens(text).keys)
    streamed = np.array([key for key, *_ in scanned([text], language)], np.uint32)
    syntax_keys = parse(text, grammar(language)).tokens.keys
    return [shingles_of(keys, n).tolist() for keys, n in ((lexemes, 15), (syntax_keys, 10), (streamed, 10))]


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_renaming_plain_names_injectively_changes_no_shingle(language: str, data: st.DataObject) -> None:
    program = data.draw(programs(language))
    expected = shingles(filled(program, NAMES), language)
    for pool in (FRESH, public(language), st.sampled_from(NAMES)):
        names = data.draw(st.lists(pool, min_size=5, max_size=5, unique=True).map(tuple))
        assert shingles(filled(program, names), language) == expected


def test_a_parameter_with_a_default_is_no_public_member_however_it_is_called() -> None:
    for head in (
        "def f(a, {}=3):",
        "x = lambda a, {}=3:",
        "class A:\n  def f(\n    self,\n    {}=(1),\n  ):\n   ",
    ):
        text = head.format("append") + " g(x.append, append=append)\n"
        keys = [key for key, start, end in scanned(list(text), "python") if text[start:end] == "append"]
        assert keys == [key for key, start, end in whole(text, "python") if text[start:end] == "append"]
        assert [key > SPELLING for key in keys] == [True, False, False, True]


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_comments_blanks_and_line_ends_change_nothing(language: str, data: st.DataObject) -> None:
    text = filled(data.draw(programs(language)), NAMES)
    ending = data.draw(st.sampled_from(("\n", "\n\n", "  \n", "\r\n", "\t\n\n")))
    comment = {"python": "  # a 'comment'", "c": " /* a \n ' comment */"}.get(language, " // a ' comment")
    lines = [line + comment * data.draw(st.integers(0, 1)) for line in text.split("\n")[:-1]]
    assert shape(ending.join([*lines, ""]), language) == shape(text, language)


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "python"])
@given(data=st.data())
def test_blanks_between_any_two_lexemes_change_nothing(language: str, data: st.DataObject) -> None:
    text = filled(data.draw(programs(language)), NAMES)
    lexemes = Lexer(grammar(language)).tokens(text)
    blanks = st.sampled_from((" ", "\t", " /* c */ ", "  " if language == "javascript" else "\n"))
    words = [text[a:b] for a, b in zip(lexemes.starts, lexemes.ends, strict=True)]
    spread = "".join(word + data.draw(blanks) for word in words)
    flat = " ".join(words)
    assert shape(spread, language) == shape(flat, language)


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_a_stream_gives_the_same_for_every_cut(language: str, data: st.DataObject) -> None:
    text = filled(data.draw(programs(language)), NAMES)
    places = data.draw(st.lists(st.integers(0, len(text)), max_size=12))
    expected = scanned([text], language)
    assert scanned(cut(text, places), language) == expected
    assert scanned(list(text), language) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tokens_of_a_stream_are_those_of_the_whole_text(language: str) -> None:
    table = grammar(language).syntax
    rng = random.Random(7)
    text = table.self_test
    for _ in range(40):
        text += filled(rng.choices(STATEMENTS[language], k=5), NAMES)
    same = len(set(scanned([text], language)) & set(whole(text, language)))
    assert same >= 0.995 * len(whole(text, language))


def test_on_real_files_a_stream_gives_what_the_whole_file_does() -> None:
    folder = Path(sysconfig.get_paths()["stdlib"])
    equal = total = 0
    for name in ("bisect", "calendar", "cmd", "codeop", "colorsys", "heapq"):
        text = (folder / f"{name}.py").read_text("utf-8")
        one, other = set(scanned([text], "python")), set(whole(text, "python"))
        equal, total = equal + len(one & other), total + len(one | other)
    assert equal >= 0.998 * total


@pytest.mark.parametrize("language", LANGUAGES)
def test_tokens_come_in_order(language: str) -> None:
    text = grammar(language).syntax.self_test * 2
    scanner = SyntaxScanner(grammar(language))
    last = 0
    for char in text:
        for _, start, end in scanner.feed(char):
            assert last <= start < end
            last = end


class Counted:
    """Counts the characters that the parser is given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parsed = 0
        real = nodes.spans_of

        def counting(source: str, *rest: Any) -> dict[str, I64]:
            self.parsed += len(source)
            return real(source, *rest)

        monkeypatch.setattr("simblock.settling.spans_of", counting)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_line_costs_the_same_after_a_hundred_lines_and_after_thousands(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    opening = {"python": "class A:\n", "c": "int f(void) {\n"}.get(language, "class A { f() {\n")
    body = filled(list(STATEMENTS[language][:2]), NAMES)
    scanner = SyntaxScanner(grammar(language))
    scanner.feed(opening)
    costs = []
    for lines in (100, 100, 2000, 100):
        counted.parsed = 0
        scanner.feed(body * (lines // body.count("\n")))
        costs.append(counted.parsed / lines)
    assert max(costs[1:]) < 1.2 * min(costs[1:])
    assert costs[1] < 6 * len(body)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_never_closed_costs_the_parser_linear_time(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    comment = {"python": '"""'}.get(language, "/*")
    for opening, going_on in (
        (comment, "it's no code;\n"),
        ("f(", "a,\n"),
        ("x = {", "[a, (b), \n"),
        ("", "a, "),
    ):
        text = opening + going_on * 1500
        counted.parsed = 0
        scanned([text], language)
        assert counted.parsed < 12 * len(text)


def test_a_long_comment_and_a_long_literal_are_not_kept() -> None:
    scanner = SyntaxScanner(grammar("c"))
    scanner.feed("int x; /* " + "no code\n" * 10_000)
    assert len(scanner._raw) <= 3 * LIMIT
    found = scanner.feed("*/ f(x);\n") + scanner.finish()
    assert len(found) == 5
    assert scanned(['x = """' + "text\n" * 5000 + '"""\ny = 2\n'], "python") == whole(
        'x = """' + "text\n" * 5000 + '"""\ny = 2\n', "python"
    )


WILD = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="(){}[];:,.=<>'\"/*\\\n #`abc01\0\ud800é漢\r", max_size=300),
)


@pytest.mark.parametrize("language", LANGUAGES)
@given(text=WILD)
def test_anything_can_be_read(language: str, text: str) -> None:
    parsed = parse(text, grammar(language))
    assert np.all(parsed.tokens.starts < parsed.tokens.ends)
    assert np.all(np.diff(parsed.tokens.starts) > 0)
    assert parsed.comments.shape[1] == parsed.omitted.shape[1] == 2
    streamed = scanned(cut(text, [len(text) // 3]), language)
    assert streamed == scanned([text], language)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=15)
@given(data=st.data())
def test_any_prefix_can_be_read(language: str, data: st.DataObject) -> None:
    text = grammar(language).syntax.self_test
    prefix = text[: data.draw(st.integers(0, len(text)))]
    ends = parse(prefix, grammar(language)).tokens.ends
    assert not len(ends) or ends[-1] <= len(prefix)


@pytest.mark.parametrize("language", LANGUAGES)
def test_deep_nesting_and_long_lines_can_be_read(language: str) -> None:
    nested = "x = " + "[" * 10_000 + "1" + "]" * 10_000 + ";\n"
    assert len(whole(nested, language)) >= 20_003
    assert len(scanned([nested], language)) >= 20_003
    assert len(whole("(" * 10_000, language)) == 10_000
    line = "f(a, b); " * 60_000
    assert len(whole(line, language)) >= 6 * 60_000


def test_places_are_code_points_whatever_the_characters() -> None:
    text = "été = '漢字'  # 𝐱\nnaïve = (été)\n"
    parsed = parse(text, grammar("python"))
    assert spelled(text, "python") == "été = '漢字' naïve = été"
    assert [text[a:b] for a, b in parsed.comments] == ["# 𝐱"]


HEADS = {
    "python": "#!/usr/bin/python\n# Copyright (c) 2020 A. All rights reserved.\n\n# What this does.\nimport os\nx = 1\n",
    "java": "/* Licensed under the Apache License. */\n/** What this does. */\npackage a;\nimport b;\nclass A { }\n",
    "javascript": "#!/usr/bin/env node\n// Released under the MIT license.\n\n// What this does.\nimport a from 'b';\nf();\n",
    "c": "/*\n * GNU General Public\n * License\n */\n\n/* What this does. */\n#include <a.h>\nint x;\n",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_notices_and_imports_are_omitted_and_what_a_file_says_of_itself_is_not(language: str) -> None:
    text = HEADS[language]
    omitted = [text[a:b] for a, b in parse(text, grammar(language)).omitted]
    kept = text
    for part in omitted:
        kept = kept.replace(part, "")
    assert "What this does" in kept
    for gone in ("Copyright", "icense", "import", "package", "include"):
        assert gone not in kept
    assert "What this does" in header(text, grammar(language))
    assert header(text, grammar(language)).startswith(text[:10])


NOTICES = (
    "SPDX-License-Identifier: X", "SPDX-FileCopyrightText: X", "Copyright 2020 A", "(c) 2020 A", "© 2020 A", "All rights\n# reserved.",
    "Permission is hereby granted to", "Permission to use, copy, modify", "Redistribution and use in source and\n# binary forms",
    "Redistributions in binary form must", "Licensed to the A", "Distributed under the A licence", "Under the terms of the A licence",
    "GNU Lesser General Public License", "Mozilla Public License", "MIT-style license", "Read the licence notice", "See the file COPYING",
    "See NOTICE", "You may not use this file except in compliance", "without warranties or conditions of any kind", "without any warranty",
    'The software is provided "as is"', "Do not alter or remove copyright notices", "This file is hereby placed into the public domain",
    "Oracle designates this particular file", "contributor license agreements", "@license A", "@preserve", "!/bin/x",
    "-*- coding: utf-8 -*-", "coding=utf-8", "vim: set x", "vi: x",
)  # fmt: skip


def test_every_phrase_makes_a_leading_comment_a_notice() -> None:
    for notice in NOTICES:
        for written in (notice, notice.upper().replace("©", "(C)")):
            assert len(notices(f"#{written}\nx = 1\n", grammar("python"))) == 1, written
    for phrase in PHRASES:
        assert any(re.search(phrase, f"#{notice}".replace("\n#", ""), re.IGNORECASE) for notice in NOTICES), (
            phrase
        )


def test_a_notice_in_the_middle_of_a_file_stays() -> None:
    text = "x = 1\n# Copyright (c) 2020 A\ny = 2\n"
    assert len(notices(text, grammar("python"))) == 0
    assert header(text, grammar("python")) == ""


def test_a_module_docstring_is_no_notice_but_a_comment() -> None:
    text = '"""What this does. Copyright (c) 2020."""\nx = 1\n'
    parsed = parse(text, grammar("python"))
    assert len(parsed.omitted) == 0
    assert [text[a:b] for a, b in parsed.comments] == [text.split("\n", maxsplit=1)[0]]


def test_a_long_work_is_parsed_in_pieces_that_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for language in LANGUAGES:
        text = "".join(filled(list(STATEMENTS[language]), NAMES) for _ in range(90))
        text = grammar(language).syntax.self_test.strip("\n") + "\n" + text
        at_once = parse(text, grammar(language))
        monkeypatch.setattr(syntax, "PIECE", 1 << 13)
        in_pieces = parse(text, grammar(language))
        monkeypatch.undo()
        assert len(text) > 2 << 13
        assert in_pieces.tokens.starts.tolist() == at_once.tokens.starts.tolist()
        assert in_pieces.comments.tolist() == at_once.comments.tolist()


def test_a_work_that_begins_with_a_long_comment_is_read() -> None:
    text = "/* a" + " word" * 20_000 + " */ int x = (1);\n" + "/* b" + " word" * 20_000 + " */ f((x));\n"
    assert spelled(text, "c") == "int x = 1 ; f ( x ) ;"


def test_an_import_inside_a_function_is_not_omitted() -> None:
    text = "import os\ndef f():\n    import re\n    return re\n"
    assert [text[a:b] for a, b in parse(text, grammar("python")).omitted] == ["import os"]


def test_without_its_parser_a_language_has_lexemes_and_comments_and_no_syntax_tokens() -> None:
    table = grammar("c").syntax.model_copy(update={"module": "tree_sitter_none"})
    lacking = grammar("c").model_copy(update={"name": "x1", "syntax": table})
    text = "int f(void) { /* one */ return 1; } // two\n"
    parsed = parse(text, lacking)
    assert not len(parsed.tokens)
    assert [text[a:b].strip() for a, b in parsed.comments] == ["/* one */", "// two"]
    scanner = SyntaxScanner(lacking)
    assert [*scanner.feed(text), *scanner.finish()] == []
    with pytest.raises(MissingParser, match="pip install tree-sitter-none"):
        nodes.lookups_of(lacking)


def test_a_language_without_a_parser_has_syntax_tokens_of_its_own() -> None:
    bare = grammar("java").model_copy(update={"name": "x2", "syntax": SyntaxTable(drop=(";",))})
    text = "int f(int a, int b,) { // one\n  return g(a, (b),);\n}\n"
    parsed = parse(text, bare)
    spelt = [text[a:b] for a, b in zip(parsed.tokens.starts, parsed.tokens.ends, strict=True)]
    assert " ".join(spelt) == "int f ( int a , int b ) { return g ( a , ( b ) ) }"
    assert [text[a:b].strip() for a, b in parsed.comments] == ["// one"]
    scanner = SyntaxScanner(bare)
    found = [token for character in text for token in scanner.feed(character)] + scanner.finish()
    assert [key for key, *_ in found] == parsed.tokens.keys.tolist()


def test_a_wrong_node_kind_is_named() -> None:
    table = grammar("c").syntax.model_copy(update={"unwrap": ("no_such_kind",)})
    wrong = grammar("c").model_copy(update={"name": "x1", "syntax": table})
    with pytest.raises(MissingParser, match=r"grammars/x1\.toml.*no_such_kind"):
        nodes.lookups_of(wrong)
    assert not len(parse("x", wrong).tokens)  # its lexemes are all there is, as without a parser


def test_every_language_has_a_parser_and_statements() -> None:
    assert set(LANGUAGES) <= set(languages())
    for language in languages():
        table = grammar(language).syntax
        assert table.self_test
        assert bool(table.statements) == bool(table.module)
        if nodes.installed(grammar(language)) or not table.module:
            nodes.lookups_of(grammar(language))
