import sys

import pytest

import simblock
from simblock.stores.directory import DirectoryIndex
from simblock.stores.memory import MemoryIndex
from simblock.stores.writer import Writer
from tests.stores import sources

KEY = bytes(range(32))


class InMemory:
    def __init__(self, folder, documents):
        self.index = MemoryIndex(documents, store_text=True)

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
        self.now += 1000
        self.index.refresh()
        return epoch if result is None else result

    def add(self, documents):
        return self._write(lambda writer: writer.put(documents))

    def remove(self, ids):
        return self._write(lambda writer: writer.remove(ids))


class OnDiskKeyed(OnDisk):
    key = KEY


@pytest.fixture(params=[InMemory, OnDisk, OnDiskKeyed], ids=["memory", "directory", "keyed"])
def store(request, tmp_path):
    """Makes an index of documents, of each kind there is: the one suite runs over all of them."""
    return lambda documents: request.param(tmp_path, documents)


@pytest.fixture
def reader_of_code(monkeypatch):
    """Code is read by the stand-in of the tests."""
    monkeypatch.setitem(sys.modules, "simblock.code", sources)
    monkeypatch.setattr(simblock, "code", sources, raising=False)
    monkeypatch.setattr(sources, "fingerprints", {})
