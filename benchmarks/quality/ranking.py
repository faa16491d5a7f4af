"""How well a score tells two kinds of pairs apart: curves, the areas under them, and how sure they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
RESAMPLES = 1000
SEED = 10


class Ranked(NamedTuple):
    """A score for each pair, and whether it is one that should be found."""

    scores: Floats
    labels: Bools


class Estimate(NamedTuple):
    """A figure, and between which two 95 % of its bootstrap resamples lie (Efron 1979)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def ranked(scores: Sequence[float], labels: Sequence[bool]) -> Ranked:
    """Scores and labels as arrays."""
    return Ranked(np.array(scores, np.float64), np.array(labels, np.bool_))


def auc(them: Ranked) -> float:
    """The area under the ROC curve: how often a pair that should be found is before one that should not, ties half."""
    order = np.sort(them.scores[~them.labels])
    wanted = them.scores[them.labels]
    before = np.searchsorted(order, wanted, "left") + np.searchsorted(order, wanted, "right")
    return float(before.mean() / (2 * len(order))) if len(order) and len(wanted) else float("nan")


def average_precision(them: Ranked) -> float:
    """Mean precision over recall, equal scores taken together; 0 where nothing is wanted."""
    points = _thresholds(them)
    if not len(points.hits) or not points.hits[-1]:
        return 0.0
    gained = np.diff(np.append(0, points.hits)) / points.hits[-1]
    return float((gained * points.hits / (points.hits + points.false)).sum())


class _Points(NamedTuple):
    scores: Floats
    hits: NDArray[np.int64]
    false: NDArray[np.int64]


def _thresholds(them: Ranked) -> _Points:
    """Each score from the highest down, and what reaches it of both kinds."""
    order = np.argsort(-them.scores, kind="stable")
    scores, labels = them.scores[order], them.labels[order]
    last = (
        np.flatnonzero(np.append(scores[1:] != scores[:-1], True)) if len(scores) else np.empty(0, np.int64)
    )
    return _Points(scores[last], np.cumsum(labels)[last], np.cumsum(~labels)[last])


def roc(them: Ranked, most: int = 40) -> list[dict[str, float]]:
    """Points of the ROC and the precision-recall curve, about ``most`` of them."""
    points = _thresholds(them)
    chosen = np.unique(np.linspace(0, len(points.scores) - 1, min(most, len(points.scores))).astype(int))
    wanted, other = max(int(them.labels.sum()), 1), max(int((~them.labels).sum()), 1)
    return [
        {"score at least": round(float(points.scores[at]), 4), "recall": round(float(points.hits[at]) / wanted, 4),
         "false": round(float(points.false[at]) / other, 4),
         "precision": round(float(points.hits[at]) / float(points.hits[at] + points.false[at]), 4)}
        for at in chosen.tolist()
    ]  # fmt: skip


def threshold_at(clean: Sequence[float], share: float) -> float:
    """The score that at most a ``share`` of the clean pairs exceed."""
    ordered = sorted(clean, reverse=True)
    return ordered[int(share * len(ordered))] if ordered else 0.0


def estimated(figure: Callable[[Ranked], float], them: Ranked) -> Estimate:
    """A figure with the interval of its resamples, pairs of both kinds drawn apart."""
    rng = np.random.default_rng(SEED)
    kinds = [np.flatnonzero(them.labels), np.flatnonzero(~them.labels)]
    drawn: list[float] = []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([rng.choice(kind, len(kind)) for kind in kinds])
        drawn.append(figure(Ranked(them.scores[chosen], them.labels[chosen])))
    low, high = np.percentile(drawn, (2.5, 97.5)).tolist()
    return Estimate(round(figure(them), 4), round(low, 4), round(high, 4))


Row = dict[str, Any]
