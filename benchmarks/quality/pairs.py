"""How well a figure for a pair of files tells copies from what only does the same: ``python -m benchmarks.quality.pairs``.

ConPlag, IR-Plag and the sample of BigCloneBench, all files of a set in one collection, and functions with lines put
in. simblock's figures are those of ``simblock.likeness``; beside them stand what the keys of an index alone would tell,
copydetect (where it is installed) and MinHash over word shingles by datasketch, on the same pairs in the same run.

All sets are for development. The size of shingles was chosen on the tune halves ("Parameters tried"; halves share no
problem, task or second function), and everything is told of both halves. Writes ``results/pairs.json``, with the
points of the curves. ``--reports`` also checks every pair's smaller file against the whole set, which takes minutes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import code_corpus
from benchmarks.code_copies import lexemes
from benchmarks.quality import insertions, pair_scores
from benchmarks.quality.pair_gates import CLONES, LEAST, OURS, SHARES, gates
from benchmarks.quality.pair_sets import HALVES, SETS, PairSet
from benchmarks.quality.ranking import auc, average_precision, estimated, ranked, roc, threshold_at
from benchmarks.record import RESULTS, conditions, interval, table
from simblock.likeness import LEXEMES, WORDS, Likeness

Row = dict[str, Any]
Scored = dict[str, Sequence[float]]
TRIED = tuple((words, tokens) for words in (2, 3, 4) for tokens in (8, 10, 11, 12, 15))
"""Words and lexemes of a shingle that were tried."""
SHOWN = ("Gates", "Programs", "BigCloneBench", "Insertions")


def scored(them: PairSet, options: argparse.Namespace) -> Scored:
    """Every score of all pairs of a set."""
    runs = pair_scores.tokenised(them)
    found = _both("simblock", pair_scores.likenesses(them, runs))
    found |= _both("index keys", pair_scores.of_index(them, runs))
    if pair_scores.has_copydetect():
        found |= _both("copydetect", pair_scores.copydetect(them))
    found["MinHash of words"] = pair_scores.minhash(them)
    if options.reports and them.name != "BigCloneBench":
        found["simblock reports"] = pair_scores.of_reports(them, runs)
    return found


def _both(name: str, them: Sequence[Likeness]) -> Scored:
    return {
        f"{name} containment": [one.containment for one in them],
        f"{name} similarity": [one.similarity for one in them],
    }


def parts(them: PairSet) -> Iterator[tuple[str, list[int]]]:
    """all and the two halves, with the places of their pairs."""
    yield "all", list(range(len(them.pairs)))
    for half in HALVES:
        yield half, [at for at, pair in enumerate(them.pairs) if pair.half == half]


def program_rows(them: PairSet, scores: Scored) -> list[Row]:
    """AUC, average precision and recall at 1 % of the unrelated pairs, of every score and part."""
    rows = []
    for part, places in parts(them):
        labels = [them.pairs[at].label != "none" for at in places]
        for name, values in scores.items():
            one = ranked([values[at] for at in places], labels)
            clean = threshold_at(one.scores[~one.labels].tolist(), 0.01)
            found = int((one.scores[one.labels] > clean).sum())
            rows.append(
                {"set": them.name, "part": part, "score": name, "pairs": len(places), "copies": sum(labels),
                 "AUC": estimated(auc, one), "average precision": estimated(average_precision, one),
                 "recall at 1 %": interval(found, sum(labels)), "score over": round(clean, 4)}
            )  # fmt: skip
    return rows


def level_rows(them: PairSet, scores: Scored) -> list[Row]:
    """AUC of each level of IR-Plag against the independent programs."""
    rows = []
    for level in sorted({pair.label for pair in them.pairs} - {"none"}):
        places = [at for at, pair in enumerate(them.pairs) if pair.label in {level, "none"}]
        labels = [them.pairs[at].label == level for at in places]
        row: Row = {"level": level, "copies": sum(labels)}
        row |= {n: estimated(auc, ranked([v[at] for at in places], labels)) for n, v in scores.items()}
        rows.append(row)
    return rows


def clone_rows(them: PairSet, scores: Scored) -> list[Row]:
    """Recall by type where so many of the non-clones are above the threshold."""
    sizes = {id: lexemes(code, pair_scores.LANGUAGE) for id, code in them.files.items()}
    fits = [min(sizes[pair.a], sizes[pair.b]) >= LEAST for pair in them.pairs]
    rows = []
    for least in (LEAST, 0):
        for part, places in parts(them):
            chosen = [at for at in places if fits[at] or not least]
            rows += [
                {"lexemes": least, "part": part, "score": name, "of non-clones": share}
                | clone_recall(them, values, chosen, share)
                for name, values in scores.items()
                for share in SHARES
            ]
    return rows


def clone_recall(them: PairSet, values: Sequence[float], places: Sequence[int], share: float) -> Row:
    """The threshold that a share of the non-clones exceed, and how many of each type do."""
    of = {kind: [values[at] for at in places if them.pairs[at].label == kind] for kind in (*CLONES, "none")}
    over = threshold_at(of["none"], share)
    row: Row = {"non-clones": len(of["none"]), "score over": round(over, 4)}
    return row | {kind: interval(sum(v > over for v in of[kind]), len(of[kind])) for kind in CLONES}


def tried(sets: Mapping[str, PairSet]) -> list[Row]:
    """What other sizes of shingles come to, on the tune halves alone."""
    rows: list[Row] = [
        {"words": words, "lexemes": tokens, "chosen": (words, tokens) == (WORDS, LEXEMES)}
        for words, tokens in TRIED
    ]
    for them in sets.values():
        runs, places = pair_scores.tokenised(them), dict(parts(them))["tune"]
        for row in rows:
            made = pair_scores.likenesses(them, runs, words=row["words"], lexemes=row["lexemes"])
            row.update(_tried(them, _both("simblock", made), places))
    return rows


def _tried(them: PairSet, scores: Scored, places: Sequence[int]) -> Row:
    if them.name == "BigCloneBench":
        found = clone_recall(them, scores[OURS[1]], places, SHARES[0])
        return {kind: found[kind].share for kind in ("ST3", "MT3")}
    one = ranked([scores[OURS[0]][at] for at in places], [them.pairs[at].label != "none" for at in places])
    return {f"{them.name} AUC": round(auc(one), 4), f"{them.name} AP": round(average_precision(one), 4)}


def curves(them: PairSet, scores: Scored) -> list[Row]:
    """Points of the curves of every score over all pairs; of BigCloneBench one curve a type."""
    rows = []
    kinds = CLONES if them.name == "BigCloneBench" else ("copies",)
    for kind in kinds:
        wanted = [
            at for at, pair in enumerate(them.pairs) if kind in {pair.label, "copies"} or pair.label == "none"
        ]
        labels = [them.pairs[at].label != "none" for at in wanted]
        for name, values in scores.items():
            points = roc(ranked([values[at] for at in wanted], labels))
            rows += [{"set": them.name, "of": kind, "score": name, **point} for point in points]
    return rows


def measured(options: argparse.Namespace) -> dict[str, Sequence[Row]]:
    """All tables."""
    sets = {name: SETS[name](options) for name in options.sets}
    found: dict[str, list[Row]] = {"Gates": [], "Programs": [], "Points of the curves": []}
    for name, them in sets.items():
        scores = scored(them, options)
        if name == "bigclonebench":
            found["BigCloneBench"] = clone_rows(them, scores)
        else:
            found["Programs"] += program_rows(them, scores)
        if name == "irplag":
            found["IR-Plag by level"] = level_rows(them, scores)
        found["Points of the curves"] += curves(them, scores)
    if sets:
        found["Parameters tried"] = tried(sets)
    if options.languages:
        languages = [insertions.measured(options, language) for language in options.languages]
        found["Insertions"] = insertions.rows(languages)
        found["Insertions by lines"] = insertions.by_lines(languages)
    found["Gates"] = gates(found)
    return dict(found)


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.pairs", description=__doc__)
    code_corpus.arguments(parser)
    parser.add_argument("--sets", nargs="*", choices=tuple(SETS), default=tuple(SETS))
    parser.add_argument(
        "--count", type=int, default=150, help="functions of a language that get lines put in"
    )
    parser.add_argument("--seed", type=int, default=10)
    parser.add_argument("--reports", action="store_true", help="check the smaller file of every pair as well")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the folder of the results")
    return parser.parse_args(arguments)


def main() -> None:
    options = options_of()
    started = time.monotonic()
    found = measured(options)
    parameters = {
        "words": WORDS, "lexemes": LEXEMES, "sets": "development", "half": options.half, "languages": list(options.languages), "count": options.count,
        "seed": options.seed, "minutes": round((time.monotonic() - started) / 60, 1),
    }  # fmt: skip
    console = Console(width=None if Console().is_terminal else 200)
    for title in SHOWN:
        if rows := [row for row in found.get(title, ()) if row.get("part", "all") == "all"]:
            console.print(table(title, rows))
    made = {"benchmark": "pairs", "conditions": conditions(), "parameters": parameters, "tables": found}
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "pairs.json"
    path.write_text(json.dumps(made, indent=1, ensure_ascii=False, default=str) + "\n", "utf-8")
    console.print(f"written to {path.name}")


if __name__ == "__main__":
    main()
