"""The resident parts of an index, once on each host: downloaded by one process, mapped by all.

They lie in a folder of the user's own. What lies there is checked whenever it is opened, and can be
deleted at any time: who has a file mapped keeps it. Where the folder cannot be used, a resident part
lives in the memory of the process (and of those that it forks), which costs memory and nothing else.
"""

from __future__ import annotations

import logging
import mmap
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias
from weakref import WeakValueDictionary
from zlib import crc32

from filelock import FileLock, Timeout

from simblock.errors import Damaged, SimblockError

__all__ = ["HostCache", "default_folder"]

Load: TypeAlias = Callable[[], Iterable[bytes]]
Check: TypeAlias = Callable[[memoryview], None]

_NAME = re.compile(r"[0-9a-f]{4,64}(?:[.-][a-z0-9]{1,16}){0,2}")
_PART = re.compile(rf"{_NAME.pattern}\.[0-9a-f]{{16}}\.part")
_LOCKS = 16
"""Lock files are never removed, as someone may be waiting on one; so names share these few."""
_PATIENCE = 15.0
"""Seconds without a byte, after which who downloads is taken for hung and is waited for no longer."""
_TAG = "CACHEDIR.TAG"
_TAG_LINES = (
    "Signature: 8a477f597d28d172789f06886806bc55\n# Parts of indexes, made by simblock; may be deleted.\n"
)
"""By this file backups and cleaners know a cache (bford.info/cachedir), and we know that it is ours to sweep."""
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

_log = logging.getLogger("simblock")


class _Unusable(Exception):
    """The folder, or its disk, cannot hold the file; says why."""


def default_folder() -> Path | None:
    """Where resident parts are kept unless the URL says otherwise; None for a user without a home."""
    if named := os.environ.get("SIMBLOCK_CACHE"):
        return Path(named)
    if (xdg := os.environ.get("XDG_CACHE_HOME")) and Path(xdg).is_absolute():
        return Path(xdg, "simblock")
    try:
        return Path.home() / ".cache" / "simblock"
    except RuntimeError:
        return None


