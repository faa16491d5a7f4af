"""Opened inputs: plain, gzip or zstd, and their lines, each bounded."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from simblock.errors import InputError
from simblock_indexer.readers.options import MIB
from simblock_indexer.readers.remote import called, name_of, read_binary
from simblock_indexer.readers.tally import Unreadable

ROW_SUFFIXES = (".jsonl", ".ndjson")
COMPRESSIONS = (".gz", ".zst")
PIECE = 8 * MIB


class Line(NamedTuple):
    """One line of a file: its number from 1, the byte it begins at, its bytes."""

    number: int
    offset: int
    data: bytes


class Opened(NamedTuple):
    """``lines`` to read from, and ``raw``, the file as it lies on disk."""

    lines: BinaryIO
    raw: BinaryIO

    def position(self) -> int:
        """How many bytes of the file on disk are read; 0 in a pipe, which has no size either."""
        return self.raw.tell() if self.raw.seekable() else 0


def holds_rows(place: str | Path) -> bool:
    """Whether a file of that name holds a line a row."""
    suffixes = [suffix.lower() for suffix in name_of(place).suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in ROW_SUFFIXES


def compression(place: str | Path) -> str | None:
    """How a file of that name is compressed: a suffix of COMPRESSIONS, or None."""
    suffix = name_of(place).suffix.lower()
    return suffix if suffix in COMPRESSIONS else None


@contextmanager
def opened(place: str | Path) -> Iterator[Opened]:
    """The file of a path or URL, decompressed by its suffix. Raises Unreadable where it is cut, damaged or forbidden."""
    try:
        with read_binary(place) as raw, _decompressed(place, raw) as lines:
            yield Opened(cast("BinaryIO", lines), cast("BinaryIO", raw))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(place) from error
    except OSError as error:
        raise Unreadable(called(place), reason(error), "check the file and its permissions") from error
    except Exception as error:
        # zstd has an error of its own, a plain Exception, which only an import would name.
        if type(error).__name__ != "ZstdError":
            raise
        raise _damaged(place) from error


class Salvaged:
    """Compressed lines, read to where they are damaged: what was read before comes out first, then what was raised.

    Buffered readers drop that where they fill up a block.
    """

    def __init__(self, stream: BinaryIO) -> None:
        # Zstd's has a buffer around one of its own.
        self._stream = cast("io.BufferedReader", getattr(stream, "raw", stream))
        self._error: Exception | None = None

    def read(self, size: int) -> bytes:
        """So many bytes, fewer at the end and at the damage."""
        pieces: list[bytes] = []
        while size and self._error is None:
            try:
                piece = self._stream.read1(size)
            except Exception as error:  # raised again below
                self._error = error
                break
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
        if self._error is not None and not pieces:
            raise self._error
        return b"".join(pieces)


def _damaged(place: str | Path) -> Unreadable:
    return Unreadable(called(place), "the compressed data is damaged or cut short", "restore the file")


def reason(error: OSError) -> str:
    """What the system says is wrong."""
    return (error.strerror or type(error).__name__).lower()


def _decompressed(place: str | Path, raw: IO[bytes]) -> IO[bytes]:
    match compression(place):
        case ".gz":
            return cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="rb"))
        case ".zst":
            return cast("IO[bytes]", io.BufferedReader(_zstd_file(raw), MIB))
        case _:
            return raw


def _zstd_file(raw: IO[bytes]) -> io.RawIOBase:
    from simblock.zstd import ZstdFile

    return cast("io.RawIOBase", ZstdFile(raw, mode="rb"))


def lines(
    stream: BinaryIO,
    name: str,
    max_row: int,
    refuse: Callable[[Unreadable], None],
    span: tuple[int, int] | None = None,
) -> Iterator[Line]:
    """The lines of a stream, with ``span`` those that begin in these bytes of it.

    A longer one than ``max_row`` bytes is handed to ``refuse`` and passed over.
    """
    number, offset = (0, 0) if span is None else _skipped(stream, span[0])
    while (span is None or offset < span[1]) and (data := stream.readline(max_row + 1)):
        number += 1
        length = len(data)
        if length > max_row and not data.endswith(b"\n"):
            # Refused before the rest is looked at: a line without end must not hang the call.
            refuse(too_long(f"{name}, line {number:,}", max_row))
            length += _pass_line(stream)
        else:
            yield Line(number, offset, data)
        offset += length


def _skipped(stream: BinaryIO, first: int) -> tuple[int, int]:
    """How many lines begin before byte ``first``, and where they end: the stream stands there."""
    number = offset = 0
    while offset < first - 1:
        piece = stream.read(min(PIECE, first - 1 - offset))
        if not piece:
            return number, offset
        number += piece.count(b"\n")
        offset += len(piece)
    if not first:
        return 0, 0
    return number + 1, offset + _pass_line(stream)  # to the end of the line that has the byte before


def _pass_line(stream: BinaryIO) -> int:
    passed = 0
    while data := stream.readline(PIECE):
        passed += len(data)
        if data.endswith(b"\n"):
            break
    return passed


def too_long(place: str, max_row: int) -> Unreadable:
    """The error of a row or a work that is over the limit of ``max_row`` bytes."""
    limit = f"{max_row / MIB:,.0f} MiB" if max_row >= MIB else f"{max_row:,} bytes"
    return Unreadable(place, f"longer than {limit}", "split it, or raise --max-row")


def standard_input(max_row: int) -> bytes:
    """All of standard input. Raises InputError where it is over ``max_row`` bytes."""
    if sys.stdin.isatty():
        print("reading standard input; end it with Ctrl-D", file=sys.stderr)
    data = sys.stdin.buffer.read(max_row + 1)
    if len(data) > max_row:
        raise InputError(str(too_long("standard input", max_row)))
    return data
