"""Licence texts and notices, real near-copies: pairs of one label, against all pairs exactly.

Hundreds of notices resemble one another, so there are buckets in which not all pairs are candidates. What counts is
whether both of a pair stay: ``recall`` is of that, and ``pairs compared`` is the share of the pairs that were found
alike themselves.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import corpus
from benchmarks.dedup import truth
from benchmarks.dedup.judging import share
from benchmarks.dedup.ours import Setting, passed

THRESHOLD = 0.8


def measured(shared: Path, core: int) -> list[dict[str, Any]]:
    """A row: of the pairs of one label that are alike, the share found; of those found, the share that is alike."""
    texts = list(corpus.rows(shared / "license_variants" / "license_variants.jsonl.gz"))
    them = truth.sets([row["text"] for row in texts])
    pairs = truth.all_pairs(them, THRESHOLD)
    alike = pairs.of(THRESHOLD)
    labels = [row["label"] for row in texts]
    wanted = {pair for pair in alike if labels[pair[0]] == labels[pair[1]]}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "licences.jsonl"
        told = ({"id": f"{number}", "text": row["text"]} for number, row in enumerate(texts))
        path.write_text("".join(json.dumps(row) + "\n" for row in told), "utf-8")
        with passed(Setting("licences", threshold=THRESHOLD), [str(path)], {core}) as done:
            found, crowded = set(done.pairs(THRESHOLD)), done.took["outcome"]["found"]["crowded"]
            gone, keepers = done.dropped(), done.keepers()
    dropped = set(gone)
    kept_by = np.stack([keepers[gone], np.array(gone, np.int64)], 1)
    _, outcome = truth.kept_first(pairs, len(texts), THRESHOLD)
    return [
        {
            "texts": len(texts),
            "pairs alike": len(alike),
            "of one label": len(wanted),
            "recall": share(sum(a in dropped or b in dropped for a, b in wanted), len(wanted)),
            "precision": share(int((truth.jaccards(them, kept_by) >= THRESHOLD).sum()), len(dropped)),
            "pairs compared": share(len(found & wanted), len(wanted)),
            "precision of pairs": share(len(found & alike), len(found)),
            "pairs of two labels": sum(labels[a] != labels[b] for a, b in found),
            "dropped": len(dropped),
            "dropped, recall": share(len(dropped & set(outcome.tolist())), len(outcome)),
            "crowds": crowded,
        }
    ]
