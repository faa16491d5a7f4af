"""What simblock says to Redis, blocking: records and manifests read, written, announced; the writer's lock.

Reads on behalf of an output are short of patience, everything else has seconds. No scripts, no scans.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from redis import exceptions as said

from simblock.errors import Busy, IndexProblem, StoreLost
from simblock.stores.redis.address import Address
from simblock.stores.redis.awaiting import AwaitingLink
from simblock.stores.redis.connections import Connections, Patience, Session
from simblock.stores.redis.names import Names
from simblock.stores.redis.routing import Ask, Command, Flow, Replies, Round, Router
from simblock.stores.redis.trouble import GARBLED, as_said, broken, translate

__all__ = ["AwaitingLink", "Link", "ServerFacts"]

_T = TypeVar("_T")
_LOG = logging.getLogger("simblock")
_SECONDS = 5.0
"""How long who keeps no output waiting waits: a server that saves, or a failover, takes so long."""
_BATCH_BYTES = 1 << 20
_BATCH_COMMANDS = 1000
"""Written at a time, so that a server which is shared is not held up for long."""
_CONTENDED = 5
"""Times that a transaction is begun anew as its lock was renewed meanwhile; renewals are seconds apart."""
_ANNOUNCED = 1000
"""About how many commits a stream keeps: for who looks back, as readers want the newest alone."""


class ServerFacts(NamedTuple):
    """What a server says of itself; on a cluster the masters together: sums of memory, else the worst.

    ``maxmemory`` and ``used_memory`` are bytes, 0 for no limit; ``persistent`` is whether it writes its
    data to disk by an append-only file or snapshots; ``role`` is "master" or "slave"; ``replicas`` is how
    many follow; ``cut_off`` is whether it is a replica that has lost its master.
    """

    version: str
    maxmemory_policy: str
    maxmemory: int
    used_memory: int
    persistent: bool
    role: str
    replicas: int
    masters: int
    cut_off: bool


class Link:
    """The way to the servers of an address: made when first used, mended by itself, safe for threads and
    after a fork.

    Every method raises StoreLost where no server answers in time or at all, IndexProblem where the password
    is refused, a right is missing or the keys hold something else, SimblockError where the server is out of
    memory. Reads wait at most about twice ``timeout`` and ``connect_timeout`` of the
    address, with ``patient`` and for everything else some seconds.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._connections = Connections(address)
        self._router = Router(address)
        self._quick = Patience(address.connect_timeout, address.timeout)
        if address.tls is not None and not address.tls.verify:
            _LOG.warning("%s: verify=none believes whoever answers there: for tests alone", address.name)
        self._patient = Patience(max(_SECONDS, address.connect_timeout), max(_SECONDS, address.timeout))

    def __repr__(self) -> str:
        return f"Link({self.address.name!r})"

    def get_many(self, keys: Sequence[bytes], *, patient: bool = False) -> list[bytes | None]:
        """The values of keys, None where there is none, by one command (one round to all nodes of a
        cluster). ``patient``: nobody waits for it."""
        return self._drive(self._router.values(keys), self._patient if patient else self._quick)

    def get(self, key: bytes, *, patient: bool = False) -> bytes | None:
        """The value of a key, from the master also where replicas are read."""
        flow: Flow[Any] = self._router.one(Ask(key, ("GET", key)), of_master=True)
        value = self._drive(flow, self._patient if patient else self._quick)
        return None if value is None else self._read(_bytes, value)

    def newest(self, key: bytes) -> bytes | None:
        """The value of a key, for who must have the newest: raises StoreLost where the server is a replica
        that has lost its master, so that nothing which is committed reaches it."""
        value = self.get(key)
        ask = Ask(key, ("INFO", "replication"))
        try:
            told = self._drive(self._router.one(ask, of_master=True), self._quick)
        except IndexProblem:  # a user without the right to ask has what was said
            return value
        state = self._read(_info, told)
        if state.get("role") == "slave":
            self._router.forget()  # if there is a master elsewhere, the next look finds it
        if _cut_off(state):
            raise StoreLost(
                f"{self.address.name} is a replica that has lost its master, and what is committed does not reach "
                "it: bring the master back, or give the address of another server"
            )
        return value

    def set_many(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Stores values, about 1 MiB at a time."""
        self._write(Ask(key, ("SET", key, value)) for key, value in items)

    def unlink_many(self, keys: Iterable[bytes]) -> None:
        """Removes keys; those that are not there are no error."""
        self._write(Ask(key, ("UNLINK", key)) for key in keys)

    def expire_many(self, keys: Iterable[bytes], seconds: float) -> None:
        """Lets keys go in so many seconds."""
        self._write(Ask(key, ("PEXPIRE", key, _milliseconds(seconds))) for key in keys)

    def fields(self, key: bytes) -> dict[bytes, bytes]:
        """The fields of a hash, none where there is no such key."""
        return self._read(_pairs, self._ask(key, "HGETALL", key))

    def set_field(self, key: bytes, field: bytes, value: bytes) -> None:
        self._ask(key, "HSET", key, field, value)

    def drop_field(self, key: bytes, field: bytes) -> None:
        self._ask(key, "HDEL", key, field)

    def acquire(self, key: bytes, token: bytes, ttl: float) -> bool:
        """Takes a lock for ``ttl`` seconds; False where another token has it."""
        taken = self._ask(key, "SET", key, token, "NX", "PX", _milliseconds(ttl))
        # An answer that was lost may have been a yes.
        return bool(taken == b"OK" or self._ask(key, "GET", key) == token)

    def renew(self, key: bytes, token: bytes, ttl: float) -> bool:
        """Keeps a lock for ``ttl`` seconds more; False where it is no longer held."""
        return self._guarded(key, token, ("PEXPIRE", key, _milliseconds(ttl))) is not None

    def release(self, key: bytes, token: bytes) -> None:
        """Lets a lock go, if it is held."""
        self._guarded(key, token, ("DEL", key))

    def publish(self, names: Names, token: bytes, manifest: bytes) -> bytes:
        """Stores a manifest and announces it on the stream, in one transaction, and gives the entry's id: b""
        where the stream took none, which is logged, as the commit stands.

        Waits until as many replicas as the address says have it and all before it (on a cluster: what is on
        the same master); too few are logged, as the commit stands. Raises Busy where the writer's lock no
        longer holds ``token``.
        """
        done = self._guarded(
            names.writer,
            token,
            ("SET", names.manifest, manifest),
            ("XADD", names.changes, "MAXLEN", "~", _ANNOUNCED, "*", b"commit", b""),  # it must hold something
            wait=self.address.wait,
        )
        if done is None:
            raise Busy(
                f"another writer has taken over {self.address.name}, and this one's changes are not in it: "
                "run the command again when the other has finished"
            )
        if isinstance(done[1], Exception):
            _LOG.warning(
                "%s: a commit stands, but was not announced, so that readers see it some seconds later: "
                "delete the key %s, which holds something else, or is full",
                self.address.name,
                names.changes.decode(),
            )
            return b""
        return self._read(_bytes, done[1])

    def changes(self, stream: bytes, after: bytes, block: float) -> list[bytes]:
        """The ids of a stream's entries after one, waiting up to ``block`` seconds; [] when none came."""
        command = ("XREAD", "BLOCK", _milliseconds(block), "STREAMS", stream, after)
        patience = Patience(self._quick.connect, block + max(0.25, self._quick.answer))
        found = self._drive(self._router.one(Ask(stream, command), of_master=True), patience)
        return self._read(_entries, found)

    def last_change(self, stream: bytes) -> bytes:
        """The id of a stream's newest entry, b"0-0" where it is empty."""
        command = ("XREVRANGE", stream, "+", "-", "COUNT", 1)
        found = self._drive(self._router.one(Ask(stream, command), of_master=True), self._quick)
        return self._read(lambda rows: _bytes(rows[0][0]) if rows else b"0-0", found)

    def facts(self) -> ServerFacts:
        """What the servers say of themselves."""
        told = self._drive(self._router.everywhere(("INFO",)), self._patient)
        return self._read(lambda texts: _facts([_info(text) for text in texts]), told)

    def interrupt(self) -> None:
        """Ends what other threads wait for, so that none is waited for at the end: they and whoever asks later
        hear StoreLost. Call :meth:`close` then."""
        self._connections.interrupt()

    def close(self) -> None:
        """Ends its connections; it may be used again, unless it was interrupted."""
        self._connections.close()

    def _ask(self, key: bytes, *command: Any) -> Any:
        """The master's reply."""
        return self._drive(self._router.one(Ask(key, command), of_master=True), self._patient)

    def _write(self, asks: Iterable[Ask]) -> None:
        for some in _portions(asks):
            self._drive(self._router.run(some, of_master=True), self._patient)

    def _drive(self, flow: Flow[_T], patience: Patience) -> _T:
        until = time.monotonic() + patience.whole
        try:
            return _finish(flow, lambda asked: self._connections.exchange(asked, patience, until))
        except said.RedisError as error:
            raise translate(self.address, error, patience.answer) from None

    def _read(self, read: Callable[[Any], _T], reply: Any) -> _T:
        """What is made of a reply; one that no Redis server gives is told."""
        try:
            return read(reply)
        except GARBLED:
            raise translate(self.address, said.InvalidResponse(), 0) from None

    def _guarded(self, lock: bytes, token: bytes, *commands: Command, wait: int = 0) -> list[Any] | None:
        """The replies to commands that are given only while a lock is held, in one transaction; None
        where it is not. What a broken connection leaves open is done again."""
        for attempt in range(_CONTENDED):
            node = self._drive(self._router.master(lock), self._patient)
            try:
                with self._connections.session(node, self._patient) as session:
                    held, replies = _transact(session, lock, token, commands)
                    if replies is not None and wait:
                        self._confirm(session, wait)
            except (said.RedisError, *GARBLED) as error:
                self._router.forget()
                if attempt == 0 and _once_more(error):
                    continue
                raise translate(self.address, as_said(error), self._patient.answer) from None
            if not held or replies is not None:
                return replies
        raise StoreLost(f"{self.address.name} changes its writer's lock all the time: try again")

    def _confirm(self, session: Session, wait: int) -> None:
        (confirmed,) = session.say(("WAIT", wait, _milliseconds(_SECONDS)), longer=_SECONDS)
        if confirmed < wait:
            _LOG.warning(
                "%s: a commit is on %d of %d replicas after %g s: look at the replicas' links",
                self.address.name,
                confirmed,
                wait,
                _SECONDS,
            )


def _finish(flow: Generator[Round, Replies, _T], exchange: Any) -> _T:
    try:
        asked = next(flow)
        while True:
            asked = flow.send(exchange(asked))
    except StopIteration as stop:
        result: _T = stop.value
        return result


def _transact(
    session: Session, lock: bytes, token: bytes, commands: Sequence[Command]
) -> tuple[bool, list[Any] | None]:
    """Whether the lock was held, and the replies: None where it changed hands (or was renewed) meanwhile.

    What the first command did stands, whatever befell those after it. Raises what befell the first.
    """
    _, holder = session.say(("WATCH", lock), ("GET", lock))
    if holder != token:
        session.say(("UNWATCH",))
        return False, None
    replies = session.say(("MULTI",), *commands, ("EXEC",))[-1]
    if replies and isinstance(replies[0], Exception):
        raise replies[0]
    return True, replies


def _once_more(error: Exception) -> bool:
    return broken(error) or isinstance(error, said.ReadOnlyError | said.MovedError)


def _portions(asks: Iterable[Ask]) -> Iterable[list[Ask]]:
    """Asks, about 1 MiB at a time."""
    portion: list[Ask] = []
    size = 0
    for ask in asks:
        portion.append(ask)
        size += sum(len(part) for part in ask.command if isinstance(part, bytes))
        if size >= _BATCH_BYTES or len(portion) >= _BATCH_COMMANDS:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _bytes(reply: Any) -> bytes:
    if not isinstance(reply, bytes):
        raise TypeError
    return reply


def _entries(found: Any) -> list[bytes]:
    return [_bytes(entry) for _, entries in found or () for entry, _ in entries]


def _pairs(flat: Sequence[Any]) -> dict[bytes, bytes]:
    parts = [_bytes(part) for part in flat]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _info(text: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in text.decode(errors="replace").splitlines())
    return {name: value.strip() for name, colon, value in lines if colon}


def _facts(servers: Sequence[Mapping[str, str]]) -> ServerFacts:
    policies = [each.get("maxmemory_policy", "") for each in servers]
    limits = [int(each.get("maxmemory", 0)) for each in servers]
    roles = [each.get("role", "") for each in servers]
    return ServerFacts(
        version=min((each.get("redis_version", "") for each in servers), key=_version),
        maxmemory_policy=next((policy for policy in policies if policy != "noeviction"), "noeviction"),
        maxmemory=sum(limits) if all(limits) else 0,
        used_memory=sum(int(each.get("used_memory", 0)) for each in servers),
        persistent=all(_persistent(each) for each in servers),
        role=next((role for role in roles if role != "master"), "master"),
        replicas=min(int(each.get("connected_slaves", 0)) for each in servers),
        masters=len(servers),
        cut_off=any(_cut_off(each) for each in servers),
    )


def _cut_off(server: Mapping[str, str]) -> bool:
    return server.get("role") == "slave" and server.get("master_link_status") != "up"


def _version(text: str) -> list[int]:
    return [int(part) for part in text.split(".") if part.isdecimal()]


def _persistent(server: Mapping[str, str]) -> bool:
    """By an append-only file, or by a snapshot that was made in this life of the server.

    INFO does not say whether snapshots are configured; CONFIG, which does, is for administrators.
    """
    started = int(server.get("server_time_usec", 0)) / 1e6 - int(server.get("uptime_in_seconds", 0))
    saved = int(server.get("rdb_last_save_time", 0)) > started + 2
    return server.get("aof_enabled") == "1" or saved
