"""Surface transforms of text: case, spacing, layout, punctuation, marks."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable
from itertools import cycle

from benchmarks.evasions.passage import Passage, by_word, lines, sentences
from benchmarks.evasions.registry import evasion

_Make = Callable[[str, random.Random], str]

SPACES = "\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""Spaces of many widths, the narrow unbroken and the ideographic one among them."""
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
_GAP = re.compile(r"\s+")
_MARK = re.compile(r"[^\w\s]|_")
LINE_WORDS = 9
"""Words of a line where a layout has lines: about 50 characters."""


def surface(name: str, gate: str | None = "surface") -> Callable[[_Make], _Make]:
    """Enters a transform of the surface."""
    return evasion(name, kind="text", group="surface", gate=gate)


@surface("case-upper")
def _upper(text: str, _: random.Random) -> str:
    """Capitals throughout; words, marks and layout stay."""
    return text.upper()


@surface("case-lower")
def _lower(text: str, _: random.Random) -> str:
    """Small letters throughout; words, marks and layout stay. A passage without capitals stays as it is."""
    return text.lower()


@surface("case-title")
def _title(text: str, _: random.Random) -> str:
    """Every Word Begins With a Capital; words, marks and layout stay."""
    return by_word(text, lambda word: word[:1].upper() + word[1:].lower())


@surface("case-alternating")
def _alternating(text: str, _: random.Random) -> str:
    """eVeRy sEcOnD letter a capital; words, marks and layout stay."""
    high = cycle((False, True))
    return "".join(
        (char.upper() if next(high) else char.lower()) if char.isalpha() else char for char in text
    )


@surface("case-random")
def _random_case(text: str, rng: random.Random) -> str:
    """Each letter's case drawn; words, marks and layout stay."""
    return "".join(rng.choice((char.lower(), char.upper())) for char in text)


@surface("spacing-wide")
def _wide(text: str, rng: random.Random) -> str:
    """Runs of spaces, tabs and line feeds for every gap; words and marks stay."""
    return _GAP.sub(lambda _: "".join(rng.choices(" \t\n", k=rng.randint(2, 5))), text)


@surface("spacing-word-a-line")
def _word_a_line(text: str, _: random.Random) -> str:
    """A word a line; words and marks stay."""
    return _GAP.sub("\n", text)


@surface("spacing-blank-lines")
def _blank_lines(text: str, _: random.Random) -> str:
    """Two words a paragraph; words and marks stay."""
    return "\n\n".join(lines(text, 2))


@surface("spacing-nbsp")
def _nbsp(text: str, _: random.Random) -> str:
    """No-break spaces for every gap; words and marks stay."""
    return _GAP.sub("\u00a0", text)


@surface("spacing-unicode")
def _unicode_spaces(text: str, rng: random.Random) -> str:
    """A space of another width for every gap; words and marks stay."""
    return _GAP.sub(lambda _: rng.choice(SPACES), text)


@surface("zero-width-words")
def _zero_width_words(text: str, rng: random.Random) -> str:
    """A character without width beside every gap; what is seen stays the same."""
    return _GAP.sub(lambda gap: rng.choice(ZERO_WIDTH) + gap[0] + rng.choice(ZERO_WIDTH), text)


@surface("zero-width-letters")
def _zero_width_letters(text: str, rng: random.Random) -> str:
    """A character without width after every letter; what is seen stays the same."""
    return "".join(char + rng.choice(ZERO_WIDTH) if char.isalpha() else char for char in text)


@surface("zero-width-for-spaces", gate=None)
def _zero_width_gaps(text: str, _: random.Random) -> str:
    """Zero-width spaces for all gaps: letters and marks stay, the words are seen as one."""
    return _GAP.sub("\u200b", text)


@surface("soft-hyphens")
def _soft_hyphens(text: str, rng: random.Random) -> str:
    """One to three soft hyphens in every word of two letters and more; what is seen stays the same."""

    def hyphenated(word: str) -> str:
        for _ in range(min(rng.randint(1, 3), len(word) - 1)):
            at = rng.randint(1, len(word) - 1)
            word = word[:at] + "\u00ad" + word[at:]
        return word

    return by_word(text, hyphenated)


def _letters_apart(between: str, gap: str) -> _Make:
    def make(text: str, _: random.Random) -> str:
        return gap.join(between.join(word) for word in text.split())

    return make


_APART = {
    "letters-spaced": (" ", "   ", "a space between letters, three between words"),
    "letters-spaced-evenly": (" ", " ", "a space between letters, and no more between words"),
    "letters-spaced-lines": (" ", "\n", "a space between letters, a word a line"),
    "letters-dotted": (".", " ", "full stops between letters"),
    "letters-hyphenated": ("-", " ", "hyphens between letters"),
}
for _name, (_between, _gap, _what) in _APART.items():
    _make = _letters_apart(_between, _gap)
    _make.__doc__ = f"{_what.capitalize()}; letters, marks and their order stay."
    surface(_name, "surface" if _between == " " else None)(_make)


@surface("spaces-removed")
def _spaces_removed(text: str, _: random.Random) -> str:
    """No white space; letters, marks and their order stay."""
    return _GAP.sub("", text)


@surface("spaces-and-marks-removed")
def _only_letters(text: str, _: random.Random) -> str:
    """Letters and digits alone, small and in one string; their order stays."""
    return "".join(char for char in text.lower() if char.isalnum())


@surface("spaces-some-removed")
def _some_spaces_removed(text: str, rng: random.Random) -> str:
    """Every third gap, as drawn, closed; letters, marks and their order stay."""
    return _GAP.sub(lambda gap: "" if rng.random() < 1 / 3 else gap[0], text)


