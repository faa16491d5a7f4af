"""Make simblock/tables/looks.txt from packages of source code.

    python -m benchmarks.code_corpus
    python scripts/make_looks_table.py SOURCES

What a line that an expression of ``[detect]`` matches says for each language: the coefficients of a multinomial
logistic regression of the language on the expressions that match (those that :func:`simblock.looks.matching` gives),
over lines of the background part of every language that has one. Every language counts alike, however many lines it
has. What is said alike of most languages is taken off a row, for only differences matter; what is then small is left
out. SOURCES are as scripts/make_code_tables.py says; of a language without a background part, the part ``tune`` is read.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from make_code_tables import TABLES, versions
from numpy.typing import NDArray

from simblock import looks
from simblock.catalogue import UNIT, listed
from simblock.grammar import grammar

FILES, LINES = 150, 40
"""So many files of a language are read, and so many lines of each."""
SIZES = range(400, 400_000)
"""Bytes of a file: larger ones are mostly generated."""
PENALTY = 1e-5
"""Of the squares of the coefficients, against the mean loss of a line."""
STEPS, RATE = 600, 0.05
"""Of Adam: the loss no longer changes in the fourth digit."""
SMALL = 2
"""UNITs that are left out."""
HEADER = """\
# What a line that an expression of [detect] matches says for each language, in eighths of a natural logarithm.
# Made by scripts/make_looks_table.py on {date} from {size}:
{packages}
# Numbers are facts of how code looks; no code of the packages is in here."""
F32 = NDArray[np.float32]
Looked = Counter[tuple[int, ...]]


def files(folders: str, language: str) -> list[Path]:
    """Files of a language's packages in turn, so that a large one does not stand for all."""
    endings = grammar(language).extensions
    by_package: defaultdict[str, list[Path]] = defaultdict(list)
    for root in _roots(folders, language):
        for path in sorted(root.rglob("*")):
            if path.suffix in endings and path.is_file() and path.stat().st_size in SIZES:
                by_package[path.relative_to(root).parts[0]].append(path)
    for paths in by_package.values():
        random.Random(4).shuffle(paths)
    turns = chain.from_iterable(zip_longest(*by_package.values()))
    return [path for path in turns if path][:FILES]


def _roots(folders: str, language: str) -> list[Path]:
    parts = (
        [Path(folder) / language / part for folder in folders.split(":")] for part in ("background", "tune")
    )
    return next((found for roots in parts if (found := [root for root in roots if root.is_dir()])), [])


def _packages(folders: str, language: str) -> list[str]:
    return versions(folders, grammar(language)) or [
        package.name for root in _roots(folders, language) for package in root.iterdir()
    ]


def looked(paths: list[Path]) -> Looked:
    """How often each set of expressions matches a line."""
    found: Looked = Counter()
    for path in paths:
        lines = [line.strip() for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
        for line in random.Random(3).sample(lines, min(LINES, len(lines))):
            if looks.is_tried(line):
                found[tuple(looks.matching(line[: looks.SEEN]))] += 1
    found.pop((), None)
    return found


def fitted(counts: list[Looked], expressions: int) -> F32:
    """What each expression says for each language, f32 [expressions, languages], in natural logarithms of odds."""
    sets = sorted(set().union(*counts))
    matches = np.zeros((len(sets), expressions), np.float32)
    for row, places in enumerate(sets):
        matches[row, list(places)] = 1
    weights = np.array(
        [[count[places] / count.total() / len(counts) for count in counts] for places in sets], np.float32
    )
    return _descent(matches, weights)


def _descent(matches: F32, weights: F32) -> F32:
    """The least of the penalised loss, by Adam; ``weights``: a set of expressions in a language, 1 in sum."""
    values = np.zeros((matches.shape[1], weights.shape[1]), np.float32)
    first, second = np.zeros_like(values), np.zeros_like(values)
    rows = weights.sum(1, keepdims=True)
    for step in range(1, STEPS + 1):
        odds = matches @ values
        odds = np.exp(odds - odds.max(1, keepdims=True))
        slope = matches.T @ (odds / odds.sum(1, keepdims=True) * rows - weights) + 2 * PENALTY * values
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope**2
        values -= RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-9)
    return values


def rows(values: F32, known: list[str]) -> Iterator[str]:
    """The rows of the table, in the order of their expressions."""
    every = [one.pattern for part in looks.expressions() for one in part]
    units = np.rint(values / UNIT).astype(int)
    for pattern, row in sorted(zip(every, units.tolist(), strict=True)):
        usual = Counter(row).most_common(1)[0][0]
        said = {name: value - usual for name, value in zip(known, row, strict=True)}
        kept = " ".join(f"{name} {value}" for name, value in said.items() if abs(value) > SMALL)
        if kept:
            yield f"{kept}\t{pattern}"


def head(named: set[str], size: str) -> str:
    """What the table's head says, with the packages."""
    listed = textwrap.wrap(
        ", ".join(sorted(named)) + ".", 106, break_long_words=False, break_on_hyphens=False
    )
    packages = "\n".join("# " + line for line in listed)
    return HEADER.format(date=dt.datetime.now(tz=dt.UTC).date(), size=size, packages=packages)


def main(folders: str) -> None:
    """Make the table."""
    found = {rules.name: files(folders, rules.name) for rules in listed() if rules.detect.strong}
    found = {language: paths for language, paths in found.items() if paths}
    known, counts = list(found), [looked(paths) for paths in found.values()]
    for language, count in zip(known, counts, strict=True):
        print(f"{language:<12} {len(found[language]):4} files {count.total():6,} lines", flush=True)
    expressions = sum(map(len, looks.expressions()))
    named = {package for language in known for package in _packages(folders, language)}
    size = f"{sum(count.total() for count in counts):,} lines in {sum(map(len, found.values())):,} files"
    table = [head(named, size), " ".join(known), *rows(fitted(counts, expressions), known)]
    (TABLES / "looks.txt").write_text("\n".join(table) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
