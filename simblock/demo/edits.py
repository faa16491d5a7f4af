"""How a copy is disguised in the demo: edited words, capitals, spaces, letters of other scripts, wrappings."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from typing import NamedTuple

PASSING = str.maketrans("AEOCPXHKMTB", "АЕОСРХНКМТВ")  # Latin to Cyrillic
"""Capitals that look the same in both scripts."""
EDITED = 0.1
LOOKALIKE = 0.3
"""Shares of the words that are edited, and written with letters that only look right."""


class Wrapped(NamedTuple):
    """A copy, and what stands right before and after it."""

    before: str
    copy: str
    after: str


def disguised(passage: str, rng: random.Random, words: Sequence[str]) -> Wrapped:
    """The passage in capitals with doubled spaces, a tenth of its words edited, a third in look-alikes.

    An edit puts one of ``words`` in a word's place, leaves the word out, or puts one before it.
    """
    found = edited(passage.split(), rng, words)
    written = [
        word.upper().translate(PASSING) if rng.random() < LOOKALIKE else word.upper() for word in found
    ]
    return Wrapped("", "  ".join(written), "")


def edited(found: Sequence[str], rng: random.Random, words: Sequence[str]) -> list[str]:
    """The words with one of each ten edited, at a place chosen by ``rng``."""
    result: list[str] = []
    step = round(1 / EDITED)
    places = {start + rng.randrange(step) for start in range(0, len(found), step)}
    for place, word in enumerate(found):
        edit = rng.choice(("put", "leave", "insert")) if place in places else "keep"
        if edit in ("put", "insert"):
            result.append(rng.choice(words))
        if edit in ("keep", "insert"):
            result.append(word)
    return result


def fenced(passage: str) -> Wrapped:
    """The passage inside a code fence."""
    return Wrapped("\n\n```text\n", passage, "\n```\n\n")


def commented(passage: str) -> Wrapped:
    """The passage as a comment above a line of code."""
    lines = "\n".join(f"    # {line.strip()}" for line in passage.splitlines())
    return Wrapped("\n\n```python\ndef board(train):\n", lines, "\n    return train.carriages[-1]\n```\n\n")


def escaped(passage: str) -> Wrapped:
    """The passage as a string literal, its line ends and quotes escaped twice."""
    once = json.dumps(re.sub(r"[ \t]+", " ", passage))
    return Wrapped("\n\n```javascript\nconst notice = ", json.dumps(once), ";\n```\n\n")
