"""A state, the folder of ``--state``: deliveries, and the list of them.

``state.json`` names the deliveries in order. Each is a folder that appears whole, and ``delivery.json`` in it says of
which pass it is and what the CRC-32 of its files are. Nothing is ever removed from a state but what a pass left half
made; what cannot be told to be that is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simblock.errors import Damaged, UsageError
from simblock.stores.shelf import sync
from simblock_indexer.dedup.folder import Folder, Plan, half_made, hidden, intact, replaced, sweep
from simblock_indexer.dedup.options import DedupOptions

VERSION = 1
LIST, DELIVERY, LOCK = "state.json", "delivery.json", "state.lock"
MEANT = ("scope", "threshold", "sketch", "min_passage")
"""Options that decide what a segment holds."""
BLOCK = 1 << 20
_SEGMENT = re.compile(r"\d{6,}/\d{6,}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a pass added: the digest of its ``plan``, folders of ``segments`` below the state, so many ``documents``."""

    plan: str
    segments: tuple[str, ...]
    documents: int


@dataclass(frozen=True, slots=True)
class Listed:
    """The list of a state: the ``options`` that all deliveries have in common, and the deliveries in order."""

    options: dict[str, Any]
    deliveries: tuple[Delivery, ...] = ()

    def has(self, plan: str) -> bool:
        """Whether a pass was added, by the digest of its plan."""
        return any(delivery.plan == plan for delivery in self.deliveries)

    def segments(self, state: Path) -> tuple[str, ...]:
        """The folders of all segments, in order."""
        return tuple(str(state / segment) for delivery in self.deliveries for segment in delivery.segments)

    def write(self, state: Path) -> None:
        """Writes the list, so that it outlives a loss of power."""
        told = {"version": VERSION, **asdict(self)}
        with replaced(state / LIST) as file:
            file.write_text(json.dumps(told, indent=1), "utf-8")
            sync(file)
        sync(state)


def earlier(state: Path, options: DedupOptions) -> tuple[str, ...]:
    """The segments of earlier deliveries, in order; none where there is no state yet.

    Raises UsageError where they were made with other options or by another version, or where the folder holds
    something else; Damaged where the list is lost or cannot be read.
    """
    listed = _read(state)
    if listed is None:
        return ()
    for name in MEANT:
        if listed.options[name] != getattr(options, name):
            raise UsageError(
                f"{state}: was made with --{name.replace('_', '-')} {listed.options[name]}: "
                "give the same, or another --state"
            )
    return listed.segments(state)


def check_whole(segments: tuple[str, ...]) -> None:
    """Raises Damaged where a file of a segment is missing or has other bytes than were written."""
    for delivery in dict.fromkeys(Path(segment).parent for segment in segments):
        for name, check in _made_by(delivery)["checks"].items():
            if _check(delivery / name) != check:
                raise Damaged(f"{delivery / name} is not as it was written: restore the state from a copy")


def added(plan: Plan) -> bool:
    """Whether a pass was added to its state. Raises as :func:`earlier` does."""
    listed = None if plan.state is None else _read(Path(plan.state))
    return listed is not None and listed.has(_digest(plan))


def refuse_grown(plan: Plan) -> None:
    """Raises UsageError where a state has other deliveries than those that a pass is compared with, unless they are
    this very pass; else as :func:`earlier` does."""
    if plan.state is None or added(plan):
        return
    if earlier(Path(plan.state), plan.options) != plan.segments:
        raise UsageError(
            f"{plan.state}: the state grew since this pass began, which is not compared with what was added: "
            f"remove {plan.out}, or give that pass up with --anew"
        )


