from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from simblock.work import Document
from simblock_indexer.readers import ReadOptions, Tally, read

Reader = Callable[..., dict[str, Document]]


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def works(tally: Tally) -> Reader:
    """Reads inputs with options by keyword, and gives the works by id."""

    def reader(*inputs: str | Path, **options: object) -> dict[str, Document]:
        return {found.work.id: found for found in read(inputs, ReadOptions(**options), tally)}  # type: ignore[arg-type]

    return reader


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows (objects, or strings as they are) to a file."""

    def write(rows: Iterable[object], name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
        path.write_text("".join(line + "\n" for line in lines))
        return path

    return write
