"""Files of a delivery, here or behind URLs: whether one changed, and how a new one appears, whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from simblock.errors import InputError, SimblockError
from simblock_indexer.dedup.folder import replaced
from simblock_indexer.readers.remote import called, is_url, reached, remote
from simblock_indexer.readers.streams import reason


def stamp(url: str) -> str:
    """Differs when a file was written, as far as its system tells. Raises InputError where it is gone."""
    system, path = remote(url)
    try:
        with reached(url):
            return f"{system.size(path)} {system.ukey(path)}"
    except OSError as error:
        raise InputError(f"{called(url)}: {reason(error)}: check the URL") from None


def below(out: str, name: str) -> str:
    """The place of a file in a folder, that is a path or a URL."""
    return f"{out.rstrip('/')}/{name}" if is_url(out) else str(Path(out, name))


class Sink(io.RawIOBase):
    """A file that is written. Raises SimblockError where that cannot be done; from then on it takes and drops what
    still comes, as whoever writes tries to end well."""

    def __init__(self, place: str, file: IO[bytes]) -> None:
        super().__init__()
        self._place, self._file, self._failed = place, file, False
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if not self._failed:
            with self._failing():
                self._file.write(data)
        self.size += len(data)
        return len(data)

    def done(self) -> None:
        """Writes what is left of it."""
        with self._failing():
            self._file.close()

    def tell(self) -> int:
        return self.size

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            with reached(self._place):
                yield
        except OSError as error:
            self._failed = True
            raise not_written(self._place, error) from error


@contextmanager
def made(place: str) -> Iterator[Sink]:
    """A new file to write; it appears at a path or URL when all went well, in the place of what stood there.

    Raises SimblockError where it cannot be written, as on a full disk; then nothing is left of it.
    """
    if is_url(place):
        with _remotely(place) as sink:
            yield sink
        return
    path = Path(place)
    try:
        with replaced(path) as written, written.open("wb") as file:
            sink = Sink(place, file)
            yield sink
            sink.done()
    except OSError as error:
        raise not_written(place, error) from error


@contextmanager
def _remotely(url: str) -> Iterator[Sink]:
    system, path = remote(url)
    try:
        with reached(url):
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
        # What is opened in a transaction appears when that ends well.
        with system.transaction:
            sink = Sink(url, system.open(path, "wb"))
            yield sink
            sink.done()
    except OSError as error:
        raise not_written(url, error) from error


def not_written(place: str, error: OSError) -> SimblockError:
    """The error of a file that cannot be written."""
    mend = "make room, or name another folder, and give the same command again"
    return SimblockError(f"{called(place)}: cannot be written, {reason(error)}: {mend}")
