"""Small deliveries with copies in them, and what a pass left of them."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.conftest import vocabulary

WORDS = vocabulary(5)


def text(rng, length=120):
    return " ".join(rng.choices(WORDS, k=length))


def edited(rng, original, share=0.02):
    """A near-copy: some words are others."""
    return " ".join(rng.choice(WORDS) if rng.random() < share else word for word in original.split())


def rows(count, seed=1):
    """Rows of which some are exact copies of earlier ones, and some near-copies."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        kind = rng.random()
        if made and kind < 0.15:
            written = rng.choice(made)["text"]
        elif made and kind < 0.35:
            written = edited(rng, rng.choice(made)["text"])
        else:
            written = text(rng)
        made.append({"id": f"d{number}", "text": written, "n": number, "nested": {"é": [number]}})
    return made


def unlike(count, length=120):
    """Many rows that have nothing in common, made in little time."""
    words = random.Random(2).choices(WORDS, k=count * length)
    for number in range(count):
        yield {"id": number, "text": " ".join(words[number * length : (number + 1) * length])}


def jsonl(path, some):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in some), "utf-8")
    return path


def folder_of(root, files=3, count=60, seed=1):
    """A folder of JSONL files among which the rows are divided."""
    made = rows(count, seed)
    for number in range(files):
        jsonl(root / f"{number}.jsonl", made[number::files])
    return root


def left(out):
    """All that a pass left, by name: bytes, and of the report all but its rates and where it is."""
    found = {}
    for path in sorted(Path(out).rglob("*")):
        name = path.relative_to(out).as_posix()
        if not path.is_file() or name.startswith(".work"):
            continue
        found[name] = path.read_bytes()
    report = json.loads(found.pop("report.json"))
    del report["rates"], report["out"]
    found["report.json"] = report
    found.pop("report.html", None)  # shows the rates
    return found


def hidden(root):
    """Names of what was left half made below a folder."""
    return [path.name for path in Path(root).rglob(".*") if path.name != ".work"]
