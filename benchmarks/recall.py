"""How many copies are stopped, what leaks of them, and what is stopped that is none.

Passages of works are edited, planted in clean text and checked against an index of 8 million words.
Found is what is stopped with the right work named. Misses are sorted by what went wrong. Two characters
of a script without spaces are a word. "Leak" is the core's own count of matched words that had gone out;
"own words out" counts every unedited word of the passage, also those too few to be matched. Run with
``--half tune`` when parameters are chosen, ``--half report`` for figures that are published.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks import corpus
from benchmarks.corpus import Clean
from benchmarks.passages import Planted, Planter, has_characters, longest_common
from benchmarks.record import interval, percentile, save
from simblock.guard import Guard
from simblock.match import Match, Report
from simblock.policy import Policy
from simblock.questions import Hit
from simblock.stores.memory import MemoryIndex
from simblock.text import tokenise

LENGTHS = (64, 200)
RATES = (0.0, 0.1, 0.2, 0.3)
CHUNK = 4
"""Characters fed at a time: about what a model's token has."""
PROSE = ("answers", "inaugural")
"""Clean sources that passages are planted in."""


QUOTED = {
    "1945-Truman.txt": "a real quotation: I Kings 3:9",
    "2.3.rst.txt": "a real quotation: Hamlet V.2",
    "license.rst.txt": "real: licence texts that the works hold too",
    "ssl.rst.txt": "real: the same output of a program (openssl req)",
    "time.rst.txt": "real: a table of the C library's documentation",
    "heapq.rst.txt": "false: the numbers from 0 to 30",
    "ipaddress.rst.txt": "false: addresses that count up",
    "modules.rst.txt": "false: the Fibonacci numbers",
    "3.5.rst.txt": "false: a row of zeros",
}
"""Stops on clean text that were looked at, by the file's name."""
Row = dict[str, Any]
Cell = tuple[str, int, float]
"""Script, words, share of them edited."""


class Recall(NamedTuple):
    """Rows of the table, what went wrong, and the copies of each cell."""

    rows: list[Row]
    misses: list[Row]
    made: dict[Cell, list[Planted]]


class Heard:
    """An index that remembers which channels hit which runs."""

    def __init__(self, index: MemoryIndex) -> None:
        self._index = index
        self.hits: Counter[tuple[int, str]] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def postings(self, channels: Sequence[int], keys: Sequence[int]) -> list[Hit]:
        found = self._index.postings(channels, keys)
        for hit in found:
            for segment, run in {(p.segment, p.run) for p in hit.postings}:
                for work in self._index.works(segment, run):  # type: ignore[arg-type]
                    self.hits[int(channels[hit.ask]), work.id] += 1
        return found


def names(match: Match) -> set[str]:
    """All works that a match names."""
    return {match.work.id, *match.twins}


def outcome(report: Report, planted: Planted) -> str:
    """found, wrong work, missed, or error (nothing was found out, so the guard stops)."""
    acted = [match for match in report.matches if match.action == "stop"]
    if any(planted.work in names(match) for match in acted):
        return "found"
    if report.error:
        return "error"
    return "wrong work" if acted else "missed"


def why_missed(index: MemoryIndex, planted: Planted) -> str:
    """What went wrong with a copy that was not found."""
    copy = tokenise(planted.text[planted.start : planted.end])
    common, similarity, _ = longest_common(tokenise(planted.source), copy)
    if common < 32 or similarity < 0.6:
        return "below the thresholds by its edits"
    if Guard(index).check(planted.text).error:
        return "the budget for alignments was spent"
    heard = Heard(index)
    report = Guard(heard).check(planted.text, all=True)  # type: ignore[arg-type]
    hits = {channel: count for (channel, work), count in heard.hits.items() if work == planted.work}
    if not hits:
        return "no hit"
    seen = [match for match in report.matches if planted.work in names(match)]
    if not seen:
        return f"hits of channels {sorted(hits)}, no piece"
    best = max(seen, key=lambda match: match.tokens)
    if sum(match.tokens for match in seen) >= 32 > best.tokens:
        return "split into matches"
    if best.tokens < 32:
        return "aligned, too few tokens"
    return "aligned, too little similarity"


def stream(guard: Guard, planted: Planted) -> tuple[int, int, int, str]:
    """(leaked by the core's count, leaked of the words that are the work's own, delay, decision)."""
    response = guard.response()
    one = response.stream()
    text, out = planted.text, 0
    for at in range(0, len(text), CHUNK):
        out += len(one.feed(text[at : at + CHUNK]))
        if one.stopped:
            break
    else:
        out += len(one.finish())
    report = response.report
    counted = max((m.leaked for m in report.matches if planted.work in names(m)), default=0)
    own = sum(end <= out for _, end in planted.kept)
    position = report.decided.position if report.decided else 0
    delay = len(tokenise(text[planted.start : position])) if position > planted.start else 0
    return counted, own, delay, report.decision


