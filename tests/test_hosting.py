"""Texts of host languages: cut into the same stretches for every cut, each certain in time, and none lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.code import tokenise_documents
from simblock.codestream import CodeScanner
from simblock.grammar import grammar
from simblock.hosting import parse_hosted
from simblock.hosts import TAG_LIMIT, HostScanner, Piece
from simblock.lexer import Lexer
from simblock.work import Document, Work

HTML = grammar("html")
SCRAPS = st.lists(
    st.sampled_from(
        ["<", ">", "</", "/>", "<p", "<p>", '"', "'", "=", " ", "\n", "x", "a < b", "<!--", "-->", "--", "<!doctype html>",
         "<script>", "<script", "</script", "</SCRIPT>", '<script lang="ts">', "<style>", "</style>", "it's", "{ color: red }",
         "var a = '</p>';\n", "f(a, b);\ng(c)\n", "/* ", " */", "`", "<script type='application/json'>", "é",
         "-", "!", "<!-->", "<!--->", "--!>", "</scripts>", "</script\n"]
    ),
    max_size=25,
).map("".join)  # fmt: skip
CUTS = st.lists(st.integers(0, 300), max_size=6)


def cut(text: str, places: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(place for place in places if place < len(text))})
    return [text[a:b] for a, b in pairwise(edges)]


def pieces(chunks: list[str]) -> list[Piece]:
    scanner, found, known = HostScanner(HTML), [], 0
    for chunk in chunks:
        known += len(chunk)
        fed = scanner.feed(chunk)
        assert all(max(piece.when, piece.start + len(piece.text)) <= known for piece in fed), (
            "certain before it was known to be"
        )
        found += fed
    return [*found, *scanner.finish()]


def characters(chunks: list[str]) -> list[tuple[str, str, int, int]]:
    """Every character that is given, with its language, its place and when it was certain."""
    return [
        (piece.language, mark, piece.start + at, max(piece.when, piece.start + at + 1))
        for piece in pieces(chunks)
        for at, mark in enumerate(piece.text)
    ]


def stretches(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    begins = True
    for piece in pieces([text]):
        found.append((piece.language, piece.text if begins else found.pop()[1] + piece.text))
        begins = piece.ends
    return found


@given(SCRAPS, CUTS)
def test_stretches_and_when_they_are_certain_do_not_depend_on_the_cut(text: str, places: list[int]) -> None:
    whole = characters([text])
    assert characters(list(text)) == whole
    assert characters(cut(text, places)) == whole
    assert all(text[at] == mark for _, mark, at, _ in whole)


def collected(chunks: list[str]) -> list[list[tuple[object, ...]]]:
    scanner, known = CodeScanner("html"), 0
    lanes: list[list[tuple[object, ...]]] = [[], []]
    for chunk in [*chunks, None]:
        seen = scanner.finish() if chunk is None else scanner.feed(chunk)
        for lane, coded in zip(lanes, seen, strict=True):
            assert all(when >= known for when in coded.whens)
            lane += zip(*coded, strict=True)
        known = scanner.known
    return lanes


@given(SCRAPS, CUTS)
def test_tokens_and_when_they_are_certain_do_not_depend_on_the_cut(text: str, places: list[int]) -> None:
    whole = collected([text])
    assert collected(list(text)) == whole
    assert collected(cut(text, places)) == whole
    lexemes = parse_hosted(text, HTML).lexemes
    assert [row[:3] for row in whole[0]] == list(
        zip(lexemes.keys.tolist(), lexemes.starts.tolist(), lexemes.ends.tolist(), strict=True)
    )


HOSTED = {
    "<script>a</script>": "javascript",
    "<script type=module>a</script>": "javascript",
    '<SCRIPT type="text/javascript" src="x.js">a</SCRIPT>': "javascript",
    "<script async type='text/babel'>a</script>": "javascript",
    '<script setup lang="ts">a</script>': "typescript",
    "<script lang='tsx'>a</script>": "tsx",
    '<style scoped lang="scss">a</style>': "css",
    '<script type="application/json">a</script>': "",
    '<script type="x-shader/x-vertex">a</script>': "",
    "<!-- a-->": "",
}


@pytest.mark.parametrize(("text", "language"), HOSTED.items())
def test_the_tag_says_what_stands_behind_it(text: str, language: str) -> None:
    inner = [(name, said) for name, said in stretches(text) if name != "html"]
    assert [(name, said.strip()) for name, said in inner] == [(language, "a")]


ENDED = {
    "<!--><script>a</script>": "a",
    "<!---><script>a</script>": "a",
    "<!-- b --!><script>a</script>": "a",
    "<!----><script>a</script>": "a",
    "<!----!><script>a</script>": "a",
    "<!--!><script>b</script> --><script>a</script>": "a",
    "<!---!><script>b</script> --><script>a</script>": "a",
    "<!--- -><script>b</script> --><script>a</script>": "a",
    "<!-- <!-- --><script>a</script>": "a",
    "<script>a('</scripts>')</script>": "a('</scripts>')",
    "<script>a</SCRIPT\n>": "a",
    "<script>a</script/>": "a",
    "<script>a": "a",
    "<script>a</script": "a</script",
    "<!-- <script>b</script>": "",
}


@pytest.mark.parametrize(("text", "said"), ENDED.items())
def test_what_ends_a_comment_or_a_script_in_a_browser_ends_it_here(text: str, said: str) -> None:
    assert "".join(inner for name, inner in stretches(text) if name == "javascript") == said
    assert characters(list(text)) == characters([text])


def test_text_between_tags_is_left_out_and_tags_are_what_quotes_let_them_be() -> None:
    text = "It's <b class=\"a > b\" title='<i>'>a < b</b>, <scripted>x</scripted>"
    assert [said for _, said in stretches(text)] == [
        '<b class="a > b" title=\'<i>\'>', "</b>", "<scripted>", "</scripted>",
    ]  # fmt: skip


def test_what_is_never_closed_holds_no_more_than_a_tag_may_have() -> None:
    scanner = HostScanner(HTML)
    assert not scanner.feed("<p title='" + "x" * (TAG_LIMIT - 11))
    assert [piece.text for piece in scanner.feed("xxx <b>")] == ["<b>"]


def test_a_script_is_lexed_as_if_it_stood_alone() -> None:
    code = "const a = b(/</g, `x`); // it's\nfor (const c of a) d.e(c < 1)\n"
    text = f"<h1>It's</h1>\n<script>{code}</script>\n<p>"
    lexemes = parse_hosted(text, HTML).lexemes
    low = text.index(code)
    inside = (lexemes.starts >= low) & (lexemes.starts < low + len(code))
    assert lexemes.keys[inside].tolist() == Lexer(grammar("javascript")).tokens(code).keys.tolist()
    scanner = CodeScanner("html")
    coded = scanner.feed(text).lexemes
    assert {language for start, language in zip(coded.starts, coded.languages, strict=True) if low <= start < low + len(code)} == {
        "javascript"
    }  # fmt: skip


def test_a_page_has_the_words_of_its_comments_and_no_notice() -> None:
    page = "<!-- Copyright 2020 Nobody. All rights reserved. -->\n<p>Seen</p><!-- said -->\n<script>/* heard */ f()</script>"
    runs = tokenise_documents([Document(Work("w", kind="code", language="html"), page)])
    said = [
        [page[a:b] for a, b in zip(runs.tokens.starts[low:high], runs.tokens.ends[low:high], strict=True)]
        for low, high in pairwise(runs.bounds.tolist())
    ]
    assert said[0] == ["p", "Seen", "p", "said", "script", "heard", "f", "script"]
    assert said[1] == ["said", "heard"]
    assert said[2] == ["<", "p", ">", "</", "p", ">", "<", "script", ">", "f", "(", ")", "</", "script", ">"]


@pytest.mark.parametrize("end", ["<p>", "<p", "<script>a = '</sc"])
def test_a_page_in_a_fence_is_cut_once_by_who_doubts_its_tag(
    end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "<p>Words.</p>\n<script>\nlet a = b(c);\n</script>\n<style>.d { color: red }</style>\n" * 9 + end
    read, fed = HostScanner.feed, 0

    def counted(self: HostScanner, text: str) -> list[Piece]:
        nonlocal fed
        fed += len(text)
        return read(self, text)

    monkeypatch.setattr(HostScanner, "feed", counted)
    scanner = CodeScanner()
    fence = "```html\n"
    seen = [scanner.feed(fence + page), scanner.finish()]
    assert fed == len(page)
    starts = [start - len(fence) for part in seen for start in part.lexemes.starts]
    assert starts == parse_hosted(page, HTML).lexemes.starts.tolist()
