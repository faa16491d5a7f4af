"""One report explained: each match with its figures, its thresholds, and both sides word by word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from simblock.align import weight
from simblock.exemption import Exemption, Reading
from simblock.explain import distances
from simblock.explain.aligning import Aligned, Free, Mark, Side, Step, align, alone
from simblock.explain.deciding import decisive
from simblock.explain.distances import Distance, Way
from simblock.explain.reading import OutputReading, SourceReading
from simblock.explain.rows import Room, Row, rows
from simblock.match import Decided, Match, Report
from simblock.policy import Policy
from simblock.work import Kind

if TYPE_CHECKING:
    from simblock.guard import Guard, Turns

_Exempt: TypeAlias = Mapping[Mark, Exemption]

NAMES = 24
"""Pairs of names that are told of one match."""


class Renaming(NamedTuple):
    """A name of the work, what it is called in the output, and how often."""

    theirs: str
    ours: str
    times: int


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a match, both sides aligned; ``source`` has no tokens where its text is not stored."""

    span: tuple[int, int, int, int]
    output: Side
    source: Side
    aligned: Aligned
    lined: bool
    """Whether it is read by line, as code is, whichever view found it."""
    unit: str
    meant: bool
    """Whether its words are masked in the output, and were read as they were meant."""

    def rows(self, room: Room) -> Iterator[Row]:
        """The piece side by side."""
        return rows(self.output, self.source, self.aligned, room, lined=self.lined, unit=self.unit)

    def marked(self, mark: Mark) -> int:
        """How many of its words or lexemes have a mark."""
        return self._count(lambda step: step.mark == mark)

    @property
    def in_order(self) -> int:
        """How many stand on both sides in one order."""
        return self._count(lambda step: step.o >= 0 and step.s >= 0 and step.mark != "replaced")

    def _count(self, wanted: Callable[[Step], bool]) -> int:
        """Steps counted as the figures count them: two characters of a script without spaces are one word."""
        keys = [self._key(step) for step in self.aligned.steps if wanted(step)]
        return weight(keys) // 2 if self.unit == "word" else len(keys)

    def _key(self, step: Step) -> int:
        return self.source.keys[step.s] if step.s >= 0 else self.output.keys[step.o]


