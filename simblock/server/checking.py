"""``POST /v1/check``: one output in, the result of a check out, for callers in any language."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

from simblock.arguments import ROLES
from simblock.errors import UsageError
from simblock.events import Decision, Events, Outcome, Spoken
from simblock.guard import Guard
from simblock.match import Action, Report
from simblock.response import EVERYTHING, Floor
from simblock.server.answering import Receive, Refused, Scope, Send, answer_json, body_of

T = TypeVar("T")
MOST = 16 * 1024 * 1024
"""Bytes of a body: an output of some million words."""
WORKERS = min(4, os.cpu_count() or 1)
WAITING = 64
"""Checks that may wait for a worker; more would wait longer than any caller does."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check is asked: the output, what came before it, and how it is read."""

    text: str
    id: str | None = None
    prompt: str | None = None
    history: tuple[Mapping[str, str], ...] = ()
    kind: str | None = None
    language: str | None = None
    tenant: str | None = None
    all: bool = False

    @classmethod
    def parse(cls, body: bytes) -> Asked:
        """Raises Refused, 400, naming the field that cannot be meant."""
        value = parsed(body)
        unknown = next((name for name in value if name not in _FIELDS), None)
        if unknown is not None:
            raise _wrong(unknown[:40], f"there is no such field, but {', '.join(_FIELDS)}")
        if value.get("text") is None:
            raise _wrong("text", "it is missing: the output to be checked, a string")
        return cls(**{name: _FIELDS[name](name, one) for name, one in value.items() if one is not None})


class Said(NamedTuple):
    """A text that was checked as a whole, and what became of it: how many code points of it may go out, and which of the
    report's matches stand in it. ``number`` tells texts of one channel apart."""

    text: str
    released: int
    stopped: bool
    channel: str = "content"
    number: int = 0
    matches: tuple[int, ...] = ()


class Caller(NamedTuple):
    """Who asked for a check: by which route, by what id of their own, for which tenant."""

    route: str
    request_id: str | None = None
    tenant: str | None = None


