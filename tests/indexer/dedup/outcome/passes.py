"""Passes as their stages leave them, made by hand: what became of each document is said, not found."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from simblock_indexer.dedup.delivery.rows import Part, Source
from simblock_indexer.dedup.folder import Folder, Plan, save
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.part import SLOTS, TEXT, Signed
from simblock_indexer.dedup.protected import Found
from simblock_indexer.dedup.settled import FATES, Settled
from simblock_indexer.dedup.verifying import BINS
from simblock_indexer.readers.options import ReadOptions


@dataclass
class Doc:
    """A document and what became of it; ``keeper`` is a number over the pass, None for itself."""

    text: str = "a text"
    id: str | None = None
    fate: str = "kept"
    keeper: int | None = None
    similarity: float = 1.0
    rank: float = 0.0
    sort: int = TEXT
    found: tuple[dict[str, Any], ...] = ()
    redacted: tuple[tuple[int, int], ...] = ()


@dataclass
class Delivery:
    """Files of documents, each in one part or, where ``halves`` says so, in two; ``earlier`` documents before them.
    A None among the documents is a bad row."""

    files: dict[str, list[Doc | None]]
    earlier: list[Doc] = field(default_factory=list)
    halves: dict[str, int] = field(default_factory=dict)
    options: DedupOptions = field(default_factory=DedupOptions)
    cuts: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    measured: dict[int, int] = field(default_factory=dict)
    pairs: list[tuple[int, int]] = field(default_factory=list)

    def made(self, root: Path) -> Folder:
        """The working folder of the settled pass."""
        folder = Folder(root / "out" / ".work")
        sources, parts = [], []
        for number, (name, docs) in enumerate(self.files.items()):
            path = root / name
            lines = [_line(doc) for doc in docs]
            path.write_bytes(b"".join(lines))
            sources.append(Source(str(path), "jsonl", path.stat().st_size, path.stem, name))
            edge = self.halves.get(name, len(docs))
            for some, start, end in (
                (docs[:edge], 0, sum(map(len, lines[:edge]))),
                (docs[edge:], sum(map(len, lines[:edge])), sum(map(len, lines))),
            ):
                if some or not start:
                    part = Part(len(parts), number, start, end)
                    parts.append(part)
                    _sign(folder.signed(part.number), some)
        segments = ()
        if self.earlier:
            _sign(root / "state" / "000000", self.earlier)
            segments = (str(root / "state" / "000000"),)
        reading = ReadOptions(kind="text", skip_bad=True)
        plan = Plan(self.options, reading, tuple(sources), tuple(parts), 1, str(root / "out"), None, segments)
        folder.root.mkdir(parents=True, exist_ok=True)
        (folder.root / "plan.json").write_text(plan.to_json(), "utf-8")
        self._compared(folder)
        self._settle(folder)
        return folder

    @property
    def documents(self) -> list[Doc]:
        return [*self.earlier, *(doc for docs in self.files.values() for doc in docs if doc)]

    def _compared(self, folder: Folder) -> None:
        pairs = np.array(self.pairs, np.uint32).reshape(-1, 2)
        folder.clustered.mkdir(parents=True)
        save(folder.clustered / "members.npy", np.arange(len(self.documents), dtype=np.uint32))
        save(folder.clustered / "pairs.npy", pairs)
        save(folder.clustered / "member_splits.npy", np.array([0, len(self.documents)]))
        save(folder.clustered / "pair_splits.npy", np.array([0, len(pairs)]))
        counts = {"entries": 40, "compared": 20, "crowded": 1, "candidates": 9, "units": 1}
        (folder.clustered / "counts.json").write_text(json.dumps(counts))
        folder.verified(0).mkdir(parents=True)
        measured = [self.measured.get(at, 0) for at in range(BINS)]
        told = {"tests": sum(measured), "measured": measured}
        (folder.verified(0) / "counts.json").write_text(json.dumps(told))

    def _settle(self, folder: Folder) -> None:
        docs = self.documents
        cuts = [(owner, *cut) for owner, some in sorted(self.cuts.items()) for cut in some]
        rows = np.array(cuts, np.int64).reshape(-1, 3)
        settled = Settled(
            np.array([FATES.index(doc.fate) for doc in docs], np.uint8),
            np.array([at if doc.keeper is None else doc.keeper for at, doc in enumerate(docs)], np.uint32),
            np.array([doc.similarity for doc in docs], np.float32),
            rows[:, 0].astype(np.uint32),
            rows[:, 1:],
        )
        folder.settled.mkdir(parents=True)
        settled.write(folder.settled)


def _line(doc: Doc | None) -> bytes:
    row = "not a row" if doc is None else json.dumps({"text": doc.text} | ({"id": doc.id} if doc.id else {}))
    return row.encode() + b"\n"


def _sign(folder: Path, docs: list[Doc | None]) -> None:
    lines = [line for line, doc in enumerate(docs) if doc]
    there = [doc for doc in docs if doc]
    count = len(there)
    words = [doc.text.split() for doc in there]
    bounds = np.cumsum([0, *map(len, words)])
    bad = len(docs) - count
    counts = {
        "documents": count, "rows": len(docs), "characters": sum(len(doc.text) for doc in there), "tokens": int(bounds[-1]),
        "read": 100 * count, "bad": bad, "empty": 0, "problems": ["row 2: not JSON"] * bad,
    }  # fmt: skip
    signed = Signed(
        lines=np.array(lines, np.uint32),
        sorts=np.array([doc.sort for doc in there], np.uint8),
        sizes=np.array([len(doc.text) for doc in there], np.uint32),
        digests=np.zeros(count, np.uint64),
        checks=np.zeros(count, np.uint32),
        sketches=np.zeros((count, SLOTS), np.uint8),
        ranks=np.array([doc.rank for doc in there], np.float64),
        ids=[doc.id for doc in there],
        runs=np.array(
            [zlib.crc32(word.encode("utf-8", "surrogatepass")) for some in words for word in some], np.uint32
        ),
        bounds=bounds,
        keys=np.empty(0, np.uint64),
        owners=np.empty(0, np.uint32),
        splits=np.zeros(2, np.int64),
        more={
            "cut_owners": np.array([at for at, doc in enumerate(there) for _ in doc.redacted], np.uint32),
            "cut_spans": np.array([span for doc in there for span in doc.redacted], np.int64).reshape(-1, 2),
        },
        counts=counts,
    )
    folder.mkdir(parents=True)
    signed.write(folder)
    found = [one | {"line": line} for line, doc in zip(lines, there, strict=True) for one in doc.found]
    (folder / "protected.json").write_text(json.dumps(found))


FOUND = Found(
    0, None, "books", "moby", "Moby-Dick", None, "text", "exact", 0.9, 40, 30, 200.0, True, False, 3, 20, 100, 117,
    "rule 1", "stop", "drop",
)  # fmt: skip


def found(**changes: Any) -> dict[str, Any]:
    """A finding, as a part has it."""
    return FOUND._replace(**changes)._asdict()
