import contextlib

import httpx
import pytest

import simblock
from simblock import Document, MemoryIndex, Work
from simblock.server.app import Public
from simblock.server.proxying import Proxy
from simblock.server.upstream import Timeouts, Upstream
from tests.conftest import vocabulary
from tests.upstreams import served, upstream

WORDS = vocabulary(7)
PASSAGE = " ".join(WORDS[at * 37 % len(WORDS)] for at in range(120))
"""A work of words that nothing else says."""
CLEAN = (
    "An answer of the model's own making, in which nothing stands that anybody has ever written before. " * 3
)


def guard_of(**policy):
    index = MemoryIndex([Document(Work("ferry", title="The Ferry", license="MIT"), PASSAGE)])
    return simblock.Guard(index, simblock.Policy(**policy))


@pytest.fixture(scope="session")
def guard():
    return guard_of(max_leak=0)


@pytest.fixture(scope="session")
def models():
    with upstream() as server:
        yield server


@pytest.fixture
def model(models):
    """The server behind the proxy, with nothing remembered of the test before."""
    for memory in (models.requests, models.cut, models.sent, models._replies):
        memory.clear()
    return models


@pytest.fixture
def client():
    with httpx.Client(timeout=20) as made:
        yield made


def gate_of(guard, events=None, **settings):
    from simblock.serving.gate import Gate
    from simblock.serving.settings import Settings

    return Gate(guard, Settings(**settings), events=events)


class Proxied:
    """An app in front of the upstream at ``url``, which opens and closes the pool in its own loop."""

    def __init__(self, gate, url, timeouts=None):
        self.upstream = Upstream(url, timeouts or Timeouts(5, 20))
        self.app = Public({}, Proxy(gate, self.upstream))

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        await receive()
        await self.upstream.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.upstream.close()
        await send({"type": "lifespan.shutdown.complete"})


@contextlib.contextmanager
def proxied(guard, url, *, timeouts=None, events=None, **settings):
    """A proxy before a server: its URL."""
    with served(Proxied(gate_of(guard, events, **settings), url, timeouts), lifespan="on") as base:
        yield base
