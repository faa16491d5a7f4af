"""A real redis-server of a benchmark's own: started on a free port, weighed, killed, and started again."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import subprocess
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import redis

HOST = "127.0.0.1"
READY = 60.0
"""Seconds after which a server that does not answer has failed to start."""
SETTLED = 1.0
"""Seconds over which a server's memory must not change to be read."""


def binary() -> str:
    """The server that is used: $SIMBLOCK_REDIS_SERVER, else the one on the PATH."""
    found = os.environ.get("SIMBLOCK_REDIS_SERVER") or shutil.which("redis-server")
    if not found:
        raise SystemExit("there is no redis-server: install one, or say where it is by SIMBLOCK_REDIS_SERVER")
    return found


def free_port() -> int:
    """A port below those that clients are given, one of which could sit on it while the server is down."""
    while True:
        port = random.randrange(12_000, 22_000)
        with suppress(OSError), socket.socket() as one:
            one.bind((HOST, port))
            return port


class Weight(NamedTuple):
    """Bytes: what the server has allocated, what of it is data, what it takes of the machine, and the
    allocator's fragmentation (its own pages over what is used of them)."""

    used: int
    dataset: int
    resident: int
    fragmentation: float
    keys: int


class Server:
    """A server with ``options`` as on its command line; without persistence unless they say otherwise.

    With ``sentinel``, lines of a configuration, it is a sentinel.
    """

    def __init__(self, folder: Path, *options: str, sentinel: str | None = None) -> None:
        self.folder, self.port = folder, free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self._options = ("--save", "", "--appendonly", "no", *options)
        self._first: list[str] = []
        if sentinel is not None:
            (folder / "sentinel.conf").write_text(sentinel)
            self._first, self._options = [str(folder / "sentinel.conf")], ("--sentinel",)
        self.client = redis.Redis(port=self.port)
        self.start()

    def start(self) -> float:
        """Seconds from the start of the process until it answers with its data loaded."""
        started = time.perf_counter()
        self._spawn()
        while not self.answers():
            if time.perf_counter() - started > READY:
                raise SystemExit(f"redis-server did not start: see {self.folder / 'redis.log'}")
            if self.process.poll() is not None:
                self._spawn()  # the port of a server that was just killed may take a moment to be free
            time.sleep(0.002)
        return time.perf_counter() - started

    def _spawn(self) -> None:
        command = [
            binary(),
            *self._first,
            "--port",
            str(self.port),
            "--bind",
            HOST,
            "--dir",
            str(self.folder),
        ]
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen([*command, *self._options], stdout=log, stderr=log)

    def answers(self) -> bool:
        """Whether it answers, and has its data."""
        with (
            suppress(redis.RedisError, OSError),
            redis.Redis(port=self.port, socket_timeout=1, retry=None) as one,
        ):
            return bool(one.ping())
        return False

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self.kill()

    def url(self, tenant: str = "bench", **options: object) -> str:
        """The URL of an index in it."""
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"redis://{HOST}:{self.port}/0?tenant={tenant}{more}"

    def empty(self) -> None:
        self.client.flushall()

    def cpu(self) -> float:
        """Seconds of processor time that the server has used."""
        info: dict[str, Any] = self.client.info("cpu")
        return float(info["used_cpu_user"] + info["used_cpu_sys"])

    def facts(self) -> dict[str, str]:
        """Version and allocator."""
        info: dict[str, Any] = self.client.info()
        return {"redis-server": info["redis_version"], "allocator": info["mem_allocator"]}

    def weigh(self) -> Weight:
        """Its memory, once nothing of it moves any more: tables are grown in the background."""
        before, since = -1, time.perf_counter()
        while time.perf_counter() - since < SETTLED:
            time.sleep(0.1)
            used = int(self.client.info("memory")["used_memory"])
            if abs(used - before) > 4096:
                before, since = used, time.perf_counter()
        info: dict[str, Any] = self.client.info("memory")
        return Weight(
            info["used_memory"], info["used_memory_dataset"], info["used_memory_rss"],
            info["allocator_frag_ratio"], self.client.dbsize(),
        )  # fmt: skip

    def by_kind(self, pattern: str, what: str) -> dict[str, tuple[int, int, int]]:
        """(keys, bytes of values, bytes allocated) of the keys of a pattern, by the group ``kind`` of ``what``.

        Walks all keys: for a server of one's own.
        """
        found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        shape = re.compile(what.encode())
        keys = list(self.client.scan_iter(match=pattern, count=1000))
        for start in range(0, len(keys), 1000):
            part = keys[start : start + 1000]
            with self.client.pipeline(transaction=False) as pipe:
                for key in part:
                    pipe.memory_usage(key, samples=0)
                    pipe.strlen(key)
                got = pipe.execute(raise_on_error=False)
            for key, weight, length in zip(part, got[::2], got[1::2], strict=True):
                match = shape.match(key)
                row = found[match["kind"].decode() if match else "control"]
                row[0] += 1
                row[1] += length if isinstance(length, int) else 0  # of a stream or a hash there is none
                row[2] += weight
        return {kind: (row[0], row[1], row[2]) for kind, row in found.items()}
