"""Errors of our own, in the shape that the clients of OpenAI's and of Anthropic's interfaces read."""

from __future__ import annotations

from typing import Any

from simblock.errors import InputError, SimblockError, Unavailable
from simblock.wire.jsontext import dump

_KINDS = {
    400: "invalid_request_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    503: "overloaded_error",
}
_STATUSES: dict[type[SimblockError], tuple[int, str]] = {
    InputError: (400, "invalid_request"),
    Unavailable: (503, "unavailable"),
}


def refusal(status: int, code: str, message: str, **beside: Any) -> bytes:
    """The body of an error; ``beside`` are further fields."""
    error = {
        "message": f"simblock: {message}",
        "type": _KINDS.get(status, "api_error"),
        "param": None,
        "code": code,
    }
    return dump({"type": "error", "error": error, **beside})


def too_large(most: int) -> tuple[int, bytes]:
    """Status and body for a request of more bytes than are read."""
    return 413, refusal(
        413, "request_too_large", f"the request has over {most} bytes: send less, or raise SIMBLOCK_MAX_BODY"
    )


def told_of(error: SimblockError) -> tuple[int, bytes]:
    """Status and body for a request that a gate refused."""
    status, code = next(
        (row for kind, row in _STATUSES.items() if isinstance(error, kind)), (500, "internal")
    )
    return status, refusal(status, code, str(error))
