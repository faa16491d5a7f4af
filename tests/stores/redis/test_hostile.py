"""Servers that answer what no Redis does: each time one of simblock's errors, and soon."""

import contextlib
import socket
import threading

import pytest

from simblock.errors import IndexProblem, SimblockError, StoreLost
from tests.redis_servers import HOST
from tests.stores.redis.links import CHANGES, LOCK, MANIFEST, NAMES, awaited, linked


class Hostile:
    """Answers each command with the same bytes."""

    def __init__(self, answer):
        self._answer = answer
        self._listening = socket.create_server((HOST, 0))
        self._open = []
        self.port = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(connection)
            self._threads.append(threading.Thread(target=self._talk, args=(connection,)))
            self._threads[-1].start()

    def _talk(self, connection):
        with contextlib.suppress(OSError):
            while asked := connection.recv(1 << 16):
                connection.sendall(self._answer * (b"\r\n" + asked).count(b"\r\n*"))

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._threads[0].join()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for connection in self._open:
            connection.close()


@pytest.fixture
def hostile():
    made = []

    def start(answer):
        made.append(Hostile(answer))
        return made[-1].port

    yield start
    for each in made:
        each.close()


def bulk(*parts):
    """An array of strings, as Redis writes it."""
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def slots(host, port, first=0, last=16383):
    """A CLUSTER SLOTS of one range."""
    range_ = b"*3\r\n:%d\r\n:%d\r\n*2\r\n$%d\r\n%s\r\n:%d\r\n"
    return b"*1\r\n" + range_ % (first, last, len(host), host, port)


ASKED = {
    "get": lambda link: link.get(MANIFEST),
    "newest": lambda link: link.newest(MANIFEST),
    "get_many": lambda link: link.get_many([MANIFEST]),
    "fields": lambda link: link.fields(MANIFEST),
    "changes": lambda link: link.changes(CHANGES, b"0-0", 0.01),
    "last_change": lambda link: link.last_change(CHANGES),
    "facts": lambda link: link.facts(),
    "publish": lambda link: link.publish(NAMES, b"me", b"{}"),
}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (slots(b"a..b", 6379), StoreLost),
        (slots(b"a\0b", 6379), StoreLost),
        (slots(b"\xff", 6379), IndexProblem),
        (slots(HOST.encode(), 99_999), StoreLost),
        (slots(HOST.encode(), 6379, 0, 10**13), IndexProblem),
        (slots(HOST.encode(), 6379, -5, 5), IndexProblem),
        (slots(HOST.encode(), 6379, 9, 3), IndexProblem),
        (b":5\r\n", IndexProblem),
        (b"*1\r\n:5\r\n", IndexProblem),
        (b"-MOVED x y\r\n", IndexProblem),
    ],
)
def test_a_chart_that_no_cluster_draws_is_told(hostile, answer, kind):
    url = f"redis+cluster://{HOST}:{hostile(answer)}"
    with linked(url) as link:
        for ask in ASKED.values():
            with pytest.raises(kind):
                ask(link)
    with pytest.raises(kind):
        awaited(url, [b"a"])


@pytest.mark.parametrize(
    "answer",
    [
        b":5\r\n",
        b":10000000000000\r\n",
        b"*1\r\n*1\r\n:5\r\n",
        b"*2\r\n:5\r\n:5\r\n",
        b"*1\r\n" * 20_000,
        bulk(b"a", b"b", b"c"),
        b"-MOVED\r\n",
        b"junk\r\n",
    ],
)
def test_an_answer_of_another_kind_is_told(hostile, answer):
    url = f"redis://{HOST}:{hostile(answer)}"
    with linked(url) as link:
        for name in ASKED.keys() - {"publish"}:
            with pytest.raises(IndexProblem, match="does not speak as a Redis server does"):
                ASKED[name](link)
        with pytest.raises(SimblockError):
            link.publish(NAMES, b"me", b"{}")


@pytest.mark.parametrize("answer", [b":5\r\n", bulk(b"OK")])
def test_a_lock_is_held_by_who_was_told_so_and_nobody_else(hostile, answer):
    with linked(f"redis://{HOST}:{hostile(answer)}") as link:
        assert not link.acquire(LOCK, b"me", 1)
