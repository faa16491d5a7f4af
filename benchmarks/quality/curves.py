"""Recall against false stops as thresholds move, recall by edits and by length."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.quality.sighting import Likeness, Row, Sighting, grouped, share, size_class
from benchmarks.quality.texts import Told
from benchmarks.record import interval
from simblock.policy import CodeLimits, Policy, TextLimits
from simblock.work import Work

Point = Mapping[str, Any]
MOVED_TEXT: dict[str, tuple[float, ...]] = {
    "min_tokens": (16, 20, 24, 28, 32, 40, 48),
    "min_similarity": (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8),
    "min_run": (16, 20, 24, 30, 40, 60),
    "min_information": (0, 30, 60, 90, 120, 150),
    "min_evidence": (10, 20, 30, 40, 60, 100),
}
"""Thresholds of [text] that are moved, one by one, the others as they are by default."""
MOVED_CODE: dict[str, tuple[float, ...]] = {
    "min_tokens": (30, 40, 50, 60, 80),
    "min_similarity": (0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
    "min_run": (40, 50, 60, 70, 90, 120),
    "min_information": (0, 30, 60, 80, 100, 120, 140, 180),
    "min_run_information": (0, 30, 60, 80, 100, 140),
}
"""Those of [code]."""


def points(moved: Mapping[str, Sequence[float]], limits: TextLimits | CodeLimits) -> list[tuple[str, Point]]:
    """(threshold moved, fields of the policy): the default first, then one threshold moved at a time.

    Thresholds that this release has not got are passed over.
    """
    found: list[tuple[str, Point]] = [("as it is", {})]
    for name, values in moved.items():
        default = getattr(limits, name, None) if name in type(limits).model_fields else None
        if name not in type(limits).model_fields:
            continue
        found += [(name, {name: _typed(limits, name, value)}) for value in values if value != default]
    return found


def _typed(limits: TextLimits | CodeLimits, name: str, value: float) -> float:
    return int(value) if type(limits).model_fields[name].annotation is int else value


def roc_text(moved: Sequence[tuple[str, Point]], told: Sequence[Told], clean: int) -> list[Row]:
    """A row a policy: the share of each group that it stops, and of ``clean`` passages in all."""
    sizes: dict[str, int] = {}
    stopped: dict[tuple[str, int], int] = {}
    for one in told:
        sizes[one.group] = sizes.get(one.group, 0) + 1
        for number, hit in enumerate(one.stopped):
            stopped[one.group, number] = stopped.get((one.group, number), 0) + hit
    rows: list[Row] = []
    for number, (name, point) in enumerate(moved):
        row: Row = {"moved": name, "to": next(iter(point.values()), "")}
        row |= {
            group: interval(stopped.get((group, number), 0), n)
            for group, n in sizes.items()
            if group != "clean"
        }
        rows.append(row | {"false stops": stopped.get(("clean", number), 0), "of clean": clean,
                           "false-stop rate": interval(stopped.get(("clean", number), 0), clean)})  # fmt: skip
    return rows


def acts(policy: Policy, matches: Sequence[Likeness]) -> bool:
    """Whether a policy would act on one of the matches of code, by what it judges of them."""
    judged = set(inspect.signature(policy.judge).parameters) - {"resolved"}
    work = Work("any", kind="code")
    return any(
        policy.judge(policy.resolve(work, view=match.view), **{name: getattr(match, name) for name in judged})
        is not None
        for match in matches
    )


def roc_code(
    moved: Sequence[tuple[str, Point]], copies: Sequence[Sighting], clean: Sequence[Sighting]
) -> list[Row]:
    """A row a policy, by what it would have judged of the matches that the default policy follows."""
    groups: dict[str, list[Sighting]] = {}
    for one in copies:
        groups.setdefault(f"{one.name} {size_class(one)}", []).append(one)
    rows: list[Row] = []
    for name, point in moved:
        policy = Policy.load(code=point)
        row: Row = {"moved": name, "to": next(iter(point.values()), "")}
        row |= {group: _acted(policy, part) for group, part in groups.items()}
        false = sum(one.error or acts(policy, one.matches) for one in clean)
        rows.append(
            row
            | {"false stops": false, "of clean": len(clean), "false-stop rate": interval(false, len(clean))}
        )
    return rows


def _acted(policy: Policy, part: Sequence[Sighting]) -> Any:
    return interval(sum(acts(policy, one.matches) for one in part), len(part))


def by_rate(them: Sequence[Sighting]) -> list[Row]:
    """Recall of edited copies by their words and the share of them edited."""
    return [
        {"words": words, "edits": float(rate), "n": len(part), "stopped": share(part, "right")}
        for (words, rate), part in sorted(grouped(them, "size", "name").items())
    ]
