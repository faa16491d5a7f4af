"""Kinds of nodes that mean the same in the four languages whose evasions are measured."""

from __future__ import annotations

from benchmarks.code_rules import FIRST, function_rules

FUNCTIONS = {language: function_rules(language).kinds for language in FIRST}
COMMENTS = tuple(sorted({kind for language in FIRST for kind in function_rules(language).comments}))
NAMES = tuple(sorted({kind for language in FIRST for kind in function_rules(language).names}))
MEMBERS_AFTER = tuple(sorted({mark for language in FIRST for mark in function_rules(language).members_after}))
"""Marks before members."""
