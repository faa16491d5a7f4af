"""Metrics: what a scrape reads is what was observed, and labels stay bounded."""

import subprocess
import sys
import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from simblock.events import Events, Metrics, Unscanned
from simblock.events.metrics import MOST, Histogram
from tests.events.decisions import decision, match
from tests.material import guard


def scraped(metrics):
    body, media_type = metrics.render()
    assert media_type.startswith("text/plain")
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families(body.decode())
        for sample in family.samples
    }


def test_what_was_counted_is_what_is_read():
    metrics = Metrics(guard())
    events = Events(metrics=metrics)
    events.begun()
    events.begun()
    events.ended()
    events.decided(decision(match(longest_run=40)))
    events.decided(decision(streaming=False, unscanned=(Unscanned("frame", "malformed", 70),)))
    events.bypassed("harmless", "/v1/models")
    events.refused("/a/path/as/it/came")
    events.failed("upstream")
    events.reloaded(well=False)
    read = scraped(metrics)
    chat = (("format", "chat"), ("mode", "stream"), ("outcome", "stopped"), ("route", "/v1/chat/completions"))
    assert read["simblock_streams_total", *chat] == 1
    assert read["simblock_matches_total", ("action", "stop"), ("index", "works.sbx")] == 1
    assert read["simblock_bypass_total", ("reason", "harmless")] == 1
    assert read["simblock_unscanned_bytes_total", ("reason", "malformed")] == 70
    assert read[("simblock_refused_total",)] == 1
    assert read["simblock_errors_total", ("stage", "upstream")] == 1
    assert read["simblock_policy_reloads_total", ("result", "failed")] == 1
    assert read[("simblock_in_flight",)] == 1
    assert not [key for key in read if "/a/path" in str(key)]


def test_the_guard_is_asked_when_metrics_are_read_and_may_be_replaced():
    metrics = Metrics(guard())
    first = scraped(metrics)
    name = metrics.guard.indexes[0].name
    assert first["simblock_index_epoch", ("index", name)] == metrics.guard.indexes[0].epoch
    assert first["simblock_index_age_seconds", ("index", name)] >= 0
    assert ("simblock_policy_info", ("digest", metrics.guard.policy.digest)) in first
    metrics.guard = guard(text={"min_run": 40})
    metrics.guard.counts.add("lost")
    second = scraped(metrics)
    assert ("simblock_policy_info", ("digest", metrics.guard.policy.digest)) in second
    assert second["simblock_guard_total", ("what", "lost")] == 1


def test_delays_fall_into_buckets_that_cumulate():
    metrics = Metrics()
    events = Events(metrics=metrics)
    for seconds in (0.0, 1e-5, 2e-5, 0.3, 7.0):
        events.scanned(seconds)
    events.held(0.2)
    events.first(0.002)
    read = scraped(metrics)
    buckets = {
        dict(key[1:])["le"]: value for key, value in read.items() if key[0] == "simblock_scan_seconds_bucket"
    }
    assert buckets["1e-05"] == 2
    assert buckets["2.5e-05"] == 3
    assert buckets["1.0"] == 4
    assert buckets["+Inf"] == read[("simblock_scan_seconds_count",)] == 5
    assert read[("simblock_scan_seconds_sum",)] == pytest.approx(7.30003)
    assert read[("simblock_hold_delay_seconds_count",)] == 1
    assert read["simblock_first_release_delay_seconds_bucket", ("le", "0.005")] == 1


def test_labels_that_no_encoding_takes_are_escaped():
    metrics = Metrics()
    Events(metrics=metrics).failed('\udcff\n"')
    assert scraped(metrics)["simblock_errors_total", ("stage", '\\udcff\n"')] == 1


def test_series_are_bounded_and_the_rest_are_counted_as_other():
    metrics = Metrics()
    events = Events(metrics=metrics)
    for number in range(1000):
        events.failed(f"stage {number}")
    counted = metrics.counters["errors"].read()
    assert len(counted) <= MOST + 1
    assert counted["other",] == 1000 - MOST
    assert sum(counted.values()) == 1000


def test_nothing_is_lost_where_many_threads_observe():
    histogram, metrics = Histogram("h", "", (0.5,)), Metrics()
    events = Events(metrics=metrics)

    def observe():
        for _ in range(2000):
            histogram.observe(1)
            events.failed("here")

    threads = [threading.Thread(target=observe) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert histogram.read() == ([0, 16_000], 16_000)
    assert metrics.counters["errors"].read() == {("here",): 16_000}


WITHOUT = """
import sys
sys.modules["prometheus_client"] = None
from simblock.errors import MissingExtra
from simblock.events import Events, Metrics
metrics = Metrics()
Events(metrics=metrics).scanned(1)
try:
    metrics.render()
except MissingExtra as error:
    print(error)
"""


def test_counting_needs_no_package_and_a_scrape_names_the_extra():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert done.stdout == "metrics needs an extra: pip install 'simblock[metrics]'\n"
