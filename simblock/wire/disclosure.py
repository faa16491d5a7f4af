"""What a client reads of an answer that was acted upon, in the fields that clients of OpenAI and Azure know already."""

from __future__ import annotations

from typing import Any

from simblock.match import SEVERITY, Match
from simblock.wire.format import Told

FIELD = "simblock"
RESULTS = "content_filter_results"
"""Azure's field of a choice: https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter"""
UNCHECKED = {
    "code": "content_filter_error",
    "message": "The answer could not be checked to its end; the rest is withheld.",
}


def annotate(choice: dict[str, Any], told: Told) -> None:
    """Puts what was found on a choice, beside what the upstream's own filters say of it."""
    others = choice.get(RESULTS)
    choice[RESULTS] = {**(others if isinstance(others, dict) else {}), **results(told)}


def tell(value: dict[str, Any], told: Told) -> None:
    """Puts the field ``simblock`` on a frame or an answer; of several choices it is that of the severest action."""
    before = value.get(FIELD)
    action = before.get("action") if isinstance(before, dict) else None
    if SEVERITY.get(action, -1) <= SEVERITY[told.action]:  # type: ignore[arg-type]
        value[FIELD] = field(told)


def field(told: Told) -> dict[str, Any]:
    """The field ``simblock``, with the sources that a client may be told of."""
    sources = {"sources": [_source(match) for match in told.sources]} if told.sources else {}
    return {**told.field, **sources}


def results(told: Told) -> dict[str, Any]:
    """``protected_material_text`` and ``protected_material_code``, with the first source's licence and address."""
    if told.reason == "unavailable":
        return {"error": dict(UNCHECKED)}
    return {f"protected_material_{kind}": _result(told, kind) for kind in told.kinds}


def _result(told: Told, kind: str) -> dict[str, Any]:
    result: dict[str, Any] = {"detected": True, "filtered": told.action != "cite"}
    works = [match.work for match in told.sources if match.kind == kind]
    named = next((work for work in works if work.license or work.url), None)
    if named is not None:
        cited = {"URL": named.url, "license": named.license}
        result["citation"] = {name: value for name, value in cited.items() if value}
    return result


def _source(match: Match) -> dict[str, Any]:
    work = match.work
    told = {
        "id": work.id, "title": work.title, "owner": work.owner, "license": work.license, "url": work.url,
    }  # fmt: skip
    spans = [[start, end] for start, end, *_ in match.spans]
    return {**{name: value for name, value in told.items() if value}, "kind": match.kind, "spans": spans}
