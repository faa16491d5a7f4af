"""A master with its replica under three sentinels, whose master is killed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.redis_server import HOST, READY, Server

SERVICE = "bench"
DOWN_AFTER = 1000
"""Milliseconds without an answer after which a sentinel takes a master for dead."""


class Group:
    """Two servers and three sentinels; the servers that are ended are not started again."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.master = stack.enter_context(Server(folder / "master", "--repl-diskless-sync-delay", "0"))
        follows = ("--replicaof", f"{HOST} {self.master.port}")
        self.replica = stack.enter_context(Server(folder / "replica", *follows))
        self.sentinels = [
            stack.enter_context(Server(folder / f"sentinel-{number}", sentinel=self._watched()))
            for number in range(3)
        ]
        self._wait_for(self._settled)

    def _watched(self) -> str:
        return (
            f"sentinel monitor {SERVICE} {HOST} {self.master.port} 2\n"
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER}\n"
            f"sentinel failover-timeout {SERVICE} 4000\n"
        )

    def _settled(self) -> bool:
        states = [one.client.sentinel_master(SERVICE) for one in self.sentinels]
        linked = self.replica.client.info("replication").get("master_link_status") == "up"
        return linked and all(s["num-slaves"] == 1 and s["num-other-sentinels"] == 2 for s in states)

    def synced(self) -> None:
        """Waits until the replica has all that was written."""
        self._wait_for(lambda: self.replica.client.dbsize() == self.master.client.dbsize())
        self.master.client.wait(1, 10_000)

    def fail_over(self) -> float:
        """Kills the master; seconds until the replica is one, and all sentinels name it."""
        started = time.perf_counter()
        self.master.kill()
        self._wait_for(lambda: self.replica.client.info("replication")["role"] == "master")
        self._wait_for(lambda: all(self._named(one) == self.replica.port for one in self.sentinels))
        return time.perf_counter() - started

    @staticmethod
    def _named(sentinel: Server) -> int:
        return int(sentinel.client.sentinel_get_master_addr_by_name(SERVICE)[1])

    def url(self, tenant: str, **options: object) -> str:
        hosts = ",".join(f"{HOST}:{one.port}" for one in self.sentinels)
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"redis+sentinel://{hosts}/{SERVICE}/0?tenant={tenant}{more}"

    @staticmethod
    def _wait_for(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + READY
        while not condition():
            if time.monotonic() > end:
                raise SystemExit("the group under Sentinel is not sound")
            time.sleep(0.005)
