"""What is asked of recall and false stops, held against what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.quality.sighting import Row, Sighting, share, size_class
from benchmarks.record import Interval, interval

Picked = Callable[[Sighting], bool]
EXACT = frozenset({"surface", "edits", "typo", "code-surface", "code-names", "code-edits"})
"""Groups whose copies are the passage and nothing else, so that overlap means something."""


class Asked(NamedTuple):
    """A figure that is asked: which rows it is about, and its bound. ``bold``: a gate; of others a miss is told."""

    name: str
    kind: str
    picked: Picked
    figure: Callable[[Sequence[Sighting]], Interval | float]
    least: float | None = None
    most: float | None = None
    bold: bool = True


def caught(them: Sequence[Sighting]) -> Interval:
    """The share that was stopped for the right work."""
    return share(them, "right")


def stopped(them: Sequence[Sighting]) -> Interval:
    """The share that was stopped, errors among it."""
    return interval(sum(one.stopped or one.error for one in them), len(them))


def first(them: Sequence[Sighting]) -> Interval:
    """Of what was caught, the share with the right work named first."""
    return share(them, "first")


def overlapping(them: Sequence[Sighting]) -> float:
    """The median overlap of what was caught."""
    values = [one.overlap for one in them if one.group in EXACT]
    return round(median(values), 3) if values else 0.0


def leaking(mode: str) -> Callable[[Sequence[Sighting]], Interval]:
    """The share of streamed copies of which anything gets out."""

    def figure(them: Sequence[Sighting]) -> Interval:
        counts = [(one.leaked or {})[mode] for one in them]
        return interval(sum(count > 0 for count in counts), len(counts))

    return figure


def copy(
    gate: str | None = None, *, words: int = 0, lexemes: str = "", least: int = 0, code: bool = False
) -> Picked:
    """Copies that count for a gate, of a length in words, of a class of lexemes, of so many lexemes at least."""

    def picked(one: Sighting) -> bool:
        return (
            one.part == "copy" and bool(one.language) == code and (gate is None or one.gate == gate)
            and (not words or one.size == words) and (not lexemes or size_class(one) == lexemes) and one.size >= least
        )  # fmt: skip

    return picked


def caught_of(picked: Picked) -> Picked:
    """Of some copies, those that were stopped for the right work."""
    return lambda one: picked(one) and one.right


def streamed_of(picked: Picked) -> Picked:
    """Of some copies, those that were stopped and streamed too."""
    return lambda one: picked(one) and one.leaked is not None


def part(name: str, *, code: bool = False) -> Picked:
    """Rows of one part."""
    return lambda one: one.part == name and bool(one.language) == code


def _classes(gate: str, *bounds: float, bold: bool) -> Iterable[Asked]:
    sizes = ("50 to 100", "100 to 200", "over 200")
    for size, least in zip(sizes, bounds, strict=True):
        yield Asked(f"code, {gate.removeprefix('code-')} % of statements edited, {size} lexemes", "code",
                    copy(gate, lexemes=size, code=True), caught, least=least, bold=bold)  # fmt: skip


ASKED = (
    Asked("text, surface, 64 words", "text", copy("surface", words=64), caught, least=0.999),
    Asked("text, surface, 200 words", "text", copy("surface", words=200), caught, least=0.999),
    *(Asked(f"text, {edits} % edited, {words} words", "text", copy(f"text-{edits}", words=words), caught, least=least)
      for words in (64, 200) for edits, least in ((10, 0.995), (20, 0.98), (30, 0.92))),
    Asked("text, filler after every third word", "text", copy("filler-third", words=64), caught, least=0.95, bold=False),
    Asked("text, the same filler after every word", "text", copy("filler-same", words=64), caught, least=0.85, bold=False),
    Asked("text, sentences reordered", "text", copy("sentences-reordered", words=64), caught, least=0.95, bold=False),
    Asked("text, interleaved", "text", copy("interleaved", words=64), caught, least=0.9, bold=False),
    Asked("text, hidden in code", "text", copy("hidden", words=64), caught, least=0.99, bold=False),
    Asked("text, right source first", "text", caught_of(copy()), first, least=0.98, bold=False),
    Asked("text, overlap, median", "text", caught_of(copy()), overlapping, least=0.9, bold=False),
    *(Asked(f"text, strict leak, {edits} % edited", "text", streamed_of(copy(f"text-{edits}")), leaking("strict"), most=most)
      for edits, most in ((10, 0.01), (20, 0.03))),
    Asked("clean passages stopped", "text", part("clean"), stopped, most=0.0001),
    Asked("answers stopped", "text", part("answers"), stopped, most=0),
    Asked("innocent text stopped", "text", part("innocent"), stopped, most=0),
    Asked("code, surface, 60 lexemes and more", "code", copy("surface", least=60, code=True), caught, least=0.999),
    *_classes("code-10", 0.9, 0.97, 0.995, bold=True),
    *_classes("code-30", 0.7, 0.9, 0.98, bold=False),
    Asked("code, loops, conditions, expressions rewritten, over 100 lexemes", "code",
          copy("code-rewrites", least=100, code=True), caught, least=0.85, bold=False),
    Asked("code, half a function in new code, over 200 lexemes", "code",
          copy("code-fragment", least=200, code=True), caught, least=0.95, bold=False),
    Asked("code, right source first", "code", caught_of(copy(code=True)), first, least=0.98, bold=False),
    Asked("code, overlap, median", "code", caught_of(copy(code=True)), overlapping, least=0.9, bold=False),
    Asked("clean functions stopped", "code", part("clean", code=True), stopped, most=0.001),
    Asked("innocent code stopped", "code", part("innocent", code=True), stopped, most=0),
)  # fmt: skip


def gates(them: Sequence[Sighting], kinds: Iterable[str]) -> list[Row]:
    """What was asked, what was measured, and whether it holds; of what was not measured, nothing is said to hold."""
    rows = []
    for it in ASKED:
        if it.kind in kinds:
            of_it = [one for one in them if it.picked(one)]
            value = it.figure(of_it) if of_it else None
            rows.append({"gate": it.name, "asked": f"≥ {it.least:g}" if it.least is not None else f"≤ {it.most:g}",
                         "measured": value if value is not None else "", "n": len(of_it), "is": _verdict(it, value)})  # fmt: skip
    return rows


def _verdict(it: Asked, value: Interval | float | None) -> str:
    if value is None:
        return "not measured"
    number = value.share if isinstance(value, Interval) else value
    held = number >= it.least if it.least is not None else number <= (it.most or 0)
    return "held" if held else "missed"
