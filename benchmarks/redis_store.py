"""An index in Redis beside datasketch's storage there: memory, steps of streams, changes, loads, faults.

Every figure of one run, against real servers that it starts itself: one that holds the index, one that holds
datasketch's windows of the same works, others that are killed. ``--part`` measures and prints some parts;
all parts together are written into ``results/redis_store.json``. ``--quick`` is for trying the scripts out.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import (
    clean_text,
    corpus,
    redis_changes,
    redis_checks,
    redis_commits,
    redis_failover,
    redis_fleet,
    redis_load,
    redis_loop,
    redis_memory,
    redis_peer,
    redis_steps,
)
from benchmarks.corpus import Clean
from benchmarks.record import save, table
from benchmarks.redis_sentinel import Group
from benchmarks.redis_server import Server
from simblock.guard import Guard
from simblock.stores import open_index
from simblock.stores.opening import create_writer, open_writer
from simblock.stores.writer import Writer

TENANT = "bench"
TIGHT = 4
"""MiB of records that a process keeps, about a sixteenth of the index: by default it would keep nearly all."""
STREAMS = (1, 4, 16, 64)
"""Streams on one event loop."""
Tables = dict[str, list[dict[str, Any]]]


class Bench:
    """What the parts share: works, clean text, and the servers that hold the works, made when first needed."""

    def __init__(self, options: argparse.Namespace, stack: ExitStack) -> None:
        self.options, self._stack = options, stack
        self.where = corpus.places(options)
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.documents = corpus.protected(self.where, options.words)
        self.sample = self.documents[:: 50 if not options.quick else 10]

    @cached_property
    def clean(self) -> list[Clean]:
        """Passages of the report half that quote no work."""
        count = 400 if self.options.quick else 6_000
        passages = clean_text.clean_passages(self.where, "report", count)
        return [Clean(one.source, one.id, one.text) for one in passages]

    @cached_property
    def hosts(self) -> list[Clean]:
        """Longer clean texts: passages of one package after the other, several together."""
        texts = [one.text for one in self.clean]
        parts = ["\n\n".join(texts[at : at + 8]) for at in range(0, len(texts) - 8, 8)]
        return [Clean("report", str(number), text) for number, text in enumerate(parts)]

    @cached_property
    def text(self) -> str:
        """All clean passages, one after the other."""
        return "\n\n".join(one.text for one in self.clean)

    @cached_property
    def directory(self) -> str:
        """The index in a directory."""
        path = self.folder / "index.sbx"
        with Writer.create(path) as writer:
            writer.put(self.documents)
            writer.commit()
        return str(path)

    def server(self, name: str, *options: str) -> Server:
        """A server of its own, until the end of the run."""
        return self._stack.enter_context(Server(self.folder / name, *options))

    @cached_property
    def redis(self) -> tuple[Server, redis_memory.Weight]:
        """The server that holds the index, and what it weighs there."""
        server = self.server("ours")
        weight, _ = redis_memory.weighed(server, lambda: self.fill(server))
        return server, weight

    @cached_property
    def words(self) -> int:
        """Words of all works."""
        return redis_memory.words_of(self.documents)

    def fill(self, server: Server) -> None:
        """Builds the index in a server."""
        with create_writer(server.url(TENANT)) as writer:
            writer.put(self.documents)
            writer.commit()

    @cached_property
    def peer(self) -> tuple[Server, list[dict[str, Any]]]:
        """The server that holds datasketch's windows of the same works, and what they weigh there."""
        server = self.server("peer")
        return server, redis_memory.of_peer(server, self.documents, self.sample)

    def url(self, **options: object) -> str:
        """The URL of the index; its host's cache is in this run's folder."""
        return self.redis[0].url(TENANT, cache=self.folder / "cache", **options)


def memory(bench: Bench) -> Tables:
    server, weight = bench.redis
    ours = redis_memory.row("simblock", weight, bench.words)
    of_peer = bench.peer[1]
    return {
        "Memory": [ours, *of_peer],
        "Memory of datasketch by stride": redis_memory.by_stride(of_peer, ours["bytes a word"]),
        "Memory of simblock by records": redis_memory.sections(server, bench.words, TENANT, weight.used),
    }


