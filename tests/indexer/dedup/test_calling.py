"""Documents of a program are deduplicated as those of files are."""

import itertools
import json
import random
import weakref

import pyarrow.parquet as pq
import pytest

import simblock_indexer
from simblock.errors import InputError, NotAnIndex, UsageError
from simblock_indexer import deduplicate
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.running import dedup
from simblock_indexer.readers import ReadOptions
from tests.indexer.dedup.stories import BASE, KEPT, NEAR, NOTICE, PAGES, TEXTS, edited, reasons, story


def test_near_copies_of_strings_are_dropped_and_say_why():
    result = deduplicate(TEXTS)
    assert result.kept.tolist() == KEPT
    assert reasons(result) == NEAR
    assert list(itertools.compress(TEXTS, result.kept)) == [TEXTS[0], TEXTS[1], TEXTS[4]]
    (cluster,) = result.clusters
    assert cluster.rows.tolist() == [0, 2, 3, 5]
    assert cluster.similarities.round(2).tolist() == pytest.approx([1, 0.92, 1, 0.84])


def test_a_text_that_is_the_same_to_the_last_letter_is_an_exact_copy():
    result = deduplicate([BASE, BASE])
    assert reasons(result) == [(1, 0, "exact", 1.0)]


def test_two_copies_are_kept_where_two_may_be():
    assert deduplicate(TEXTS, max_copies=2).kept.tolist() == [True, True, True, False, True, False]


RULES = {
    "longest": [False, True, False, True],
    "newest": [False, True, True, False],
    "most:stars": [True, True, False, False],
    "least:stars": [False, True, False, True],
    "prefer:source=library,crawl": [False, True, True, False],
}


@pytest.mark.parametrize(("rule", "kept"), RULES.items(), ids=list(RULES))
def test_the_rule_says_which_copy_is_kept(rule, kept):
    rows = [
        {"text": BASE, "date": "2024-01-01", "stars": 9, "source": "crawl"},
        {"text": story(2), "date": "2020-01-01", "stars": 1, "source": "crawl"},
        {"text": edited(BASE, 60), "date": "2025-01-01", "stars": 5, "source": "library"},
        {"text": f"{BASE} end", "date": "2023-01-01", "stars": 2, "source": "crawl"},
    ]
    assert deduplicate(rows, keep=rule).kept.tolist() == kept


def test_nothing_comes_of_nothing():
    result = deduplicate([])
    assert (len(result), list(result.dropped), list(result.clusters)) == (0, [], [])


def test_documents_without_a_word_are_kept_and_counted():
    result = deduplicate(["", " ", "…", BASE])
    assert result.kept.all()
    assert result.counts == {
        "rows": 4, "documents": 4, "empty": 3, "bad": 0,
        "kept": 4, "exact": 0, "near": 0, "passage": 0, "protected": 0,
    }  # fmt: skip


def test_values_that_cannot_be_meant_are_refused_as_the_command_does():
    with pytest.raises(UsageError, match="--threshold 2"):
        deduplicate([], threshold=2)
    with pytest.raises(UsageError, match="--max-copies 0"):
        deduplicate([], max_copies=0)


