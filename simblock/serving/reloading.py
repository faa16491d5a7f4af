"""A policy that is read again when its file changes: by content, however the file is replaced."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from simblock.errors import PolicyError
from simblock.policy import Policy

LOG = logging.getLogger("simblock")
EVERY = 1.0
"""Seconds between two looks."""


class _Stamp(NamedTuple):
    """What of a file differs when it is written to, renamed over, or reached through another link."""

    device: int
    inode: int
    size: int
    changed: int


class Reloading:
    """Watches a policy file and hands on each new policy; one that cannot be read leaves the old one in effect.

    ``take`` gets the policies, ``failed`` is called for each that could not be read, after it was logged in one line.
    """

    def __init__(
        self,
        path: Path,
        digest: str,
        take: Callable[[Policy], None],
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self.path, self._take, self._failed = path, take, failed
        self._digest = digest
        self._stamp = _stamp(path)
        self._told = ""

    def look(self) -> None:
        """Looks once. Raises nothing: a policy is not to fall with its file."""
        stamp = _stamp(self.path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            policy = Policy.load(self.path)
        except PolicyError as error:
            self._keep(str(error))
            return
        self._told = ""
        if policy.digest != self._digest:
            self._digest = policy.digest
            self._take(policy)
            LOG.warning("policy %s is in effect for new responses (from %s)", policy.digest, self.path)

    async def watch(self) -> None:
        """Looks every second, off the loop, until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await asyncio.to_thread(self.look)

    def _keep(self, why: str) -> None:
        self._failed()
        if why != self._told:
            self._told = why
            LOG.warning("policy %s stays in effect: %s", self._digest, why)


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # follows links, as reading does
    except OSError:
        return None
    return _Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


__all__ = ["Reloading"]
