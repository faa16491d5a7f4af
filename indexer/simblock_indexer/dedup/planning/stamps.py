"""What tells that a file or an index is still the one that a pass began with: its size and time, or its manifest.

They are no part of the plan, as the outcome does not depend on them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TypeAlias

from simblock.errors import InputError, UsageError
from simblock_indexer.dedup.delivery.rows import Source
from simblock_indexer.dedup.folder import Folder, Plan, replaced

NAME = "stamps.json"
Stamps: TypeAlias = dict[str, str]
"""By file or index."""


def of(plan: Plan) -> Stamps:
    """The stamps of all that a pass reads. Raises InputError where a file is gone, StoreLost."""
    from simblock_indexer.indexes import shown, stamp

    found = {source.place: of_source(source) for source in plan.sources}
    for index in plan.options.against:
        found[shown(index)] = hashlib.sha256(stamp(index) or b"").hexdigest()
    for file in (plan.options.policy, *plan.options.key_files):
        if file is not None:
            found[file] = _of_file(file)
    return found


def of_source(source: Source) -> str:
    """The stamp of an input. Raises InputError where it is gone."""
    if source.form == "memory":
        return ""
    if "://" not in source.place:
        return _of_file(source.place)
    from simblock_indexer.dedup.delivery.remote import stamp

    return stamp(source.place)


def _of_file(path: str) -> str:
    try:
        status = Path(path).stat()
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or 'gone').lower()}: check the path") from None
    return f"{status.st_size} {status.st_mtime_ns}"


def write(root: Path, found: Stamps) -> None:
    """Keeps stamps beside a plan."""
    with replaced(root / NAME) as file:
        file.write_text(json.dumps(found), "utf-8")


def read(root: Path) -> Stamps:
    """What :func:`write` kept; none where it was not."""
    try:
        told: Stamps = json.loads((root / NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told


def refuse_changed(root: Path, found: Stamps) -> None:
    """Raises UsageError where something that a pass began with is another now."""
    for place, before in read(root).items():
        if found.get(place, before) != before:
            raise UsageError(
                f"{place} changed since the pass in {root} began: bring it back, or give that pass up with --anew"
            )


def check(folder: Folder, source: Source) -> None:
    """Raises UsageError where an input is another than the one that the pass began with."""
    refuse_changed(folder.root, {source.place: of_source(source)})
