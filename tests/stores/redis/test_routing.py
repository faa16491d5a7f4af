"""Where commands go, without any server: the flows are driven by hand with what servers say."""

import pytest
from redis import exceptions as said
from redis.crc import key_slot

from simblock.stores.redis.address import Address
from simblock.stores.redis.routing import Ask, Node, Router
from simblock.stores.redis.trouble import Unreached

A, B, C = (Node("10.0.0.1", port) for port in (1, 2, 3))
REPLICA = Node("10.0.0.9", 9)
SEED = Node("seed", 7000)


class Servers:
    """Says what was prepared, in order, and keeps what it was asked."""

    def __init__(self, *rounds):
        self.rounds = list(rounds)
        self.asked = []

    def drive(self, flow):
        try:
            asked = next(flow)
            while True:
                self.asked.append(asked)
                asked = flow.send(self.rounds.pop(0))
        except StopIteration as stop:
            assert not self.rounds
            return stop.value

    @property
    def nodes(self):
        return [[batch.node for batch in asked] for asked in self.asked]

    @property
    def commands(self):
        return [[batch.commands for batch in asked] for asked in self.asked]


def slots(*ranges):
    """CLUSTER SLOTS, of (first, last, nodes)."""
    return [
        [first, last, *([n.host.encode(), n.port, b"id", []] for n in nodes)]
        for first, last, *nodes in ranges
    ]


HALVES = [[slots((0, 8191, A), (8192, 16383, B))]]
LOW, HIGH = b"k7", b"k1"


def clustered(options="", clock=lambda: 0.0):
    return Router(Address.parse(f"redis+cluster://seed:7000{options}"), clock)


def test_the_keys_of_these_tests_lie_in_either_half():
    assert key_slot(LOW) < 8192 <= key_slot(HIGH)


def test_one_server_gets_one_mget():
    servers = Servers([[[b"1", None]]])
    found = servers.drive(Router(Address.parse("redis://h:1")).values([b"a", b"b"]))
    assert found == [b"1", None]
    assert servers.commands == [[[("MGET", b"a", b"b")]]]


def test_nothing_is_asked_for_no_keys():
    assert Servers().drive(clustered().values([])) == []


def test_each_node_of_a_cluster_gets_its_keys_in_one_round_and_answers_come_in_order():
    servers = Servers(HALVES, [[b"high", b"high"], [b"low"]])
    assert servers.drive(clustered().values([HIGH, LOW, HIGH])) == [b"high", b"low", b"high"]
    assert servers.nodes == [[SEED], [B, A]]
    assert servers.commands[1] == [[("GET", HIGH), ("GET", HIGH)], [("GET", LOW)]]


def test_a_moved_slot_is_asked_for_where_it_moved_and_remembered():
    router = clustered()
    moved = said.MovedError(f"{key_slot(LOW)} {C.host}:{C.port}")
    servers = Servers(HALVES, [[moved]], [[b"low"]])
    assert servers.drive(router.values([LOW])) == [b"low"]
    assert servers.nodes[1:] == [[A], [C]]
    again = Servers([[b"low"]])
    assert again.drive(router.values([LOW])) == [b"low"]
    assert again.nodes == [[C]]


def test_a_slot_on_the_move_is_asked_for_once_at_its_new_place():
    router = clustered()
    ask = said.AskError(f"{key_slot(LOW)} {C.host}:{C.port}")
    servers = Servers(HALVES, [[ask], [b"high"]], [[b"OK", b"low"]])
    assert servers.drive(router.values([LOW, HIGH])) == [b"low", b"high"]
    assert servers.commands[2] == [[("ASKING",), ("GET", LOW)]]
    assert servers.nodes[2] == [C]
    again = Servers([[b"low"]])
    again.drive(router.values([LOW]))
    assert again.nodes == [[A]]


def test_a_broken_connection_costs_one_more_attempt_by_a_new_chart():
    servers = Servers(HALVES, [[said.ConnectionError()]], [[slots((0, 16383, C))]], [[b"low"]])
    assert servers.drive(clustered().values([LOW])) == [b"low"]
    assert servers.nodes == [[SEED], [A], [SEED], [C]]


def test_what_breaks_twice_is_an_error():
    broken = said.ConnectionError()
    servers = Servers(HALVES, [[broken]], HALVES, [[broken]])
    with pytest.raises(said.ConnectionError):
        servers.drive(clustered().values([LOW]))


@pytest.mark.parametrize(
    "error",
    [
        said.TimeoutError(),
        Unreached("late", late=True),
        said.ClusterDownError("down"),
        said.NoPermissionError(),
    ],
)
def test_there_is_no_second_attempt_after_a_time_out_or_a_refusal(error):
    servers = Servers(HALVES, [[error]])
    with pytest.raises(type(error)):
        servers.drive(clustered().values([LOW]))
    assert len(servers.asked) == 2


@pytest.mark.parametrize("error", [said.TimeoutError(), said.ClusterDownError("down")])
def test_but_the_next_call_draws_a_new_chart(error):
    router = clustered()
    with pytest.raises(said.RedisError):
        Servers(HALVES, [[error]]).drive(router.values([LOW]))
    servers = Servers([[slots((0, 16383, C))]], [[b"low"]])
    assert servers.drive(router.values([LOW])) == [b"low"]


def test_a_slot_that_nobody_has_is_an_error_and_not_an_absent_key():
    router = clustered()
    with pytest.raises(said.ClusterDownError):
        Servers([[slots((0, 8191, A))]]).drive(router.values([HIGH]))


def test_seeds_that_do_not_answer_give_way_to_others():
    router = Router(Address.parse("redis+cluster://a:1,b:2"))
    servers = Servers([[said.TimeoutError()]], HALVES, [[b"low"]])
    assert servers.drive(router.values([LOW])) == [b"low"]
    assert servers.nodes[:2] == [[Node("a", 1)], [Node("b", 2)]]


