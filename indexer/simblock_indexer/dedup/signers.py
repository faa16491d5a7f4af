"""Parts of documents that a program holds, signed in several processes while it reads on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

from simblock_indexer.crew import Crew, End
from simblock_indexer.dedup import signing
from simblock_indexer.dedup.delivery.rows import Met, Rows
from simblock_indexer.dedup.folder import Folder, Plan

END = End(lambda _: "a process that signed documents ended", ": try again, or with workers=1")


class Given(NamedTuple):
    """A part: its number, its documents, and what their reading met."""

    number: int
    rows: Iterable[Rows]
    met: Met


def sign(parts: Iterator[Given], plan: Plan, folder: Folder, workers: int) -> int:
    """Signs parts, whose documents are taken one batch after the other, each part's before the next; how many.

    Raises what signing one raises, and SimblockError where a process was ended.
    """
    read = parts if workers == 1 else (given._replace(rows=list(given.rows)) for given in parts)
    with Crew(partial(_sign, plan, folder), workers, END) as crew:
        return sum(1 for _ in crew.share(read))


def _sign(plan: Plan, folder: Folder, given: Given) -> None:
    signing.put(folder, given.number, given.rows, plan, given.met)
