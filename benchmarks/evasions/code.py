"""Transforms of code one after the other: edits under new names, every rewriting at once, fragments renamed.

The single ones stand in `code_surface`, `code_names`, `code_statements`, `code_loops`, `code_conditions`,
`code_expressions`, `code_extraction`, `code_fragments`, `code_ports`, and code hidden in text in `hidden_code`. All take a text that
parses by itself (`benchmarks.code_copies.standing`) and give one that parses, or None where they do not apply;
those of the group "hidden" give what stands in the answer instead of a fence, and ports another language.
"""

from __future__ import annotations

import random

from benchmarks.evasions.code_conditions import COMPARED, EXCHANGED, TERNARY
from benchmarks.evasions.code_expressions import ASSIGNED, GROUPED, STEPPED, THROUGH
from benchmarks.evasions.code_fragments import fragment
from benchmarks.evasions.code_loops import FOR, WHILE
from benchmarks.evasions.code_names import names_french, names_numbered, names_random, names_single_letters
from benchmarks.evasions.code_statements import SHARES, dead_inserted, of_kind, reordered_independent
from benchmarks.evasions.code_surface import layout
from benchmarks.evasions.code_tree import Make, rewritten
from benchmarks.evasions.registry import evasion

KINDS = {
    "edited": ("insert", "delete", "move"),
    "deleted": ("delete",),
    "inserted": ("insert",),
    "moved": ("move",),
}
LEAST_REWRITINGS = 2
"""Ways of rewriting that must apply before a function counts as rewritten."""
GATED = {10: "code-10", 30: "code-30"}
_NAMES = (names_french, names_random, names_numbered, names_single_letters)


def disguised(code: str | None, language: str, rng: random.Random) -> str | None:
    """Every own name changed, in one of four ways, comments gone and laid out anew where that can be."""
    if code is None:
        return None
    made = rng.choice(_NAMES)(code, language, rng)
    return None if made is None else layout(made, language, rng) or made


def _register(name: str, group: str, gate: str | None, says: str, make: Make) -> None:
    make.__doc__ = says
    evasion(name, kind="code", group=group, gate=gate)(make)


def _register_edit(name: str, share: int) -> None:
    def make(code: str, language: str, rng: random.Random) -> str | None:
        return disguised(of_kind(code, language, share, KINDS[name], rng), language, rng)

    says = f"Preserves all but {share} % of the statements, which are {name}; then every own name and the layout change."  # fmt: skip
    _register(f"{name}-{share:02}-renamed", "code-edits", GATED.get(share), says, make)


def _register_dead(share: int) -> None:
    def make(code: str, language: str, rng: random.Random) -> str | None:
        return disguised(dead_inserted(code, language, share, rng), language, rng)

    says = f"Preserves what the function does: {share} % dead statements, then every own name and the layout change."
    _register(f"dead-inserted-{share:02}-renamed", "code-edits", GATED.get(share), says, make)


def _register_fragment(share: int) -> None:
    def make(code: str, language: str, rng: random.Random) -> str | None:
        return disguised(fragment(code, language, share, rng), language, rng)

    says = (
        f"Preserves about {share} % of the function's tokens in another function; all own names are changed."
    )
    _register(f"fragment-{share}-renamed", "code-fragment", None, says, make)


for _share in SHARES:
    _register_dead(_share)
    for _name in KINDS:
        _register_edit(_name, _share)
for _share in (30, 50, 70):
    _register_fragment(_share)


@evasion("layout-and-names", kind="code", group="code-names", gate="surface")
def layout_and_names(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves what the function does: every own name is changed, comments are gone, it is laid out anew."""
    return disguised(code, language, rng)


@evasion("reordered-independent-renamed", kind="code", group="code-edits", gate="code-10")
def reordered_independent_renamed(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves what the function does: independent statements change places, own names and layout are changed."""
    return disguised(reordered_independent(code, language, rng), language, rng)


@evasion("rewritten", kind="code", group="code-rewrites", gate="code-rewrites")
def rewritten_throughout(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: loops, conditions, comparisons, assignments, returns and parentheses are all
    written otherwise wherever they can be, in two ways at least."""
    rounds = (
        {**FOR[language], **WHILE[language]},
        EXCHANGED,
        {**TERNARY, **COMPARED},
        ASSIGNED,
        STEPPED,
        THROUGH,
        GROUPED,
    )
    done = 0
    for rules in rounds:
        made = None if rules is STEPPED and language == "python" else rewritten(code, language, rules)
        code, done = made or code, done + (made is not None)
    return code if done >= LEAST_REWRITINGS else None


@evasion("rewritten-renamed", kind="code", group="code-rewrites")
def rewritten_renamed(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves what the function does: rewritten throughout, own names and layout changed."""
    return disguised(rewritten_throughout(code, language, rng), language, rng)
