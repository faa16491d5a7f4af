"""Transforms of order: neighbours, windows, sentences; stitched, interleaved and split passages."""

from __future__ import annotations

import random
from collections.abc import Sequence

from benchmarks.evasions.own_words import LINKS, SENTENCES
from benchmarks.evasions.passage import Passage, clauses, sentences, shuffled
from benchmarks.evasions.registry import evasion

WINDOW = 4


def _rearranged(text: str, order: Sequence[int]) -> str:
    passage = Passage.of(text)
    return passage.joined(passage.words[at] for at in order)


def _count(text: str) -> int:
    return len(Passage.of(text).words)


@evasion("order-neighbours-swapped", kind="text", group="order")
def _neighbours(text: str, rng: random.Random) -> str:
    """Every two neighbours exchanged, from the first or the second word on; all words and the marks stay."""
    order = list(range(_count(text)))
    for at in range(rng.randrange(2), len(order) - 1, 2):
        order[at], order[at + 1] = order[at + 1], order[at]
    return _rearranged(text, order)


@evasion("order-neighbours-some", kind="text", group="order")
def _some_neighbours(text: str, rng: random.Random) -> str:
    """Two neighbours of every six exchanged; all words and the marks stay."""
    order = list(range(_count(text)))
    for at in range(rng.randrange(4), len(order) - 1, 6):
        order[at], order[at + 1] = order[at + 1], order[at]
    return _rearranged(text, order)


@evasion("order-windows-shuffled", kind="text", group="order")
def _windows(text: str, rng: random.Random) -> str:
    """Words shuffled within windows of four; all words stay, none more than three places away, and the marks."""
    count = _count(text)
    order: list[int] = []
    for at in range(0, count, WINDOW):
        order += rng.sample(range(at, min(at + WINDOW, count)), min(WINDOW, count - at))
    return _rearranged(text, order)


@evasion("order-words-shuffled", kind="text", group="order")
def _all_words(text: str, rng: random.Random) -> str:
    """All words in any order: the bag of words stays, and the marks."""
    count = _count(text)
    return _rearranged(text, rng.sample(range(count), count))


@evasion("order-reversed", kind="text", group="order")
def _reversed(text: str, _: random.Random) -> str:
    """All words from the last to the first; the marks stay."""
    return _rearranged(text, range(_count(text) - 1, -1, -1))


@evasion("order-sentences", kind="text", group="order", gate="sentences-reordered")
def _sentences(text: str, rng: random.Random) -> str:
    """Sentences (clauses, where there are under three) in another order, each kept whole."""
    return " ".join(shuffled(sentences(text), rng))


@evasion("order-clauses", kind="text", group="order")
def _clauses(text: str, rng: random.Random) -> str:
    """Clauses, however short, in another order, each kept whole."""
    return " ".join(shuffled(clauses(text), rng))


@evasion("order-sentences-reversed", kind="text", group="order", gate="sentences-reordered")
def _sentences_reversed(text: str, _: random.Random) -> str:
    """Sentences (clauses, where there are under three) from the last to the first, each kept whole."""
    return " ".join(reversed(sentences(text)))


@evasion("quotes-stitched", kind="text", group="order")
def _stitched(text: str, rng: random.Random) -> str:
    """Quotes of 8 to 12 words (the last may be shorter) in order, our own words between them; every word of the passage stays."""
    links = rng.sample(LINKS, len(LINKS))
    made: list[str] = []
    for number, quote in enumerate(_quotes(text, rng)):
        made += ["“" + quote + "”", links[number % len(links)]]
    return " ".join(made[:-1])


@evasion("quotes-stitched-shuffled", kind="text", group="order")
def _stitched_anyhow(text: str, rng: random.Random) -> str:
    """Quotes of 8 to 12 words (one may be shorter) in any order, our own sentences between; every word stays."""
    quotes = shuffled(_quotes(text, rng), rng)
    between = rng.sample(SENTENCES, len(SENTENCES))
    made: list[str] = []
    for number, quote in enumerate(quotes):
        made += ["“" + quote + "”.", between[number % len(between)]]
    return " ".join(made[:-1])


def _quotes(text: str, rng: random.Random) -> list[str]:
    words, found, at = text.split(), [], 0
    while at < len(words):
        size = rng.randint(8, 12)
        found.append(" ".join(words[at : at + size]))
        at += size
    return found


@evasion("interleaved", kind="text", group="order", gate="interleaved")
def _interleaved(text: str, rng: random.Random) -> str:
    """A sentence of another text after each sentence (clause, where there are under three), each kept whole."""
    return _with_others(sentences(text), rng)


@evasion("interleaved-clauses", kind="text", group="order")
def _interleaved_clauses(text: str, rng: random.Random) -> str:
    """A sentence of another text after each clause, however short, each kept whole."""
    return _with_others(clauses(text), rng)


def _with_others(own: Sequence[str], rng: random.Random) -> str:
    others = _repeated(rng.sample(SENTENCES, len(SENTENCES)), len(own))
    return " ".join(part for pair in zip(own, others, strict=True) for part in pair)


@evasion("interleaved-lines", kind="text", group="order", gate="interleaved")
def _interleaved_lines(text: str, rng: random.Random) -> str:
    """Lines of twelve words between lines of twelve words of another text, as two columns read across."""
    own, other = text.split(), " ".join(rng.sample(SENTENCES, len(SENTENCES))).split()
    rows = range(0, len(own), 12)
    return "\n".join(" ".join(side[at : at + 12]) for at in rows for side in (own, _repeated(other, at + 12)))


def _repeated(items: Sequence[str], count: int) -> list[str]:
    return (list(items) * (count // len(items) + 1))[:count]


def _halves(text: str, rng: random.Random) -> tuple[str, ...]:
    passage = Passage.of(text)
    middle = round(rng.uniform(0.4, 0.6) * len(passage.words))
    at = len(passage.head) + sum(
        len(word) + len(gap) for word, gap in zip(passage.words[:middle], passage.gaps[:middle], strict=True)
    )
    return text[:at], text[at:]


_PLACES = {"channels": "channel", "choices": "choice", "answers": "answer of the conversation"}


def _split(place: str, what: str) -> None:
    def halves(text: str, rng: random.Random) -> tuple[str, ...]:
        return _halves(text, rng)

    def alternate(text: str, _: random.Random) -> tuple[str, ...]:
        parts = sentences(text)
        return " ".join(parts[0::2]), " ".join(parts[1::2])

    halves.__doc__ = f"The first part (40 to 60 % of the words) in one {what}, the rest in another; together they are the text."
    alternate.__doc__ = f"Sentences (clauses, where there are under three) go to one {what} and another in turn, each kept whole."
    evasion(f"split-{place}", kind="text", group="split")(halves)
    evasion(f"split-{place}-alternating", kind="text", group="split")(alternate)


for _place, _what in _PLACES.items():
    _split(_place, _what)


@evasion("split-answers-four", kind="text", group="split")
def _four(text: str, rng: random.Random) -> tuple[str, ...]:
    """A quarter in each of four answers of the conversation; together they are the text."""
    first, second = _halves(text, rng)
    return (*_halves(first, rng), *_halves(second, rng))


@evasion("split-channels-words", kind="text", group="split")
def _words_in_turn(text: str, _: random.Random) -> tuple[str, ...]:
    """Words go to one channel and another in turn; read across they are the text."""
    words = text.split()
    return " ".join(words[0::2]), " ".join(words[1::2])