class HostCache:
    """A cache of resident parts in ``folder``, else in $SIMBLOCK_CACHE, $XDG_CACHE_HOME/simblock or
    ~/.cache/simblock. The folder is made when first needed, for this user alone. It should be on a disk
    of the host: a file that another host removes is not kept for those who have it mapped.

    One that belongs to somebody else, or that others can write to, is not trusted; then, and where it
    cannot be made or the disk is full, parts are kept in memory, and one line of the log says so.
    """

    def __init__(self, folder: Path | None = None) -> None:
        chosen = default_folder() if folder is None else folder
        self.folder = None if chosen is None else chosen.absolute()
        self._held: WeakValueDictionary[str, mmap.mmap] = WeakValueDictionary()
        self._said: set[str] = set()

    def open(self, name: str, size: int, load: Load, check: Check) -> memoryview:
        """The ``size`` bytes called ``name``, read-only; on disk, mapped: one copy for all processes.

        ``load`` gives them in pieces, where they are not there yet, and is called by one process at a
        time; ``check`` raises Damaged where they are not what they should be. Raises Damaged where
        what was just loaded is refused too, and whatever else ``load`` and ``check`` raise.
        """
        if not _NAME.fullmatch(name) or size < 1:
            raise Damaged("the index names a resident part as no index does: build or sync it anew")
        try:
            folder = self._ready()
            return (
                _present(folder, name, size, check)
                or self._remembered(name, size, check)
                or self._fetched(folder, name, size, load, check)
            )
        except _Unusable as reason:
            self._say(f"resident parts are kept in the memory of each process: {reason}")
            return self._in_memory(name, size, load, check)

    def sweep(self, keep: Collection[str], older_than: float) -> None:
        """Removes files of ours, but those to ``keep``, that nobody opened for ``older_than`` seconds.

        Those to keep count as opened now, so that no other process sweeps them. A folder that held
        something else when it became a cache is not swept.
        """
        with suppress(OSError, _Unusable):
            folder = self._ready()
            _tag(folder)
            if not _is_tagged(folder):
                self._say(f"{folder} is not swept: it is no cache of simblock's alone; name an empty folder")
                return
            _sweep(folder, keep, time.time() - older_than)

    def _ready(self) -> Path:
        """The folder, made where it is not there. Raises _Unusable."""
        if self.folder is None:
            raise _Unusable("this user has no home; name a folder in SIMBLOCK_CACHE")
        with _disk(self.folder):
            try:
                facts = self.folder.stat()
            except FileNotFoundError:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                facts = self.folder.stat()
        if not stat.S_ISDIR(facts.st_mode):
            raise _Unusable(f"{self.folder} is no folder; name another in SIMBLOCK_CACHE")
        if facts.st_uid != os.geteuid():
            raise _Unusable(
                f"{self.folder} belongs to another user; name a folder of your own in SIMBLOCK_CACHE"
            )
        if facts.st_mode & 0o022:
            raise _Unusable(f"{self.folder} can be written to by others; chmod 700 it")
        return self.folder

    def _fetched(self, folder: Path, name: str, size: int, load: Load, check: Check) -> memoryview:
        """Downloads a file, unless another process has done so by the time it is our turn."""
        _tag(folder)
        with _turn(folder, name) as alive:
            view = _present(folder, name, size, check)
            return view or _download(folder, name, size, _telling(load, alive), check)

    def _remembered(self, name: str, size: int, check: Check) -> memoryview | None:
        """What this process keeps in memory, as the disk would not have it."""
        held = self._held.get(name)
        if held is None or len(held) != size:
            return None
        view = memoryview(held).toreadonly()
        check(view)
        return view

    def _in_memory(self, name: str, size: int, load: Load, check: Check) -> memoryview:
        if view := self._remembered(name, size, check):
            return view
        held = _anonymous(size)
        at = 0
        for piece in load():
            if at + len(piece) > size:
                raise _wrong_size(size)
            held[at : at + len(piece)] = piece
            at += len(piece)
        if at != size:
            raise _wrong_size(size)
        view = memoryview(held).toreadonly()
        check(view)
        self._held[name] = held
        return view

    def _say(self, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            _log.warning(what)


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """What the disk refuses inside is said as _Unusable."""
    try:
        yield
    except (OSError, OverflowError, NotImplementedError) as error:  # the last: of the locks
        number = getattr(error, "errno", None)
        reason = os.strerror(number).lower() if number else "too large, or no locks there"
        raise _Unusable(
            f"{path} cannot be used ({reason}); free some space or name another folder in SIMBLOCK_CACHE"
        ) from error


def _present(folder: Path, name: str, size: int, check: Check) -> memoryview | None:
    """The file, where it is there, whole, ours alone and ``check`` takes it."""
    try:
        file = os.open(folder / name, _READ)
    except OSError:
        return None
    try:
        facts = os.fstat(file)
        ours = stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & 0o022
        if not ours or facts.st_size != size:
            return None
        view = memoryview(mmap.mmap(file, size, access=mmap.ACCESS_READ))
        check(view)
        with suppress(OSError):  # a disk that was made read-only
            os.utime(file)
    except (Damaged, OSError):
        return None
    finally:
        os.close(file)
    return view


def _download(folder: Path, name: str, size: int, pieces: Iterable[bytes], check: Check) -> memoryview:
    """Writes a file beside its place, checks it, and only then gives it its name."""
    for left in folder.glob(f"{name}.*.part"):  # of one who died, or is hung: that one has it open
        left.unlink(missing_ok=True)
    part = folder / f"{name}.{secrets.token_hex(8)}.part"
    try:
        with _disk(folder):
            file = os.open(part, _CREATE, 0o600)
        try:
            with _disk(folder):  # whether there is room is known before anything is downloaded
                os.posix_fallocate(file, 0, size)
            _write(file, folder, size, pieces)
            with _disk(folder):
                view = memoryview(mmap.mmap(file, size, access=mmap.ACCESS_READ))
        finally:
            os.close(file)
        check(view)
        with suppress(OSError):  # swept meanwhile: what is mapped stays
            part.replace(folder / name)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return view


def _write(file: int, folder: Path, size: int, pieces: Iterable[bytes]) -> None:
    written = 0
    for piece in pieces:
        rest = memoryview(piece)
        written += len(rest)
        if written > size:
            break
        while rest:
            with _disk(folder):
                rest = rest[os.write(file, rest) :]
    if written != size:
        raise _wrong_size(size)


@contextmanager
def _turn(folder: Path, name: str) -> Iterator[Path]:
    """Waits while another process downloads, as long as that goes on; gives the file to touch while we do.

    A holder that dies has released the lock. One that hangs is not waited for: then two may download
    the same, each into a file of its own, and the later one's takes the name.
    """
    path = folder / f"lock-{crc32(name.encode()) % _LOCKS:02}"
    with _disk(folder):
        held = FileLock(path, mode=0o600)
        before = _touched(path)
        while not (locked := _acquired(held)) and (seen := _touched(path)) != before:
            before = seen
    try:
        yield path
    finally:
        if locked:
            held.release()


def _acquired(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=_PATIENCE, poll_interval=0.02)
    except Timeout:
        return False
    return True


def _touched(path: Path) -> int:
    """When the holder last showed that it is alive. Compared with itself only: clocks may jump."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return -1


def _telling(load: Load, alive: Path) -> Iterator[bytes]:
    """The pieces of ``load``; with each the lock file is touched, for those who wait."""
    for piece in load():
        with suppress(OSError):
            os.utime(alive)
        yield piece


def _anonymous(size: int) -> mmap.mmap:
    """Memory that processes forked from this one share."""
    try:
        return mmap.mmap(-1, size)
    except (OSError, OverflowError):
        raise SimblockError(
            f"there is no memory for the {size:,} bytes of a resident part: give the process more memory"
        ) from None


def _wrong_size(size: int) -> Damaged:
    return Damaged(
        f"a resident part has not the {size:,} bytes it should have: sync the index into it again with --anew"
    )


def _tag(folder: Path) -> None:
    """Marks an empty folder as a cache."""
    with suppress(OSError):
        if next(folder.iterdir(), None) is None:
            (folder / _TAG).touch(0o600)
            (folder / _TAG).write_text(_TAG_LINES)


def _is_tagged(folder: Path) -> bool:
    with suppress(OSError):
        return (folder / _TAG).read_text(errors="replace") == _TAG_LINES
    return False


def _sweep(folder: Path, keep: Collection[str], before: float) -> None:
    for path in folder.iterdir():
        with suppress(OSError):
            if path.name in keep:
                os.utime(path)
            elif _is_sweepable(path.name) and path.lstat().st_mtime < before:
                path.unlink()


def _is_sweepable(name: str) -> bool:
    return bool(_NAME.fullmatch(name) or _PART.fullmatch(name))
