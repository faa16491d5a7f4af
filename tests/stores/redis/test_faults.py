"""Servers and networks that fail, each for real: no copy is ever called clean, and guards need no restart.

Each fault is caused while guards run; each `on_error` is asked about copies of all works, then the fault is
mended and the same guards must be sound again.
"""

import asyncio
import time

import pytest

from simblock.errors import SimblockError
from simblock.guard import Guard
from simblock.policy import Policy
from tests.redis_servers import Server, wait
from tests.stores.redis import faults
from tests.stores.redis.faults import CLEAN, DEGRADED, STOPPED, STRANGERS, WORKS, guarding, parameters, worth


def killed(server):
    server.kill()


def started(server, original):
    server.start()


def emptied(server):
    server.restart(empty=True)


def refilled(server, original):
    faults.transplanted(original, server.client)


def flushed(server):
    server.client.flushall()


def flushed_later(server):
    server.client.flushdb(asynchronous=True)


def swapped_with_an_empty_database(server):
    server.client.swapdb(0, 1)


def all_expired(server):
    for key in server.client.scan_iter():
        server.client.pexpire(key, 1)


def evicted(server):
    server.client.config_set("maxmemory-policy", "allkeys-lru")
    server.client.config_set("maxmemory", server.client.info("memory")["used_memory"] - 150_000)
    for number in range(200):
        server.client.set(f"another:{number}", bytes(1000))


def unlimited(server, original):
    server.client.config_set("maxmemory", 0)
    faults.transplanted(original, server.client)


def hung(server):
    server.pause()


def resumed(server, original):
    server.resume()


def busy_with_a_script(server):
    server.client.config_set("lua-time-limit", 10)
    server.busy = server.connect(socket_timeout=0.2)
    with pytest.raises(Exception, match=r"[Tt]imeout"):
        server.busy.eval("while true do end", 0)


def script_killed(server, original):
    server.client.script_kill()
    server.busy.close()


def full_of_clients(server):
    server.client.ping()
    server.client.config_set("maxclients", 1)
    server.client.client_kill_filter(_type="normal", skipme=True)


def clients_welcome(server, original):
    server.client.config_set("maxclients", 10_000)


def of_an_empty_master(server):
    """What becomes of a server that is made the replica of one that has nothing."""
    server.master = Server().start()
    server.client.replicaof("127.0.0.1", server.master.port)
    wait(lambda: server.client.dbsize() == 0, "it has the nothing of its master")


def independent(server, original):
    server.client.replicaof("NO", "ONE")
    server.master.close()
    faults.transplanted(original, server.client)


SERVERS = {
    "killed, and back": (killed, started),
    "restarted empty": (emptied, refilled),
    "emptied": (flushed, refilled),
    "emptied in the background": (flushed_later, refilled),
    "of another, empty database": (swapped_with_an_empty_database, lambda s, _: s.client.swapdb(0, 1)),
    "of keys that expired": (all_expired, refilled),
    "that evicts": (evicted, unlimited),
    "hung": (hung, resumed),
    "busy with a script": (busy_with_a_script, script_killed),
    "that takes no more clients": (full_of_clients, clients_welcome),
    "that follows an empty one": (of_an_empty_master, independent),
}


QUICK_SERVERS = {"killed, and back", "restarted empty", "that evicts", "hung", "that follows an empty one"}


@pytest.mark.parametrize(("cause", "mend"), parameters(SERVERS, QUICK_SERVERS))
def test_no_copy_is_called_clean_by_a_server(cause, mend, seeded, original, tmp_path):
    with guarding(seeded.url(), tmp_path) as guarded:
        cause(seeded)
        guarded.ask_all()
        assert set(guarded.count()) - {STOPPED}, "nobody noticed"
        assert all(report.decision == "stop" for report in _reports(guarded, "stop"))
        mend(seeded, original)
        guarded.recover()


def _reports(guarded, how):
    return [guarded.guards[how].check(faults.copy_of(work, 99)) for work in WORKS[:4]]


NETWORKS = {
    "slow there and back": lambda proxy: proxy.slow(0.2),
    "slow on the way back alone": lambda proxy: setattr(proxy.back, "delay", 0.4),
    "that trickles": lambda proxy: setattr(proxy.back, "rate", 3000),
    "half-open": lambda proxy: proxy.swallow(),
    "that loses requests": lambda proxy: setattr(proxy.there, "lost", True),
    "that loses answers": lambda proxy: setattr(proxy.back, "lost", True),
    "that refuses": lambda proxy: proxy.refuse(),
}