class Checks:
    """Runs checks in threads, few at a time, by the guard that there is when each begins.

    ``most`` is the cap on a body in bytes, ``waiting`` how many may wait for one of the ``workers``.
    """

    def __init__(
        self,
        guard: Callable[[], Guard],
        events: Events | None = None,
        *,
        evidence: bool = False,
        most: int = MOST,
        workers: int = WORKERS,
        waiting: int = WAITING,
    ) -> None:
        self.guard, self.events, self.most = guard, events or Events(), most
        self._evidence = evidence
        self._limit, self._running = workers + waiting, 0
        self._pool = ThreadPoolExecutor(workers, "simblock-check")

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """The endpoint. Raises Refused, ClientGone."""
        asked = Asked.parse(await body_of(receive, self.most))
        report = await self.run(partial(self.check, asked))
        await answer_json(send, report.to_dict())

    def check(self, asked: Asked) -> Report:
        """Blocks while it checks. Raises Refused where language or kind cannot be meant."""
        guard = self.guard()
        floor = EVERYTHING if asked.all else Floor()
        try:
            report = guard.check(
                asked.text,
                prompt=asked.prompt,
                history=asked.history,
                tenant=asked.tenant,
                floor=floor,
                kind=asked.kind,  # type: ignore[arg-type]  # the guard says what is wrong with it
                language=asked.language,
            )
        except UsageError as error:
            raise Refused(400, "invalid_value", str(error)) from None
        numbers = tuple(range(len(report.matches)))
        said = Said(asked.text, len(report.released or ""), report.decision == "stop", matches=numbers)
        self.tell(report, [said], Caller("/check", asked.id, asked.tenant), guard, floor)
        if not asked.all:
            acted = tuple(match for match in report.matches if match.action != "release")
            report = replace(report, matches=acted)
        return report if asked.id is None else replace(report, id=asked.id)

    def tell(self, report: Report, texts: Sequence[Said], caller: Caller, guard: Guard, floor: Floor) -> None:
        """Tells events of texts that were checked as wholes, by which guard, and from where on matches were kept."""
        self.events.scanned(report.elapsed_ms / 1000)
        self.events.decided(
            Decision(
                at=time.time(),
                id=report.id,
                request_id=caller.request_id,
                route=caller.route,
                format=None,
                model=None,
                tenant=caller.tenant,
                streaming=False,
                outcome=outcome(report),
                report=report,
                streams=tuple(self._spoken(said) for said in texts),
                scan_ms=report.elapsed_ms,
                evidence=evidence(report, texts) if self._evidence else None,
                policy=guard.policy,
                floor=floor,
            )
        )

    def _spoken(self, said: Said) -> Spoken:
        digest = self.events.digest()
        if digest is not None:
            digest.update(said.text)
        return Spoken(
            said.channel,
            said.number,
            "",
            len(said.text),
            said.released,
            said.stopped,
            said.matches,
            None if digest is None else digest.hexdigest(),
        )

    async def run(self, work: Callable[[], T]) -> T:
        """Does a piece of work in a thread. Raises Refused, 503, where too many wait already, or the audit log is required and lost."""
        if reason := self.events.blocked:
            raise Refused(503, "unavailable", f"nothing is checked now: {reason}")
        if self._running >= self._limit:
            again = [(b"retry-after", b"1")]
            raise Refused(503, "busy", f"{self._limit:,} checks wait already: try again in a second", again)
        self._running += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._running -= 1

    def close(self) -> None:
        """Ends the threads when their checks are done."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def evidence(report: Report, texts: Sequence[Said]) -> dict[str, str]:
    """The outputs' own text of each match, by its number in the report."""
    found: dict[str, str] = {}
    for said in texts:
        for number in said.matches:
            place = report.matches[number].output
            found[str(number)] = said.text[place.start : place.end]
    return found


def outcome(report: Report) -> Outcome:
    """How a text that was checked as a whole came out."""
    if report.error is not None and report.decided is None:
        return "error_stopped" if report.decision == "stop" else "error_released"
    return _OUTCOMES["observe" if report.observed else report.decision]


_OUTCOMES: Mapping[Action, Outcome] = {
    "stop": "stopped", "replace": "replaced", "redact": "redacted", "cite": "cited", "observe": "observed",
    "release": "clean",
}  # fmt: skip


def parsed(body: bytes) -> dict[str, Any]:
    """The object that a body holds. Raises Refused, 400."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "invalid_json", "the body is no JSON: send an object") from None
    if not isinstance(value, dict):
        raise Refused(400, "invalid_json", "the body is no object: send {…}")
    return value


def _wrong(field: str, why: str) -> Refused:
    return Refused(400, "invalid_value", f"field {field!r}: {why}")


def _string(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(field, "it is no string")
    return value


def _flag(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(field, "it is neither true nor false")
    return value


def _turns(field: str, value: object) -> tuple[Mapping[str, str], ...]:
    shape = f'a turn is {{"role": "{"|".join(sorted(ROLES))}", "content": "…"}}'
    if not isinstance(value, list):
        raise _wrong(field, f"it is no list: {shape}")
    for number, turn in enumerate(value, 1):
        role, content = (turn.get("role"), turn.get("content")) if isinstance(turn, dict) else (None, None)
        if not (isinstance(role, str) and role in ROLES and isinstance(content, str)):
            raise _wrong(field, f"turn {number} cannot be read: {shape}")
    return tuple(value)


_FIELDS: Mapping[str, Callable[[str, object], Any]] = {
    "text": _string,
    "id": _string,
    "prompt": _string,
    "history": _turns,
    "kind": _string,
    "language": _string,
    "tenant": _string,
    "all": _flag,
}

__all__ = ["Asked", "Caller", "Checks", "Said", "evidence", "outcome", "parsed"]
