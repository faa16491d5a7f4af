"""What telling languages apart takes of every language: its names, and what a line that looks a certain way says for it.

What a line that looks a certain way says for each language stands in the table ``looks.txt``, made by
``scripts/make_looks_table.py`` from packages that its head names: the first row has the languages that it knows; every
other one how much a line that an expression matches says for some of them, and after a tab the expression. Of the
languages not named in a row it says 0. A language, or an expression, that the table does not know takes part by what
its own ``[detect]`` says: so a language is added without making the table anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from simblock.errors import SimblockError
from simblock.grammar import Grammar, folder, grammar, languages

GENERIC = "generic"
"""The language of code in languages without a grammar of their own: what another grammar claims too is that one's."""

UNIT = 1 / 8
"""What 1 in the table stands for: so much of a natural logarithm of odds."""
STRONG, WEAK = 48, 16
"""What an expression of ``[detect]`` says for its languages where the table does not know it: about what the known
ones say that one language alone has."""
TABLE = Path(__file__).parent / "tables" / "looks.txt"


def listed() -> Iterator[Grammar]:
    """Every language's grammar, in the order of ``languages()``. Raises as :func:`simblock.grammar.grammar` does."""
    return map(grammar, languages())


@cache
def claimed(field: Literal["tags", "extensions", "interpreters"]) -> Mapping[str, str]:
    """The language that each entry of a field stands for; a language's name is one of its tags.

    Raises SimblockError naming both files where two languages claim one.
    """
    owners: dict[str, str] = {}
    for rules in sorted(listed(), key=lambda rules: rules.name != GENERIC):
        for name in (rules.name, *rules.tags) if field == "tags" else getattr(rules, field):
            other = owners.get(name, rules.name)
            if other not in {rules.name, GENERIC}:
                files = f"{folder() / other}.toml and {rules.name}.toml"
                raise SimblockError(f"{files}: {field}: both have {name!r}: leave it in one of them")
            owners[name] = rules.name
    return owners


class Leanings(NamedTuple):
    """The languages that are known, and what each expression says for those that it says anything for."""

    languages: frozenset[str]
    rows: Mapping[str, Mapping[str, int]]


@cache
def known_leanings() -> Leanings:
    """What is known of all languages. Raises SimblockError naming the line that is no row."""
    lines = enumerate(TABLE.read_text("utf-8").splitlines(), 1)
    rows = [(number, line) for number, line in lines if line and not line.startswith("# ")]
    try:
        known = frozenset(rows[0][1].split()) if rows else frozenset[str]()
        return Leanings(known, dict(_row(number, line) for number, line in rows[1:]))
    except ValueError as error:
        raise SimblockError(f"{TABLE}: {error}: make it anew with scripts/make_looks_table.py") from error


def _row(number: int, line: str) -> tuple[str, dict[str, int]]:
    values, tab, pattern = line.partition("\t")
    words = values.split()
    if not tab or len(words) % 2:
        raise ValueError(f"line {number} is not languages with numbers, a tab and an expression")
    return pattern, {name: int(value) for name, value in zip(words[::2], words[1::2], strict=True)}


def leanings(pattern: str, owners: Sequence[str], *, strong: bool) -> Mapping[str, int]:
    """How much a line that an expression of ``owners`` matches says for each language, in UNITs."""
    known, rows = known_leanings()
    row = rows.get(pattern)
    if row is None:
        return dict.fromkeys(owners, STRONG if strong else WEAK)
    theirs = [row.get(owner, 0) for owner in owners if owner in known]
    mean = round(sum(theirs) / len(theirs)) if theirs else STRONG if strong else WEAK
    return {**row, **{owner: mean for owner in owners if owner not in known}}
