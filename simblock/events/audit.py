"""The audit log: one JSON line a decision, appended whole, reopened when it was rotated.

Several processes may write to one file: each line is one write to a file opened for appending. Writing never waits
for a disk to be sure of it, and a disk that is full stops nothing: what could not be written waits in memory, as far
as there is room, and goes first when there is space again.
"""

from __future__ import annotations

import errno
import hmac
import json
import logging
import os
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from simblock.errors import InputError
from simblock.events.decision import Decision
from simblock.events.record import bypass, record

LOG = logging.getLogger("simblock")
WAITING = 1 << 22
"""Bytes of lines that wait for a disk; of more the oldest are lost, and counted."""
AGAIN = 1.0
"""Seconds between two attempts to write what waits, where a log is required and nothing else is written."""
_FLAGS = os.O_APPEND | os.O_CREAT | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0)


class Digest:
    """The keyed digest of what a model said, as it comes: HMAC-SHA-256, of which 32 hex digits are kept."""

    __slots__ = ("_hmac",)

    def __init__(self, key: bytes) -> None:
        self._hmac = hmac.new(key, digestmod="sha256")

    def update(self, text: str) -> None:
        """Takes what was said next; how it is cut does not matter."""
        self._hmac.update(text.encode("utf-8", "surrogatepass"))

    def hexdigest(self) -> str:
        """The digest of all of it."""
        return self._hmac.hexdigest()[:32]


def digest_key(key: bytes) -> bytes:
    """The key of digests, from that of a key file, which may be an index's as well."""
    return hmac.digest(key, b"simblock audit digest", "sha256")


class Audit:
    """A log at ``path``, readable by its owner alone where it is made here.

    ``evidence``: the output's own text of each match is written, too. ``key``: the 32 bytes of a key file, with which
    outputs are digested; without one there are no digests, for an unkeyed one of a short text can be guessed.
    ``required``: while it cannot be written, no further response may begin (:attr:`blocked`). Raises InputError where
    the file cannot be opened.
    """

    def __init__(
        self, path: str | Path, *, evidence: bool = False, key: bytes | None = None, required: bool = False
    ) -> None:
        self.path, self.evidence, self.required = Path(path), evidence, required
        self.written = self.lost = self.failures = 0
        self._key = None if key is None else digest_key(key)
        self._waiting: deque[bytes] = deque()
        self._bytes = 0  # of what waits
        self._torn = False
        self._tried = 0.0
        self._lock = threading.Lock()
        self._file = -1
        try:
            self._open()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(
                f"audit log {self.path}: {reason}: name a file in a folder that can be written to"
            ) from None

    def digest(self) -> Digest | None:
        """What digests an output, where there is a key."""
        return None if self._key is None else Digest(self._key)

    def take(self, decision: Decision) -> None:
        """Writes a decision. Raises OSError where it cannot, having kept it for later."""
        self._put(record(decision, evidence=self.evidence))

    def bypassed(self, reason: str, route: str) -> None:
        """Writes that something was not scanned at all. Raises OSError as :meth:`take` does."""
        self._put(bypass(time.time(), reason, route))

    @property
    def blocked(self) -> str | None:
        """Why no response may begin: the log is required, and cannot be written. Tries again now and then."""
        if not (self.required and self._waiting):
            return None
        with self._lock:
            now = time.monotonic()
            if now - self._tried >= AGAIN:
                self._tried = now
                with suppress(OSError):
                    self._write()
            return "the audit log cannot be written" if self._waiting else None

    def close(self) -> None:
        """Lets the file go."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
            self._file = -1

    def __enter__(self) -> Audit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, row: dict[str, Any]) -> None:
        line = json.dumps(row, separators=(",", ":")) + "\n"
        with self._lock:
            self._keep(line.encode("ascii"))
            self._write()

    def _keep(self, line: bytes) -> None:
        self._waiting.append(line)
        self._bytes += len(line)
        while self._bytes > WAITING:
            self._bytes -= len(self._waiting.popleft())
            self.lost += 1

    def _write(self) -> None:
        try:
            self._follow()
            while self._waiting:
                self._append(self._waiting[0])
                self._bytes -= len(self._waiting.popleft())
                self.written += 1
        except OSError:
            self.failures += 1
            raise

    def _append(self, line: bytes) -> None:
        """One write; what was cut off before by a disk that got full is ended first, and told damaged by readers."""
        data = b"\n" + line if self._torn else line
        wrote = os.write(self._file, data)
        if wrote == len(data):
            self._torn = False
            return
        self._torn = self._torn or wrote > 0
        raise OSError(errno.ENOSPC, "no space left on the device", str(self.path))

    def _follow(self) -> None:
        """Opens the file anew where another stands at its path, or none."""
        if self._file >= 0:
            mine = os.fstat(self._file)
            try:
                there = self.path.stat()
            except FileNotFoundError:
                there = None
            if there is not None and (there.st_ino, there.st_dev) == (mine.st_ino, mine.st_dev):
                return
        self._open()

    def _open(self) -> None:
        opened = os.open(self.path, _FLAGS, 0o600)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._torn = opened, False


__all__ = ["Audit", "Digest"]
