"""The grid of thresholds that are tried, and what would act in each of its cells.

A match acts in one of several ways: as a run, by likeness, by its evidence. Ways that share no field are groups, and
what one group has in its cells does not matter to the other. So each group has a grid of its own, and an output that
neither stops passes: all pairs of their cells are counted with one product of matrices.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import NamedTuple, TypeAlias

import numpy as np

from simblock.policy import NEVER, Limits, Policy, Resolved, Verdict
from simblock.tokens import Bools
from simblock.tune.listening import Heard, Measured

Fields: TypeAlias = Mapping[str, float]
"""Fields of [text] or [code]."""


class Way(NamedTuple):
    """A way to act: the fields that matter to it, and what keeps the other ways from acting."""

    fields: tuple[str, ...]
    others_off: Fields


class Group(NamedTuple):
    """Ways that share fields, and what is tried of each field, from loose to strict."""

    ways: tuple[Way, ...]
    levels: Mapping[str, tuple[float, ...]]


RUN = Way(("min_run", "min_run_information"), {"min_tokens": NEVER})
LIKENESS = Way(("min_tokens", "min_similarity", "min_information"), {"min_run": NEVER, "min_evidence": NEVER})
EVIDENCE = Way(("min_tokens", "min_similarity", "min_evidence"), {"min_run": NEVER, "min_information": NEVER})

GROUPS: dict[str, tuple[Group, Group]] = {
    "text": (
        Group(
            (RUN,), {"min_run": (16, 20, 24, 30, 40, 60, 90), "min_run_information": (0, 50, 100, 150, 250)}
        ),
        Group(
            (LIKENESS, EVIDENCE),
            {
                "min_tokens": (16, 24, 32, 40, 48, 64, 96),
                "min_similarity": (0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
                "min_information": (0, 50, 100, 150, 250),
                "min_evidence": (10, 20, 30, 40, 60, 100),
            },
        ),
    ),
    "code": (
        Group(
            (RUN,),
            {"min_run": (30, 40, 50, 60, 80, 120, 200), "min_run_information": (40, 60, 80, 120, 180, 260)},
        ),
        Group(
            (LIKENESS,),
            {
                "min_tokens": (30, 40, 50, 60, 80, 120),
                "min_similarity": (0.6, 0.7, 0.8, 0.85, 0.9, 0.95),
                "min_information": (60, 80, 100, 130, 180, 260),
            },
        ),
    ),
}
"""What is tried by section of the policy, whose own values are added to it."""
FIGURES = {
    "min_run": "longest_run",
    "min_run_information": "information",
    "min_tokens": "tokens",
    "min_similarity": "similarity",
    "min_information": "information",
    "min_evidence": "evidence",
    "max_quoted": "quoted",
}
"""Which figure of a match is held against a field."""


class Cell(NamedTuple):
    """Values of one way's fields, how many levels they are from the policy's own, and whether any is looser."""

    fields: Fields
    steps: int
    looser: bool


def own(limits: Limits, names: Iterable[str]) -> dict[str, float]:
    """A policy's values of fields; the bits of a run as they are in effect where they are not set."""
    values = {name: getattr(limits, name) for name in names}
    if "min_run_information" in values:
        values["min_run_information"] = limits.run_information
    return values


def cells(limits: Limits, levels: Mapping[str, Sequence[float]]) -> list[Cell]:
    """All values of one way's fields, with those of ``limits`` among them."""
    now = own(limits, levels)
    tried = {name: sorted({*its, now[name]}) for name, its in levels.items()}
    begin = {name: its.index(now[name]) for name, its in tried.items()}
    made = []
    for places in product(*(range(len(its)) for its in tried.values())):
        apart = [place - begin[name] for name, place in zip(tried, places, strict=True)]
        fields = {name: tried[name][place] for name, place in zip(tried, places, strict=True)}
        made.append(Cell(fields, sum(map(abs, apart)), min(apart) < 0))
    return made


def changed(policy: Policy, fields: Mapping[str, Fields]) -> Policy:
    """The policy with other values of fields, by section."""
    sections = {name: getattr(policy, name).model_copy(update=dict(its)) for name, its in fields.items()}
    return policy.model_copy(update=sections)


def verdict(policy: Policy, heard: Heard) -> Verdict | None:
    """Why a match of these figures is acted upon as its rule says; None where it is not, or is released."""
    return _judged(policy, policy.resolve(heard.work, view=heard.view), heard)


def _judged(policy: Policy, resolved: Resolved, heard: Heard) -> Verdict | None:
    found = policy.judge(resolved, **heard.figures)  # type: ignore[arg-type]
    return found if found and found.action == resolved.action != "release" else None


