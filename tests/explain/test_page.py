"""The page: whole, escaped, and with nothing in it that may not be shown."""

import io
import re
from contextlib import closing
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from simblock.explain import page as pages
from simblock.explain.page import Fact, Page, seen, stretches, web
from tests.explain.conftest import REPLACED, STOCK, edited, renamed
from tests.test_cli import OTHER, TALE

VOID = {"meta", "br"}
HOSTILE = '<script>alert("x")</script> </div></section> <img src=x onerror=alert(1)> &amp; {{ 7 * 7 }} \x1b[2J \u202etxt \0 \ud800'


class Reader(HTMLParser):
    """Reads a page back: that its tags are balanced, its text, its links and ids."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.parts = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.parts.append(data)

    @property
    def text(self):
        return "".join(self.parts)

    def values(self, name):
        return [value for key, value in self.attributes if key == name]


def page_of(*explanations, facts=()):
    file = io.StringIO()
    with closing(Page(facts)) as page:
        for number, one in enumerate(explanations):
            page.add(replace(one, report=replace(one.report, id=f"output-{number}")))
        page.write(file)
    return file.getvalue()


@pytest.fixture(scope="module")
def whole(shop):
    outputs = [shop.explain(f"He says: {edited()}"), shop.explain(renamed(), kind="code", language="python")]
    return page_of(*outputs, shop.explain(OTHER), facts=[Fact("text.min_run", "30")])


def test_a_page_is_balanced_and_counts_what_it_shows(whole):
    read = Reader(whole)
    assert "3 outputs checked" in read.text
    assert re.search(r"stop\s*2\s", read.text)
    assert re.search(r"release\s*1\s", read.text)
    assert "text.min_run" in read.text
    assert "output-2" in read.text


def test_every_link_inside_leads_somewhere(whole):
    read = Reader(whole)
    inside = [link for link in read.values("href") if link.startswith("#")]
    assert inside
    assert {link[1:] for link in inside} <= set(read.values("id"))
    assert len(read.values("id")) == len(set(read.values("id")))


def test_both_sides_the_pairs_of_names_and_the_distances_are_there(whole):
    read = Reader(whole)
    for told in (
        "The Names",
        "A. Mariner",
        "CC-BY-4.0",
        "fishwives",
        "stone3",
        "rayons",
        "shelves",
        "over",
        "short",
    ):
        assert told in read.text
    assert "m-replaced" in " ".join(read.values("class"))
    assert "shelf" in read.values("title")


def test_only_web_addresses_become_links(whole):
    read = Reader(whole)
    outside = {link for link in read.values("href") if not link.startswith("#")}
    assert outside == {"https://sea.example/n"}
    assert "javascript:alert(1)" in read.text
    assert [web(url) for url in ("http://a/b", "HTTPS://a", " javascript:x", "data:text/html,x", None, 'http://a"b')] == [
        "http://a/b", "HTTPS://a", "", "", "", "",
    ]  # fmt: skip


def test_a_page_fetches_nothing_and_runs_nothing(whole):
    read = Reader(whole)
    assert {"script", "img", "link", "iframe", "form", "object"}.isdisjoint(read.tags)
    assert not read.values("src")
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert any("default-src 'none'" in (value or "") for value in read.values("content"))
    assert "url(" not in whole
    assert "@import" not in whole


def test_nothing_of_an_output_becomes_markup(shop):
    for text in (f"{HOSTILE} {edited()} {HOSTILE}", f"{edited()[:200]} {HOSTILE} {edited()[200:]}"):
        made = page_of(shop.explain(text))
        read = Reader(made)
        assert {"script", "img"}.isdisjoint(read.tags)
        assert '<script>alert("x")</script>' in read.text
        assert "{{ 7 * 7 }}" in read.text
        assert not set("\x1b\u202e\0\ud800") & set(made)
        assert "\\u202e" in read.text


def test_nothing_of_a_works_data_becomes_markup(shop):
    explanation = shop.explain(TALE)
    match = explanation.report.matches[0]
    odd = replace(
        match,
        work=replace(match.work, title=HOSTILE, owner=HOSTILE, url=HOSTILE),
        twins=(HOSTILE,),
        index=HOSTILE,
    )
    explained = tuple(replace(one, match=odd) for one in explanation.matches)
    report = replace(explanation.report, matches=(odd,), error=HOSTILE)
    read = Reader(page_of(replace(explanation, report=report, matches=explained)))
    assert {"script", "img"}.isdisjoint(read.tags)
    assert read.text.count('<script>alert("x")</script>') >= 5


def test_nothing_of_a_source_is_shown_that_is_not_stored(closed_shop):
    made = page_of(
        closed_shop.explain(f"He says: {edited()}"),
        closed_shop.explain(renamed(), kind="code", language="python"),
    )
    assert not [word for word in REPLACED if word.strip(",") in made]
    assert "shelves" not in made.replace(renamed(), "")
    assert STOCK.splitlines()[0] not in made
    assert "--store-text" in made


def test_the_output_is_shown_whole_where_it_is_short(shop):
    text = f"He says: {edited()}\n\nAnd <that> is all."
    shown = list(stretches(shop.explain(text)))
    assert "".join(one.text for one in shown) == text
    assert {one.at.match for one in shown if one.at} == {1}


def test_long_parts_of_an_output_are_left_out_in_their_middle(shop):
    text = f"{OTHER * 100}{TALE}"
    shown = list(stretches(shop.explain(text)))
    assert "characters left out" in shown[0].text
    assert sum(len(one.text) for one in shown) < 4 * pages.LONG
    assert shown[-1].text == TALE


def test_what_cannot_be_seen_is_spelled_out():
    assert seen("a\tb\r\nc\u200bd\x07") == "a\tb\nc\\u200bd\\x07"


def test_without_jinja2_the_extra_is_named(monkeypatch):
    from simblock.errors import MissingExtra

    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(MissingExtra, match=r"simblock\[report\]"):
        Page()
