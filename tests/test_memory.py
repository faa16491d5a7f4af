"""What a stream remembers: as much after long as after short. Bounds are many times what is promised."""

import gc
import random
import tracemalloc

import pytest

from simblock.guard import Guard
from simblock.policy import Policy
from simblock.quota import PAGE, Quotas
from simblock.scanner import WordScanner
from simblock.seeds import Seed
from simblock.stores.memory import MemoryIndex
from simblock.telling import SQUARE, Squares
from simblock.unmasking import Recent, Unmasker
from simblock.work import Document, Work
from tests.material import HAN, INDEX, OTHERS, WORDS, guard, prose

CHUNK = 4
SECOND = [" ".join(prose(random.Random(n), 300)) for n in range(40)]
SHARED = " ".join(prose(random.Random(99), 20))
CROWD = MemoryIndex(
    [
        Document(Work(f"w{n}", owner=f"o{n % 20}"), f"{text} {SHARED} {text[::-1]}")
        for n, text in enumerate(SECOND)
    ]
)


def lines(rng, words):
    """So many words in sentences and paragraphs, some of them of the works, never more than two in a row."""
    parts = [" ".join(prose(rng, 9, OTHERS) + rng.sample(WORDS, 2)) + "." for _ in range(words // 11)]
    return "".join(part + ("\n\n" if rng.random() < 0.2 else " ") for part in parts)


def kinds():
    rng = random.Random(5)
    return {
        "sentences": lines(rng, 14_000),
        "one sentence": "The same short sentence is said again. " * 2200,
        "curly quotes and emoji": lines(rng, 13_000).replace(".", "’ \U0001f600."),
        "characters": "".join(rng.choices(HAN[:40], k=80_000)),
        "numbers": " ".join(f"{n}," for n in range(14_000)),
        "spaced letters": " ".join("".join(rng.choices("abcdefgh", k=40_000))),
        "code in a fence": "```python\n" + "\n".join(f"def f{n}(a, b): return a * {n} + b" for n in range(2200)) + "\n```\n",
        "no end of a word": "a" * 80_000,
        "apostrophes": "'" * 80_000,
        "newlines": "\n" * 80_000,
    }  # fmt: skip


def grown(stream, text):
    """Bytes that a stream takes after a quarter of a text and after all of it."""
    chunks = [text[at : at + CHUNK] for at in range(0, len(text), CHUNK)]
    begun = tracemalloc.get_traced_memory()[0]
    sizes = []
    for at in range(4):
        for chunk in chunks[at * len(chunks) // 4 : (at + 1) * len(chunks) // 4]:
            stream.feed(chunk)
        gc.collect()
        sizes.append(tracemalloc.get_traced_memory()[0] - begun)
    return sizes[0], max(sizes[1:])


@pytest.mark.slow
@pytest.mark.parametrize("kind", kinds())
def test_a_stream_of_twenty_thousand_tokens_takes_as_much_as_a_short_one(kind):
    text, one = kinds()[kind], guard()
    tracemalloc.start()
    try:
        grown(one.stream(), text)  # what all streams share is full, and counted
        early, late = grown(one.stream(), text)
    finally:
        tracemalloc.stop()
    assert late < 400_000
    assert late - early < 100_000


def test_what_is_known_of_works_is_let_go_where_no_match_is_open():
    stream = Guard(CROWD, Policy.load(max_leak=0)).stream()
    rng = random.Random(3)
    for _ in range(60):
        stream.feed(" ".join([*prose(rng, 80, OTHERS), *SHARED.split()[:5], rng.choice(WORDS)]) + ". ")
    stream.feed(" ".join(prose(rng, 400, OTHERS)))
    ledger = stream.response.core.ledger
    assert len(ledger.known) + len(ledger.resolved) < 300
    assert len(ledger.quotas.items()) < 10


def test_a_quota_counts_a_place_once_and_stays_when_it_counts_something():
    quotas = Quotas()
    empty = quotas.of("a", "words")
    filled = quotas.of("b", "words")
    for place in (0, PAGE - 1, PAGE, 5 * PAGE, PAGE):
        filled.add((0, 9), place, 7)
    filled.add((1, 9), PAGE, 7)
    assert filled.words == 5
    assert quotas.of("a", "words") is empty
    del empty, filled
    gc.collect()
    assert [key for key, _ in quotas.items()] == [("b", "words")]
    assert quotas.of("b", "words").words == 5


def test_quotas_that_are_forked_count_by_themselves():
    quotas = Quotas()
    quotas.of("a", "words").add((0, 9), 1, 7)
    fork = quotas.fork()
    fork.of("a", "words").add((0, 9), 2, 7)
    fork.of("b", "words").add((0, 9), 2, 7)
    assert [(key[0], quota.words) for key, quota in quotas.items()] == [("a", 1)]
    assert [(key[0], quota.words) for key, quota in fork.items()] == [("a", 2), ("b", 1)]


def test_the_text_about_masked_words_is_trimmed_however_often_it_is_looked_at():
    scanner, unmasker = WordScanner(), Unmasker()
    for word in prose(random.Random(8), 5000):
        unmasker.feed(word + " ", scanner.feed(word + " "), scanner.known)
    assert len(unmasker._recent.text) < 2 * Recent.MOST


def test_a_stream_that_is_new_is_small():
    guard().stream().feed("A few words. ")
    tracemalloc.start()
    try:
        begun = tracemalloc.get_traced_memory()[0]
        streams = [Guard(INDEX, Policy.load()).stream() for _ in range(2)]
        first = tracemalloc.get_traced_memory()[0] - begun
        more = [streams[0].response.guard.stream() for _ in range(20)]
        size = (tracemalloc.get_traced_memory()[0] - begun - first) / len(more)
    finally:
        tracemalloc.stop()
    assert size < 64_000


def test_hits_of_one_run_are_forgotten_however_few_runs_are_heard():
    squares = Squares()
    for o in range(5000):
        squares.about((0, "segment", 7), Seed(o, o, o, (1, 2), 1, 1))
        squares.forget(o)
    assert len(squares._hits.os) <= 2 * SQUARE
    assert len(squares._runs) <= 2 * SQUARE
    assert len(squares.about((0, "segment", 7), Seed(5000, 5000, 1, (1, 2), 1, 1))) == SQUARE
