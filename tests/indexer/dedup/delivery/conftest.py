from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from simblock_indexer.dedup.delivery.reading import read
from simblock_indexer.dedup.delivery.rows import Met, Rows
from simblock_indexer.dedup.delivery.sources import parts, sources
from simblock_indexer.dedup.folder import Plan
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.readers.options import ReadOptions

Write = Callable[..., Path]
PYTHON = (
    "def f(x):\n    return [x[i] for i in range(len(x))]\n\nclass A(B):\n    def g(self):\n        pass\n"
)


def planned(
    *inputs: str | Path, part_bytes: int = 1 << 26, rule: dict[str, Any] | None = None, **reading: Any
) -> Plan:
    """The plan of a pass over some inputs."""
    options = ReadOptions(**reading)
    found = sources(inputs, options)
    return Plan(
        DedupOptions(**(rule or {})), options, tuple(found), tuple(parts(found, options, part_bytes)), 1
    )


def batches(plan: Plan, met: Met | None = None) -> list[Rows]:
    """All that a pass reads."""
    met = met or Met()
    return [rows for part in plan.parts for rows in read(part, plan, met)]


def one(plan: Plan, met: Met | None = None) -> Rows:
    """What a pass reads, where that is one batch."""
    (rows,) = batches(plan, met)
    return rows


def texts(plan: Plan, met: Met | None = None) -> list[str]:
    """The texts of all documents, in order."""
    return [text for rows in batches(plan, met) for text in rows.texts]


@pytest.fixture
def jsonl(tmp_path: Path) -> Write:
    """Writes rows (objects, or bytes as they are) to a file."""

    def write(rows: Iterable[object], name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    return write


@pytest.fixture
def parquet(tmp_path: Path) -> Write:
    """Writes columns, by name, to a file."""
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet")

    def write(columns: dict[str, Any], name: str = "rows.parquet", **options: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table = columns if isinstance(columns, pa.Table) else pa.table(columns)
        pa.parquet.write_table(table, path, **options)
        return path

    return write