def recall(bench: Bench) -> Tables:
    index = open_index(bench.url())
    count = 20 if bench.options.quick else 200
    rows = redis_memory.recall(index, bench.sample, bench.hosts, count)
    index.close()
    weights = redis_memory.by_stride(bench.peer[1], bench.redis[1].used / bench.words)
    return {
        "Copies at random places": rows,
        "Memory of datasketch at like recall": redis_memory.at_like_recall(rows, weights),
    }


def steps(bench: Bench) -> Tables:
    count = 10 if bench.options.quick else 60
    opening = partial(open_index, bench.url())
    rows = redis_steps.looking_up(opening, "simblock", bench.text, count)
    tight = f"simblock, {TIGHT} MiB of records kept"
    rows += redis_steps.looking_up(partial(open_index, bench.url(pages=TIGHT)), tight, bench.text, count)
    rows += redis_steps.looking_up(partial(open_index, bench.directory), "a directory", bench.text, count)
    server, _ = bench.peer
    peers = redis_steps.of_peer(server, redis_peer.DEFAULT, bench.text, count)
    basename = b"documented"
    redis_peer.fill(redis_peer.in_redis(server, redis_peer.DOCUMENTED, basename), bench.sample, 48)
    peers += redis_steps.of_peer(server, redis_peer.DOCUMENTED, bench.text, count, basename)
    fed = redis_steps.feeding(opening, "simblock", bench.text)
    fed += redis_steps.feeding(partial(open_index, bench.url(pages=TIGHT)), tight, bench.text)
    fed += redis_steps.feeding(partial(open_index, bench.directory), "a directory", bench.text)
    return {
        "Steps of 64 words": rows,
        "Steps of datasketch": redis_steps.against_peer(rows, peers),
        "Whole steps, fed to streams": fed,
    }


