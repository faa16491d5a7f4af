"""datasketch: MinHash of 128 permutations, MinHashLSH at 0.8; each document is asked for, then inserted."""

from __future__ import annotations

import xxhash
from datasketch import MinHash, MinHashLSH
from timing import VARIANT, Found, Watch, main, read, shingles

HASHES = {"": {}, "xxhash": {"hashfunc": xxhash.xxh32_intdigest}}


def dedup(files: list[str], watch: Watch) -> Found:
    with watch.stage("read"):
        texts = read(files)
    with watch.stage("shingles"):
        tokens = [[one.encode() for one in shingles(text)] for text in texts]
    with watch.stage("signatures"):
        sketches = MinHash.bulk(tokens, num_perm=128, **HASHES[VARIANT])
    lsh = MinHashLSH(threshold=0.8, num_perm=128)
    pairs = []
    with watch.stage("index"):
        for number, sketch in enumerate(sketches):
            pairs += [(other, number) for other in lsh.query(sketch)]
            lsh.insert(number, sketch)
    return Found(sorted({pair[1] for pair in pairs}), lambda: pairs)


if __name__ == "__main__":
    main(dedup)
