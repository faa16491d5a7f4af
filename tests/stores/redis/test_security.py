"""Who may do what: the shipped access rules are enough for what simblock does, and for nothing else."""

import re
import secrets
from pathlib import Path

import pytest
import redis

from tests.redis_servers import version

TOP = Path(__file__).parents[3]
RULES = TOP / "examples" / "redis" / "users.acl"

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


class Granted:
    """A tenant of the shared server, with a user of each kind by the shipped rules."""

    def __init__(self, server, tenant):
        self.server, self.tenant = server, tenant
        self.passwords = {}
        for line in RULES.read_text().splitlines():
            _, name, *rules = line.split()
            if name != "default":
                self.passwords[name] = secrets.token_hex(8)
                rules = [rule.replace(":acme:", f":{tenant}:") for rule in rules]
                self._acl("SETUSER", f"{name}-{tenant}", *rules, f">{self.passwords[name]}")

    def _acl(self, *words):
        self.server.client.execute_command("ACL", *words)

    def connect(self, name):
        return self.server.connect(username=f"{name}-{self.tenant}", password=self.passwords[name])

    def url(self, name, **options):
        return self.server.url(
            user=f"{name}-{self.tenant}", password=self.passwords[name], tenant=self.tenant, **options
        )

    def close(self):
        self._acl("DELUSER", *(f"{name}-{self.tenant}" for name in self.passwords))


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


def test_who_is_not_named_is_not_let_in():
    first = RULES.read_text().splitlines()[0]
    assert first == "user default reset"
    assert not re.search(r"nopass|allkeys|allcommands|\+@|[<>#]", RULES.read_text())
