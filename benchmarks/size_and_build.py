"""What an index weighs and how fast it is built, beside datasketch on the same input in the same run.

One core, end to end: texts in memory in, a durable index on disk out. The peer is MinHash of 128
permutations (``update_batch``) with MinHashLSH over 48-word windows every 24 words, 5-word shingles,
split by white space: its usual use, which keeps no positions and lives in memory.
"""

from __future__ import annotations

import argparse
import gc
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import corpus
from benchmarks.record import pin, save
from simblock.stores import keys, open_index
from simblock.stores.inspection import Stat
from simblock.stores.writer import Writer
from simblock.work import Document

WINDOW, STEP, SHINGLE, PERMUTATIONS = 48, 24, 5, 128


def build(documents: Sequence[Document], *, key: bytes | None = None, store_text: bool = False) -> Stat:
    """Builds an index in a temporary folder; what it weighs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.sbx"
        with Writer.create(path, key=key, store_text=store_text) as writer:
            writer.put(documents)
            writer.commit()
        index = open_index(path, key=key)
        stat: Stat = index.stat()  # type: ignore[attr-defined]
        index.close()
        return stat


def peer_windows(tokens: Sequence[str], size: int, step: int) -> Iterator[list[bytes]]:
    """The shingles of each of the peer's windows."""
    for start in range(0, max(len(tokens) - size, 0) + 1, step):
        window = tokens[start : start + size]
        yield [
            " ".join(window[at : at + SHINGLE]).encode() for at in range(max(len(window) - SHINGLE + 1, 1))
        ]


def on_words(documents: Sequence[Document]) -> int:
    """:func:`peer` on the words of texts."""
    return peer(document.text.lower().split() for document in documents)


def peer(documents: Iterable[Sequence[str]], size: int = WINDOW, step: int = STEP) -> int:
    """datasketch on the tokens of the same documents; how many windows it made."""
    from datasketch import MinHash, MinHashLSH

    lsh = MinHashLSH(threshold=0.5, num_perm=PERMUTATIONS)
    first = MinHash(num_perm=PERMUTATIONS, scheme="affine32")  # its fastest
    made = 0
    for tokens in documents:
        for shingles in peer_windows(tokens, size, step):
            one = MinHash(num_perm=PERMUTATIONS, permutations=first.permutations, scheme="affine32")
            one.update_batch(shingles)
            lsh.insert(made, one)
            made += 1
    return made


def timed(work: Callable[[], Any], times: int) -> tuple[float, list[float], Any]:
    """(median seconds, all of them, the last result)."""
    took, made = [], None
    for _ in range(times):
        gc.collect()
        started = time.perf_counter()
        made = work()
        took.append(time.perf_counter() - started)
    return statistics.median(took), took, made


def sample(documents: Sequence[Document], megabytes: float) -> list[Document]:
    """Every n-th work, so that together they have about so many megabytes."""
    step = max(round(size(documents) / megabytes), 1)
    return list(documents[::step])


def size(documents: Sequence[Document]) -> float:
    """Megabytes (10**6) of UTF-8."""
    return sum(len(document.text.encode("utf-8", "surrogatepass")) for document in documents) / 1e6


