"""A TCP proxy on loopback that does to connections what bad networks do.

Each direction has its own `Way`; all can be changed while connections are open.
"""

import contextlib
import random
import selectors
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from tests.redis_servers import HOST, PORTS, query

PIECE = 1 << 16


@dataclass
class Way:
    """What becomes of the bytes of one direction."""

    delay: float = 0.0
    """Seconds until they are passed on."""
    lost: bool = False
    """They vanish and nobody is told: half-open."""
    rate: float | None = None
    """Bytes a second at most."""


@dataclass(eq=False)
class _Pipe:
    source: socket.socket
    target: socket.socket
    name: str
    due: deque = field(default_factory=deque)
    free_at: float = 0.0

    def take(self, data, way, now):
        """Puts bytes into the queue, with the time at which they leave."""
        if not way.lost:
            begin = max(now + way.delay, self.free_at)
            self.free_at = begin + (len(data) / way.rate if way.rate else 0.0)
            self.due.append((self.free_at, data))


class Proxy:
    """Passes connections on to ``port``. ``there`` is the way of requests, ``back`` that of answers."""

    def __init__(self, port):
        self.target = port
        self.there, self.back = Way(), Way()
        self.hang = False
        self.accepted = 0
        self.port = None
        self._listener = None
        self._pipes, self._held = [], []
        self._lock = threading.RLock()
        self._selector = selectors.DefaultSelector()
        self._wake, self._waker = socket.socketpair()
        self._selector.register(self._wake, selectors.EVENT_READ, self._woken)
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="slow proxy", daemon=True)

    def start(self):
        self.accept()
        self._thread.start()
        return self

    def url(self, **options):
        return f"redis://{HOST}:{self.port}" + query(options)

    def slow(self, seconds):
        """Each way takes so long."""
        self.there.delay = self.back.delay = seconds

    def swallow(self, lost=True):
        """Connections stay open, and nothing comes through any more, in either direction."""
        self.there.lost = self.back.lost = lost

    def heal(self):
        """As at the start; what was lost stays lost."""
        self.there, self.back = Way(), Way()
        self.hang = False
        with self._lock:
            self._drop_all()
        if self._listener is None:
            self.accept()

    def cut(self):
        """All connections are reset; new ones are taken."""
        with self._lock:
            self._drop_all()

    def refuse(self):
        """New connections are refused, old ones are reset."""
        with self._lock:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
            self._drop_all()

    def accept(self):
        """Takes connections, on its old port if it had one."""
        with self._lock:
            self._listener = self._bound()
            self._selector.register(self._listener, selectors.EVENT_READ, self._connected)
        self._waker.send(b".")

    def close(self):
        self._ended = True
        self._waker.send(b".")
        self._thread.join(5)
        self._drop_all()
        for each in (self._listener, self._wake, self._waker):
            if each is not None:
                each.close()
        self._selector.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def _bound(self):
        for _ in range(50):
            port = self.port or random.choice(PORTS)
            with contextlib.suppress(OSError):
                listener = socket.create_server((HOST, port), backlog=128)
                listener.setblocking(False)
                self.port = port
                return listener
            time.sleep(0.02)
        raise OSError("no port for the proxy")

    def _run(self):
        while not self._ended:
            with self._lock:
                wait = self._send_due(time.monotonic())
            events = self._selector.select(wait)
            with self._lock:
                for key, _ in events:
                    if key.fileobj.fileno() >= 0:
                        key.data(key.fileobj)

    def _send_due(self, now):
        """Sends what is due; how long there is nothing to do, at most."""
        soonest = now + 0.5
        for pipe in list(self._pipes):
            while pipe.due and pipe.due[0][0] <= now:
                try:
                    pipe.target.sendall(pipe.due.popleft()[1])
                except OSError:
                    self._drop(pipe)
                    break
            if pipe.due:
                soonest = min(soonest, pipe.due[0][0])
        return max(soonest - now, 0.0)

    def _woken(self, wake):
        wake.recv(4096)

    def _connected(self, listener):
        with contextlib.suppress(BlockingIOError):
            client, _ = listener.accept()
            self.accepted += 1
            if self.hang:
                self._held.append(client)
                return
            try:
                server = socket.create_connection((HOST, self.target), timeout=5)
            except OSError:
                _reset(client)
                return
            for source, target, name in ((client, server, "there"), (server, client, "back")):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                source.settimeout(5)
                self._pipes.append(_Pipe(source, target, name))
                self._selector.register(source, selectors.EVENT_READ, self._readable)

    def _readable(self, source):
        pipe = next(pipe for pipe in self._pipes if pipe.source is source)
        try:
            data = source.recv(PIECE)
        except OSError:
            data = b""
        if data:
            pipe.take(data, getattr(self, pipe.name), time.monotonic())
        else:
            self._drop(pipe)

    def _drop(self, pipe):
        """Both ends of a connection are reset."""
        ends = {pipe.source, pipe.target}
        for each in [p for p in self._pipes if p.source in ends]:
            self._pipes.remove(each)
        for end in ends:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(end)
            _reset(end)

    def _drop_all(self):
        for pipe in list(self._pipes):
            if pipe in self._pipes:
                self._drop(pipe)
        for client in self._held:
            _reset(client)
        self._held.clear()


def _reset(end):
    """Closes a socket with a reset rather than an orderly end."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()