@dataclass(frozen=True)
class Explained:
    """A match, the ways in which it may act, and by which it does. ``decided``: it made the decision."""

    match: Match
    ways: tuple[Way, ...]
    acting: Way | None
    decided: bool
    stored: bool
    align: Callable[[], tuple[Piece, ...]]

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Both sides piece by piece, aligned when first asked for."""
        return self.align()

    @property
    def figures(self) -> tuple[Distance, ...]:
        """Every figure beside its threshold, each once."""
        return distances.table(self.ways)

    @property
    def exempt(self) -> int:
        """Tokens that count for nothing because the request holds them."""
        return sum(piece.marked("yours") for piece in self.pieces)

    @property
    def commonplace(self) -> int:
        """Words that count for nothing because nobody owns them."""
        return sum(piece.marked("commonplace") for piece in self.pieces)

    @property
    def meant(self) -> bool:
        """Whether some of it is masked in the output; told only where the work's text is stored."""
        return any(piece.meant for piece in self.pieces)

    @cached_property
    def names(self) -> tuple[Renaming, ...]:
        """The names of code that were changed, most frequent first."""
        pairs: Counter[tuple[str, str]] = Counter()
        for piece in self.pieces:
            pairs.update(piece.aligned.names)
        ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
        return tuple(Renaming(*pair, count) for pair, count in ordered)

    def to_dict(self) -> dict[str, Any]:
        """What ``--explain --json`` adds to a match: figures, and nothing of any text."""
        return {
            "by": self.acting.by if self.acting else None,
            "decided": self.decided,
            "ways": distances.to_dict(self.ways),
            "exempt": self.exempt,
            "commonplace": self.commonplace,
            "masked": self.meant if self.stored else None,
            "text_stored": self.stored,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """An output with its report, and its matches explained."""

    text: str
    report: Report
    matches: tuple[Explained, ...]


class Explainer:
    """Explains reports of a guard: its policy, and what its indexes store of their works.

    Raises IndexProblem or StoreLost where a stored text cannot be read.
    """

    def __init__(self, guard: Guard) -> None:
        self.policy: Policy = guard.policy
        self._sources = SourceReading(guard.indexes)

    def explain(
        self,
        text: str,
        report: Report,
        *,
        prompt: str | None = None,
        history: Turns = (),
        tenant: str | None = None,
        kind: Kind | None = None,
        language: str | None = None,
    ) -> Explanation:
        """What a check of ``text`` came to; the other arguments are those that it was checked with."""
        output = OutputReading(text, kind, language)
        own = self._own(prompt, history)
        made_it = decisive(report)
        matches = tuple(
            self._match(match, output, own, tenant, report.decided if match is made_it else None)
            for match in report.matches
        )
        return Explanation(text, report, matches)

    def _own(self, prompt: str | None, history: Turns) -> _Exempt:
        """What counts for nothing, under the mark that says why: what both know is the user's own."""
        said = [prompt or "", *_said(history)] if self.policy.exempt_prompt else []
        return {
            "commonplace": Exemption(commonplaces=self.policy.exempt_commonplace),
            "yours": Exemption(said),
        }

    def _match(
        self, match: Match, output: OutputReading, own: _Exempt, tenant: str | None, decided: Decided | None
    ) -> Explained:
        ways, acting = distances.told(self.policy, match, decided, tenant)
        stored = self._sources.text(match) is not None
        pieces = partial(self._pieces, match, output, own, stored)
        return Explained(match, ways, acting, decided is not None, stored, pieces)

    def _pieces(self, match: Match, output: OutputReading, own: _Exempt, stored: bool) -> tuple[Piece, ...]:
        found = [self._piece(match, span, output, own, stored) for span in match.spans]
        # Where more was matched than stands in one order, its words were counted in any order.
        if stored and match.unit == "word" and sum(piece.in_order for piece in found) < match.tokens:
            found = [self._piece(match, span, output, own, stored, bag=True) for span in match.spans]
        return tuple(found)

    def _piece(
        self,
        match: Match,
        span: tuple[int, int, int, int],
        output: OutputReading,
        own: _Exempt,
        stored: bool,
        *,
        bag: bool = False,
    ) -> Piece:
        """One piece, read in the way that has more in common with its source; of equals as it is written."""
        theirs = self._sources.side(match, *span[2:]) if stored else Side("", [], [], [])
        code = match.unit != "word"
        best: tuple[Side, Aligned, bool] | None = None
        for reading, ours in enumerate(output.sides(match, *span[:2])):
            free = _free((theirs if stored else ours).keys, own, _lane(match))
            aligned = align(ours, theirs, free, code=code, bag=bag) if stored else alone(ours, free)
            if best is None or aligned.common > best[1].common:
                best = ours, aligned, reading > 0
        assert best is not None
        ours, aligned, meant = best
        return Piece(span, ours, theirs, aligned, match.work.kind == "code", match.unit, meant)


def _free(keys: Sequence[int], own: _Exempt, reading: Reading) -> Free:
    """The tokens that count for nothing, with the mark of what holds them; the last of several is told."""
    return {
        at: mark for mark, exemption in own.items() if exemption for at in exemption.places(keys, 0, reading)
    }


def _lane(match: Match) -> Reading:
    """How the request is read to be compared with a match."""
    return Reading("words") if match.unit == "word" else Reading("lexemes", match.work.language)


def _said(history: Turns) -> Sequence[str]:
    """The turns that are the client's own."""
    turns = [
        (turn["role"], turn["content"]) if isinstance(turn, Mapping) else (turn.role, turn.content)
        for turn in history
    ]
    return [content for role, content in turns if role != "assistant"]
