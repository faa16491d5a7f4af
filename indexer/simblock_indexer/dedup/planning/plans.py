"""Making a plan, and finding the one that was made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import NamedTuple, TypeAlias

from simblock.errors import SimblockError, UsageError
from simblock_indexer.dedup.delivery.rows import Part, Source
from simblock_indexer.dedup.folder import Folder, Plan, half_made
from simblock_indexer.dedup.options import MIB, DedupOptions
from simblock_indexer.dedup.planning import stamps
from simblock_indexer.dedup.planning.claiming import put_first
from simblock_indexer.dedup.planning.resuming import PLAN, alike, same
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


class Request(NamedTuple):
    """What is asked of a pass, its files and folders as they were given. Without ``work``, the working folder lies in
    ``out``."""

    inputs: Sequence[str]
    out: StrPath
    options: DedupOptions
    reading: ReadOptions
    work: StrPath | None = None
    state: StrPath | None = None


def plan(request: Request, earlier: tuple[str, ...] = ()) -> tuple[Folder, Plan]:
    """The working folder of a pass and its plan: the one that was begun there, if it is the same, else a new one.

    ``earlier`` are the segments of the deliveries that ``state`` has. Raises UsageError where ``out`` is finished or
    holds something else, where another pass was begun in the working folder, where inputs changed since, where a
    folder or an input lies in a folder that is to be apart, and what looking for the inputs raises.
    """
    at = _places(request.out, request.work, request.state)
    target, folder = at.out, Folder(at.work)
    refuse_finished(target)
    asked = replace(_asked(request, at), segments=earlier)
    found = stamps.of(asked)
    if not (folder.root / PLAN).exists():
        _refuse_used(target, folder.root)
        made = replace(asked, parts=_parts(asked))
        if _claimed(folder.root, made, found):
            return folder, made
    stamps.refuse_changed(folder.root, found)
    return folder, same(folder, asked)


def ended(request: Request) -> Folder | None:
    """The working folder of the pass that ended in ``out``, if it is the one that is asked for and was killed before
    that folder was gone; else None."""
    if not (finished(request.out) and begun(request.out, request.work)):
        return None
    at = _places(request.out, request.work, request.state)
    folder = Folder(at.work)
    try:
        return folder if alike(folder.plan, _asked(request, at)) else None
    except SimblockError:  # gone meanwhile, or its inputs are
        return None


def unfinished(out: StrPath, work: StrPath | None = None) -> Folder | None:
    """The working folder of a pass into ``out`` that was begun and not ended; None where there is none. Raises
    UsageError where it is one of another pass."""
    if finished(out) or not begun(out, work):
        return None
    at = _places(out, work, None)
    folder = Folder(at.work)
    if folder.plan.out != str(at.out):
        raise UsageError(f"{at.work}: the pass into {folder.plan.out} was begun here: give another --work")
    return folder


def made_anything(folder: Folder) -> bool:
    """Whether any unit of an unfinished pass stands, or somebody is making one."""
    signed = folder.signed(0).parent
    return signed.is_dir() and any(signed.iterdir())


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


class _Places(NamedTuple):
    """The folders of a pass."""

    out: Path
    work: Path
    state: Path | None


def _places(out: StrPath, work: StrPath | None, state: StrPath | None) -> _Places:
    target = _local(out, "--out")
    root = _local(work, "--work") if work else target / WORK
    kept = _local(state, "--state") if state else None
    for folder, option in ((target, "--out"), (root, "--work")):
        if kept and (_within(kept, folder) or _within(folder, kept)):
            raise UsageError(f"--state {kept}: {option} {folder} is to be apart from it: name another folder")
    return _Places(target, root, kept)


def _within(path: str | Path, folder: Path) -> bool:
    return Path(path).resolve().is_relative_to(folder.resolve())


_URL = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
"""Also one that was taken for a path, and lost a slash."""


def _local(place: StrPath, option: str) -> Path:
    if _URL.match(str(place)):
        raise UsageError(f"{option} {place}: it is a folder that every process sees, such as a mounted one")
    return Path(place).absolute()


def _asked(request: Request, at: _Places) -> Plan:
    """The plan, but for its parts, which follow from the rest, and the segments of its state."""
    from simblock_indexer.dedup.delivery.sources import sources

    for item in request.inputs:
        if "://" not in item and Path(item).is_dir() and _within(at.out, Path(item)):
            raise UsageError(
                f"--out {at.out}: lies in the input {item}, and the next pass would read it: give a folder outside of it"
            )
    apart = [folder for folder in at if folder is not None]
    reading = replace(request.reading, leave_out=(*request.reading.leave_out, *apart))
    found = tuple(map(_placed, sources(request.inputs, reading)))
    for source in found:
        for folder, option in ((at.out, "--out"), (at.state, "--state")):
            if folder is not None and "://" not in source.place and _within(source.place, folder):
                raise UsageError(
                    f"{option} {folder}: the input {source.place} lies in it: give a folder of its own"
                )
    return Plan(
        at_home(request.options),
        reading,
        found,
        (),
        partitions(sum(source.size for source in found)),
        str(at.out),
        None if at.state is None else str(at.state),
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
    if root.is_dir() and not all(map(_of_a_beginning, root.iterdir())):
        raise UsageError(f"{root} is not empty, and no pass was begun in it: give a new --work")


def _of_a_beginning(path: Path) -> bool:
    """Whether others that begin the same pass at this moment made it."""
    return path.name == stamps.NAME or path.suffix == ".lock" or half_made(path) is not None


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
