"""Tries the rules of a language: ``python -m benchmarks.code_copying LANGUAGE``.

Says how many functions of the protected packages there are, how many can be copied, and why the others cannot;
then shows a function, its renamed copy, and one that is edited too. Made for whoever writes a file of
``code_languages``.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter

from benchmarks import code_corpus
from benchmarks.code_copies import Prose, copies, standing
from benchmarks.code_corpus import sources
from benchmarks.code_edits import donors, near_copies
from benchmarks.code_functions import Function, functions, spread


def cut(options: argparse.Namespace) -> list[Function]:
    """Functions of a sample of the protected files."""
    them = list(sources(options.code_corpus, options.language, options.part))
    random.Random(options.seed).shuffle(them)
    return [one for source in them[: options.files] for one in functions(source, options.language)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", choices=code_corpus.LANGUAGES)
    parser.add_argument("--code-corpus", type=code_corpus.Path, default=code_corpus.default_folder())
    parser.add_argument("--part", choices=code_corpus.PARTS, default="protected")
    parser.add_argument("--files", type=int, default=200, help="files that functions are cut from")
    parser.add_argument("--count", type=int, default=200, help="functions that are copied")
    parser.add_argument("--show", type=int, default=2, help="functions that are shown")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found = cut(options)
    chosen = spread(found, options.count, options.seed)
    dropped: dict[str, Counter[str]] = {"renamed": Counter(), "edited": Counter()}
    renamed = list(copies(chosen, Prose([]), options.seed, dropped["renamed"]))
    inserts = donors(chosen, options.seed)
    edited = (
        [copy for copy, _ in near_copies(chosen, Prose([]), inserts, options.seed, 0.1, dropped["edited"])]
        if inserts
        else []
    )
    print(
        f"{len(found)} functions in {options.files} files, {len(chosen)} chosen, {len(inserts)} statements to insert"
    )
    for what, made in (("renamed", renamed), ("edited", edited)):
        print(
            f"{what}: {len(made)} copies, {sum(one.size >= 60 for one in made)} of 60 lexemes and more; not made: {dict(dropped[what])}"
        )
    for one in [*renamed[: options.show], *edited[: options.show]]:
        print(f"\n=== {one.function.id}, {one.size} lexemes\n{standing(one.function)}\n--- copy\n{one.code}")


if __name__ == "__main__":
    main()