def add(plan: Plan, fill: Callable[[Path], tuple[list[str], int]]) -> None:
    """Adds a delivery to a pass's state, which ``fill`` writes into a folder: names of its segments, and how many
    documents they have. Does nothing where that was done; of several processes one at a time may call it.

    Raises as :func:`refuse_grown` does, and UsageError where something else stands in the place of the delivery.
    """
    assert plan.state is not None
    if added(plan):
        return
    refuse_grown(plan)
    state, digest = Path(plan.state), _digest(plan)
    state.mkdir(parents=True, exist_ok=True)
    sweep(state)
    listed = _read(state)
    if listed is None:  # from now on deliveries without a list are a list that was lost
        listed = Listed({name: getattr(plan.options, name) for name in MEANT})
        listed.write(state)
    place = state / f"{len(listed.deliveries):06}"
    _clear(place, digest)
    with Folder(state).making(place) as filled:
        segments, documents = fill(filled)
        _seal(filled, {"plan": digest, "out": plan.out})
    sync(state)
    new = Delivery(digest, tuple(f"{place.name}/{segment}" for segment in segments), documents)
    Listed(listed.options, (*listed.deliveries, new)).write(state)


def _digest(plan: Plan) -> str:
    return hashlib.sha256(plan.to_json().encode()).hexdigest()[:16]


def _read(state: Path) -> Listed | None:
    """The list of a state; None where there is no state yet."""
    with intact(f"{state}: its list of deliveries ({LIST}) cannot be read: restore it from a copy"):
        text = _text(state)
        if text is not None:
            return _listed(state, json.loads(text))
    _refuse_used(state)
    return None


def _text(state: Path) -> str | None:
    try:
        return (state / LIST).read_text("utf-8")
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise UsageError(f"--state {state} is a file: name a folder") from None


def _listed(state: Path, told: dict[str, Any]) -> Listed:
    if told["version"] != VERSION:
        raise UsageError(f"{state}: the state was made by another simblock: give another --state")
    return Listed({name: told["options"][name] for name in MEANT}, tuple(map(_delivery, told["deliveries"])))


def _delivery(told: dict[str, Any]) -> Delivery:
    """Raises ValueError where it is none."""
    segments = tuple(told["segments"])
    if not all(_SEGMENT.fullmatch(segment) for segment in segments):
        raise ValueError
    return Delivery(str(told["plan"]), segments, int(told["documents"]))


def _refuse_used(state: Path) -> None:
    """Raises where a folder without a list cannot become a state."""
    if not state.is_dir():
        return
    others = [path for path in state.iterdir() if path.name != LOCK and not half_made(path)]
    if any((path / DELIVERY).exists() for path in others):
        raise Damaged(f"{state}: its list of deliveries ({LIST}) is missing: restore it from a copy")
    if others:
        raise UsageError(f"--state {state} is not empty and no state, as it has no {LIST}: give a new folder")


def _clear(place: Path, digest: str) -> None:
    """Removes a delivery of the pass with this digest that was ended before it was listed."""
    if not place.exists():
        return
    made = _made_by(place)
    if made["plan"] != digest:
        raise UsageError(
            f"{place}: not listed, as the pass into {made['out']} was ended too early: give its command again, or "
            "remove the folder"
        )
    away = hidden(place)
    place.rename(away)
    shutil.rmtree(away, ignore_errors=True)


def _made_by(delivery: Path) -> dict[str, Any]:
    """What delivery.json says: plan, out, checks. Raises Damaged where it cannot be read."""
    with intact(f"{delivery} cannot be read as a delivery ({DELIVERY}): restore the state from a copy"):
        told = json.loads((delivery / DELIVERY).read_text("utf-8"))
        return {"plan": str(told["plan"]), "out": str(told["out"]), "checks": dict(told["checks"])}


def _seal(filled: Path, made_by: dict[str, str]) -> None:
    """Writes delivery.json, and sees that all of a delivery is on the disk."""
    files = sorted(path for path in filled.rglob("*") if path.is_file())
    checks = {path.relative_to(filled).as_posix(): _check(path) for path in files}
    (filled / DELIVERY).write_text(json.dumps({**made_by, "checks": checks}), "utf-8")
    for folder, _, names in os.walk(filled):
        for name in names:
            sync(Path(folder, name))
        sync(Path(folder))


def _check(path: Path) -> int:
    """The CRC-32 of a file. Raises Damaged where it cannot be read."""
    check = 0
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                check = zlib.crc32(block, check)
    except OSError as error:
        raise Damaged(
            f"{path}: {(error.strerror or 'gone').lower()}: restore the state from a copy"
        ) from error
    return check
