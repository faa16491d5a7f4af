"""What is in effect in a serving process: the policy, the indexes with their epochs and ages, and what is amiss."""

from __future__ import annotations

from collections.abc import Iterator

from simblock.events import Metrics
from simblock.overview.page import Fact

AMISS = {"refused": "refused, for an unknown route", "errors": "broke"}


def standing(metrics: Metrics) -> list[Fact]:
    """The facts of a live page. Those that somebody should look at are marked."""
    return [*_guard(metrics), Fact("in flight", f"{metrics.in_flight.value:,}"), *_amiss(metrics)]


def _guard(metrics: Metrics) -> Iterator[Fact]:
    guard = metrics.guard
    if guard is None:
        return
    yield Fact("policy", guard.policy.digest)
    for index in metrics.indexes():
        age = index.age
        told = f"{index.name}, epoch {index.epoch:,}, news {age:,.0f} s ago"
        yield Fact("index", told, bad=age > guard.policy.stale_after)
    for what, count in sorted(dict(guard.counts).items()):
        yield Fact(f"indexes: {what}", f"{count:,}", bad=what in {"lost", "stale"})


def _amiss(metrics: Metrics) -> Iterator[Fact]:
    for name, what in AMISS.items():
        for labels, count in sorted(metrics.counters[name].read().items()):
            if count:
                yield Fact(" ".join((*labels, what)), f"{count:,}", bad=True)
    for (result,), count in sorted(metrics.counters["reloads"].read().items()):
        yield Fact(f"policy {result}", f"{count:,}", bad=result == "failed")
