import pytest

from tests.slow_proxy import Proxy
from tests.stores.redis import faults


@pytest.fixture(scope="session")
def original(redis_server):
    """A client of the server that holds the index of the tests of faults, whole."""
    faults.build(redis_server.url())
    return redis_server.client


@pytest.fixture
def seeded(own_server, original):
    """A server of the test's own that holds a copy of that index."""
    faults.transplanted(original, own_server.client)
    return own_server


@pytest.fixture
def proxy(seeded):
    """A proxy before that server."""
    with Proxy(seeded.port) as proxy:
        yield proxy
