"""Code in four languages: files, some of them copied with every name changed, or with 5 % of their lines edited."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import code_copies, code_corpus
from benchmarks.dedup.judging import share
from benchmarks.dedup.ours import Setting, passed

SIZE = 5_000_000
"""Characters of the files of a language."""
SHORTEST, LONGEST = 1_500, 60_000
PART = 0.1
"""Of the files so many are copied with their names changed, and as many with lines edited."""
LINES = 0.05


def made(folder: Path, kept: Path, size: int) -> list[dict[str, Any]]:
    """The rows of the corpus in order, made where they are not kept."""
    path = kept / f"code-{size}.jsonl"
    if not path.exists():
        chance = random.Random(13)
        rows = [row for language in code_corpus.FIRST for row in _of(folder, language, size, chance)]
        chance.shuffle(rows)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _of(folder: Path, language: str, size: int, chance: random.Random) -> list[dict[str, Any]]:
    files = [
        source
        for source in code_corpus.sources(folder, language, "background")
        if SHORTEST <= len(source.text) <= LONGEST
    ]
    chance.shuffle(files)
    rows: list[dict[str, Any]] = []
    for source in files:
        if size <= 0:
            break
        size -= len(source.text)
        rows.append({"id": f"{language}{len(rows)}", "text": source.text, "language": language})
    count = round(PART * len(rows))
    copied = chance.sample(rows, 2 * count)
    for number, row in enumerate(copied):
        kind = "names changed" if number < count else "lines edited"
        text = _copy(row["text"], kind, language, chance)
        if text is not None:
            rows.append({"id": f"{row['id']}-copy", "text": text, "language": language, "copied": kind})
    return rows


def _copy(text: str, kind: str, language: str, chance: random.Random) -> str | None:
    if kind == "names changed":
        try:
            return code_copies.copied(text, language, chance)
        except code_copies.Unfit:
            return None
    lines = text.splitlines()
    for at in chance.sample(range(len(lines)), round(LINES * len(lines))):
        lines[at] = chance.choice(lines) if chance.random() < 0.7 else ""
    return "\n".join(lines) + "\n"


def measured(
    folder: Path, kept: Path, core: int, thresholds: Sequence[float] = (0.8, 0.5), size: int = SIZE
) -> list[dict[str, Any]]:
    """A row of each threshold: MB/s, and of each sort of copies the share that did not stay beside its original."""
    rows = made(folder, kept, size)
    numbers = {row["id"]: number for number, row in enumerate(rows)}
    copies = {
        kind: [(numbers[row["id"]], numbers[row["id"].removesuffix("-copy")]) for row in rows if row.get("copied") == kind]
        for kind in ("names changed", "lines edited")
    }  # fmt: skip
    told, found = sum(len(row["text"].encode()) for row in rows), []
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "code.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        for threshold in thresholds:
            setting = Setting("code", kind="code", threshold=threshold)
            with passed(setting, [str(path)], {core}) as done:
                dropped = set(done.dropped())
                took, code = done.took["cpu"], done.took["outcome"]["code"]
            shares = {
                f"found, {kind}": share(sum(a in dropped or b in dropped for a, b in them), len(them))
                for kind, them in copies.items()
            }
            found.append(
                {
                    "threshold": threshold, "files": len(rows), "of them code": code, "MB": round(told / 1e6, 1),
                    "MB/s": round(told / took / 1e6, 2), **{f"{kind}, n": len(them) for kind, them in copies.items()},
                    **shares, "dropped": len(dropped),
                }
            )  # fmt: skip
    return found