class _Floored(NamedTuple):
    """A match with its figures lowered to the next threshold, and the rule that covers its work."""

    heard: Heard
    rule: int | None

    @property
    def key(self) -> tuple[object, ...]:
        """The same for all that every cell judges alike."""
        return (self.rule, self.heard.view, *self.heard.figures.values())


class Grid:
    """The cells of one section of a policy, and which of the outputs each of them acts on."""

    def __init__(self, policy: Policy, section: str) -> None:
        self.policy, self.section = policy, section
        self._limits: Limits = getattr(policy, section)
        self.groups = GROUPS[section]
        self.cells = tuple(cells(self._limits, group.levels) for group in self.groups)
        self._thresholds = self._gather()

    def acts(self, outputs: Sequence[Measured]) -> list[Bools]:
        """By group: which outputs each cell acts on, bool [outputs, cells]."""
        kinds: dict[tuple[object, ...], int] = {}
        matches: list[_Floored] = []
        held: list[list[int]] = []
        for output in outputs:
            mine = []
            for heard in output.heard:
                if heard.section == self.section:
                    floored = self._kind(heard)
                    if floored.key not in kinds:
                        kinds[floored.key] = len(matches)
                        matches.append(floored)
                    mine.append(kinds[floored.key])
            held.append(mine)
        return [_of_outputs(self._of_matches(at, matches), held) for at in range(len(self.groups))]

    def _of_matches(self, at: int, matches: Sequence[_Floored]) -> Bools:
        """Which matches each cell of a group acts on: bool [matches, cells]."""
        group, whole = self.groups[at], self.cells[at]
        found = np.zeros((len(matches), len(whole)), bool)
        for way in group.ways:
            tried: dict[tuple[float, ...], int] = {}
            places = [
                tried.setdefault(tuple(cell.fields[name] for name in way.fields), len(tried))
                for cell in whole
            ]
            acts = np.zeros((len(matches), len(tried)), bool)
            for values, column in tried.items():
                fields = dict(zip(way.fields, values, strict=True))
                acts[:, column] = self._of_way(fields, way.others_off, matches)
            found |= acts[:, places]
        return found

    def _of_way(self, fields: Fields, off: Fields, matches: Sequence[_Floored]) -> list[bool]:
        """Which matches act with these fields, where other ways are off: for rules too, which set fields of their own."""
        policy = changed(self.policy, {self.section: fields})
        known: dict[tuple[int | None, str], Resolved] = {}
        found = []
        for heard, rule in matches:
            resolved = known.get((rule, heard.view))
            if resolved is None:
                resolved = policy.resolve(heard.work, view=heard.view)
                resolved = resolved._replace(limits=resolved.limits.model_copy(update=dict(off)))
                known[rule, heard.view] = resolved
            found.append(_judged(policy, resolved, heard) is not None)
        return found

    def _kind(self, heard: Heard) -> _Floored:
        figures = {name: self._floored(name, value) for name, value in heard.figures.items()}
        if figures.get("evidence"):
            # Of scattered words a part of both thresholds is asked, and the one over the other.
            figures["similarity"] = heard.figures["similarity"]
            figures["tokens"] = min(heard.figures["tokens"], self._thresholds["tokens"][-1])
        if figures.get("information"):  # bits of what is alike count times its similarity
            figures |= {name: heard.figures[name] for name in ("similarity", "information")}
        rule = next((n for n, one in enumerate(self.policy.rule) if one.covers(heard.work)), None)
        return _Floored(heard._replace(figures=figures), rule)

    def _floored(self, figure: str, value: float) -> float:
        if figure not in self._thresholds:
            return value
        tried = self._thresholds[figure]
        place = bisect_right(tried, value)
        return tried[place - 1] if place else 0

    def _gather(self) -> dict[str, list[float]]:
        """The thresholds that each figure may meet: of the grid, the policy and its rules."""
        rules = [getattr(rule, self.section).over(self._limits) for rule in self.policy.rule]
        met: dict[str, set[float]] = {}
        for name, figure in FIGURES.items():
            if name in type(self._limits).model_fields:
                values = met.setdefault(figure, set())
                values.update(own(one, [name])[name] for one in (self._limits, *rules))
                for group in self.groups:
                    values.update(group.levels.get(name, ()))
        return {figure: sorted(values) for figure, values in met.items()}


def _of_outputs(matches: Bools, held: Sequence[Sequence[int]]) -> Bools:
    """Which outputs each cell acts on, by the matches that each has."""
    found = np.zeros((len(held), matches.shape[1]), bool)
    for row, mine in enumerate(held):
        if mine:
            found[row] = matches[list(mine)].any(axis=0)
    return found
