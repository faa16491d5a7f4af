"""Near-copies of documents that a program holds, found by the same stages as those of files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from os import PathLike, fspath
from pathlib import Path

from simblock.errors import UsageError
from simblock_indexer.dedup import protected, settling, stages
from simblock_indexer.dedup.deduplicated import Deduplicated
from simblock_indexer.dedup.delivery import ranking
from simblock_indexer.dedup.delivery.offered import NAME, Documents, Offer
from simblock_indexer.dedup.delivery.reading import Asked
from simblock_indexer.dedup.delivery.rows import Met, Part, Source
from simblock_indexer.dedup.engines import local
from simblock_indexer.dedup.folder import Folder, Plan
from simblock_indexer.dedup.gathering import NAMELESS, gather
from simblock_indexer.dedup.options import MIB, Cut, DedupOptions, Scope, Sketch
from simblock_indexer.dedup.signers import Given, sign
from simblock_indexer.readers.options import KindChoice, ReadOptions

PART = 16 * MIB
"""Characters of a part."""
PARTITIONS = 256
"""Into how many parts keys are divided while nobody knows how many documents will come."""
OF_A_PARTITION = 1 << 17
"""Documents for each partition in the end: a power of two."""

StrPath = str | PathLike[str]


def deduplicate(
    documents: Documents,
    *,
    threshold: float = 0.8,
    max_copies: int = 1,
    keep: str = "first",
    scope: Scope = "document",
    cut: Cut = "drop",
    min_passage: int = 50,
    sketch: Sketch = "one-permutation",
    against: StrPath | Iterable[StrPath] = (),
    policy: StrPath | None = None,
    key_files: Iterable[StrPath] = (),
    text_field: str = "text",
    id_field: str = "id",
    date_field: str = "date",
    kind: KindChoice = "auto",
    language: str | None = None,
    detect: bool = False,
    skip_bad: bool = False,
    workers: int = 1,
    memory: int = 2048 * MIB,
    work: StrPath | None = None,
) -> Deduplicated:
    """Finds near-copies among ``documents`` and says which to keep; what is given is left as it is.

    ``documents`` are strings, mappings with the fields ``text_field`` and ``id_field``, pairs (id, text), or whatever
    speaks Arrow's C stream (pandas, Polars, DuckDB, pyarrow), itself or in an iterable of tables. They are read
    once and never held at a time: what is known of them lies in a temporary folder, below ``work`` where that is
    given, which is removed at the end. The other arguments are those of ``simblock-index dedup``; ``memory`` is
    in bytes. With ``workers`` above one they are signed and compared in so many other processes, and a script's own work
    stands under ``if __name__ == "__main__":``.

    Raises UsageError where a value cannot be meant, InputError naming the row where one cannot be read (``skip_bad``
    counts it instead), IndexProblem where an index of ``against`` cannot be used, MissingExtra where pyarrow is
    needed and absent.
    """
    several = (against,) if isinstance(against, str | PathLike) else against
    options = DedupOptions(
        scope=scope,
        threshold=threshold,
        max_copies=max_copies,
        keep=keep,
        date_field=date_field,
        cut=cut,
        min_passage=min_passage,
        sketch=sketch,
        against=tuple(fspath(one) for one in several),
        policy=None if policy is None else fspath(policy),
        key_files=tuple(fspath(one) for one in key_files),
        memory=memory,
    )
    reading = ReadOptions(
        kind=kind,
        language=language,
        detect=detect,
        text_field=text_field,
        id_field=id_field,
        skip_bad=skip_bad,
        workers=workers,
    )
    if work is not None and not Path(work).is_dir():
        raise UsageError(f"work {work}: there is no such folder: make it, or name another")
    plan = Plan(options, reading, (Source(NAME, "memory", 0, NAMELESS, NAME),), (), PARTITIONS)
    protected.protection(options)  # an index that cannot be opened is told before anything is read
    offer = Offer(documents, Asked(reading, ranking.rule_of(options)))
    with tempfile.TemporaryDirectory(prefix="simblock-", dir=work) as root:
        folder = Folder(root)
        parts = sign(_parts(offer), plan, folder, workers)
        numbered = tuple(Part(number, 0, 0, -1) for number in range(parts))
        plan = replace(plan, parts=numbered, partitions=_partitions(offer.done))
        (folder.root / "plan.json").write_text(plan.to_json(), "utf-8")
        _run(folder, workers)
        return gather(folder, plan, offer.languages)


def _partitions(rows: int) -> int:
    return min(PARTITIONS, 1 << (rows // OF_A_PARTITION).bit_length())


def _parts(offer: Offer) -> Iterator[Given]:
    """The parts, each to be read before the next."""
    for number in count():
        met = Met()
        yield Given(number, offer.part(PART, met), met)
        if offer.ended:
            return


def _run(folder: Folder, workers: int) -> None:
    with local(str(folder.root), workers) as run:
        for stage in ("join", "cluster", "verify"):
            for _ in run(stage, stages.units(folder, stage)):
                pass
    settling.settle(folder)
