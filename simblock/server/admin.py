"""The listener for those who run the server: metrics, health, readiness and the live page. Never on the public one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from simblock.guard import Guard
from simblock.server.answering import Receive, Scope, Send, answer
from simblock.stores.refusals import sentences

PROBE = "These are some plain words that no work is made of, which a server says to itself to see whether it can tell."
"""What is checked to see whether every index answers: long enough that each is asked."""


class Page(NamedTuple):
    """An answer of this listener."""

    status: int
    type: str
    body: bytes


Render: TypeAlias = Callable[[], Page]


@dataclass(slots=True)
class Standing:
    """Where the server is in its life: ``draining`` from the signal that ends it on."""

    draining: bool = False


class Admin:
    """Answers GET and HEAD; ``pages`` are the further ones by path, each rendered in a thread."""

    def __init__(
        self, guard: Callable[[], Guard], standing: Standing, pages: Mapping[str, Render] | None = None
    ) -> None:
        self._guard, self._standing = guard, standing
        self._pages = {"/readyz": self._ready, **(pages or {})}

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        render = self._pages.get(scope["path"])
        if scope["method"] not in {"GET", "HEAD"}:
            page = Page(405, "text/plain", b"GET and HEAD alone\n")
        elif scope["path"] == "/healthz":
            page = Page(
                200, "text/plain", b"alive\n"
            )  # on the loop itself: a process that hangs does not answer
        elif render is None:
            page = Page(404, "text/plain", f"there are {' '.join(self.paths)}\n".encode())
        else:
            page = await asyncio.to_thread(render)
        headers = [(b"content-type", page.type.encode()), (b"cache-control", b"no-store")]
        await answer(send, page.status, page.body, headers)

    @property
    def paths(self) -> list[str]:
        """What there is to be asked."""
        return ["/healthz", *self._pages]

    def _ready(self) -> Page:
        reasons = ["draining"] if self._standing.draining else []
        reasons += ills(self._guard())
        body = {"ready": not reasons, "reasons": reasons}
        if (
            refused := self._guard().refused
        ):  # what is asked is answered all the same, of those languages less
            body["refused"] = {name: sentences(refusals) for name, refusals in refused.items()}
        return Page(503 if reasons else 200, "application/json", json.dumps(body).encode())


class Health(Protocol):
    """How an index is: ``reason`` says what is wrong with it, None where nothing is."""

    @property
    def reason(self) -> str | None: ...


@runtime_checkable
class Watched(Protocol):
    """An index that knows by itself how it is, since something watches its store."""

    def health(self) -> Health: ...


def ills(guard: Guard) -> list[str]:
    """Why answers could not be vouched for now: what is wrong with which index. Blocks while they are asked."""
    healths = [index.health() for index in guard.indexes if isinstance(index, Watched)]
    reasons = [health.reason for health in healths if health.reason]
    report = guard.check(PROBE)
    if report.error is not None:
        reasons.append(report.error)
    elif report.degraded and not reasons:
        reasons.append("an index does not answer in full")
    return list(dict.fromkeys(reasons))


__all__ = ["Admin", "Page", "Render", "Standing", "ills"]
