"""Indexes of tests in a server that tests share: each has a tenant of its own."""

import itertools
import time
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import numpy as np

from simblock.stores import open_index
from simblock.stores.keys import Secret
from simblock.stores.manifest import Manifest
from simblock.stores.opening import create_writer, open_writer
from simblock.stores.redis.address import Address
from simblock.stores.redis.head import keys_of
from simblock.stores.redis.shelf import reading
from simblock.stores.snapshot import sealing_of
from simblock.work import Document, Work
from tests.stores.works import document, library
from tests.stores.works import keys_of as entries_of

CODE = Document(
    Work("a.py", kind="code", language="python"),
    "\n".join(f"def part_{n}(left, right):\n    return left * {n} + right" for n in range(40)),
)
_count = itertools.count()


def url_of(server, folder, **options):
    """The URL of a tenant that nobody else has; patient, and quick to hear news."""
    settings = {
        "tenant": f"t{next(_count)}",
        "cache": folder / "cache",
        "timeout": 2,
        "connect_timeout": 2,
        "poll": 0.1,
    }
    return server.url(**(settings | options))


def tenant_of(url):
    return parse_qs(urlsplit(url).query)["tenant"][0]


def build(url, documents, **options):
    """Makes an index; its epoch."""
    with create_writer(url, **options) as writer:
        writer.put(documents)
        return writer.commit().epoch


def change(url, add=(), remove=(), key=None, **how):
    """Changes an index in one commit; its epoch."""
    with open_writer(url, key=key) as writer:
        writer.remove(remove, **how)
        writer.put(add)
        return writer.commit().epoch


@contextmanager
def opened(url, **options):
    """A reader of an index; closed at the end."""
    index = open_index(url, **options)
    try:
        yield index
    finally:
        index.close()


def look(index):
    """Takes up what was committed, now."""
    index._watcher.look()
    index.refresh()


def there(server, url):
    """All keys of a tenant, and their values where they are strings; by a scan, which only tests do."""
    client = server.client
    keys = sorted(client.scan_iter(f"sb:{tenant_of(url)}:*", count=10_000))
    return {key: client.get(key) if client.type(key) == b"string" else None for key in keys}


def accounted(url, key=None):
    """The keys that an index should have: its control keys, and the records of what its manifest names."""
    secret = None if key is None else Secret(key)
    with reading(Address.parse(url)) as shelf:
        names = shelf.names
        manifest = Manifest.from_json(shelf.manifest(), shelf.name)
        keys = {names.manifest, names.changes, names.files, f"sb:{names.tenant}:schemes".encode()}
        for ref in [*manifest.segments, manifest.journal]:
            keys |= set(
                keys_of(names, ref.id, shelf.head(ref).counts(sealing_of(secret, bytes.fromhex(ref.id))))
            )
    return keys


def heard(index, epoch, seconds=10):
    """Whether an index comes to an epoch by itself."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and index.epoch < epoch:
        index.refresh()
        time.sleep(0.01)
    return index.epoch >= epoch


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def asks_of(index, works):
    asked, keys = [], []
    for work in works:
        some = entries_of(index, work.text)
        asked += some[0]
        keys += some[1]
    return np.array(asked, np.uint32), np.array(keys, np.uint64)


def sound(server, url, key=None):
    """Waits until the server holds what the index needs and nothing else."""
    assert until(lambda: set(there(server, url)) == accounted(url, key)), set(there(server, url)) ^ accounted(
        url, key
    )


def made(place, key=None):
    """An index with some history: several segments, tombstones, twins, code, texts stored."""
    with create_writer(place, key=key, store_text=True) as writer:
        writer.put([*library(12), document("twin", seed="work-001"), CODE])
        writer.commit()
        writer.put([document("late", seed="work-002"), document("more", title="T")])
        writer.remove(["work-003"], reason="asked for")
        writer.commit()