def changes(bench: Bench) -> Tables:
    guard = Guard(open_index(bench.directory))
    free = [one for one in bench.clean if len(one.text.split()) > 100 and not guard.check(one.text).matches]
    warm = [document.text[:2000] for document in bench.documents[:: len(bench.documents) // 30]]
    made = redis_changes.changes_of(free, 6 if bench.options.quick else 100)
    writing = partial(open_writer, bench.url())
    guards = 3 if bench.options.quick else 8
    tables = {"Changes in force": redis_changes.in_force(bench.url(), writing, made, warm, guards)}
    more = partial(redis_commits.otherwise, quick=bench.options.quick)
    return tables | more(bench.server, bench.sample, free[-40:], bench.hosts)


def load(bench: Bench) -> Tables:
    server = bench.server("load")
    folder = bench.folder / "load"
    rows = redis_load.loading(server, bench.documents, folder, 1 if bench.options.quick else 3)
    return {"Loading": rows + redis_load.of_peer(server, bench.sample)}


def checks(bench: Bench) -> Tables:
    them = redis_checks.answers(bench.documents, bench.hosts, 5 if bench.options.quick else 60)
    rows = redis_checks.checking(partial(open_index, bench.url()), "simblock", them)
    rows += redis_checks.checking(partial(open_index, bench.directory), "a directory", them)
    places = {"Redis": bench.url(), "a directory": bench.directory}
    copies = them[f"2 kB, {redis_checks.COPIED} words of it copied"]
    first = redis_checks.first_stops(places, copies, 2 if bench.options.quick else 6)
    clean = [one.text for one in bench.clean]
    tight = f"{TIGHT} MiB of records kept"
    kept = {
        "all records kept": partial(open_index, bench.url()),
        tight: partial(open_index, bench.url(pages=TIGHT)),
    }
    need = redis_checks.needing(kept, clean[:2400], min(400, len(clean) // 2))
    return {
        "Checking 2 kB that copy": rows,
        "Clean texts that need the server": need,
        "First stops of new processes": first,
    }


def fleet(bench: Bench) -> Tables:
    texts = [one.text for one in bench.hosts][:400]  # half of them warm each run
    quick = bench.options.quick
    places = {"Redis": bench.url(), f"Redis, {TIGHT} MiB of records kept": bench.url(pages=TIGHT),
              "a directory": bench.directory}  # fmt: skip
    rows = redis_fleet.throughput(bench.redis[0], places, texts, (2,) if quick else (1, 4), 1 if quick else 6)
    return {"Guards that pass clean text": rows}


def coalescing(bench: Bench) -> Tables:
    keys = redis_loop.record_keys(bench.redis[0], TENANT, 20_000)
    times = 20 if bench.options.quick else 300
    texts = [one.text for one in bench.hosts][: 64 if bench.options.quick else 384]
    apart = redis_loop.coalescing(bench.url(), keys, STREAMS, times)
    loop = redis_loop.concurrent(bench.url(), texts, STREAMS, apart)
    return {"Commands apart and together": apart, "Streams on one loop": loop}


def failover(bench: Bench) -> Tables:
    quick, guards = bench.options.quick, 2
    them = redis_checks.answers(bench.documents, bench.hosts, 20 if quick else 300)
    copies = them[f"2 kB, {redis_checks.COPIED} words of it copied"]
    few = {"cache": bench.folder / "cache", "pages": 0}  # every copy needs the server
    rows: list[dict[str, Any]] = []
    for number, name in enumerate(redis_failover.PERSISTENCE):
        with redis_failover.persistent(bench.folder / f"kept-{number}", name) as server:
            bench.fill(server)
            if "RDB" in name:
                server.client.save()
            found = redis_failover.failovers(
                server, server.url(TENANT, **few), copies, guards=guards, times=2 if quick else 10
            )
        rows.append(redis_failover.row(f"a server back with its {name}", found, guards))
    promoted: list[redis_failover.Outage] = []
    for number in range(1 if quick else 3):
        with ExitStack() as stack:
            group = Group(bench.folder / f"group-{number}", stack)
            bench.fill(group.master)
            group.synced()
            promoted += redis_failover.promotion(group, group.url(TENANT, **few), copies, guards=guards)
    rows.append(redis_failover.row("a replica promoted by Sentinel", promoted, guards))
    return {"Answers after kill -9": rows}


PARTS: dict[str, Callable[[Bench], Tables]] = {
    "memory": memory, "recall": recall, "steps": steps, "checks": checks, "fleet": fleet,
    "coalescing": coalescing, "load": load, "failover": failover, "changes": changes,
}  # fmt: skip
"""In this order: changes come last, for they leave the index with segments of their own."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    corpus.arguments(parser)
    parser.set_defaults(words=5e6)
    parser.add_argument("--part", action="append", choices=PARTS, help="print these parts alone")
    parser.add_argument("--quick", action="store_true", help="small sizes; nothing is written")
    options = parser.parse_args()
    if options.quick:
        options.words = min(options.words, 2e5)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # or its servers would outlive it
    tables: Tables = {}
    console = Console(width=200)
    with ExitStack() as stack:
        bench = Bench(options, stack)
        loads: dict[str, float] = {}
        for name in options.part or PARTS:
            console.rule(name)
            loads[name] = round(os.getloadavg()[0], 1)
            for title, rows in PARTS[name](bench).items():
                tables[title] = rows
                console.print(table(title, rows))
        server, _ = bench.redis
        parameters = {
            "works": len(bench.documents), "words": bench.words, "clean passages": len(bench.clean), **server.facts(),
            "load average before each part": loads,
            "datasketch": f"windows of {redis_peer.WINDOW} words, {redis_peer.PERMUTATIONS} permutations "
            f"({redis_peer.SCHEME}), thresholds {redis_peer.DEFAULT} (its default) and {redis_peer.DOCUMENTED} (its documentation's)",
        }  # fmt: skip
    if not (options.part or options.quick):
        save("redis_store", parameters, tables)


if __name__ == "__main__":
    main()
