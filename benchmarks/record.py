"""How a benchmark says what it found: a table on the terminal, and JSON with all conditions."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from simblock.tune.interval import interval as wilson

RESULTS = Path(__file__).resolve().parent / "results"
PEERS = ("numpy", "rapidfuzz", "datasketch", "cryptography")
Row = Mapping[str, Any]


class Interval(NamedTuple):
    """A share with its 95 % interval (Wilson 1927)."""

    share: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.share:.4f} [{self.low:.3f}, {self.high:.3f}]"


def interval(hits: int, n: int) -> Interval:
    """The share ``hits / n`` and its 95 % interval, to four digits."""
    return Interval(*(round(value, 4) for value in wilson(hits, n)))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else 0.0


def conditions() -> dict[str, Any]:
    """The machine, its load, the versions, the commit ("+": and changes) and the date."""
    cpu = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    here = Path(__file__).parent
    git = ["git", "describe", "--always"]
    core = ["git", "status", "--porcelain", "--", "../simblock", "../indexer"]
    commit, changed = (
        subprocess.run(command, cwd=here, capture_output=True, text=True, check=False).stdout.strip()
        for command in (git, core)
    )
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "machine": cpu,
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "commit": commit + ("+" if changed else ""),
        **{name: version(name) for name in ("simblock", *PEERS)},
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def save(name: str, parameters: Row, tables: Mapping[str, Sequence[Row]]) -> None:
    """Prints the tables and writes them into ``results/NAME.json``."""
    console = Console(width=None if Console().is_terminal else 180)
    for title, rows in tables.items():
        console.print(table(title, rows))
    made = {"benchmark": name, "conditions": conditions(), "parameters": parameters, "tables": tables}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(made, indent=1, ensure_ascii=False, default=str) + "\n", "utf-8")
    console.print(f"written to {path.relative_to(RESULTS.parent.parent)}")


def table(title: str, rows: Sequence[Row]) -> Table:
    """Rows as a table of the first row's columns."""
    shown = Table(title=title, title_justify="left")
    names = list(rows[0]) if rows else []
    for name in names:
        shown.add_column(name, justify="right" if isinstance(rows[0][name], int | float) else "left")
    for row in rows:
        shown.add_row(*(_cell(row.get(name, "")) for name in names))
    return shown


def _cell(value: Any) -> str:
    if isinstance(value, Interval):
        return str(value)
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def pin(core: int | None = None) -> None:
    """Keeps this process on one core, the last one it may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0)) if core is None else core})
