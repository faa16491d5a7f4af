"""The page of decisions: figures as they are, strings escaped, nothing of what was said, nothing fetched."""

import json
import re
from html.parser import HTMLParser

import pytest

from simblock.events import Events, Metrics
from simblock.events.tally import Tally
from simblock.match import Match
from simblock.overview import Fact, page, standing, view, written
from simblock.overview.chart import ACTED, HEIGHT, LEVEL_OF, LEVELS, WIDTH, over_time
from simblock.overview.page import milliseconds, percent
from simblock.work import Work
from tests.events.decisions import HOSTILE as NAMES
from tests.events.decisions import OUTCOME, decision, hostile, match, service
from tests.material import guard

HOSTILE = "<script>alert(1)</script>\"'&\u202e\x1b[31m"


class Reader(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)

    @property
    def said(self):
        return " ".join(" ".join(self.text).split())


def tally(decisions):
    found = Tally()
    for one in decisions:
        found.take(one)
    return found


@pytest.fixture(scope="module")
def busy():
    return tally(service(2000, sound=0.7))


def test_the_page_shows_the_figures_of_its_view(busy):
    found, shown = (
        view(busy),
        Reader(page(busy, title="simblock", facts=[Fact("policy", "abc", bad=True)])).said,
    )
    assert f"{found['responses']:,} responses" in shown
    assert f"{found['outcomes']['stopped']:,} stopped" in shown
    assert "The Lighthouse at the End of the Bay" in shown
    assert "Harbour to be deepened <b>again</b>" in shown
    assert found["acted"][0]["id"][:12] in shown
    assert "code is redacted" in shown
    assert "malformed" in shown
    assert "policy abc" in shown


def test_nothing_on_it_runs_or_is_fetched(busy):
    html = page(busy, title="simblock")
    read = Reader(html)
    assert not {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe", "object", "form", "a"}
    assert not [
        name for _, attrs in read.tags for name in attrs if name.startswith("on") or name in {"href", "src"}
    ]
    assert "url(" not in html
    assert "@import" not in html
    policies = [
        attrs["content"] for tag, attrs in read.tags if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]


def test_hostile_names_are_text():
    work = Work(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    found = tally([decision(match(work, longest_run=50), route=HOSTILE, tenant=HOSTILE)])
    found.bypassed(HOSTILE, HOSTILE)
    html = page(found, title=HOSTILE, facts=[Fact("log", HOSTILE)])
    assert "<script" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert Reader(html).said.count("<script>alert(1)</script>") >= 6


def test_names_of_any_length_in_any_script_leave_the_page_as_it_is():
    found = tally(hostile())
    for name in NAMES:
        found.bypassed(name, name)
    html = page(found, title=NAMES[2], facts=[Fact(name, name) for name in NAMES])
    plain = page(tally(service(60, sound=0)), title="simblock", facts=[Fact("log", "a")])
    assert {tag for tag, _ in Reader(html).tags} <= {tag for tag, _ in Reader(plain).tags} | {
        "br",
        "details",
        "summary",
        "code",
    }
    assert not [word for word in Reader(html).said.split() if len(word) > 200]
    assert not set(html) & set("\u202e\u2067\u2066\u200f\x00\x1b\ud800")
    assert len(html) < 40 * len(plain)


def test_nothing_of_what_was_said_is_on_it():
    said = "a sentence of the model's own"
    one = decision(match(longest_run=50), evidence={"0": said}, request_id="the-request", model="the-model")
    found = tally([one])
    assert said not in page(found, title="simblock")
    assert said not in json.dumps(view(found))


def test_a_page_without_decisions_says_so():
    shown = Reader(page(Tally(), title="simblock")).said
    assert "0 responses" in shown
    assert "Nothing was acted on, and nothing broke." in shown


def test_only_a_live_page_is_asked_for_again(busy):
    assert 'http-equiv="refresh" content="5"' in page(busy, title="simblock", refresh=5)
    assert "refresh" not in written(view(busy), title="simblock").split("</head>")[0].split("<style>")[0]


def test_every_outcome_has_a_level():
    assert set(LEVEL_OF) >= {
        *OUTCOME.values(),
        "clean",
        "client_gone",
        "error_stopped",
        "error_released",
        "upstream_failed",
    }


@pytest.mark.parametrize("levels", [tuple(LEVELS), ACTED], ids=["all", "acted"])
def test_bars_are_as_high_as_what_they_count(busy, levels):
    rates = view(busy)["rates"]
    chart = over_time(rates, levels, "responses")
    wanted = sum(
        n for bar in rates["bars"] for name, n in bar["outcomes"].items() if LEVEL_OF[name] in levels
    )
    assert sum(box.height for box in chart.boxes) == pytest.approx(wanted / chart.most * HEIGHT, rel=0.01)
    assert all(box.x >= 0 and box.y >= -0.01 and box.x + box.width <= WIDTH for box in chart.boxes)
    assert (
        sum(int(re.search(r"([\d,]+) [a-z ]+$", box.told)[1].replace(",", "")) for box in chart.boxes)
        == wanted
    )


def test_a_view_is_json_and_lists_the_latest_first(busy):
    found = json.loads(json.dumps(view(busy)))
    assert [row["id"] for row in found["last"]] == [row.id for row in reversed(busy.last)][:50]
    assert found["acted"][0]["time"] >= found["acted"][-1]["time"]
    assert sum(found["outcomes"].values()) == found["responses"] == 2000
    assert found["held_ms"]["p50"] <= found["held_ms"]["p99"] <= found["held_ms"]["most"]


def test_what_somebody_should_look_at_is_marked():
    metrics = Metrics(guard())
    events = Events(metrics=metrics)
    assert not [fact for fact in standing(metrics) if fact.bad]
    events.reloaded(well=False)
    events.refused("/x")
    metrics.guard.counts.add("lost")
    assert {fact.name for fact in standing(metrics) if fact.bad} == {
        "indexes: lost", "refused, for an unknown route", "policy failed",
    }  # fmt: skip
    assert Metrics().guard is None
    assert [fact.name for fact in standing(Metrics())] == ["in flight"]


def test_few_are_told_with_more_digits():
    assert (percent(3, 4000), percent(0, 10), percent(1, 3), percent(0, 0)) == (
        "0.07 %",
        "0.0 %",
        "33.3 %",
        "0.0 %",
    )
    assert [milliseconds(ms) for ms in (None, 0, 0.123, 4.56, 123.4, 61_000, 9_000_000)] == [
        "–", "0 ms", "0.12 ms", "4.6 ms", "123 ms", "61.0 s", "2.5 h",
    ]  # fmt: skip


def test_a_match_has_no_field_that_could_hold_text_of_either_side():
    assert {name for name, kind in Match.__annotations__.items() if kind == "str"} == {
        "index",
        "rule",
        "view",
    }
