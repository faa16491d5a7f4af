"""The servers that are measured, each a process of its own on one core.

``python -m benchmarks.serving_servers KIND …`` prints the URL. Kinds: ``bare`` streams by itself; ``middleware`` is
the same application with the filter in it; ``pass`` is a proxy that only passes on, of uvicorn and aiohttp as
``simblock proxy`` is. That one is the command itself.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.serving_frames import HEADER, Plan, frames, tokens

SSE = [(b"content-type", b"text/event-stream")]
TICKS = os.sysconf("SC_CLK_TCK")
CORE = 0
"""Where servers run; the load takes the other cores."""


class Streaming:
    """Streams what the header of a request plans."""

    def __init__(self, texts: dict[str, list[str]]) -> None:
        self.texts = texts

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        plan = Plan.parse(dict(scope["headers"])[HEADER.encode()])
        await send({"type": "http.response.start", "status": 200, "headers": SSE})
        for frame in frames(plan, self.texts[plan.text]):
            await send({"type": "http.response.body", "body": frame, "more_body": True})
            await asyncio.sleep(plan.every)
        if plan.hangs:
            while (await receive())["type"] != "http.disconnect":
                pass
        await send({"type": "http.response.body", "body": b""})


class Passing:
    """Passes a request on, and the answer back in the chunks in which it comes."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.session: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        import aiohttp

        if self.session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=4.0)
            self.session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"] if name != b"host"]
        async with self.session.post(self.upstream + scope["path"], data=body, headers=headers) as answer:
            kept = [
                (name, value) for name, value in answer.raw_headers if name.lower() != b"transfer-encoding"
            ]
            await send({"type": "http.response.start", "status": answer.status, "headers": kept})
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class Process:
    """A server in a process of its own, pinned to a core: its port, its processor time, its memory."""

    def __init__(self, command: Sequence[str], core: int | None = CORE, **environment: str) -> None:
        self._process = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, text=True,
            env={**os.environ, **environment},
        )  # fmt: skip
        self.pid = self._process.pid
        if core is not None:
            os.sched_setaffinity(self.pid, {core})  # before it has threads, which inherit it
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "http://" in line and "listens" in line:
                self.port = int(line.rsplit(":", 1)[1].split("/")[0])
                break
        else:
            raise SystemExit(f"{command[:4]} did not start")

    def cpu(self) -> float:
        """Seconds of processor time so far, of all threads that run, to the nanosecond where the kernel counts so."""
        tasks = [path.read_text().split() for path in Path(f"/proc/{self.pid}/task").glob("*/schedstat")]
        if any(int(fields[0]) for fields in tasks):
            return sum(int(fields[0]) for fields in tasks) / 1e9
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident(self) -> int:
        """Bytes of memory that are the process's own: without files that it maps."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        raise OSError("no RssAnon here")

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def own(kind: str, *options: str) -> Process:
    """One of the servers of this file."""
    return Process([sys.executable, "-m", "benchmarks.serving_servers", kind, *options])


def proxy(upstream: str, index: str, *options: str, core: int | None = CORE) -> Process:
    """``simblock proxy``, as a user runs it."""
    program = Path(sys.executable).parent / "simblock"
    return Process(
        [program, "proxy", "--upstream", upstream, "--index", index, "--listen", "127.0.0.1:0", *options],
        core,
    )


def texts_of(folder: str) -> dict[str, list[str]]:
    """The texts that can be said, as tokens, by name."""
    return {path.stem: tokens(path.read_text("utf-8")) for path in sorted(Path(folder).glob("*.txt"))}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("bare", "middleware", "pass"))
    parser.add_argument("--texts")
    parser.add_argument("--upstream")
    parser.add_argument("--index")
    parser.add_argument("--policy")
    options = parser.parse_args()
    app: Any = Passing(options.upstream) if options.kind == "pass" else Streaming(texts_of(options.texts))
    if options.kind == "middleware":
        from simblock.middleware import SimblockMiddleware

        app = SimblockMiddleware(app, index=options.index, policy=options.policy)
    serve(app)


def serve(app: Any) -> None:
    """With uvicorn, set as ``simblock proxy`` sets it."""
    import uvicorn

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, lifespan="off", ws="none", log_config=None, log_level="critical", access_log=False,
        server_header=False, date_header=False, backlog=2048, timeout_graceful_shutdown=1,
    )  # fmt: skip
    print(f"listens on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
