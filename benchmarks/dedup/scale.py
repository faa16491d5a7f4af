"""What a pass over 1, 10 and 100 TB takes: computed from the stages measured on one core, not measured.

Every stage but one goes through its input once, so it is taken to grow with it; *cluster* is one unit, whose pairs are
sorted in memory by one process. Near-copies are taken to be as frequent as in the corpus.
"""

from __future__ import annotations

from typing import Any

from benchmarks.dedup.corpus import Corpus
from benchmarks.dedup.ours import Setting, passed, weight
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.stages import STAGES

TERABYTES = (1, 10, 100)
CORES = 128
"""Of the cluster whose hours are told."""
HOUR = 3600
ENTRY = 12
"""Bytes of an entry: the key of a band or digest, and whose it is."""


def measured(corpus: Corpus, core: int) -> dict[str, float]:
    """What a pass takes of each stage for a byte of text, and what it writes."""
    with passed(Setting("scale"), corpus.jsonl, {core}) as done:
        documents = len(Documents(done.folder))
        stages = done.took["outcome"]["rates"]["stages"]
        found = done.took["outcome"]["found"]
        root = done.folder.root
        told = {f"{stage}, s a MB": stages[stage]["seconds"] / corpus.size * 1e6 for stage in STAGES}
        return told | {
            "documents a MB": documents / corpus.size * 1e6,
            "entries a document": found["entries"] / documents,
            "candidates a document": found["candidates"] / documents,
            "signed, bytes a byte": weight(root / "signed") / corpus.size,
            "runs, bytes a byte": weight(root / "signed", "runs.npy") / corpus.size,
            "shuffled, bytes a byte": ENTRY * found["entries"] / corpus.size,
            "bytes a candidate": (weight(root / "joined") + weight(root / "clustered") + weight(root / "verified"))
            / max(found["candidates"], 1),
        }  # fmt: skip


def computed(of: dict[str, float]) -> list[dict[str, Any]]:
    """A row of each size: core hours by stage, bytes on disk and between machines."""
    rows = []
    for terabytes in TERABYTES:
        size = terabytes * 1e12
        hours = {stage: of[f"{stage}, s a MB"] * size / 1e6 / HOUR for stage in STAGES}
        documents = of["documents a MB"] * size / 1e6
        candidates = documents * of["candidates a document"]
        alone = hours["cluster"]
        rows.append(
            {
                "TB": terabytes,
                "computed": "yes",
                "million documents": round(documents / 1e6),
                **{f"{stage}, core h": round(taken, 1) for stage, taken in hours.items()},
                "core h": round(sum(hours.values()), 1),
                f"h on {CORES} cores": round((sum(hours.values()) - alone) / CORES + alone, 1),
                "working folder, TB": round(
                    (of["signed, bytes a byte"] * size + candidates * of["bytes a candidate"]) / 1e12, 2
                ),
                "of it runs, TB": round(of["runs, bytes a byte"] * size / 1e12, 2),
                "shuffled, TB": round(of["shuffled, bytes a byte"] * size / 1e12, 3),
                "cluster, GB of memory": round(candidates * 8 * 4 / 1e9, 1),
            }
        )
    return rows
