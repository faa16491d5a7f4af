"""What all streams of one response share: quotas, exemptions, and what is known of works."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias, TypeVar, cast

from simblock.exemption import WORDS, Exemption, Reading
from simblock.match import SEVERITY, Action
from simblock.policy import Policy, Resolved
from simblock.questions import Answer, Lost, Question, Read, Works
from simblock.quota import Quota, Quotas
from simblock.tracking import TrackKey
from simblock.work import Work

T = TypeVar("T")
Told: TypeAlias = Generator[Question, Answer, T]
"""Steps that ask questions and come to a result."""
Steps: TypeAlias = Generator[Question, Answer, None]


class AnswerLost(Exception):
    """A question came back as Lost."""


REMEMBERED = 64
"""Runs and works that a response knows of where no match is open, but for those of which something is quoted."""

Forgive: TypeAlias = Callable[[AnswerLost], bool]
"""Takes note of a lost answer; says whether what can be told without it counts, raises it again where it is the end."""


def asked(question: Question) -> Told[Answer]:
    """Yields a question; returns its answer, or raises AnswerLost."""
    answer = yield question
    if isinstance(answer, Lost):
        raise AnswerLost(answer.reason)
    return answer


BROKEN_OFF = (
    "the examination was broken off: its caller was cancelled, or an index failed in a way of its own"
)


def to_its_end(steps: Told[T], lose: Callable[[str], None]) -> Told[T]:
    """Goes through steps; who drives them and leaves them in between has lost what was not examined."""
    try:
        return (yield from steps)
    except BaseException:
        lose(BROKEN_OFF)
        raise


@dataclass
class Ledger:
    """What all streams of one response share: quotas, exemptions, and what is known of works.

    ``barred`` are works held from their first hit: stopped before in this response, or with a
    quota that the history alone has filled.
    """

    policy: Policy
    exemption: Exemption
    tenant: str | None = None
    quotas: Quotas = field(default_factory=Quotas)
    barred: set[str] = field(default_factory=set)
    known: dict[TrackKey, tuple[Work, ...]] = field(default_factory=dict)
    resolved: dict[tuple[Work, str], Resolved] = field(default_factory=dict)

    def fork(self) -> Ledger:
        """A ledger that counts on from here by itself: for text that may never go out."""
        return replace(self, quotas=self.quotas.fork(), barred=set(self.barred))

    def quota(self, work: Work, view: str) -> Quota:
        """What has been quoted of a view of a work."""
        return self.quotas.of(work.id, view)

    def resolve(self, work: Work, view: str) -> Resolved:
        """What the policy says of a view of a work."""
        found = self.resolved.get((work, view))
        if found is None:
            found = self.resolved[work, view] = self.policy.resolve(work, self.tenant, view)
        return found

    def rest(self) -> None:
        """Lets go of what can be asked again, where no match is open: works of which nothing is quoted."""
        if len(self.known) + len(self.resolved) < REMEMBERED:
            return
        self.known.clear()
        self.resolved = {
            (work, view): it for (work, view), it in self.resolved.items() if (work.id, view) in self.quotas
        }

    def action(self, work: Work) -> Action:
        """What the policy does about a work, in any of its views."""
        return self.resolve(work, "words").action

    @property
    def quoted(self) -> dict[str, int]:
        """Tokens quoted of each work: of its views that of which most was."""
        counts: dict[str, int] = {}
        for (work, _), quota in self.quotas.items():
            counts[work] = max(counts.get(work, 0), quota.words)
        return counts

    def works(self, key: TrackKey) -> Told[tuple[Work, ...]]:
        """The live works of a run, asked once in a response; the severest rule first, then the smallest id."""
        known = self.known.get(key)
        if known is None:
            works = yield from asked(Works(*key))
            live = cast(tuple[Work, ...], works)
            known = tuple(sorted(live, key=lambda w: (-SEVERITY[self.action(w)], w.id)))
            self.known[key] = known
            yield from self._read_request(known[:1])
        return known

    def _read_request(self, works: Sequence[Work]) -> Steps:
        """Has the client's request read when its words, or its code, may first count: most requests never are."""
        readings = [WORDS]
        for work in works:
            if work.kind == "code":
                readings += [Reading("lexemes", work.language), Reading("syntax", work.language)]
        if works and (characters := self.exemption.unread(readings)):
            yield Read(characters, partial(self.exemption.read, readings))
