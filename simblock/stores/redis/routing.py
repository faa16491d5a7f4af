"""Which server is asked what, and what to do about its refusals. No I/O.

A *flow* is a generator that yields rounds of commands and is sent the replies, so that one and the same
flow is driven blocking (:mod:`~simblock.stores.redis.clients`) or awaiting. In a round each server gets
its commands at once, before any is read.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from redis import exceptions as said
from redis.crc import key_slot

from simblock.stores.redis.address import Address
from simblock.stores.redis.trouble import GARBLED, Unreached, broken

__all__ = ["Ask", "Batch", "Command", "Flow", "Node", "Replies", "Round", "Router"]

_T = TypeVar("_T")
_ATTEMPTS = 2
_GUIDES = 3
"""How many are asked for a chart in one go: each may cost a time-out. The next go begins with others."""
_SLOTS = 16384
_AVOIDED = 1.0
"""Seconds for which a replica that failed is asked nothing: others, or the master, answer meanwhile."""

Command = tuple[Any, ...]


class Node(NamedTuple):
    """A server; a guide is a sentinel, which has other credentials and no data."""

    host: str
    port: int
    guide: bool = False


class Batch(NamedTuple):
    """Commands for one server, pipelined."""

    node: Node
    commands: list[Command]


class Ask(NamedTuple):
    """A command, and the key that says which server has the answer."""

    key: bytes
    command: Command


Round = list[Batch]
Replies = list[list[Any]]
"""By batch and command; where something went wrong, the exception stands in the place of the reply."""
Flow = Generator[Round, Replies, _T]


class Chart(NamedTuple):
    """Who has what: the master of each slot, and its replicas. One slot alone but in a cluster."""

    masters: Sequence[Node | None]
    replicas: Sequence[tuple[Node, ...]]


class _Refused(NamedTuple):
    place: int
    node: Node
    error: Exception


class Router:
    """Finds servers, keeps the chart of them, and draws a new one when it turns out old.

    Its flows raise the client library's exceptions; who drives them says them in our words.
    """

    def __init__(self, address: Address, clock: Callable[[], float] = time.monotonic) -> None:
        self._kind = address.kind
        self._service = address.service
        self._reads_replicas = address.replicas and address.kind != "single"
        self._clock = clock
        self._seeds = [Node(*host, guide=address.kind == "sentinel") for host in address.hosts]
        self._guides = list(self._seeds)
        self._chart: Chart | None = None
        self._avoided: dict[Node, float] = {}
        if address.kind == "single":
            self._chart = Chart([self._seeds[0]], [()])

    def one(self, ask: Ask, *, of_master: bool = False) -> Flow[Any]:
        """The reply to one command."""
        return (yield from self.run([ask], of_master=of_master))[0]

    def values(self, keys: Sequence[bytes]) -> Flow[list[bytes | None]]:
        """The values of keys, None where there is none: one MGET, on a cluster GETs to each node at once.

        A replica may lag behind, so what it lacks is asked of the master.
        """
        found = yield from self._values(keys, of_master=False)
        if self._reads_replicas and None in found:
            lacking = [place for place, value in enumerate(found) if value is None]
            there = yield from self._values([keys[place] for place in lacking], of_master=True)
            for place, value in zip(lacking, there, strict=True):
                found[place] = value
        return found

    def _values(self, keys: Sequence[bytes], of_master: bool) -> Flow[list[bytes | None]]:
        if not keys:
            return []
        if self._kind == "cluster":
            found = yield from self.run([Ask(key, ("GET", key)) for key in keys], of_master=of_master)
        else:
            found = yield from self.one(Ask(keys[0], ("MGET", *keys)), of_master=of_master)
        if not _are_values(found, len(keys)):
            raise said.InvalidResponse
        return found

    def run(self, asks: Sequence[Ask], *, of_master: bool = False) -> Flow[list[Any]]:
        """The replies in order of the asks.

        What a connection broke on, and what a cluster says to stand elsewhere, is asked once more; all
        commands that pass here may be given twice. Raises the first error that no second attempt mends.
        """
        replies: list[Any] = [None] * len(asks)
        left: Iterable[int] = range(len(asks))
        elsewhere: dict[int, Node] = {}
        for _ in range(_ATTEMPTS):
            batches, places = yield from self._batches(asks, left, elsewhere, of_master)
            refused = _sort(batches, places, (yield batches), replies)
            if not refused:
                return replies
            for each in refused:
                self._learn(each, asks[each.place], elsewhere)
            if not all(self._again(each) for each in refused):
                break
            left = [each.place for each in refused]
        raise next((each.error for each in refused if not self._again(each)), refused[0].error)

    def everywhere(self, command: Command) -> Flow[list[Any]]:
        """The replies of all masters to one command, which may be given twice."""
        ask = Ask(b"", command)
        for _ in range(_ATTEMPTS):
            chart = yield from self._known()
            masters = list(dict.fromkeys(node for node in chart.masters if node))
            answers = yield [Batch(node, [command]) for node in masters]
            refused = [
                _Refused(0, node, reply)
                for node, (reply,) in zip(masters, answers, strict=True)
                if isinstance(reply, Exception)
            ]
            if not refused:
                return [reply for (reply,) in answers]
            for each in refused:
                self._learn(each, ask, {})
            if not all(self._again(each) for each in refused):
                break
        raise refused[0].error

    def master(self, key: bytes) -> Flow[Node]:
        """The server that takes writes of a key."""
        chart = yield from self._known()
        return self._node(chart, self._slot(key), of_master=True)

    def forget(self) -> None:
        """Lets the chart be drawn anew before the next command."""
        if self._kind != "single":
            self._chart = None

    def _batches(
        self, asks: Sequence[Ask], left: Iterable[int], elsewhere: dict[int, Node], of_master: bool
    ) -> Flow[tuple[Round, list[list[int]]]]:
        """A round for the asks that are left, and for each batch the asks of its last commands."""
        chart = yield from self._known()
        batches: dict[tuple[Node, bool], tuple[list[Command], list[int]]] = {}
        for index in left:
            slot = self._slot(asks[index].key)
            asking = index in elsewhere
            node = elsewhere[index] if asking else self._node(chart, slot, of_master)
            commands, places = batches.setdefault((node, asking), ([], []))
            if asking:
                commands.append(("ASKING",))
                places.append(-1)
            elif not commands and self._kind == "cluster" and node in chart.replicas[slot]:
                commands.append(("READONLY",))
                places.append(-1)
            commands.append(asks[index].command)
            places.append(index)
        return (
            [Batch(node, commands) for (node, _), (commands, _) in batches.items()],
            [places for _, places in batches.values()],
        )

    def _slot(self, key: bytes) -> int:
        return key_slot(key) if self._kind == "cluster" else 0

    def _node(self, chart: Chart, slot: int, of_master: bool) -> Node:
        if self._reads_replicas and not of_master:
            now = self._clock()
            usable = [node for node in chart.replicas[slot] if self._avoided.get(node, 0.0) <= now]
            if usable:
                return random.choice(usable)  # noqa: S311 (spreading load)
        master = chart.masters[slot]
        if master is None:
            self.forget()
            raise said.ClusterDownError("slot not served")
        return master

    def _again(self, refused: _Refused) -> bool:
        """Whether another attempt may help."""
        error = refused.error
        if isinstance(error, said.ReadOnlyError):
            return self._kind != "single"
        if isinstance(error, said.BusyLoadingError):
            return self._reads_replicas  # another has it: that which loads is avoided now
        return broken(error) or isinstance(error, said.AskError | said.TryAgainError | said.MasterDownError)

    def _learn(self, refused: _Refused, ask: Ask, elsewhere: dict[int, Node]) -> None:
        """What a refusal says about the chart."""
        error = refused.error
        elsewhere.pop(refused.place, None)
        if isinstance(error, said.MovedError):
            self._move(self._slot(ask.key), self._told(error, refused.node))
        elif isinstance(error, said.AskError):
            elsewhere[refused.place] = self._told(error, refused.node)
        elif broken(error) or isinstance(error, _OUTDATED):
            self._avoided[refused.node] = self._clock() + _AVOIDED
            self.forget()

    @staticmethod
    def _told(error: said.AskError, asked: Node) -> Node:
        return Node(error.host or asked.host, error.port)

    def _move(self, slot: int, node: Node) -> None:
        chart = self._chart
        if chart is not None and self._kind == "cluster":
            masters, replicas = list(chart.masters), list(chart.replicas)
            masters[slot], replicas[slot] = node, ()
            self._chart = Chart(masters, replicas)

    def _known(self) -> Flow[Chart]:
        if self._chart is None:
            self._chart = yield from self._draw()
        return self._chart

    def _draw(self) -> Flow[Chart]:
        """A chart by the first guide that answers; those that did not are asked last the next time."""
        clustered = self._kind == "cluster"
        commands: list[Command] = [("CLUSTER", "SLOTS")] if clustered else self._about_service()
        read: Callable[..., Chart | None] = _cluster if clustered else _sentinel
        trouble: Exception = said.TimeoutError()
        for guide in self._guides[:_GUIDES]:
            (replies,) = yield [Batch(guide, commands)]
            error = next((reply for reply in replies if isinstance(reply, Exception)), None)
            chart = None if error else _read(read, guide, replies)
            if chart is not None:
                self._guides = self._next_guides(guide, chart)
                return chart
            self._guides = [*(each for each in self._guides if each != guide), guide]
            trouble = error or Unreached(_UNKNOWN[self._kind])
        raise trouble

    def _about_service(self) -> list[Command]:
        commands: list[Command] = [("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service)]
        return commands + [("SENTINEL", "REPLICAS", self._service)] * self._reads_replicas

    def _next_guides(self, guide: Node, chart: Chart) -> list[Node]:
        masters = [node for node in chart.masters if node] if self._kind == "cluster" else []
        return list(dict.fromkeys([guide, *masters, *self._seeds]))


_UNKNOWN = {
    "cluster": "is a cluster without slots: give its slots to its nodes",
    "sentinel": "has no master at present: check the service's name, or wait for the failover",
}
_OUTDATED = (said.TimeoutError, said.ReadOnlyError, said.ClusterDownError, said.BusyLoadingError)


def _sort(batches: Round, places: list[list[int]], answers: Replies, replies: list[Any]) -> list[_Refused]:
    """Puts answers into their places and gives those that are refusals."""
    refused: dict[int, _Refused] = {}
    for batch, indices, answer in zip(batches, places, answers, strict=True):
        for index, reply in zip(indices, answer, strict=True):
            if index < 0:
                continue
            if isinstance(reply, Exception):
                refused[index] = _Refused(index, batch.node, reply)
            else:
                replies[index] = reply
    return list(refused.values())


def _are_values(found: Any, count: int) -> bool:
    return (
        isinstance(found, list)
        and len(found) == count
        and all(value is None or isinstance(value, bytes) for value in found)
    )


def _read(read: Callable[..., Chart | None], guide: Node, replies: list[Any]) -> Chart | None:
    try:
        return read(guide, *replies)
    except GARBLED:
        raise said.InvalidResponse from None


def _cluster(guide: Node, ranges: list[Any]) -> Chart | None:
    """A chart from CLUSTER SLOTS; a node without a host is at that of the guide."""
    masters: list[Node | None] = [None] * _SLOTS
    replicas: list[tuple[Node, ...]] = [()] * _SLOTS
    for first, last, *servers in ranges:
        if not 0 <= first <= last < _SLOTS:
            raise ValueError
        nodes = [Node(_host(server[0]) or guide.host, int(server[1])) for server in servers]
        count = last - first + 1
        masters[first : last + 1] = [nodes[0]] * count
        replicas[first : last + 1] = [tuple(nodes[1:])] * count
    return Chart(masters, replicas) if ranges else None


def _host(said_host: bytes | None) -> str:
    host = (said_host or b"").decode()
    return "" if host == "?" else host


def _sentinel(_: Node, master: list[bytes] | None, replicas: Iterable[Any] = ()) -> Chart | None:
    """A chart from what a sentinel says; None where it knows no master of that name."""
    if master is None:
        return None
    rows = [dict(zip(row[::2], row[1::2], strict=True)) for row in replicas]
    usable = tuple(
        Node(row[b"ip"].decode(), int(row[b"port"]))
        for row in rows
        if not {b"s_down", b"o_down", b"disconnected"} & set(row[b"flags"].split(b","))
        and row.get(b"master-link-status", b"ok") == b"ok"
    )
    return Chart([Node(master[0].decode(), int(master[1]))], [usable])
