"""The page of a pass: examples beside each other, everything escaped, nothing fetched."""

import builtins
import re
import shutil
import threading
from functools import partial
from html.parser import HTMLParser
from http.server import ThreadingHTTPServer

import numpy as np
import pytest

from simblock_indexer.dedup.excess import Passages
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.outcome import conclude, page
from simblock_indexer.dedup.outcome.page.charts import HEIGHT, WIDTH, bars, similarities
from simblock_indexer.dedup.outcome.page.differing import BEFORE, SHOWN, beside, marked
from simblock_indexer.dedup.part import TAKEN
from tests.indexer.dedup.outcome.passes import Delivery, Doc, found
from tests.overview.test_looking import CHROMIUM, Quiet, measured

WORDS = " ".join(f"word{n}" for n in range(60))
HOSTILE = (
    '</script><script>alert(1)</script><img src=x onerror=alert(2)> & "q" \u202eevil\u202c \ud83d \x07 \u200b'
)
RATES = {"seconds": 2.0, "stages": {"sign": {"seconds": 1.5, "elapsed": 2.0, "bytes": 60_000_000}}}


class Seen(HTMLParser):
    """Tags and texts of a page; the marked words of each text that is shown."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self.marks, self.words = [], [], [], []
        self._inside = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "rect", "br"):
            self._inside.append(tag)
        if tag == "pre":
            self.texts.append("")
            self.marks.append([])

    def handle_endtag(self, tag):
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def handle_data(self, data):
        if "style" not in self._inside:
            self.words.append(data)
        if "pre" in self._inside:
            self.texts[-1] += data
        if "mark" in self._inside:
            self.marks[-1].append(data)

    @property
    def said(self):
        return " ".join(" ".join(self.words).split())


def shown(tmp_path, delivery):
    folder = delivery.made(tmp_path)
    outcome = conclude(folder, RATES)
    html = (folder.root.parent / "report.html").read_text("utf-8")
    return outcome, html, Seen(html)


def test_a_dropped_document_stands_beside_its_keeper_with_what_differs_marked(tmp_path):
    docs = [Doc(WORDS, "kept-one"), None, Doc(WORDS.replace("word30", "other"), "gone-one", "near", 0, 0.85)]
    _, _, page = shown(tmp_path, Delivery({"a.jsonl": docs}, measured={42: 1}))
    assert page.texts == [WORDS, docs[2].text]
    assert page.marks == [["word30"], ["other"]]
    for told in (
        "1 of 2 documents kept",
        "kept-one",
        "gone-one",
        "similarity 0.850",
        "one of 2",
        "a.jsonl, row 3",
        "as confidential",
    ):
        assert told in page.said, told
    assert "sign 1.5 s 40.0 MB/s" in page.said
    assert "row 2: not JSON" in page.said


def test_pairs_on_both_sides_of_the_threshold_are_shown(tmp_path):
    texts = [
        WORDS,
        WORDS.replace("word9 ", "x "),
        WORDS.replace("word30", "y").replace("word50", "z"),
        "else " * 30,
    ]
    docs = [
        Doc(texts[0]),
        Doc(texts[1], fate="near", keeper=0, similarity=0.835),
        Doc(texts[2]),
        Doc(texts[3]),
    ]
    delivery = Delivery({"a.jsonl": docs}, pairs=[(0, 1), (0, 2), (0, 3)], measured={41: 1, 35: 1, 0: 1})
    _, _, page = shown(tmp_path, delivery)
    assert "Not near-copies, and closest to the threshold" in page.said
    at = page.said.index("Not near-copies, and closest")
    first = re.search(r"similarity (0\.\d+)", page.said[at:])
    assert float(first[1]) == pytest.approx(
        46 / 66, abs=0.001
    )  # of 56 shingles of 5 words, 10 differ on each side
    assert "similarity 0.835" in page.said[:at]


def test_no_text_id_or_name_can_break_out_of_the_page(tmp_path):
    ids = ("<b>id</b>", "</pre><script>")
    docs = [Doc(HOSTILE + WORDS, ids[0]), Doc("more " + HOSTILE + WORDS, ids[1], "near", 0, 0.9)]
    delivery = Delivery(
        {"</title><script>.jsonl".replace("/", ""): docs}, options=DedupOptions(keep="prefer:<i>=<b>")
    )
    _, html, page = shown(tmp_path, delivery)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img", "link", "iframe", "a", "base", "form"})
    assert not [
        name for _, attrs in page.tags for name in attrs if name.startswith("on") or name in ("src", "href")
    ]
    assert not re.search(r"@import|url\(", html)
    assert not [c for c in html if not c.isprintable() and c != "\n"]
    assert "\\u202eevil\\u202c \\ud83d \\x07 \\u200b" in page.texts[0]
    assert dict(page.tags)["pre"]["dir"] == "auto"
    policy = next(
        attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'")


def test_what_was_found_of_protected_works_is_marked_where_it_stands(tmp_path):
    docs = [
        Doc("so call me ishmael, he said", "a", "protected", sort=TAKEN, found=(found(start=3, end=18),)),
        Doc("plain"),
    ]
    _, _, page = shown(tmp_path, Delivery({"a.jsonl": docs}, options=DedupOptions(against=("books",))))
    assert page.marks == [["call me ishmael"]]
    assert "Protected works found most" in page.said
    assert page.said.count("Moby-Dick") == 2


def test_what_is_only_listed_or_redacted_is_shown_as_it_came(tmp_path):
    where = (found(start=3, end=18, cut="redact"),)
    docs = [Doc("so call me ishmael, he said", "a", found=where, redacted=((3, 18),)), Doc("plain")]
    _, _, page = shown(
        tmp_path, Delivery({"a.jsonl": docs}, options=DedupOptions(against=("books",), cut="redact"))
    )
    assert page.marks == [["call me ishmael"]]
    assert "Redacted or listed for what they hold of protected works" in page.said


def test_passages_in_excess_are_listed_and_marked(tmp_path):
    docs = [
        Doc(WORDS, "first"),
        Doc("begin " + WORDS, "second", "passage", 0, 0.97),
        Doc("x " + WORDS, "third"),
    ]
    options = DedupOptions(scope="passage")
    folder = Delivery({"a.jsonl": docs}, options=options).made(tmp_path)
    columns = ([2, 1], [1, 1], [61, 61], [0, 0], [0, 0], [3, 3], [0, 1])
    types = (np.uint32, np.int64, np.int64, np.uint32, np.int64, np.uint32, np.uint8)
    Passages(*(np.array(column, kind) for column, kind in zip(columns, types, strict=True))).write(
        folder.settled
    )
    outcome = conclude(folder, RATES)
    out = folder.root.parent
    import pyarrow.parquet as pq

    rows = pq.read_table(out / "passages.parquet").to_pylist()
    assert [(row["id"], row["first_token"], row["tokens"], row["cut"]) for row in rows] == [
        ("second", 1, 60, True), ("third", 1, 60, False),
    ]  # fmt: skip
    assert {
        (row["keeper_id"], row["keeper_row"], row["keeper_first_token"], row["documents"]) for row in rows
    } == {("first", 1, 0, 3)}
    assert {name: outcome.passages[name] for name in ("passages", "documents", "tokens", "cut")} == {
        "passages": 2, "documents": 2, "tokens": 120, "cut": 1,
    }  # fmt: skip
    assert outcome.passages["most"] == [{"documents": 3, "tokens": 60, "keeper": "first", "first_token": 0}]
    (gone,) = pq.read_table(out / "dropped.parquet").to_pylist()
    assert (gone["reason"], gone["keeper_id"]) == ("passage", "first")
    assert gone["rule"].startswith("repeated passages>=0.8 of the tokens")
    assert (
        pq.read_table(out / "clusters.parquet").num_rows == 0
    )  # it was never compared with what it is dropped for
    page = Seen((out / "report.html").read_text("utf-8"))
    assert page.marks[0] == [WORDS]
    assert "97% of its tokens stand in other documents, most of them in first" in page.said


def test_what_is_redacted_of_protected_works_is_not_shown(tmp_path):
    docs = [
        Doc("SECRET " + WORDS, redacted=((0, 7),)),
        Doc("more " + WORDS, fate="near", keeper=0, similarity=0.9),
    ]
    _, html, page = shown(tmp_path, Delivery({"a.jsonl": docs}))
    assert page.texts == [WORDS, "more " + WORDS]
    assert "SECRET" not in html


def test_texts_that_cannot_be_had_any_more_are_said_to_be_missing(tmp_path):
    docs = [
        Doc(WORDS, fate="near", keeper=0, similarity=0.9),
        Doc(WORDS, fate="near", keeper=3, similarity=0.9),
        Doc(WORDS),
    ]
    delivery = Delivery({"a.jsonl": docs}, earlier=[Doc(WORDS, "old")])
    folder = delivery.made(tmp_path)
    conclude(folder, RATES)
    page = Seen((folder.root.parent / "report.html").read_text("utf-8"))
    assert "of an earlier delivery" in page.said
    assert "its text is not at hand" in page.said
    (tmp_path / "a.jsonl").unlink()
    conclude(folder, RATES)
    page = Seen((folder.root.parent / "report.html").read_text("utf-8"))
    assert page.texts == []
    assert page.said.count("its text is not at hand") == 4


def test_a_page_without_anything_to_show_is_a_page(tmp_path):
    _, _, seen = shown(tmp_path, Delivery({"a.jsonl": [Doc()]}))
    assert "1 of 1 documents kept" in seen.said
    assert "No two documents are near-copies." in seen.said


def test_without_jinja_the_outcome_notes_that_there_is_no_page(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "jinja2":
            raise ImportError(name)
        return real(name, *rest)

    page._template.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    folder = Delivery({"a.jsonl": [Doc()]}).made(tmp_path)
    outcome = conclude(folder, RATES)
    assert [note for note in outcome.notes if "report.html" in note and "simblock[report]" in note]
    assert "report.html" not in outcome.tables
    assert not (folder.root.parent / "report.html").exists()


def test_who_wants_no_page_gets_none(tmp_path):
    folder = Delivery({"a.jsonl": [Doc()]}).made(tmp_path)
    outcome = conclude(folder, RATES, page=False)
    assert outcome.notes == ()
    assert not (folder.root.parent / "report.html").exists()


def test_long_texts_are_shown_around_their_first_difference():
    long = "same " * 5000
    one, other = beside(long + "left tail", long + "right tail")
    for stretches, word in ((one, "left"), (other, "right")):
        text = "".join(stretch.text for stretch in stretches)
        assert text.startswith("… same")
        assert [stretch.text for stretch in stretches if stretch.marked] == [word]
        assert len(text) <= SHOWN + 4
    shown = "".join(stretch.text for stretch in beside("x" * 9000, "x" * 9000 + "y")[1])
    assert len(shown) <= 2 * BEFORE + 5


def test_marks_that_overlap_or_are_cut_off_leave_the_text_as_it_is():
    text = "".join(chr(97 + n % 26) for n in range(3 * SHOWN))
    stretches = marked(text, [(5, 20), (10, 30), (SHOWN - 5, SHOWN + 90), (2 * SHOWN, 2 * SHOWN + 3)])
    assert "".join(stretch.text for stretch in stretches) == text[:SHOWN] + " …"
    assert [stretch.text for stretch in stretches if stretch.marked] == [
        text[5:20],
        text[20:30],
        text[SHOWN - 5 : SHOWN],
    ]


def test_bars_of_the_charts_stay_inside_and_the_line_is_at_the_threshold():
    members, rejected = [0] * 50, [0] * 50
    members[40], members[49], rejected[20], rejected[39], rejected[40] = 100, 7, 1, 50, 3
    chart = similarities(members, rejected, 0.8)
    assert chart.axis[0] == "0.4"
    assert chart.threshold == pytest.approx(WIDTH * (40 - 20) / 30)
    for box in chart.boxes:
        assert 0 <= box.x <= box.x + box.width <= WIDTH
        assert -0.1 <= box.y <= box.y + box.height <= HEIGHT + 0.1
    assert {box.told for box in chart.boxes if box.sort == "rejected"} >= {
        "0.80 to 0.82: 3 pairs that are not near-copies"
    }
    assert [(bar.name, bar.number, bar.length) for bar in bars({"2": 10, "3": 0})] == [
        ("2", 10, 100.0),
        ("3", 0, 0.0),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("width", [1200, 400])
def test_nothing_sticks_out_of_the_page(tmp_path, width):
    if CHROMIUM is None:
        pytest.skip("no Chromium here to look at the page with: apt-get install chromium")
    long = "a/very/long/name/" * 30
    docs = [
        Doc(HOSTILE + WORDS + "x" * 900, long),
        Doc(WORDS * 9, "z" * 500, "near", 0, 0.9),
        Doc("مرحبا " * 50, fate="exact", keeper=0),
    ]
    shown(tmp_path, Delivery({"a.jsonl": docs}, measured={45: 1}))
    folder = tmp_path / "out"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        site = folder, f"http://127.0.0.1:{server.server_port}"
        whole, wide, scrolling, boxes, _ = measured(site, "report.html", width, opened=True)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        shutil.rmtree(folder / "browser", ignore_errors=True)
    assert (whole <= width, wide, scrolling) == (True, 0, 0)
    assert boxes >= 2
