"""Metrics as Prometheus reads them. The one file that imports prometheus_client, on the first scrape."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simblock import __version__
from simblock.errors import MissingExtra
from simblock.events.metrics import Histogram, Metrics
from simblock_indexer.escaping import encodable

if TYPE_CHECKING:
    from prometheus_client.core import HistogramMetricFamily, Metric


def written(metrics: Metrics) -> tuple[bytes, str]:
    """The answer to a scrape as text, which every scraper reads, and its media type. Raises MissingExtra."""
    try:
        from prometheus_client import ProcessCollector
        from prometheus_client.exposition import choose_encoder
        from prometheus_client.registry import CollectorRegistry
    except ImportError:
        raise MissingExtra("metrics", "metrics") from None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Families(metrics))
    ProcessCollector(registry=registry)
    encode, media_type = choose_encoder("")
    return encode(registry), media_type


class Families:
    """Everything there is, read when it is collected."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> list[Metric]:
        """Nothing beforehand: the registry would collect once more to learn the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The families, one after the other."""
        from prometheus_client.core import CounterMetricFamily

        for counter in self._metrics.counters.values():
            family = CounterMetricFamily(counter.name, counter.help, labels=counter.labels)
            for labels, value in sorted(counter.read().items()):
                family.add_metric(tuple(map(encodable, labels)), value)
            yield family
        for histogram in self._metrics.histograms:
            yield _histogram(histogram)
        yield from self._gauges()
        yield from self._of_guard()

    def _gauges(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        gauge = self._metrics.in_flight
        yield GaugeMetricFamily(gauge.name, gauge.help, value=gauge.value)
        build = GaugeMetricFamily("simblock_build_info", "What runs.", labels=("version", "python_version"))
        build.add_metric((__version__, platform.python_version()), 1)
        yield build

    def _of_guard(self) -> Iterator[Metric]:
        """Indexes, policy, and what was counted of outages."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        guard = self._metrics.guard
        if guard is None:
            return
        epoch = GaugeMetricFamily("simblock_index_epoch", "The epoch of an index.", labels=("index",))
        age = GaugeMetricFamily(
            "simblock_index_age_seconds", "Since the last news of an index.", labels=("index",)
        )
        for index in self._metrics.indexes():
            name = encodable(index.name)
            epoch.add_metric((name,), index.epoch)
            age.add_metric((name,), index.age)
        yield from (epoch, age)
        counts = CounterMetricFamily(
            "simblock_guard", "Outages of indexes, and what was decided under them.", labels=("what",)
        )
        for what, count in sorted(dict(guard.counts).items()):
            counts.add_metric((what,), count)
        yield counts
        policy = GaugeMetricFamily("simblock_policy_info", "The policy in effect.", labels=("digest",))
        policy.add_metric((guard.policy.digest,), 1)
        yield policy


def _histogram(histogram: Histogram) -> HistogramMetricFamily:
    from prometheus_client.core import HistogramMetricFamily

    counts, total = histogram.read()
    bounds = [*map(str, histogram.bounds), "+Inf"]
    return HistogramMetricFamily(
        histogram.name, histogram.help, buckets=list(zip(bounds, counts, strict=True)), sum_value=total
    )
