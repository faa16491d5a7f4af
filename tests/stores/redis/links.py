"""Links to the servers of the tests, blocking and awaiting."""

import asyncio
import time
from contextlib import contextmanager

import pytest

from simblock.errors import SimblockError, StoreLost
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import AwaitingLink, Link
from simblock.stores.redis.names import Names
from tests.redis_servers import wait

NAMES = Names("t", "0123456789abcdef")
LOCK, MANIFEST, CHANGES = NAMES.writer, NAMES.manifest, NAMES.changes
# Where a bound is asserted it is many times what is promised, as the machine may be busy.
BOUND = 2.0


@contextmanager
def linked(url):
    link = Link(Address.parse(url))
    try:
        yield link
    finally:
        link.close()


def awaited(url, keys, *more):
    """What an awaiting link reads, and what it reads after each of ``more`` was called."""

    async def read():
        link = AwaitingLink(Address.parse(url))
        try:
            found = [await link.get_many(keys)]
            for act in more:
                act()
                try:
                    found.append(await link.get_many(keys))
                except SimblockError as error:
                    found.append(error)
            return found
        finally:
            await link.close()

    return asyncio.run(read())


def lost(call):
    """The error of a call, which must come soon."""
    begun = time.monotonic()
    with pytest.raises(StoreLost) as raised:
        call()
    assert time.monotonic() - begun < BOUND
    return str(raised.value)


def loaded(server):
    """Waits until a server that was started has its data."""
    wait(lambda: not server.client.info("persistence")["loading"], "the server has loaded its data")
