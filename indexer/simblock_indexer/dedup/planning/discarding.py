"""Removing a working folder: that of a pass which has ended, or of one that is to be begun anew."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from simblock.errors import UsageError
from simblock_indexer.dedup import deliveries
from simblock_indexer.dedup.folder import Folder, Plan, sweep
from simblock_indexer.dedup.planning import stamps
from simblock_indexer.dedup.planning.resuming import PLAN

TABLES = ("dropped.parquet", "clusters.parquet", "passages.parquet", "protected.parquet", "report.html")
DOCUMENTS = "documents"


def remove(root: Path) -> None:
    """Removes a working folder, its plan last: where that is ended, too, the folder is still known for what it is."""
    last = (PLAN, stamps.NAME)
    with suppress(OSError):
        for path in root.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name not in last:
                path.unlink(missing_ok=True)
        for name in last:
            (root / name).unlink(missing_ok=True)
        root.rmdir()


def discard(folder: Folder) -> None:
    """Removes what an unfinished pass wrote, and its working folder. Raises UsageError where it was added to its state."""
    plan = folder.plan
    if deliveries.added(plan):
        raise UsageError(
            f"--anew: the pass in {folder.root} was added to {plan.state} already: give the command without it, to "
            "end that pass"
        )
    _remove_written(plan)
    remove(folder.root)


def _remove_written(plan: Plan) -> None:
    """The folder was empty when the pass began, but only what bears a name of the pass is removed."""
    out = Path(plan.out)
    for name in (*TABLES, *(f"{DOCUMENTS}/{source.name}" for source in plan.sources)):
        (out / name).unlink(missing_ok=True)
    sweep(out, everybody=True)
    for folder in sorted((out / DOCUMENTS).rglob("*"), reverse=True):
        with suppress(OSError):
            folder.rmdir()
    with suppress(OSError):
        (out / DOCUMENTS).rmdir()
