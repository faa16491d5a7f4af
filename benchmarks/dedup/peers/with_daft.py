"""Daft: its reader, ``normalize`` and ``minhash`` of 128 hashes over 5-grams; bands and components in NumPy and SciPy,
which is faster than by its data frames, as in its example. The variant is bands x rows."""

from __future__ import annotations

import daft
import numpy as np
from daft.functions import minhash, normalize
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from timing import VARIANT, Found, Watch, main


def dedup(files: list[str], watch: Watch) -> Found:
    bands, rows = map(int, VARIANT.split("x"))
    with watch.stage("read and signatures"):
        text = normalize(daft.col("text"), remove_punct=True, lowercase=True, white_space=True)
        frame = daft.read_json(files).select(
            minhash(text, num_hashes=128, ngram_size=5, seed=42, hash_function="xxhash").alias("sketch")
        )
        column = frame.to_arrow()["sketch"].combine_chunks()
        sketches = np.ascontiguousarray(column.flatten().to_numpy(zero_copy_only=False).reshape(-1, 128))
    edges = []
    with watch.stage("bands and components"):
        for band in range(bands):
            keys = np.ascontiguousarray(sketches[:, band * rows : (band + 1) * rows])
            keys = keys.view(np.dtype((np.void, keys.dtype.itemsize * rows))).ravel()
            _, groups = np.unique(keys, return_inverse=True)
            order = np.argsort(groups, kind="stable")
            same = groups[order][1:] == groups[order][:-1]
            edges.append(np.stack([order[:-1][same], order[1:][same]], 1))
        some = np.concatenate(edges)
        shape = (len(sketches), len(sketches))
        graph = coo_matrix((np.ones(len(some), np.uint8), (some[:, 0], some[:, 1])), shape)
        _, labels = connected_components(graph, directed=False)
        _, firsts = np.unique(labels, return_index=True)
        dropped = np.setdiff1d(np.arange(len(sketches)), firsts)
    return Found(dropped.tolist(), lambda: _pairs(sketches, bands, rows))


def _pairs(sketches: np.ndarray, bands: int, rows: int) -> list[tuple[int, int]]:
    found = set()
    for band in range(bands):
        buckets: dict[bytes, list[int]] = {}
        for number, keys in enumerate(sketches[:, band * rows : (band + 1) * rows]):
            buckets.setdefault(keys.tobytes(), []).append(number)
        for them in buckets.values():
            found.update((a, b) for at, b in enumerate(them) for a in them[:at])
    return sorted(found)


if __name__ == "__main__":
    main(dedup)
