"""What a protected word weighs in Redis, and which windows of datasketch find copies as simblock does.

Memory is the server's ``used_memory`` after minus before, everything included: keys, their tables, allocator
classes. Both hold the same works in the same run. datasketch's weight is by the window, so it is measured at
one stride and told for others; which stride is to be compared says the recall of copies at random places.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from benchmarks import redis_peer as peer
from benchmarks.corpus import Clean
from benchmarks.record import interval
from benchmarks.redis_server import Server, Weight
from benchmarks.size_and_build import WINDOW
from simblock.guard import Guard
from simblock.stores import Index
from simblock.text import tokenise
from simblock.work import Document

STRIDES = (48, 24, 16, 8)
THRESHOLDS = (peer.DEFAULT, peer.DOCUMENTED)
LENGTHS = (48, 64)
"""Words of the copies that are looked for."""
KINDS = {
    "p": "pages: offsets, fingerprints, postings, frequencies", "r": "runs", "o": "places", "l": "lines",
    "w": "works", "t": "texts", "c": "chunks: filter, first buckets, tables, journal", "h": "heads",
    "control": "manifest, changes, schemes",
}  # fmt: skip
RECORD = r".*:(?P<kind>[a-z]):\d+$"
Row = dict[str, Any]


def words_of(documents: Sequence[Document]) -> int:
    """Words of works, those of equal text counted each."""
    return sum(len(tokenise(one.text)) for one in documents)


def difference(after: Weight, before: Weight) -> Weight:
    return after._replace(
        used=after.used - before.used, dataset=after.dataset - before.dataset, keys=after.keys - before.keys
    )


def weighed(server: Server, load: Callable[[], Any]) -> tuple[Weight, Any]:
    """What the server holds more of after ``load``, and what that gave."""
    before = server.weigh()
    made = load()
    return difference(server.weigh(), before), made


def fill_and_part(server: Server, threshold: float, documents: Sequence[Document], stride: int) -> int:
    """Fills the peer's index and closes its connections, whose buffers weigh too."""
    lsh = peer.in_redis(server, threshold)
    made = peer.fill(lsh, documents, stride)
    for table in (lsh.keys, *lsh.hashtables):
        table._redis.connection_pool.disconnect()
    return made


def row(what: str, weight: Weight, words: int, windows: int | str = "") -> Row:
    return {
        "what": what, "words": words, "windows": windows, "keys": weight.keys, "MB": round(weight.used / 1e6, 2),
        "bytes a word": round(weight.used / words, 2), "of it data": round(weight.dataset / words, 2),
        "fragmentation": weight.fragmentation,
    }  # fmt: skip


def sections(server: Server, words: int, tenant: str, used: int) -> list[Row]:
    """The weight of simblock's records by what they hold; the rest is the server's table of keys."""
    found = server.by_kind(f"sb:{tenant}:*", RECORD)
    rows = [
        {"records": KINDS.get(kind, kind), "keys": keys, "MB of values": round(length / 1e6, 2),
         "MB allocated": round(weight / 1e6, 2), "bytes a word": round(weight / words, 3)}
        for kind, (keys, length, weight) in sorted(found.items(), key=lambda item: -item[1][2])
    ]  # fmt: skip
    rest = used - sum(weight for _, _, weight in found.values())
    return [
        *rows,
        {"records": "the rest: the server's own tables", "keys": "", "MB of values": "",
         "MB allocated": round(rest / 1e6, 2), "bytes a word": round(rest / words, 3)},
    ]  # fmt: skip


