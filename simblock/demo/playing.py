"""Cases played through the filter: chunk by chunk, measured, and held against what was expected."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simblock.demo.cases import Case, turns
from simblock.grammar import grammar
from simblock.guard import Guard
from simblock.lexer import Lexer
from simblock.match import Report, Span
from simblock.policy import Policy
from simblock.stores import Index
from simblock.text import tokenise
from simblock.work import Document

CHUNKS = (4, 12)
"""Characters of a chunk, at least and at most, as models send them."""
TIMED = 3
WALK = 'told to "continue"'


@dataclass(frozen=True, slots=True)
class Play:
    """One generation as it went through a stream.

    ``out`` are the words or lexemes of the copy that were released, ``held`` the most words that waited at
    once, ``cost`` microseconds a word.
    """

    released: str
    out: int
    held: int
    cost: float
    report: Report

    @property
    def outcome(self) -> str:
        return self.report.decision


@dataclass(frozen=True, slots=True)
class Played:
    """A case under the default policy and in strict mode; ``faults`` say what was not as expected.

    ``turns`` are the words that each turn of a walk let out by default.
    """

    case: Case
    default: Play
    strict: Play
    found: Report
    faults: tuple[str, ...]
    turns: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The figures, without any text."""
        decided = self.default.report.decided
        return {
            "name": self.case.name,
            "kind": self.case.kind,
            "expected": self.case.expected,
            "outcome": self.default.outcome,
            "decided": decided.to_dict() if decided else None,
            "match": _place(self.found),
            f"{self.case.unit}_out": {"default": self.default.out, "strict": self.strict.out},
            "held_longest": {"default": self.default.held, "strict": self.strict.held},
            "microseconds_a_word": {
                "default": round(self.default.cost, 1),
                "strict": round(self.strict.cost, 1),
            },
            "turns": list(self.turns),
            "faults": list(self.faults),
        }


def _place(found: Report) -> dict[str, Any] | None:
    """Where the first match stands on both sides, and how it is alike."""
    if not found.matches:
        return None
    match = found.matches[0]
    return {
        "work": match.work.id,
        "kind": match.kind,
        "lines": {"output": list(match.lines[0]), "source": list(match.lines[1])},
        "tokens": match.tokens,
        "similarity": round(match.similarity, 3),
        "renamed": match.renamed,
    }


