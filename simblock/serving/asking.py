"""What a client asked: read once, before the upstream sees it, and asked again where a passage was withheld."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from simblock.errors import InputError
from simblock.wire.encodings import decoder
from simblock.wire.format import Format, Request
from simblock.wire.formats import FORMATS
from simblock.wire.jsontext import dump, parse

if TYPE_CHECKING:
    from simblock.guard import Withheld


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its format, its JSON, what of it matters, and what its headers say."""

    format: Format
    value: Any
    request: Request
    tenant: str | None = None
    request_id: str | None = None

    @classmethod
    def read(
        cls,
        format: str,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
        tenant_header: str | None = None,
        most: int = 64 << 20,
    ) -> Asked:
        """Reads a request; without a body it is an empty one.

        Raises InputError where it cannot be read, or comes to more than ``most`` bytes.
        """
        given = {name.lower(): value for name, value in headers}
        value = _value(given.get(b"content-encoding", b"").decode("latin-1"), body, most)
        found = FORMATS[format]
        return cls(
            found,
            value,
            found.request(value) if value is not None else Request(),
            _header(given, tenant_header),
            _header(given, "x-request-id"),
        )


def _value(encoding: str, body: bytes, most: int) -> Any:
    decode = decoder(encoding, most=most) if encoding else None
    if decode is not None:
        body = decode.feed(body) + decode.finish()
    try:
        return parse(body) if body.strip() else None
    except InputError:
        raise InputError("the request is no JSON: send an object as the API asks for") from None


def _header(headers: dict[bytes, bytes], name: str | None) -> str | None:
    value = headers.get(name.lower().encode()) if name else None
    return None if value is None else value.decode("latin-1")


def ask_again(asked: Asked, again: Callable[[bytes], Any], withheld: Withheld) -> str | Awaitable[str]:
    """The upstream's other text for what was withheld. Raises InputError where it has none."""
    reply = again(dump(asked.format.again(asked.value, withheld.before, withheld.note, withheld.choice)))
    if inspect.isawaitable(reply):
        return _when_it_comes(asked, cast("Awaitable[tuple[int, bytes]]", reply))
    return _text(asked, *reply)


async def _when_it_comes(asked: Asked, reply: Awaitable[tuple[int, bytes]]) -> str:
    return _text(asked, *(await reply))


def _text(asked: Asked, status: int, body: bytes) -> str:
    text = asked.format.answer(parse(body)) if status == 200 else None
    if text is None:
        raise InputError(f"the upstream gave no other answer, status {status}")
    return text
