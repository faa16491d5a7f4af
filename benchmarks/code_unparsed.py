"""How many functions the benchmarks of code leave out since they do not parse: ``python -m benchmarks.code_unparsed``.

Copies are made of functions that tree-sitter parses without an error where they stand. Of some files of each
language this counts the others: functions of 60 tokens and more with an error or something missing in them. What
lies so deep in an error that no function is found there shows in the share of the text only. Languages that
are cut into pieces without a parser leave out none.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tree_sitter import Node

from benchmarks import code_corpus
from benchmarks.code_corpus import Source, sources
from benchmarks.code_functions import functions, parse
from benchmarks.code_rules import rules


class Unparsed(NamedTuple):
    """Of some files: how many, those with an error, functions of 60 tokens and more, those that do not parse, and
    the share of all bytes that stands in errors."""

    files: int
    with_errors: int
    functions: int
    broken: int
    in_errors: float


def unparsed(them: Sequence[Source], language: str) -> Unparsed:
    """What does not parse of some files."""
    broken: Counter[str] = Counter()
    whole = sum(1 for source in them for _ in functions(source, language, broken=broken))
    roots = [parse(source.text, language) for source in them]
    return Unparsed(
        len(them),
        sum(root.has_error for root in roots),
        whole + broken.total(),
        broken.total(),
        sum(map(_in_errors, roots)) / max(sum(root.end_byte for root in roots), 1),
    )


def _in_errors(root: Node) -> int:
    """Bytes under nodes that are errors."""
    found, stack = 0, [root]
    while stack:
        node = stack.pop()
        if node.is_error:
            found += node.end_byte - node.start_byte
        elif node.has_error:
            stack.extend(node.children)
    return found


def sample(options: argparse.Namespace, language: str) -> list[Source]:
    """So many files of a part, the same for a seed."""
    them = list(sources(options.code_corpus, language, options.part))
    return random.Random(options.seed).sample(them, min(options.files, len(them)))


def measurable() -> tuple[str, ...]:
    """The languages whose functions a parser finds."""
    them = ((language, rules(language).functions) for language in code_corpus.LANGUAGES)
    return tuple(language for language, it in them if it and it.module)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    code_corpus.arguments(parser, ())
    parser.add_argument("--part", choices=code_corpus.PARTS, default="protected")
    parser.add_argument("--files", type=int, default=60, help="of each language")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for language in options.languages or measurable():
        it = unparsed(sample(options, language), language)
        print(
            f"{language}: {it.broken} of {it.functions} functions do not parse ({it.broken / max(it.functions, 1):.1%}); "
            f"{it.with_errors} of {it.files} files have an error, in {it.in_errors:.1%} of the text",
            flush=True,
        )


if __name__ == "__main__":
    main()
