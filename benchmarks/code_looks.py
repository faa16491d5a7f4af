"""Which language code is told to be in by its lines: ``python -m benchmarks.code_looks``.

Lines of files of the half, 5, 10 and 30 in a row without blank ones, as an answer may hold them: in a fence without
a tag, with no fence between prose, in a fence with the right tag, and in one with another language's. What most
characters are given as counts; a language that its grammar says it is ``like``, or that is like it, counts as right.
With another's tag, wrong is mostly where that was believed. A language without that half is left out.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

from benchmarks.code_corpus import LANGUAGES, arguments, decoded, saved_as
from benchmarks.code_rules import suffixes
from benchmarks.record import save
from simblock.detection import is_recognised
from simblock.fences import FenceScanner
from simblock.grammar import grammar

SIZES = (5, 10, 30)
ABOVE = "Here is what you asked for, with a short word on how it works.\n\n"
BELOW = "\nIt adds the prices up (see above), and gives the sum back: nothing else.\n"
OUTCOMES = ("right", "none", "wrong")
Answer = Callable[[str, str, random.Random], str]


def fence(code: str, tag: str = "") -> str:
    return f"```{tag}\n{code}```\n"


def other(language: str, rng: random.Random) -> str:
    """The name of a language that is not like this one."""
    return rng.choice([one for one in LANGUAGES if is_recognised(one) and family(one) != family(language)])


ANSWERS: dict[str, Answer] = {
    "a fence without a tag": lambda code, _, __: fence(code),
    "no fence": lambda code, _, __: ABOVE + code + BELOW,
    "its tag": lambda code, language, _: fence(code, language),
    "another's tag": lambda code, language, rng: fence(code, other(language, rng)),
}


def family(language: str) -> str:
    """The language that it is like in the end, itself where it is like none."""
    like = grammar(language).like
    return family(like) if like else language


def told(answer: str) -> str | None:
    """The language that most characters of an answer are given as in the end; None where none is."""
    scanner, last = FenceScanner(), {}
    for stretch in scanner.feed(answer) + scanner.finish():
        last[stretch.start] = stretch
    counts: Counter[str] = Counter()
    for stretch in last.values():
        counts[stretch.language] += len(stretch.text)
    return max(counts, key=counts.__getitem__, default=None)


def files(folder: Path, language: str, half: str) -> Iterator[list[str]]:
    """The lines of files, blank ones left out, of the packages in turn."""
    root, endings = folder / language / half, suffixes(language)
    packages = [sorted(one.rglob("*")) for one in sorted(root.iterdir())] if root.is_dir() else []
    for paths in packages:
        random.Random(4).shuffle(paths)
    for path in filter(None, chain.from_iterable(zip_longest(*packages))):
        if path.is_file() and path.name.endswith(endings):
            lines = [line for line in decoded(path.read_bytes()).splitlines() if line.strip()]
            if len(lines) >= max(SIZES) and not any("```" in line for line in lines):
                yield lines


def measured(folder: Path, language: str, half: str, most: int) -> Iterator[dict[str, Any]]:
    """A row for each form of answer and each size; its mistakes by name."""
    rng = random.Random(7)
    pieces = [
        (size, "\n".join(lines[at : at + size]) + "\n")
        for lines in islice(files(folder, language, half), most)
        for size in SIZES
        for at in (rng.randrange(len(lines) - size + 1),)
    ]
    for form, answer in ANSWERS.items():
        for size in SIZES:
            asked = [(code, answer(code, language, rng)) for n, code in pieces if n == size]
            found = Counter(map(told, (text for _, text in asked)))
            yield row(form, size, language, found)


def row(form: str, size: int, language: str, found: Counter[str | None]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for name, n in found.items():
        own = name is not None and family(name) == family(language)
        counts["none" if name is None else "right" if own else "wrong"] += n
        if name and not own:
            wrong[name] += n
    mistakes = ", ".join(f"{name} {n}" for name, n in wrong.most_common(3))
    shares = {name: round(100 * counts[name] / max(found.total(), 1), 1) for name in OUTCOMES}
    return {
        "as": form,
        "lines": size,
        "language": language,
        "n": found.total(),
        **shares,
        "taken for": mistakes,
    }


def means(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The means over languages, in percent."""
    kinds = dict.fromkeys((one["as"], one["lines"]) for one in rows)
    made = []
    for form, size in kinds:
        own = [one for one in rows if (one["as"], one["lines"]) == (form, size)]
        shares = {name: round(sum(one[name] for one in own) / len(own), 1) for name in OUTCOMES}
        made.append({"as": form, "lines": size, "languages": len(own), **shares})
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    arguments(parser, LANGUAGES)
    parser.add_argument("--files", type=int, default=40, help="of each language")
    options = parser.parse_args()
    rows = [
        row
        for language in options.languages
        if is_recognised(language)
        for row in measured(options.code_corpus, language, options.half, options.files)
        if row["n"]
    ]
    save(
        saved_as("code_looks", options, LANGUAGES),
        {"half": options.half, "files": options.files},
        {"told by lines, means over languages, %": means(rows), "by language": rows},
    )


if __name__ == "__main__":
    main()
