"""The middleware under a real server: bytes, heads, disconnects and what is never let by."""

import asyncio
import gzip
import json
import socket
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from simblock.errors import SimblockError, UsageError
from simblock.events import Events
from simblock.middleware import SimblockMiddleware
from simblock.policy import Policy
from tests import wires
from tests.material import INDEX
from tests.upstreams import served
from tests.wire.test_filtering import CLEAN, COPYING, words_out

SSE = "text/event-stream"


class Told:
    """A sink that remembers."""

    def __init__(self):
        self.decisions = []

    def take(self, decision):
        self.decisions.append(decision)

    def last(self, count=1, within=5.0):
        until = time.monotonic() + within
        while len(self.decisions) < count and time.monotonic() < until:
            time.sleep(0.005)
        return self.decisions[-1]


class Model:
    """An application that says what a test wants, and knows how far it came."""

    def __init__(self, chunks=(), *, type=SSE, status=200, headers=None, delay=0.0, whole=None):
        self.chunks, self.type, self.status, self.delay = list(chunks), type, status, delay
        self.headers, self.whole = headers or {}, whole
        self.said = 0
        self.asked = []
        self.left = threading.Event()

    async def answer(self, request):
        self.asked.append((await request.body(), dict(request.headers)))
        if self.whole is not None:
            return Response(self.whole, self.status, self.headers, self.type)
        return StreamingResponse(self._say(), self.status, self.headers, self.type)

    async def _say(self):
        try:
            for chunk in self.chunks:
                await asyncio.sleep(self.delay)
                self.said += 1
                yield chunk
        finally:
            if self.said < len(self.chunks):
                self.left.set()


@contextmanager
def guarded(model, *, policy=None, inner=(), routes=(), **settings):
    """A server with the middleware around a model: its URL, and what it told."""
    told = Told()
    application = Starlette(
        routes=[
            *(Route(path, model.answer, methods=["POST"]) for path in wires.PATHS.values()),
            Route("/v1/models", lambda _: JSONResponse({"data": [{"id": "m"}]})),
            Route("/own", lambda _: PlainTextResponse(COPYING)),
            Route("/stories", model.answer, methods=["POST"]),
            *routes,
        ],
        middleware=[
            Middleware(SimblockMiddleware, INDEX, policy or Policy(), events=Events(told), **settings),
            *inner,
        ],
    )
    with served(application) as url:
        yield url, told


def ask(url, format="chat", **options):
    return httpx.post(url + wires.PATHS[format], content=wires.request(format, **options), timeout=20)


@pytest.mark.parametrize("format", wires.FORMATS)
def test_a_clean_answer_is_passed_byte_for_byte_streamed_and_whole(format):
    chunks = wires.stream(format, "content", wires.pieces(CLEAN))
    with guarded(Model(chunks)) as (url, told):
        answer = ask(url, format)
        assert answer.content == b"".join(chunks)
        assert answer.headers["content-type"].startswith(SSE)
        assert told.last().outcome == "clean"
        assert answer.headers["x-simblock-report-id"] == told.last().id
    body = wires.body(format, "content", CLEAN)
    with guarded(Model(whole=body, type="application/json")) as (url, _):
        answer = ask(url, format, stream=False)
        assert answer.content == body
        assert answer.headers["content-length"] == str(len(body))


@pytest.mark.parametrize("format", wires.FORMATS)
def test_a_copying_answer_is_stopped_and_the_model_with_it(format):
    model = Model(wires.stream(format, "content", wires.pieces(COPYING + CLEAN * 20)), delay=0.001)
    with guarded(model, policy=Policy(max_leak=0)) as (url, told):
        answer = ask(url, format)
        assert words_out(answer.content) == 0
        assert model.left.wait(5)
        assert model.said < len(model.chunks) / 2
        assert told.last().outcome == "stopped"
        assert told.last().report.decided.work == "work-3"


@pytest.mark.parametrize("format", wires.FORMATS)
def test_a_whole_answer_that_copies_has_nothing_of_the_passage(format):
    body = wires.body(format, "content", COPYING)
    with guarded(Model(whole=body, type="application/json")) as (url, told):
        answer = ask(url, format, stream=False)
        assert answer.status_code == 200
        assert words_out(answer.content) == 0
        assert answer.headers["content-length"] == str(len(answer.content))
        assert told.last().outcome == "stopped"


def test_what_the_user_gave_is_given_back():
    chunks = wires.stream("chat", "content", wires.pieces(COPYING))
    with guarded(Model(chunks)) as (url, told):
        assert ask(url, prompt=f"Proofread this: {COPYING}").content == b"".join(chunks)
        assert told.last().outcome == "clean"


