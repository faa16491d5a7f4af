"""The end of a pass: its tables and its report."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from simblock.errors import MissingExtra
from simblock_indexer.dedup.folder import Folder, Plan, counted, intact, replaced
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.outcome import clusters, dropped, findings, repeated, tally
from simblock_indexer.dedup.outcome.page import write as write_page
from simblock_indexer.dedup.outcome.places import Places
from simblock_indexer.dedup.outcome.result import Outcome
from simblock_indexer.dedup.outcome.stars import stars
from simblock_indexer.dedup.outcome.tables import table
from simblock_indexer.dedup.outcome.tally import FILES, Gathered, Intake
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.settled import FATES, KEPT, Settled
from simblock_indexer.dedup.verifying import BINS
from simblock_indexer.indexes import shown
from simblock_indexer.readers.parquet import arrow
from simblock_indexer.readers.remote import called

REPORT, PAGE = "report.json", "report.html"


def require() -> None:
    """Makes sure that an outcome can be written. Raises MissingExtra without pyarrow."""
    arrow()


def conclude(folder: Folder, rates: dict[str, Any], *, page: bool = True) -> Outcome:
    """Writes what became of every document of a settled pass, and says what it came to.

    In the plan's ``out`` stand afterwards dropped.parquet, clusters.parquet, passages.parquet and protected.parquet
    where their scope is on, report.json, and report.html unless ``page`` is False or jinja2 is not installed, which
    the outcome notes. All but ``rates`` is the same for any number of workers, byte for byte. Raises MissingExtra
    without pyarrow, Damaged where a stage's files are.
    """
    documents = Documents(folder)
    settled = Settled.read(folder.settled)
    gathered = Gathered()
    out = documents.plan.out
    dropped.write(out, documents, settled)
    with table(out, clusters.NAME, clusters.FIELDS) as filled:
        written = clusters.Clusters(filled, documents, settled)
        for found in stars(documents, settled):
            gathered.add(found, settled)
            written.add(found)
    outcome = _outcome(folder, documents, settled, gathered, rates)
    if page:
        outcome = _with_page(outcome, folder, settled, gathered.largest)
    with replaced(Path(out) / REPORT) as path:
        path.write_text(json.dumps(outcome.to_dict(), indent=1) + "\n", "utf-8")
    return outcome


def outcome_of(out: str | PathLike[str]) -> Outcome:
    """What report.json says of a finished pass. Raises Damaged where it cannot be read."""
    with intact(f"{Path(out) / REPORT}: missing or cut short: remove {out} and begin anew"):
        return Outcome.from_dict(json.loads((Path(out) / REPORT).read_text("utf-8")))


def _with_page(outcome: Outcome, folder: Folder, settled: Settled, largest: list[tuple[int, int]]) -> Outcome:
    try:
        write_page(outcome, folder, settled, largest, PAGE)
    except MissingExtra as error:
        return replace(outcome, notes=(*outcome.notes, f"no {PAGE}: {error}"))
    return replace(outcome, tables=(*outcome.tables, PAGE))


def _outcome(
    folder: Folder, documents: Documents, settled: Settled, gathered: Gathered, rates: dict[str, Any]
) -> Outcome:
    plan = documents.plan
    met = tally.intake(documents, settled)
    total, kept = int(met.documents.sum()), int(met.documents[KEPT])
    return Outcome(
        out=plan.out,
        documents=total,
        kept=kept,
        dropped=total - kept,
        by_reason=_by_reason(met.documents.tolist()),
        characters=_characters(met),
        files=len(plan.sources),
        rows=met.rows,
        bytes=met.read,
        written=_written(folder),
        bad=met.bad,
        empty=met.empty,
        problems=tuple(met.problems),
        code=met.code,
        earlier=documents.old,
        clusters=_clusters(documents, gathered),
        similarities=_similarities(folder, gathered, plan.options.threshold),
        affected=_affected(documents, met),
        passages=repeated.write(plan.out, folder, documents) if plan.options.passages else None,
        protected=findings.write(plan.out, documents) if plan.options.against else None,
        found=_found(folder),
        parameters=_parameters(plan),
        rates={**rates, "memory": plan.options.memory, "machine": _machine()},
        tables=_tables(plan.options),
        notes=tuple(_notes(folder, documents)),
    )


def _notes(folder: Folder, documents: Documents) -> Iterator[str]:
    if count := _found(folder).get("equal_ids"):
        yield f"{count:,} rows have an id that another has: files and rows tell them apart"
    new = [its.signed for its in documents.delivered]
    if any(part.documents for part in new) and all(np.isinf(part.array("ranks")).all() for part in new):
        keep = documents.plan.options.keep
        yield f"--keep {keep}: no row has a value in that column, so the order of the inputs decided"


def _parameters(plan: Plan) -> dict[str, Any]:
    """What decided the outcome."""
    told = {**plan.options.to_dict(), "partitions": plan.partitions, "state": plan.state}
    told["against"] = [shown(index) for index in plan.options.against]
    del told["memory"]
    return told


def _tables(options: DedupOptions) -> tuple[str, ...]:
    scopes = ((repeated.NAME, options.passages), (findings.NAME, bool(options.against)))
    return dropped.NAME, clusters.NAME, *(name for name, on in scopes if on), REPORT


def _by_reason(counts: list[int]) -> dict[str, int]:
    return dict(zip(FATES[1:], counts[1:], strict=True))


def _characters(met: Intake) -> dict[str, Any]:
    counts = met.characters.tolist()
    return {
        "read": sum(counts),
        "kept": counts[KEPT],
        "dropped": sum(counts) - counts[KEPT],
        "by_reason": _by_reason(counts),
    }


def _clusters(documents: Documents, gathered: Gathered) -> dict[str, Any]:
    sizes = gathered.sizes.copy()
    sizes[1] = len(documents) - gathered.members
    largest = Places(documents).any(np.array([centre for _, centre in gathered.largest], np.uint32))
    return {
        "count": gathered.count,
        "members": gathered.members,
        "by_size": tally.by_size(sizes),
        "largest": [
            {"cluster": id, "size": size, "source": source, "row": row or None}
            for (size, _), id, source, row in zip(
                gathered.largest, largest.ids, largest.sources, largest.rows.tolist(), strict=True
            )
        ],
    }


def _similarities(folder: Folder, gathered: Gathered, threshold: float) -> dict[str, Any]:
    measured = tally.counters(folder.root / "verified").get("measured", [0] * BINS)
    return {
        "width": 1 / BINS,
        "members": gathered.near.tolist(),
        "exact": gathered.exact,
        "rejected": tally.rejected(measured, gathered, threshold),
    }


def _machine() -> dict[str, Any]:
    """Where the pass was concluded."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def _written(folder: Folder) -> dict[str, int]:
    """What *write* counted."""
    counts = tally.counters(folder.root / "written")
    return {name: counts.get(told, 0) for name, told in WRITTEN.items()}


WRITTEN = {
    "documents": "kept",
    "bytes": "bytes",
    "cut": "changed",
    "unreadable": "unreadable",
}
"""What *write* calls that which the report has under these names."""


def _found(folder: Folder) -> dict[str, Any]:
    """What stages counted."""
    return {**counted(folder.clustered), "tests": tally.counters(folder.root / "verified").get("tests", 0)}


def _affected(documents: Documents, met: Intake) -> tuple[dict[str, Any], ...]:
    most = sorted(met.files.items(), key=lambda item: (-item[1][1], item[0]))
    return tuple(
        {"source": called(documents.plan.sources[source].place), "kept": kept, "dropped": gone}
        for source, (kept, gone) in most[:FILES]
        if gone
    )