def test_one_call_asks_few_seeds_and_the_next_one_the_others():
    router = Router(Address.parse("redis+cluster://a:1,b:2,c:3,d:4"))
    lost = [[said.TimeoutError()]]
    with pytest.raises(said.TimeoutError):
        Servers(lost, lost, lost).drive(router.values([LOW]))
    servers = Servers(HALVES, [[b"low"]])
    servers.drive(router.values([LOW]))
    assert servers.nodes[0] == [Node("d", 4)]


@pytest.mark.parametrize("nonsense", [b"x", 7, [[b"a"]], [[1, 2, 3]], [[1, 2, [b"h"]]], None])
def test_a_chart_that_cannot_be_read_is_no_chart(nonsense):
    with pytest.raises(said.InvalidResponse):
        Servers([[nonsense]]).drive(clustered().values([LOW]))


@pytest.mark.parametrize("nonsense", [[b"1"], [b"1", b"2", b"3"], b"12", [b"1", 2], [b"1", [b"2"]]])
def test_values_that_are_not_as_many_as_keys_are_no_answer(nonsense):
    with pytest.raises(said.InvalidResponse):
        Servers([[nonsense]]).drive(Router(Address.parse("redis://h:1")).values([b"a", b"b"]))


def test_a_node_without_a_name_is_where_the_chart_came_from():
    servers = Servers([[[[0, 16383, [b"", 7, b"id"]]]]], [[b"low"]])
    servers.drive(clustered().values([LOW]))
    assert servers.nodes[1] == [Node("seed", 7)]


WITH_REPLICA = [[slots((0, 16383, A, REPLICA))]]


def test_replicas_are_read_where_asked_and_writes_go_to_the_master():
    router = clustered("?replicas=true")
    servers = Servers(WITH_REPLICA, [[b"OK", b"low"]])
    assert servers.drive(router.values([LOW])) == [b"low"]
    assert servers.nodes[1] == [REPLICA]
    assert servers.commands[1] == [[("READONLY",), ("GET", LOW)]]
    writing = Servers([[b"OK"]])
    writing.drive(router.run([Ask(LOW, ("SET", LOW, b"x"))], of_master=True))
    assert writing.nodes == [[A]]


def test_what_a_replica_lacks_is_asked_of_the_master():
    servers = Servers(WITH_REPLICA, [[b"OK", b"low", None]], [[b"high"]])
    assert servers.drive(clustered("?replicas=true").values([LOW, HIGH])) == [b"low", b"high"]
    assert servers.nodes[1:] == [[REPLICA], [A]]
    assert servers.commands[2] == [[("GET", HIGH)]]


@pytest.mark.parametrize(
    "error", [said.ConnectionError(), said.BusyLoadingError(), said.MasterDownError("x")]
)
def test_a_replica_that_cannot_answer_gives_way_to_the_master_for_a_second(error):
    now = [0.0]
    router = clustered("?replicas=true", clock=lambda: now[0])
    servers = Servers(WITH_REPLICA, [[error] * 2], WITH_REPLICA, [[b"low"]])
    assert servers.drive(router.values([LOW])) == [b"low"]
    assert servers.nodes[-1] == [A]
    now[0] = 1.5
    later = Servers([[b"OK", b"low"]])
    later.drive(router.values([LOW]))
    assert later.nodes == [[REPLICA]]


def watched(options=""):
    return Router(Address.parse(f"redis+sentinel://s:1,t:2/main{options}"), lambda: 0.0)


def test_sentinels_say_who_the_master_is():
    servers = Servers([[[b"10.0.0.1", b"1"]]], [[[b"v"]]])
    assert servers.drive(watched().values([b"k"])) == [b"v"]
    assert servers.commands[0] == [[("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main")]]
    assert servers.nodes == [[Node("s", 1, guide=True)], [A]]


def test_a_master_that_is_none_any_more_is_looked_for_again():
    servers = Servers([[[b"10.0.0.1", b"1"]]], [[said.ReadOnlyError()]], [[[b"10.0.0.1", b"2"]]], [[b"OK"]])
    assert servers.drive(watched().run([Ask(b"k", ("SET", b"k", b"v"))], of_master=True)) == [b"OK"]
    assert servers.nodes[1::2] == [[A], [B]]


def test_sentinels_without_a_master_are_an_error():
    servers = Servers([[None]], [[None]])
    with pytest.raises(Unreached, match="has no master"):
        servers.drive(watched().values([b"k"]))


def test_replicas_that_are_down_or_cut_off_are_not_read():
    def row(port, flags, link="ok"):
        told = {"ip": "10.0.0.9", "port": str(port), "flags": flags, "master-link-status": link}
        return [part.encode() for pair in told.items() for part in pair]

    rows = [row(8, "s_down,slave"), row(7, "slave", "err"), row(9, "slave")]
    servers = Servers([[[b"10.0.0.1", b"1"], rows]], [[[b"v"]]])
    servers.drive(watched("?replicas=true").values([b"k"]))
    assert servers.nodes[1] == [REPLICA]


def test_what_concerns_all_masters_is_asked_once_more_where_a_connection_broke():
    servers = Servers(HALVES, [[b"a"], [said.ConnectionError()]], HALVES, [[b"a"], [b"b"]])
    assert servers.drive(clustered().everywhere(("INFO",))) == [b"a", b"b"]


def test_all_masters_are_asked_what_concerns_all():
    servers = Servers(HALVES, [[b"a"], [b"b"]])
    assert servers.drive(clustered().everywhere(("INFO",))) == [b"a", b"b"]
    assert servers.nodes[1] == [A, B]
