"""gaoya: its index of strings, which makes shingles itself, asked and inserted document by document, checked by sketch
at 0.8. The variant is bands x rows."""

from __future__ import annotations

from gaoya.minhash import MinHashStringIndex
from timing import VARIANT, Found, Watch, main, read


def dedup(files: list[str], watch: Watch) -> Found:
    bands, rows = map(int, VARIANT.split("x"))
    with watch.stage("read"):
        texts = read(files)
    index = MinHashStringIndex(
        hash_size=32, jaccard_threshold=0.8, num_bands=bands, band_size=rows, analyzer="word", lowercase=True,
        ngram_range=(5, 5), id_container="set" if VARIANT == "20x5" else "vec",
    )  # fmt: skip
    pairs = []
    with watch.stage("signatures and index"):
        for number, text in enumerate(texts):
            pairs += [(other, number) for other in index.query(text)]
            index.insert_document(number, text)
    return Found(sorted({pair[1] for pair in pairs}), lambda: pairs)


if __name__ == "__main__":
    main(dedup)
