"""The tools in use, on the same documents, each in a process of its own on one core, as its documentation uses it."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.dedup import environments
from benchmarks.dedup.corpus import Corpus
from benchmarks.dedup.judging import Judge

PEERS = Path(__file__).parent / "peers"
QUICK = 20.0
"""Seconds under which a tool is run three times, and its median told."""


class Tool(NamedTuple):
    """A tool in one of its ways of use; ``documented`` is the one that its documentation shows, or its defaults."""

    name: str
    family: str
    environment: str
    script: str
    variant: str = ""
    documented: bool = False


TOOLS = (
    Tool("datasketch 2.0, sha1, 9x13", "datasketch", "core", "with_datasketch", documented=True),
    Tool("datasketch 2.0, xxhash, 9x13", "datasketch", "core", "with_datasketch", "xxhash"),
    Tool("rensa 0.5, its de-duplicator", "rensa", "core", "with_rensa", documented=True),
    Tool("rensa 0.5, batch, 8 bands", "rensa", "core", "with_rensa", "8"),
    Tool("rensa 0.5, batch, 16 bands", "rensa", "core", "with_rensa", "16"),
    Tool("rensa 0.5, rho, 8 bands", "rensa", "core", "with_rensa", "rho"),
    Tool("gaoya 0.2.2, 20x5, its defaults", "gaoya", "core", "with_gaoya", "20x5", documented=True),
    Tool("gaoya 0.2.2, 9x13", "gaoya", "core", "with_gaoya", "9x13"),
    Tool("gaoya 0.2.2, 16x8", "gaoya", "core", "with_gaoya", "16x8"),
    Tool("FastSketchLSH 1.0.1, 16 bands", "FastSketchLSH", "core", "with_fastsketch", "16", documented=True),
    Tool("Daft 0.7.26, 9x13", "Daft", "daft", "with_daft", "9x13", documented=True),
    Tool(
        "text-dedup 0.4.1, checked", "text-dedup", "textdedup", "with_textdedup", "checked", documented=True
    ),
    Tool("text-dedup 0.4.1, unchecked", "text-dedup", "textdedup", "with_textdedup", "unchecked"),
    Tool("datatrove 0.10.1, 14x8", "datatrove", "datatrove", "with_datatrove", documented=True),
)


def run(tool: Tool, corpus: Corpus, core: int) -> dict[str, Any]:
    """One run of a tool: what ``peers/timing.py`` says it tells."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "out.json"
        command = [environments.python(tool.environment), PEERS / f"{tool.script}.py", out, *corpus.jsonl]
        environment = os.environ | {
            "PEER_VARIANT": tool.variant, "TMPDIR": scratch, "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1",
            "POLARS_MAX_THREADS": "1",
        }  # fmt: skip
        environment.pop("PYTHONPATH", None)
        made = subprocess.run(
            list(map(str, command)), env=environment, cwd=scratch, capture_output=True, text=True, check=False,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )  # fmt: skip
        if made.returncode:
            raise RuntimeError(f"{tool.name}: {made.stderr.strip()[-2000:]}")
        told: dict[str, Any] = json.loads(out.read_text("utf-8"))
        return told


def runs(tool: Tool, corpus: Corpus, core: int, times: int) -> dict[str, Any]:
    """The run of the median processor time, of one where it takes long."""
    told = [run(tool, corpus, core)]
    while told[0]["cpu"] < QUICK and len(told) < times:
        told.append(run(tool, corpus, core))
    median = statistics.median_low([one["cpu"] for one in told])
    return next(one for one in told if one["cpu"] == median) | {"runs": len(told)}


def measured(
    corpus: Corpus, judge: Judge, core: int, times: int, tools: Sequence[Tool] = TOOLS
) -> list[dict[str, Any]]:
    """A row of every tool."""
    rows = []
    for tool in tools:
        print(f"{tool.name} …", file=sys.stderr, flush=True)
        told = runs(tool, corpus, core, times)
        quality = judge.of_dropped(told["dropped"], 0.8)
        pairs = judge.of_pairs(map(tuple, told["pairs"]), 0.8) if told["pairs"] is not None else {}
        rows.append(
            {
                "what": tool.name,
                "family": tool.family,
                "documented": tool.documented,
                "MB/s": round(corpus.size / told["cpu"] / 1e6, 2),
                "MB/s, wall": round(corpus.size / told["wall"] / 1e6, 2),
                "documents/s": round(judge.documents / told["cpu"]),
                "peak MB": round(told["peak"] / 1e6),
                "runs": told["runs"],
                "pair recall": pairs.get("pair recall", ""),
                "pair precision": pairs.get("pair precision", ""),
                **quality | ({"groups lost": ""} if told["flags"] else {}),
                "dropped": len(told["dropped"]),
                "stages, s": ", ".join(f"{name} {seconds:.2f}" for name, seconds in told["stages"].items()),
            }
        )
    return rows


def compared(rows: Sequence[dict[str, Any]], ours: float) -> list[dict[str, Any]]:
    """How many times a tool's rate ours is: as it is documented, and as it is fastest."""
    found = []
    for family in dict.fromkeys(row["family"] for row in rows):
        some = [row for row in rows if row["family"] == family]
        documented = next(row["MB/s"] for row in some if row["documented"])
        fastest = max(row["MB/s"] for row in some)
        found.append(
            {
                "tool": family,
                "documented, MB/s": documented,
                "fastest, MB/s": fastest,
                "simblock, MB/s": ours,
                "times documented": round(ours / documented, 2),
                "times fastest": round(ours / fastest, 2),
            }
        )
    return found
