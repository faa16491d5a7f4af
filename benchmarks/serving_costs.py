"""What the filter adds to an event: processor time, throughput, and the time to the first token."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.record import percentile
from benchmarks.serving_frames import Plan
from benchmarks.serving_load import ask, together
from benchmarks.serving_servers import Process

Row = dict[str, Any]
STREAMS = 48
EVERY = 0.02
"""Seconds between two events of a stream: 50 tokens a second, so that each event comes by itself."""
AT_ONCE = 64


def plans(count: int, events: int, every: float, turn: int = 0, format: str = "chat") -> list[Plan]:
    """Streams that say different parts of the text."""
    return [Plan(events, every, 977 * (number + 100 * turn), format=format) for number in range(count)]


async def cost(server: Process, wanted: Sequence[Plan]) -> float:
    """Microseconds of processor time that a server takes for an event."""
    before = server.cpu()
    heard = await together(server.port, wanted)
    events = sum(one.events for one in heard)
    assert all(one.ended for one in heard), "a stream did not end"
    assert events >= sum(plan.events for plan in wanted), "a stream was stopped: the text is not clean"
    return (server.cpu() - before) / events * 1e6


async def costs(
    servers: Mapping[str, Process],
    against: Mapping[str, str],
    times: int,
    events: int,
    formats: Sequence[str],
    every: float = EVERY,
) -> list[Row]:
    """µs an event of each server, by turns; added is the median of the differences within a turn.

    ``every`` so many seconds a stream has an event: the fewer there are, the colder is all that an event needs.
    """
    found: dict[tuple[str, str], list[float]] = {}
    for turn in range(-1, times):  # the first warms
        for wire in formats:
            wanted = plans(STREAMS, events if turn >= 0 else 20, every, turn + 1, wire)
            for name, server in servers.items():
                took = await cost(server, wanted)
                if turn >= 0:
                    found.setdefault((wire, name), []).append(took)
    rows = []
    for (wire, name), took in found.items():
        row = {"format": wire, "server": name, "streams": STREAMS, "events/s": rounded(STREAMS / every),
               "µs an event": rounded(statistics.median(took), 1), "least": rounded(min(took), 1),
               "most": rounded(max(took), 1)}  # fmt: skip
        base = against.get(name)
        added = [one - other for one, other in zip(took, found.get((wire, base or ""), took), strict=True)]
        rows.append(
            {
                **row,
                "over": base or "",
                "added µs an event": rounded(statistics.median(added), 1) if base else "",
            }
        )
    return rows


def rounded(value: float, digits: int = 0) -> float:
    return round(value, digits) if digits else round(value)


async def throughput(servers: Mapping[str, Process], times: int, events: int) -> list[Row]:
    """Events a second of 64 streams at once, which come as fast as the server takes them."""
    found: dict[str, list[tuple[float, float]]] = {}
    for turn in range(-1, times):
        for name, server in servers.items():
            before, began = server.cpu(), time.perf_counter()
            heard = await together(server.port, plans(AT_ONCE, events if turn >= 0 else 50, 0, turn + 1))
            wall = time.perf_counter() - began
            got = sum(one.events for one in heard)
            assert all(one.ended for one in heard), "a stream did not end"
            assert got >= AT_ONCE * (events if turn >= 0 else 50), "a stream was cut"
            if turn >= 0:
                found.setdefault(name, []).append((got / wall, (server.cpu() - before) / wall))
    return [
        {"server": name, "streams at once": AT_ONCE, "events a stream": events,
         "events/s": round(statistics.median(rate for rate, _ in them)), "least": round(min(them)[0]),
         "most": round(max(them)[0]), "of its core": rounded(statistics.median(share for _, share in them), 2)}
        for name, them in found.items()
    ]  # fmt: skip


async def first_tokens(servers: Mapping[str, Process], against: Mapping[str, str], count: int) -> list[Row]:
    """Milliseconds from the request to the first content, one stream after the other, the servers by turns."""
    found: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(-5, count):
        for name, server in servers.items():
            heard = await ask(server.port, Plan(120, 0.001, 997 * (number + 6)))
            assert heard.first is not None
            if number >= 0:
                found[name].append(heard.first * 1000)
    rows = []
    for name, took in found.items():
        base = against.get(name)
        added = statistics.median(took) - statistics.median(found[base]) if base else None
        rows.append(
            {"server": name, "streams": count, "p50 ms": rounded(percentile(took, 0.5), 2),
             "p99 ms": rounded(percentile(took, 0.99), 2), "over": base or "",
             "added p50 ms": "" if added is None else rounded(added, 2),
             "added p99 ms": rounded(percentile(took, 0.99) - percentile(found[base], 0.99), 2) if base else ""}
        )  # fmt: skip
    return rows


async def held_back(
    servers: Mapping[str, Process], count: int, words: Callable[[int, int], int]
) -> list[Row]:
    """Of strict streams: which event was the first to come, and how many words the model had said by then."""
    rows = []
    for name, server in servers.items():
        events, said = [], []
        for number in range(count):
            plan = Plan(150, 0.01, 997 * (number + 1))
            heard = await ask(server.port, plan)
            assert heard.first is not None
            sent = min(int(heard.first / (heard.took / plan.events)) + 1, plan.events)
            events.append(sent)
            said.append(words(plan.start, sent))
        rows.append({"server": name, "streams": count, "events before the first came, p50": percentile(events, 0.5),
                     "words said by then, p50": percentile(said, 0.5), "p99": percentile(said, 0.99)})  # fmt: skip
    return rows


def run(what: Any) -> Any:
    """Runs to its end in a loop of its own."""
    return asyncio.run(what)
