"""The word view: which texts read alike, which do not, and that both tokenisers say the same."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simblock import words as bulk
from simblock.errors import UsageError
from simblock.flags import flags_of
from simblock.text import SELF_TEST, WordScanner, fingerprint, tokenise, tokenise_many, word_key
from simblock.tokens import CHAR, CHAR_KEY, COMMON
from tests.word_oracle import cuts_of, read_words, ticks_of


def spans(text: str) -> list[str]:
    tokens = tokenise(text)
    return [text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)]


def keys(text: str) -> list[int]:
    return tokenise(text).keys.tolist()


def scanned(chunks: list[str]) -> list[list[int]]:
    """Keys, flags, starts, ends, clocks and ticks of a stream."""
    scanner = WordScanner()
    columns: list[list[int]] = [[] for _ in range(6)]
    for part in (*map(scanner.feed, chunks), scanner.finish()):
        for column, new in zip(columns, part, strict=True):
            column += new
    return columns


DIFFERENT = {
    "another word": ("color", "colour"),
    "letters apart": ("now here", "nowhere"),
    "an apostrophe beside a digit ends the word": ("1'a", "1a"),
    "an apostrophe at the edge is no letter": ("a 'b", "a'b"),
    "a hyphen ends a word": ("re-sign", "resign"),
    "an underscore ends a word": ("snake_case", "snakecase"),
    "a line end is no n": ("a\\nb", "anb"),
    "a tab is no t": (r"a\tb", "atb"),
    "vowel marks of Devanagari are kept": ("नी", "ना"),
    "vowel marks of Thai are kept": ("กา", "กี"),
    "Hangul syllables": ("한글", "한길"),
    "characters and words": ("日", "ㄅ"),
    "an escape of another letter": (r"\u0436", r"\u0437"),
    "digits of other scripts": ("٣", "3"),
    "three hexadecimal digits are no escape": (r"a\u0e9b z", "aéb z"),
    "the cut at 64 characters": ("x" * 65, "x" * 64),
    "a half of a surrogate pair is nothing": ("a\ud835b", "ab"),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_texts_that_must_not_read_alike(one: str, other: str) -> None:
    assert keys(one) != keys(other)


ALIKE = {
    "case": ("Straße HELLO", "STRASSE hello"),
    "final sigma": ("ΟΔΟΣ", "οδος"),
    "accents": ("café naïve Å", "cafe naive a"),
    "accents of their own": ("cafe\u0301", "café"),
    "accents of Cyrillic, Hebrew, Arabic": ("й ё שָׁלוֹם كَتَبَ", "и е שלום كتب"),
    "full width": ("Ｈｅｌｌｏ　１２", "hello 12"),
    "half-width kana": ("ｶﾞｷﾞ", "カキ"),
    "compatibility": ("ﬁne ﬂow Ⅷ №", "fine flow viii no"),
    "one character of several tokens": ("½ ㍿", "1 2 株式会社"),
    "mathematical letters": ("𝐇𝑒𝓁𝔩𝕠", "hello"),
    "look-alike letters of Cyrillic": ("сорУ ТНЕ раge", "copy the page"),
    "look-alike letters of Greek": ("Τοραzο ΑΒΕ", "topazo abe"),
    "look-alike letters of Latin": ("ıɑɡ ᴄᴏᴘʏ", "iag copy"),
    "soft hyphens and zero widths": ("co\u00adpy\u200b ri\ufeffght", "copy right"),
    "invisible letters": ("co\u17b4py", "copy"),
    "letters that show as blanks": ("a\u3164b\uffa0c\u115fd\u1160e\u2800f", "a b c d e f"),
    "variation selectors": ("a\ufe0fb\U000e0101c", "abc"),
    "apostrophes": ("don't don’t donʼt don＇t don′t", "dont dont dont dont dont"),
    "doubled and escaped apostrophes": ("don''t don\\'t don\\\\\\'t", "dont dont dont"),
    "an apostrophe with zero widths": ("don\u200b'\u200b\u0301't", "dont"),
    "a backslash in a word": (r"a\qb", "aqb"),
    "white space": ("a\u00a0b\u2003c\u2028d\te\x00f\x85g", "a b c d e f g"),
    "written white space": (r"a\nb\\tc\\\rd\fe\vf\bg\0h", "a b c d e f g h"),
    "written characters": (r"\x41 caf\u00e9 \U0001d41a \u{e9}\u{1d41b} \\\\u0062", "a cafe a eb b"),
    "written in octal": (r"\101\040caf\351\\40\7z\1018 \08 \0123", "a café za8 8 3"),
    "bytes of a character in octal": (r"caf\303\251 \\346\\227\\245 \360\235\220\232", "café 日 a"),
    "bytes of a character in hexadecimal": (r"caf\xc3\xa9 \\xE6\\x97\\xA5 \xf0\x9d\x90\x9a", "café 日 a"),
    "bytes of both": (r"caf\303\xa9", "café"),
    "bytes that are no character": (
        r"\xe9t\xe9 \xe0\x80\xafx \xed\xa0\x80x \xc3\303\251 \xf4\x90\x80\x80x \xc3\u00a9 \xc3 \xa9 \342\202x",
        "été à\u0080\u00afx í\u00a0\u0080x ãé ô\u0090\u0080\u0080x ã\u00a9 ã \u00a9 â\u0082x",
    ),
    "a written surrogate pair": (r"\ud835\udc1a \\ud835\\\\udc1b", "a b"),
    "two characters, each written": (r"\u0061\u0062", "ab"),
    "a written apostrophe or backslash": (r"don\u0027t x\x5cny \x5c\x5cn", "dont xny n"),
    "a written soft hyphen": (r"co\u00ad\xadpy", "copy"),
    "no character beyond Unicode": (r"a\U00110000", "aU00110000"),
    "no escape without its digits": (r"\x4 \u123 \u{} \u{1234567} \U0001d41", "x4 u123 u u 1234567 U0001d41"),
    "quotes are punctuation": ("“a” «b» \"c\" 'd'", "a b c d"),
    "format characters do not end a word": ("a\u2060b\u202ec", "abc"),
    "marks may stand anywhere": ("\u0301a\u0301", "a"),
    "a long word goes on as the next": ("x" * 130, f"{'x' * 64} {'x' * 64} xx"),
    "a long word with joins": (("y" * 40 + "'") * 3 + "z", f"{'y' * 64} {'y' * 56}z"),
}


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE.keys())
def test_texts_that_read_alike(one: str, other: str) -> None:
    assert keys(one) == keys(other)


SPANS = {
    "plain": ("The cat's  hat.", ["The", "cat's", "hat"]),
    "edges are letters": ("'tis 'twas' \u0301x\u0301 \u200by", ["tis", "twas", "x", "y"]),
    "a whole escape is in": (r"\u0061b c\x64, \ud835\udc1a.", [r"\u0061b", r"c\x64", r"\ud835\udc1a"]),
    "backslashes before are not": (r"\quit a\\", ["quit", "a"]),
    "white space as written is not": (r"\nnew\n", ["new"]),
    "all of what expands": ("x½ ﬁ", ["x½", "½", "ﬁ"]),
    "characters": ("日本 กำ", ["日", "本", "ก", "ำ", "ำ"]),
    "digits and letters": ("3rd 1'2 b2b", ["3rd", "1", "2", "b2b"]),
    "a cut inside what expands": ("x" * 63 + "ﬁn", ["x" * 63 + "ﬁ", "ﬁn"]),
}


@pytest.mark.parametrize(("text", "expected"), SPANS.values(), ids=SPANS.keys())
def test_spans_reach_from_the_first_letter_to_the_last(text: str, expected: list[str]) -> None:
    assert spans(text) == expected


def test_flags_follow_from_the_key() -> None:
    tokens = tokenise("the zygote 日 THE don’t")
    assert tokens.flags.tolist() == [COMMON, 0, CHAR, COMMON, COMMON]
    assert flags_of(tokens.keys).tolist() == tokens.flags.tolist()
    assert ((tokens.keys >= CHAR_KEY) == (tokens.flags == CHAR)).all()


def test_a_character_of_a_script_without_spaces_is_its_own_key() -> None:
    assert keys("が本") == [CHAR_KEY | ord("か"), CHAR_KEY | ord("本")]


def test_arrays_have_their_dtypes_whatever_the_text() -> None:
    for text in ("", "a b", "é½", "日本", r"\u65e5 a", "."):
        tokens = tokenise(text)
        dtypes = [str(array.dtype) for array in (tokens.keys, tokens.flags, tokens.starts, tokens.ends)]
        assert dtypes == ["uint32", "uint8", "int64", "int64"]


def test_the_key_of_one_word() -> None:
    assert [word_key("Don't")] == keys("dont")
    with pytest.raises(UsageError, match="one word was expected, and 2 were found"):
        word_key("two words")


def test_the_self_test_goes_by_every_rule_and_the_fingerprint_stays() -> None:
    assert [(start, end) for _, start, end in read_words(SELF_TEST)] == [
        *zip(tokenise(SELF_TEST).starts, tokenise(SELF_TEST).ends, strict=True)
    ]
    # a change here makes every index incompatible: raise the version and say so in the changelog
    assert fingerprint() == {"words": "d9deb3bfc82fa4f2", "skip": "1ea9009a02fb1b22"}


def test_the_fingerprint_is_of_what_arrays_make_too() -> None:
    columns = (column.astype("<i8").tobytes() for column in bulk.words(SELF_TEST))
    assert hashlib.sha256(b"".join(columns)).hexdigest().startswith(fingerprint()["words"])


def test_importing_fills_no_table_and_brings_no_heavy_package() -> None:
    code = (
        "import sys, simblock.text; from simblock.folding import folds;"
        "assert not folds.cache_info().currsize; assert not {'datasketch', 'scipy', 'pydantic'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Properties

PARTS = [
    *"\\\\\\'’a1bnrtfvb0237uUxF9e{}-_ \n\0",
    *"éßİω\u0301\u200b\u00ad日が漢กำ한👍أ\u3164",
    "\ud835", "\udc1a", "u0041", "d835", "udc1a", r"\u0027", r"\x5c", r"\ud835\udc1a", r"\\ud835\\udc1b", r"\u{1d41c}",
    r"\303", r"\\251", r"\xe6", r"\\x97", r"\xA5", r"\360", r"\237", r"\40", r"\777", r"\355", "\\xf4\\",
    "½", "ﬁ", "㍿", "x" * 40, "q" * 64, " " * 63, "." * 65, "\\" * 66, "'" * 66, "\u200b" * 66,
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PARTS), max_size=60).map("".join)
LONG_TEXTS = st.lists(st.sampled_from(PARTS), min_size=60, max_size=200).map("".join)


@settings(deadline=None)
@given(TEXTS | LONG_TEXTS | st.text(max_size=80), st.lists(st.integers(0, 400), max_size=12))
@example("a" + "'" * 300 + "b" + " " * 300 + "\\ud835" + "\\" * 300 + "udc1a", [3, 5, 290])
def test_the_cut_does_not_matter(text: str, places: list[int]) -> None:
    tokens = tokenise(text)
    whole = scanned([text])
    assert whole[:4] == [c.tolist() for c in (tokens.keys, tokens.flags, tokens.starts, tokens.ends)]
    assert scanned(list(text)) == whole
    assert scanned(cuts_of(text, places)) == whole


@settings(deadline=None)
@given(TEXTS | LONG_TEXTS)
def test_both_do_what_the_rules_say(text: str) -> None:
    expected = read_words(text)
    tokens = tokenise(text)
    assert [(start, end) for _, start, end in expected] == [*zip(tokens.starts, tokens.ends, strict=True)]
    assert tokens.keys.tolist() == [_key(word) for word, _, _ in expected]


def _key(word: str) -> int:
    return CHAR_KEY | ord(word[1]) if word[0] == "\0" else word_key(word)


@settings(deadline=None)
@given(TEXTS | LONG_TEXTS)
def test_ticks_are_ends_of_words_and_every_64_characters_without_one(text: str) -> None:
    _, _, _, ends, clocks, ticks = scanned(list(text))
    assert ticks == ticks_of(ends, len(text))
    assert [ticks[clock - 1] for clock in clocks] == ends
    assert clocks == sorted(set(clocks))


@settings(deadline=None)
@given(TEXTS, st.integers(1, 40), st.sampled_from([0, 30, bulk.LONGEST]))
def test_pieces_of_any_size_make_the_same_tokens(text: str, chunk: int, longest: int) -> None:
    whole = bulk.words(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "CHUNK", chunk)
        patch.setattr(bulk, "LONGEST", longest)
        for column, expected in zip(bulk.words(text), whole, strict=True):
            np.testing.assert_array_equal(column, expected)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=6))
def test_many_texts_at_once_are_each_as_if_alone(texts: list[str]) -> None:
    runs = tokenise_many(texts)
    assert len(runs) == len(texts)
    for i, text in enumerate(texts):
        part = slice(runs.bounds[i], runs.bounds[i + 1])
        alone = tokenise(text)
        for column in ("keys", "flags", "starts", "ends"):
            np.testing.assert_array_equal(getattr(runs.tokens, column)[part], getattr(alone, column))


ALPHABETS = (
    "abcxyz'",
    "éèßñüøÅÇ",
    "жщюяЙё",
    "αβγώΣ",
    "日本がカ",
    "กำไทย",
    "한국어",
    "שלום",
    "مرحبا",
    "नमस्ते",
    "𝐚𝒃😀½",
    "0189",
)
WORDS = st.sampled_from(ALPHABETS).flatmap(lambda letters: st.text(letters, min_size=1, max_size=8))
SEPARATORS = st.sampled_from(
    [" ", "\n", "\r\n", "\t", '"', ", ", "\u200b ", "\u2028", "\x0b", "\x00", "—", "$", "%s", "/"]
)
PROSE = st.lists(st.tuples(WORDS, SEPARATORS), min_size=1, max_size=12).map(
    lambda pairs: "".join(word + separator for word, separator in pairs)
)


def c_string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\0", "\\x00")
    return '"' + "".join(c if ord(c) < 128 else f"\\U{ord(c):08x}" for c in escaped) + '"'


def javascript(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
    return "'" + "".join(c if ord(c) < 128 else f"\\u{{{ord(c):X}}}" for c in escaped) + "'"


ESCAPERS = {
    "repr": repr,
    "ascii": ascii,
    "json": json.dumps,
    "json utf-8": lambda text: json.dumps(text, ensure_ascii=False),
    "c": c_string,
    "javascript": javascript,
    "sql": lambda text: "'" + text.replace("'", "''") + "'",
    "shell": lambda text: "'" + text.replace("'", "'\\''") + "'",
}


@settings(deadline=None, max_examples=200)
@given(PROSE, st.lists(st.sampled_from(sorted(ESCAPERS)), min_size=1, max_size=4))
@example("don't 𝐚b\n'tis \"never\"", ["json", "json", "repr", "ascii"])
def test_text_in_string_literals_reads_as_it_does_outside(text: str, layers: list[str]) -> None:
    escaped = text
    for layer in layers:
        escaped = ESCAPERS[layer](escaped)
    assert keys(escaped) == keys(text)


@settings(deadline=None)
@given(PROSE)
def test_text_written_as_bytes_reads_as_it_does_outside(text: str) -> None:
    plain = text.replace("\\", " ")
    assert keys(repr(plain.encode())[1:]) == keys(plain)
    assert keys("".join(f"\\{byte:03o}" for byte in plain.encode())) == keys(plain)


@settings(deadline=None)
@given(PROSE)
def test_case_does_not_matter(text: str) -> None:
    assert keys(text.upper()) == keys(text.lower()) == keys(text)
