"""The proxy between real clients and a real server: what passes, what is filtered, what is refused, what breaks."""

import asyncio
import contextlib
import gzip
import http.client
import json
import socket
import ssl
import threading
import time
from urllib.parse import urlsplit

import httpx
import pytest

from simblock.server.upstream import Timeouts
from tests import certificates, wires
from tests.server.conftest import CLEAN, PASSAGE, proxied
from tests.upstreams import Reply

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def proxy(guard, models):
    with proxied(guard, models.url) as url:
        yield url


def pieces(text, size=12):
    return [text[at : at + size] for at in range(0, len(text), size)]


def post(client, url, path, body, **headers):
    return client.post(url + path, content=body, headers={"content-type": "application/json", **headers})


# -- what is filtered


@pytest.mark.parametrize("form", wires.FORMATS)
def test_a_clean_stream_goes_through_byte_for_byte(proxy, model, client, form):
    events = wires.stream(form, wires.CHANNELS[form][0], pieces(CLEAN))
    model.replies(wires.PATHS[form], events)
    asked = wires.request(form)
    answer = post(client, proxy, wires.PATHS[form], asked)
    assert answer.content == b"".join(events)
    assert answer.headers["content-type"] == "text/event-stream"
    assert model.requests[0].body == asked


@pytest.mark.parametrize("form", wires.FORMATS)
def test_a_copy_is_stopped_in_its_midst_and_the_upstream_is_cut_off(proxy, model, client, form):
    said = f"Here it is: {PASSAGE} {CLEAN * 20}"
    model.replies(wires.PATHS[form], wires.stream(form, wires.CHANNELS[form][0], pieces(said)), delay=0.001)
    answer = post(client, proxy, wires.PATHS[form], wires.request(form))
    assert not set(PASSAGE.split()) & set(wires.strings(answer.content).split())
    assert model.left()
    assert model.cut[0].chunks < len(pieces(said)) / 2


@pytest.mark.parametrize("form", wires.FORMATS)
def test_a_whole_answer_is_filtered_too_and_says_its_length(proxy, model, client, form):
    for text in (CLEAN, PASSAGE):
        whole = wires.body(form, wires.CHANNELS[form][0], text)
        model.replies(wires.PATHS[form], whole, type="application/json")
        answer = post(client, proxy, wires.PATHS[form], wires.request(form, stream=False))
        assert answer.status_code == 200
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert (answer.content == whole) is (text is CLEAN)
        assert not set(PASSAGE.split()[8:]) & set(wires.strings(answer.content).split())


def test_a_stored_answer_is_filtered(proxy, model, client):
    model.replies(
        "/v1/responses/resp_1", wires.body("responses", "content", PASSAGE), type="application/json"
    )
    answer = client.get(proxy + "/v1/responses/resp_1")
    assert model.requests[0].method == "GET"
    assert not set(PASSAGE.split()[8:]) & set(wires.strings(answer.content).split())


def test_a_compressed_answer_is_not_asked_for_and_read_all_the_same(proxy, model, client):
    events = wires.stream("chat", "content", pieces(PASSAGE))
    model.replies(CHAT, events, compress="gzip", size=50)
    answer = post(
        client, proxy, CHAT, wires.request("chat"), **{"accept-encoding": "br, gzip", "range": "bytes=0-9"}
    )
    sent = model.requests[0].headers
    assert sent["accept-encoding"] == "identity"
    assert "range" not in sent
    assert not set(PASSAGE.split()) & set(wires.strings(answer.content).split())


def test_what_the_client_says_itself_is_free(proxy, model, client):
    events = wires.stream("chat", "content", pieces(PASSAGE))
    model.replies(CHAT, events)
    answer = post(client, proxy, CHAT, wires.request("chat", prompt=f"Correct this: {PASSAGE}"))
    assert answer.content == b"".join(events)


