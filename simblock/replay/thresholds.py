"""The thresholds that a log has of a match, as a policy that judges that one match as it was judged."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from simblock.match import Action, Match
from simblock.policy import CodeLimits, Limits, Policy, Resolved, TextLimits
from simblock.scheme import T_LEXEMES, T_WORDS
from simblock.tokens import CODE_VIEWS


def policy_of(match: Match, thresholds: Mapping[str, Any], profile: str) -> Policy:
    """A policy without rules that says of this match what the one that decided said. Raises PolicyError."""
    action, limits = _read(tuple(sorted(thresholds.items())))
    section = "code" if _is_code(match.view) else "text"
    return Policy(profile=profile, action=action, **{section: limits})


def resolved_of(match: Match, thresholds: Mapping[str, Any]) -> Resolved:
    """What was said of the match: its rule, the action, the limits. Raises ValueError."""
    action, limits = _read(tuple(sorted(thresholds.items())))
    return Resolved(match.rule, action, limits, T_LEXEMES if _is_code(match.view) else T_WORDS)


def _is_code(view: str) -> bool:
    return view in CODE_VIEWS and view != "comments"


@lru_cache(256)
def _read(items: tuple[tuple[str, Any], ...]) -> tuple[Action, Limits]:
    fields = dict(items)
    action = fields.pop("action")
    kind = TextLimits if "min_evidence" in fields else CodeLimits
    return action, kind.model_validate(fields)
