"""simblock end to end on the same documents: read, sign, join, cluster, verify, write."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.dedup.asked import HALF, ONE, PERMUTED
from benchmarks.dedup.corpus import Corpus
from benchmarks.dedup.judging import DIGITS, Judge, share
from benchmarks.dedup.truth import jaccards
from simblock_indexer.dedup import verifying
from simblock_indexer.dedup.folder import Folder, load
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.settled import KEPT, Settled
from simblock_indexer.dedup.stages import STAGES

REPOSITORY = Path(__file__).resolve().parents[2]


class Setting(NamedTuple):
    """How a pass is run."""

    what: str
    form: str = "jsonl"
    sketch: str = "one-permutation"
    threshold: float = 0.8
    scope: str = "document"
    kind: str = "auto"
    detect: bool = False
    page: bool = False
    workers: int = 1
    state: bool = False

    def spec(self, folder: Path) -> dict[str, Any]:
        """What ``passing`` is told."""
        options = {"sketch": self.sketch, "threshold": self.threshold, "scope": self.scope}
        shared = {"kind": self.kind, "detect": self.detect, "page": self.page, "workers": self.workers}
        state = {"state": str(folder.with_name("state"))} if self.state else {}
        return {"folder": str(folder), "options": options, **shared, **state}


SETTINGS = (
    Setting(ONE),
    Setting("Parquet, one-permutation, 0.8", "parquet"),
    Setting(PERMUTED, sketch="permutations"),
    Setting("Parquet, 128 permutations, 0.8", "parquet", "permutations"),
    Setting(HALF, threshold=0.5),
    Setting("JSONL, 128 permutations, 0.5", sketch="permutations", threshold=0.5),
    Setting("JSONL, one-permutation, 0.8, --detect", detect=True),
    Setting("JSONL, one-permutation, 0.8, with report.html", page=True),
    Setting("JSONL, one-permutation, 0.8, documents and passages", scope="both"),
)


class Pass(NamedTuple):
    """A pass that was run: its working folder, and what it took."""

    folder: Folder
    took: dict[str, Any]

    def dropped(self) -> list[int]:
        """The numbers of the documents that are not kept."""
        return np.flatnonzero(Settled.read(self.folder.settled).fates != KEPT).tolist()

    def keepers(self) -> np.ndarray:
        """The numbers of those that clusters stand around, by document."""
        return np.asarray(Settled.read(self.folder.settled).keepers, np.int64)

    def candidates(self) -> np.ndarray:
        """The pairs u32 [m, 2] that *join* found."""
        found = [load(path / "pairs.npy") for path in sorted((self.folder.root / "joined").iterdir())]
        return np.unique(np.concatenate(found), axis=0)

    def pairs(self, threshold: float) -> set[tuple[int, int]]:
        """The candidates that its own verification finds alike. Of documents of one digest the first stands for all:
        so each pair is one of all that have these two digests."""
        documents, candidates = Documents(self.folder), self.candidates()
        alike = verifying.jaccards(documents, candidates) >= threshold
        _, which = np.unique(documents.column("digests"), return_inverse=True)
        order = np.argsort(which, kind="stable")
        twins = np.split(order, np.cumsum(np.bincount(which))[:-1])
        found = set(combinations_of(twins))
        for one, other in np.unique(np.sort(which[candidates[alike]], axis=1), axis=0).tolist():
            if one != other:
                found.update(
                    (min(a, b), max(a, b)) for a in twins[one].tolist() for b in twins[other].tolist()
                )
        return found


def combinations_of(groups: Iterable[np.ndarray]) -> Iterator[tuple[int, int]]:
    """All pairs within each group."""
    for group in groups:
        if len(group) > 1:
            yield from combinations(group.tolist(), 2)


@contextmanager
def passed(setting: Setting, files: Sequence[str], cores: set[int]) -> Iterator[Pass]:
    """A pass in a process of its own on some cores; its folders are gone afterwards."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, out = Path(scratch) / "kept", Path(scratch) / "took.json"
        spec = json.dumps(setting.spec(folder))
        command = [sys.executable, "-m", "benchmarks.dedup.passing", str(out), spec, *files]
        made = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, check=False,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )  # fmt: skip
        if made.returncode:
            raise RuntimeError(f"{setting.what}: {made.stderr.strip()[-2000:]}")
        yield Pass(Folder(folder / ".work"), json.loads(out.read_text("utf-8")))


