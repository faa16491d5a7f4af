"""Content encodings: what a compressed body says, as it comes, and no more of it than an honest one would.

The names are those of RFC 9110, section 8.4.1, with ``br`` (RFC 7932) and ``zstd`` (RFC 8878; its window is bounded by
RFC 9659).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, Protocol

from simblock.errors import InputError

RATIO = 200
"""Bytes that one byte of the wire may come to; event streams come to ten where each event is flushed, to 35 where none is."""
SLACK = 8 << 20
"""Bytes that may come out whatever the ratio: a model that says one word for ever compresses like a bomb."""
MOST = 1 << 30
"""Bytes that one body may come to."""
LAYERS = 3
"""How many encodings may lie over one another."""
_WINDOW = 23  # RFC 9659: 8 MiB


class _Layer(Protocol):
    """One encoding."""

    def read(self, data: bytes, limit: int) -> bytes:
        """What ``data`` comes to, at most ``limit`` bytes of it; fewer only when there is no more."""
        ...

    def close(self) -> None:
        """Raises where the end is missing."""
        ...


class Decoder:
    """Decodes one body. Both methods raise InputError where it is damaged, or comes to far too much."""

    def __init__(
        self, name: str, layers: list[_Layer], *, ratio: int = RATIO, most: int = MOST, slack: int = SLACK
    ) -> None:
        self._name, self._layers = name, layers
        self._ratio, self._most, self._slack = ratio, most, slack
        self._fed, self._given = 0, [0] * len(layers)

    def feed(self, data: bytes) -> bytes:
        """What the next bytes of the body come to."""
        self._fed += len(data)
        allowed = min(self._most, self._slack + self._ratio * self._fed)
        for number, layer in enumerate(self._layers):
            left = allowed - self._given[number]
            try:
                data = layer.read(data, left + 1)
            except _damages() as error:
                raise self._damaged() from error
            if len(data) > left:
                raise InputError(
                    f"a body of encoding {self._name} comes to over {allowed} bytes after {self._fed}: see what is sent"
                )
            self._given[number] += len(data)
        return data

    def finish(self) -> bytes:
        """The rest, which is empty: what was fed has come out. Raises InputError where the body is cut off."""
        if self._fed:
            try:
                for layer in self._layers:
                    layer.close()
            except _damages() as error:
                raise self._damaged() from error
        return b""

    def _damaged(self) -> InputError:
        return InputError(
            f"a body of encoding {self._name} is damaged or cut off: see what the other side sends"
        )


class _Damage(Exception):
    """A body that is not what its encoding says."""


class _Gzip:
    """gzip: one member or several, and padding of zeros behind them."""

    def __init__(self) -> None:
        self._member: Any = None
        self._head = b""
        self._whole = False  # whether a member is over

    def read(self, data: bytes, limit: int) -> bytes:
        parts = []
        while data and limit:
            if self._member is None:
                data = self._begin(data)
                if self._member is None:
                    break
            part = self._member.decompress(data, limit)
            limit -= len(part)
            parts.append(part)
            data = b""
            if self._member.eof:
                data, self._member, self._whole = self._member.unused_data, None, True
        return b"".join(parts)

    def _begin(self, data: bytes) -> bytes:
        """Begins a member where one begins; what is to be decompressed."""
        data, self._head = self._head + data, b""
        if self._whole:
            data = data.lstrip(b"\0")
        if data[:2] == b"\x1f\x8b":
            self._member = zlib.decompressobj(31)
        elif data == b"\x1f":
            self._head = data
        elif data:
            raise _Damage
        return data

    def close(self) -> None:
        if self._member is not None or self._head or not self._whole:
            raise _Damage


class _Deflate:
    """deflate: in zlib's wrapping, as it should be, or bare, as some send it."""

    def __init__(self) -> None:
        self._body: Any = None
        self._head = b""

    def read(self, data: bytes, limit: int) -> bytes:
        if self._body is None:
            self._head += data
            if len(self._head) < 2:
                return b""
            data = self._head
            wrapped = data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._body = zlib.decompressobj(15 if wrapped else -15)
        if self._body.eof and data:
            raise _Damage
        part: bytes = self._body.decompress(data, limit)
        if self._body.unused_data:
            raise _Damage
        return part

    def close(self) -> None:
        if self._body is None or not self._body.eof:
            raise _Damage


class _Zstd:
    """zstd: one frame or several."""

    def __init__(self) -> None:
        from simblock.zstd import decompressor

        self._new = partial(decompressor, _WINDOW)
        self._frame: Any = None

    def read(self, data: bytes, limit: int) -> bytes:
        parts = []
        while data and limit:
            if self._frame is None:
                self._frame = self._new()
            part = self._frame.decompress(data, limit)
            limit -= len(part)
            parts.append(part)
            data = b""
            if self._frame.eof:
                data, self._frame = self._frame.unused_data, None
        return b"".join(parts)

    def close(self) -> None:
        if self._frame is not None:
            raise _Damage


class _Brotli:
    """br, by brotli or brotlicffi."""

    def __init__(self) -> None:
        brotli = _brotli()
        if brotli is None:
            raise InputError("content encoding br needs a package: pip install 'brotli>=1.2'")
        self._body = brotli.Decompressor()

    def read(self, data: bytes, limit: int) -> bytes:
        parts = []
        while (data or not self._body.can_accept_more_data()) and limit > 0:
            if self._body.is_finished():
                raise _Damage
            part = self._body.process(data, output_buffer_limit=limit)
            limit -= len(part)
            parts.append(part)
            data = b""
        return b"".join(parts)

    def close(self) -> None:
        if not self._body.is_finished():
            raise _Damage


def _brotli() -> ModuleType | None:
    """Whichever is installed that can be told how much to give; from 1.2 on both can."""
    for name in ("brotli", "brotlicffi"):
        try:
            module = __import__(name)
        except ImportError:
            continue
        if hasattr(module.Decompressor, "can_accept_more_data"):
            return module
    return None


def _damages() -> tuple[type[Exception], ...]:
    """What the decoders raise on damage: looked up when one has raised."""
    from simblock.zstd import ZstdError

    brotli = _brotli()
    return (_Damage, zlib.error, ZstdError, *((brotli.error,) if brotli else ()))


_LAYERS: dict[str, Callable[[], _Layer]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "zstd": _Zstd,
    "br": _Brotli,
}


def decoder(
    content_encoding: str, *, ratio: int = RATIO, most: int = MOST, slack: int = SLACK
) -> Decoder | None:
    """A decoder for a body of this ``Content-Encoding``, the last of several first; None where it is not encoded.

    ``ratio``, ``slack`` and ``most`` bound what may come out: ``slack + ratio × what was fed``, and ``most`` in all.
    Raises InputError for an encoding that is unknown here.
    """
    names = [name for name in (part.strip().lower() for part in content_encoding.split(",")) if name]
    names = [name for name in names if name != "identity"]
    for name in names:
        if name not in _LAYERS:
            raise InputError(
                f"content encoding {name[:20]!r} is unknown here: there are {', '.join(_LAYERS)}"
            )
    if len(names) > LAYERS:
        raise InputError(f"{len(names)} content encodings over one another: at most {LAYERS} are read")
    if not names:
        return None
    layers = [_LAYERS[name]() for name in reversed(names)]
    return Decoder(", ".join(names), layers, ratio=ratio, most=most, slack=slack)