def test_nothing_is_left_behind(tmp_path):
    deduplicate(TEXTS, work=tmp_path)
    with pytest.raises(UsageError):
        deduplicate([BASE, 3], work=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_working_folder_that_is_not_there_is_named():
    with pytest.raises(UsageError, match="work nowhere: there is no such folder"):
        deduplicate(TEXTS, work="nowhere")


def test_workers_make_no_difference(monkeypatch):
    monkeypatch.setattr("simblock_indexer.dedup.calling.PART", 20_000)
    monkeypatch.setattr("simblock_indexer.dedup.delivery.offered.BATCH", 10_000)
    texts = [*TEXTS, *(story(seed) for seed in range(100, 160)), *(story(seed) for seed in range(100, 160))]
    one, two = deduplicate(texts), deduplicate(texts, workers=2)
    assert list(one.dropped) == list(two.dropped)
    with pytest.raises(InputError, match="documents, row 127: "):
        deduplicate([*texts, {"text": None}], workers=2)


def test_a_passage_in_too_many_documents_is_cut_out_of_the_later_ones():
    result = deduplicate(PAGES, scope="passage", cut="redact")
    assert result.kept.all()
    assert list(result.changed) == [1]
    assert result.text(0, PAGES[0]) == PAGES[0]
    assert result.text(1, PAGES[1]).split() == f"{story(42)} {story(43)}".split()


def test_what_is_only_listed_is_told_too(protected):
    result = deduplicate([*PAGES, QUOTING], scope="passage", cut="list", against=protected)
    assert result.kept.all()
    assert not result.changed
    (passage,) = result.passages
    assert passage._asdict() == {
        "row": 1, "first_token": 120, "tokens": 70, "keeper_row": 0, "keeper_first_token": 120,
        "documents": 2, "cut": False,
    }  # fmt: skip
    (found,) = result.protected
    assert (found.line, found.work, found.longest_run, found.cut) == (3, "works/tale.txt", 60, "list")


def test_a_passage_is_cut_out_of_code_too():
    shared = "".join(f"    total_{n} = first_{n} + second_{n} * {n}\n" for n in range(12))
    own = [f"def one(x):\n    x = x{f' {sign} x' * 60}\n" for sign in "+-*"]
    rows = [{"text": f"{code}{shared}    return x\n", "language": "python"} for code in own]
    result = deduplicate(rows, scope="passage", cut="redact", threshold=1.0)
    assert sorted(result.changed) == [1, 2]
    assert "second_7" not in result.text(1, rows[1]["text"])


@pytest.fixture
def protected(tmp_path):
    """An index of a work."""
    (tmp_path / "works").mkdir()
    (tmp_path / "works" / "tale.txt").write_text(story(50, 300))
    simblock_indexer.build([str(tmp_path / "works")], tmp_path / "works.sbx")
    return tmp_path / "works.sbx"


QUOTING = f"{story(51)} {' '.join(story(50, 300).split()[100:160])} {story(52)}"


def test_what_holds_a_protected_work_is_dropped_and_says_which(protected):
    result = deduplicate([story(53), QUOTING], against=protected)
    assert result.dropped[0]._asdict() == {
        "row": 1,
        "id": None,
        "keeper_row": None,
        "keeper_id": None,
        "similarity": None,
        "reason": "protected",
        "work": "works/tale.txt",
    }


def test_a_protected_passage_is_cut_out_and_what_is_left_is_compared(protected):
    left = f"{story(51)} {story(52)}"
    result = deduplicate([left, QUOTING], against=[protected], cut="redact", max_copies=2)
    assert result.kept.all()
    assert result.text(1, QUOTING).split() == left.split()
    assert [cluster.rows.tolist() for cluster in result.clusters] == [[0, 1]]


def test_an_index_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(NotAnIndex):
        deduplicate([BASE], against=tmp_path / "none.sbx")


@pytest.mark.parametrize("size", [1, 1000])
def test_parts_make_no_difference(monkeypatch, size):
    rows = [{"id": f"d{n}", "text": text} for n, text in enumerate(TEXTS)]
    whole = deduplicate(rows, scope="both", max_copies=2)
    monkeypatch.setattr("simblock_indexer.dedup.calling.PART", size)
    monkeypatch.setattr("simblock_indexer.dedup.delivery.offered.BATCH", size)
    parted = deduplicate(rows, scope="both", max_copies=2)
    assert list(parted.dropped) == list(whole.dropped)
    assert parted.counts == whole.counts
    with pytest.raises(InputError, match="documents, row 6: the field"):
        deduplicate([*TEXTS[:5], {"text": None}])


def test_the_rest_of_a_generator_is_not_held():
    alive = weakref.WeakSet()

    class Text(str):
        __slots__ = ("__weakref__",)

    most = 0

    def documents():
        nonlocal most
        for number in range(3000):
            text = Text(story(number % 1000, 400))
            alive.add(text)
            yield text
            del text
            most = max(most, len(alive))

    assert len(deduplicate(documents())) == 3000
    assert most < 10


# -- the same as the command


def corpus(seed):
    """Stories, edited copies of them, passages shared, code, empty ones, in some order."""
    rng = random.Random(seed)
    stories = [story(rng.randrange(10**6), rng.randrange(40, 200)) for _ in range(12)]
    copies = [
        edited(text, *rng.sample(range(len(text.split())), rng.randrange(6)))
        for text in rng.choices(stories, k=25)
    ]
    shared = [f"{story(rng.randrange(10**6), 60)} {NOTICE}" for _ in range(4)]
    code = [f"def one(x):\n    return [x + {n}, {n} * x, x ** {n}]\n" * 3 for n in (1, 2, 2)]
    texts = [*stories, *copies, *shared, *code, "", QUOTING]
    rng.shuffle(texts)
    return [
        {"id": f"d{number}", "text": text, "stars": rng.randrange(5)}
        | ({"language": "python"} if "def" in text else {})
        for number, text in enumerate(texts)
    ]


ASKED = {
    "as it is": {},
    "a lower threshold, two copies": {"threshold": 0.5, "max_copies": 2},
    "by a column": {"keep": "most:stars", "sketch": "permutations"},
    "passages dropped": {"scope": "passage", "threshold": 0.4},
    "both, cut out": {"scope": "both", "cut": "redact", "keep": "longest"},
    "guarded, cut out": {"scope": "both", "cut": "redact", "against": True},
}


@pytest.mark.parametrize(("seed", "asked"), list(enumerate(ASKED.values())), ids=list(ASKED))
def test_the_outcome_is_that_of_the_command(tmp_path, protected, seed, asked):
    rows = corpus(seed)
    options = asked | {"against": (str(protected),)} if "against" in asked else asked
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    dedup(
        [str(tmp_path / "rows.jsonl")], tmp_path / "out", DedupOptions(**options), ReadOptions(), page=False
    )
    written = [
        json.loads(line) for line in (tmp_path / "out/documents/rows.jsonl").read_text("utf-8").splitlines()
    ]
    told = pq.read_table(tmp_path / "out/dropped.parquet").to_pylist()

    result = deduplicate(iter(rows), **options)
    kept = [
        row | {"text": result.text(number, row["text"])}
        for number, row in enumerate(rows)
        if result.kept[number]
    ]
    assert kept == written
    assert len(result.dropped) == len(told) > 0
    for ours, theirs in zip(result.dropped, told, strict=True):
        assert (ours.id, ours.row, ours.reason, ours.work) == (
            theirs["id"],
            theirs["row"] - 1,
            theirs["reason"],
            theirs["work"],
        )
        assert ours.keeper_id == theirs["keeper_id"]
        if ours.reason != "protected":
            assert ours.similarity == theirs["similarity"]