@surface("camel-case")
def _camel(text: str, _: random.Random) -> str:
    """EveryWordBeginsWithACapital, with nothing between words but the full stop of a sentence; letters stay."""
    made = (
        "".join(word[:1].upper() + word[1:].lower() for word in Passage.of(one).words)
        for one in sentences(text)
    )
    return ". ".join(made)


@surface("snake-case")
def _snake(text: str, _: random.Random) -> str:
    """words_joined_by_low_lines, marks dropped; words stay."""
    return "_".join(Passage.of(text).words).lower()


@surface("kebab-case")
def _kebab(text: str, _: random.Random) -> str:
    """words-joined-by-hyphens, marks dropped; words stay."""
    return "-".join(Passage.of(text).words)


@surface("punctuation-removed")
def _no_marks(text: str, _: random.Random) -> str:
    """Words and single spaces alone."""
    return " ".join(Passage.of(text).words)


@surface("punctuation-changed")
def _other_marks(text: str, rng: random.Random) -> str:
    """Another mark behind every word, at random; words stay."""
    words = Passage.of(text).words
    return " ".join(word + rng.choice((",", ";", ".", " -", "!", "?", ":", "")) for word in words)


@surface("punctuation-doubled")
def _doubled_marks(text: str, _: random.Random) -> str:
    """Every mark between words three times; words and layout stay. A passage without marks stays as it is."""
    passage = Passage.of(text)
    gaps = (_MARK.sub(lambda mark: mark[0] * 3, gap) for gap in passage.gaps)
    return passage.head + "".join(word + gap for word, gap in zip(passage.words, gaps, strict=True))


@surface("quotation-marks")
def _quoted_words(text: str, rng: random.Random) -> str:
    """Every word in quotation marks of some language; words and other marks stay."""
    pairs = ("“”", '""', "„“", "«»", "()", "[]", "「」")
    return by_word(text, lambda word: word.join(rng.choice(pairs)))


@surface("markdown-bold")
def _bold(text: str, _: random.Random) -> str:
    """Every second word bold; words, marks and layout stay."""
    turn = cycle((True, False))
    return by_word(text, lambda word: f"**{word}**" if next(turn) else word)


@surface("markdown-marks")
def _marks(text: str, rng: random.Random) -> str:
    """Words bold, slanted, struck, marked as code or underlined, as drawn; words and layout stay."""
    marks = ("**", "*", "~~", "`", "__", "")
    return by_word(text, lambda word: word.join((mark := rng.choice(marks), mark)))


@surface("markdown-bullets")
def _bullets(text: str, rng: random.Random) -> str:
    """A bullet a line of nine words; words and marks stay."""
    mark = rng.choice("-*+•")
    return "\n".join(f"{mark} {line}" for line in lines(text, LINE_WORDS))


@surface("markdown-headings")
def _headings(text: str, rng: random.Random) -> str:
    """Every sentence (or clause) a heading of some depth; words and marks stay."""
    return "\n\n".join("#" * rng.randint(1, 6) + " " + one for one in sentences(text))


@surface("markdown-table")
def _table(text: str, _: random.Random) -> str:
    """Four words a row of a table, one a cell; words and marks stay."""
    rows = [line.split() + [""] * (4 - len(line.split())) for line in lines(text, 4)]
    head = ["| | | | |", "| --- | --- | --- | --- |"]
    return "\n".join(head + ["| " + " | ".join(row) + " |" for row in rows])


@surface("quoted-lines")
def _quoted_lines(text: str, _: random.Random) -> str:
    """Lines of nine words behind a quotation mark, as in letters; words and marks stay."""
    return "\n".join(f"> {line}" for line in lines(text, LINE_WORDS))


@surface("quoted-lines-deep")
def _deep_quotes(text: str, rng: random.Random) -> str:
    """Lines of nine words behind one to four quotation marks; words and marks stay."""
    return "\n".join("> " * rng.randint(1, 4) + line for line in lines(text, LINE_WORDS))


@surface("numbered-lines")
def _numbered_lines(text: str, rng: random.Random) -> str:
    """Lines of nine words behind their number; words, marks and their order stay, a number a line comes in."""
    first = rng.choice((1, 1, 10, 100))
    return "\n".join(f"{first + at}. {line}" for at, line in enumerate(lines(text, LINE_WORDS)))


@surface("numbered-words", gate=None)
def _numbered_words(text: str, _: random.Random) -> str:
    """A number before every word; words stay in order, as many numbers come in."""
    return " ".join(f"{at}. {word}" for at, word in enumerate(text.split(), 1))


@surface("lettered-lines", gate=None)
def _lettered_lines(text: str, _: random.Random) -> str:
    """Lines of nine words behind a letter; words, marks and their order stay, a letter a line comes in."""
    letters = cycle(string.ascii_lowercase)
    return "\n".join(f"({letter}) {line}" for letter, line in zip(letters, lines(text, LINE_WORDS)))  # noqa: B905


@surface("hyphenated-line-ends", gate=None)
def _hyphenated(text: str, rng: random.Random) -> str:
    """Narrow columns whose every line ends within a word, behind a hyphen; letters, marks and order stay."""
    made, column = [], 0
    for word in text.split():
        column += len(word) + 1
        if column > 36 and len(word) > 4 and word.isalpha():
            at = rng.randint(2, len(word) - 2)
            made.append(f"{word[:at]}-\n{word[at:]}")
            column = len(word) - at
        else:
            made.append(word)
    return " ".join(made)
