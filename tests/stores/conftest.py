import asyncio
import itertools
import sys

import pytest

import simblock
from simblock import stamps
from simblock.questions import Places, Postings, Run, Suspected, Works
from simblock.stores import open_index, opening
from simblock.stores.directory import DirectoryIndex
from simblock.stores.memory import MemoryIndex
from simblock.stores.writer import Writer
from tests.stores import sources

KEY = bytes(range(32))


class InMemory:
    def __init__(self, folder, documents):
        self.index = MemoryIndex(documents, store_text=True)

    def look(self):
        self.index._looked = float("-inf")
        self.index.refresh()

    def add(self, documents):
        return self.index.add(documents)

    def remove(self, ids):
        return self.index.remove(ids)


class OnDisk:
    key = None

    def __init__(self, folder, documents):
        self.path = folder / "works.sbx"
        with Writer.create(self.path, key=self.key, store_text=True) as writer:
            writer.put(documents)
            writer.commit()
        self.now = 0.0
        self.index = DirectoryIndex(self.path, key=self.key, clock=lambda: self.now)

    def _write(self, act):
        with Writer.open(self.path, key=self.key) as writer:
            result = act(writer)
            epoch = writer.commit().epoch
        self.look()
        return epoch if result is None else result

    def look(self):
        self.now += 1000
        self.index.refresh()

    def add(self, documents):
        return self._write(lambda writer: writer.put(documents))

    def remove(self, ids):
        return self._write(lambda writer: writer.remove(ids))


class OnDiskKeyed(OnDisk):
    key = KEY


class InRedis:
    """Read as a guard does, written as commands do; the server is a real one."""

    key = None
    count = itertools.count()

    def __init__(self, server, folder, documents):
        options = {"tenant": f"contract{next(self.count)}", "cache": folder / "cache"}
        self.url = server.url(**options, timeout=2, connect_timeout=2, poll=0.1)
        with opening.create_writer(self.url, key=self.key, store_text=True) as writer:
            writer.put(documents)
            writer.commit()
        self.index = open_index(self.url, key=self.key)

    def _write(self, act):
        with opening.open_writer(self.url, key=self.key) as writer:
            result = act(writer)
            epoch = writer.commit().epoch
        self.look()
        return epoch if result is None else result

    def look(self):
        self.index._watcher.look()
        self.index.refresh()

    def add(self, documents):
        return self._write(lambda writer: writer.put(documents))

    def remove(self, ids):
        return self._write(lambda writer: writer.remove(ids))

    def close(self):
        self.index.close()


class InRedisKeyed(InRedis):
    key = KEY


class Awaiting:
    """An index that is asked as guards on an event loop ask it; for the rest it is that index."""

    def __init__(self, index):
        self.index = index
        self._runner = asyncio.Runner()

    def __getattr__(self, name):
        return getattr(self.index, name)

    def _ask(self, question):
        return self._runner.run(self.index.aask(question))

    def postings(self, channels, keys):
        return self._ask(Postings(channels, keys))

    def suspected(self, channels, keys):
        return self._ask(Suspected(channels, keys))

    def run(self, segment, run, start, stop):
        return self._ask(Run(0, segment, run, start, stop))

    def works(self, segment, run):
        return self._ask(Works(0, segment, run))

    def places(self, segment, run, tokens):
        return self._ask(Places(0, segment, run, tokens))

    def close(self):
        with self._runner:
            self._runner.run(self.index.aclose())


class InRedisAwaiting(InRedis):
    def __init__(self, server, folder, documents):
        super().__init__(server, folder, documents)
        self.index = Awaiting(self.index)


LOCAL = {"memory": InMemory, "directory": OnDisk, "keyed": OnDiskKeyed}
IN_REDIS = {
    "redis": ("redis_server", InRedis),
    "redis-keyed": ("redis_server", InRedisKeyed),
    "redis-awaiting": ("redis_server", InRedisAwaiting),
}
MANY_SERVERS = {
    "cluster": ("cluster", InRedis),
    "cluster-awaiting": ("cluster", InRedisAwaiting),
    "sentinel": ("sentinel_group", InRedis),
    "sentinel-awaiting": ("sentinel_group", InRedisAwaiting),
}


@pytest.fixture(
    params=[*LOCAL, *IN_REDIS, *(pytest.param(name, marks=pytest.mark.slow) for name in MANY_SERVERS)]
)
def store(request, tmp_path):
    """Makes an index of documents, of each kind there is: the one suite runs over all of them."""
    made = []

    def make(documents):
        if request.param in LOCAL:
            return LOCAL[request.param](tmp_path, documents)
        server, kind = (IN_REDIS | MANY_SERVERS)[request.param]
        made.append(kind(request.getfixturevalue(server), tmp_path, documents))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def reader_of_code(monkeypatch):
    """Code is read by the stand-in of the tests."""
    monkeypatch.setitem(sys.modules, "simblock.code", sources)
    monkeypatch.setattr(simblock, "code", sources, raising=False)
    monkeypatch.setattr(stamps, "stamp_of", sources.stamp_of)
    monkeypatch.setattr(stamps, "parsers_of", sources.parsers_of)
    monkeypatch.setattr(sources, "fingerprints", {})
    monkeypatch.setattr(sources, "troubles", {})
