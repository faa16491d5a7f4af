"""How many segments an index keeps, and of which sizes, while it is changed again and again."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.errors import SimblockError
from simblock.stores import compaction
from simblock.stores.compaction import to_merge
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.stores.changes import AtOnce, InMemory, entries, same, steps
from tests.stores.works import document, everywhere

DELTA, SEGMENT = 400, 3000


@pytest.fixture
def small(monkeypatch):
    """Sizes at which a few short works make a segment."""
    monkeypatch.setattr(compaction, "DELTA_TOKENS", DELTA)
    monkeypatch.setattr(compaction, "SEGMENT_TOKENS", SEGMENT)


def sizes(index):
    """Tokens of the base segments, oldest first, and of the delta (0 where there is none)."""
    snapshot = index._snapshot
    base = [segment.facts.tokens for segment in snapshot.segments]
    return (base[:-1], base[-1]) if snapshot.manifest.delta else (base, 0)


def check_sizes(index):
    """Neighbours are never alike in size, unless all that follows would be too large for one segment."""
    base, delta = sizes(index)
    assert delta <= DELTA
    for number, (one, other) in enumerate(itertools.pairwise(base)):
        assert one > compaction.MERGE_RATIO * other or sum(base[number:]) > SEGMENT


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(2))
def test_an_index_merged_after_its_commits_answers_as_one_merged_by_them(seed):
    by_commit = InMemory()
    after = InMemory(by_commit.index.permutations, AtOnce("m"))
    texts = {}
    for number, step in enumerate(steps(seed, 20)):
        texts |= {work.text: work for work in step[0]}
        by_commit.apply(step)
        after.apply(step)
        assert to_merge(after.index._snapshot) == []
        if number % 7 == 6:
            same(after.index, by_commit.index, list(texts.values())[-4:])
    same(after.index, by_commit.index, texts.values())
    assert after.index.verify() == by_commit.index.verify() == []
    at_once = MemoryIndex([Document(e.work, after.index.text(e.work.id)) for e in after.index.entries()])
    assert entries(at_once) == entries(after.index)
    whats = [event.what for event in after.index.history()]
    assert "merge" in whats
    assert [what for what in whats if what != "merge"] == [event.what for event in by_commit.index.history()]


@pytest.mark.usefixtures("small")
def test_segments_stay_few_and_of_falling_size():
    made = InMemory(shelf=AtOnce("m"))
    written = 0
    for number in range(60):
        before = {ref.id for ref in made.manifest.segments}
        made.apply(([document(f"w{number}", words=100)], [], False))
        check_sizes(made.index)
        new = [s for s in made.index._snapshot.segments if s.id.hex() not in before]
        written += sum(segment.facts.tokens for segment in new)
    base, _ = sizes(made.index)
    assert sum(base) > 5000
    assert len(base) <= 6
    assert max(base) <= SEGMENT
    # A token is written once a level, and in the delta a few times before.
    assert written < 12 * 6000


@pytest.mark.usefixtures("small")
def test_a_change_is_in_force_in_the_commit_before_the_merge():
    made = InMemory(shelf=AtOnce("m"))
    published = []
    publish = made.shelf.publish

    def publish_and_look(manifest):
        publish(manifest)
        made.index._looked = float("-inf")
        made.index.refresh()
        published.append([e.work.id for e in made.index.entries()])

    made.shelf.publish = publish_and_look
    for number in range(8):
        work = document(f"w{number}", words=300)
        published.clear()
        made.apply(([work], [], False))
        assert all(work.work.id in ids for ids in published)
        assert 1 <= len(published) <= 2
        assert everywhere(made.index, work)
    assert "merge" in [event.what for event in made.index.history()]


@pytest.mark.usefixtures("small")
def test_a_merge_that_fails_is_put_off_and_the_commit_stands(caplog):
    made = InMemory(shelf=AtOnce("m"))
    made.apply(([document("first", words=300)], [], False))
    create, publish, full = made.shelf.create, made.shelf.publish, []

    def publish_and_fill(manifest):
        publish(manifest)
        full.append(True)

    def create_unless_full(file):
        if full:
            raise SimblockError("out of memory")
        return create(file)

    made.shelf.publish, made.shelf.create = publish_and_fill, create_unless_full
    for number in range(3):
        full.clear()
        made.apply(([document(f"w{number}", words=300)], [], False))
        assert everywhere(made.index, document(f"w{number}", words=300))
    assert "merge" not in [event.what for event in made.index.history()]
    assert "not merged: out of memory" in caplog.text
    made.shelf.publish, made.shelf.create = publish, create
    made.apply(([document("last", words=300)], ["w1"], False))
    assert to_merge(made.index._snapshot) == []
    assert {entry.work.id for entry in made.index.entries()} == {"first", "w0", "w2", "last"}
    assert made.index.verify() == []
    made.writer.close()
    assert set(made.shelf._files) == made.manifest.files


@pytest.mark.usefixtures("small")
def test_a_merge_brings_no_removed_work_back_and_forgets_no_twin():
    made = InMemory(shelf=AtOnce("m"))
    twins = [document(f"twin-{n}", seed="one", words=200) for n in range(6)]
    fillers = [document(f"filler-{n}", words=330) for n in range(6)]
    for twin, filler in zip(twins, fillers, strict=True):
        made.apply(([twin], [], False))
        made.apply(([filler], [], False))
    made.apply(([], ["twin-0", "filler-2"], False))
    for number in range(8):
        made.apply(([document(f"more-{number}", words=330)], [], False))
    ids = {entry.work.id for entry in made.index.entries()}
    assert not ids & {"twin-0", "filler-2"}
    assert made.index.stat().runs == 1 + 5 + 8
    assert {e.twins for e in made.index.entries() if e.work.id == "twin-3"} == {
        ("twin-1", "twin-2", "twin-4", "twin-5")
    }
    assert made.index.verify() == []


@pytest.mark.usefixtures("small")
def test_a_purge_leaves_no_file_with_the_work_whatever_was_merged():
    made = InMemory(shelf=AtOnce("m"))
    secret = Document(Work("secret"), " ".join(f"zanzibarine{n}" for n in range(60)))
    made.apply(([secret], [], False))
    for number in range(5):
        made.apply(([document(f"w{number}", words=300)], [], False))
    made.apply(([], ["secret"], True))
    segments = made.index._snapshot.segments
    assert all(not segment.works.find("secret") for segment in segments)
    assert sum(segment.facts.runs for segment in segments) == 5
    assert len(made.shelf._files) == len(made.manifest.files)


class Sized:
    """A snapshot of segments that have sizes and point nowhere: what choosing looks at."""

    class Segment:
        def __init__(self, number, tokens):
            self.id = number
            self.facts = type("Facts", (), {"tokens": tokens})
            self.works = type("Works", (), {"others": ()})

    def __init__(self, tokens, delta):
        self.segments = [self.Segment(number, size) for number, size in enumerate(tokens)]
        self.manifest = type("Manifest", (), {"delta": delta})


@given(st.lists(st.integers(1, 2000), max_size=40), st.integers(0, 9))
@settings(max_examples=100)
def test_segments_that_come_one_by_one_are_merged_to_ever_larger_ones(coming, delta):
    tokens = []
    for size in coming:
        tokens.append(size)
        chosen = to_merge(Sized([*tokens, *([delta] * bool(delta))], bool(delta)))
        if chosen:
            at = [segment.id for segment in chosen]
            assert at == list(range(at[0], len(tokens)))
            assert len(at) >= 2
            tokens = [*tokens[: at[0]], sum(tokens[at[0] :])]
        assert to_merge(Sized(tokens, delta=False)) == []
        assert all(one > compaction.MERGE_RATIO * other for one, other in itertools.pairwise(tokens))
    assert sum(tokens) == sum(coming)


@given(st.lists(st.integers(1, 2000), max_size=12))
def test_no_merge_makes_a_segment_that_is_too_large(tokens):
    most, compaction.SEGMENT_TOKENS = compaction.SEGMENT_TOKENS, 3000
    try:
        chosen = to_merge(Sized(tokens, delta=False))
    finally:
        compaction.SEGMENT_TOKENS = most
    assert sum(segment.facts.tokens for segment in chosen) <= 3000