def test_a_stopped_answer_is_asked_for_again(guard, model, client):
    def said(asked):
        if "withheld" not in asked.body.decode():
            return Reply(
                wires.stream("chat", "content", pieces(PASSAGE)),
                headers={"content-type": "text/event-stream"},
            )
        assert asked.headers["authorization"] == "Bearer x"
        return Reply(wires.body("chat", "content", CLEAN), headers={"content-type": "application/json"})

    model.replies(CHAT, said)
    with proxied(guard, model.url, regenerate=2) as url:
        answer = post(client, url, CHAT, wires.request("chat"), authorization="Bearer x")
    heard = wires.heard("chat", answer.content)
    assert heard["content", 0].strip() == CLEAN.strip()
    assert PASSAGE[:40] not in model.requests[-1].body.decode()


def test_what_is_asked_again_is_plain_where_the_request_was_compressed(guard, model, client):
    def said(asked):
        again = "content-encoding" not in asked.headers
        assert again is (b"withheld" in asked.body)
        text = wires.body("chat", "content", CLEAN if again else PASSAGE)
        return Reply(text, headers={"content-type": "application/json"})

    model.replies(CHAT, said)
    body = gzip.compress(wires.request("chat", stream=False))
    with proxied(guard, model.url, regenerate=1) as url:
        answer = post(client, url, CHAT, body, **{"content-encoding": "gzip"})
    assert [one.headers.get("content-encoding") for one in model.requests] == ["gzip", None]
    assert wires.heard("chat", answer.content, whole=True)["content", 0].strip() == CLEAN.strip()


# -- what passes


def test_headers_go_both_ways_but_for_those_of_a_connection(proxy, model, client):
    model.replies(CHAT, wires.stream("chat", "content", ["Hi"]), headers={"openai-version": "1", "x-request-id": "r2", "keep-alive": "timeout=9"})  # fmt: skip
    sent = {"authorization": "Bearer k", "x-request-id": "r1", "openai-organization": "o", "connection": "x-drop", "x-drop": "1", "te": "trailers"}  # fmt: skip
    answer = post(client, proxy, CHAT, wires.request("chat"), **sent)
    got = model.requests[0].headers
    assert {key: got[key] for key in ("authorization", "x-request-id", "openai-organization")} == {
        "authorization": "Bearer k", "x-request-id": "r1", "openai-organization": "o",
    }  # fmt: skip
    assert "x-drop" not in got
    assert "te" not in got
    assert got["host"] == urlsplit(model.url).netloc
    assert got["user-agent"].startswith("python-httpx")
    assert (answer.headers["openai-version"], answer.headers["x-request-id"]) == ("1", "r2")
    assert "keep-alive" not in answer.headers
    assert answer.headers["x-simblock-report-id"]


def test_path_and_query_reach_the_upstream_as_they_came(model, guard, client):
    model.replies("/base/v1/models/a/b", b'{"id": "a/b"}', type="application/json")
    with proxied(guard, model.url + "/base/") as url:
        answer = client.get(url + "/v1/models/a%2Fb?x=%20%2F&y=a+b")
    assert answer.json() == {"id": "a/b"}
    (asked,) = model.requests
    assert asked.query == "x=%20%2F&y=a+b"


def test_what_is_harmless_passes_as_it_is_compressed_or_not(proxy, model, client):
    packed = gzip.compress(b'{"object": "list"}')
    model.replies(
        "/v1/models", packed, type="application/json", headers={"content-encoding": "gzip", "etag": '"1"'}
    )
    with client.stream("GET", proxy + "/v1/models") as answer:
        raw = b"".join(answer.iter_raw())
    assert raw == packed
    assert (answer.headers["etag"], answer.headers["content-length"]) == ('"1"', str(len(packed)))
    assert client.head(proxy + "/v1/models").status_code == 200
    assert client.options(proxy + CHAT).status_code == 404


