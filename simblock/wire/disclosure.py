"""What a client reads of an answer that was acted upon, in the fields that clients of OpenAI and Azure know already."""

from __future__ import annotations

from typing import Any

from simblock.match import SEVERITY, Match
from simblock.wire.format import Told
from simblock.wire.shapes import Channel

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
    """Puts the field ``simblock`` on a frame or an answer: of several choices the severest action, and all sources."""
    before, now = value.get(FIELD), field(told)
    if isinstance(before, dict) and before.get("report_id") == told.report_id:  # of another choice
        sources = [*before.get("sources", ())]
        sources += [source for source in now.get("sources", ()) if source not in sources]
        severer = before if SEVERITY[before["action"]] > SEVERITY[told.action] else now
        now = {**severer, **({"sources": sources} if sources else {})}
    value[FIELD] = now


def field(told: Told) -> dict[str, Any]:
    """The field ``simblock``, with the sources that a client may be told of and where each stands."""
    channels = told.channels or (None,) * len(told.sources)
    sources = [_source(match, channel) for match, channel in zip(told.sources, channels, strict=False)]
    return {**told.field, **({"sources": sources} if sources else {})}


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


def _source(match: Match, channel: Channel | None) -> dict[str, Any]:
    work = match.work
    named = {
        "id": work.id, "title": work.title, "owner": work.owner, "license": work.license, "url": work.url,
    }  # fmt: skip
    place = {} if channel is None else {"choice": channel.choice, "channel": channel.name}
    if channel is not None and channel.part:
        place["part"] = channel.part
    spans = [[start, end] for start, end, *_ in match.spans]
    return {**{name: one for name, one in named.items() if one}, "kind": match.kind, **place, "spans": spans}
