"""Real Redis servers as fixtures; `redis_servers` and `redis_groups` say what they are."""

import pytest

from tests import certificates as making
from tests.redis_groups import Cluster, SentinelGroup
from tests.redis_servers import NotStarted, Server


@pytest.fixture(scope="session")
def redis_server():
    """The server that tests share: each takes a tenant of its own, and none hurts it."""
    server = Server().start()
    yield server
    server.close()


@pytest.fixture
def own_server():
    """A server of one test, to kill, hang, empty and what it likes; its data outlive a kill."""
    server = Server(persistent=True).start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return making.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def tls_server(certificates):
    """A shared server that speaks TLS alone, and asks for a client's certificate."""
    try:
        server = Server(tls=certificates).start()
    except NotStarted as error:
        pytest.skip(
            f"NO TLS: this redis-server was built without it, which was NOT tested: {str(error)[-120:]}"
        )
    yield server
    server.close()


@pytest.fixture(scope="session")
def cluster():
    """A shared cluster; who kills one of its servers calls ``heal()`` afterwards."""
    servers = Cluster()
    try:
        yield servers.start()
    finally:
        servers.close()


@pytest.fixture(scope="session")
def sentinel_group():
    """A shared group under Sentinel; who kills one of its servers calls ``heal()`` afterwards."""
    servers = SentinelGroup()
    try:
        yield servers.start()
    finally:
        servers.close()
