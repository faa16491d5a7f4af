"""Code in each language, ways to lay it out and to break it, and what the tests of lexemes share."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

from simblock.grammar import grammar
from simblock.lexer import LexemeScanner, Lexer
from simblock.tokens import Tokens

LANGUAGES = ("c", "java", "javascript", "python")

PIECES = {
    "python": (
        *(
            "def ",
            "x",
            "=",
            "==",
            "(",
            ",",
            ")",
            ".",
            "..",
            "...",
            "//",
            "@",
            ":",
            "f(a=1, b)",
            "1e",
            "+5",
            "0x",
            "E+1",
        ),
        *(
            "'",
            '"',
            '"""',
            "'''",
            'r"',
            "rb",
            'f"{a}"',
            "\\",
            "\\\n",
            "\\\r\n",
            "# c",
            "\n    ",
            "\r",
            " ",
            "é",
            "²",
        ),
    ),
    "java": (
        *(
            "class ",
            "x",
            ".",
            "::",
            "...",
            "..",
            "->",
            "<",
            ">>",
            "@A",
            "=",
            "(",
            "1.0f",
            "0x1p",
            "-3",
            "*",
            "/",
        ),
        *("'", '"', '"""', '\\"', "\\", "\\\n", "'c'", "//", "/*", "*/", "\n", "\r\n", " ", "é", "\ufeff"),
    ),
    "javascript": (
        *(
            "x",
            "$",
            "#x",
            ".",
            "?.",
            "??",
            "=>",
            ">>>=",
            "=",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "return",
            "typeof",
            "+",
            ">",
        ),
        *(
            "/",
            "/ab/g",
            "/`/",
            "/[']/",
            "else ",
            "//",
            "/*",
            "*/",
            "#!",
            "`",
            "${",
            "'",
            '"',
            "\\",
            "\\/",
            "1.",
            "..",
            "a",
            "\n",
            "\r\n",
            " ",
            "é",
        ),
    ),
    "c": (
        *(
            "#",
            "include",
            "include <a",
            ">",
            "<",
            "x",
            "->",
            "::",
            ".",
            "..",
            "...",
            ".5",
            "0xE+1",
            "1e",
            "+",
            "##",
            "%:",
            "*",
            "/",
        ),
        *(
            "u8",
            'L"a"',
            "'a'",
            "U",
            '"',
            "'",
            "\\",
            "\\\n",
            "\\\r\n",
            "\\\r",
            "//",
            "/*",
            "*/",
            "\n",
            " ",
            "é",
        ),
    ),
}

CODE = {
    "python": "def f(self, a, *b, c=None):\n  return [g(x, key=a.b, d=1.5e-3) for x in r\"s\" if x != 0x_F] @ m ** 't'\n",
    "java": "class A<T> { @Override int f(List<List<T>> a) { return a.get(0).b(T::c, 'd') + \"e\" >> 2; } }\n",
    "javascript": "const f = async ({a, ...b}) => { this.#c = a?.d ?? /[/x]\\/+/gi.test(`e${b}`); return /f/ !== 1 / 2 / g; };\n",
    "c": '#define M(a) a##b\nstatic int f(const char *s, struct t *p) { return p->q.r[0] >>= L\'x\' + u8"s" "t" ? .5e+3f : ~M(1); }\n',
}
"""A line a language, that may be laid out anew between any two lexemes: no quote in it stands alone."""

GAPS = {
    "python": (" ", "\n", "\t\n  ", "\\\n", ' # don\'t """\n', "\r\n", "\f", "\u00a0"),
    "java": (" ", "\n", " // don't /* \"\n", " /* '\n * \" // */", " /**/", "\r\n\t"),
    "javascript": (" ", "\n", " // don't = /* `(\n", " /* '\n * ` /x/ */", " /**/", "\r\n\t"),
    "c": (" ", "\n", " // don't \\\n still \"\n", " /* '\n * \" // */", "\\\n", " /**/", "\\\r\n"),
}


def rows(tokens: Tokens) -> list[tuple[int, int, int]]:
    return list(zip(tokens.keys.tolist(), tokens.starts.tolist(), tokens.ends.tolist(), strict=True))


def lexemes(language: str, text: str) -> list[tuple[int, int, int]]:
    return rows(Lexer(grammar(language)).tokens(text))


def spelled(language: str, text: str) -> list[str]:
    return [text[start:end] for _, start, end in lexemes(language, text)]


def keys(language: str, text: str) -> list[int]:
    return [key for key, *_ in lexemes(language, text)]


def streamed(language: str, chunks: list[str]) -> list[tuple[int, int, int]]:
    """The lexemes of a stream; on the way, none may become certain where no more were said to."""
    stream, found, when = LexemeScanner(grammar(language)), [], 0
    for chunk in chunks:
        promised = stream.certain
        for lexeme in stream.feed(chunk):
            when = max(when, stream.late.get(lexeme[2], lexeme[2]))
            assert when >= promised
            found.append(lexeme)
    return found + stream.finish()


def cut(text: str, places: list[int]) -> list[str]:
    bounds = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[low:high] for low, high in pairwise(bounds)]


UNSEEN = ("\u0301", "\u200c", "\u200d", "\xad", "\0", "\u202e", "\\u", "\\u0061", "{61}", "\\U", "0000", "$")
"""Combining marks, what cannot be seen, and escapes in names, whole and torn."""


def texts(language: str) -> st.SearchStrategy[str]:
    piece = st.sampled_from(PIECES[language]) | st.sampled_from(UNSEEN) | st.text(max_size=3)
    return st.lists(piece, max_size=40).map("".join)


WRITTEN = st.sampled_from(LANGUAGES).flatmap(lambda language: st.tuples(st.just(language), texts(language)))
CUTS = st.lists(st.integers(0, 1 << 16), max_size=6)
