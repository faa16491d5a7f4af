"""datatrove: the four stages of its example, run one after the other by its local executor, a task a file.

Its example's settings: 5-grams of spaCy's words, 14 buckets of 8, 64-bit hashes."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter
from datatrove.utils.hashing import HashConfig
from datatrove.utils.logging import logger
from timing import Found, Watch, main


def dedup(files: list[str], watch: Watch) -> Found:
    logger.remove()
    settings = MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8)
    reader = JsonlReader(str(Path(files[0]).parent), glob_pattern="*.jsonl")
    with tempfile.TemporaryDirectory() as at:
        stages = {
            "signatures": ([reader, MinhashDedupSignature(f"{at}/signatures", config=settings)], len(files)),
            "buckets": ([MinhashDedupBuckets(f"{at}/signatures", f"{at}/buckets", config=settings)], 14),
            "cluster": ([MinhashDedupCluster(f"{at}/buckets", f"{at}/remove", config=settings)], 1),
            "filter": ([reader, MinhashDedupFilter(f"{at}/remove"), JsonlWriter(f"{at}/kept")], len(files)),
        }
        for name, (pipeline, tasks) in stages.items():
            with watch.stage(name):
                LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=f"{at}/logs/{name}").run()
        dropped = _numbers(files, at)
        pairs = _pairs(files, at)
    return Found(sorted(dropped), lambda: pairs)


def _firsts(files: list[str]) -> list[int]:
    counts = [Path(file).read_bytes().count(b"\n") for file in files]
    return [sum(counts[:at]) for at in range(len(files))]


def _numbers(files: list[str], at: str) -> list[int]:
    dropped = []
    for file, first in enumerate(_firsts(files)):
        path = Path(at) / "remove" / f"{file:06d}.remove"
        if path.exists():
            dropped += [first + number for (number,) in struct.iter_unpack("<I", path.read_bytes())]
    return dropped


def _pairs(files: list[str], at: str) -> list[tuple[int, int]]:
    firsts = _firsts(files)
    found = set()
    for path in sorted((Path(at) / "buckets").glob("*.dups")):
        for one, a, other, b in struct.iter_unpack("<4I", path.read_bytes()):
            found.add(tuple(sorted((firsts[one] + a, firsts[other] + b))))
    return sorted(found)


if __name__ == "__main__":
    main(dedup)