def speeds(documents: Sequence[Document], foreign: Sequence[Document], times: int, peer_mb: float) -> tuple[list[Any], Stat]:  # fmt: skip
    """A row for each kind of build, and what the unkeyed one weighs."""
    key = bytes.fromhex(make_key())
    cases: list[tuple[str, Sequence[Document], Callable[[Sequence[Document]], Any]]] = [
        ("simblock, unkeyed", documents, build),
        ("simblock, keyed", documents, lambda them: build(them, key=key)),
        ("simblock, texts stored", documents, lambda them: build(them, store_text=True)),
        ("simblock, not ASCII", foreign, build),
        ("datasketch, sample", sample(documents, peer_mb), on_words),
    ]
    rows: list[dict[str, Any]] = []
    stat: Stat | None = None
    build(documents[:50])  # warm
    for name, them, work in cases:
        seconds, took, made = timed(lambda work=work, them=them: work(them), times)  # type: ignore[misc]
        stat = stat or made
        words = made.tokens if isinstance(made, Stat) else sum(len(d.text.split()) for d in them)
        rows.append(
            {"what": name, "MB": round(size(them), 1), "words": words, "seconds": round(seconds, 2),
             "MB/s": round(size(them) / seconds, 2), "best MB/s": round(size(them) / min(took), 2),
             "bytes a word": round(made.bytes / words, 2) if isinstance(made, Stat) else "in memory",
             "runs": times}
        )  # fmt: skip
    for row in rows:
        row["times the peer"] = round(row["MB/s"] / rows[-1]["MB/s"], 1)
    assert stat is not None
    return rows, stat


def by_command(documents: Sequence[Document], times: int) -> list[dict[str, Any]]:
    """Building as a user does, the start of the process counted in: rows, a tree, one file."""
    megabytes, rows = size(documents), []
    with tempfile.TemporaryDirectory() as folder:
        rows_file, tree, one = Path(folder, "rows.jsonl"), Path(folder, "tree"), Path(folder, "one.txt")
        made = [json.dumps({"id": d.work.id, "text": d.text}) + "\n" for d in documents]
        rows_file.write_text("".join(made), "utf-8")
        one.write_text("\n".join(d.text for d in documents), "utf-8")
        tree.mkdir()
        for number, document in enumerate(documents):
            (tree / f"{number}.txt").write_text(document.text or " ", "utf-8")
        for name, source in (("rows (JSONL)", rows_file), ("a tree of files", tree), ("one file", one)):
            out = Path(folder, "index.sbx")

            def work(source: Path = source, out: Path = out) -> None:
                shutil.rmtree(out, ignore_errors=True)
                command = [
                    sys.executable,
                    "-m",
                    "simblock_indexer.cli",
                    "build",
                    str(source),
                    "--out",
                    str(out),
                ]
                subprocess.run(command, check=True, capture_output=True)

            seconds, took, _ = timed(work, times)
            rows.append(
                {"what": f"simblock-index build, {name}", "MB": round(megabytes, 1), "seconds": round(seconds, 2),
                 "MB/s": round(megabytes / seconds, 2), "best MB/s": round(megabytes / min(took), 2), "runs": times}
            )  # fmt: skip
    return rows


def make_key() -> str:
    """A key as ``simblock-index keygen`` makes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        keys.generate(path)
        return keys.load(path).hex()


def sections(stat: Stat) -> list[dict[str, Any]]:
    """Bytes a word by section."""
    rows = [
        {"section": name, "bytes": size, "bytes a word": round(size / stat.tokens, 3)}
        for name, size in sorted(stat.sections.items(), key=lambda item: -item[1])
    ]
    return [
        *rows,
        {"section": "all", "bytes": stat.bytes, "bytes a word": round(stat.bytes / stat.tokens, 3)},
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    corpus.arguments(parser)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer-mb", type=float, default=3.0, help="size of the peer's sample")
    options = parser.parse_args()
    pin()
    where = corpus.places(options)
    documents, foreign = corpus.protected(where, options.words), corpus.foreign(where)
    rows, stat = speeds(documents, foreign, options.runs, options.peer_mb)
    parameters = {
        "works": len(documents), "entries a word": round(stat.entries / stat.tokens, 4), "cores": 1,
        "peer": f"window {WINDOW}, step {STEP}, shingle {SHINGLE}, {PERMUTATIONS} permutations; a sample, its MB/s stands for all",
    }  # fmt: skip
    save(
        "size_and_build",
        parameters,
        {
            "Building": rows,
            "By the command": by_command(documents, options.runs),
            "Weight, unkeyed": sections(stat),
        },
    )


if __name__ == "__main__":
    main()
