"""An index in a real server that is closed, or could not be opened: nothing of it stays."""

import asyncio
import contextlib
import gc
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from simblock.errors import SimblockError
from simblock.questions import Postings
from simblock.stores import open_index
from tests.stores.redis.tenants import (
    asks_of,
    build,
    until,
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


def waits(index):
    return index._watcher._after is not None and index._link._connections._busy


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
@pytest.mark.parametrize("server", ["answers", "hangs"])
def test_closing_does_not_wait_for_news_that_the_thread_waits_for(server, own_server, tmp_path):
    url = url_of(own_server, tmp_path, poll=60)
    build(url, LIBRARY[:2])
    gc.collect()
    before = sockets()
    index = open_index(url)
    assert until(partial(waits, index)), "the thread waits for news"
    time.sleep(0.2)
    if server == "hangs":
        own_server.pause()
    began = time.monotonic()
    index.close()
    assert time.monotonic() - began < 5
    del index
    gc.collect()
    assert watchers() == []
    assert sockets() == before


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_indexes_that_are_closed_as_soon_as_they_are_opened_leave_nothing(shared_url):
    gc.collect()
    before = sockets()
    for pause in range(20):
        index = open_index(shared_url)
        time.sleep(0.0005 * pause)
        index.close()
    del index
    gc.collect()
    assert watchers() == []
    assert sockets() == before


LEAVES = """
import sys
from simblock.stores import open_index
indexes = [open_index(sys.argv[1]) for _ in range(10)]
"""


def test_indexes_that_nobody_closed_do_not_keep_a_process(redis_server, tmp_path):
    url = url_of(redis_server, tmp_path, poll=60)
    build(url, LIBRARY[:2])
    done = subprocess.run([sys.executable, "-c", LEAVES, url], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


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