def test_a_large_body_of_a_harmless_route_streams_through(proxy, model, client):
    model.replies("/v1/embeddings", lambda asked: b"%d" % len(asked.body))
    body = b"x" * 3_000_000
    assert client.post(proxy + "/v1/embeddings", content=body).content == b"3000000"
    assert client.post(proxy + "/v1/embeddings", content=iter([body] * 2)).content == b"6000000"
    assert "content-length" in model.requests[0].headers
    assert model.requests[1].headers["transfer-encoding"] == "chunked"


def test_cookies_of_one_client_are_not_sent_for_another(proxy, model):
    model.replies("/v1/models", b"{}", headers={"set-cookie": "who=first; Path=/"})
    with httpx.Client() as first, httpx.Client() as second:
        assert first.get(proxy + "/v1/models").cookies["who"] == "first"
        second.get(proxy + "/v1/models")
    assert "cookie" not in model.requests[1].headers


def test_a_redirect_is_the_clients_to_follow_and_leads_through_the_proxy(proxy, model, client):
    model.replies("/v1/models", b"", status=307, headers={"location": model.url + "/v1/models/?a=1"})
    answer = client.get(proxy + "/v1/models")
    assert (answer.status_code, answer.headers["location"]) == (307, "/v1/models/?a=1")
    model.replies("/v1/models", b"", status=307, headers={"location": "https://elsewhere.example/x"})
    assert client.get(proxy + "/v1/models").headers["location"] == "https://elsewhere.example/x"


def test_a_connection_is_kept_for_the_next_request(proxy, model):
    model.replies("/v1/models", b"{}")
    model.replies(CHAT, wires.stream("chat", "content", ["Hi"]))
    link = http.client.HTTPConnection(urlsplit(proxy).netloc)
    for _ in range(3):
        link.request("GET", "/v1/models")
        assert link.getresponse().read() == b"{}"
        used = link.sock
        link.request("POST", CHAT, wires.request("chat"))
        assert link.getresponse().read().endswith(b"[DONE]\n\n")
        assert link.sock is used
    link.close()


# -- what is refused


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/generate"),
        ("GET", "/"),
        ("POST", "//v1/chat/completions"),
        ("POST", "/v1/models/..%2fchat%2fcompletions"),
        ("POST", "/v1/embeddings/..;/chat/complete"),
        ("POST", "/v1/chat/Completions"),
        ("POST", "http://127.0.0.1/v1/generate"),
        ("GET", "/v1/models%00"),
    ],
)
def test_what_is_not_known_is_refused_with_what_would_let_it_pass(proxy, model, method, target):
    link = http.client.HTTPConnection(urlsplit(proxy).netloc)
    link.putrequest(method, target, skip_accept_encoding=True)
    link.putheader("content-length", "2")
    link.endheaders(b"{}")
    answer = link.getresponse()
    error = json.loads(answer.read())["error"]
    link.close()
    assert answer.status == 403
    assert error["code"] == "route_refused"
    assert model.requests == []


def test_the_target_that_names_a_host_is_not_taken_for_the_path_behind_it(proxy, model):
    """Absolute-form targets: what is compared is what goes to the upstream, and never a host of the client's choice."""
    model.replies(CHAT, wires.stream("chat", "content", pieces(PASSAGE)))
    link = http.client.HTTPConnection(urlsplit(proxy).netloc)
    link.request("POST", f"http://elsewhere.example{CHAT}", wires.request("chat"))
    raw = link.getresponse().read()
    link.close()
    assert not set(PASSAGE.split()) & set(wires.strings(raw).split())


def test_pass_routes_let_it_pass(guard, model, client):
    model.replies("/generate", b"generated")
    with proxied(guard, model.url, pass_routes=("POST /generate",)) as url:
        assert client.post(url + "/generate", content=b"{}").content == b"generated"


