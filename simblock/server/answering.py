"""Requests read and answers given over ASGI, for what the server says itself: small JSON bodies, errors among them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeAlias

from simblock.middleware.types import App, Message, Receive, Scope, Send

RawHeaders: TypeAlias = Iterable[tuple[bytes, bytes]]

JSON = (b"content-type", b"application/json")


class Refused(Exception):
    """A request that is answered by an error: the status, a code for programs, a sentence for people."""

    def __init__(self, status: int, code: str, message: str, headers: RawHeaders = ()) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, tuple(headers)

    @property
    def body(self) -> bytes:
        """The error in the shape that the clients of OpenAI and of Anthropic read alike."""
        sort = "api_error" if self.status >= 500 else _SORTS.get(self.status, "invalid_request_error")
        error = {"message": f"simblock: {self}", "type": sort, "param": None, "code": self.code}
        return json.dumps({"type": "error", "error": error}).encode()


class ClientGone(Exception):
    """The client left before its request was read."""


_SORTS = {403: "permission_error", 404: "not_found_error", 413: "request_too_large"}


async def body_of(receive: Receive, most: int) -> bytes:
    """The whole body of a request. Raises Refused where it has over ``most`` bytes, ClientGone."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            close = [(b"connection", b"close")]  # what is left of it is not read
            raise Refused(
                413, "request_too_large", f"the body has over {most:,} bytes, which is the most", close
            )
        if not message.get("more_body"):
            return b"".join(parts)


async def answer(send: Send, status: int, body: bytes, headers: RawHeaders = (JSON,)) -> None:
    """Sends a whole answer."""
    size = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, size]})
    await send({"type": "http.response.body", "body": body})


async def answer_json(send: Send, value: Any, status: int = 200) -> None:
    """Sends a value as JSON; escapes keep lone surrogates, which are real."""
    await answer(send, status, json.dumps(value).encode())


async def refuse(send: Send, refused: Refused) -> None:
    """Sends an error."""
    await answer(send, refused.status, refused.body, [JSON, *refused.headers])


def header(headers: RawHeaders, name: bytes) -> bytes | None:
    """The first value of a header; ``name`` in small letters."""
    return next((value for key, value in headers if key.lower() == name), None)


__all__ = [
    "JSON", "App", "ClientGone", "Message", "RawHeaders", "Receive", "Refused", "Scope", "Send", "answer", "answer_json",
    "body_of", "header", "refuse",
]  # fmt: skip
