"""Making a plan, and finding the one that was made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from simblock.errors import UsageError
from simblock_indexer.dedup.delivery.rows import Part, Source
from simblock_indexer.dedup.folder import Folder, Plan
from simblock_indexer.dedup.options import MIB, DedupOptions
from simblock_indexer.dedup.planning import stamps
from simblock_indexer.dedup.planning.claiming import put_first
from simblock_indexer.dedup.planning.resuming import PLAN, same
from simblock_indexer.readers.options import ReadOptions

StrPath: TypeAlias = str | PathLike[str]
WORK = ".work"
"""The working folder, inside the folder of what is kept."""
REPORT = "report.json"
"""The last thing that a pass writes."""
PARTS = 64
"""Into so many parts a delivery is cut, where that makes neither very small nor very large ones."""
SMALLEST_PART, LARGEST_PART = 8 * MIB, 256 * MIB
MOST_PARTS = 4096
"""But into no more: a process keeps two files of each open."""
FEWEST_PARTITIONS, MOST_PARTITIONS = 16, 4096
OF_A_PARTITION = 64 * MIB
"""Bytes of a delivery for each partition of its keys."""


def plan(
    inputs: Iterable[str],
    out: StrPath,
    options: DedupOptions,
    reading: ReadOptions,
    *,
    work: StrPath | None = None,
    state: StrPath | None = None,
    earlier: tuple[str, ...] = (),
) -> tuple[Folder, Plan]:
    """The working folder of a pass and its plan: the one that was begun there, if it is the same, else a new one.

    ``earlier`` are the segments of the deliveries that ``state`` has. Raises UsageError where ``out`` is finished or holds something else, where another pass was begun in the working
    folder, where inputs changed since, and what looking for the inputs raises.
    """
    target = _local(out, "--out")
    folder = Folder(_local(work, "--work") if work else target / WORK)
    refuse_finished(target)
    kept = [_local(state, "--state")] if state else []
    apart = (target, folder.root, *kept)
    reading = replace(reading, leave_out=(*reading.leave_out, *apart))
    asked = _asked(list(inputs), target, options, reading)
    asked = replace(asked, state=str(kept[0]) if kept else None, segments=earlier)
    found = stamps.of(asked)
    if not (folder.root / PLAN).exists():
        _refuse_used(target, folder.root)
        made = replace(asked, parts=_parts(asked))
        if _claimed(folder.root, made, found):
            return folder, made
    stamps.refuse_changed(folder.root, found)
    return folder, same(folder, asked)


def finished(out: StrPath) -> bool:
    """Whether a pass has ended in ``out``."""
    return (Path(out) / REPORT).exists()


def refuse_finished(out: StrPath) -> None:
    """Raises UsageError where a pass has ended in ``out``."""
    if finished(out):
        raise UsageError(
            f"{out} holds a finished pass ({REPORT}): give another --out, or remove it to begin anew"
        )


def begun(out: StrPath, work: StrPath | None = None) -> bool:
    """Whether a pass was begun for ``out`` and not ended."""
    return (Path(work or Path(out) / WORK) / PLAN).exists()


def part_bytes(total: int) -> int:
    """The size of the parts into which inputs of ``total`` bytes are cut."""
    return max(min(max(total // PARTS, SMALLEST_PART), LARGEST_PART), total // MOST_PARTS)


def partitions(total: int) -> int:
    """Into how many partitions the keys of inputs of ``total`` bytes are divided: a power of two."""
    wanted = -(-total // OF_A_PARTITION)
    return min(max(1 << max(wanted - 1, 0).bit_length(), FEWEST_PARTITIONS), MOST_PARTITIONS)


def _local(place: StrPath, option: str) -> Path:
    if "://" in str(place):
        raise UsageError(f"{option} {place}: it is a folder that every process sees, such as a mounted one")
    return Path(place).absolute()


def _asked(inputs: list[str], target: Path, options: DedupOptions, reading: ReadOptions) -> Plan:
    """The plan, but for its parts, which follow from the rest, and its state."""
    from simblock_indexer.dedup.delivery.sources import sources

    found = tuple(map(_placed, sources(inputs, reading)))
    for source in found:
        if Path(source.place).resolve().is_relative_to(target.resolve()):
            raise UsageError(f"--out {target}: the input {source.place} lies in it: give a folder of its own")
    return Plan(
        at_home(options),
        reading,
        found,
        (),
        partitions(sum(source.size for source in found)),
        str(target),
    )


def _parts(asked: Plan) -> tuple[Part, ...]:
    from simblock_indexer.dedup.delivery.sources import parts

    total = sum(source.size for source in asked.sources)
    return tuple(parts(list(asked.sources), asked.reading, part_bytes(total)))


def _absolute(place: str) -> str:
    """A path as processes find it that work in other folders."""
    return place if "://" in place else str(Path(place).absolute())


def _placed(source: Source) -> Source:
    return source if source.form == "memory" else source._replace(place=_absolute(source.place))


def at_home(options: DedupOptions) -> DedupOptions:
    """Options whose files and indexes are named as processes find them that work in other folders."""
    return replace(
        options,
        against=tuple(map(_absolute, options.against)),
        key_files=tuple(map(_absolute, options.key_files)),
        policy=options.policy and _absolute(options.policy),
    )


def _refuse_used(target: Path, root: Path) -> None:
    """Raises UsageError where something else stands in a folder that a new pass is to fill."""
    for folder in (target, root):
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file: name a folder")
    if target.is_dir() and any(not root.is_relative_to(path) for path in target.iterdir()):
        raise UsageError(
            f"{target} is not empty, and no unfinished pass lies in {root}: give a new --out, or the --work "
            "of the pass that is to go on"
        )
    if root.is_dir() and any(path.is_dir() for path in root.iterdir()):
        raise UsageError(f"{root} is not empty, and no pass was begun in it: give a new --work")


def _claimed(root: Path, made: Plan, found: stamps.Stamps) -> bool:
    """Writes a new plan; False where another was faster."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        if (root / PLAN).exists():
            return False
        stamps.write(root, found)
        return put_first(root / PLAN, made.to_json())
    except OSError as error:
        raise UsageError(
            f"{root} cannot be written ({(error.strerror or '').lower()}): name another"
        ) from None