@pytest.mark.parametrize("cause", parameters(NETWORKS, {"slow there and back", "half-open", "that refuses"}))
def test_no_copy_is_called_clean_by_a_network(cause, proxy, tmp_path):
    with guarding(proxy.url(), tmp_path) as guarded:
        cause(proxy)
        begin = time.monotonic()
        guarded.ask_all(WORKS[:9])
        assert time.monotonic() - begin < 9 * 3, "each look-up waits a bounded time"
        assert set(guarded.count()) - {STOPPED}, "nobody noticed"
        proxy.heal()
        guarded.recover()


def test_a_server_that_accepts_and_never_answers_is_not_clean(proxy, tmp_path):
    with guarding(proxy.url(), tmp_path) as guarded:
        proxy.hang = True
        proxy.cut()
        guarded.ask_all(WORKS[:9])
        assert set(guarded.count()) - {STOPPED}
        proxy.heal()
        guarded.recover()


def test_cut_connections_are_made_again_within_the_question(proxy, tmp_path):
    with guarding(proxy.url(), tmp_path, timeout=5) as guarded:
        for work in WORKS[:9]:
            proxy.cut()
            guarded.ask(work, "stop")
        assert set(guarded.count()) == {STOPPED}


def test_a_server_that_ends_all_connections_is_asked_again_within_the_question(seeded, tmp_path):
    with guarding(seeded.url(), tmp_path, timeout=5) as guarded:
        for work in WORKS[:9]:
            seeded.client.client_kill_filter(_type="normal", skipme=True)
            guarded.ask(work, "stop")
        assert set(guarded.count()) == {STOPPED}


def test_a_network_that_is_slow_but_in_time_changes_no_decision(proxy, tmp_path):
    with guarding(proxy.url(), tmp_path, timeout=2) as guarded:
        proxy.slow(0.01)
        guarded.ask_all(WORKS[:9])
        assert set(guarded.count()) == {STOPPED}


def test_copies_are_stopped_degraded_while_a_server_is_gone(seeded, tmp_path):
    with guarding(seeded.url(), tmp_path) as guarded:
        seeded.kill()
        for work in WORKS:
            guarded.ask(work, "degraded")
        assert set(guarded.count("degraded")) == {DEGRADED}


def test_clean_text_flows_while_a_server_is_gone_where_the_policy_says_so(seeded, tmp_path):
    with guarding(seeded.url(), tmp_path) as guarded:
        seeded.kill()
        for how in ("release", "degraded"):
            reports = [guarded.guards[how].check(text) for text in STRANGERS]
            assert [report.decision for report in reports] == ["release"] * len(reports)
            assert [report.released for report in reports] == STRANGERS


def test_without_news_for_too_long_clean_text_is_lost_too_and_comes_back(seeded, tmp_path):
    with guarding(seeded.url(), tmp_path, stale_after=1, poll=0.2) as guarded:
        seeded.pause()
        report = wait(
            lambda: (r := guarded.guards["stop"].check(STRANGERS[0])).error and r, "the index is stale", 10
        )
        assert report.decision == "stop"
        assert "no news" in report.error
        guarded.ask_all(WORKS[:9])
        seeded.resume()
        guarded.recover()


FAILING_MIDWAY = {"killed": Server.kill, "emptied": flushed, "hung": Server.pause}


@pytest.mark.parametrize("cause", parameters(FAILING_MIDWAY, {"killed"}))
@pytest.mark.parametrize("how", faults.ON_ERROR)
def test_a_server_that_fails_within_a_stream_lets_no_copy_out_as_clean(cause, how, seeded, tmp_path):
    text = f"{STRANGERS[0]} {faults.copy_of(WORKS[7])} {STRANGERS[1]}"
    with guarding(seeded.url(), tmp_path) as guarded:
        stream = guarded.guards[how].stream()
        out = []
        for number, start in enumerate(range(0, len(text), 25)):
            if number == 30:
                cause(seeded)
            out.append(stream.feed(text[start : start + 25]))
        out.append(stream.finish())
        assert worth(stream.report) != CLEAN
        if how != "release":
            assert faults.copy_of(WORKS[7]) not in "".join(out)


