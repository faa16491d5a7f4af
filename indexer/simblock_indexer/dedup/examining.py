"""Documents of training data against protected works: the machine of serving, driven to the end of a whole document.

At serving an index that cannot answer is left to the policy's ``on_error``. Here it is an error: a document is never
clean because something was broken, and a pass goes on later where it was left. Where a document has more likenesses
than the budget of serving allows to be aligned, those within it count, as under ``on_error = "release"``.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from simblock.arguments import reading
from simblock.detection import by_tag
from simblock.driving import ask
from simblock.errors import StoreLost
from simblock.guard import Guard
from simblock.match import Action, Match
from simblock.policy import Policy
from simblock.questions import Postings, Read, Suspected
from simblock.response import Floor
from simblock.signature import Signer
from simblock.stores import Index
from simblock.stores.reader import StoredIndex
from simblock.stream import StreamCore
from simblock.tokens import I64
from simblock_indexer.indexes import shown

T = TypeVar("T")
CHUNK = 1 << 16
"""Characters of a document that are fed at a time: what is known of it at once stays small."""


class Examined(NamedTuple):
    """What was found in a document. ``cuts`` i64 [k, 2]: code points that an action "redact" withholds."""

    matches: tuple[Match, ...]
    cuts: I64


NOTHING = Examined((), np.empty((0, 2), np.int64))


class Examiner:
    """Examines documents against some open indexes by one policy. Raises Incompatible where their schemes differ."""

    def __init__(self, indexes: Sequence[StoredIndex], policy: Policy) -> None:
        self.policy = policy.model_copy(update={"on_error": "release"})
        self.indexes = tuple(indexes)
        self._guard = Guard(list[Index](self.indexes), self.policy)
        self._guard.prepare()
        self.signer = Signer(self.indexes[0].scheme, self.indexes[0].permutations)

    def refresh(self) -> None:
        """Takes up what was committed to the indexes. Raises StoreLost where there is no news of one, Damaged."""
        for index in self.indexes:
            index.refresh()
            if index.age > self.policy.stale_after:
                raise StoreLost(
                    f"{shown(index.name)} gave no news for over {self.policy.stale_after:g} s: see whether its "
                    "store runs, then start the pass again: it goes on where it was"
                )

    def examine(self, text: str, language: str | None, floor: Floor | None = None) -> Examined:
        """What a document has of the works; ``language`` as of Rows. With a ``floor`` also that on which no rule acts.

        Raises StoreLost, Damaged, KeyProblem.
        """
        core = StreamCore(
            self._guard.response(floor=floor).core,
            after=True,
            **reading(None, by_tag(language) if language else None),
        )
        for at in range(0, len(text), CHUNK):
            self.run(core.feed(text[at : at + CHUNK]))
        self.run(core.finish())
        edits = [
            (edit.start, edit.end) for edit in core.outlet.edited[1::2]
        ]  # what stays stands between them
        matches = tuple(sorted(core.matches, key=lambda match: match.order))
        return Examined(matches, _joined(edits))

    def run(self, steps: Generator[Any, Any, T]) -> T:
        """Runs steps of the core, each question answered by the indexes, whose errors go out as they are."""
        try:
            question = next(steps)
            while True:
                question = steps.send(self._answer(question))
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        finally:
            steps.close()

    def _answer(self, question: Any) -> Any:
        if isinstance(question, Postings | Suspected):
            return [ask(index, question) for index in self.indexes]
        if isinstance(question, Read):
            question.read()
            return None
        return ask(self.indexes[question.index], question)


def _joined(spans: Sequence[tuple[int, int]]) -> I64:
    """Spans in order, those that touch or overlap as one."""
    joined: list[list[int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        elif end > start:
            joined.append([start, end])
    return np.array(joined, np.int64).reshape(-1, 2)


def without(text: str, cuts: I64) -> str:
    """A text without the code points [start, end) of ``cuts`` i64 [k, 2], which rise and do not overlap."""
    ends = [0, *cuts[:, 1].tolist()]
    starts = [*cuts[:, 0].tolist(), len(text)]
    return "".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def acting(policy: Policy, actions: Mapping[Action, Action]) -> Policy:
    """A policy with other actions in the place of some of its own."""
    rules = tuple(
        rule.model_copy(update={"action": actions.get(rule.action, rule.action)}) if rule.action else rule
        for rule in policy.rule
    )
    return policy.model_copy(update={"action": actions.get(policy.action, policy.action), "rule": rules})


def policy_of(file: str | Path | None) -> Policy:
    """The policy of a file, the environment over it. Raises PolicyError."""
    return Policy.load(file)
