"""The sieve lets nothing pass in which the machine of serving finds something."""

from __future__ import annotations

import gzip
import json
import random
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock import MemoryIndex
from simblock.policy import Policy
from simblock.scheme import Scheme
from simblock.signature import Signer, make_permutations
from simblock.text import tokenise, tokenise_many
from simblock.unmasking import unmasked
from simblock.work import Document, Work
from simblock_indexer.dedup.examining import Examiner
from simblock_indexer.dedup.sieve.lanes import of_words
from simblock_indexer.dedup.sieve.masked import may_be_masked
from simblock_indexer.dedup.sieve.sifting import Sieve
from tests.indexer.dedup.guarded import CODE, PASSAGE, prose, renamed, within
from tests.masks import HOST, MASKS

LOW = Policy(
    text={"min_run": 16, "min_tokens": 8, "min_similarity": 0.3, "max_quoted": 8, "min_evidence": 1},
    code={
        "min_run": 30, "min_tokens": 15, "min_similarity": 0.3, "max_quoted": 15,
        "min_information": 0, "min_run_information": 0,
    },
)  # fmt: skip
POLICIES = {"as it is": Policy(), "cites": Policy(profile="cite"), "all that can be": LOW}


def differing(index, policy, texts, languages=None):
    """Documents that pass and hold something, and how many pass."""
    languages = languages or [None] * len(texts)
    examiner = Examiner([index], policy)
    passed = Sieve(examiner).clean(texts, languages)
    holds = [bool(examiner.examine(*one).matches) for one in zip(texts, languages, strict=True)]
    return [n for n, one in enumerate(holds) if one and passed[n]], int(passed.sum()), sum(holds)


def edited(text, share, seed):
    rng = random.Random(seed)
    words = text.split()
    for at in range(len(words)):
        if rng.random() < share:
            words[at] = rng.choice(words)
    if seed % 3 == 0:
        rng.shuffle(words)
    return " ".join(words)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_what_passes_holds_nothing_of_made_up_works(policy):
    index = MemoryIndex(Document(Work(f"w{n}"), prose(n, 300)) for n in range(30))
    rng = random.Random(4)
    texts = [prose(n) for n in range(100, 130)]
    for n in range(60):
        words = prose(n % 30, 300).split()
        start, length = rng.randrange(200), rng.choice((8, 16, 24, 40, 90))
        texts.append(
            within(edited(" ".join(words[start : start + length]), rng.choice((0, 0, 0.1, 0.3)), n), n)
        )
    missed, passed, held = differing(index, policy, texts)
    assert missed == []
    assert passed >= 30
    assert held >= 20


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_what_passes_holds_no_code(policy):
    documents = [
        Document(Work("settle.py", kind="code", language="python"), CODE),
        Document(Work("baker"), PASSAGE),
    ]
    lines = renamed(CODE).splitlines(keepends=True)
    part = "".join(lines[3:9])
    texts = [
        CODE,
        renamed(CODE),
        f"def other():\n    x = 1\n{part}",
        f"{HOST}\n```python\n{part}```\n{HOST}",
        part,
        HOST,
    ]
    texts += ["import os\n\n\ndef main():\n    print(os.getcwd())\n\n\nmain()\n", f'TALE = """{PASSAGE}"""\n']
    languages = ["python", "python", "python", None, "", None, "python", "python"]
    missed, passed, held = differing(MemoryIndex(documents), policy, texts, languages)
    assert missed == []
    assert passed >= 2
    assert held >= 4


def test_masked_copies_do_not_pass():
    index = MemoryIndex([Document(Work("baker"), PASSAGE)])
    texts = [f"{HOST}{mask(PASSAGE)} {HOST}" for mask in MASKS.values()]
    missed, _, held = differing(index, Policy(), texts)
    assert missed == []
    assert held >= len(MASKS) - 2


def test_no_text_is_read_a_second_time_that_may_not_be_masked():
    texts = [HOST * times + mask(PASSAGE) for mask in MASKS.values() for times in (0, 1, 2)]
    texts += [
        "",
        "x",
        "日本語のテキスト " * 20,
        "a" * 100,
        "\\u0041\\n" * 50,
        "1 2 3 " * 50,
        "é-à " * 40,
        "a\ud800b",
    ]
    texts += [HOST, prose(3), CODE * 3]
    masked = may_be_masked(texts, of_words(texts).runs)
    assert [n for n, text in enumerate(texts) if unmasked(text) and not masked[n]] == []
    assert not masked[-3]


