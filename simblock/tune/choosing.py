"""Which cell: the best recall of those that stop no more clean outputs than asked.

Everything is chosen on one half of the outputs, told apart by a hash of their ids, and told of on the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from simblock.policy import Policy
from simblock.tokens import I64, Bools
from simblock.tune.grid import GROUPS, Fields, Grid
from simblock.tune.interval import Interval, interval
from simblock.tune.listening import Measured

ENOUGH = 300
"""Clean outputs of the half that is chosen on without which no threshold is lowered: none of 300 stopped says
that of all at most 1 % are."""


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


Halves: TypeAlias = tuple[Bools, Bools]
"""Of clean outputs and of copies, which are of the half that is chosen on."""


def tuned(id: str) -> bool:
    """Whether an output belongs to the half that is chosen on."""
    return hashlib.sha256(id.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 0


def weigh(
    policy: Policy, clean: Sequence[Measured], copies: Sequence[Measured], rate: float, *, upper: bool = False
) -> Choice:
    """Chooses thresholds for a rate of false stops: its estimate, or with ``upper`` the upper end of its interval.

    Without copies, and with few clean outputs, thresholds are only raised.
    """
    halves = (
        np.array([tuned(one.id) for one in clean], bool),
        np.array([tuned(one.id) for one in copies], bool),
    )
    loosen = bool(copies) and int(halves[0].sum()) >= ENOUGH
    sections = [_options(Grid(policy, section), clean, copies, halves, loosen=loosen) for section in GROUPS]
    points = [_point(_both(one, other), halves) for one in sections[0] for other in sections[1]]
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


def _options(
    grid: Grid, clean: Sequence[Measured], copies: Sequence[Measured], halves: Halves, *, loosen: bool
) -> list[_Option]:
    """The section's own values, and the cells at its frontier."""
    of_clean, of_copies = grid.acts(clean), grid.acts(copies)
    stops, hits = _stopped(of_clean, halves[0]), _stopped(of_copies, halves[1])
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
    passed, others = [(~its[half]).astype(np.float64) for its in acts]
    stopped: I64 = (half.sum() - passed.T @ others).round().astype(np.int64)
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


def _point(option: _Option, halves: Halves) -> Point:
    rates = []
    for flip in (False, True):
        shares = []
        for acts, half in zip((option.clean, option.copies), halves, strict=True):
            its = acts[half ^ flip]
            shares.append(Share(int(its.sum()), len(its)))
        rates.append(Rates(*shares))
    return Point(option.fields, option.steps, *rates)
