"""Changes under less luck: heard of by the poll alone, with a long log, and many in a row.

All on a server of their own that holds a sample of the works, so that rows differ in one thing. Who hears by the poll
alone reads as a user without the right to the stream. A long log is one that is written with so many events at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks import redis_changes
from benchmarks.corpus import Clean
from benchmarks.redis_server import HOST, Server
from simblock.stores.journal import Event
from simblock.stores.opening import create_writer, open_writer
from simblock.stores.redis.address import Address
from simblock.stores.snapshot import Snapshot
from simblock.stores.writer import Writer
from simblock.text import tokenise
from simblock.work import Document, Work

LOG = 3_000
"""Commits of a long log."""
IN_A_ROW = 40
"""Commits that come within ``grace`` of each other."""
GRACE = 20
"""Seconds for which records stay that a commit replaced, here: by default it is a minute."""
EXPIRED = 5
"""Seconds after ``grace`` in which the server has let them go."""
READER, PASSWORD = "deaf", "benchmark"
Row = dict[str, Any]


def without_stream(server: Server, tenant: str) -> str:
    """The URL for a user who may read everything but the stream of changes."""
    rights = ("on", f">{PASSWORD}", "~*", "+@all", "-xread", "-xrevrange", "-xrange")
    server.client.execute_command("ACL", "SETUSER", READER, *rights)
    return server.url(tenant).replace(HOST, f"{READER}:{PASSWORD}@{HOST}", 1)


def lengthen(writer: Writer, commits: int) -> None:
    """Lets the log look as after so many commits more; the next commit writes it."""
    manifest, log = writer._snapshot.manifest, writer._log
    for epoch in range(manifest.epoch + 1, manifest.epoch + commits + 1):
        counts = {"added": 1, "characters": 1000, "words": 200}
        log = log.after(
            Event(epoch, int(time.time()), "add", counts, [f"work-{epoch}"], None, f"{epoch:032x}")
        )
    later = replace(manifest, epoch=manifest.epoch + commits)
    writer._snapshot = Snapshot(writer.shelf, later, None, writer._snapshot)
    writer._log = log


def in_force(
    server: Server, tenant: str, sample: Sequence[Document], texts: Sequence[Clean], count: int, guards: int
) -> list[Row]:
    """Changes by so many works: as they mostly are, by the poll alone, and with a long log.

    Each change begins when the last guard has told of the one before: of a poll, right after a look, its worst case.
    """
    url = server.url(tenant)
    with create_writer(url) as writer:
        writer.put(sample)
        writer.commit()
    warm = [document.text[:2000] for document in sample[:10]]
    poll = Address.parse(url).poll
    deaf = without_stream(server, tenant)
    cases = (
        ("by the stream", url, 0),
        ("by the poll alone", deaf, 0),
        (f"by the stream, log of {LOG:,} commits", url, LOG),
    )
    rows = []
    for number, (name, reading, log) in enumerate(cases):
        changes = redis_changes.changes_of(texts[number * count : (number + 1) * count], count)
        if log:
            _write_log(url, log)
        found = redis_changes.in_force(reading, partial(open_writer, url), changes, warm, guards)
        rows += [{"how": name, "poll s": poll} | row for row in found if row["since"] == "commit is called"]
    return rows


def _write_log(url: str, commits: int) -> None:
    with open_writer(url) as writer:
        lengthen(writer, commits)
        writer.put([Document(Work("log"), "A work that makes the commit which writes the log.")])
        writer.commit()


def in_a_row(server: Server, tenant: str, sample: Sequence[Document], texts: Sequence[Clean]) -> list[Row]:
    """The server's memory over what it holds of a sample, before and after so many commits, and after ``grace``."""
    url = server.url(tenant, grace=GRACE)
    with create_writer(url) as writer:
        writer.put(sample)
        writer.commit()
    before, keys = _held(server)
    begun, tokens = time.monotonic(), 0
    with open_writer(url) as writer:
        for one in texts[:IN_A_ROW]:
            writer.put([Document(Work(f"row/{one.id}"), one.text)])
            writer.commit()
            tokens += len(tokenise(one.text))
        took = time.monotonic() - begun
        rows = [_memory(f"after {IN_A_ROW} commits in {took:.1f} s", server, before, keys, tokens)]
    time.sleep(GRACE + EXPIRED)
    return [*rows, _memory(f"after grace ({GRACE} s)", server, before, keys, tokens)]


def _held(server: Server) -> tuple[int, int]:
    weight = server.weigh()
    return weight.used, weight.keys


def _memory(when: str, server: Server, before: int, keys: int, tokens: int) -> Row:
    used, now = _held(server)
    return {"when": when, "words added": tokens, "MB held before": round(before / 1e6, 2),
            "MB more": round((used - before) / 1e6, 2), "keys more": now - keys}  # fmt: skip


Making = Callable[[str], Server]


def otherwise(
    making: Making, sample: Sequence[Document], free: Sequence[Clean], long: Sequence[Clean], *, quick: bool
) -> dict[str, list[Row]]:
    """Both tables; ``making`` starts a server. ``free`` texts match nothing, ``long`` ones may."""
    changes, guards = (2, 2) if quick else (10, 4)
    server = making("commits")
    return {
        "Changes in force, otherwise": in_force(server, "otherwise", sample, free, changes, guards),
        "Memory of commits in a row": in_a_row(making("row"), "row", sample, long),
    }
