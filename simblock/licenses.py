"""License expressions, evaluated to a class: ``MIT OR GPL-2.0-only`` is as permissive as its best part.

The classes are license-expression's categories in lower case with dashes, from the most permissive
to the strictest; a license that it does not know is ``unknown``, a class of its own. The package is
imported on first use: policies without license rules never load it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

CLASSES = (
    "public-domain",
    "permissive",
    "unstated-license",
    "cla",
    "patent-license",
    "copyleft-limited",
    "copyleft",
    "source-available",
    "free-restricted",
    "proprietary-free",
    "commercial",
    "unknown",
)


@cache
def _licensing() -> tuple[Any, dict[str, str]]:
    from license_expression import get_license_index, get_spdx_licensing

    categories = {}
    for row in get_license_index():
        names = [row["spdx_license_key"], row["license_key"], *row["other_spdx_license_keys"]]
        category = (row["category"] or "unknown").lower().replace(" ", "-")
        categories.update({name.lower(): category for name in names if name})
    return get_spdx_licensing(), categories


@cache
def parsed(expression: str) -> Any | None:
    """The parsed expression, simplified; None where it is none."""
    licensing, _ = _licensing()
    try:
        tree = licensing.parse(expression, validate=False)
    except Exception:  # the parser raises many kinds, some of them bare
        return None
    return tree.simplify() if tree is not None else None


@cache
def license_class(expression: str | None) -> str:
    """The class of an expression: of OR the most permissive part, of AND the strictest."""
    tree = parsed(expression) if expression else None
    return _class_of(tree) if tree is not None else "unknown"


def _class_of(tree: Any) -> str:
    name = type(tree).__name__
    if name in {"AND", "OR"}:
        ranks = [CLASSES.index(_class_of(part)) for part in tree.args]
        return CLASSES[max(ranks) if name == "AND" else min(ranks)]
    # "GPL-2.0-only WITH Classpath-exception-2.0": the exception's category is that of the pair
    key = getattr(getattr(tree, "exception_symbol", tree), "key", str(tree))
    found = _licensing()[1].get(key.lower(), "unknown")
    return found if found in CLASSES else "unknown"


def license_matches(asked: str, expression: str | None) -> bool:
    """Whether a work's license falls under a rule's entry: a class, or an SPDX expression."""
    if asked.lower() in CLASSES:
        return license_class(expression) == asked.lower()
    if not expression:
        return False
    mine, theirs = parsed(asked), parsed(expression)
    return mine is not None and theirs is not None and bool(mine == theirs)
