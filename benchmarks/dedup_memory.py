"""A million documents of about a kilobyte: what a pass holds, what it writes, and what it keeps for the next one."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import corpus as material
from benchmarks.dedup import corpus
from benchmarks.dedup.ours import Setting, passed, weight
from benchmarks.record import save, table

MILLION = 1_000_000
FILES = 16
PARAGRAPH = (150, 900)
"""Characters of a paragraph that is taken."""
SIZE = 900
"""Characters from which on a document has paragraphs enough."""
COPIED = 0.1
MADE_AS = 1


def made(options: argparse.Namespace, documents: int) -> list[str]:
    """Files of JSONL with so many documents: paragraphs of real texts put together, a tenth of them near-copies."""
    folder = options.dedup_corpus / f"documents-{documents}-{MADE_AS}"
    if not folder.is_dir():
        filled = folder.with_name(folder.name + ".part")
        filled.mkdir(parents=True, exist_ok=True)
        rows = _rows(_paragraphs(options), documents)
        for number in range(FILES):
            with (filled / f"{number:02}.jsonl").open("w", encoding="utf-8") as file:
                file.writelines(row for _, row in zip(range(documents // FILES), rows, strict=False))
        filled.rename(folder)
    return [str(path) for path in sorted(folder.glob("*.jsonl"))]


def _paragraphs(options: argparse.Namespace) -> list[str]:
    where = material.places(options)
    return [
        paragraph
        for _, text in corpus.texts(where)
        for paragraph in text.split("\n\n")
        if PARAGRAPH[0] <= len(paragraph) <= PARAGRAPH[1]
    ]


def _rows(paragraphs: Sequence[str], documents: int) -> Iterator[str]:
    chance = random.Random(17)
    vocabulary = " ".join(chance.sample(paragraphs, 500)).split()
    last = ""
    for number in range(documents):
        if last and chance.random() < COPIED:
            text = corpus.edited(last, 0.02, vocabulary, chance)
        else:
            text = chance.choice(paragraphs)
            while len(text) < SIZE:
                text += "\n\n" + chance.choice(paragraphs)
        if number % 7 == 0:
            last = text
        yield json.dumps({"id": f"document-{number}", "text": text}, ensure_ascii=False) + "\n"


def measured(
    options: argparse.Namespace, cores: Sequence[int], documents: int = MILLION
) -> list[dict[str, Any]]:
    """A row of half of them with one process, of all with one, and of all with two."""
    rows = []
    for count, workers in ((documents // 2, 1), (documents, 1), (documents, 2)):
        print(f"{count:,} documents, {workers} workers …", file=sys.stderr, flush=True)
        files = made(options, count)
        setting = Setting("memory", workers=workers, state=True)
        with passed(setting, files, set(cores[:workers])) as done:
            work, state = done.folder.root, done.folder.root.parents[1] / "state"
            stages = done.took["outcome"]["rates"]
            rows.append(
                {
                    "documents": count, "workers": workers,
                    "MB": round(sum(Path(path).stat().st_size for path in files) / 1e6),
                    "without mapped files, MB": round(done.took["anonymous"] / 1e6),
                    "peak MB of a process": round(max(done.took["peak"], stages["peak"]) / 1e6),
                    "s, wall": round(done.took["wall"], 1), "MB/s, wall": _rate(files, done.took["wall"]),
                    "kept": done.took["outcome"]["kept"],
                    "working folder, bytes a document": round(weight(work) / count),
                    "of it runs": round(weight(work, "runs.npy") / count),
                    "state, bytes a document kept": round(weight(state) / done.took["outcome"]["kept"]),
                    "of it runs of the state": round(weight(state, "runs.npy") / done.took["outcome"]["kept"]),
                }
            )  # fmt: skip
    half, whole = rows[0], rows[1]
    column = "without mapped files, MB"  # pages of files are the system's to take back
    grown = 1e6 * (whole[column] - half[column])
    for row in rows:
        row["bytes of memory a further document"] = round(grown / (documents - documents // 2))
    return rows


def _rate(files: Sequence[str], wall: float) -> float:
    return round(sum(Path(path).stat().st_size for path in files) / wall / 1e6, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    corpus.arguments(parser)
    parser.add_argument("--documents", type=int, default=MILLION)
    options = parser.parse_args()
    rows = measured(options, sorted(os.sched_getaffinity(0)), options.documents)
    if options.documents == MILLION:
        save("dedup_memory", {"documents": MILLION, "copies": COPIED, "kind": "text"}, {"Memory": rows})
    else:
        Console(width=230).print(table("Memory", rows))


if __name__ == "__main__":
    main()