FEW = [
    *"abcde12é", "-", "\u2010\n", "&#97;", "&amp;", "%61", "=\n", "=E2", "l33t", "p4$$", "no", "bakeress",
    "thebakerof", "日本", "x" * 70, "\n", ".", *PASSAGE.split()[:12],
]  # fmt: skip
SMALL = st.lists(st.tuples(st.sampled_from(FEW), st.sampled_from(["", " ", " ", "-"])), max_size=30)
TEXTS = st.lists(SMALL.map(lambda pieces: "".join(map("".join, pieces))), min_size=1, max_size=4)
BAKER = MemoryIndex(
    [Document(Work("baker"), PASSAGE), Document(Work("letters"), "a b c d e 1 2 - a b c d e no")]
)


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_the_smallest_texts_pass_or_are_examined(texts):
    missed, _, _ = differing(BAKER, LOW, texts)
    assert missed == []


@pytest.mark.parametrize(
    "text", ["", "a", "a b c d e", "We spell it s t u v w and then we stop.", "s-t-u-v", "&#97;"]
)
def test_a_text_that_barely_shows_a_sign_is_sifted_alone(text):
    missed, _, _ = differing(BAKER, Policy(), [text])
    assert missed == []


def test_runs_ask_what_their_streams_ask():
    scheme = Scheme()
    signer = Signer(scheme, make_permutations(scheme))
    texts = [
        "",
        "one two",
        prose(1, 12),
        prose(2, 400),
        "汉字" * 30 + " and words " + prose(3, 40),
        "la " * 90,
    ]
    runs = tokenise_many(texts)
    for channel in scheme.channels[:5]:
        asked = []
        for begin, text in zip(runs.bounds.tolist(), texts, strict=False):
            tokens, cursor, rest = tokenise(text), signer.cursor(channel), []
            places, keys = cursor.extend(tokens.keys, tokens.flags, begin) if len(tokens) else ([], [])
            cursor.finish(rest)
            asked += zip(keys, places, strict=True)
            asked += [(key, begin + len(tokens) - 1) for _, _, key in rest]
        keys, places = signer.asked(channel, runs)
        assert sorted(zip(keys.tolist(), places.tolist(), strict=True)) == sorted(
            (int(key), int(place)) for key, place in asked
        )


def test_an_index_answers_as_many_keys_at_once_as_it_does_a_few():
    index = MemoryIndex(Document(Work(f"w{n}"), prose(n % 7, 200)) for n in range(20))
    index.remove(["w3", "w8"])
    index.add([Document(Work("late"), prose(99, 90))])
    signer = Signer(index.scheme, index.permutations)
    channel = index.scheme.channels[2]
    keys, _ = signer.asked(channel, tokenise_many([prose(n, 200) for n in (0, 3, 99, 500)]))
    ids = np.full(len(keys), channel.id, np.uint32)
    told = index.stood(ids, keys)
    few = [
        (ask, posting.run, posting.position, hit.frequency)
        for ask, key in enumerate(keys.tolist())
        for hit in index.postings([channel.id], [key])
        for posting in hit.postings
    ]
    rows = zip(
        told.asks.tolist(),
        told.runs.tolist(),
        told.positions.tolist(),
        told.frequencies.tolist(),
        strict=True,
    )
    assert sorted(rows) == sorted(few)
    assert told.works == 7 + 1  # works of equal text count once


@pytest.mark.slow
def test_what_passes_holds_nothing_of_real_works(shared):
    """Chapters of one translation against another, and speeches."""

    def chapters(name):
        with gzip.open(shared / f"text/bible/{name}.jsonl.gz", "rt") as file:
            return [json.loads(line) for line in file]

    works = [Document(Work(row["id"]), row["text"]) for row in chapters("KJV")[:300]]
    texts = [row["text"][:2500] for name in ("UKJV", "ASV", "BBE") for row in chapters(name)[:60]]
    with zipfile.ZipFile(shared / "text/prose/state_union.zip") as prose_of:
        names = [name for name in sorted(prose_of.namelist()) if name.endswith(".txt")][:30]
        texts += [prose_of.read(name).decode("utf-8", "replace")[:3000] for name in names]
    for policy in (Policy(), LOW):
        missed, passed, held = differing(MemoryIndex(works), policy, texts)
        assert missed == []
        assert held >= 100
        assert passed >= 5
