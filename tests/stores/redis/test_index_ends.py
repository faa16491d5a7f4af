"""An index in a real server that is closed, or could not be opened: nothing of it stays."""

import asyncio
import contextlib
import gc
import threading
from pathlib import Path

import pytest

from simblock.errors import SimblockError
from simblock.questions import Postings
from simblock.stores import open_index
from tests.stores.redis.tenants import (
    asks_of,
    build,
    url_of,
)
from tests.stores.works import everywhere, library

LIBRARY = library(20, words=200)


@pytest.fixture(scope="module")
def shared_url(redis_server, tmp_path_factory):
    """An index that nobody changes, with texts."""
    url = url_of(redis_server, tmp_path_factory.mktemp("shared"))
    build(url, LIBRARY, store_text=True)
    return url


def sockets():
    """The sockets that this process holds."""
    links = []
    for number in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(str(number.readlink()))
    return {link for link in links if link.startswith("socket:")}


def watchers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("simblock")]


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_closing_leaves_no_thread_and_no_socket(shared_url):
    gc.collect()
    before = sockets()
    index = open_index(shared_url)
    everywhere(index, LIBRARY[2])
    assert sockets() != before
    assert len(watchers()) == 1
    index.close()
    index.close()
    del index
    gc.collect()
    assert watchers() == []
    assert sockets() == before


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_closing_on_an_event_loop_leaves_no_thread_and_no_socket(shared_url):
    gc.collect()
    before = sockets()

    async def main():
        index = open_index(shared_url)
        asks = asks_of(index, LIBRARY[:3])
        await asyncio.gather(*(index.aask(Postings(*asks)) for _ in range(5)))
        await index.aclose()

    asyncio.run(main())
    gc.collect()
    assert watchers() == []
    assert sockets() == before


def test_opening_what_is_not_there_leaves_no_thread_and_no_socket(redis_server, tmp_path):
    gc.collect()
    before = sockets()
    for url in (url_of(redis_server, tmp_path), "redis://127.0.0.1:1?timeout=0.05"):
        with pytest.raises(SimblockError):
            open_index(url)
    gc.collect()
    assert watchers() == []
    assert sockets() == before
