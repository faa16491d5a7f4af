"""Transforms of single letters: look-alikes, accents, other forms, leetspeak, character references, typos."""

from __future__ import annotations

import random
import re
import string
import unicodedata
from collections.abc import Callable, Mapping
from urllib.parse import quote

from benchmarks.evasions.passage import Passage, by_word, chosen
from benchmarks.evasions.registry import evasion
from benchmarks.evasions.text import surface

_LETTERS = string.ascii_uppercase + string.ascii_lowercase
_Typo = Callable[[str, int, random.Random], str]

COMMON_LOOKALIKES = dict(zip("aceopxyijsABCEHIKMOPTXYZ", "асеорхуіјѕАВСЕНІКМОРТХΥΖ", strict=True))
"""The Cyrillic and Greek letters that every list of look-alikes begins with."""

WIDE_LOOKALIKES: Mapping[str, str] = {
    "a": "аɑα⍺", "b": "Ьƅᖯ", "c": "сϲᴄⅽ", "d": "ԁɗⅾ", "e": "еҽ℮", "f": "ƒϝẝ", "g": "ɡցᶃ", "h": "һհᏂ",
    "i": "іıɩ", "j": "јϳ", "k": "кκᴋ", "l": "ⅼӏɭ", "m": "мⅿṃ", "n": "ոռɳ", "o": "оοօ", "p": "рρⲣ",
    "q": "ԛզɋ", "r": "гᴦⲅ", "s": "ѕꜱʂ", "t": "тτƫ", "u": "υսᴜ", "v": "νѵⅴ", "w": "ԝѡɯ", "x": "хⅹ",
    "y": "уγყ", "z": "ᴢʐ", "A": "АΑᎪ", "B": "ВΒᏴ", "C": "СᏟⅭ", "D": "ᎠⅮꓓ", "E": "ЕΕᎬ", "F": "Ϝꓝ",
    "G": "ԌᏀꓖ", "H": "НΗᎻ", "I": "ІΙⅠ", "J": "ЈᎫꓙ", "K": "КΚᏦ", "L": "ᏞⅬꓡ", "M": "МΜᎷ", "N": "Νꓠ",
    "O": "ОΟՕ", "P": "РΡᏢ", "R": "ᎡᏒꓣ", "S": "ЅՏᏚ", "T": "ТΤᎢ", "U": "Սꓴ", "V": "ѴᏙⅤ", "W": "ԜᎳꓪ",
    "X": "ХΧⅩ", "Y": "ҮΥᎩ", "Z": "ΖᏃꓜ",
}  # fmt: skip
"""Letters of other scripts and hooked ones, by the Latin letter that they are taken for."""

LEET: Mapping[str, str] = {
    "a": "4",
    "b": "8",
    "e": "3",
    "g": "9",
    "i": "1",
    "o": "0",
    "s": "5",
    "t": "7",
    "z": "2",
}
STRONG_LEET: Mapping[str, str] = {**LEET, "a": "@", "c": "(", "h": "#", "i": "!", "k": "|<", "l": "1", "s": "$", "t": "+", "x": "><"}  # fmt: skip

_NEIGHBOURS = {
    letter: row[max(0, at - 1) : at] + row[at + 1 : at + 2]
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for at, letter in enumerate(row)
}
"""Letter → the keys beside it on an English keyboard."""


def _table(letters: Mapping[str, str]) -> dict[int, str]:
    return {ord(letter): other for letter, other in letters.items()}


@surface("homoglyphs")
def _homoglyphs(text: str, _: random.Random) -> str:
    """Every letter that has a well-known Cyrillic or Greek look-alike is one; what is seen stays nearly so."""
    return text.translate(_table(COMMON_LOOKALIKES))


@surface("homoglyphs-some")
def _some_homoglyphs(text: str, rng: random.Random) -> str:
    """A third of the letters, as drawn, are well-known look-alikes; what is seen stays nearly so."""
    return "".join(COMMON_LOOKALIKES.get(char, char) if rng.random() < 1 / 3 else char for char in text)


