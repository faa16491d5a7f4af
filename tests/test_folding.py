"""Folding of single code points, over all of Unicode where that is cheap."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from simblock.folding import (
    APOSTROPHES,
    CHAR,
    DIGIT,
    EXPAND,
    JOIN,
    LETTER,
    SEP,
    VANISH,
    Folds,
    fold,
    term_of,
)
from simblock.lookalikes import LOOKALIKES
from simblock.words import CLEAN

LETTERS = [chr(point) for point in range(0x3000) if unicodedata.category(chr(point))[0] == "L"]

CLASSES = {
    SEP: ' \n\t\0\x7f\u00a0\u2028\u3000.,;-_"“”`$€©→😀・。\u2800\u3164\uffa0\u115f\u1160\ud800\udfff\ue000\U0010ffff\u0378´',
    CHAR: "漢々〇がガー〆กไັາកាကာ𠀀",
    VANISH: "\u00ad\u200b\u200d\u2060\ufeff\u202e\u0301\u0308\u20dd\ufe0f\u0483\u05b8\u064e\u0670\u3099\u17b4\U000e0041",
    JOIN: "'‘’‛ʼ＇′＼\\",
    DIGIT: "09²①٣０๓",
    LETTER: "aZéßжωאب한ㄅनⅧ\u093e\u0b3e",
}


@pytest.mark.parametrize(
    ("kind", "char"), [(kind, char) for kind, chars in CLASSES.items() for char in chars], ids=ascii
)
def test_a_character_is_of_its_class(kind: int, char: str) -> None:
    assert {entry.kind for entry in fold(char)} == {kind}


def test_folding_what_was_folded_changes_nothing() -> None:
    for char in LETTERS:
        for kind, point in fold(char):
            if kind in {CHAR, DIGIT, LETTER}:
                assert fold(chr(point)) == ((kind, point),), ascii(char)


def test_both_cases_of_a_letter_fold_alike() -> None:
    for char in LETTERS:
        for other in (char.lower(), char.upper(), char.title()):
            seen = [entry for part in other for entry in fold(part) if entry.kind != VANISH]
            assert seen == [entry for entry in fold(char) if entry.kind != VANISH], ascii(char)


def test_look_alikes_are_folded_letters_that_become_plain_latin_ones() -> None:
    for letter, latin in LOOKALIKES.items():
        assert fold(letter) == ((LETTER, ord(latin)),)
        assert latin.isascii()
        assert latin.islower()
        assert letter.casefold() == letter, f"{letter} is never what case folding leaves"
    assert not APOSTROPHES & LOOKALIKES.keys()


def test_tables_say_what_fold_says() -> None:
    tables = Folds()
    points = np.array([ord(c) for c in "aÉ½ﬁ漢ก\u0301'\\ 9한"], np.uint32)
    kinds = tables.kinds_of(points)
    several = tables.expansions()
    for point, kind in zip(points.tolist(), kinds.tolist(), strict=True):
        entries = fold(chr(point))
        if kind == EXPAND:
            number = tables.points[point]
            part = slice(several.bounds[number], several.bounds[number + 1])
            assert [*zip(several.kinds[part], several.points[part], strict=True)] == [*entries]
        else:
            assert entries == ((kind, tables.points[point]),)
            assert tables.terms[point] == (term_of(entries[0].point) if kind >= DIGIT else 0)


def test_threads_may_fill_the_tables_together() -> None:
    alone, shared = Folds(), Folds()
    points = np.arange(0x2000, 0x2800, dtype=np.uint32)
    expected = alone.kinds_of(points)
    with ThreadPoolExecutor(4) as pool:
        for kinds in pool.map(lambda _: shared.kinds_of(points), range(4)):
            np.testing.assert_array_equal(kinds, expected)
    assert len(shared.expansions().kinds) == len(alone.expansions().kinds)
    numbers = shared.points[points[expected == EXPAND]]
    assert len(set(numbers.tolist())) == len(numbers)


def test_clean_characters_end_words_and_stand_in_no_escape() -> None:
    clean = CLEAN.findall("".join(map(chr, range(0x20000))))
    assert len(clean) > 20_000
    assert {entry.kind for char in clean for entry in fold(char)} <= {SEP, CHAR}
    assert not set(clean) & set("\\{}'’0123456789abcdefABCDEFnrtvux")
