"""What every index must do with works of code, whose four runs follow each other."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.stores import compaction
from simblock.stores.directory import DirectoryIndex
from simblock.stores.memory import MemoryIndex
from simblock.stores.opening import rebuild
from simblock.stores.writer import Writer
from simblock.tokens import CODE_VIEWS
from simblock.work import Document, Work
from tests.stores.conftest import KEY
from tests.stores.sources import (
    asks_of,
    group_of,
    postings_of,
    runs_of,
    source_file,
    stands,
    tokenise_documents,
)
from tests.stores.works import document, everywhere, library
from tests.stores.works import run_of as run_of_text

pytestmark = pytest.mark.usefixtures("reader_of_code")


def tree(count, **fields):
    return [source_file(f"src/{n:02}.py", **fields) for n in range(count)]


def mixed(count):
    """Texts and works of code by turns."""
    pairs = zip(library(count), tree(count), strict=True)
    return [work for pair in pairs for work in pair]


def test_every_entry_of_every_view_is_found_where_it_stands(store):
    works = mixed(6)
    index = store(works).index
    for work in works[1::2]:
        assert set(group_of(index, work)) == set(CODE_VIEWS)
        assert stands(index, work) == 1
    assert all(everywhere(index, work) for work in works[::2])


def test_few_keys_and_many_keys_of_code_get_the_same_answers(store):
    works = mixed(4)
    index = store(works).index
    asks = asks_of(index, works[3])
    many = index.postings(
        np.array([ask[0] for ask in asks], np.uint32), np.array([ask[1] for ask in asks], np.uint64)
    )
    few = [hit for _, hit in postings_of(index, works[3])]
    assert [hit[1:] for hit in many] == [hit[1:] for hit in few]


def test_each_run_of_a_work_holds_the_tokens_of_its_view(store):
    works = mixed(4)
    index = store(works).index
    group = group_of(index, works[5])
    for view, tokens in runs_of(works[5]).items():
        assert np.array_equal(index.run(*group[view], 0, 10**9), tokens.keys)


def test_the_runs_of_a_work_follow_each_other_and_have_its_works(store):
    works = [*mixed(3), source_file("twin", seed="src/01.py")]
    index = store(works).index
    group = group_of(index, works[3])
    numbers = [group[view][1] for view in CODE_VIEWS]
    assert numbers == list(range(numbers[0], numbers[0] + 4))
    for view in CODE_VIEWS:
        assert [work.id for work in index.works(*group[view])] == ["src/01.py", "twin"]


def assert_placed(index, work):
    group = group_of(index, work)
    assert set(group) == set(CODE_VIEWS)
    for view, (segment, run) in group.items():
        tokens = runs_of(work)[view]
        placed = index.places(segment, run, np.arange(len(tokens)))
        assert np.array_equal(placed.starts, tokens.starts)
        assert np.array_equal(placed.ends, tokens.ends)
        assert placed.lines.tolist() == [1 + work.text[:at].count("\n") for at in tokens.starts.tolist()]
    assert index.text(work.work.id) == work.text


def test_places_and_lines_of_every_view_are_those_of_the_file(store):
    works = mixed(5)
    index = store(works).index
    for work in works[1::2]:
        assert_placed(index, work)


def test_places_and_lines_hold_after_a_merge_moved_the_runs(store):
    works = mixed(5)
    made = store(works)
    made.remove(["src/00.py", "src/03.py", "work-001"])
    made.add([*tree(2, lines=50), source_file("new")])
    for work in (works[5], works[9], *tree(2, lines=50), source_file("new")):
        assert_placed(made.index, work)
        assert stands(made.index, work) == 1


def test_a_removed_work_is_found_in_no_view(store):
    works = mixed(3)
    made = store(works)
    made.remove(["src/01.py"])
    assert stands(made.index, works[3]) == 0
    assert not any(hit for ask, hit in postings_of(made.index, works[3]) if ask[0] == 6)
    assert stands(made.index, works[1]) == stands(made.index, works[5]) == 1


def test_an_expired_work_of_code_counts_in_no_view(store):
    gone = source_file("gone", expires=datetime.now(UTC).date().isoformat())
    index = store([gone, *tree(2)]).index
    assert stands(index, gone) == 0
    assert stands(index, tree(2)[1]) == 1


def test_twins_of_code_share_four_runs_and_outlive_each_other(store):
    one, two = source_file("b", seed="same"), source_file("a", seed="same")
    made = store([one, *tree(2)])
    before = made.index.stat()
    made.add([two])
    after = made.index.stat()
    assert (before.runs, before.tokens, before.lexemes) == (after.runs, after.tokens, after.lexemes)
    assert [w.id for w in made.index.works(*group_of(made.index, one)["syntax"])] == ["a", "b"]
    made.remove(["b"])
    assert stands(made.index, two) == 1
    assert [w.id for w in made.index.works(*group_of(made.index, two)["lexemes"])] == ["a"]


def test_the_same_characters_as_text_and_as_code_of_two_languages_are_no_twins(store):
    code = source_file("code", seed="same")
    c = source_file("c", seed="same", language="c")
    prose = Document(Work("prose"), code.text)
    made = store([code, c, prose])
    assert made.index.stat().runs == 3
    assert all(entry.twins == () for entry in made.index.entries())
    made.remove(["code"])
    assert stands(made.index, c) == 1
    assert everywhere(made.index, prose)


@pytest.mark.parametrize("language", [None, "en"])
def test_code_that_becomes_text_is_replaced(store, language):
    code = source_file("w", seed="same")
    made = store([code])
    made.add([Document(Work("w", language=language), code.text)])
    assert [(entry.work.kind, entry.work.language) for entry in made.index.entries()] == [("text", language)]
    assert made.index.stat().lexemes == 0
    assert everywhere(made.index, Document(Work("w"), code.text))


def test_a_language_of_code_that_is_left_unsaid_stays_as_it_is(store):
    code = source_file("w", seed="one", title="T")
    made = store([code])
    made.add([Document(Work("w", kind="code"), source_file("w", seed="two").text)])
    (entry,) = made.index.entries()
    assert (entry.work.kind, entry.work.language, entry.work.title) == ("code", "python", "T")
    assert stands(made.index, source_file("w", seed="two")) == 1


def test_an_open_candidate_of_code_keeps_its_generation(store):
    works = tree(3)
    made = store(works)
    group = group_of(made.index, works[1])
    made.add([source_file("more")])
    for segment, run in group.values():
        assert [w.id for w in made.index.works(segment, run)] == ["src/01.py"]
    made.remove(["src/01.py"])
    for segment, run in group.values():
        assert made.index.works(segment, run) == ()


def test_frequencies_count_works_not_views(store):
    comment = "# " + " ".join(f"word{n}" for n in range(60))
    works = [Document(replace(w.work), f"{comment}\n{w.text}") for w in tree(5)]
    index = store([*works, *library(2)]).index
    for (_, _, view, position), hit in postings_of(index, works[0]):
        if view in (1, 2) and position < 30:  # in words of the source and of the comment, far from its end
            assert (hit.frequency, hit.works) == (5, 7)
            assert {posting.view for posting in hit.postings} <= {1, 2}


def test_sizes_are_told_in_words_of_texts_and_lexemes_of_code(store):
    works = mixed(3)
    index = store(works).index
    sizes = {entry.work.id: entry.tokens for entry in index.entries()}
    assert sizes == {w.work.id: len((runs_of(w).get("words") or runs_of(w)["lexemes"]).keys) for w in works}
    stat = index.stat()
    assert stat.runs == 6
    assert stat.tokens == len(tokenise_documents(works).tokens)
    assert stat.lexemes == sum(len(runs_of(work)["lexemes"]) for work in works[1::2])
    assert stat.words == sum(len(runs_of(work)["words"]) for work in works[::2])


def test_words_of_texts_that_are_the_same_or_gone_count_once_or_not(store):
    made = store([document("a", seed="same"), document("b", seed="same"), document("c"), source_file("d")])
    made.remove(["c"])
    assert made.index.stat().words == len(runs_of(document("a", seed="same"))["words"])


def test_code_is_too_short_by_its_lexemes_and_text_by_its_words(store):
    rng = [
        "a",
        "b",
        "c",
        "d",
        "e",
        "f",
        "g",
        "h",
        "i",
        "j",
        "k",
        "l",
        "m",
        "n",
        "o",
        "p",
        "q",
        "r",
        "s",
        "t",
        "u",
        "v",
        "w",
        "x",
        "y",
        "z",
        "aa",
        "bb",
        "cc",
    ]
    assert len(rng) == 29
    short = Document(
        Work("short", kind="code", language="python"), "# " + "word " * 90 + "\n" + " ".join(rng)
    )
    enough = Document(Work("enough", kind="code", language="python"), " ".join([*rng, "dd"]))
    words = Document(Work("words"), " ".join(rng[:15]))
    assert store([short, enough, words, document("w")]).index.stat().too_short == ["short", "words"]


def test_code_of_common_lexemes_is_named(store):
    body = source_file("x", lines=12).text
    works = [
        Document(Work(f"w{n:02}", kind="code", language="python"), f"# own{n}\n{body}") for n in range(70)
    ]
    assert store([*works, source_file("rare"), document("rare text")]).index.stat().mostly_common == sorted(
        work.work.id for work in works
    )


def test_a_whole_index_with_code_has_no_problems(store):
    made = store(mixed(4))
    made.add([source_file("later"), source_file("twin", seed="src/01.py")])
    assert made.index.verify() == []


def make(path, documents, **options):
    with Writer.create(path, **options) as writer:
        writer.put(documents)
        writer.commit()
    return path


@pytest.mark.parametrize("key", [None, KEY], ids=["unkeyed", "keyed"])
def test_a_purge_rewrites_the_runs_of_what_stays(tmp_path, key):
    path = make(tmp_path / "x.sbx", mixed(4), key=key, store_text=True)
    with Writer.open(path, key=key) as writer:
        writer.remove(["src/00.py", "work-002"], purge=True)
        writer.commit()
    index = DirectoryIndex(path, key=key)
    anew = MemoryIndex([w for w in mixed(4) if w.work.id not in ("src/00.py", "work-002")], store_text=True)
    assert index._snapshot.segments[0].facts.runs == anew._snapshot.segments[0].facts.runs == 3 + 3 * 4
    assert index.stat().tokens == anew.stat().tokens
    for work in mixed(4)[3::2]:
        assert stands(index, work) == 1
        assert_placed(index, work)
    assert stands(index, mixed(4)[1]) == 0


@pytest.mark.parametrize("key", [None, KEY], ids=["unkeyed", "keyed"])
def test_a_rebuilt_index_with_code_answers_as_the_old(tmp_path, key, monkeypatch):
    path = make(tmp_path / "x.sbx", mixed(4), store_text=True)
    with Writer.open(path) as writer:
        writer.remove(["src/02.py"])
        writer.put([source_file("later"), source_file("twin", seed="src/01.py")])
        writer.commit()
    monkeypatch.setattr(compaction, "SEGMENT_TOKENS", 1500)
    assert rebuild(path, tmp_path / "y.sbx", new_key=key) == 3
    index = DirectoryIndex(tmp_path / "y.sbx", key=key)
    assert len(index._snapshot.segments) > 1
    for work in (*mixed(4)[1:4:2], source_file("later"), source_file("twin", seed="src/01.py")):
        assert stands(index, work) == 1
        assert_placed(index, work)
    old, new = DirectoryIndex(path).stat(), index.stat()
    assert (old.runs, old.tokens, old.lexemes, old.entries) == (
        new.runs,
        new.tokens,
        new.lexemes,
        new.entries + old.entries - new.entries,
    )


def test_an_index_of_texts_alone_has_no_section_of_views(tmp_path):
    path = make(tmp_path / "x.sbx", library(3))
    assert "views" not in DirectoryIndex(path).stat().sections
    with Writer.open(path) as writer:
        writer.put(tree(1))
        writer.commit()
    assert DirectoryIndex(path).stat().sections["views"] > 0


@pytest.mark.parametrize("key", [None, KEY], ids=["unkeyed", "keyed"])
def test_damage_of_the_views_is_found_and_named(tmp_path, key):
    path = make(tmp_path / "x.sbx", mixed(3), key=key)
    index = DirectoryIndex(path, key=key)
    (ref,), section = index._snapshot.manifest.segments, index._snapshot.segments[0].container["views"]
    data = bytearray((path / ref.file).read_bytes())
    data[section.at + 2] ^= 1
    (path / ref.file).write_bytes(data)
    with pytest.raises(Exception, match=rf"{ref.file}: section views is damaged.*rebuild the index"):
        DirectoryIndex(path, key=key)


contents = st.one_of(st.none(), st.tuples(st.sampled_from(["text", "python", "c"]), st.integers(1, 5)))
steps = st.lists(st.tuples(st.sampled_from("abcd"), contents), max_size=10)


@given(steps=steps)
def test_any_sequence_of_changes_ends_like_an_index_made_at_once(reader_of_code, steps):
    index = MemoryIndex(store_text=True)
    state = {}
    for id, content in steps:
        if content is None:
            assert index.remove([id]) == ([] if id in state else [id])
            state.pop(id, None)
            continue
        kind, seed = content
        if kind == "text":
            state[id] = document(id, seed=seed, words=40, language="en")
        else:
            state[id] = source_file(id, seed=seed, lines=8, language=kind)
        index.add([state[id]])
    at_once = MemoryIndex(state.values())
    assert {e.work.id: (e.work, e.tokens, e.twins) for e in index.entries()} == {
        e.work.id: (e.work, e.tokens, e.twins) for e in at_once.entries()
    }
    assert index.stat()[2:6] == at_once.stat()[2:6]
    for work in state.values():
        if work.work.kind == "code":
            assert stands(index, work) == 1
            assert_placed(index, work)
        else:
            assert everywhere(index, work)
            assert run_of_text(index, work)