def recall(index: MemoryIndex, planter: Planter, count: int, lengths: Sequence[int], script: str) -> Recall:
    """A row for each cell, the misses, and the copies by cell."""
    guard = Guard(index)
    rows: list[Row] = []
    misses: list[Row] = []
    made: dict[Cell, list[Planted]] = {}
    for words in lengths:
        passages = list(planter.passages(count, words))
        for rate in RATES:
            copies = [planter.plant(passage, words, rate) for passage in passages]
            reports = [guard.check(copy.text) for copy in copies]
            lost = sum(report.error is not None for report in reports)
            outcomes = Counter(outcome(*pair) for pair in zip(reports, copies, strict=True))
            first = sum(
                bool(report.decided and report.decided.work == copy.work)
                for report, copy in zip(reports, copies, strict=True)
            )
            split = sum(
                sum(m.action == "stop" and copy.work in names(m) for m in report.matches) > 1
                for report, copy in zip(reports, copies, strict=True)
            )
            bad = [c for r, c in zip(reports, copies, strict=True) if outcome(r, c) != "found"]
            reasons = Counter(why_missed(index, copy) for copy in bad)
            misses += [
                {"script": script, "words": words, "edits": rate, "why": why, "n": n}
                for why, n in reasons.most_common()
            ]
            made[script, words, rate] = copies
            rows.append(
                {"script": script, "words": words, "edits": rate, "n": count,
                 "found": interval(outcomes["found"], count),
                 "missed": outcomes["missed"], "wrong work": outcomes["wrong work"], "error instead": outcomes["error"], "errors in all": lost,
                 "decided by it": first / count, "in several matches": split}
            )  # fmt: skip
    return Recall(rows, misses, made)


def leak(index: MemoryIndex, made: dict[Cell, list[Planted]], most: int) -> list[Row]:
    """What gets out of the copies that are stopped, in strict mode and by default."""
    rows = []
    for mode, policy in (("strict", Policy.load(max_leak=0)), ("default", Policy.load())):
        guard = Guard(index, policy)
        for (script, words, rate), copies in made.items():
            runs = [stream(guard, copy) for copy in copies[:most]]
            stopped = [run for run in runs if run[3] == "stop"]
            counted, own = [run[0] for run in stopped], [run[1] for run in stopped]
            delays = [run[2] for run in stopped]
            n = len(stopped)
            rows.append(
                {"mode": mode, "script": script, "words": words, "edits": rate, "n": n,
                 "leak anything": interval(sum(value > 0 for value in counted), n),
                 "p99": percentile(counted, 0.99), "max": max(counted, default=0),
                 "own words out": interval(sum(value > 0 for value in own), n),
                 "own p99": percentile(own, 0.99), "delay p50": percentile(delays, 0.5),
                 "delay p99": percentile(delays, 0.99)}
            )  # fmt: skip
    return rows


def false_stops(index: MemoryIndex, clean: Sequence[Clean]) -> tuple[list[Row], list[Row]]:
    """Stops on clean text by source; a stop on 16 words in a row and more quotes for real."""
    guard, stops = Guard(index), []
    totals: dict[str, Counter[str]] = {}
    for one in clean:
        report = guard.check(one.text)
        total = totals.setdefault(one.source, Counter())
        total.update(texts=1, words=len(tokenise(one.text)), released=report.released == one.text)
        acted = [match for match in report.matches if match.action == "stop"]
        total.update(stopped=report.decision == "stop", matches=len(acted), errors=bool(report.error))
        total.update(quoting=any(match.longest_run >= 16 for match in acted))
        for match in acted[:3]:
            stops.append(
                {"text": one.id, "work": match.work.id, "tokens": match.tokens, "run": match.longest_run,
                 "similarity": match.similarity, "bits": match.information, "begins": match.output.start,
                 "what it is": QUOTED.get(one.id.split("/")[-1], "not looked at yet")}
            )  # fmt: skip
    keys = ("texts", "words", "stopped", "errors", "quoting", "matches", "released")
    return [{"source": s, **{k: total[k] for k in keys}} for s, total in totals.items()], stops


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    corpus.arguments(parser)
    parser.add_argument("--half", choices=("tune", "report"), default="report")
    parser.add_argument("--count", type=int, default=500, help="passages a cell")
    parser.add_argument("--streams", type=int, default=500, help="of them streamed, for the leak")
    parser.add_argument("--seed", type=int, default=8)
    options = parser.parse_args()
    where = corpus.places(options)
    documents, clean = corpus.protected(where, options.words), corpus.clean(where)
    index = MemoryIndex(documents)
    hosts = [
        one for one in clean if one.source in PROSE and Guard(index).check(one.text).decision == "release"
    ]
    words = Planter(documents, hosts, options.half, options.seed)
    found = recall(index, words, options.count, LENGTHS, "words")
    others = Recall([], [], {})
    if any(has_characters(document.text) for document in documents):
        characters = Planter(documents, hosts, options.half, options.seed, characters=True)
        others = recall(index, characters, options.count, LENGTHS[:1], "characters")
    leaks = leak(index, found.made | others.made, options.streams)
    totals, stops = false_stops(index, clean)
    parameters = {
        "half": options.half, "seed": options.seed, "index words": index.stat().tokens,
        "works": len(documents), "scheme": index.scheme.digest, "policy": Policy.load().digest,
        "hosts": len(hosts), "edits": "substituted, deleted, inserted in equal parts",
    }  # fmt: skip
    tables = {"Recall": found.rows + others.rows, "Misses": found.misses + others.misses, "Leak of stopped copies": leaks, "Stops on clean text": totals,
              "What was stopped there": stops}  # fmt: skip
    save("recall" if options.half == "report" else "recall-tune", parameters, tables)


if __name__ == "__main__":
    main()
