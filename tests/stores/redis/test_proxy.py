"""The proxy does to connections what the tests of faults ask of it."""

import socket
import time

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.redis_servers import HOST
from tests.slow_proxy import Proxy


@pytest.fixture
def proxy(redis_server):
    with Proxy(redis_server.port) as proxy:
        yield proxy


@pytest.fixture
def client(proxy):
    options = {"socket_timeout": 0.3, "retry": Retry(NoBackoff(), 0), "decode_responses": True}
    with redis.Redis(HOST, proxy.port, **options) as client:
        yield client


def test_it_passes_small_and_large_values(proxy, client):
    client.set("proxy", "x" * 3_000_000)
    assert client.strlen("proxy") == len(client.get("proxy")) == 3_000_000
    client.delete("proxy")


def test_it_delays_each_way(proxy, client):
    client.ping()
    proxy.slow(0.1)
    before = time.monotonic()
    assert client.ping()
    assert time.monotonic() - before >= 0.2
    proxy.slow(0.2)
    with pytest.raises(redis.TimeoutError):
        client.ping()


def test_it_delays_one_way_alone(proxy, client):
    client.ping()
    proxy.back.delay = 0.1
    before = time.monotonic()
    assert client.ping()
    assert time.monotonic() - before >= 0.1


def test_half_open_connections_stay_and_carry_nothing(proxy, client):
    client.ping()
    proxy.swallow()
    for _ in range(2):
        with pytest.raises(redis.TimeoutError):
            client.ping()
    proxy.heal()
    assert client.ping()


def test_it_hangs_after_accepting(proxy, client):
    proxy.hang = True
    with pytest.raises(redis.TimeoutError):
        client.ping()
    proxy.heal()
    assert client.ping()


def test_a_cut_connection_is_reset_and_the_next_one_works(proxy, client):
    with socket.create_connection((HOST, proxy.port), timeout=5) as raw:
        raw.sendall(b"PING\r\n")
        assert raw.recv(100) == b"+PONG\r\n"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            raw.recv(100)
    assert client.ping()


def test_it_refuses_and_takes_connections_again_on_its_port(proxy, client):
    client.ping()
    port = proxy.port
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port), timeout=1)
    proxy.accept()
    assert proxy.port == port
    assert client.ping()
