"""Who may do what: the shipped access rules are enough for what simblock does, and for nothing else."""

import asyncio
import re
import secrets
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import redis

from simblock import Guard, Policy, open_index
from simblock.errors import IndexProblem
from simblock.stores import syncing
from simblock.stores.opening import create_writer, open_writer
from simblock.stores.redis import writing
from simblock.stores.redis.address import Address
from tests.redis_servers import version, wait
from tests.stores.conftest import KEY
from tests.stores.works import document, library, run_of

TOP = Path(__file__).parents[3]
RULES = TOP / "examples" / "redis" / "users.acl"
# About what is answered, not how soon.
PATIENT = {"timeout": 5, "connect_timeout": 5, "poll": 0.05}
BEYOND = [
    "KEYS *",
    "SCAN 0",
    "DBSIZE",
    "RANDOMKEY",
    "FLUSHALL",
    "FLUSHDB",
    "SWAPDB 0 1",
    "CONFIG GET *",
    "CONFIG SET maxmemory-policy allkeys-lru",
    "CONFIG REWRITE",
    "ACL LIST",
    "ACL SETUSER x on",
    "CLIENT LIST",
    "CLIENT KILL TYPE normal",
    "CLIENT PAUSE 1000",
    "CLIENT NO-EVICT on",
    "MONITOR",
    "SHUTDOWN",
    "REPLICAOF NO ONE",
    "SAVE",
    "BGSAVE",
    "BGREWRITEAOF",
    "SLOWLOG GET",
    "LATENCY RESET",
    "MODULE LIST",
    "EVAL 'return 1' 0",
    "EVAL_RO 'return 1' 0",
    "SCRIPT FLUSH",
    "FUNCTION LIST",
    "PUBLISH x y",
    "SUBSCRIBE x",
    "PSUBSCRIBE *",
    "SORT {own}",
    "DUMP {own}",
    "RESTORE {own} 0 x",
    "RENAME {own} {own}2",
    "COPY {own} {own}2",
    "MIGRATE 127.0.0.1 1 {own} 0 100",
    "OBJECT FREQ {own}",
    "MEMORY USAGE {own}",
    "GETDEL {own}",
    "GETEX {own} EX 1",
    "SETRANGE {own} 0 x",
    "APPEND {own} x",
    "XTRIM {own} MAXLEN 0",
    "XDEL {own} 0-1",
    "XGROUP CREATE {own} g 0",
    "PERSIST {own}",
    "EXPIRE {own} 1",
    "MSET {own} x",
    "BLPOP {own} 1",
]
"""Commands that neither may give: what blocks, lists, runs scripts, or changes the server or others' data."""
WRITES = [
    "SET {own} x",
    "DEL {own}",
    "UNLINK {own}",
    "HSET {own} a b",
    "HDEL {own} a",
    "XADD {own} * a b",
    "PEXPIRE {own} 1",
    "MULTI",
    "WAIT 0 1",
]
ELSEWHERE_READ = ["GET {other}", "MGET {own} {other}", "HGETALL {other}", "XREAD STREAMS {other} 0"]
ELSEWHERE_WRITTEN = [
    "SET {other} x",
    "DEL {other}",
    "UNLINK {own} {other}",
    "PEXPIRE {other} 1",
    "HSET {other} a b",
    "HDEL {other} a",
    "XADD {other} * a b",
    "WATCH {other}",
]
PREFIXES = [
    "sb:{tenant}x:",
    "sb:{tenant}",
    "SB:{tenant}:",
    "x:sb:{tenant}:",
    "sb:other:sb:{tenant}:",
    "sb:*:",
    "{{sb:{tenant}:}}",
]


def shipped_rules():
    """The rules of the reader and of the indexer."""
    lines = [line.split() for line in RULES.read_text().splitlines()]
    return {name: rules for _, name, *rules in lines if name in {"reader", "indexer"}}


class Granted:
    """A tenant of the shared server, with a user of each kind by the shipped rules."""

    def __init__(self, server, tenant, servers=None):
        self.server, self.tenant, self.servers = server, tenant, servers or [server]
        self.passwords = {}
        for name, rules in shipped_rules().items():
            self.passwords[name] = secrets.token_hex(8)
            rules = [rule.replace(":acme:", f":{tenant}:") for rule in rules]
            self.act("SETUSER", f"{name}-{tenant}", *rules, f">{self.passwords[name]}")

    def act(self, *words):
        for server in self.servers:
            server.client.execute_command("ACL", *words)

    def connect(self, name):
        return self.server.connect(username=f"{name}-{self.tenant}", password=self.passwords[name])

    def url(self, name, **options):
        return self.server.url(
            user=f"{name}-{self.tenant}", password=self.passwords[name], tenant=self.tenant, **options
        )

    def close(self):
        self.act("DELUSER", *(f"{name}-{self.tenant}" for name in self.passwords))


