"""How much is stopped of copies that hide, beside how much is stopped that copies nothing.

Writes ``results/quality.json`` and ``results/quality.html``: recall of every transform of ``benchmarks.evasions``, span
overlap, leak, false stops on clean passages and functions, innocent outputs, curves as thresholds move, growth with
the index, and the gates. Run with ``--half tune`` when anything is chosen, ``--half report`` for figures that are
published. What was seen of every single text is written with ``--rows``, for whoever tunes.

Policies are compared by really checking each text under each of them, for text; for code by judging again what the
default policy followed, so that a laxer threshold may find a little more than its curve shows.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import code_corpus, corpus
from benchmarks.quality import curves, measuring, tables
from benchmarks.quality.alike import alike_rows
from benchmarks.quality.asked import gates
from benchmarks.quality.measuring import CodeRun, TextRun
from benchmarks.quality.page import page
from benchmarks.quality.sighting import Row, Sighting
from benchmarks.record import RESULTS, conditions, table
from simblock.policy import Policy

PARTS = ("text", "code")
SHOWN = ("Gates", "Leak of stopped copies", "Innocent text", "Innocent code", "Growth")
"""Tables that are printed; the others are in the files."""
DRAWN_OF_CODE = ("renamed", "edited-10-renamed", "edited-30-renamed")
"""Transforms of code whose recall is drawn against false stops."""


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    corpus.arguments(parser)
    parser.add_argument(
        "--code-corpus", type=Path, default=code_corpus.default_folder(), help="the sources of code"
    )
    parser.add_argument("--languages", nargs="*", choices=code_corpus.FIRST, default=code_corpus.FIRST)
    parser.add_argument("--part", choices=("text", "code", "all"), default="all")
    parser.add_argument("--half", choices=("tune", "report"), default="report")
    parser.add_argument(
        "--count",
        type=int,
        default=100,
        help="passages an evasion and length that a gate is about, of other evasions half as many of 64 words; "
        "functions of all languages a class of size",
    )
    parser.add_argument(
        "--streams", type=int, default=100, help="of them streamed for the leak, where words are edited"
    )
    parser.add_argument(
        "--compared", type=int, default=100, help="of them checked under every policy of the curves"
    )
    parser.add_argument("--clean", type=int, help="clean passages; all without")
    parser.add_argument("--clean-functions", type=int, default=20_000, help="of all languages")
    parser.add_argument("--seed", type=int, default=10)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rows", type=Path, help="writes a row a text here, as JSON lines")
    parser.add_argument(
        "--join", action="store_true", help="make one result of quality-text and quality-code"
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="where quality.json and quality.html go")
    return parser.parse_args(arguments)


def tables_of_text(run: TextRun) -> dict[str, Sequence[Row]]:
    """The tables of text."""
    clean, innocent = tables.of_part(run.seen, "clean"), tables.of_part(run.seen, "innocent")
    answers = tables.of_part(run.seen, "answers")
    return {
        "Evasions of text": tables.text_recall(tables.of_part(run.seen, "copy")),
        "Text, recall by edits and length": curves.by_rate(tables.of_part(run.seen, "edited")),
        "Leak of stopped copies": tables.leak(run.seen),
        "False stops of text, by package": tables.false_stops([*clean, *answers], "part", "name"),
        "Innocent text": tables.false_stops(innocent, "name"),
        "What was stopped of clean and innocent text": tables.stops([*clean, *answers, *innocent]),
        "Passages that quote": tables.quoting(run.quoting, tables.of_part(run.seen, "quoting")),
        "Thresholds of text moved": curves.roc_text(run.moved, run.told, run.clean),
        "Growth": run.growth,
    }


def tables_of_code(run: CodeRun) -> dict[str, Sequence[Row]]:
    """The tables of code."""
    copied, clean = tables.of_part(run.seen, "copy"), tables.of_part(run.seen, "clean")
    innocent = tables.of_part(run.seen, "innocent")
    drawn = [one for one in copied if one.name in DRAWN_OF_CODE]
    return {
        "Evasions of code": tables.code_recall(copied),
        "False stops of code, by language": tables.false_stops(clean, "language"),
        "False stops of code, by package": tables.false_stops(clean, "language", "name"),
        "Innocent code": tables.false_stops(innocent, "name"),
        "Alike by nature": alike_rows(tables.of_part(run.seen, "sibling")),
        "What was stopped of clean and innocent code": tables.stops([*clean, *innocent]),
        "Evasions that did not apply": tables.not_made(
            [one for one in run.seen if one.part in ("dropped", "failed")], copied
        ),
        "Clean functions left out": run.left_out,
        "Thresholds of code moved": curves.roc_code(
            curves.points(curves.MOVED_CODE, Policy.load().code), drawn, clean
        ),
    }


def write_rows(path: Path, them: Sequence[Sighting]) -> None:
    """Everything seen, a row a text."""
    lines = (json.dumps({**one._asdict(), "cause": one.cause and one.cause._asdict(),
                         "matches": [match._asdict() for match in one.matches]}) + "\n" for one in them)  # fmt: skip
    with path.open("w", encoding="utf-8") as out:
        out.writelines(lines)


def name_of(options: argparse.Namespace) -> str:
    """The name of the results: quality where they are of everything and of the report half, else one that says what of."""
    parts = [options.part] * (options.part != "all") + [options.half] * (options.half != "report")
    return "-".join(["quality", *parts])


def processor_minutes() -> float:
    """What this run took of all processors, which others on the machine do not lengthen as they do its minutes."""
    used = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return round(sum(it.ru_utime + it.ru_stime for it in used) / 60, 1)


def publish(folder: Path, name: str, parameters: Row, found: Mapping[str, Sequence[Row]]) -> None:
    """Prints what is told first, and writes all of it as JSON and as a page."""
    console = Console(width=None if Console().is_terminal else 180)
    for title in SHOWN:
        if rows := found.get(title):
            console.print(table(title, rows))
    about = conditions()
    made = {"benchmark": name, "conditions": about, "parameters": parameters, "tables": found}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(
        json.dumps(made, indent=1, ensure_ascii=False, default=str) + "\n", "utf-8"
    )
    (folder / f"{name}.html").write_text(page(parameters, about, found), "utf-8")
    console.print(f"written to {folder / name}.json and .html")


def join(folder: Path) -> None:
    """Makes one result of those of two runs, text and code apart. Raises OSError where one is not there."""
    runs = [json.loads((folder / f"quality-{part}.json").read_text("utf-8")) for part in PARTS]
    tables_ = {"Gates": [row for run in runs for row in run["tables"]["Gates"]]}
    for run in runs:
        tables_ |= {title: rows for title, rows in run["tables"].items() if title != "Gates"}
    parameters = {f"{part}: {name}": value for part, run in zip(PARTS, runs, strict=True)
                  for name, value in (run["parameters"] | {"commit": run["conditions"].get("commit")}).items()}  # fmt: skip
    publish(folder, "quality", parameters, tables_)


def main() -> None:
    options = options_of()
    if options.join:
        join(options.out)
        return
    started = time.monotonic()
    seen: list[Sighting] = []
    found: dict[str, Sequence[Row]] = {}
    parameters: Row = {
        "half": options.half,
        "seed": options.seed,
        "count": options.count,
        "policy": Policy.load().digest,
    }
    kinds = [part for part in PARTS if options.part in (part, "all")]
    with tempfile.TemporaryDirectory() as folder:
        if "text" in kinds:
            of_text = measuring.text(options, Path(folder))
            seen, found, parameters = of_text.seen, tables_of_text(of_text), parameters | of_text.about
        if "code" in kinds:
            of_code = measuring.code(options, Path(folder))
            seen, parameters = seen + of_code.seen, parameters | of_code.about
            found = found | tables_of_code(of_code)
    found = {"Gates": gates(seen, kinds)} | found
    parameters |= {"minutes": round((time.monotonic() - started) / 60, 1), "processor minutes": processor_minutes(),
                   "processes": options.processes}  # fmt: skip
    if options.rows:
        write_rows(options.rows, seen)
    publish(options.out, name_of(options), parameters, found)


if __name__ == "__main__":
    main()
