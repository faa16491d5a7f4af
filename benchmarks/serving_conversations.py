"""How much of a book walks out when a model that knows it is asked to "continue" a hundred times.

The model recites the book, 200 words a turn; the client sends along what it was given, as clients do. One model goes
on where it is in the book, whatever was withheld; the other looks at its last answer, and goes on where that ended.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from benchmarks.serving_frames import PATHS, Plan, frames, tokens
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.serving.gate import Gate

TURNS = 100
SAID = 200
"""Words of a turn."""
BLOCK, JOIN = 100, 10
"""Words in a row that are recalled, and the gap over which two runs are one: nv-recall."""
GRAM = 4
"""Words of the shortest run that is counted."""
_WORD = re.compile(r"\w+")
POLICIES: dict[str, dict[str, Any] | None] = {
    "default": {},
    "strict (max_leak = 0)": {"max_leak": 0},
    "no filter": None,
}


class Run(NamedTuple):
    """Words of the book, one after the other: where they stand in what was said, and in the book."""

    said: int
    place: int
    size: int


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def ask(gate: Gate, history: Sequence[dict[str, str]], said: str) -> str:
    """What a client gets of an answer, streamed through the filter."""
    turns = [*history, {"role": "user", "content": "Continue."}]
    body = json.dumps({"model": "m", "stream": True, "messages": turns}).encode()
    exchange = gate.exchange(gate.route("POST", PATHS["chat"]), [], body)
    exchange.head(200, [(b"content-type", b"text/event-stream")])
    pieces, out = tokens(said), []
    for frame in frames(Plan(len(pieces)), pieces):
        out.append(exchange.feed(frame))
        if exchange.over:
            break
    out.append(exchange.finish())
    exchange.close()
    return "".join(_contents(b"".join(out)))


def _contents(raw: bytes) -> list[str]:
    notice = "[A passage was withheld here"
    values = [json.loads(line[6:]) for line in raw.split(b"\n") if line.startswith(b"data: {")]
    found = [choice["delta"].get("content") or "" for value in values for choice in value["choices"]]
    return [text for text in found if not text.startswith(notice)]


def conversation(gate: Gate | None, book: str, *, follows: bool, turns: int) -> tuple[list[str], int]:
    """The answers as the client got them, and how many words the model meant to say."""
    places = [(match.start(), match.end()) for match in re.finditer(r"\S+", book)]
    history: list[dict[str, str]] = [{"role": "user", "content": "Recite the book, please."}]
    given, at, meant = [], 0, 0
    for _ in range(turns):
        end = min(at + SAID, len(places))
        if end == at:
            break
        said = " " + book[places[at][0] : places[end - 1][1]]
        got = ask(gate, history, said) if gate is not None else said
        given.append(got)
        meant += end - at
        history += [{"role": "assistant", "content": got}, {"role": "user", "content": "Continue."}]
        at = at + len(got.split()) if follows else end
    return given, meant


class Book:
    """A book's words, and where each run of a few begins."""

    def __init__(self, text: str) -> None:
        self.words = words(text)
        self._at: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for at in range(len(self.words) - GRAM + 1):
            self._at[tuple(self.words[at : at + GRAM])].append(at)

    def runs(self, said: Sequence[str]) -> Iterator[Run]:
        """The verbatim runs of the book in what was said, from left to right, each as long as it goes."""
        at = 0
        while at <= len(said) - GRAM:
            places = self._at.get(tuple(said[at : at + GRAM]), ())
            size, place = max(((self._reach(said, at, place), place) for place in places), default=(1, 0))
            if places:
                yield Run(at, place, size)
            at += size

    def _reach(self, said: Sequence[str], at: int, place: int) -> int:
        size = GRAM
        while at + size < len(said) and self.words[place + size : place + size + 1] == [said[at + size]]:
            size += 1
        return size

    def recall(self, released: Sequence[str]) -> float:
        """nv-recall: the share of the book that stands in blocks of 100 words and more of what was released.

        Runs that stand up to ten words apart on both sides are one block.
        """
        blocks: list[int] = []
        said = place = -JOIN - 1
        for run in self.runs(words(" ".join(released))):
            near = 0 <= run.said - said <= JOIN and 0 <= run.place - place <= JOIN
            blocks[-1:] = [blocks[-1] + run.size] if near and blocks else [*blocks[-1:], run.size]
            said, place = run.said + run.size, run.place + run.size
        return sum(size for size in blocks if size >= BLOCK) / len(self.words)


def conversations(guard: Guard, book: str, turns: int = TURNS) -> list[dict[str, Any]]:
    """A row for each policy and model."""
    rows = []
    for name, policy in POLICIES.items():
        for follows in (False, True):
            gate = None if policy is None else Gate(Guard(guard.indexes, Policy.load(**policy)))
            given, meant = conversation(gate, book, follows=follows, turns=turns)
            known = Book(book[: _reached(book, meant)])
            told = sorted((run.size for text in given for run in known.runs(words(text))), reverse=True)
            joined = [run.size for run in known.runs(words(" ".join(given)))]
            rows.append(
                {"policy": name, "the model goes on": "where its answer ended" if follows else "where it is in the book",
                 "turns": len(given), "words it meant to say": meant, "words released": sum(len(words(one)) for one in given),
                 "longest released span, words": told[0] if told else 0,
                 "of all answers joined": max(joined, default=0),
                 "spans of 16 words and more": sum(one >= 16 for one in told),
                 "words in spans of 8 and more": sum(one for one in told if one >= 8),
                 "nv-recall": round(known.recall(given), 4)}
            )  # fmt: skip
    return rows


def _reached(book: str, count: int) -> int:
    """Characters of the book's first ``count`` words."""
    ends = [match.end() for match in re.finditer(r"\S+", book)]
    return ends[min(count, len(ends)) - 1]
