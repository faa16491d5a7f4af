"""Dialects whose programs stand in each other's fences and files become the same lexemes."""

from __future__ import annotations

import pytest

from simblock.grammar import grammar

FAMILIES = [("javascript", "typescript"), ("javascript", "tsx"), ("c", "cpp")]


@pytest.mark.parametrize(("one", "other"), FAMILIES)
def test_dialects_have_one_lexer(one: str, other: str) -> None:
    mine, theirs = grammar(one), grammar(other)
    assert mine.lexer == theirs.lexer
    assert mine.keywords == theirs.keywords
    assert mine.builtins == theirs.builtins
