"""Make simblock/tables/*.txt from the word frequencies of the wordfreq package.

    pip install --group tables
    python scripts/make_tables.py

en.txt       how many of 100,000 English documents of 500 words hold each word, for the commonest words
en-skip.txt  the 100 commonest words
The words stand as the tokeniser folds them, words that fold alike are one. A document of n words holds a word
of frequency f with probability 1 - exp(-n f) (Poisson): real words come in bursts, so this errs upwards, and a
match is never said to tell more than it does.
"""

from __future__ import annotations

import datetime as dt
import math
from importlib.metadata import version
from pathlib import Path

import wordfreq

from simblock.background import BACKGROUND_DOCUMENTS, DOCUMENT_WORDS, UNSPACED_DOCUMENT_CHARACTERS
from simblock.folding import DIGIT, fold

WORDS = 30_000
SKIPPED = 100
NUMBERS = range(2_101)
TABLES = Path(__file__).parent.parent / "simblock" / "tables"
HEADER = """\
# {what}
# Made by scripts/make_tables.py on {date} from wordfreq {version} (Robyn Speer, doi:10.5281/zenodo.7199437),
# whose data are under the Creative Commons Attribution-ShareAlike 4.0 licence (CC BY-SA 4.0); so is this table.
"""


def folded(word: str) -> str:
    """The word as the tokeniser reads it, or nothing where that is not one word of letters and digits."""
    entries = [entry for char in word for entry in fold(char)]
    letters = "".join(chr(point) for kind, point in entries if kind >= DIGIT)
    apostrophes = sum(char in "'’" for char in word)
    return letters if len(letters) + apostrophes == len(word) else ""


def frequencies() -> dict[str, float]:
    """Folded word → its share of all words."""
    shares: dict[str, float] = {}
    for word, share in wordfreq.get_frequency_dict("en", wordlist="large").items():
        # wordfreq counts all numbers of a length as one, under zeros
        if not any(char.isdigit() for char in word) and (name := folded(word)):
            shares[name] = shares.get(name, 0.0) + share
    for number in NUMBERS:
        shares[str(number)] = wordfreq.word_frequency(str(number), "en", wordlist="large")
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def documents(share: float, words: int) -> float:
    """How many background documents of ``words`` words hold a word of this share."""
    return BACKGROUND_DOCUMENTS * -math.expm1(-words * share)


def header(what: str) -> str:
    today = dt.datetime.now(tz=dt.UTC).date()
    return HEADER.format(what=what, date=today, version=version("wordfreq"))


def typical_character(language: str) -> float:
    """The geometric mean, over running text, of how many documents hold a character: CHAR_DOCUMENTS."""
    shares: dict[str, float] = {}
    for word, share in wordfreq.get_frequency_dict(language).items():
        for char in word:
            if ord(char) > 0x2E80:
                shares[char] = shares.get(char, 0.0) + share
    total = sum(shares.values())
    logs = (
        share / total * math.log(documents(share / total, UNSPACED_DOCUMENT_CHARACTERS))
        for share in shares.values()
    )
    return math.exp(sum(logs))


def main() -> None:
    shares = frequencies()
    commonest = list(shares)[:WORDS]
    rows = [f"{word} {documents(shares[word], DOCUMENT_WORDS):.3g}" for word in sorted(commonest)]
    rows = [
        row if "e" not in row.split()[1] else f"{row.split()[0]} {float(row.split()[1]):.0f}" for row in rows
    ]
    what = f"How many of {BACKGROUND_DOCUMENTS} English documents of {DOCUMENT_WORDS} words hold each word."
    (TABLES / "en.txt").write_text(header(what) + "\n".join(rows) + "\n", encoding="utf-8")
    skipped = (
        header(f"The {SKIPPED} commonest English words.") + "\n".join(sorted(commonest[:SKIPPED])) + "\n"
    )
    (TABLES / "en-skip.txt").write_text(skipped, encoding="utf-8")
    for language in ("zh", "ja"):
        print(
            f"{language}: a character of running text stands in {typical_character(language):.0f} documents"
        )


if __name__ == "__main__":
    main()