class GrantedOnAll(Granted):
    """The same on every node of a cluster or group, with commits that wait for a replica."""

    def __init__(self, cluster, tenant, servers):
        super().__init__(servers[0], tenant, servers)
        self.cluster = cluster

    def url(self, name, **options):
        credentials = f"{name}-{self.tenant}:{self.passwords[name]}@"
        return self.cluster.url(tenant=self.tenant, wait=1, **options).replace("://", f"://{credentials}")


@pytest.fixture
def granted(redis_server):
    if version() < (7,):
        pytest.skip(
            "NO RIGHTS BY KEY: this server is older than 7.0, and the shipped access rules were NOT tested"
        )
    users = Granted(redis_server, f"t{secrets.token_hex(4)}")
    yield users
    users.close()


def refusal(client, command, tenant):
    """The error with which the server refuses a command, else what it gave."""
    words = command.format(own=f"sb:{tenant}:x", other="sb:other:x").replace("'", "").split(" ")
    if words[0].startswith("EVAL"):
        words = [words[0], "return 1", "0"]
    try:
        return client.execute_command(*words)
    except redis.exceptions.ResponseError as error:
        return error


def is_about_keys(said):
    return isinstance(said, redis.exceptions.NoPermissionError) and "run the" not in str(said)


@pytest.mark.parametrize("name", ["reader", "indexer"])
def test_nobody_may_give_a_command_that_blocks_lists_scripts_or_reaches_beyond(granted, name):
    with granted.connect(name) as client:
        given = [one for one in BEYOND if "run the" not in str(refusal(client, one, granted.tenant))]
    assert given == []


def test_a_reader_writes_nothing(granted):
    with granted.connect("reader") as client:
        given = [one for one in WRITES if "run the" not in str(refusal(client, one, granted.tenant))]
        assert client.get(f"sb:{granted.tenant}:x") is None
    assert given == []


@pytest.mark.parametrize("name", ["reader", "indexer"])
def test_another_tenants_keys_are_neither_read_nor_written(granted, name):
    asked = ELSEWHERE_READ + (ELSEWHERE_WRITTEN if name == "indexer" else [])
    with granted.connect(name) as client:
        given = [one for one in asked if not is_about_keys(refusal(client, one, granted.tenant))]
    assert given == []
    assert granted.server.client.exists("sb:other:x") == 0


@pytest.mark.parametrize("prefix", PREFIXES)
def test_keys_that_merely_look_like_the_tenants_are_closed(granted, prefix):
    key = prefix.format(tenant=granted.tenant) + "y"
    for name in ("reader", "indexer"):
        with granted.connect(name) as client, pytest.raises(redis.exceptions.NoPermissionError):
            client.get(key)


def test_a_transaction_is_no_way_around(granted):
    with granted.connect("indexer") as client, client.pipeline() as pipe:
        pipe.set(f"sb:{granted.tenant}:x", "1").set("sb:other:x", "1")
        with pytest.raises(redis.exceptions.ResponseError, match="permissions"):
            pipe.execute()
    assert granted.server.client.exists(f"sb:{granted.tenant}:x", "sb:other:x") == 0


def test_who_is_not_named_is_not_let_in_and_nobody_without_a_password():
    first, second, *others = RULES.read_text().splitlines()
    assert first == "user default reset"
    assert second == "user operator reset on allkeys allchannels allcommands"
    for line in others:
        assert not re.search(r"allkeys|allchannels|allcommands|\+@", line)
    assert not re.search(r"nopass|[<>#]", RULES.read_text())


# -- what simblock does with these rights


def refused_to(granted):
    """What the server refused to the tenant's users."""
    log = [entry for server in granted.servers for entry in server.client.acl_log()]
    return [entry for entry in log if entry["username"].endswith(granted.tenant)]


