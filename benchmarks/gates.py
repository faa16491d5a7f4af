"""The gates of a release, held against the results that stand in ``benchmarks/results``.

``GATES`` is all that is asked. A gate that has no figure, or one of too few cases, of one language less, of the tune
half, or with errors among what was measured, is missed. What else makes a row of figures doubtful is said: results of
different commits, and of a tree with changes. A figure that is asked and no gate (``bold`` is False) is told the
same way where it is missed, and fails nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.code_rules import CORE, FIRST
from benchmarks.dedup import asked as dedup
from benchmarks.gate import Figure, Gate, Rows, Unmet, cell, ratio, rows_of, worst
from benchmarks.quality import asked, pair_gates
from benchmarks.record import RESULTS

LANGUAGES = FIRST


class Missed(NamedTuple):
    """A gate that is not met, and how it is missed."""

    gate: Gate
    why: str

    def __str__(self) -> str:
        kind = "MISSED" if self.gate.bold else "MISSED, no gate"
        return f"{kind}: {self.gate.name}: wanted {self.gate.wanted}, {self.why}"


def found(edits: float) -> Figure:
    where: dict[str, Any] = {"script": "words", "words": 64, "edits": edits}
    return cell("found", count="n", least=300, errors="errors in all", **where)


def leaks(words: int, edits: float) -> Figure:
    where: dict[str, Any] = {"mode": "strict", "script": "words", "words": words, "edits": edits}
    return cell("leak anything", count="n", least=300, **where)


def renamed(name: str, language: str) -> Figure:
    """A share of the renamed functions of a language, of 300 at least."""
    return cell(name, count="n", least=300, errors="errors", language=language, group="renamed")


def clean(language: str) -> Figure:
    """The share of clean functions of a language that are stopped, of 4,500 at least."""
    return cell("share", count="n", least=4500, errors="errors", language=language)


def line_5000(language: str) -> Figure:
    """What a feed costs at the end of 5,000 lines over what it costs early."""
    late = cell("mean µs a feed", count="lines fed", least=5000, language=language, lines="last tenth")
    return ratio(late, cell("mean µs a feed", language=language, lines="about line 100"))


def millionth(rows: Rows) -> float:
    """What a feed costs at the end of a million words over what it costs at their beginning."""
    late = cell("mean µs a feed", count="words fed", least=900_000, words="last tenth")
    return ratio(late, cell("mean µs a feed", words="first"))(rows)


def build_of_all(rows: Rows) -> float:
    """MB/s over all languages, each of which was built by itself too."""
    for language in LANGUAGES:
        rows_of(rows, what=f"simblock, {language}")
    return cell("MB/s", what="simblock, all")(rows)


def of_languages() -> Iterator[Gate]:
    """The gates that every language must hold by itself."""
    for one in LANGUAGES:
        yield Gate(f"renamed functions stopped, {one}", "code_recall", "Copies of functions",
                   renamed("stopped", one), least=0.99)  # fmt: skip
        yield Gate(f"renamed functions, right file first, {one}", "code_recall", "Copies of functions",
                   renamed("right file first", one), least=0.97)  # fmt: skip
        yield Gate(f"clean functions stopped, {one}", "quality", "False stops of code, by language", clean(one),
                   most=0.002)  # fmt: skip
        yield Gate(f"bytes a lexeme, {one}", "code_size_and_build", "Weight", cell(one, part="all"), most=40)
        yield Gate(f"feed of code, µs, {one}", "code_stream_cost", "Feeding 4 characters of code",
                   worst("mean µs", mode="default", language=one), most=60)  # fmt: skip
        yield Gate(f"the 5,000th line over the 100th, {one}", "code_stream_cost", "A long file", line_5000(one),
                   most=1.2)  # fmt: skip


def of_nine() -> Iterator[Gate]:
    """What the nine core languages must hold together; by itself each of the five newer ones is told."""
    for one in ("nine core", *CORE):
        if one in LANGUAGES:
            continue
        bold = one not in CORE
        for what, name, least in (
            ("stopped", "stopped", 0.99),
            ("right file first", "right file first", 0.97),
        ):
            yield Gate(f"renamed functions {what}, {one}", "code_recall", "Copies of functions", renamed(name, one),
                       least=least, bold=bold)  # fmt: skip
    of_all = {"language": "nine core", "package": "all"}
    yield Gate("clean functions stopped, nine core", "code_recall", "Clean functions",
               cell("share", count="functions", least=18_000, errors="errors", **of_all), most=0.001,
               count=cell("functions", **of_all))  # fmt: skip
    yield Gate("lexed, parsed and signed, MB/s, the median language", "code_rates", "MB/s of one core",
               cell("signed", language="median"), least=2, bold=False)  # fmt: skip


ENOUGH = {
    "clean passages stopped": 100_000,
    "clean functions stopped": 18_000,
    "answers stopped": 40,
    "code, half a function in new code, over 200 lexemes": 80,
}
"""Cases that a figure of quality must have been measured on, where 200 are not enough, or more than there are."""


def of_quality() -> Iterator[Gate]:
    """What is asked of evasions and clean outputs, as ``benchmarks.quality`` asks it."""
    for it in asked.ASKED:
        figure = cell("measured", count="n", least=ENOUGH.get(it.name, 200), gate=it.name)
        count = cell("n", gate=it.name) if it.most is not None else None
        yield Gate(it.name, "quality", "Gates", figure, it.least, it.most, it.bold, count)


def of_pairs() -> Iterator[Gate]:
    """What is asked of pairs, as ``benchmarks.quality.pairs`` asks it."""
    for it in pair_gates.ASKED:
        figure = cell(it.column, count=it.count, least=it.enough, **it.where)
        yield Gate(it.what, "pairs", it.table, figure, least=it.least, bold=it.bold)


PAN13 = {"verbatim": (0.99, 0.97), "random": (0.93, 0.86), "translation": (0.94, 0.86)}
"""By part, the share of the cases that must be found, and the plagdet that is asked."""


def of_pan13() -> Iterator[Gate]:
    """Cases found, plagdet, and false pairs, of which there are few: 3 in 1,000 is none of 130."""
    for part, (found_of_it, plagdet) in PAN13.items():
        for name, least, bold in (("cases found", found_of_it, True), ("plagdet", plagdet, False)):
            figure = cell(name, count="cases", least=150, part=part)
            yield Gate(f"PAN-13, {name}, {part}", "pan13", "Cases, policy default", figure, least, bold=bold)
    yield Gate("PAN-13, false pairs", "pan13", "Unrelated pairs, policy default", cell("false", count="pairs", least=100),
               most=0.003, count=cell("pairs"))  # fmt: skip


def of_redis() -> Iterator[Gate]:
    """What an index in Redis weighs, beside datasketch at like recall of 48 words, and its changes."""
    yield Gate("Redis, bytes a word", "redis_store", "Memory", cell("bytes a word", what="simblock"), most=18)
    yield Gate("Redis, datasketch's memory, times simblock's", "redis_store", "Memory of datasketch at like recall",
               cell("times simblock's", count="n", least=200, words=48), least=25)  # fmt: skip
    yield Gate("Redis, a change in force on 8 guards, ms", "redis_store", "Changes in force",
               worst("p99 ms, all guards", since="commit is called", guards=8), most=1000)  # fmt: skip
    yield Gate("Redis, a change heard by the poll alone, ms", "redis_store", "Changes in force, otherwise",
               worst("p99 ms, all guards", how="by the poll alone", guards=4), most=1000, bold=False)  # fmt: skip


EVENT = "Processor time an event, each by itself"


def of_serving() -> Iterator[Gate]:
    """What stands in front of a server adds to an event, gets through, and keeps of a stream."""
    for name in ("middleware", "proxy"):
        yield Gate(f"added to an event, {name}, µs", "serving", EVENT,
                   worst("added µs an event", server=name, format="chat"), most=60)  # fmt: skip
        yield Gate(f"kept of an open stream, {name}, kB", "serving", "Memory of open streams",
                   worst("added kB a stream", server=name), most=64)  # fmt: skip
        yield Gate(f"added to the first token, {name}, ms", "serving", "Time to the first token",
                   worst("added p50 ms", server=name), most=2, bold=False)  # fmt: skip
    yield Gate(
        "events a second through the proxy",
        "serving",
        "Throughput",
        cell("events/s", server="proxy"),
        least=8000,
    )
    yield Gate("nv-recall of a book that is asked for by continue", "serving", "Continue, a hundred times",
               worst("nv-recall", policy="default"), most=0, bold=False)  # fmt: skip


def of_dedup() -> Iterator[Gate]:
    """What is asked of de-duplication, beside the tools in use and against the exact truth."""
    for it in dedup.ASKED:
        figure = (
            worst(it.column, **it.where)
            if it.worst
            else cell(it.column, count=it.count, least=it.enough, **it.where)
        )
        yield Gate(f"dedup, {it.what}", it.benchmark, it.table, figure, it.least, it.most, it.bold)
    yield Gate(
        "dedup, signature stage, share of what is asked",
        "dedup",
        "Signature stage alone",
        signatures,
        least=1,
    )


def signatures(rows: Rows) -> float:
    """The better of two sorts of sketches, each as a share of the rate that is asked of it."""
    return max(cell("MB/s", sketch=sort)(rows) / least for sort, least in dedup.SIGNATURES.items())


GATES = (
    Gate("recall, 10 % edited", "recall", "Recall", found(0.1), least=0.99),
    Gate("recall, 20 % edited", "recall", "Recall", found(0.2), least=0.97),
    *(
        Gate(f"strict leak, {words} words, {edits:.0%} edited", "recall", "Leak of stopped copies",
             leaks(words, edits), most=most)
        for words in (64, 200) for edits, most in ((0.1, 0.01), (0.2, 0.03))
    ),
    Gate("false stops on the answers", "recall", "Stops on clean text",
         cell("stopped", count="texts", least=40, errors="errors", source="answers"), most=0),
    Gate("bytes a word", "size_and_build", "Weight, unkeyed", cell("bytes a word", section="all"), most=16),
    Gate("build, unkeyed, MB/s", "size_and_build", "Building", cell("MB/s", what="simblock, unkeyed"), least=20),
    Gate("build, unkeyed, times the peer", "size_and_build", "Building",
         cell("times the peer", what="simblock, unkeyed"), least=5),
    Gate("feed, µs", "stream_cost", "Feeding 4 characters", worst("mean µs", mode="default"), most=25),
    Gate("the millionth word over the first", "stream_cost", "A long stream", millionth, most=1.2),
    *of_languages(),
    *of_nine(),
    *of_quality(),
    *of_pairs(),
    *of_pan13(),
    *of_redis(),
    *of_serving(),
    *of_dedup(),
    Gate("bytes a lexeme, all languages", "code_size_and_build", "Weight", cell("all", part="all"), most=40),
    Gate("build of code, one core, MB/s", "code_size_and_build", "Building", build_of_all, least=2),
    Gate("build of code, two workers over one", "code_size_and_build", "With two workers",
         cell("times one worker", what="simblock-index build --workers 2"), least=1.8),
)  # fmt: skip


class Results:
    """The results of some benchmarks, as they stand in a folder."""

    def __init__(self, folder: Path = RESULTS) -> None:
        self._folder = folder
        self._read: dict[str, dict[str, Any]] = {}

    def of(self, benchmark: str) -> dict[str, Any]:
        """What a benchmark saved. Raises Unmet where it did not, or not of what is published."""
        if benchmark not in self._read:
            path = self._folder / f"{benchmark}.json"
            if not path.exists():
                raise Unmet("there are no results")
            self._read[benchmark] = json.loads(path.read_text("utf-8"))
        made = self._read[benchmark]
        half = made["parameters"].get("half", "report")
        if half != "report":
            raise Unmet(f"the results are of the {half} half")
        if absent := set(LANGUAGES) - set(made["parameters"].get("languages", LANGUAGES)):
            raise Unmet(f"the results are without {', '.join(sorted(absent))}")
        return made

    def rows(self, gate: Gate) -> Rows:
        """The table that a gate reads. Raises Unmet."""
        tables = self.of(gate.benchmark)["tables"]
        if gate.table not in tables:
            raise Unmet(f"there is no table {gate.table!r}")
        return tables[gate.table]  # type: ignore[no-any-return]

    def doubts(self) -> Iterator[str]:
        """What is to be known of the results that were read: their commits, where they are not one."""
        commits: dict[str, list[str]] = defaultdict(list)
        for name, made in self._read.items():
            commits[made["conditions"]["commit"]].append(name)
        if len(commits) > 1:
            yield "the results are of different commits: " + "; ".join(
                f"{commit} ({', '.join(names)})" for commit, names in sorted(commits.items())
            )
        for commit, names in sorted(commits.items()):
            if commit.endswith("+"):
                yield f"measured on {commit.removesuffix('+')} with changes: {', '.join(names)}"


def missed(results: Results) -> Iterator[Missed]:
    """The gates that the results do not meet, or that they cannot tell of."""
    for gate in GATES:
        try:
            rows = results.rows(gate)
            value = gate.figure(rows)
            if not gate.holds(value):
                yield Missed(gate, f"is {gate.shown(value, rows)}")
        except Unmet as error:
            yield Missed(gate, str(error))


def counted(results: Results) -> Iterator[str]:
    """The shares that are told with their counts, held or not, as far as they were measured."""
    for gate in GATES:
        if gate.count is not None:
            with suppress(Unmet):
                rows = results.rows(gate)
                yield f"{gate.name}: {gate.shown(gate.figure(rows), rows)}, wanted {gate.wanted}"


def main() -> int:
    """Says which gates are missed, and what is doubtful of the results; 1 where a gate is missed."""
    results = Results()
    failed = list(missed(results))
    for one in failed:
        print(one)
    for told in counted(results):
        print(f"COUNT: {told}")
    for doubt in results.doubts():
        print(f"NOTE: {doubt}")
    for bold, what in ((True, "gates hold"), (False, "figures that are asked, and no gates, are reached")):
        of_all = sum(gate.bold == bold for gate in GATES)
        print(f"{of_all - sum(one.gate.bold == bold for one in failed)} of {of_all} {what}")
    return int(any(one.gate.bold for one in failed))


if __name__ == "__main__":
    raise SystemExit(main())
