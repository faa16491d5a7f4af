"""Code that is alike and copies nothing: sibling functions of one file, and independent solutions of one task.

Stated, not gated: of siblings whoever reads the pair must say whether a stop is wrong, and judges of clones disagree.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from benchmarks.code_copies import Prose, planted, standing
from benchmarks.code_corpus import Source, sources
from benchmarks.corpus import half_of
from benchmarks.evasions.siblings import Independent, Sibling, independent, of_file, without
from benchmarks.quality.material import seeded, write_index
from benchmarks.quality.sighting import Row, Sighting, grouped, seen, share
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.work import Document, Work

MOST_FILES = 1500
"""Files of a language that are searched for siblings."""


class Alike(NamedTuple):
    """A task: so many siblings of a language, or with ``language`` empty so many independent solutions."""

    folder: Path
    shared: Path
    language: str
    half: str
    count: int
    prose: Prose
    seed: int


def check_alike(task: Alike) -> list[Sighting]:
    """What the default policy makes of them."""
    return of_siblings(task) if task.language else of_tasks(task)


def of_siblings(task: Alike) -> list[Sighting]:
    """Each sibling as an output, against an index of the files they are from without them."""
    files = sorted(sources(task.folder, task.language, "protected"), key=_chance)
    files = [one for one in files if half_of(f"{one.package}/{one.path}") == task.half][:MOST_FILES]
    them = list(islice(_siblings(files, task.language), task.count))
    names = {sibling.out.id for sibling in them}
    documents = without(them, (one for one in files if f"{one.package}/{one.path}" in names), task.language)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        asked = Guard(write_index(documents, Path(folder) / "siblings.sbx"), Policy.load())
        for sibling in them:
            function = sibling.out
            copy = planted(
                function,
                standing(function).rstrip("\n") + "\n",
                task.prose,
                seeded(task.seed, function.id, function.start),
            )
            row = Sighting(
                "sibling",
                "siblings",
                f"{function.id}@{function.start}",
                language=task.language,
                size=copy.size,
            )
            found.append(seen(asked.check(copy.text, all=True), row, {sibling.kept.id}))
    return found


def _siblings(files: list[Source], language: str) -> Iterator[Sibling]:
    for source in files:
        yield from of_file(source, language)


def _chance(source: Source) -> bytes:
    return hashlib.sha256(f"{source.package}/{source.path}".encode()).digest()


def of_tasks(task: Alike) -> list[Sighting]:
    """Each solution as an output, against an index of all that are protected; counted is what its own pair stops."""
    them = _first_of_each_task(independent(task.shared), task.count)
    ids = {
        text: f"program {number}" for number, text in enumerate(dict.fromkeys(one.protected for one in them))
    }
    documents = [Document(Work(id, kind="code", language="java"), text) for text, id in ids.items()]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        asked = Guard(write_index(documents, Path(folder) / "tasks.sbx"), Policy.load())
        for number, one in enumerate(them):
            text = f"Here is one way to do it.\n\n```{one.language}\n{one.output}\n```\n"
            row = Sighting("sibling", one.task.split()[0], f"{one.task} {number}", language=one.language)
            found.append(seen(asked.check(text, all=True), row, {ids[one.protected]}))
    return found


def _first_of_each_task(them: Iterator[Independent], count: int) -> list[Independent]:
    """So many of each set, those of a set in the order of chance."""
    kinds: dict[str, list[Independent]] = {}
    for one in them:
        kinds.setdefault(one.task.split()[0], []).append(one)
    return [
        one
        for part in kinds.values()
        for one in sorted(part, key=lambda it: hashlib.sha256((it.output + it.protected).encode()).digest())[
            :count
        ]
    ]


def alike_rows(them: list[Sighting]) -> list[Row]:
    """The share of each set that is stopped for what it is alike to."""
    return [
        {
            "set": name,
            "language": language,
            "n": len(part),
            "stopped": share(part, "right"),
            "errors": sum(one.error for one in part),
        }
        for (name, language), part in grouped(them, "name", "language").items()
    ]
