"""FastSketchLSH: sketches of all in one call, then its one-shot flags, 128 slots; the variant is the bands."""

from __future__ import annotations

from FastSketchLSH import LSH, FastSimilaritySketch
from timing import VARIANT, Found, Watch, main, read, shingles


def dedup(files: list[str], watch: Watch) -> Found:
    with watch.stage("read"):
        texts = read(files)
    with watch.stage("shingles"):
        tokens = [shingles(text) for text in texts]
    with watch.stage("signatures"):
        matrix = FastSimilaritySketch(size=128, seed=42).batch(tokens, num_threads=1)
    with watch.stage("index"):
        lsh = LSH(num_perm=128, num_bands=int(VARIANT))
        flags = lsh.insert_and_query_duplicates(matrix)

    def pairs() -> list[tuple[int, int]]:
        found = enumerate(lsh.query(matrix))
        return [(other, number) for number, them in found for other in set(them) if other < number]

    return Found([number for number, flag in enumerate(flags.tolist()) if flag], pairs, flags=True)


if __name__ == "__main__":
    main(dedup)
