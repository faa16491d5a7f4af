"""The drivers: the core asks, the indexes answer, and one that cannot is lost to the question alone.

There are two, :meth:`Driver.run` that blocks and :meth:`Driver.arun` that awaits. They share every line of the core;
the second awaits the indexes that can be, and asks the others as the first does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import TypeVar, cast

from simblock.errors import IndexProblem, StoreLost
from simblock.outages import Outages
from simblock.policy import Policy
from simblock.questions import Answer, Hit, Lost, Part, Places, Postings, Question, Run, Suspected
from simblock.stores import Awaited, Index
from simblock.stream import StreamCore

T = TypeVar("T")
MANY_KEYS = 4096
"""From so many keys on, a look-up takes longer than a thread to start."""
FAILURES = (StoreLost, IndexProblem)


def ask(index: Index, question: Question) -> Part:
    """What one index says to a question. Raises Damaged, KeyProblem or StoreLost where it cannot."""
    if isinstance(question, Postings):
        return index.postings(question.channels, question.keys)
    if isinstance(question, Run):
        return index.run(question.segment, question.run, question.start, question.stop)
    if isinstance(question, Places):
        return index.places(question.segment, question.run, question.tokens)
    if isinstance(question, Suspected):
        return index.suspected(question.channels, question.keys)
    return index.works(question.segment, question.run)


class Driver:
    """Puts the questions of a guard's streams to its indexes.

    By ``policy`` an index counts as lost after so many seconds without news, and streams go on without it or do not.
    """

    def __init__(self, indexes: Sequence[Index], policy: Policy, outages: Outages) -> None:
        self.indexes = indexes
        self._stale_after = policy.stale_after
        self._goes_on = policy.on_error != "stop"
        self._outages, self._open = outages, outages.open
        self._awaited = [index if isinstance(index, Awaited) else None for index in indexes]
        self._waits = sum(index is not None for index in self._awaited)

    def refresh(self, core: StreamCore) -> None:
        """Lets every index take up what was committed; one that cannot, or has no news, is lost to the stream."""
        for number, index in enumerate(self.indexes):
            try:
                index.refresh()
            except FAILURES as error:
                self._outages.note(number, "refresh", str(error))
                core.lose(str(error))
                continue
            age = index.age
            if age > self._stale_after:
                reason = (
                    f"{index.name} gave no news for over {self._stale_after:g} s: see whether its store runs"
                )
                self._outages.note(number, "news", reason)
                core.lose(reason)
            elif self._open:
                self._outages.settle(number, "refresh", age)
                self._outages.settle(number, "news", age)

    def run(self, steps: Generator[Question, Answer, T]) -> T:
        """Runs the core to its result, answering each question in turn."""
        try:
            question = next(steps)
            while True:
                question = steps.send(self.answer(question))
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        finally:
            steps.close()  # where an index raised what nobody foresaw: the core is to know at once

    async def arun(self, steps: Generator[Question, Answer, T]) -> T:
        """:meth:`run` for event loops: awaits the indexes that can be; a question of many keys is answered off the loop."""
        try:
            question = next(steps)
            while True:
                question = steps.send(await self._aanswer(question))
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        finally:
            steps.close()  # a caller that is cancelled leaves it in between

    def answer(self, question: Question) -> Answer:
        """The answer to one question; Lost in the place of an index that cannot give its part."""
        if isinstance(question, Postings) and not self._open:
            parts: list[list[Hit] | Lost] = []
            for number, index in enumerate(self.indexes):  # nearly all questions: without a detour
                try:
                    parts.append(index.postings(question.channels, question.keys))
                except FAILURES as error:
                    parts.append(self._lost(number, error))
            return parts
        if isinstance(question, Postings | Suspected):
            return cast(Answer, [self._part(number, question) for number in range(len(self.indexes))])
        return cast(Answer, self._part(question.index, question))

    async def _aanswer(self, question: Question) -> Answer:
        if not self._waits or isinstance(question, Suspected):
            return await _at_hand(question, self.answer)
        if not isinstance(question, Postings):
            return cast(Answer, await self._apart(question.index, question))
        parts = [self._apart(number, question) for number in range(len(self.indexes))]
        if self._waits > 1:
            return cast(Answer, await asyncio.gather(*parts))
        return cast(Answer, [await part for part in parts])

    def _part(self, number: int, question: Question) -> Part | Lost:
        if reason := self._refused(number, question):
            return Lost(reason)
        began = self._outages.clock()
        try:
            part = ask(self.indexes[number], question)
        except FAILURES as error:
            return self._lost(number, error, began)
        self._well(number, question)
        return part

    async def _apart(self, number: int, question: Question) -> Part | Lost:
        index = self._awaited[number]
        if index is None:
            return await _at_hand(question, partial(self._part, number))
        if reason := self._refused(number, question):
            return Lost(reason)
        began = self._outages.clock()
        try:
            part = await index.aask(question)
        except FAILURES as error:
            return self._lost(number, error, began)
        self._well(number, question)
        return part

    def _refused(self, number: int, question: Question) -> str | None:
        """Why an index that just let wait in vain is not asked again so soon, by streams that would wait at each step."""
        if not (self._open and self._goes_on) or isinstance(question, Suspected):
            return None
        return self._outages.paused(number)

    def _lost(self, number: int, error: Exception, began: float | None = None) -> Lost:
        waited = 0.0 if began is None else self._outages.clock() - began
        self._outages.note(number, "answer", str(error), waited)
        return Lost(str(error))

    def _well(self, number: int, question: Question) -> None:
        if self._open and not isinstance(question, Suspected):
            self._outages.settle(number, "answer", self.indexes[number].age)


async def _at_hand(question: Question, answer: Callable[[Question], T]) -> T:
    """An answer that nobody has to wait for; one to many keys is given off the event loop."""
    if isinstance(question, Postings) and len(question.keys) > MANY_KEYS:
        return await asyncio.to_thread(answer, question)
    return answer(question)


__all__ = ["Driver", "ask"]
