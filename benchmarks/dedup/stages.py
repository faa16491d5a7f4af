"""The signature stage alone, and how far sketches are off: beside datasketch's 128 permutations."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.dedup.corpus import Corpus
from benchmarks.dedup.ours import Setting, passed
from simblock.tokens import I64, U64
from simblock_indexer.dedup import signing, sketch
from simblock_indexer.dedup.delivery.rows import Met, Rows
from simblock_indexer.dedup.options import Sketch

KINDS: tuple[Sketch, ...] = ("one-permutation", "permutations")
SIZES, SIMILARITIES = (20, 60, 150, 450, 2000), (0.5, 0.8)
BATCH = 1 << 20
"""Characters handed over at a time, as they are read."""


def signatures(corpus: Corpus, small: Corpus, core: int, times: int) -> list[dict[str, Any]]:
    """MB/s from texts in memory to runs, sketches and the keys of bands; and from their shingles alone."""
    texts = [row.text for row in corpus.rows()]
    size = sum(len(text.encode()) for text in texts)
    shingled = _shingled(texts)
    rows = []
    for kind in KINDS:
        with passed(Setting(kind, sketch=kind), small.jsonl, {core}) as done:
            plan = done.folder.plan
        whole = _median(lambda plan=plan: signing.signed(_batches(texts), plan, Met()), times)  # type: ignore[misc]
        alone = _median(lambda kind=kind: [sketch.sketches(*one, kind) for one in shingled], times)  # type: ignore[misc]
        rows.append(
            {
                "sketch": kind, "MB": round(size / 1e6, 1), "MB/s": round(size / whole / 1e6, 1),
                "sketches alone, MB/s": round(size / alone / 1e6, 1),
                "sketches alone, million shingles/s": round(sum(len(one[0]) for one in shingled) / alone / 1e6, 1),
                "runs": times,
            }
        )  # fmt: skip
    return rows


def _batches(texts: list[str]) -> list[Rows]:
    batches, first, size = [], 0, 0
    for at, text in enumerate(texts, 1):
        size += len(text)
        if size >= BATCH or at == len(texts):
            some, count = texts[first:at], at - first
            batches.append(
                Rows(list(range(count)), [None] * count, some, [None] * count, np.zeros(count, np.float64))
            )
            first, size = at, 0
    return batches


def _shingled(texts: list[str]) -> list[tuple[U64, I64]]:
    from simblock.text import tokenise_many

    found = []
    for rows in _batches(texts):
        runs = tokenise_many(rows.texts)
        found.append(sketch.shingles(runs.tokens.keys, runs.bounds))
    return found


def _median(work: Callable[[], Any], times: int) -> float:
    took = []
    work()  # tables are made and modules imported once
    for _ in range(times):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return statistics.median(took)


def accuracy(pairs: int, seed: int = 5) -> list[dict[str, Any]]:
    """The root mean square error of the similarity that sketches tell, by the size of the sets."""
    rows: dict[str, dict[str, Any]] = {}
    for size in SIZES:
        for similarity in SIMILARITIES:
            first, second, exact = _sets(size, similarity, pairs, seed)
            told = {f"simblock, {kind}": _told(first, second, kind) for kind in KINDS}
            told["datasketch, 128 permutations"] = _datasketch(first, second)
            ideal = np.sqrt(exact * (1 - exact) / sketch.SLOTS)
            rows.setdefault("ideal", {"sketch": "ideal"})[f"n={size} J={similarity}"] = round(float(ideal), 4)
            for name, found in told.items():
                error = round(float(np.sqrt(np.mean((found - exact) ** 2))), 4)
                rows.setdefault(name, {"sketch": name})[f"n={size} J={similarity}"] = error
    return list(rows.values())


def _sets(size: int, similarity: float, pairs: int, seed: int) -> tuple[U64, U64, float]:
    """Pairs of sets u64 [pairs, size] each, and their exact similarity."""
    shared = round(2 * size * similarity / (1 + similarity))
    drawn = np.random.default_rng([seed, size, shared]).integers(
        0, 1 << 63, (pairs, 2 * size - shared), np.uint64
    )
    drawn *= np.uint64(2)
    drawn ^= drawn >> np.uint64(31)
    return (
        drawn[:, :size],
        np.concatenate([drawn[:, :shared], drawn[:, size:]], 1),
        shared / (2 * size - shared),
    )


def _told(first: U64, second: U64, kind: Sketch) -> NDArray[np.float64]:
    values = [
        sketch.sketches(np.ascontiguousarray(one).ravel(), np.arange(len(one) + 1) * one.shape[1], kind)
        for one in (first, second)
    ]
    agree: NDArray[np.float64] = (values[0] == values[1]).mean(0)
    return agree


def _datasketch(first: U64, second: U64) -> NDArray[np.float64]:
    from datasketch import MinHash

    model = MinHash(num_perm=sketch.SLOTS, hashfunc=int, scheme="affine32")

    def made(tokens: U64) -> MinHash:
        one = MinHash(num_perm=sketch.SLOTS, hashfunc=int, scheme="affine32", permutations=model.permutations)
        one.update_batch((tokens >> np.uint64(32)).tolist())
        return one

    return np.array([made(a).jaccard(made(b)) for a, b in zip(first, second, strict=True)])
