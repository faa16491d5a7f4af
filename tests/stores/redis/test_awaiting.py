"""What an event loop that is over leaves behind."""

import asyncio
import gc
import os
from pathlib import Path

import pytest

from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import AwaitingLink
from tests.redis_servers import wait
from tests.stores.redis.links import awaited


def left_by_a_loop(url):
    """A link with several connections, whose loop is closed."""
    link = AwaitingLink(Address.parse(url))

    async def read():
        await asyncio.gather(*(link.get_many([b"{t}a"]) for _ in range(5)))

    asyncio.run(read())
    return link


def sockets():
    """The descriptors of this process that are sockets."""
    return sum(_is_socket(each) for each in Path("/proc/self/fd").iterdir())


def _is_socket(path):
    try:
        return os.readlink(path).startswith("socket:")  # noqa: PTH115 (what it names is no path)
    except FileNotFoundError:
        return False


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("secured", [False, True])
def test_a_link_whose_loop_is_closed_is_abandoned_without_a_socket_left(redis_server, tls_server, secured):
    server = tls_server if secured else redis_server
    url = server.url(timeout=5, connect_timeout=5)
    gc.collect()
    before = sockets()
    link = left_by_a_loop(url)
    assert sockets() > before
    link.abandon()
    assert sockets() == before
    link.abandon()
    del link
    gc.collect()
    assert awaited(url, [b"{t}a"]) == [[None]]


@pytest.mark.filterwarnings("error")
def test_a_link_whose_server_went_first_is_abandoned_too(own_server):
    before = sockets()
    link = left_by_a_loop(own_server.url(timeout=5))
    own_server.kill()
    link.abandon()
    assert wait(lambda: sockets() <= before, "the sockets are closed")
