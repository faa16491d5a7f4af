"""What every index must do, in memory and on disk, keyed and not."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock import code, text
from simblock.errors import InputError
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.stores.works import answers, document, everywhere, keys_of, library, nowhere, run_of


def test_a_text_that_is_not_there_is_not_found(store):
    index = store(library(20)).index
    stranger = Document(Work("s"), " ".join(f"unheard{n} of{n * n}" for n in range(300)))
    assert answers(index, stranger) == []


def test_every_entry_of_every_work_is_found_where_it_stands(store):
    works = library(30)
    index = store(works).index
    for work in works:
        asked, keys, positions = keys_of(index, work.text)
        hits = index.postings(asked, keys)
        assert [hit.ask for hit in hits] == list(range(len(keys)))
        segment, run = run_of(index, work)
        length = len(text.tokenise(work.text).keys)
        for hit in hits:
            assert (segment, run, positions[hit.ask], length, 0) in hit.postings
            assert hit.works == 30
            assert 1 <= hit.frequency <= 30


def test_few_keys_and_many_keys_get_the_same_answers(store):
    works = library(12)
    index = store(works).index
    rng = random.Random(3)
    asked, keys, _ = keys_of(index, works[4].text)
    asked += [1] * 40
    keys += [rng.getrandbits(64) for _ in range(40)]
    order = rng.sample(range(len(keys)), len(keys))
    asked, keys = [asked[i] for i in order], [keys[i] for i in order]
    many = index.postings(np.array(asked, np.uint32), np.array(keys, np.uint64))
    few = []
    for start in range(0, len(keys), 64):
        part = index.postings(asked[start : start + 64], keys[start : start + 64])
        few += [hit._replace(ask=hit.ask + start) for hit in part]
    assert few == many
    assert len(few) == len(keys) - 40


def test_keys_that_are_asked_again_and_again_get_the_same_answers(store):
    works = library(12)
    index = store(works).index
    rng = random.Random(4)
    asked, keys, _ = keys_of(index, works[4].text)
    asked, keys = [*asked, *[1] * 5], [*keys, *(rng.getrandbits(64) for _ in range(5))]
    order = rng.choices(range(len(keys)), k=4 * len(keys))
    once = {hit.ask: hit for hit in index.postings(np.array(asked, np.uint32), np.array(keys, np.uint64))}
    again = index.postings(
        np.array([asked[i] for i in order], np.uint32), np.array([keys[i] for i in order], np.uint64)
    )
    assert again == [once[i]._replace(ask=ask) for ask, i in enumerate(order) if i in once]


def test_no_keys_get_no_answer(store):
    index = store(library(2)).index
    assert index.postings([], []) == []
    assert index.postings(np.empty(0, np.uint32), np.empty(0, np.uint64)) == []


def test_a_key_counts_in_its_own_channel_alone(store):
    works = library(3)
    index = store(works).index
    _, keys, _ = keys_of(index, works[0].text, channels={1})
    assert len(index.postings([1] * len(keys), keys)) == len(keys)
    assert index.postings([3] * len(keys), keys) == []


def test_a_run_is_the_tokens_of_its_work_clipped_to_it(store):
    works = library(5)
    index = store(works).index
    expected = text.tokenise(works[2].text).keys
    segment, run = run_of(index, works[2])
    assert np.array_equal(index.run(segment, run, 0, len(expected)), expected)
    assert np.array_equal(index.run(segment, run, -9, 10**9), expected)
    assert np.array_equal(index.run(segment, run, 7, 19), expected[7:19])
    assert len(index.run(segment, run, len(expected), len(expected) + 5)) == 0


AWKWARD = [
    "\n\n\nfirst " + "\n".join(f"line {n} of it" for n in range(400)),
    "a" * 40 + " b" + " " * 500 + "c" + "\n" * 300 + "d e f g h i j k l m n o p q",
    "½ ﬁ ㍿ one 中文字 two ½½ three ㍿㍿ four five six seven eight nine ten eleven twelve\r\n",
    "x" * 700 + "\nlast line without an end of its own and some more words to make anchors",
    "\ud800 lone surrogates \udfff stay where they are and count as one code point each\nyes",
    "one two three four five six seven eight nine\n" * 900,
]


@pytest.mark.parametrize("body", AWKWARD, ids=range(len(AWKWARD)))
def test_places_are_the_code_points_and_lines_of_the_text(store, body):
    index = store([*library(3), Document(Work("odd"), body), document("after")]).index
    tokens = text.tokenise(body)
    segment, run = run_of(index, Document(Work("odd"), body))
    asked = np.random.default_rng(1).permutation(len(tokens))
    placed = index.places(segment, run, asked)
    assert np.array_equal(placed.starts, tokens.starts[asked])
    assert np.array_equal(placed.ends, tokens.ends[asked])
    assert placed.lines.tolist() == [1 + body[:start].count("\n") for start in placed.starts.tolist()]


def test_places_hold_after_a_merge_moved_the_run(store):
    bodies = [Document(Work(f"odd-{n}"), body) for n, body in enumerate(AWKWARD)]
    made = store([*library(3), *bodies])
    made.remove(["work-000", "odd-1"])
    made.add(library(12, words=130))
    for work in [bodies[0], *bodies[2:]]:
        tokens = text.tokenise(work.text)
        segment, run = run_of(made.index, work)
        placed = made.index.places(segment, run, np.arange(len(tokens)))
        assert np.array_equal(placed.starts, tokens.starts)
        assert placed.lines[-1] == 1 + work.text[: placed.starts[-1]].count("\n")
        assert made.index.text(work.work.id) == work.text


def test_texts_come_back_as_they_were_put(store):
    works = library(4)
    index = store(works).index
    assert index.text("work-002") == works[2].text
    assert index.text("no such work") is None


def test_what_is_known_of_a_work_comes_back(store):
    fields = {"title": "T", "owner": "O", "license": "MIT", "url": "http://x", "tags": ("a", "b")}
    work = document("w", **fields, language="en", expires="2999-12-31", reason="asked for")
    index = store([work]).index
    assert index.works(*run_of(index, work)) == (work.work,)


def test_added_works_are_found_beside_the_old(store):
    works = library(10)
    made = store(works[:6])
    assert made.index.epoch == 1
    assert made.add(works[6:]) == 2
    assert made.index.epoch == 2
    assert all(everywhere(made.index, work) for work in works)


def test_a_removed_work_is_found_no_more(store):
    works = library(6)
    made = store(works)
    assert made.remove(["work-001", "nobody"]) == ["nobody"]
    assert nowhere(made.index, works[1])
    assert all(everywhere(made.index, work) for work in works if work.work.id != "work-001")
    assert made.index.text("work-001") is None


def test_a_hit_whose_works_are_all_gone_is_left_out(store):
    works = library(3)
    made = store(works)
    made.remove(["work-000"])
    asked, keys, _ = keys_of(made.index, works[0].text, channels={1})
    assert made.index.postings(asked, keys) == []
    assert made.index.postings(np.array(asked, np.uint32), np.array(keys, np.uint64)) == []


def test_adding_the_same_again_changes_nothing(store):
    works = library(5)
    made = store(works)
    assert made.add(works) == 1


def test_new_metadata_is_taken_over_without_new_tokens(store):
    made = store(library(3))
    tokens = made.index.stat().tokens
    changed = document("work-001", title="Another title")
    assert made.add([changed]) == 2
    assert made.index.works(*run_of(made.index, changed)) == (changed.work,)
    assert made.index.stat().tokens == tokens


def test_the_reason_alone_is_no_change(store):
    made = store(library(2))
    assert made.add([document("work-001", title="Title 1", reason="again")]) == 1


def test_a_new_text_replaces_the_old(store):
    old = document("w", seed="old")
    new = document("w", seed="new")
    made = store([old, *library(3)])
    made.add([new])
    assert everywhere(made.index, new)
    assert nowhere(made.index, old)
    assert made.index.text("w") == new.text


def test_twins_share_a_run_and_outlive_each_other(store):
    one, two = document("b", seed="same"), document("a", seed="same")
    made = store([one, *library(2)])
    tokens = made.index.stat().tokens
    made.add([two])
    assert [w.id for w in made.index.works(*run_of(made.index, one))] == ["a", "b"]
    assert made.index.stat().tokens == tokens
    made.remove(["b"])
    assert everywhere(made.index, two)
    assert [w.id for w in made.index.works(*run_of(made.index, two))] == ["a"]


def test_twins_of_one_batch_share_a_run(store):
    made = store([document("x", seed="s"), document("y", seed="s")])
    assert made.index.stat().runs == 1
    assert [entry.twins for entry in made.index.entries()] == [("y",), ("x",)]


def test_an_expired_work_does_not_count(store):
    today = datetime.now(UTC).date()
    gone = document("gone", expires=today.isoformat())
    stays = document("stays", expires=(today + timedelta(days=2)).isoformat())
    index = store([gone, stays]).index
    assert nowhere(index, gone)
    assert everywhere(index, stays)
    assert {entry.work.id: entry.expired for entry in index.entries()} == {"gone": True, "stays": False}


def test_a_work_expires_under_an_open_reader(store, monkeypatch):
    today = datetime.now(UTC).date()
    work = document("w", expires=(today + timedelta(days=1)).isoformat())
    made = store([work])
    assert everywhere(made.index, work)
    monkeypatch.setattr("simblock.stores.reader.today", lambda: today.toordinal() + 1)
    made.look()
    assert nowhere(made.index, work)


def test_a_bad_date_of_expiry_is_refused_by_name(store):
    with pytest.raises(InputError, match="work w: expires 'soon'"):
        store([document("w", expires="soon")])


def test_two_works_of_one_id_are_refused(store):
    with pytest.raises(InputError, match="work w comes twice"):
        store([document("w"), document("w", seed=2)])


def test_what_was_refused_leaves_no_trace(store):
    works = library(3)
    made = store(works)
    with pytest.raises(InputError):
        made.add([document("new"), document("new", seed=2)])
    made.add([document("other")])
    assert {entry.work.id for entry in made.index.entries()} == {*(w.work.id for w in works), "other"}


def test_an_open_candidate_keeps_its_generation(store):
    works = library(4)
    made = store(works)
    segment, run = run_of(made.index, works[2])
    before = made.index.run(segment, run, 0, 50).tolist()
    made.add(library(9, words=121))  # replaces all, and merges
    made.add([document("more")])
    assert made.index.run(segment, run, 0, 50).tolist() == before
    assert made.index.works(segment, run) == ()  # its text was replaced


def test_a_retired_run_of_a_work_that_stands_is_live(store):
    works = library(4)
    made = store(works)
    segment, run = run_of(made.index, works[2])
    made.add([document("more")])
    assert [w.id for w in made.index.works(segment, run)] == ["work-002"]
    made.remove(["work-002"])
    assert made.index.works(segment, run) == ()


def test_frequencies_count_works_not_places(store):
    passage = document("p", words=12).text
    works = [Document(Work(f"w{n}"), f"{document(f'x{n}').text} {passage} {passage}") for n in range(9)]
    index = store(works).index
    asked, keys, _ = keys_of(index, passage, channels={1})
    hits = index.postings(asked, keys)
    assert hits
    assert {(hit.frequency, hit.works) for hit in hits} == {(9, 9)}
    assert all(len(hit.postings) >= 9 for hit in hits)


def test_frequencies_are_frozen_when_works_go(store):
    works = [Document(Work(f"w{n}"), document("same").text + f" end{n}") for n in range(4)]
    made = store(works)
    made.remove(["w0", "w1"])
    asked, keys, _ = keys_of(made.index, works[3].text, channels={1})
    hits = made.index.postings(asked[:3], keys[:3])
    assert {(hit.frequency, hit.works, len(hit.postings)) for hit in hits} == {(4, 4, 2)}


def test_a_hundred_works_with_one_passage_are_all_named(store):
    passage = document("p", words=40).text
    works = [Document(Work(f"w{n:03}"), f"before{n} {passage} after{n}") for n in range(100)]
    index = store(works).index
    asked, keys, _ = keys_of(index, passage, channels={1})
    for hit in index.postings(asked, keys):
        ids = {w.id for p in hit.postings for w in index.works(p.segment, p.run)}
        assert len(ids) == 100


def test_short_and_empty_works_stand_in_the_index(store):
    texts = {"empty": "", "short": "just three words", "han": "中" * 31, "long han": "中" * 32}
    made = store([*(Document(Work(id), body) for id, body in texts.items()), document("w", words=16)])
    assert {entry.work.id for entry in made.index.entries()} == {*texts, "w"}
    assert made.index.stat().too_short == ["empty", "han", "short"]


def test_works_of_common_passages_are_named(store):
    passage = document("licence", words=60).text
    works = [Document(Work(f"w{n:02}"), f"{passage} own{n}") for n in range(70)]
    assert len(store([*works, document("rare")]).index.stat().mostly_common) == 70


def test_the_history_says_what_happened(store):
    made = store(library(2))
    made.add([document("third", reason="asked for")])
    made.remove(["work-000"])
    history = made.index.history()
    assert [(event.epoch, event.what) for event in history] == [(1, "build"), (2, "add"), (3, "remove")]
    assert history[1].reason == "asked for"
    assert history[2].ids == ["work-000"]
    assert history[2].counts == {"removed": 1}


def test_a_whole_index_has_no_problems(store):
    made = store(library(8))
    made.add([document("twin-of", seed="work-001")])
    assert made.index.verify() == []


bodies = st.lists(
    st.sampled_from([document(n, words=n * 7).text for n in range(1, 9)]), min_size=1, max_size=3
)
steps = st.lists(st.tuples(st.sampled_from("abcdef"), st.one_of(st.none(), bodies)), max_size=12)


@given(steps=steps)
def test_any_sequence_of_changes_ends_like_an_index_made_at_once(steps):
    index = MemoryIndex()
    state = {}
    for id, parts in steps:
        if parts is None:
            assert index.remove([id]) == ([] if id in state else [id])
            state.pop(id, None)
        else:
            state[id] = Document(Work(id, title=str(len(parts))), " ".join(parts))
            index.add([state[id]])
    at_once = MemoryIndex(state.values())
    assert {e.work.id: (e.work, e.tokens, e.twins) for e in index.entries()} == {
        e.work.id: (e.work, e.tokens, e.twins) for e in at_once.entries()
    }
    for work in state.values():
        assert answers(index, work) == answers(at_once, work)


def test_code_read_by_its_grammar_stands_in_four_runs(store):
    body = Path(text.__file__).read_text("utf-8")
    work = Document(Work("text.py", kind="code", language="python"), body)
    index = store([document("before"), work, document("after")]).index
    runs = code.tokenise_documents([work])
    segment, found = run_of(index, Document(Work("text.py"), " ".join(body.split("\n\n")[0].split())))
    for view, (first, stop) in enumerate(pairwise(runs.bounds.tolist()), 1):
        run = found - segment.view_codes[found] + view
        assert np.array_equal(index.run(segment, run, 0, 10**9), runs.tokens.keys[first:stop])
        placed = index.places(segment, run, np.arange(stop - first))
        assert np.array_equal(placed.starts, runs.tokens.starts[first:stop])
        assert placed.lines[-1] == 1 + body[: placed.starts[-1]].count("\n")
    assert index.stat().too_short == []
