"""Which cell: the best recall of those that stop no more clean outputs than asked.

Everything is chosen on one half of the outputs, told apart by a hash of their ids, and told of on the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simblock.policy import Policy
from simblock.tokens import I64, Bools
from simblock.tune.grid import GROUPS, Fields, Grid
from simblock.tune.interval import Interval, interval
from simblock.tune.listening import Measured

ENOUGH = 300
"""Clean outputs of the half that is chosen on without which no threshold is lowered: none of 300 stopped says
that of all at most 1 % are."""
BATCH = 4096
"""Outputs whose matrices are multiplied at once."""


class Share(NamedTuple):
    """So many of ``n`` were stopped."""

    stopped: int
    n: int

    @property
    def interval(self) -> Interval:
        """The share with its 95 % interval."""
        return interval(*self)


class Rates(NamedTuple):
    """What a policy stops of clean outputs and of copies."""

    clean: Share
    copies: Share


@dataclass(frozen=True, slots=True)
class Point:
    """Thresholds by section, how many levels they are from the policy's own, and what they stop on either half."""

    fields: Mapping[str, Fields]
    steps: int
    tuned: Rates
    reported: Rates

    @property
    def worth(self) -> tuple[int, int]:
        """What makes a point better than another of as many false stops: recall, then nearness."""
        return self.tuned.copies.stopped, -self.steps


class Choice(NamedTuple):
    """The policy's own point, the points of the curve from strict to loose, the chosen one, and whether it keeps to the rate."""

    current: Point
    curve: tuple[Point, ...]
    chosen: Point
    kept: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Option:
    """Thresholds of one section or of both, and which clean outputs and copies they act on."""

    fields: Mapping[str, Fields]
    steps: int
    clean: Bools
    copies: Bools


class _Sample(NamedTuple):
    """Outputs of which anything was heard, which of them are of the half that is chosen on, and how many outputs
    each half has in all."""

    heard: Sequence[Measured]
    half: Bools
    sizes: tuple[int, int]

    @classmethod
    def of(cls, outputs: Sequence[Measured]) -> _Sample:
        heard = [one for one in outputs if one.heard]
        chosen_on = sum(tuned(one.id) for one in outputs)
        half = np.array([tuned(one.id) for one in heard], bool)
        return cls(heard, half, (chosen_on, len(outputs) - chosen_on))

    def shares(self, acts: Bools) -> tuple[Share, Share]:
        """How many are acted on of either half."""
        one, other = int(acts[self.half].sum()), int(acts[~self.half].sum())
        return Share(one, self.sizes[0]), Share(other, self.sizes[1])


def tuned(id: str) -> bool:
    """Whether an output belongs to the half that is chosen on."""
    return hashlib.sha256(id.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 0


def weigh(
    policy: Policy, clean: Sequence[Measured], copies: Sequence[Measured], rate: float, *, upper: bool = False
) -> Choice:
    """Chooses thresholds for a rate of false stops: its estimate, or with ``upper`` the upper end of its interval.

    Without copies, and with few clean outputs, thresholds are only raised.
    """
    samples = _Sample.of(clean), _Sample.of(copies)
    loosen = bool(copies) and samples[0].sizes[0] >= ENOUGH
    sections = [_options(Grid(policy, section), *samples, loosen=loosen) for section in GROUPS]
    points = [_point(_both(one, other), *samples) for one in sections[0] for other in sections[1]]
    current = next(point for point in points if not point.steps)
    return choose(current, points, rate, upper=upper)


def choose(current: Point, points: Iterable[Point], rate: float, *, upper: bool = False) -> Choice:
    """The point of most recall, of equals the nearest, among those that keep to the rate; else of fewest false stops.

    A stricter rate never gives more false stops on the half that is chosen on.
    """
    curve = _frontier(points)
    within = [point for point in curve if _rate(point, upper=upper) <= rate]
    return Choice(current, curve, within[-1] if within else curve[0], bool(within))


def _rate(point: Point, *, upper: bool) -> float:
    found = point.tuned.clean.interval
    return found.high if upper else found.share


def _frontier(points: Iterable[Point]) -> tuple[Point, ...]:
    """The points that no other of as many false stops or fewer is worth as much as: more false stops, more worth."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (p.tuned.clean.stopped, [-part for part in p.worth])):
        if not kept or point.worth > kept[-1].worth:
            kept.append(point)
    return tuple(kept)


def _options(grid: Grid, clean: _Sample, copies: _Sample, *, loosen: bool) -> list[_Option]:
    """The section's own values, and the cells at its frontier."""
    of_clean, of_copies = grid.acts(clean.heard), grid.acts(copies.heard)
    stops, hits = _stopped(of_clean, clean.half), _stopped(of_copies, copies.half)
    steps = np.add.outer(*([cell.steps for cell in cells] for cells in grid.cells))
    looser = np.logical_or.outer(*([cell.looser for cell in cells] for cells in grid.cells))
    order = np.lexsort((steps.ravel(), -hits.ravel(), stops.ravel()))
    chosen, best = [int(np.argmin(steps))], (-1, 0)
    for at in order.tolist():
        worth = int(hits.flat[at]), -int(steps.flat[at])
        if worth > best and (loosen or not looser.flat[at]):
            best = worth
            chosen.append(at)
    width = len(grid.cells[1])
    return [_option(grid, of_clean, of_copies, *divmod(at, width)) for at in dict.fromkeys(chosen)]


def _stopped(acts: Sequence[Bools], half: Bools) -> I64:
    """How many outputs of a half each pair of cells acts on: [cells, cells]."""
    mine = [its[half] for its in acts]
    stopped = np.zeros([its.shape[1] for its in acts], np.int64)
    for first in range(0, len(mine[0]), BATCH):
        passed, others = [(~its[first : first + BATCH]).astype(np.float32) for its in mine]
        stopped += len(passed) - (passed.T @ others).round().astype(np.int64)
    return stopped


def _option(grid: Grid, clean: Sequence[Bools], copies: Sequence[Bools], *at: int) -> _Option:
    one, other = (cells[place] for cells, place in zip(grid.cells, at, strict=True))
    return _Option(
        {grid.section: {**one.fields, **other.fields}},
        one.steps + other.steps,
        *(acts[0][:, at[0]] | acts[1][:, at[1]] for acts in (clean, copies)),
    )


def _both(one: _Option, other: _Option) -> _Option:
    fields = {**one.fields, **other.fields}
    return _Option(fields, one.steps + other.steps, one.clean | other.clean, one.copies | other.copies)


def _point(option: _Option, clean: _Sample, copies: _Sample) -> Point:
    pairs = zip(clean.shares(option.clean), copies.shares(option.copies), strict=True)
    return Point(option.fields, option.steps, *(Rates(*pair) for pair in pairs))