def test_what_the_model_said_before_counts():
    from tests.material import WORKS

    words = WORKS["work-5"]
    history = [
        ("user", "Tell it."),
        ("assistant", " ".join(words[:28]) + " x y z. " + " ".join(words[40:68])),
    ]
    more = [("assistant", " ".join(words[80:108]) + " y. " + " ".join(words[120:148])), ("user", "Go on.")]
    chunks = wires.stream("chat", "content", wires.pieces(" ".join(words[160:185])))
    with guarded(Model(chunks)) as (url, told):
        answer = ask(url, history=[*history, *more])
        assert told.last().outcome == "stopped"
        assert told.last().report.decided.by == "max_quoted"
        assert words_out(answer.content, " ".join(words[160:185])) == 0


def test_routes_of_the_application_are_refused_until_it_says_otherwise():
    with guarded(Model()) as (url, _):
        assert httpx.get(url + "/v1/models").json() == {"data": [{"id": "m"}]}
        answer = httpx.get(url + "/own")
        assert answer.status_code == 403
        assert "pass_routes" in answer.json()["error"]["message"]
        assert httpx.post(url + "/v1/chat/../own").status_code in {403, 404}
    with guarded(Model(), pass_routes=["GET /own"]) as (url, _):
        assert httpx.get(url + "/own").text == COPYING


def test_an_applications_own_route_is_filtered_as_the_format_that_it_speaks():
    chunks = wires.stream("chat", "content", wires.pieces(COPYING))
    with guarded(Model(chunks), policy=Policy(max_leak=0), generation_routes={"POST /stories": "chat"}) as (
        url,
        _,
    ):
        answer = httpx.post(url + "/stories", content=wires.request("chat"))
        assert words_out(answer.content) == 0
        assert b"content_filter" in answer.content


def test_a_compressed_answer_is_read_and_goes_out_plain():
    body = gzip.compress(wires.body("chat", "content", COPYING))
    model = Model(whole=body, type="application/json", headers={"content-encoding": "gzip"})
    with guarded(model) as (url, told):
        answer = ask(url, stream=False)
        assert "content-encoding" not in answer.headers
        assert words_out(answer.content) == 0
        assert told.last().outcome == "stopped"


def test_an_application_that_compresses_by_itself_is_not_asked_to():
    body = wires.body("chat", "content", CLEAN * 4)
    model = Model(whole=body, type="application/json")
    with guarded(model, inner=[Middleware(GZipMiddleware)]) as (url, _):
        answer = ask(url, stream=False)
        assert answer.content == body
        assert "content-encoding" not in answer.headers


def test_a_compressed_request_is_read_too():
    chunks = wires.stream("chat", "content", wires.pieces(COPYING))
    with guarded(Model(chunks)) as (url, told):
        content = gzip.compress(wires.request("chat", prompt=f"Proofread this: {COPYING}"))
        answer = httpx.post(url + wires.PATHS["chat"], content=content, headers={"content-encoding": "gzip"})
        assert answer.content == b"".join(chunks)
        assert told.last().outcome == "clean"


ODD = [
    ("text/html", b"<p>" + COPYING.encode()),
    ("", COPYING.encode()),
    ("application/x-ndjson", json.dumps({"response": COPYING}).encode()),
    ("application/json", b'{"choices": [{"index": 0, "message": {"content": "' + COPYING.encode()),
    ("application/json", json.dumps([COPYING]).encode()),
]


@pytest.mark.parametrize(("type", "body"), ODD)
def test_what_is_no_answer_is_withheld_unless_the_policy_releases(type, body):
    with guarded(Model(whole=body, type=type)) as (url, told):
        answer = ask(url, stream=False)
        assert answer.status_code == 502
        assert words_out(answer.content) == 0
        assert COPYING[:60] not in answer.text
        assert told.last().outcome == "error_stopped"
        assert told.last().unscanned
    with guarded(Model(whole=body, type=type), policy=Policy(on_error="release")) as (url, told):
        assert ask(url, stream=False).content == body
        assert told.last().outcome == "error_released"


def test_an_error_of_the_model_server_passes_and_a_passage_in_it_does_not():
    error = {
        "error": {"message": "the model is overloaded", "type": "server_error", "param": None, "code": None}
    }
    with guarded(Model(whole=json.dumps(error).encode(), type="application/json", status=503)) as (url, _):
        answer = ask(url)
        assert answer.status_code == 503
        assert answer.json() == error
    error["error"]["message"] = COPYING
    with guarded(Model(whole=json.dumps(error).encode(), type="application/json", status=500)) as (url, _):
        answer = ask(url)
        assert answer.status_code == 500
        assert words_out(answer.content) == 0
        assert answer.json()["simblock"]["reason"] == "protected"


