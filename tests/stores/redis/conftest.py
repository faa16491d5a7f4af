import pytest

from tests.redis_servers import Server, wait
from tests.slow_proxy import Proxy
from tests.stores.redis import faults


@pytest.fixture(scope="session")
def original():
    """A client of the server that holds the index of the tests of faults, whole, and nothing else."""
    server = Server().start()
    faults.build(server.url())
    yield server.client
    server.close()


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


@pytest.fixture
def under_sentinel(sentinel_group):
    """A group that holds the index and nothing else."""
    sentinel_group.heal()
    sentinel_group.master.client.flushall()
    faults.build(sentinel_group.url())
    wait(
        lambda: sentinel_group.replica.client.dbsize() == sentinel_group.master.client.dbsize(), "it followed"
    )
    yield sentinel_group
    sentinel_group.heal()


@pytest.fixture
def in_a_cluster(cluster):
    """A cluster that holds the index and nothing else."""
    cluster.heal()
    for master in cluster.masters:
        master.client.flushall()
    faults.build(cluster.url())
    wait(
        lambda: (
            sum(s.client.dbsize() for s in cluster.servers)
            == 2 * sum(m.client.dbsize() for m in cluster.masters)
        ),
        "they followed",
    )
    yield cluster
    cluster.heal()
