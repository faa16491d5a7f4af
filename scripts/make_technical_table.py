"""Make simblock/tables/technical.txt from clean text of the *tune* packages of the benchmarks.

    python scripts/make_technical_table.py FOLDER      (where benchmarks.clean_text keeps the packages)

Manuals, mail, dictionaries and essays: what the words of programs and of their documentation weigh, which a table of
English at large does not know. A word counts by the mean over the packages of the share of their passages that hold
it, so no package's own jargon weighs much; words of fewer than three packages are left out. The table is made from
the tune packages alone, so what is measured on the report packages is measured on text that it does not know.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.clean_text import passages
from benchmarks.corpus import Places
from scripts.make_tables import folded
from simblock.background import BACKGROUND_DOCUMENTS, DOCUMENT_WORDS

PACKAGES = 3
"""Packages that must hold a word."""
LEAST = 25.0
"""Documents that must, of all."""
SHARE = 0.5
"""How much of what models say is technical, as far as the table goes."""
TABLE = Path(__file__).parent.parent / "simblock" / "tables" / "technical.txt"
HEADER = """\
# How many of {documents} documents of {words} words hold each word, where half of them are technical.
# Made by scripts/make_technical_table.py on {date} from the documentation in these packages:
# {packages}
"""


def counted(folder: Path, shared: Path) -> tuple[dict[str, Counter[str]], Counter[str], Counter[str]]:
    """By package: passages that hold each word; how many passages; how many words."""
    holding: dict[str, Counter[str]] = defaultdict(Counter)
    count: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for passage in passages(Places(folder, shared), "tune"):
        found = re.findall(r"[^\W_]+", passage.text)
        holding[passage.source].update({name for word in found if (name := folded(word))})
        count[passage.source] += 1
        words[passage.source] += len(found)
    return holding, count, words


def documents(holding: dict[str, Counter[str]], count: Counter[str], words: Counter[str]) -> dict[str, float]:
    """Word → how many of the background documents hold it."""
    totals: Counter[str] = Counter()
    held_by: Counter[str] = Counter()
    for package, holds in holding.items():
        longer = DOCUMENT_WORDS * count[package] / words[package]  # passages in a document
        for word, n in holds.items():
            totals[word] += 1 - (1 - n / count[package]) ** longer  # type: ignore[assignment]
            held_by[word] += 1
    scale = SHARE * BACKGROUND_DOCUMENTS / len(holding)
    return {word: total * scale for word, total in totals.items() if held_by[word] >= PACKAGES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    options = parser.parse_args()
    holding, count, words = counted(options.folder, options.shared / "data" / "text")
    found = documents(holding, count, words)
    rows = [f"{word} {n:.0f}" for word, n in sorted(found.items()) if n >= LEAST]
    head = HEADER.format(
        documents=BACKGROUND_DOCUMENTS, words=DOCUMENT_WORDS, date=dt.datetime.now(tz=dt.UTC).date(),
        packages=", ".join(sorted(holding)),
    )  # fmt: skip
    TABLE.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    print(f"{len(rows)} words, {TABLE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