def files_of(corpus: Corpus, form: str) -> list[str]:
    """The corpus in a form."""
    return corpus.jsonl if form == "jsonl" else corpus.parquet


def weight(folder: Path, name: str = "*") -> int:
    """Bytes of the files of a name below a folder."""
    return sum(path.stat().st_size for path in folder.rglob(name) if path.is_file())


def measured(
    corpus: Corpus, judge: Judge, core: int, times: int, settings: Sequence[Setting] = SETTINGS
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A row of speed of every setting, the median of some runs, and one of quality where all is read as words, as the
    truth is."""
    speeds, qualities = [], []
    for setting in settings:
        print(f"simblock, {setting.what} …", file=sys.stderr, flush=True)
        runs = []
        for number in range(times):
            with passed(setting, files_of(corpus, setting.form), {core}) as done:
                runs.append(done.took)
                if not number and setting.scope == "document" and not setting.detect and not setting.page:
                    qualities.append({"what": setting.what, **quality(done, judge, setting.threshold)})
        speeds.append({"what": setting.what, **speed(corpus.size, judge.documents, runs)})
    return speeds, qualities


def speed(size: int, documents: int, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the run of the median processor time took."""
    took = sorted(runs, key=lambda run: run["cpu"])[(len(runs) - 1) // 2]
    stages = took["outcome"]["rates"]["stages"]
    wall = statistics.median(run["wall"] for run in runs)
    return {
        "MB/s": round(size / took["cpu"] / 1e6, 2),
        "best MB/s": round(size / min(run["cpu"] for run in runs) / 1e6, 2),
        "MB/s, wall": round(size / wall / 1e6, 2),
        "documents/s": round(documents / took["cpu"]),
        "peak MB": round(took["peak"] / 1e6),
        "runs": len(runs),
        **{f"{stage}, s": round(stages.get(stage, {"seconds": 0.0})["seconds"], 2) for stage in STAGES},
        "rest, s": round(took["cpu"] - sum(one["seconds"] for one in stages.values()), 2),
    }


def quality(done: Pass, judge: Judge, threshold: float) -> dict[str, Any]:
    """What was found, held against the truth."""
    dropped, keepers = done.dropped(), done.keepers()
    pairs = np.stack([keepers[dropped], np.array(dropped, np.int64)], 1)
    alike = jaccards(judge.sets, pairs) >= threshold
    return {
        "candidates": len(done.candidates()),
        "pairs alike": int((judge.pairs.similarities >= threshold).sum()),
        **judge.of_pairs(done.pairs(threshold), threshold),
        **judge.of_dropped(dropped, threshold),
        "dropped": len(dropped),
        "dropped rightly": round(share(int(alike.sum()), len(dropped)), DIGITS),
    }


def workers(corpus: Corpus, cores: Sequence[int], times: int) -> list[dict[str, Any]]:
    """One process on one core, and two on two, by the clock."""
    rows: list[dict[str, Any]] = []
    for count in (1, 2):
        setting = Setting("workers", workers=count)
        walls, told = [], {}
        for _ in range(times):
            with passed(setting, corpus.jsonl, set(cores[:count])) as done:
                walls.append(done.took["wall"])
                told = done.took
        wall = statistics.median(walls)
        rows.append(
            {
                "workers": count, "MB": round(corpus.size / 1e6, 1), "s": round(wall, 2),
                "MB/s, wall": round(corpus.size / wall / 1e6, 2), "runs": times,
                "times one": round(rows[0]["s"] / wall, 3) if rows else 1.0,
                "peak MB of a process": round(told["peak"] / 1e6),
            }
        )  # fmt: skip
    return rows