def of_peer(server: Server, documents: Sequence[Document], sample: Sequence[Document]) -> list[Row]:
    """By the window, at each threshold, of a sample; then all works in disjoint windows at the default threshold.

    What was filled last is left in the server.
    """
    cases = [(f", threshold {threshold}, stride {WINDOW // 2}, a sample", threshold, sample, WINDOW // 2)
             for threshold in THRESHOLDS]  # fmt: skip
    cases.append((f", threshold {peer.DEFAULT}, stride {WINDOW}", peer.DEFAULT, documents, WINDOW))
    rows = []
    for name, *case in cases:
        server.empty()
        weight, made = weighed(server, partial(fill_and_part, server, *case))
        rows.append(row(f"datasketch{name}", weight, words_of(case[1]), made))
    return rows


def by_stride(of: Sequence[Row], ours: float) -> list[Row]:
    """datasketch's bytes a word at each stride, by what a window weighs, and how many times ours they are.

    A window weighs what it does in the sample, at the default threshold what it does with all works.
    """
    rows = []
    for threshold in THRESHOLDS:
        *_, one = (row for row in of if f"threshold {threshold}" in row["what"])
        window = one["MB"] * 1e6 / one["windows"]
        for stride in STRIDES:
            rows.append(
                {"threshold": threshold, "stride": stride, "bytes a window": round(window),
                 "bytes a word": round(window / stride, 1), "times simblock's": round(window / stride / ours, 1)}
            )  # fmt: skip
    return rows


def at_like_recall(found: Sequence[Row], weights: Sequence[Row]) -> list[Row]:
    """Of each length of copies the configuration of datasketch to compare memory with: the cheapest whose share of
    copies found lies within the interval of simblock's. No row where none does."""
    rows = []
    weight_of = {(row["threshold"], row["stride"]): row for row in weights}
    for ours in (row for row in found if row["what"] == "simblock"):
        of_length = [row for row in found if row["what"] == "datasketch" and row["words"] == ours["words"]]
        alike = [(weight_of[row["threshold"], row["stride"]], row) for row in of_length
                 if row["found"][0] >= ours["found"][1]]  # fmt: skip
        for weight, row in sorted(alike, key=lambda pair: pair[0]["bytes a word"])[:1]:
            rows.append(
                {"words": ours["words"], "n": ours["n"], "found by simblock": ours["found"],
                 "threshold": row["threshold"], "stride": row["stride"], "found by datasketch": row["found"],
                 "bytes a word": weight["bytes a word"], "times simblock's": weight["times simblock's"]}
            )  # fmt: skip
    return rows


def copies(
    documents: Sequence[Document], clean: Sequence[Clean], words: int, count: int, seed: int
) -> list[tuple[str, list[str], str]]:
    """(work, the host's words before and the copy's, text) of verbatim copies at random places of random works."""
    rng = random.Random(seed)
    long = [document for document in documents if len(document.text) > 20 * words]
    hosts = [one.text for one in clean if len(one.text) > 20 * WINDOW]
    made: list[tuple[str, list[str], str]] = []
    while len(made) < count:
        document, host = rng.choice(long), rng.choice(hosts)
        tokens, before = tokenise(document.text), tokenise(host)
        if len(tokens) < words or len(before) < WINDOW:
            continue
        first = rng.randrange(len(tokens) - words + 1)
        if len(set(tokens.keys[first : first + words].tolist())) < words / 2:
            continue  # a table
        text = document.text[int(tokens.starts[first]) : int(tokens.ends[first + words - 1])]
        lead = host[: int(before.ends[WINDOW - 1])]
        made.append(
            (document.work.id, peer.words_of(lead)[-WINDOW:] + peer.words_of(text), f"{lead}. {text}")
        )
    return made


def recall(index: Index, documents: Sequence[Document], clean: Sequence[Clean], count: int) -> list[Row]:
    """The share of verbatim copies that are found: by simblock in all works, by datasketch in those sampled.

    datasketch is asked at every word from the copy's first to its last and has found a copy when any answer
    is a window of the work; simblock has when it stops and names the work.
    """
    rows = []
    made = {words: copies(documents, clean, words, count, seed=words) for words in LENGTHS}
    guard = Guard(index)
    for words, them in made.items():
        hits = sum(_stopped(guard, work, text) for work, _, text in them)
        rows.append({"what": "simblock", "threshold": "", "stride": "", "words": words, "n": count,
                     "found": interval(hits, count)})  # fmt: skip
    for threshold in THRESHOLDS:
        lsh = peer.in_memory(threshold)
        for window, one in peer.windows(documents, min(STRIDES)):
            lsh.insert(window, one, check_duplication=False)
        for words, them in made.items():
            hits_at = dict.fromkeys(STRIDES, 0)
            for work, read, _ in them:
                starts = _starts(lsh, read, work)
                for stride in STRIDES:
                    hits_at[stride] += any(start % stride == 0 for start in starts)
            rows += [
                {"what": "datasketch", "threshold": threshold, "stride": stride, "words": words, "n": count,
                 "found": interval(hits, count)}
                for stride, hits in hits_at.items()
            ]  # fmt: skip
    return rows


def _starts(lsh: Any, read: Sequence[str], work: str) -> set[int]:
    found: set[int] = set()
    for end in range(WINDOW + 1, len(read) + 1):
        found |= {
            hit.start for hit in lsh.query(peer.signature(read[end - WINDOW : end])) if hit.work == work
        }
    return found


def _stopped(guard: Guard, work: str, text: str) -> bool:
    report = guard.check(text)
    acted = [match for match in report.matches if match.action == "stop"]
    return any(work in {match.work.id, *match.twins} for match in acted)
