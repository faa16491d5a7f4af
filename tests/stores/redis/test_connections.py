"""Connections that another thread ends while they are used."""

import os
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from simblock.errors import StoreLost
from simblock.stores.redis import connections
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import Link
from simblock.stores.redis.routing import Batch, Node
from tests.redis_servers import wait
from tests.slow_proxy import Proxy
from tests.stores.redis.links import BOUND, CHANGES, linked, lost

LONG = 60.0


@pytest.fixture
def pool():
    with ThreadPoolExecutor() as threads:
        yield threads


def waiting(link):
    """Waits until a thread waits for news."""
    wait(lambda: link._connections._busy, "a thread waits")
    time.sleep(0.05)


def ends(call, future):
    """What a wait says that ends by a call; it must end soon."""
    call()
    return lost(lambda: future.result(LONG / 2))


@pytest.mark.parametrize("kind", ["redis_server", "tls_server"])
def test_who_waits_is_interrupted_at_once_and_nothing_more_is_asked(kind, request, pool):
    link = Link(Address.parse(request.getfixturevalue(kind).url(timeout=2, connect_timeout=2)))
    link.get(b"a")
    news = pool.submit(link.changes, CHANGES, b"0-0", LONG)
    waiting(link)
    assert "was closed: open it anew" in ends(link.interrupt, news)
    for call in (lambda: link.get(b"a"), lambda: link.renew(b"lock", b"me", 1.0)):
        assert "was closed: open it anew" in lost(call)
    link.close()
    assert "was closed" in lost(lambda: link.get(b"a"))
    assert not any(link._connections._idle.values())


def test_answers_that_come_at_the_same_time_are_whole_or_lost(redis_server, pool):
    redis_server.client.set("long", "x" * 1_000_000)

    def reading(link):
        try:
            while True:
                assert link.get_many([b"long"]) == [b"x" * 1_000_000]
        except StoreLost:
            return True

    for pause in range(5):
        with linked(redis_server.url(timeout=2)) as link:
            readers = [pool.submit(reading, link) for _ in range(4)]
            waiting(link)
            time.sleep(0.003 * pause)
            link.interrupt()
            assert all(reader.result(LONG) for reader in readers)
        assert not link._connections._busy
        assert not any(link._connections._idle.values())


def test_a_connection_that_is_being_made_meanwhile_is_not_used(own_server, pool):
    with Proxy(own_server.port) as proxy, linked(proxy.url(timeout=2, connect_timeout=2)) as link:
        entered, go_on = threading.Event(), threading.Event()
        connect = connections._Plain._connect

        def slowly(self):
            entered.set()
            go_on.wait(LONG)
            return connect(self)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connections._Plain, "_connect", slowly)
            found = pool.submit(link.get, b"a")
            assert entered.wait(LONG)
            link.interrupt()
            link.close()
            assert "was closed" in ends(go_on.set, found)
        assert own_server.client.info("commandstats").get("cmdstat_get") is None
        assert not link._connections._busy
        assert not any(link._connections._idle.values())


def test_a_connection_that_is_kept_too_late_is_ended(redis_server):
    with linked(redis_server.url()) as link:
        node = link._router._seeds[0]
        with link._connections.session(node, link._patient) as session:
            link.interrupt()
            link.close()
            session.say(("PING",))
        assert not link._connections._idle_of(node)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_child_that_closes_does_not_end_what_its_parent_waits_for(redis_server, pool):
    redis_server.client.unlink(CHANGES)
    with linked(redis_server.url(timeout=2)) as link:
        news = pool.submit(link.changes, CHANGES, b"0-0", LONG)
        waiting(link)
        (held,) = link._connections._busy
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            link.interrupt()
            link.close()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        time.sleep(0.05)
        assert link._connections._busy == {held}, "its wait was ended, and begun again"
        entry = redis_server.client.xadd(CHANGES, {"commit": ""})
        assert news.result(BOUND) == [entry]


def test_who_is_interrupted_between_two_servers_leaves_no_answer_of_the_first(redis_server):
    class Interrupts:
        """A command at which Ctrl-C is pressed."""

        def __iter__(self):
            raise KeyboardInterrupt

    redis_server.client.mset({"a": "1", "b": "2"})
    with linked(redis_server.url(timeout=2)) as link:
        made = link._connections
        node, other = link._router._seeds[0], Node("localhost", redis_server.port)
        until = time.monotonic() + LONG
        with pytest.raises(KeyboardInterrupt):
            made.exchange([Batch(node, [("GET", "a")]), Batch(other, Interrupts())], link._patient, until)
        assert not made._busy
        assert made.exchange([Batch(node, [("GET", "b")])], link._patient, until) == [[b"2"]]
