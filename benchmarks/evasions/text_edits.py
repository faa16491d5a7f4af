"""Words deleted, inserted, substituted: regularly and at random; fillers between all words."""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Sequence

from benchmarks.evasions.own_words import EMOJI, FILLERS, NAMES, WORDS
from benchmarks.evasions.passage import Passage, chosen
from benchmarks.evasions.registry import evasion

STEPS = (5, 8, 12)
RATES = (5, 10, 20, 30)
KINDS = {
    "deleted": ("delete",),
    "inserted": ("insert",),
    "substituted": ("substitute",),
    "mixed": ("substitute", "delete", "insert"),
}
"""What is done to the words that are chosen: of several, each to as many."""

_Draw = Callable[[random.Random], str]


def a_word(rng: random.Random) -> str:
    """Some everyday word."""
    return rng.choice(WORDS)


def edited(text: str, places: Container[int], kinds: Sequence[str], rng: random.Random) -> str:
    """The text with the words at ``places`` edited, the kinds in turn; what is inserted comes behind them."""
    passage = Passage.of(text)
    made, done = [passage.head], 0
    for at, (word, gap) in enumerate(zip(passage.words, passage.gaps, strict=True)):
        if at not in places:
            made += [word, gap]
            continue
        made += _EDITS[kinds[done % len(kinds)]](word, gap, rng)
        done += 1
    return "".join(made)


def _another(word: str, rng: random.Random) -> str:
    while (other := a_word(rng)) == word.lower():
        pass
    return other.capitalize() if word[:1].isupper() else other


_EDITS: dict[str, Callable[[str, str, random.Random], list[str]]] = {
    "delete": lambda _word, _gap, _rng: [],
    "insert": lambda word, gap, rng: [word, " ", a_word(rng), gap or " "],
    "substitute": lambda word, gap, rng: [_another(word, rng), gap],
}


def _every(step: int, name: str, kinds: Sequence[str]) -> None:
    def make(text: str, rng: random.Random) -> str:
        first = rng.randrange(step)
        return edited(text, range(first, len(Passage.of(text).words), step), kinds, rng)

    make.__doc__ = (
        f"Every {step}th word {name}, the first of them drawn; the words between, their order and marks stay."
    )
    evasion(f"edits-{name}-every-{step}", kind="text", group="edits")(make)


def _at_random(percent: int, name: str, kinds: Sequence[str]) -> None:
    def make(text: str, rng: random.Random) -> str:
        places = chosen(len(Passage.of(text).words), percent / 100, rng)
        return edited(text, places, rng.sample(kinds, len(kinds)), rng)

    make.__doc__ = (
        f"{percent} % of the words {name} ({', '.join(kinds)}), drawn anywhere; "
        "all other words, their order and marks stay."
    )
    gate = f"text-{percent}" if percent >= 10 else None
    evasion(f"edits-{name}-{percent:02}", kind="text", group="edits", gate=gate)(make)


for _name, _kinds in KINDS.items():
    for _step in STEPS:
        if len(_kinds) == 1:
            _every(_step, _name, _kinds)
    for _rate in RATES:
        _at_random(_rate, _name, _kinds)


@evasion("names-numbers-swapped", kind="text", group="edits")
def _other_names(text: str, rng: random.Random) -> str:
    """Each name (a capital within a sentence) is another, each number another of as many digits, the same
    wherever it stands; all other words, their order and marks stay. A passage without either stays as it is.
    """
    passage = Passage.of(text)
    names: dict[str, str] = {}
    pool = rng.sample(NAMES, len(NAMES))
    words, opens = [], True
    for word, gap in zip(passage.words, passage.gaps, strict=True):
        if word.isdecimal():
            names.setdefault(word, str(rng.randrange(10 ** (len(word) - 1), 10 ** len(word))))
        elif word[:1].isupper() and not opens and word != "I":
            names.setdefault(word, pool[len(names) % len(pool)])
        words.append(word)
        opens = any(mark in gap for mark in ".!?:\n")
    return passage.joined(names.get(word, word) for word in words)


def _filled(text: str, step: int, draw: _Draw, rng: random.Random) -> str:
    passage = Passage.of(text)
    made = [passage.head]
    for at, (word, gap) in enumerate(zip(passage.words, passage.gaps, strict=True), 1):
        made += [word, " ", draw(rng), gap or " "] if at % step == 0 else [word, gap]
    return "".join(made)


def _same(pool: Sequence[str]) -> Callable[[random.Random], _Draw]:
    def one(rng: random.Random) -> _Draw:
        filler = rng.choice(pool)
        return lambda _: filler

    return one


def _any(pool: Sequence[str]) -> Callable[[random.Random], _Draw]:
    return lambda _: lambda rng: rng.choice(pool)


_TURNS = {"every": (1, "every word"), "second": (2, "every second word"), "third": (3, "every third word")}
_FILLINGS: dict[str, tuple[str, Callable[[random.Random], _Draw]]] = {
    "same": ("the same filler", _same(FILLERS)),
    "few": ("one of eight fillers", _any(FILLERS)),
    "random": ("a random everyday word", _any(WORDS)),
    "emoji": ("the same emoji", _same(EMOJI)),
    "emoji-random": ("some emoji", _any(EMOJI)),
}
_GATES = {
    ("same", "every"): "filler-same",
    ("emoji", "every"): "filler-same",
    ("same", "third"): "filler-third",
    ("few", "third"): "filler-third",
    ("random", "third"): "filler-third",
    ("emoji", "third"): "filler-third",
    ("emoji-random", "third"): "filler-third",
}


def _filler(kind: str, turn: str) -> None:
    what, drawn = _FILLINGS[kind]
    step, where = _TURNS[turn]

    def make(text: str, rng: random.Random) -> str:
        return _filled(text, step, drawn(rng), rng)

    make.__doc__ = f"{what.capitalize()} behind {where}; all words, their order and marks stay."
    evasion(f"filler-{kind}-{turn}", kind="text", group="filler", gate=_GATES.get((kind, turn)))(make)


for _filling in _FILLINGS:
    for _turn in _TURNS:
        _filler(_filling, _turn)


@evasion("filler-phrase-every", kind="text", group="filler")
def _phrases(text: str, rng: random.Random) -> str:
    """The same two words behind every word; all words, their order and marks stay."""
    phrase = " ".join(rng.sample(FILLERS, 2))
    return _filled(text, 1, lambda _: phrase, rng)
