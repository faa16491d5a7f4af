"""How fast works come into Redis: built there from rows, built in a directory, brought over from one."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import redis_peer as peer
from benchmarks.redis_memory import words_of
from benchmarks.redis_server import Server
from benchmarks.size_and_build import WINDOW, size
from simblock.work import Document

Row = dict[str, Any]


def rows_file(documents: Sequence[Document], folder: Path) -> Path:
    """The works as rows of JSON."""
    path = folder / "rows.jsonl"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"id": d.work.id, "text": d.text}) + "\n" for d in documents)
    return path


def build(rows: Path, out: str) -> None:
    """``simblock-index build``, as a user runs it."""
    keyless = ["--no-key"] if "://" in out else []
    command = [sys.executable, "-m", "simblock_indexer.cli", "build", str(rows), "--out", out, *keyless]
    subprocess.run(command, check=True, capture_output=True)


def loading(server: Server, documents: Sequence[Document], folder: Path, times: int) -> list[Row]:
    """Words a second, from the start of the command to its end; the directory and the Redis that are left are whole."""
    from simblock.stores.syncing import sync

    folder.mkdir(exist_ok=True)
    rows, out = rows_file(documents, folder), folder / "index.sbx"

    def clear() -> None:
        shutil.rmtree(out, ignore_errors=True)
        server.empty()

    cases: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
        ("simblock-index build into Redis, rows (JSONL)", clear, lambda: build(rows, server.url())),
        ("simblock-index build into a directory, rows (JSONL)", clear, lambda: build(rows, str(out))),
        ("sync, a directory into Redis", server.empty, lambda: sync(str(out), server.url())),
    ]
    words, found = words_of(documents), []
    for name, before, act in cases:
        took, cpu = [], []
        for _ in range(times):
            before()
            used, started = server.cpu(), time.perf_counter()
            act()
            took.append(time.perf_counter() - started)
            cpu.append(server.cpu() - used)
        found.append(_row(name, documents, words, took, statistics.median(cpu)))
    return found


def of_peer(server: Server, documents: Sequence[Document]) -> list[Row]:
    """datasketch's insertion session over disjoint windows, signatures made in it as a user would."""
    rows = []
    for threshold in (peer.DEFAULT, peer.DOCUMENTED):
        server.empty()
        used, started = server.cpu(), time.perf_counter()
        peer.fill(peer.in_redis(server, threshold), documents, WINDOW)
        took = time.perf_counter() - started
        name = f"datasketch, threshold {threshold}, stride {WINDOW}, insertion session, a sample"
        rows.append(_row(name, documents, words_of(documents), [took], server.cpu() - used))
    server.empty()
    return rows


def _row(name: str, documents: Sequence[Document], words: int, took: Sequence[float], cpu: float) -> Row:
    seconds = statistics.median(took)
    return {
        "what": name, "words": words, "seconds": round(seconds, 2), "words/s": round(words / seconds),
        "best words/s": round(words / min(took)), "MB/s": round(size(documents) / seconds, 2),
        "server's CPU, s": round(cpu, 2), "runs": len(took),
    }  # fmt: skip
