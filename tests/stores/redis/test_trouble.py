import asyncio
import gc
import os
import random
import socket
import threading
import time
import warnings

import pytest

from simblock.errors import IndexProblem, SimblockError, StoreLost
from simblock.stores.redis import awaiting
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import AwaitingLink, Link
from tests.redis_servers import HOST, wait
from tests.slow_proxy import Proxy
from tests.stores.redis.links import CHANGES, LOCK, NAMES, awaited, linked, loaded, lost

SECRET = "pass-s3cr3t"
TEXT = b"protected text"


def test_a_restarted_server_costs_no_error(own_server):
    with linked(own_server.url(timeout=2)) as link:
        link.set_many([(b"a", b"1")])
        threads = [threading.Thread(target=link.get_many, args=([b"a"],)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        _restart(own_server)
        assert [link.get_many([b"a"]) for _ in range(5)] == [[b"1"]] * 5
        found = awaited(own_server.url(timeout=2), [b"a"], lambda: _restart(own_server))
        assert found == [[b"1"], [b"1"]]


def _restart(server):
    if server.alive:
        server.kill()
    server.start()
    loaded(server)


def test_a_connection_that_is_reset_while_it_is_used_costs_no_error(own_server):
    own_server.client.set("a", "1")
    with Proxy(own_server.port) as proxy, linked(proxy.url(timeout=2)) as link:
        proxy.there.delay = 0.2
        link.get(b"a")
        timer = threading.Timer(0.1, proxy.cut)
        timer.start()
        assert link.get_many([b"a"]) == [b"1"]
        timer.join()


def test_a_dead_server_is_told_at_once_and_found_again_when_it_is_back(own_server):
    own_server.client.set("a", "1")
    with linked(own_server.url(timeout=1)) as link:
        assert link.get(b"a") == b"1"
        own_server.kill()
        for call in (lambda: link.get_many([b"a"]), lambda: link.set_many([(b"a", b"2")]), link.facts):
            assert f"{link.address.name} refused the connection" in lost(call)
        assert "refused the connection" in lost(lambda: link.changes(CHANGES, b"0-0", 1.0))
        assert "refused the connection" in lost(lambda: link.renew(LOCK, b"me", 1.0))
        _restart(own_server)
        assert link.get(b"a") == b"1"
    url = own_server.url(timeout=1)
    _, down, back = awaited(url, [b"a"], own_server.kill, lambda: _restart(own_server))
    assert "refused the connection" in str(down)
    assert back == [b"1"]


def test_a_hung_server_is_lost_in_time_and_found_again_when_it_goes_on(own_server):
    own_server.client.set("a", "1")
    with linked(own_server.url(timeout=0.05)) as link:
        own_server.pause()
        assert "gave no answer within 50 ms" in lost(lambda: link.get_many([b"a"]))
        assert "gave no answer within 50 ms" in lost(lambda: link.last_change(CHANGES))
        assert "gave no answer" in lost(lambda: link.changes(CHANGES, b"0-0", 0.2))
        own_server.resume()
        assert wait(lambda: _tried(link, b"a"), "the server answers again") == b"1"
    _, hung, back = awaited(own_server.url(timeout=0.5), [b"a"], own_server.pause, own_server.resume)
    assert "gave no answer within 500 ms" in str(hung)
    assert back == [b"1"]


def test_who_writes_waits_longer_but_not_for_ever(own_server, monkeypatch):
    monkeypatch.setattr("simblock.stores.redis.clients._SECONDS", 0.1)
    own_server.pause()
    with linked(own_server.url(timeout=0.05)) as link:
        for call in (
            lambda: link.get_many([b"a"], patient=True),
            lambda: link.set_many((b"%d" % n, b"x" * 100_000) for n in range(200)),
            lambda: link.unlink_many([b"a"]),
            lambda: link.fields(b"h"),
            lambda: link.acquire(LOCK, b"me", 30),
            lambda: link.release(LOCK, b"me"),
            lambda: link.publish(NAMES, b"me", b"{}"),
            link.facts,
        ):
            assert "gave no answer within 100 ms" in lost(call)


def _tried(link, key):
    try:
        return link.get(key)
    except StoreLost:
        return None


def test_there_is_one_time_out_and_no_second_attempt(own_server):
    with Proxy(own_server.port) as proxy, linked(proxy.url(timeout=0.4)) as link:
        link.get(b"a")
        proxy.there.delay = 60
        begun = time.monotonic()
        lost(lambda: link.get_many([b"a"]))
        assert time.monotonic() - begun < 0.8


def test_half_open_connections_are_lost_in_time_and_given_up_together(own_server):
    own_server.client.set("a", "1")
    with Proxy(own_server.port) as proxy, linked(proxy.url(timeout=0.5)) as link:
        proxy.there.delay = 0.1
        threads = [threading.Thread(target=link.get_many, args=([b"a"],)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        proxy.there.delay = 0
        proxy.swallow()
        lost(lambda: link.get_many([b"a"]))
        proxy.swallow(False)
        before = proxy.accepted
        assert link.get(b"a") == b"1"
        assert proxy.accepted == before + 1, "a connection of before was used again"


def test_an_answer_by_drops_is_no_answer(own_server):
    own_server.client.set("a", b"x" * 20_000)
    with Proxy(own_server.port) as proxy, linked(proxy.url(timeout=0.3)) as link:
        proxy.back.rate = 1_000
        assert "gave no answer" in lost(lambda: link.get_many([b"a"]))
        (_, error) = awaited(
            proxy.url(timeout=0.3), [b"b"], lambda: own_server.client.set("b", b"x" * 20_000)
        )
        assert "gave no answer" in str(error)


def test_a_late_answer_is_never_taken_for_that_to_another_question(own_server):
    own_server.client.mset({f"k{n}": f"v{n}" for n in range(100)})
    wrong, lost_ones = [], []

    def reading(link, end):
        while time.monotonic() < end:
            n, m = random.randrange(100), random.randrange(100)
            try:
                found = link.get_many([b"k%d" % n, b"k%d" % m])
            except StoreLost as error:
                lost_ones.append(error)
            else:
                wrong.extend([found] * (found != [b"v%d" % n, b"v%d" % m]))

    with Proxy(own_server.port) as proxy, linked(proxy.url(timeout=0.03)) as link:
        end = time.monotonic() + 0.8
        threads = [threading.Thread(target=reading, args=(link, end)) for _ in range(4)]
        for thread in threads:
            thread.start()
        while time.monotonic() < end:
            proxy.back.delay = random.choice([0, 0.025, 0.03, 0.035])
            time.sleep(0.02)
        for thread in threads:
            thread.join()
    assert lost_ones, "no answer was late: the test tests nothing"
    assert wrong == []


def test_a_host_that_never_answers_a_connection_is_lost_in_time():
    # A listener whose queue is full lets connections hang, as a black hole would.
    with socket.socket() as deaf:
        deaf.bind((HOST, 0))
        deaf.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        url = f"redis://{HOST}:{deaf.getsockname()[1]}?connect_timeout=0.2"
        with linked(url) as link:
            assert "took no connection in time" in lost(lambda: link.get_many([b"a"]))
        with pytest.raises(StoreLost, match="took no connection in time"):
            awaited(url, [b"a"])
        for filler in fillers:
            filler.close()


def test_a_host_that_is_none_says_so():
    with linked("redis://no-such-host.invalid") as link, pytest.raises(StoreLost, match="cannot be reached"):
        link.get(b"a")


def test_a_loop_that_is_held_up_does_not_take_that_for_silence(redis_server):
    redis_server.client.set("held up", "1")

    async def read():
        shared = AwaitingLink(Address.parse(redis_server.url(timeout=0.3)))
        await shared.get_many([b"held up"])
        reading = asyncio.ensure_future(shared.get_many([b"held up"]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        time.sleep(0.5)
        try:
            return await reading
        finally:
            await shared.close()

    assert asyncio.run(read()) == [b"1"]


def test_a_reading_task_that_is_cancelled_leaves_no_answer_for_the_next(own_server):
    own_server.client.mset({"a": "1", "b": "2"})

    async def read():
        with Proxy(own_server.port) as proxy:
            shared = AwaitingLink(Address.parse(proxy.url(timeout=5)))
            await shared.get_many([b"a"])
            proxy.back.delay = 0.2
            reading = asyncio.ensure_future(shared.get_many([b"a"]))
            await asyncio.sleep(0.1)
            reading.cancel()
            found = await shared.get_many([b"b"])
            await shared.close()
            return found

    assert asyncio.run(read()) == [b"2"]


def test_a_task_that_is_cancelled_just_as_it_is_connected_leaves_no_connection(redis_server, monkeypatch):
    class Cancelling(awaiting._Plain):
        async def connect(self):
            await super().connect()
            reading.cancel()

    async def read():
        nonlocal reading
        shared = AwaitingLink(Address.parse(redis_server.url(timeout=5)))
        reading = asyncio.ensure_future(shared.get_many([b"a"]))
        await asyncio.gather(reading, return_exceptions=True)
        await shared.close()

    reading = None
    monkeypatch.setattr(awaiting, "_Plain", Cancelling)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        asyncio.run(read())
        gc.collect()
    assert reading.cancelled()
    assert seen == []


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"*x\r\n", b":1\r\n", b"$5\r\nhello\r\n"]
)
def test_who_does_not_speak_as_redis_does_is_no_store(answer):
    def serve(listener):
        for _ in range(2):
            taken, _ = listener.accept()
            taken.recv(1000)
            taken.sendall(answer)
            taken.close()

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = f"redis://{HOST}:{listener.getsockname()[1]}?timeout=1"
        with linked(url) as link, pytest.raises(IndexProblem, match="does not speak as a Redis server"):
            link.get_many([b"a"])
        with pytest.raises(IndexProblem, match="does not speak as a Redis server"):
            awaited(url, [b"a"])
        thread.join()


def test_a_server_that_is_loading_says_so(own_server):
    # While it loads a server looks up from its work each 2 MB, and with this delay at each key for 0.1 s.
    for n in range(30):
        own_server.client.set(f"k{n}", os.urandom(1_000_000))
    own_server.client.bgrewriteaof()
    wait(lambda: not own_server.client.info("persistence")["aof_rewrite_in_progress"], "all is in a snapshot")
    own_server.kill()
    own_server.options.append("key-load-delay 100000")
    starting = threading.Thread(target=own_server.start)
    starting.start()
    try:
        with linked(own_server.url(timeout=2)) as link:
            wait(lambda: "is loading its data" in _trouble(link), "a server that is loading")
    finally:
        starting.join()


def _trouble(link):
    try:
        link.get(b"k1")
    except StoreLost as error:
        return str(error)
    return ""


# -- what is denied


@pytest.fixture
def users(own_server):
    """A server with a reader who has little."""
    own_server.client.execute_command(
        "ACL", "SETUSER", "reader", "on", f">{SECRET}", "resetkeys", "%R~sb:t:*", "-@all", "+get", "+mget"
    )
    own_server.client.set("sb:t:a", TEXT)
    return own_server


def test_rights_that_are_missing_are_named_and_neither_data_nor_password_shown(users):
    with linked(users.url("reader", SECRET, timeout=1)) as link:
        assert link.get_many([b"sb:t:a"]) == [TEXT]
        with pytest.raises(IndexProblem, match="denies the user this tenant's keys") as keys:
            link.get_many([b"sb:u:a"])
        with pytest.raises(IndexProblem, match="denies the user the command set") as command:
            link.set_many([(b"sb:t:a", TEXT)])
        with pytest.raises(IndexProblem, match="denies the user the command info"):
            link.facts()
        for error in (keys.value, command.value):
            assert error.__suppress_context__
            assert not any(word in str(error) for word in (SECRET, TEXT.decode(), "sb:u"))
        assert SECRET not in repr(link)
        assert link.get_many([b"sb:t:a"]) == [TEXT], "a refusal does no harm"


@pytest.mark.parametrize("password", ["wrong-" + SECRET, None])
def test_a_wrong_password_or_none_is_a_clear_error_without_it(users, password):
    users.client.execute_command("ACL", "SETUSER", "default", "resetpass", f">{SECRET}")
    url = users.url("reader" if password else None, password)
    for call in (lambda: awaited(url, [b"sb:t:a"]), lambda: Link(Address.parse(url)).get_many([b"sb:t:a"])):
        with pytest.raises(
            IndexProblem, match="set SIMBLOCK_REDIS_USERNAME and SIMBLOCK_REDIS_PASSWORD"
        ) as raised:
            call()
        assert SECRET not in str(raised.value)


def test_a_password_that_nobody_asks_for_is_to_be_taken_away(own_server, monkeypatch):
    monkeypatch.setenv("SIMBLOCK_REDIS_PASSWORD", SECRET)
    url = own_server.url(timeout=2)
    for call in (lambda: awaited(url, [b"a"]), lambda: Link(Address.parse(url)).get_many([b"a"])):
        with pytest.raises(
            IndexProblem, match=r"asks for no password, .* unset SIMBLOCK_REDIS_PASSWORD"
        ) as raised:
            call()
        assert SECRET not in str(raised.value)


def test_a_full_server_is_out_of_memory_and_says_so_without_the_data(own_server):
    own_server.client.config_set("maxmemory", 1_000_000)
    with linked(own_server.url()) as link:
        with pytest.raises(SimblockError, match="is out of memory: raise its maxmemory") as raised:
            link.set_many([(b"a", TEXT)])
        assert TEXT.decode() not in str(raised.value)
        assert link.get(b"a") is None


def test_a_replica_takes_no_writes_and_says_where_they_go(own_server):
    own_server.client.execute_command("REPLICAOF", HOST, 1)
    with linked(own_server.url()) as link, pytest.raises(StoreLost, match="give the master's address"):
        link.set_many([(b"a", TEXT)])


def test_keys_that_hold_something_else_are_a_problem_of_the_index(redis_server):
    redis_server.client.rpush("a list", TEXT)
    wrong = pytest.raises(IndexProblem, match="holds something else under this index's keys")
    with linked(redis_server.url()) as link, wrong:
        link.get(b"a list")


@pytest.mark.parametrize("kind", ["redis+cluster://{}", "redis+sentinel://{}/main"])
def test_a_single_server_is_neither_cluster_nor_sentinel_and_says_so(redis_server, kind):
    with linked(kind.format(f"{HOST}:{redis_server.port}")) as link, pytest.raises(IndexProblem) as raised:
        link.get(b"a")
    assert "is no cluster: write redis://" in str(raised.value) or "does not know a command" in str(
        raised.value
    )


# -- TLS


def test_tls_reads_and_writes_both_ways(tls_server):
    with linked(tls_server.url(timeout=2)) as link:
        link.set_many([(b"a", b"x" * 300_000)])
        assert link.get_many([b"a"]) == [b"x" * 300_000]
    assert awaited(tls_server.url(timeout=2), [b"a"]) == [[b"x" * 300_000]]


def test_tls_trusts_only_the_authority_it_was_given(tls_server):
    url = f"rediss://{HOST}:{tls_server.port}"
    files = f"cert={tls_server.tls.client}&key={tls_server.tls.client_key}"
    for call in (lambda u: Link(Address.parse(u)).get_many([b"a"]), lambda u: awaited(u, [b"a"])):
        with pytest.raises(StoreLost, match="certificate that is not to be trusted"):
            call(f"{url}?{files}&timeout=2")
        call(f"{url}?{files}&verify=none&timeout=2")


def test_tls_that_verifies_nothing_is_warned_of(caplog):
    with linked("rediss://h?verify=none"):
        assert "verify=none believes whoever answers" in caplog.text
    caplog.clear()
    with linked("rediss://h"):
        assert caplog.text == ""


def test_tls_without_the_certificate_that_the_server_asks_for_is_an_error(tls_server):
    asked = f"rediss://{HOST}:{tls_server.port}?ca={tls_server.tls.ca}&timeout=2"
    for call in (lambda u: Link(Address.parse(u)).get_many([b"a"]), lambda u: awaited(u, [b"a"])):
        with pytest.raises(StoreLost, match=r"a client's certificate \(cert= and key=\)"):
            call(asked)
        with pytest.raises(StoreLost, match=r"asks for TLS \(rediss://\)"):
            call(f"redis://{HOST}:{tls_server.port}?timeout=2")


def test_tls_to_a_port_without_it_names_tls(redis_server):
    url = f"rediss://{HOST}:{redis_server.port}?verify=none&timeout=0.3&connect_timeout=0.3"
    for call in (lambda: Link(Address.parse(url)).get_many([b"a"]), lambda: awaited(url, [b"a"])):
        with pytest.raises(StoreLost, match="TLS"):
            call()