def test_a_stream_goes_on_as_before_once_the_server_is_back(seeded, tmp_path):
    with guarding(seeded.url(), tmp_path) as guarded:
        stream = guarded.guards["degraded"].stream()
        stream.feed(STRANGERS[0])
        seeded.kill()
        stream.feed(STRANGERS[1])
        seeded.start()
        guarded.recover()
        for start in range(0, 900, 30):
            stream.feed(faults.copy_of(WORKS[3], words=200)[start : start + 30])
        assert stream.report.decision == "stop"
        assert [match.work.id for match in stream.report.matches] == [WORKS[3].work.id]


def test_awaiting_streams_fare_the_same(seeded, tmp_path):
    async def said(guard, work):
        stream = guard.stream()
        await stream.afeed(faults.copy_of(work))
        await stream.afinish()
        return worth(stream.report)

    async def all_said(guarded):
        guard = guarded.guards["stop"]
        async with asyncio.timeout(60):
            before = [await said(guard, work) for work in WORKS[:3]]
            seeded.pause()
            during = await asyncio.gather(*(said(guard, work) for work in WORKS[3:]))
            seeded.resume()
            for _ in range(400):
                after = [await said(guard, work) for work in WORKS[:6]]
                if set(after) == {STOPPED}:
                    break
                await asyncio.sleep(0.05)
        await guarded.index.aclose()
        return before, during, after

    with guarding(seeded.url(), tmp_path) as guarded:
        before, during, after = asyncio.run(all_said(guarded))
    assert set(before) == set(after) == {STOPPED}
    assert CLEAN not in during
    assert set(during) - {STOPPED}


def test_rights_that_are_taken_away_are_not_clean(seeded, tmp_path):
    seeded.client.acl_setuser("reader", enabled=True, passwords=["+pw"], keys=["*"], categories=["+@all"])
    with guarding(seeded.url(user="reader", password="pw"), tmp_path) as guarded:
        seeded.client.execute_command("ACL", "SETUSER", "reader", "-@all")
        guarded.ask_all(WORKS[:9])
        assert set(guarded.count()) - {STOPPED}
        seeded.client.execute_command("ACL", "SETUSER", "reader", "+@all")
        guarded.recover()


def test_a_password_that_was_changed_is_not_clean(seeded, tmp_path):
    seeded.client.acl_setuser("reader", enabled=True, passwords=["+pw"], keys=["*"], categories=["+@all"])
    with guarding(seeded.url(user="reader", password="pw"), tmp_path) as guarded:
        seeded.client.acl_setuser("reader", enabled=True, reset_passwords=True, passwords=["+other"])
        seeded.client.client_kill_filter(_type="normal", skipme=True)
        guarded.ask_all(WORKS[:9])
        assert set(guarded.count()) - {STOPPED}
        seeded.client.acl_setuser("reader", enabled=True, passwords=["+pw"])
        guarded.recover()


def _nobody(tmp_path):
    server = Server().start()
    server.close()
    return f"redis://127.0.0.1:{server.port}"


def test_opening_where_nobody_listens_is_an_error_with_a_mend(tmp_path):
    with pytest.raises(SimblockError, match="refused"):
        faults.opened(_nobody(tmp_path), tmp_path)


def test_opening_a_name_that_nobody_has_is_an_error(tmp_path):
    with pytest.raises(SimblockError):
        faults.opened("redis://nobody.invalid:6379", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("state", ["hang", "swallow"])
def test_opening_a_server_that_hangs_ends_with_an_error(state, proxy, tmp_path):
    proxy.hang = state == "hang"
    proxy.swallow(state == "swallow")
    begin = time.monotonic()
    with pytest.raises(SimblockError):
        faults.opened(proxy.url(), tmp_path)
    assert time.monotonic() - begin < 30


def test_opening_an_empty_server_is_an_error(own_server, tmp_path):
    with pytest.raises(SimblockError, match="no index"):
        faults.opened(own_server.url(), tmp_path)


def test_what_is_decided_under_an_outage_is_counted(seeded, tmp_path):
    with guarding(seeded.url(), tmp_path) as guarded:
        guard = Guard(guarded.index, Policy.load(on_error="stop"))
        seeded.kill()
        for work in WORKS[:6]:
            guard.check(faults.copy_of(work))
        assert guard.counts["lost"] == 1
        assert guard.counts["stopped"] == 6