def test_a_websocket_is_refused(proxy, model):
    with socket.create_connection((urlsplit(proxy).hostname, urlsplit(proxy).port)) as link:
        link.sendall(
            b"GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert link.recv(100).startswith(b"HTTP/1.1 403")
    assert model.requests == []


def test_another_method_in_a_header_is_refused(proxy, model, client):
    assert client.get(proxy + "/v1/models", headers={"x-http-method-override": "POST"}).status_code == 403
    assert model.requests == []


def test_requests_that_cannot_be_read_never_reach_the_upstream(guard, model, client):
    with proxied(guard, model.url, max_body=2000) as url:
        answer = post(client, url, CHAT, b"{")
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
        packed = post(client, url, CHAT, gzip.compress(b"{"), **{"content-encoding": "gzip"})
        assert packed.status_code == 400
        assert post(client, url, CHAT, b" " * 2001).status_code == 413
    assert model.requests == []


# -- what breaks


def test_an_upstream_that_is_not_there_is_a_502(guard, client):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with proxied(guard, f"http://127.0.0.1:{free.getsockname()[1]}") as url:
            for path in (CHAT, "/v1/embeddings"):
                answer = post(client, url, path, wires.request("chat"))
                assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_unreachable")


class Fickle:
    """A server that closes connections without a word: each at its request of that number, counted from 1."""

    def __init__(self, last):
        self.last, self.links, self.asked = last, 0, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.socket.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                link, _ = self.socket.accept()
                self.links += 1
                with link, link.makefile("rb") as lines:
                    self._answer(link, lines)

    def _answer(self, link, lines):
        for number in range(1, self.last + 1):
            head = b"".join(iter(lines.readline, b"\r\n"))
            size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            self.asked.append(lines.read(size))
            if number == self.last:
                return
            body = wires.body("chat", "content", "Hi")
            sort = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            link.sendall(sort % len(body) + body)


@pytest.mark.slow
def test_a_kept_connection_that_was_closed_is_no_failure_and_is_asked_for_once_more(guard, client):
    with Fickle(2) as server, proxied(guard, server.url) as url:
        bodies = [wires.request("chat", stream=False, prompt=f"Say {number}") for number in range(3)]
        answers = [post(client, url, CHAT, body) for body in bodies]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert server.asked == [bodies[0], bodies[1], bodies[1], bodies[2], bodies[2]]
    assert server.links == 3


def test_a_new_connection_that_is_closed_without_an_answer_is_a_502(guard, client):
    with Fickle(1) as server, proxied(guard, server.url) as url:
        answer = post(client, url, CHAT, wires.request("chat"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_failed")
    assert (server.links, len(server.asked)) == (1, 1)


def test_an_upstream_that_says_nothing_is_a_504(guard, client):
    with contextlib.ExitStack() as stack:
        deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        proxy = stack.enter_context(proxied(guard, url, timeouts=Timeouts(5, 0.3)))
        answer = post(client, proxy, CHAT, wires.request("chat"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "upstream_timeout")


@pytest.mark.parametrize("path", [CHAT, "/v1/embeddings"])
def test_an_answer_that_breaks_off_is_not_ended_as_if_it_were_whole(proxy, model, client, path):
    model.replies(path, wires.stream("chat", "content", pieces(CLEAN)), cut=20, delay=0.001)
    with (
        pytest.raises(httpx.RemoteProtocolError),
        client.stream("POST", proxy + path, content=wires.request("chat")) as answer,
    ):
        for _ in answer.iter_raw():
            pass


def test_a_whole_answer_that_breaks_off_is_an_error(proxy, model, client):
    whole = wires.body("chat", "content", CLEAN)
    model.replies(CHAT, [whole[:100], whole[100:]], type="application/json", cut=1)
    answer = post(client, proxy, CHAT, wires.request("chat", stream=False))
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_failed")


def test_an_error_of_the_upstream_keeps_its_status(proxy, model, client):
    model.replies(CHAT, b'{"error": {"message": "slow down", "code": "rate"}}', status=429, type="application/json", headers={"retry-after": "7"})  # fmt: skip
    answer = post(client, proxy, CHAT, wires.request("chat"))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"]["message"] == "slow down"


@pytest.mark.parametrize("path", [CHAT, "/v1/embeddings"])
def test_when_the_client_leaves_the_upstream_is_cut_off(proxy, model, client, path):
    model.replies(path, wires.stream("chat", "content", pieces(CLEAN * 40)), delay=0.005)
    with client.stream("POST", proxy + path, content=wires.request("chat")) as answer:
        next(answer.iter_raw())
    assert model.left()


def test_a_client_that_leaves_while_nothing_comes_is_felt_too(guard):
    felt = threading.Event()
    body = wires.request("chat")

    def speak_once(listener):
        link, _ = listener.accept()
        with link:
            while body not in link.recv(65536):
                pass
            link.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n:\n\r\n"
            )
            link.settimeout(10)
            with contextlib.suppress(TimeoutError):
                if not link.recv(1):
                    felt.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        speaking = threading.Thread(target=speak_once, args=[listener])
        speaking.start()
        with proxied(guard, f"http://127.0.0.1:{listener.getsockname()[1]}") as url:
            with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as link:
                link.sendall(
                    b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
                    % (CHAT.encode(), len(body), body)
                )
                assert link.recv(100).startswith(b"HTTP/1.1 200")
            speaking.join()
    assert felt.is_set()


def test_a_client_that_leaves_in_the_midst_of_its_request_is_no_failure_of_the_upstream(
    proxy, model, client, caplog
):
    for path in (b"/v1/embeddings", CHAT.encode()):
        with socket.create_connection((urlsplit(proxy).hostname, urlsplit(proxy).port)) as link:
            link.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf" % path)
            time.sleep(0.1)
    model.replies("/v1/models", b"{}")
    assert client.get(proxy + "/v1/models").content == b"{}"
    assert caplog.messages == []


def test_many_streams_at_once_are_kept_apart(proxy, model):
    def said(asked):
        number = json.loads(asked.body)["messages"][-1]["content"]
        return wires.stream("chat", "content", pieces(f"{number}: {CLEAN}"))

    model.replies(CHAT, said)

    async def ask(client, number):
        body = wires.request("chat", prompt=str(number))
        answer = await client.post(proxy + CHAT, content=body)
        return wires.heard("chat", answer.content)["content", 0]

    async def ask_all():
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=20, limits=limits) as client:
            return await asyncio.gather(*(ask(client, number) for number in range(40)))

    assert asyncio.run(ask_all()) == [f"{number}: {CLEAN}" for number in range(40)]


@pytest.mark.parametrize("path", [CHAT, "/v1/embeddings"])
def test_a_client_that_reads_slowly_slows_the_upstream_down(proxy, model, client, path):
    sent = []

    def endless(asked):
        for number in range(4000):
            sent.append(number)
            yield b": " + b"x" * 60_000 + b"\n\n"

    model.replies(path, endless)
    with client.stream("POST", proxy + path, content=wires.request("chat")) as answer:
        next(answer.iter_raw())
        before = -1
        while len(sent) != before:
            before = len(sent)
            time.sleep(0.3)
    assert before < 1000  # of 240 MB no more than the buffers of a few sockets


@pytest.mark.parametrize("trusted", [True, False])
def test_the_certificate_of_the_upstream_is_verified(guard, client, tmp_path, monkeypatch, trusted, caplog):
    made = certificates.make(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(made.ca))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server, made.server_key)

    def speak(listener):
        with contextlib.suppress(OSError):
            while True:
                link, _ = listener.accept()
                with contextlib.suppress(OSError), context.wrap_socket(link, server_side=True) as safe:
                    safe.recv(65536)
                    safe.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        speaking = threading.Thread(target=speak, args=[listener])
        speaking.start()
        with proxied(guard, f"https://127.0.0.1:{listener.getsockname()[1]}") as url:
            answers = [client.get(url + "/v1/models") for _ in range(2)]
        listener.shutdown(socket.SHUT_RDWR)
    speaking.join()
    if trusted:
        assert [answer.content for answer in answers] == [b"{}", b"{}"]
    else:
        assert {answer.json()["error"]["code"] for answer in answers} == {"upstream_untrusted"}
        assert len(caplog.messages) == 1
