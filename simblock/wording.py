"""Calling a rewriter: blocking or awaiting, for so long and no longer.

What it raises is its own: of that only the kind is told, for its words may be the user's.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any

from simblock.errors import UsageError
from simblock.questions import Lost, Rewriter, Wording

AWAIT_IT = "the rewriter is asynchronous: use afeed, afinish or acheck, or give one that is not"


def is_awaited(rewriter: Rewriter | None) -> bool:
    """Whether a rewriter can only be awaited, as far as can be seen before it is called."""
    called = getattr(rewriter, "__call__", None)  # noqa: B004 - an object whose call is a coroutine, too
    return inspect.iscoroutinefunction(rewriter) or inspect.iscoroutinefunction(called)


def write(wanted: Wording) -> str | Lost:
    """What a rewriter says, from a thread that nobody waits for any more when it is late. Raises UsageError."""
    if is_awaited(wanted.rewriter):
        raise UsageError(AWAIT_IT)
    try:
        said = _begun(lambda: wanted.rewriter(wanted.withheld)).result(wanted.timeout)
    except TimeoutError:
        return _late(wanted)
    except Exception as error:
        return _failed(error)
    if inspect.isawaitable(said):
        if inspect.iscoroutine(said):
            said.close()
        raise UsageError(AWAIT_IT)
    return _text(said)


async def awrite(wanted: Wording) -> str | Lost:
    """:func:`write` for event loops: awaits a rewriter that is asynchronous, calls another in a thread."""
    try:
        async with asyncio.timeout(wanted.timeout):
            if is_awaited(wanted.rewriter):
                said: Any = wanted.rewriter(wanted.withheld)
            else:
                said = await asyncio.wrap_future(_begun(lambda: wanted.rewriter(wanted.withheld)))
            return _text(await said if inspect.isawaitable(said) else said)
    except TimeoutError:
        return _late(wanted)
    except Exception as error:
        return _failed(error)


def _begun(call: Callable[[], str | Awaitable[str]]) -> Future[Any]:
    """A call in a thread of its own, which does not keep the process: one that hangs would block a pool."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    context = copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(call))
        except BaseException as error:  # whatever it is, who waits is to hear of it
            future.set_exception(error)

    threading.Thread(target=run, name="simblock-rewriter", daemon=True).start()
    return future


def _text(said: object) -> str | Lost:
    if isinstance(said, str):
        return said
    return Lost(f"the rewriter gave {type(said).__name__}, not a text")


def _late(wanted: Wording) -> Lost:
    return Lost(f"the rewriter took over {wanted.timeout:g} s")


def _failed(error: Exception) -> Lost:
    return Lost(f"the rewriter failed with {type(error).__name__}")


__all__ = ["awrite", "is_awaited", "write"]
