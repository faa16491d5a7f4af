"""The application asked anew: for other words in the place of a passage, or of an answer."""

from __future__ import annotations

import asyncio

from simblock.middleware.carrying import asking
from simblock.middleware.types import App, Message, Scope

OF_THE_BODY = frozenset({b"content-length", b"content-encoding", b"transfer-encoding"})


async def ask_again(app: App, scope: Scope, body: bytes) -> tuple[int, bytes]:
    """Status and body of what the application answers to another body of the same request."""
    scope = asking(scope)
    headers = [pair for pair in scope["headers"] if pair[0].lower() not in OF_THE_BODY]
    scope["headers"] = [*headers, (b"content-length", str(len(body)).encode())]
    unread = [body]
    status, parts = 500, []

    async def receive() -> Message:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        await asyncio.Event().wait()  # nobody leaves
        raise AssertionError

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return status, b"".join(parts)
