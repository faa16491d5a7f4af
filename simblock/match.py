"""Matches, decisions and reports: what a check says, frozen, with everything that decided it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from simblock.work import Kind, Work

Action: TypeAlias = Literal["stop", "replace", "redact", "cite", "observe", "release"]
By: TypeAlias = Literal["min_run", "min_tokens", "max_quoted", "min_evidence", "degraded"]

SEVERITY: dict[Action, int] = {
    "stop": 5,
    "replace": 4,
    "redact": 3,
    "cite": 2,
    "observe": 1,
    "release": 0,
}
"""Where several works stand at one position, the severest action is taken."""
HOLDING: frozenset[Action] = frozenset({"stop", "replace", "redact"})
"""Actions that keep text back; the others never hold."""
EDITING: frozenset[Action] = frozenset({"redact", "replace"})
"""Actions that put something in the place of a passage and go on."""

_WORDS = frozenset({"words", "source", "comments"})

Rank: TypeAlias = tuple[int, int, int, int, str]


def rank(action: Action, tokens: int, longest_run: int, names_alike: int, work: str) -> Rank:
    """Sorts works at one position: severest action, more tokens, longer run, more names alike, smaller id."""
    return (-SEVERITY[action], -tokens, -longest_run, -names_alike, work)


class Span(NamedTuple):
    """Code points [start, end)."""

    start: int
    end: int


def unit_of(view: str) -> str:
    """What the figures of a view count."""
    return "word" if view in _WORDS else "lexeme"


@dataclass(frozen=True, slots=True)
class Match:
    """The pieces of one work that stand close together in an output.

    ``tokens``, ``longest_run`` and ``leaked`` count words (two characters of scripts without spaces
    count as one), of code lexemes. ``view`` is the run of the work that was matched, and
    ``names_alike`` how many of its names are spelled in the output as in the work; ``quoted`` counts what had been
    quoted of that view, in the whole response and its history. ``spans`` holds output start, end, source start, end of each piece; ``output`` and
    ``source`` are their hulls and ``lines`` their 1-based first and last lines. ``information`` is in bits.
    """

    work: Work
    index: str
    channel: Literal["exact", "near"]
    similarity: float
    tokens: int
    longest_run: int
    information: float
    output: Span
    source: Span
    lines: tuple[Span, Span]
    spans: tuple[tuple[int, int, int, int], ...]
    rule: str
    action: Action
    verbatim: bool = False
    renamed: bool = False
    common: bool = False
    twins: tuple[str, ...] = ()
    leaked: int = 0
    kind: Kind = "text"
    language: str | None = None
    view: str = "words"
    names_alike: int = 0
    quoted: int = 0
    evidence: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The match as JSON: docs/results.md has the fields."""
        work = self.work
        shown = {key: getattr(work, key) for key in ("id", "title", "license", "url", "owner")}
        spans = {
            "output": self.output._asdict(),
            "source": self.source._asdict(),
            "lines": {"output": list(self.lines[0]), "source": list(self.lines[1])},
            "spans": [list(span) for span in self.spans],
        }
        names = (
            "index",
            "kind",
            "language",
            "channel",
            "similarity",
            "tokens",
            "longest_run",
            "information",
            "evidence",
        )
        flags = (
            "verbatim",
            "renamed",
            "names_alike",
            "quoted",
            "view",
            "common",
            "twins",
            "leaked",
            "rule",
            "action",
        )
        row = {"work": shown, **{name: getattr(self, name) for name in names + flags}, **spans}
        row["twins"], row["twin_count"] = list(self.twins[:10]), len(self.twins)
        return row

    @property
    def unit(self) -> str:
        """What its figures count."""
        return unit_of(self.view)

    def inside(self, other: Match) -> bool:
        """Whether it is of the same work, and lies for the most part in the same characters."""
        if (self.work.id, self.index) != (other.work.id, other.index):
            return False
        common = min(self.output.end, other.output.end) - max(self.output.start, other.output.start)
        return 2 * common > self.output.end - self.output.start

    @property
    def order(self) -> Rank:
        """Sorts matches as works are ranked."""
        return rank(self.action, self.tokens, self.longest_run, self.names_alike, self.work.id)


def distinct(matches: Iterable[Match]) -> list[Match]:
    """Matches without those of a work whose characters another match of it has as well, in their order.

    A work of code is read in several ways at once, and so is an output where its words are masked: told is the
    severest match, of equals that of code.
    """
    kept: list[Match] = []
    for match in sorted(matches, key=lambda m: (-SEVERITY[m.action], m.view in _WORDS, m.order)):
        if not any(match.inside(other) for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda m: m.order)


@dataclass(frozen=True, slots=True)
class Decided:
    """What made a decision: the work and its view, its rule, the figure that reached its threshold, and where.

    By ``degraded`` anchors decided that a lost index may hold: their number, and no work, for none is known.
    """

    work: str
    rule: str
    by: By
    value: float
    threshold: float
    position: int
    action: Action
    view: str = "words"

    @property
    def unit(self) -> str:
        """What its figure counts, but for ``min_evidence``, which is in bits."""
        return unit_of(self.view)

    def to_dict(self) -> dict[str, Any]:
        """The decision as JSON: docs/results.md has the fields."""
        row = asdict(self)
        del row["action"]
        return row


class IndexState(NamedTuple):
    """An index as it stood at the decision."""

    name: str
    epoch: int
    scheme: str


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check or of a stream so far.

    ``decision`` is what was done; ``observed`` what would have been done where the policy only observes.
    ``released`` is None for streams, whose text has gone out already. ``degraded``: something was not
    examined in full, because an index was lost or a budget spent and the policy does not stop there, or because some of
    it is code of a language that an index refuses (``Guard.refused``).
    """

    id: str
    decision: Action
    observed: Action | None = None
    released: str | None = None
    degraded: bool = False
    error: str | None = None
    matches: tuple[Match, ...] = ()
    decided: Decided | None = None
    quoted: dict[str, int] = field(default_factory=dict)
    indexes: tuple[IndexState, ...] = ()
    policy: str = ""
    elapsed_ms: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON: docs/results.md has the fields."""
        return {
            "schema": 1,
            "id": self.id,
            "decision": self.decision,
            "observed": self.observed,
            "released": self.released,
            "degraded": self.degraded,
            "error": self.error,
            "matches": [match.to_dict() for match in self.matches],
            "decided": self.decided.to_dict() if self.decided else None,
            "quoted": self.quoted,
            "indexes": [state._asdict() for state in self.indexes],
            "policy": self.policy,
            "elapsed_ms": round(self.elapsed_ms, 3),
        }

    def with_elapsed(self, milliseconds: float) -> Report:
        """The same report with the time that its caller measured."""
        return replace(self, elapsed_ms=milliseconds)

    @property
    def acted(self) -> bool:
        """Whether the output was changed: observe, cite and release leave it as it came."""
        return self.decision in HOLDING
