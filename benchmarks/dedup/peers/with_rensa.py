"""rensa: its de-duplicator at 0.8, or its batch with LSH of 8 or 16 bands, or its rho sketches, on 128 slots."""

from __future__ import annotations

from rensa import RMinHash, RMinHashDeduplicator, RMinHashLSH
from timing import VARIANT, Found, Watch, later, main, read, shingles

SEED = 42


def deduplicator(tokens: list[list[str]], watch: Watch) -> Found:
    """As its documentation keeps unique documents."""
    with watch.stage("signatures and index"):
        kept = RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True).add_pairs(
            (str(number), one) for number, one in enumerate(tokens)
        )
    return Found([number for number, one in enumerate(kept) if not one])


def batch(tokens: list[list[str]], watch: Watch, bands: int) -> Found:
    """Sketches of all in one call, each inserted, then all asked for."""
    with watch.stage("signatures"):
        sketches = RMinHash.from_token_sets(tokens, num_perm=128, seed=SEED)
    with watch.stage("index"):
        lsh = RMinHashLSH(threshold=0.8, num_perm=128, num_bands=bands)
        lsh.insert_many(sketches)
        found = lsh.query_all(sketches)
        pairs = [(other, number) for number, them in enumerate(found) for other in them if other < number]
    return Found(later(pairs), lambda: pairs)


def rho(tokens: list[list[str]], watch: Watch) -> Found:
    """The path of its headline: a matrix of rho sketches, duplicates flagged in one pass, 8 bands."""
    with watch.stage("signatures"):
        matrix = RMinHash.digest_matrix_from_token_sets_rho(tokens, num_perm=128, seed=SEED)
    with watch.stage("index"):
        lsh = RMinHashLSH(threshold=0.8, num_perm=128, num_bands=8)
        flags = lsh.query_duplicate_flags_matrix_one_shot(matrix)
    return Found([number for number, flag in enumerate(flags) if flag], flags=True)


def dedup(files: list[str], watch: Watch) -> Found:
    with watch.stage("read"):
        texts = read(files)
    with watch.stage("shingles"):
        tokens = [shingles(text) for text in texts]
    if VARIANT.isdigit():
        return batch(tokens, watch, int(VARIANT))
    return {"": deduplicator, "rho": rho}[VARIANT](tokens, watch)


if __name__ == "__main__":
    main(dedup)
