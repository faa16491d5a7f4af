"""The drivers: the core asks, the indexes answer, and one that cannot is lost to the question alone.

There are two, :meth:`Driver.run` that blocks and :meth:`Driver.arun` that awaits. They share every line of the core;
the second awaits the indexes that can be, and asks the others as the first does.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple, TypeVar, cast

from simblock.errors import IndexProblem, StoreLost
from simblock.outages import Outages
from simblock.policy import Policy
from simblock.questions import (
    Answer,
    Asking,
    Hit,
    Lost,
    Part,
    Places,
    Postings,
    Question,
    Read,
    Rewrite,
    Run,
    Suspected,
    Wording,
)  # fmt: skip
from simblock.response import ResponseCore
from simblock.rewriting import rewritten
from simblock.stores import Awaited, Index
from simblock.wording import awrite, write

T = TypeVar("T")
Q = TypeVar("Q", bound=Question)
MANY_KEYS = 4096
"""From so many keys on, a look-up takes longer than a thread to start."""
HEAVY = 2000
"""From so many characters of text on, other streams would wait for it."""
FAILURES = (StoreLost, IndexProblem)


def ask(index: Index, question: Asking) -> Part:
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

    def refresh(self, response: ResponseCore) -> None:
        """Lets every index take up what was committed; one that cannot, or has no news, is lost to the response.

        Its streams, those that begin later too, take note of it when they are fed next.
        """
        response.outage = None
        for number, index in enumerate(self.indexes):
            try:
                index.refresh()
            except FAILURES as error:
                self._outages.note(number, "refresh", str(error))
                response.outage = str(error)
                continue
            age = index.age
            if age > self._stale_after:
                reason = (
                    f"{index.name} gave no news for over {self._stale_after:g} s: see whether its store runs"
                )
                self._outages.note(number, "news", reason)
                response.outage = reason
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

    async def arun(self, steps: Generator[Question, Answer, T], *, heavy: bool = False) -> T:
        """:meth:`run` for event loops: awaits the indexes that can be; a question of many keys is answered off the loop.

        All of it goes through in a thread where it is ``heavy``, more than HEAVY characters of text, say. Who cancels
        that waits until the thread has come to its next question.
        """
        if heavy:
            return await self._off_the_loop(steps)
        try:
            question = next(steps)
            while True:
                question = steps.send(await self._aanswer(question))
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        finally:
            steps.close()  # a caller that is cancelled leaves it in between

    async def _off_the_loop(self, steps: Generator[Question, Answer, T]) -> T:
        answer: Answer = None
        try:
            while True:
                broken = threading.Event()
                thread = asyncio.ensure_future(asyncio.to_thread(self._go_on, steps, answer, broken))
                try:
                    come_to = await asyncio.shield(thread)
                except asyncio.CancelledError:
                    broken.set()
                    while not thread.done():  # until then the stream is the thread's
                        with suppress(asyncio.CancelledError):
                            await asyncio.wait([thread])
                    thread.exception()
                    raise
                if isinstance(come_to, _Result):
                    return cast(T, come_to.value)
                answer = await self._aanswer(come_to)
        finally:
            steps.close()

    def _go_on(
        self, steps: Generator[Question, Answer, object], answer: Answer, broken: threading.Event
    ) -> Rewrite | Wording | _Result:
        """Goes on to the result, unless it is ``broken`` off, or to what may have to be awaited."""
        try:
            question = steps.send(answer)
            while not isinstance(question, Rewrite | Wording) and not broken.is_set():
                question = steps.send(self.answer(question))
        except StopIteration as done:
            return _Result(done.value)
        return cast("Rewrite | Wording", question)

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
        if isinstance(question, Read | Rewrite | Wording):
            return self._do(question)
        if isinstance(question, Postings | Suspected):
            return cast(Answer, [self._part(number, question) for number in range(len(self.indexes))])
        return cast(Answer, self._part(question.index, question))

    def _do(self, question: Read | Rewrite | Wording) -> Answer:
        if isinstance(question, Rewrite):
            return self.run(rewritten(question))
        if isinstance(question, Wording):
            return write(question)
        question.read()
        return None

    async def _aanswer(self, question: Question) -> Answer:
        if isinstance(question, Rewrite):
            return await self._off_the_loop(rewritten(question))
        if isinstance(question, Wording):
            return await awrite(question)
        if isinstance(question, Read) or not self._waits or isinstance(question, Suspected):
            return await _at_hand(question, self.answer)
        if not isinstance(question, Postings):
            return cast(Answer, await self._apart(question.index, question))
        parts = [self._apart(number, question) for number in range(len(self.indexes))]
        if self._waits > 1:
            return cast(Answer, await asyncio.gather(*parts))
        return cast(Answer, [await part for part in parts])

    def _part(self, number: int, question: Asking) -> Part | Lost:
        if reason := self._refused(number, question):
            return Lost(reason)
        began = self._outages.clock()
        try:
            part = ask(self.indexes[number], question)
        except FAILURES as error:
            return self._lost(number, error, began)
        self._well(number, question)
        return part

    async def _apart(self, number: int, question: Asking) -> Part | Lost:
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

    def _refused(self, number: int, question: Asking) -> str | None:
        """Why an index that just let wait in vain is not asked again so soon, by streams that would wait at each step."""
        if not (self._open and self._goes_on) or isinstance(question, Suspected):
            return None
        return self._outages.paused(number)

    def _lost(self, number: int, error: Exception, began: float | None = None) -> Lost:
        waited = 0.0 if began is None else self._outages.clock() - began
        self._outages.note(number, "answer", str(error), waited)
        return Lost(str(error))

    def _well(self, number: int, question: Asking) -> None:
        if self._open and not isinstance(question, Suspected):
            self._outages.settle(number, "answer", self.indexes[number].age)


class _Result(NamedTuple):
    """What steps have come to."""

    value: object


async def _at_hand(question: Q, answer: Callable[[Q], T]) -> T:
    """An answer that nobody has to wait for; one that takes a while is given off the event loop."""
    many = isinstance(question, Postings) and len(question.keys) > MANY_KEYS
    if many or (isinstance(question, Read) and question.characters > HEAVY):
        return await asyncio.to_thread(answer, question)
    return answer(question)


__all__ = ["HEAVY", "Driver", "ask"]
