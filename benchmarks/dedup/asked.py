"""What is asked of de-duplication: the figures that ``benchmarks.gates`` holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Asked(NamedTuple):
    """A figure: the column of the one row with these values, of at least so many cases, or the worst of all rows with
    them; and what it must be."""

    what: str
    table: str
    column: str
    where: Mapping[str, Any]
    least: float | None = None
    most: float | None = None
    bold: bool = True
    count: str = ""
    enough: int = 0
    worst: bool = False
    benchmark: str = "dedup"


ONE, PERMUTED, HALF = (
    "JSONL, one-permutation, 0.8",
    "JSONL, 128 permutations, 0.8",
    "JSONL, one-permutation, 0.5",
)
SPEED, TRUTH, BESIDE = (
    "simblock, end to end",
    "simblock, against the exact truth",
    "simblock beside the tools",
)
LICENCES, MEMORY = "Licence variants", "Memory"
TIMES = {"Daft": 1, "rensa": 3, "gaoya": 3, "datasketch": 7, "text-dedup": 20, "datatrove": 20}
"""How many times as fast as each tool, as its documentation uses it."""
SIGNATURES = {"permutations": 70, "one-permutation": 150}
"""MB/s of the signature stage, of which one sort of sketch must reach its own."""

ASKED = (
    Asked("MB/s, one-permutation", SPEED, "MB/s", {"what": ONE}, 50),
    Asked("MB/s, 128 permutations", SPEED, "MB/s", {"what": PERMUTED}, 35),
    *(
        Asked(f"times {tool} as {how}", BESIDE, f"times {how}", {"tool": tool}, times, bold=how == "documented")
        for tool, times in TIMES.items()
        for how in ("documented", "fastest")
    ),
    *(
        Asked(f"{what}, {name}", TRUTH, column, {"what": name}, least, count="pairs alike", enough=4_000)
        for name in (ONE, PERMUTED)
        for what, column, least in (
            ("pairs found", "pair recall", 0.995), ("pairs rightly found", "pair precision", 0.998),
        )
    ),
    Asked("planted copies found, at 0.5", TRUTH, "planted found", {"what": HALF}, 0.98),
    Asked("rightly dropped, at 0.5", TRUTH, "dropped rightly", {"what": HALF}, 0.998),
    Asked("groups of which nothing is left", TRUTH, "groups lost", {}, most=0, worst=True),
    Asked("code, MB/s", "Code, four languages", "MB/s", {"threshold": 0.8}, 3),
    Asked("licences found", LICENCES, "recall", {}, 0.99, count="of one label", enough=10_000),
    Asked("licences rightly dropped", LICENCES, "precision", {}, 0.999, count="of one label", enough=10_000),
    Asked("two processes over one", "One process and two", "times one", {"workers": 2}, 1.7),
    Asked("a million documents, peak MB", MEMORY, "peak MB of a process", {"documents": 1_000_000}, most=2_000,
          worst=True, benchmark="dedup_memory"),
    Asked("memory of a further document, bytes", MEMORY, "bytes of memory a further document", {}, most=200,
          worst=True, benchmark="dedup_memory"),
)  # fmt: skip