def keep_an_index(granted, folder):
    """All that an indexer does: build, change, purge, read it all, copy away and back, drop."""
    url = granted.url("indexer")
    with create_writer(url, key=KEY, store_text=True) as writer:
        writer.put(library(4))
        writer.commit()
    with open_writer(url, key=KEY) as writer:
        writer.put([document("later")])
        writer.remove(["work-002"])
        writer.commit()
    with closing(open_index(url, key=KEY)) as index:
        assert index.verify() == []
        assert {work.id for work, *_ in index.entries()} == {"work-000", "work-001", "work-003", "later"}
    syncing.sync(url, str(folder / "copy.sbx"), key=KEY)
    assert writing.drop(Address.parse(url)) > 10
    syncing.sync(str(folder / "copy.sbx"), url, key=KEY)


def test_rights_are_enough_for_all_that_an_indexer_and_a_reader_do(granted, tmp_path):
    keep_an_index(granted, tmp_path)
    url = granted.url("reader", cache=tmp_path / "cache", **PATIENT)
    with closing(open_index(url, key=KEY)) as index:
        guard = Guard(index, Policy())
        assert guard.check(document("later").text).decision == "stop"
        assert guard.check(document("never").text).decision == "release"
        with open_writer(granted.url("indexer"), key=KEY) as writer:
            writer.put([document("news")])
            writer.commit()
        wait(lambda: guard.check(document("news").text).decision == "stop", "the guard has the news")
        assert index.verify() == []
        assert asyncio.run(acheck(guard, index, document("work-001").text)).decision == "stop"
    syncing.sync(url, str(tmp_path / "replica.sbx"), key=KEY)
    with closing(open_index(tmp_path / "replica.sbx", key=KEY)) as index:
        assert Guard(index, Policy()).check(document("news").text).decision == "stop"
    assert refused_to(granted) == []


async def acheck(guard, index, text):
    try:
        return await guard.acheck(text)
    finally:
        await index.aclose()


@pytest.mark.slow
def test_rights_are_enough_on_a_cluster_with_replicas(cluster, tmp_path):
    if version() < (7,):
        pytest.skip(
            "NO RIGHTS BY KEY: this server is older than 7.0, and the shipped access rules were NOT tested"
        )
    granted = GrantedOnAll(cluster, f"t{secrets.token_hex(4)}", cluster.servers)
    keep_an_index(granted, tmp_path)
    with closing(open_index(granted.url("reader", replicas="true", **PATIENT), key=KEY)) as index:
        guard = Guard(index, Policy())
        wait(lambda: guard.check(document("later").text).error is None, "replicas have it all")
        assert guard.check(document("later").text).decision == "stop"
        assert asyncio.run(acheck(guard, index, document("work-001").text)).decision == "stop"
    assert refused_to(granted) == []
    granted.close()


@pytest.mark.slow
def test_rights_are_enough_under_sentinel_whose_users_are_others(sentinel_group, tmp_path, monkeypatch):
    if version() < (7,):
        pytest.skip(
            "NO RIGHTS BY KEY: this server is older than 7.0, and the shipped access rules were NOT tested"
        )
    granted = GrantedOnAll(sentinel_group, f"t{secrets.token_hex(4)}", sentinel_group.data)
    rights = re.findall(r"`(sentinel\|[a-z-]+)`", (TOP / "docs" / "redis.md").read_text("utf-8"))
    user = f"guide-{granted.tenant}"
    for sentinel in sentinel_group.sentinels:
        sentinel.client.execute_command(
            "ACL", "SETUSER", user, "on", ">pw", "-@all", *(f"+{one}" for one in rights)
        )
    monkeypatch.setenv("SIMBLOCK_SENTINEL_USERNAME", user)
    monkeypatch.setenv("SIMBLOCK_SENTINEL_PASSWORD", "pw")
    keep_an_index(granted, tmp_path)
    with closing(open_index(granted.url("reader", replicas="true", **PATIENT), key=KEY)) as index:
        guard = Guard(index, Policy())
        wait(lambda: guard.check(document("later").text).error is None, "replicas have it all")
        assert guard.check(document("later").text).decision == "stop"
    granted.servers = [*sentinel_group.data, *sentinel_group.sentinels]
    assert refused_to(granted) == []
    granted.close()


UNSEEN = {"info", "unwatch", "ping", "select", "wait", "readonly", "asking", "cluster|slots"}
"""Rights for what a single server without replicas is not asked: `stat`, a lock that was lost, health checks, databases, replicas, clusters."""


def test_no_right_is_granted_that_is_not_used(own_server, tmp_path):
    users = Granted(own_server, "spare")
    own_server.client.config_resetstat()
    keep_an_index(users, tmp_path)
    with closing(open_index(users.url("reader", **PATIENT), key=KEY)) as index:
        wait(lambda: index.health().state == "fresh", "the watcher has looked")
        used = {
            name.removeprefix("cmdstat_") for name in wait(lambda: stats(own_server), "the watcher listens")
        }
    for rules in shipped_rules().values():
        granted = {rule[1:] for rule in rules if rule.startswith("+")}
        assert granted - UNSEEN - used == set()


