"""The filter in front of a server: what it adds to an event, what it takes of memory, what gets past it.

Servers run on one core, each a process of its own; the load comes from this one, on the others. ``--part`` measures
and prints some parts; all together are written into ``results/serving.json``. ``--quick`` is for trying it out.
``soak`` is run only where it is named: ``python -m benchmarks.serving --part soak --minutes 30``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import corpus, serving_conversations, serving_costs, serving_memory, serving_soak
from benchmarks.record import save, table
from benchmarks.serving_frames import PATHS
from benchmarks.serving_load import Source
from benchmarks.serving_servers import CORE, Process, own, proxy, texts_of
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores import open_index
from simblock.stores.writer import Writer
from simblock.text import tokenise

CHARACTERS = 200_000
"""Of the clean text that is said."""
STRICT = "max_leak = 0\n"
BUSY = 0.005
"""Seconds between the events of a stream, where a server has hardly a pause."""
Tables = dict[str, list[dict[str, Any]]]


class Bench:
    """What the parts share: the index, the text, and the servers, made when first needed."""

    def __init__(self, options: argparse.Namespace, stack: ExitStack) -> None:
        self.options, self._stack = options, stack
        self.quick = options.quick
        self.where = corpus.places(options)
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.texts_folder = self.folder / "texts"

    @cached_property
    def index(self) -> str:
        """The index in a directory."""
        if self.options.index:
            return str(self.options.index)
        path = self.folder / "index.sbx"
        with Writer.create(path) as writer:
            writer.put(corpus.protected(self.where, self.options.words))
            writer.commit()
        return str(path)

    @cached_property
    def guard(self) -> Guard:
        return Guard(open_index(self.index), Policy.load())

    @cached_property
    def texts(self) -> dict[str, list[str]]:
        """Clean text, one passage after the other."""
        self.texts_folder.mkdir()
        said, size = [], 0
        for one in corpus.clean(self.where):
            if size < CHARACTERS and self.guard.check(one.text).decision == "release":
                said.append(one.text)
                size += len(one.text)
        (self.texts_folder / "clean.txt").write_text("\n\n".join(said), "utf-8")
        return texts_of(str(self.texts_folder))

    @cached_property
    def policy(self) -> str:
        """A policy file that is strict."""
        path = self.folder / "strict.toml"
        path.write_text(STRICT)
        return str(path)

    def words_said(self, start: int, events: int) -> int:
        """Words that so many events say."""
        pieces = self.texts["clean"]
        return len(tokenise("".join(pieces[(start + n) % len(pieces)] for n in range(events))))

    def servers(self, source: Source, *, strict: bool) -> dict[str, Process]:
        """All of them, until the stack ends."""
        texts, upstream = str(self.texts_folder), f"http://127.0.0.1:{source.port}"
        filtering = ("--texts", texts, "--index", self.index)
        make: dict[str, Callable[[], Process]] = {
            "bare": lambda: own("bare", "--texts", texts),
            "middleware": lambda: own("middleware", *filtering),
            "pass-through proxy": lambda: own("pass", "--upstream", upstream),
            "proxy": lambda: proxy(upstream, self.index),
        }
        if strict:
            make["middleware, strict"] = lambda: own("middleware", *filtering, "--policy", self.policy)
            make["proxy, strict"] = lambda: proxy(upstream, self.index, "--policy", self.policy)
        return {name: self._stack.enter_context(start()) for name, start in make.items()}


AGAINST = {
    "middleware": "bare", "middleware, strict": "bare", "proxy": "pass-through proxy",
    "proxy, strict": "pass-through proxy",
}  # fmt: skip


def measured(bench: Bench, ask: Callable[[dict[str, Process]], Any], *, strict: bool = True) -> Any:
    """Runs a measurement while a source streams, with servers of its own."""

    async def run() -> Any:
        async with Source(bench.texts) as source:
            servers = bench.servers(source, strict=strict)
            try:
                return await ask(servers)
            finally:
                for server in servers.values():
                    server.close()

    return asyncio.run(run())


def costs(bench: Bench) -> Tables:
    times, events = (1, 40) if bench.quick else (5, 150)

    async def both(servers: dict[str, Process]) -> Any:
        rows = await serving_costs.costs(servers, AGAINST, times, events, ("chat",))
        busy = await serving_costs.costs(servers, AGAINST, times, 2 * events, ("chat",), BUSY)
        return rows, busy

    rows, busy = measured(bench, both)
    return {
        "Processor time an event, each by itself": rows,
        "Processor time an event, a busy server": busy,
    }


def formats(bench: Bench) -> Tables:
    times, events = (1, 40) if bench.quick else (3, 100)
    rows = measured(
        bench, lambda them: serving_costs.costs(them, AGAINST, times, events, tuple(PATHS)), strict=False
    )
    return {"Processor time an event, by format": rows}


def throughput(bench: Bench) -> Tables:
    times, events = (1, 200) if bench.quick else (7, 1000)
    rows = measured(bench, lambda them: serving_costs.throughput(them, times, events))
    return {"Throughput": rows}


def first(bench: Bench) -> Tables:
    count = 20 if bench.quick else 200
    some = ("bare", "middleware", "pass-through proxy", "proxy")
    rows = measured(
        bench, lambda them: serving_costs.first_tokens({name: them[name] for name in some}, AGAINST, count)
    )
    strict = ("middleware, strict", "proxy, strict")
    held = measured(
        bench,
        lambda them: serving_costs.held_back(
            {name: them[name] for name in strict}, max(count // 10, 5), bench.words_said
        ),
    )
    return {"Time to the first token": rows, "Strict streams: what is held back": held}


def memory(bench: Bench) -> Tables:
    count, events = (60, 5_000) if bench.quick else (serving_memory.OPEN, serving_memory.LONG)
    rows = measured(bench, lambda them: serving_memory.open_streams(them, AGAINST, count))
    long = measured(bench, lambda them: serving_memory.long_stream(them, events))
    return {"Memory of open streams": rows, "Memory of a long stream": long}


def conversations(bench: Bench) -> Tables:
    turns = 12 if bench.quick else serving_conversations.TURNS
    documents = [one for one in corpus.protected(bench.where, 1.6e6) if one.work.id.startswith("bible-KJV/")]
    book = "\n".join(one.text for one in documents)
    path = bench.folder / "book.sbx"
    from simblock.work import Document, Work

    with Writer.create(path) as writer:
        writer.put([Document(Work("book", title="The King James Bible"), book)])
        writer.commit()
    return {
        "Continue, a hundred times": serving_conversations.conversations(
            Guard(open_index(str(path))), book, turns
        )
    }


def soak(bench: Bench) -> Tables:
    minutes = 0.5 if bench.quick else bench.options.minutes
    rows = asyncio.run(serving_soak.soak(bench.folder / "soak", minutes))
    return {"Soak": rows}


PARTS: dict[str, Callable[[Bench], Tables]] = {
    "costs": costs, "formats": formats, "throughput": throughput, "first": first, "memory": memory,
    "conversations": conversations,
}  # fmt: skip
NAMED = {**PARTS, "soak": soak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    corpus.arguments(parser)
    parser.add_argument("--part", action="append", choices=NAMED, help="print these parts alone")
    parser.add_argument("--index", type=Path, help="an index that is there, in place of one made of --words")
    parser.add_argument("--minutes", type=float, default=30.0, help="of the soak")
    parser.add_argument("--quick", action="store_true", help="small sizes; nothing is written")
    options = parser.parse_args()
    if options.quick:
        options.words = min(options.words, 2e5)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # or its servers would outlive it
    os.sched_setaffinity(0, os.sched_getaffinity(0) - {CORE} or {CORE})
    tables: Tables = {}
    console = Console(width=200)
    with ExitStack() as stack:
        bench = Bench(options, stack)
        loads: dict[str, float] = {}
        for name in options.part or PARTS:
            console.rule(name)
            loads[name] = round(os.getloadavg()[0], 1)
            for title, rows in NAMED[name](bench).items():
                tables[title] = rows
                console.print(table(title, rows))
        parameters = {
            "words of the index": int(options.words), "streams": serving_costs.STREAMS,
            "seconds between two events": serving_costs.EVERY, "streams at once": serving_costs.AT_ONCE,
            "characters an event": round(sum(map(len, bench.texts["clean"])) / len(bench.texts["clean"]), 2),
            "load average before each part": loads,
        }  # fmt: skip
    if not (options.part or options.quick or options.index):
        save("serving", parameters, tables)


if __name__ == "__main__":
    main()