def test_a_client_that_leaves_takes_the_model_with_it():
    model = Model(wires.stream("chat", "content", wires.pieces(CLEAN * 50)), delay=0.005)
    with guarded(model) as (url, told):
        with httpx.stream("POST", url + wires.PATHS["chat"], content=wires.request("chat")) as answer:
            next(answer.iter_bytes())
        assert model.left.wait(5)
        assert told.last().outcome == "client_gone"


def test_a_client_that_does_not_read_slows_the_model_down():
    model = Model(
        [wires.sse({"choices": [{"index": 0, "delta": {"content": f"{n} " * 200}}]}) for n in range(20_000)]
    )
    with (
        guarded(model) as (url, _),
        httpx.stream("POST", url + wires.PATHS["chat"], content=wires.request("chat"), timeout=20) as answer,
    ):
        next(answer.iter_raw())
        time.sleep(0.4)
        seen = model.said
        time.sleep(0.4)
        assert model.said < seen + 200
        assert model.said < len(model.chunks) / 2


def test_a_connection_is_used_again_after_a_stop():
    with guarded(Model(wires.stream("chat", "content", wires.pieces(COPYING)))) as (url, _):
        client = httpx.Client()
        for _ in range(3):
            answer = client.post(url + wires.PATHS["chat"], content=wires.request("chat"))
            assert answer.content.endswith(b"data: [DONE]\n\n")
        client.close()


def test_the_head_goes_out_before_anything_may():
    model = Model(wires.stream("chat", "content", wires.pieces(CLEAN, 40)), delay=0.05)
    with guarded(model, policy=Policy(max_leak=0)) as (url, _):
        began = time.monotonic()
        with httpx.stream("POST", url + wires.PATHS["chat"], content=wires.request("chat")) as answer:
            head = time.monotonic() - began
            for _ in answer.iter_bytes():
                pass
        assert head < (time.monotonic() - began) / 2


def test_a_request_that_cannot_be_read_never_reaches_the_model():
    model = Model(wires.stream("chat", "content", wires.pieces(CLEAN)))
    with guarded(model, max_body=10_000) as (url, _):
        path = url + wires.PATHS["chat"]
        assert httpx.post(path, content=b'{"messages": [').status_code == 400
        assert httpx.post(path, content=b"{}", headers={"content-encoding": "compress"}).status_code == 400
        assert httpx.post(path, content=b"x" * 20_000).status_code == 413
        assert not model.asked


def test_websockets_are_refused():
    async def talk(websocket):
        await websocket.accept()

    with guarded(Model(), routes=[WebSocketRoute("/v1/realtime", talk)]) as (url, _):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                b"GET /v1/realtime HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            assert b" 101 " not in connection.recv(200)


def test_the_middleware_is_set_by_the_environment_alone(monkeypatch, tmp_path):
    from simblock_indexer import build

    (tmp_path / "work.txt").write_text(COPYING)
    build([tmp_path / "work.txt"], tmp_path / "index.sbx")
    monkeypatch.setenv("SIMBLOCK_INDEX", str(tmp_path / "index.sbx"))
    monkeypatch.setenv("SIMBLOCK_AUDIT", str(tmp_path / "audit.jsonl"))
    monkeypatch.setenv("SIMBLOCK_PASS_ROUTES", '["GET /own"]')
    application = Starlette(
        routes=[
            Route(
                wires.PATHS["chat"],
                Model(wires.stream("chat", "content", wires.pieces(COPYING))).answer,
                methods=["POST"],
            )
        ]
    )
    application.add_middleware(SimblockMiddleware)  # as vLLM does
    with served(application) as url:
        assert b"content_filter" in ask(url).content
    (line,) = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert json.loads(line)["outcome"] == "stopped"
    assert COPYING[:40] not in line


def test_without_an_index_there_is_no_server(monkeypatch):
    monkeypatch.delenv("SIMBLOCK_INDEX", raising=False)
    with pytest.raises(UsageError, match="SIMBLOCK_INDEX"):
        SimblockMiddleware(lambda *_: None)
    with pytest.raises(SimblockError):
        SimblockMiddleware(lambda *_: None, index="/nowhere.sbx")
    with pytest.raises(UsageError, match="regenerate"):
        SimblockMiddleware(lambda *_: None, INDEX, regenerate=-1)
