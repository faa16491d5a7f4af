"""Scores of a pair of files: simblock's likeness, what its index alone would tell, and those of other programs.

Each takes a set and gives a score for every pair in order. A collection is all the files of the set, so that
frequencies know what is frequent in it, as a user's index would.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from benchmarks.quality.pair_sets import PairSet
from simblock.code import tokenise_documents
from simblock.guard import Guard
from simblock.likeness import LEXEMES, WORDS, Likeness, Profile, Rarity, likeness, profiles
from simblock.match import Match
from simblock.policy import Policy
from simblock.scheme import CODE_CHANNELS
from simblock.shingles import anchors, shingle_hashes
from simblock.stores.memory import MemoryIndex
from simblock.text import tokenise
from simblock.tokens import U64, VIEWS, Runs
from simblock.work import Document, Work

Scores: TypeAlias = Sequence[float]
Score: TypeAlias = Callable[[PairSet], Scores]
LANGUAGE = "java"
"""What all sets are in."""
NOISE = GUARANTEE = 25
"""copydetect's own defaults."""
SHINGLE, PERMUTATIONS = 5, 128
"""Words of a shingle of the MinHash, and its permutations."""


def documents(them: PairSet) -> list[Document]:
    """The files of a set as works."""
    return [Document(Work(id, kind="code", language=LANGUAGE), code) for id, code in them.files.items()]


def tokenised(them: PairSet) -> Runs:
    """The runs of all files of a set."""
    return tokenise_documents(documents(them))


def likenesses(them: PairSet, runs: Runs, *, words: int = WORDS, lexemes: int = LEXEMES) -> list[Likeness]:
    """simblock's likeness of each pair, among all files of the set; ``runs`` are those of :func:`tokenised`."""
    made = dict(zip(them.files, profiles(runs, words=words, lexemes=lexemes), strict=True))
    rarity = Rarity.among(made.values())
    return [likeness(made[pair.a], made[pair.b], rarity) for pair in them.pairs]


class _Known:
    """A work as an index has it: winnowed keys of the code channels, and all its shingles as an output would ask."""

    def __init__(self, runs: Runs, first: int) -> None:
        self.anchors: dict[str, U64] = {}
        self.asked: dict[str, U64] = {}
        for channel in CODE_CHANNELS:
            at = first + VIEWS.index(channel.views[0]) - 1
            order = shingle_hashes(runs.tokens.keys[runs.bounds[at] : runs.bounds[at + 1]], channel)
            self.asked[channel.name] = np.unique(order)
            self.anchors[channel.name] = np.unique(order[anchors(order, channel.g, np.array([len(order)]))])


def of_index(them: PairSet, runs: Runs) -> list[Likeness]:
    """The same shares of winnowed keys alone, with the frequencies that an index has: no shingle more is known."""
    made = {id: _Known(runs, 4 * at) for at, id in enumerate(them.files)}
    rarity = Rarity.among(one.anchors for one in made.values())
    return [_between(made[pair.a], made[pair.b], rarity) for pair in them.pairs]


def _between(one: _Known, other: _Known, rarity: Rarity) -> Likeness:
    whole = [_weight(side.anchors, rarity) for side in (one, other)]
    found = [_weight(_found(a, b), rarity) for a, b in ((one, other), (other, one))]
    if not min(whole):
        return Likeness(0.0, 0.0)
    smaller = whole.index(min(whole))
    return Likeness(found[smaller] / whole[smaller], sum(found) / sum(whole))


def _found(one: _Known, other: _Known) -> Profile:
    return {name: np.intersect1d(keys, other.asked[name]) for name, keys in one.anchors.items()}


def _weight(profile: Profile, rarity: Rarity) -> float:
    return sum(float(rarity.weights(name, keys).sum()) for name, keys in profile.items())


def of_reports(them: PairSet, runs: Runs, every: int = 1) -> list[float]:
    """Lexemes that the report on the smaller file says are of the other, over those of the smaller file."""
    index = MemoryIndex(documents(them))
    guard = Guard(index, Policy(action="observe", on_error="release"))
    sizes = dict(zip(them.files, _sizes(runs), strict=True))
    seen: dict[str, tuple[Match, ...]] = {}
    scores = []
    for pair in them.pairs[::every]:
        small, big = sorted((pair.a, pair.b), key=sizes.__getitem__)
        if small not in seen:
            seen[small] = guard.check(them.files[small], all=True, language=LANGUAGE).matches
        of = [m for m in seen[small] if big in {m.work.id, *m.twins} and m.view in {"lexemes", "syntax"}]
        best = max((sum(m.tokens for m in of if m.view == view) for view in ("lexemes", "syntax")), default=0)
        scores.append(min(best / max(sizes[small], 1), 1.0))
    return scores


def _sizes(runs: Runs) -> list[int]:
    return np.diff(runs.bounds)[VIEWS.index("lexemes") - 1 :: 4].tolist()


def copydetect(them: PairSet) -> list[Likeness]:
    """copydetect's two coverages of each pair at its defaults: the larger of them, and their mean."""
    from copydetect import CodeFingerprint, compare_files  # type: ignore[import-not-found]

    made = {
        id: CodeFingerprint("a.java", NOISE, GUARANTEE - NOISE + 1, language=LANGUAGE, fp=io.StringIO(code))
        for id, code in them.files.items()
    }
    found = []
    for pair in them.pairs:
        _, (one, other), _ = compare_files(made[pair.a], made[pair.b])
        found.append(Likeness(float(max(one, other)), float(one + other) / 2))
    return found


def minhash(them: PairSet) -> list[float]:
    """datasketch's estimate of the Jaccard likeness of word 5-shingles."""
    from datasketch import MinHash

    made = {}
    for id, code in them.files.items():
        words = tokenise(code).keys.astype("<u4")
        sketch = MinHash(num_perm=PERMUTATIONS, seed=1)
        last = max(len(words) - SHINGLE + 1, min(len(words), 1))
        sketch.update_batch({words[at : at + SHINGLE].tobytes() for at in range(last)})
        made[id] = sketch
    return [float(made[pair.a].jaccard(made[pair.b])) for pair in them.pairs]


def has_copydetect() -> bool:
    """Whether it is installed."""
    from importlib.util import find_spec

    return find_spec("copydetect") is not None