@surface("homoglyphs-wide", gate=None)
def _wide_homoglyphs(text: str, rng: random.Random) -> str:
    """Every letter some look-alike of a wide table, hooked and dotted ones among them; it can still be read."""
    return "".join(rng.choice(WIDE_LOOKALIKES.get(char, char)) for char in text)


@surface("accents")
def _accents(text: str, rng: random.Random) -> str:
    """Half the letters bear an accent, composed; base letters, marks and layout stay."""
    made = (char + rng.choice(_ACCENTS) if char.isalpha() and rng.random() < 0.5 else char for char in text)
    return unicodedata.normalize("NFC", "".join(made))


_ACCENTS = "\u0300\u0301\u0302\u0303\u0308\u030a\u030c\u0323"


@surface("accents-stacked")
def _stacked(text: str, rng: random.Random) -> str:
    """Every letter under two to five combining marks; base letters, marks and layout stay."""
    return "".join(
        char + "".join(rng.choices(_ACCENTS, k=rng.randint(2, 5))) if char.isalpha() else char
        for char in text
    )


@surface("full-width")
def _full_width(text: str, _: random.Random) -> str:
    """ASCII in its full-width forms, spaces too; letters and marks stay what they are."""
    return "".join(
        chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else "\u3000" if char == " " else char for char in text
    )


def _letters_from(capital: int, small: int) -> dict[int, str]:
    table = {ord("A") + at: chr(capital + at) for at in range(26)}
    return table | {ord("a") + at: chr(small + at) for at in range(26)}


_MATHEMATICAL = tuple(
    # bold, slanted, script, Fraktur, double-struck, sans-serif, monospace: the alphabets without gaps
    _letters_from(start, start + 26)
    for start in (0x1D400, 0x1D468, 0x1D4D0, 0x1D56C, 0x1D5A0, 0x1D5D4, 0x1D608, 0x1D63C, 0x1D670)
)
_CIRCLED = _letters_from(0x24B6, 0x24D0)
_SMALL_CAPITALS = dict(zip(string.ascii_lowercase, "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘqʀꜱᴛᴜᴠᴡxʏᴢ", strict=True))


@surface("mathematical")
def _mathematical(text: str, rng: random.Random) -> str:
    """Latin letters of one mathematical alphabet; letters and marks stay what they are."""
    return text.translate(rng.choice(_MATHEMATICAL))


@surface("mathematical-mixed")
def _mixed_mathematical(text: str, rng: random.Random) -> str:
    """Each Latin letter of another mathematical alphabet; letters and marks stay what they are."""
    return "".join(rng.choice(_MATHEMATICAL).get(ord(char), char) for char in text)


@surface("circled")
def _circled(text: str, _: random.Random) -> str:
    """Latin letters in circles; letters and marks stay what they are."""
    return text.translate(_CIRCLED)


@surface("small-capitals")
def _small_capitals(text: str, _: random.Random) -> str:
    """Phonetic small capitals for small Latin letters; it reads as before."""
    return text.lower().translate(_table(_SMALL_CAPITALS))


@surface("leetspeak", gate=None)
def _leet(text: str, _: random.Random) -> str:
    """D1g175 f0r 7h3 13773r5 7h47 7h3y 100k 1ik3; words stay apart and can be read."""
    return text.lower().translate(_table(LEET))


@surface("leetspeak-some", gate=None)
def _some_leet(text: str, rng: random.Random) -> str:
    """Digits for half of the letters that have one, as drawn; words stay apart and can be read."""
    return "".join(LEET.get(char.lower(), char) if rng.random() < 0.5 else char for char in text)


@surface("leetspeak-strong", gate=None)
def _strong_leet(text: str, _: random.Random) -> str:
    """Digits and marks for letters, some of them two; words stay apart and can be read."""
    return text.lower().translate(_table(STRONG_LEET))


@surface("entities-decimal", gate=None)
def _decimal_entities(text: str, _: random.Random) -> str:
    """All but white space as decimal character references; a browser shows the text as it was."""
    return "".join(char if char.isspace() else f"&#{ord(char)};" for char in text)