class Stage:
    """An index under the default policy and in strict mode.

    The policies are the shipped ones whatever the environment says: what comes out is known beforehand.
    """

    def __init__(self, index: Index, rng: random.Random) -> None:
        self.default, self.strict = Guard(index, Policy()), Guard(index, Policy(max_leak=0))
        self._rng = rng

    def play(self, case: Case, source: str) -> Played:
        """Plays a case whose passage was taken from the work ``source``."""
        default, strict = (self._timed(guard, case) for guard in (self.default, self.strict))
        found = self.default.check(case.text, prompt=case.prompt)
        faults = (*_faults(case, default, strict, source), *_misplaced(case, found, source))
        return Played(case, default, strict, found, faults)

    def _timed(self, guard: Guard, case: Case) -> Play:
        """The first play, with the median cost of several."""
        plays = [
            play(guard, case.text, case.copy, self._rng, prompt=case.prompt, unit=case.unit)
            for _ in range(TIMED)
        ]
        return replace(plays[0], cost=sorted(one.cost for one in plays)[TIMED // 2])

    def walk(self, document: Document) -> Played:
        """Lets a work be asked for bit by bit, each turn with what was released before as its history."""
        plays = [_walked(guard, document.text, self._rng) for guard in (self.default, self.strict)]
        (default, outs), (strict, _) = plays
        case = Case(WALK, "", Span(0, 0), "stop", exact=False)
        faults = tuple(_walk_faults(plays, document.work.id))
        return Played(case, default, strict, default.report, faults, tuple(outs))


def play(
    guard: Guard,
    text: str,
    copy: Span,
    rng: random.Random,
    *,
    prompt: str | None = None,
    history: Sequence[dict[str, str]] = (),
    unit: str = "words",
) -> Play:
    """Streams a text in chunks; only what the filter takes is timed."""
    stream = guard.stream(prompt=prompt, history=history)
    released, fed, held, seconds = "", 0, 0, 0.0
    for chunk in [*_chunks(text, rng), None]:
        began = time.perf_counter()
        released += stream.finish() if chunk is None else stream.feed(chunk)
        seconds += time.perf_counter() - began
        fed += len(chunk or "")
        if stream.stopped:
            break
        held = max(held, _whole_words(text[len(released) : fed]))
    out = _begun(text[copy.start : copy.end], len(released) - copy.start, unit)
    # A stop keeps what comes after from being looked at, and what the assistant said before is read anew.
    read = _words(text[:fed]) + sum(
        _words(turn["content"]) for turn in history if turn["role"] == "assistant"
    )
    return Play(released, out, held, 1e6 * seconds / max(read, 1), stream.report)


def _walked(guard: Guard, text: str, rng: random.Random) -> tuple[Play, list[int]]:
    """The first turn that was stopped, with the costs of all, and the words that each turn let out."""
    history: list[dict[str, str]] = []
    plays: list[Play] = []
    for said in turns(text):
        history.append({"role": "user", "content": "continue"})
        start = said.index("\n\n") + 2
        plays.append(play(guard, said, Span(start, len(said)), rng, history=history))
        history.append({"role": "assistant", "content": plays[-1].released})
    end = next((one for one in plays if one.outcome == "stop"), plays[-1])
    outs = [one.out for one in plays]
    cost = sorted(one.cost for one in plays)[len(plays) // 2]
    return Play(end.released, sum(outs), max(one.held for one in plays), cost, end.report), outs


def _faults(case: Case, default: Play, strict: Play, source: str) -> Iterator[str]:
    for mode, one, most in (("by default", default, case.most), ("in strict mode", strict, 0)):
        if one.outcome != case.expected:
            yield f"{mode} the outcome was {one.outcome}, not {case.expected}"
        elif case.expected == "release" and one.released != case.text:
            yield f"{mode} the text did not come out as it went in"
        elif case.expected == "stop" and case.exact and one.out > most:
            yield f"{mode} {one.out} {case.unit} got out, over {most}"
        decided = one.report.decided
        if case.expected == "stop" and decided is not None and decided.work != source:
            yield f"{mode} {decided.work} was named, not {source}"


def _misplaced(case: Case, found: Report, source: str) -> Iterator[str]:
    """What the report on a copy of known lines gets wrong."""
    if case.expected != "stop" or case.source is None:
        return
    if not found.matches or found.matches[0].work.id != source:
        yield f"{source} was not named first"
        return
    match = found.matches[0]
    first, last = match.lines[1]
    inside = case.source.start <= first <= last <= case.source.end
    if not inside and (case.exact or first > case.source.end or last < case.source.start):
        yield f"lines {_range(match.lines[1])} of {source} were named, not some of {_range(case.source)}"
    if match.renamed != case.renamed:
        yield "the report says that it was renamed" if match.renamed else "no report says that it was renamed"


def _range(lines: Span) -> str:
    return f"{lines.start}-{lines.end}"


def _walk_faults(plays: Sequence[tuple[Play, list[int]]], source: str) -> Iterator[str]:
    for mode, (end, outs) in zip(("by default", "in strict mode"), plays, strict=True):
        decided = end.report.decided
        if end.outcome != "stop" or decided is None or (decided.work, decided.by) != (source, "max_quoted"):
            yield f"{mode} the quota of {source} did not end it"
        elif outs[-1]:
            yield f"{mode} the last turn still let {outs[-1]} words out"


def _chunks(text: str, rng: random.Random) -> Iterator[str]:
    at = 0
    while at < len(text):
        size = rng.randint(*CHUNKS)
        yield text[at : at + size]
        at += size


def _whole_words(text: str) -> int:
    """Words whose end was seen: a last one that may go on waits for its end, not for a decision."""
    return _words(text) - int(text[-1:].isalnum())


def _words(text: str) -> int:
    return len(tokenise(text).keys)


def _begun(copy: str, end: int, unit: str) -> int:
    """Words or lexemes of a copy that begin before ``end``."""
    tokens = tokenise(copy) if unit == "words" else Lexer(grammar("python")).tokens(copy)
    return int(np.count_nonzero(tokens.starts < end))