def stats(server):
    told = server.client.info("commandstats")
    return told if "cmdstat_xread" in told else None


def test_a_reader_who_tries_to_write_is_told_which_right_he_lacks(granted, tmp_path):
    keep_an_index(granted, tmp_path)
    before = granted.server.client.keys(f"sb:{granted.tenant}:*")
    for attempt in (
        lambda url: open_writer(url, key=KEY),
        lambda url: writing.drop(Address.parse(url)),
        lambda url: syncing.sync(str(tmp_path / "copy.sbx"), url, key=KEY),
    ):
        with pytest.raises(IndexProblem, match=r"denies the user the command \w+: grant it") as told:
            attempt(granted.url("reader"))
        assert granted.passwords["reader"] not in str(told.value)
    assert sorted(granted.server.client.keys(f"sb:{granted.tenant}:*")) == sorted(before)


def test_another_tenants_index_is_refused_and_not_taken_for_an_empty_one(granted):
    url = granted.url("reader").replace(f"tenant={granted.tenant}", "tenant=other")
    with pytest.raises(IndexProblem, match="denies the user this tenant's keys"):
        open_index(url)


def test_a_wrong_password_is_told_without_it(granted):
    url = granted.server.url(user=f"reader-{granted.tenant}", password="correct horse", tenant=granted.tenant)
    with pytest.raises(IndexProblem, match="does not accept the user or password") as told:
        open_index(url)
    assert "horse" not in str(told.value)


def test_rights_that_are_withdrawn_stop_a_guard_and_given_back_let_it_go_on(granted, tmp_path):
    keep_an_index(granted, tmp_path)
    user = f"reader-{granted.tenant}"
    with closing(open_index(granted.url("reader", **PATIENT), key=KEY)) as index:
        guard = Guard(index, Policy())
        granted.act("SETUSER", user, "-get", "-mget")
        wait(lambda: guard.check("clean text").error, "the guard notices")
        assert guard.check(document("later").text).decision == "stop"
        granted.act("SETUSER", user, "+get", "+mget")
        wait(lambda: guard.check("clean text").decision == "release", "the guard goes on")
        report = guard.check(document("later").text)
        assert (report.decision, report.error) == ("stop", None)


@pytest.mark.parametrize("key", [None, KEY], ids=["unkeyed", "keyed"])
def test_a_keyed_index_shows_no_words_and_no_titles_to_who_reads_its_server(redis_server, tmp_path, key):
    tenant = f"t{secrets.token_hex(4)}"
    url = redis_server.url(tenant=tenant, cache=tmp_path / "cache")
    work = library(3)[1]
    with create_writer(url, key=key, store_text=True) as writer:
        writer.put(library(3))
        writer.commit()
    with closing(open_index(url, key=key)) as index:
        segment, run = run_of(index, work)
        words = index.run(segment, run, 0, 8).tobytes()
    client = redis_server.client
    strings = [name for name in client.keys(f"sb:{tenant}:*") if client.type(name) == b"string"]
    held = b"".join([client.get(name) for name in strings])
    held += b"".join(path.read_bytes() for path in (tmp_path / "cache").iterdir() if path.is_file())
    for clear in (words, b"Title 1", b"work-001"):
        assert (clear in held) == (key is None)


# -- TLS


def run(*words, status=0):
    program, *rest = map(str, words)
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *rest], capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


def test_an_index_is_built_and_checked_over_tls_with_client_certificates(tls_server, tmp_path, monkeypatch):
    monkeypatch.setenv("SIMBLOCK_CACHE", str(tmp_path / "cache"))
    url = tls_server.url(tenant="tls")
    assert url.startswith("rediss://")
    run("simblock-index", "build", TOP / "examples" / "works", "--out", url, "--no-key")
    copied = TOP / "examples" / "answer.txt"
    run("simblock", "check", url, copied, status=1)
    for left_out, told in (({"cert", "key"}, "TLS|broke the connection off"), ({"ca"}, "not to be trusted")):
        parts = urlsplit(url)
        rest = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name not in left_out])
        done = run("simblock", "check", parts._replace(query=rest).geturl(), copied, status=2)
        assert re.search(told, done.stderr)
        assert len(done.stderr.splitlines()) == 1