@surface("entities-hex", gate=None)
def _hex_entities(text: str, rng: random.Random) -> str:
    """A third of the letters as hexadecimal character references; a browser shows the text as it was."""
    return "".join(f"&#x{ord(char):x};" if char.isalpha() and rng.random() < 1 / 3 else char for char in text)


@surface("entities-spaces", gate=None)
def _entity_spaces(text: str, _: random.Random) -> str:
    """No-break spaces by name for all gaps; a browser shows the text as it was."""
    return re.sub(r"\s+", "&nbsp;", text)


@surface("percent-encoding", gate=None)
def _percent(text: str, _: random.Random) -> str:
    """Percent-encoded as in an address: letters and digits of ASCII stay, all else are bytes in hexadecimal."""
    return quote(text, safe="", errors="surrogatepass")


@surface("percent-encoding-letters", gate=None)
def _all_percent(text: str, _: random.Random) -> str:
    """Every byte percent-encoded; decoded it is the text as it was."""
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


@surface("unicode-escapes", gate=None)
def _escapes(text: str, _: random.Random) -> str:
    r"""Letters as \u escapes of a string literal; read, it is the text as it was."""
    return "".join(f"\\u{ord(char):04x}" if char.isalpha() and ord(char) < 0x10000 else char for char in text)


@surface("word-reversed", gate=None)
def _reversed_words(text: str, _: random.Random) -> str:
    """Every word spelt backwards; their order and the marks stay."""
    return by_word(text, lambda word: word[::-1])


def _swap(word: str, at: int, _: random.Random) -> str:
    at = min(at, len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _drop(word: str, at: int, _: random.Random) -> str:
    return word[:at] + word[at + 1 :]


def _double(word: str, at: int, _: random.Random) -> str:
    return word[:at] + word[at] + word[at:]


def _neighbour(word: str, at: int, rng: random.Random) -> str:
    key = rng.choice(_NEIGHBOURS.get(word[at].lower()) or _LETTERS)
    return word[:at] + (key.upper() if word[at].isupper() else key) + word[at + 1 :]


TYPOS: Mapping[str, _Typo] = {"swap": _swap, "drop": _drop, "double": _double, "neighbour": _neighbour}
"""Two letters exchanged, one left out, one struck twice, the key beside it struck."""


def misspelt(text: str, share: float, kinds: tuple[str, ...], rng: random.Random) -> str:
    """The text with a slip in a share of its words of two letters and more, at least in one."""
    passage = Passage.of(text)
    words = list(passage.words)
    fit = [at for at, word in enumerate(words) if len(word) > 1]
    count = min(len(fit), max(1, round(share * len(words))))
    for at in rng.sample(fit, count):
        typo = TYPOS[rng.choice(kinds)]
        for _ in range(8):
            made = typo(words[at], rng.randrange(len(words[at])), rng)
            if made != words[at]:  # two like letters may have been exchanged
                words[at] = made
                break
    return passage.joined(words)


def _typos(percent: int, kinds: tuple[str, ...]) -> None:
    def make(text: str, rng: random.Random) -> str:
        return misspelt(text, percent / 100, kinds, rng)

    name = f"typos-{percent}" if len(kinds) > 1 else f"typos-{kinds[0]}-{percent}"
    make.__doc__ = (
        f"A slip ({', '.join(kinds)}) in {percent} % of the words, at least in one; all other words, "
        "their order, marks and layout stay."
    )
    evasion(name, kind="text", group="typo")(make)


for _share in (1, 3, 5):
    _typos(_share, tuple(TYPOS))
for _kind in TYPOS:
    _typos(5, (_kind,))


@evasion("typos-half", kind="text", group="typo")
def _half_misspelt(text: str, rng: random.Random) -> str:
    """A slip in half the words of four letters and more; the others, their order, marks and layout stay."""
    passage = Passage.of(text)
    words = list(passage.words)
    fit = [at for at, word in enumerate(words) if len(word) > 3]
    for at in sorted(fit[index] for index in chosen(len(fit), 0.5, rng)):
        typo = TYPOS[rng.choice(tuple(TYPOS))]
        words[at] = typo(words[at], rng.randrange(1, len(words[at])), rng)
    return passage.joined(words)
