"""Transports between real SDKs and a real server: the same for httpx and httpx2, for blocking and awaiting clients."""

import asyncio
import contextlib
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import anthropic
import httpx
import httpx2
import openai
import pytest

import simblock
from simblock import Document, MemoryIndex, Work
from simblock.errors import MissingExtra, UsageError
from simblock.events import Events
from simblock.plugins.transports import transports
from simblock.serving.gate import Gate
from simblock.serving.settings import Settings
from tests import wires
from tests.conftest import vocabulary
from tests.upstreams import Reply, upstream

WORDS = vocabulary(7)
PASSAGE = " ".join(WORDS[at * 37 % len(WORDS)] for at in range(120))
CLEAN = "An answer of the model's own making, in which nothing stands that anybody has written before. " * 3
CHAT = wires.PATHS["chat"]
JSON = {"content-type": "application/json"}


class Heard:
    """A sink that keeps what it is told."""

    def __init__(self):
        self.decisions, self.bypasses = [], []

    def take(self, decision):
        self.decisions.append(decision)

    def bypassed(self, reason, route):
        self.bypasses.append((reason, route))

    @property
    def outcomes(self):
        return [decision.outcome for decision in self.decisions]


@pytest.fixture(scope="module")
def index():
    return MemoryIndex([Document(Work("ferry", title="The Ferry", license="MIT"), PASSAGE)])


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def gate(index, heard):
    return gate_of(index, heard)


def gate_of(index, heard, settings=None, **policy):
    guard = simblock.Guard(index, simblock.Policy(**{"max_leak": 0, **policy}))
    return Gate(guard, Settings(**(settings or {})), events=Events(heard))


@pytest.fixture(scope="module")
def server():
    with upstream() as made:
        yield made


@pytest.fixture
def model(server):
    server.cut.clear()
    server.sent.clear()
    server.requests.clear()
    return server


@contextlib.contextmanager
def blocking(package, gate, **options):
    inner = package.HTTPTransport(verify=False)  # no certificates to be read: that takes longer than the rest
    transport = transports(package.__name__)[0](gate=gate, **{"transport": inner, **options})
    with package.Client(transport=transport, timeout=20) as client:
        yield client


class Awaiting:
    """An awaiting client driven as a blocking one: what it is asked, it answers whole."""

    def __init__(self, package, gate, **options):
        self.package, self.options = package, {"gate": gate, **options}

    def request(self, method, url, **asked):
        async def answer():
            inner = self.package.AsyncHTTPTransport(verify=False)
            transport = transports(self.package.__name__)[1](**{"transport": inner, **self.options})
            async with self.package.AsyncClient(transport=transport, timeout=20) as client:
                return await client.request(method, url, **asked)

        return asyncio.run(answer())

    def post(self, url, **asked):
        return self.request("POST", url, **asked)


@contextlib.contextmanager
def awaiting(package, gate, **options):
    yield Awaiting(package, gate, **options)


CLIENTS = [(package, kind) for package in (httpx, httpx2) for kind in (blocking, awaiting)]


@pytest.fixture(params=CLIENTS, ids=lambda pair: f"{pair[0].__name__}-{pair[1].__name__}")
def made(request):
    """What makes a client of one package, of one kind, before a gate."""
    package, kind = request.param
    return lambda gate, **options: kind(package, gate, **options)


def pieces(text, size=12):
    return [text[at : at + size] for at in range(0, len(text), size)]


def said_in(raw):
    return set(PASSAGE.split()) & set(wires.strings(raw).split())


# -- streams and whole answers


@pytest.mark.parametrize("form", wires.FORMATS)
def test_a_clean_stream_comes_byte_for_byte(made, gate, model, heard, form):
    events = wires.stream(form, wires.CHANNELS[form][0], pieces(CLEAN), comments=True)
    model.replies(wires.PATHS[form], events)
    with made(gate) as client:
        answer = client.post(model.url + wires.PATHS[form], content=wires.request(form), headers=JSON)
    assert answer.content == b"".join(events)
    assert answer.headers["x-simblock-report-id"] == heard.decisions[0].id
    assert model.requests[0].headers["accept-encoding"] == "identity"
    assert model.requests[0].body == wires.request(form)
    assert heard.outcomes == ["clean"]


@pytest.mark.parametrize("form", wires.FORMATS)
def test_a_copy_is_stopped_and_the_upstream_is_cut_off(made, gate, model, heard, form):
    said = f"Here it is: {PASSAGE} {CLEAN * 20}"
    model.replies(wires.PATHS[form], wires.stream(form, wires.CHANNELS[form][0], pieces(said)), delay=0.001)
    with made(gate) as client:
        answer = client.post(model.url + wires.PATHS[form], content=wires.request(form), headers=JSON)
        assert model.left()
    assert model.cut[0].chunks < len(pieces(said)) / 2
    assert not said_in(answer.content)
    assert heard.outcomes == ["stopped"]


@pytest.mark.parametrize("compress", [None, "gzip", "zstd"])
def test_a_whole_answer_is_filtered_too_compressed_or_not(made, gate, model, compress):
    for text in (CLEAN, PASSAGE):
        whole = wires.body("chat", "content", text)
        model.replies(CHAT, whole, type="application/json", compress=compress)
        with made(gate) as client:
            answer = client.post(model.url + CHAT, content=wires.request("chat", stream=False), headers=JSON)
        assert (answer.content == whole) is (text is CLEAN)
        assert int(answer.headers.get("content-length", len(answer.content))) == len(answer.content)
        assert not said_in(answer.content)


def test_the_conversation_of_the_request_counts(made, gate, model):
    model.replies(CHAT, wires.stream("chat", "content", pieces(PASSAGE)))
    with made(gate) as client:
        asked = wires.request("chat", prompt=f"Repeat after me: {PASSAGE}")
        answer = client.post(model.url + CHAT, content=asked, headers=JSON)
    assert wires.heard("chat", answer.content)["content", 0] == PASSAGE  # what is the user's own is exempt


@pytest.mark.parametrize("package", [httpx, httpx2], ids=lambda package: package.__name__)
def test_a_request_whose_body_comes_in_pieces_is_read_whole(package, gate, model):
    model.replies(CHAT, wires.stream("chat", "content", pieces(CLEAN)))
    asked = wires.request("chat")
    with blocking(package, gate) as client:
        client.post(model.url + CHAT, content=iter([asked[:9], asked[9:]]), headers=JSON)
    assert model.requests[0].body == asked
    assert model.requests[0].headers["content-length"] == str(len(asked))
    assert "transfer-encoding" not in model.requests[0].headers


@pytest.mark.parametrize("package", [httpx, httpx2], ids=lambda package: package.__name__)
def test_answers_that_come_side_by_side_are_kept_apart(package, gate, model, heard):
    def answers(asked):
        return wires.stream("chat", "content", pieces(PASSAGE if b"copy" in asked.body else CLEAN))

    model.replies(CHAT, answers, delay=0.001)

    async def ask():
        transport = transports(package.__name__)[1](
            gate=gate, transport=package.AsyncHTTPTransport(verify=False)
        )
        async with package.AsyncClient(transport=transport, timeout=20) as client:
            asked = [wires.request("chat", prompt=prompt) for prompt in ("copy", "clean") * 6]
            return await asyncio.gather(
                *(client.post(model.url + CHAT, content=a, headers=JSON) for a in asked)
            )

    answers = [answer.content for answer in asyncio.run(ask())]
    assert set(answers[1::2]) == {b"".join(wires.stream("chat", "content", pieces(CLEAN)))}
    assert not any(said_in(answer) for answer in answers[::2])
    assert sorted(heard.outcomes) == ["clean"] * 6 + ["stopped"] * 6


# -- what passes, and what is refused


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/models"), ("POST", "/v1/embeddings"), ("POST", "/hooks/of/my/own")]
)
def test_what_does_not_generate_passes_untouched(made, gate, model, heard, method, path):
    model.replies(path, PASSAGE.encode(), type="text/plain")
    with made(gate) as client:
        answer = client.request(method, model.url + path, headers={"accept-encoding": "gzip"})
    assert answer.text == PASSAGE
    assert model.requests[0].headers["accept-encoding"] == "gzip"
    assert heard.decisions == []
    assert heard.bypasses == ([("unknown", "other")] if "hooks" in path else [])


@pytest.mark.parametrize(
    "path",
    [
        "/openai/deployments/my-model/chat/completions?api-version=1",
        "/v1/projects/p/locations/l/endpoints/openapi/chat/completions",
        "/v1//chat/completions",
        "/api/v1/chat/completions/",
        "/v1/chat%2Fcompletions",
    ],
)
def test_a_route_is_known_behind_any_base_and_however_it_is_written(made, gate, model, path):
    answered = path.partition("?")[0].replace("%2F", "/")
    model.replies(answered, wires.stream("chat", "content", pieces(PASSAGE)))
    with made(gate) as client:
        answer = client.post(model.url + path, content=wires.request("chat"), headers=JSON)
    assert answer.status_code == 200
    assert b"data: " in answer.content
    assert not said_in(answer.content)


def test_a_request_that_cannot_be_read_is_answered_here(made, gate, model):
    model.replies(CHAT, b"")
    with made(gate) as client:
        for body, status in ((b"{", 400), (b" " * 5000, 413)):
            gate.settings = Settings(max_body=4096)
            answer = client.post(model.url + CHAT, content=body, headers=JSON)
            assert answer.status_code == status
            assert answer.json()["error"]["code"] in {"invalid_request", "request_too_large"}
    assert model.requests == []


# -- what breaks


def test_an_upstream_that_breaks_off_is_felt_and_told(made, gate, model, heard):
    events = wires.stream("chat", "content", pieces(CLEAN))
    model.replies(CHAT, events, cut=4)
    with made(gate) as client, pytest.raises((httpx.HTTPError, httpx2.HTTPError)):
        client.post(model.url + CHAT, content=wires.request("chat"), headers=JSON)
    assert heard.outcomes == ["upstream_failed"]


def test_a_server_that_is_not_there_is_felt_and_told(made, gate, heard):
    with made(gate) as client, pytest.raises((httpx.ConnectError, httpx2.ConnectError)):
        client.post("http://127.0.0.1:9" + CHAT, content=wires.request("chat"), headers=JSON)
    assert heard.outcomes == ["upstream_failed"]


def test_what_cannot_be_read_never_comes_through(made, gate, model, heard):
    for kind, chunks in (
        ("text/plain", PASSAGE.encode()),
        ("text/event-stream", b"data: " + PASSAGE.encode()),
    ):
        model.replies(CHAT, chunks, type=kind)
        with made(gate) as client:
            answer = client.post(model.url + CHAT, content=wires.request("chat"), headers=JSON)
        assert not said_in(answer.content)
    assert heard.outcomes == ["error_stopped", "error_stopped"]


def test_a_stream_of_damaged_compression_is_broken_off(made, gate, model):
    model.replies(CHAT, b"\x1f\x8b no gzip", headers={"content-encoding": "gzip"}, type="text/event-stream")
    with made(gate) as client, pytest.raises((httpx.RemoteProtocolError, httpx2.RemoteProtocolError)):
        client.post(model.url + CHAT, content=wires.request("chat"), headers=JSON)


def test_an_error_of_the_upstream_comes_as_it_is(made, gate, model):
    body = b'{"error":{"message":"overloaded","type":"server_error"}}'
    model.replies(CHAT, body, status=503, type="application/json", headers={"retry-after": "3"})
    with made(gate) as client:
        answer = client.post(model.url + CHAT, content=wires.request("chat"), headers=JSON)
    assert (answer.status_code, answer.content, answer.headers["retry-after"]) == (503, body, "3")


@pytest.mark.parametrize("package", [httpx, httpx2], ids=lambda package: package.__name__)
def test_a_client_that_leaves_is_felt_upstream(package, gate, model, heard):
    model.replies(CHAT, wires.stream("chat", "content", pieces(CLEAN * 30)), delay=0.002)
    with blocking(package, gate) as client:
        with client.stream("POST", model.url + CHAT, content=wires.request("chat"), headers=JSON) as answer:
            assert next(answer.iter_raw())
        assert model.left()

    async def leave():
        async with package.AsyncClient(transport=transports(package.__name__)[1](gate=gate)) as client:
            asked = client.stream("POST", model.url + CHAT, content=wires.request("chat"), headers=JSON)
            async with asked as answer:
                async for _ in answer.aiter_raw():
                    break
            async with asyncio.timeout(5):
                while len(model.cut) < 2:
                    await asyncio.sleep(0.01)

    asyncio.run(leave())
    assert heard.outcomes == ["client_gone", "client_gone"]


@pytest.mark.parametrize("package", [httpx, httpx2], ids=lambda package: package.__name__)
def test_a_task_that_is_cancelled_while_it_waits_for_the_head_ends_its_exchange(package, gate, model, heard):
    model.replies(CHAT, lambda asked: slowly(), type="text/event-stream")

    async def slowly():
        await asyncio.sleep(5)
        yield b""

    async def leave():
        async with package.AsyncClient(transport=transports(package.__name__)[1](gate=gate)) as client:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.3):
                    await client.post(
                        model.url + CHAT, content=wires.request("chat", stream=False), headers=JSON
                    )

    asyncio.run(leave())
    assert heard.outcomes == ["client_gone"]


# -- asked again


def test_a_stopped_answer_is_asked_for_again_over_the_same_transport(made, index, model, heard):
    gate = gate_of(index, heard, {"regenerate": 1})

    def answers(asked):
        if len(model.requests) == 1:
            return Reply(
                wires.stream("chat", "content", pieces(PASSAGE)),
                headers={"content-type": "text/event-stream"},
            )
        return Reply(wires.body("chat", "content", "Something else."), headers=JSON)

    model.replies(CHAT, answers)
    with made(gate) as client:
        answer = client.post(model.url + CHAT, content=wires.request("chat"), headers=JSON)
    assert not said_in(answer.content)
    assert "Something else." in wires.heard("chat", answer.content)["content", 0]
    assert len(model.requests) == 2
    assert not said_in(model.requests[1].body)


# -- the SDKs


def test_the_openai_sdk_hears_a_clean_answer_and_a_stopped_one(gate, model, heard):
    with blocking(httpx2, gate) as http:
        sdk = openai.OpenAI(base_url=model.url + "/v1", api_key="k", http_client=http, max_retries=0)
        for text, finish in ((CLEAN, "stop"), (PASSAGE, "content_filter")):
            model.replies(CHAT, wires.stream("chat", "content", pieces(text)))
            asked = {"model": "m", "messages": [{"role": "user", "content": "Go on."}]}
            chunks = list(sdk.chat.completions.create(**asked, stream=True))
            heard_text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
            assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == finish
            assert heard_text == (text if finish == "stop" else "")
            model.replies(CHAT, wires.body("chat", "content", text), type="application/json")
            whole = sdk.chat.completions.create(**asked)
            assert whole.choices[0].finish_reason == finish
    assert heard.outcomes == ["clean", "clean", "stopped", "stopped"]


def test_the_awaiting_openai_sdk_hears_a_stopped_response(gate, model):
    model.replies("/v1/responses", wires.stream("responses", "content", pieces(PASSAGE)))

    async def ask():
        transport = transports("httpx2")[1](gate=gate)
        async with httpx2.AsyncClient(transport=transport) as http:
            sdk = openai.AsyncOpenAI(base_url=model.url + "/v1", api_key="k", http_client=http)
            return [
                event async for event in await sdk.responses.create(model="m", input="Go on.", stream=True)
            ]

    events = asyncio.run(ask())
    assert events[-1].type == "response.incomplete"
    assert events[-1].response.incomplete_details.reason == "content_filter"
    assert not said_in(json.dumps([event.model_dump(mode="json") for event in events]).encode())


ANTHROPIC_HTTP = httpx2 if "httpx2" in vars(importlib.import_module("anthropic._base_client")) else httpx


def test_the_anthropic_sdk_hears_a_refusal(gate, model, heard):
    with blocking(ANTHROPIC_HTTP, gate) as http:
        sdk = anthropic.Anthropic(base_url=model.url, api_key="k", http_client=http, max_retries=0)
        asked = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "Go on."}]}
        for text, reason in ((CLEAN, "end_turn"), (PASSAGE, "refusal")):
            model.replies("/v1/messages", wires.stream("messages", "content", pieces(text)))
            with sdk.messages.stream(**asked) as stream:
                said = "".join(stream.text_stream)
                assert stream.get_final_message().stop_reason == reason
            assert said == (text if reason == "end_turn" else "")
    assert heard.outcomes == ["clean", "stopped"]


OPENAI_2 = Path(os.environ.get("SIMBLOCK_OPENAI2") or Path(__file__).parents[2] / ".venv" / "openai2")
"""A folder with openai 2, which does not fit beside openai 3: pip install --target FOLDER 'openai<3'."""

ASKING = """
import json, sys, httpx, openai, simblock
from simblock.plugins.httpx import SimblockTransport

url, passage = sys.argv[1:]
index = simblock.MemoryIndex([simblock.Document(simblock.Work("ferry"), passage)])
transport = SimblockTransport(index, simblock.Policy(max_leak=0))
with httpx.Client(transport=transport) as http:
    sdk = openai.OpenAI(base_url=url, api_key="k", http_client=http)
    for model in ("clean", "copy"):
        asked = {"model": model, "messages": [{"role": "user", "content": "Go on."}]}
        choices = [chunk.choices[0] for chunk in sdk.chat.completions.create(**asked, stream=True) if chunk.choices]
        said = "".join(one.delta.content or "" for one in choices)
        print(json.dumps([openai.__version__[:2], said, choices[-1].finish_reason]))
"""


@pytest.mark.skipif(not OPENAI_2.is_dir(), reason="no openai SDK 2: SIMBLOCK_OPENAI2 names no folder with it")
def test_openai_2_hears_a_clean_answer_and_a_stopped_one(model):
    texts = {"clean": CLEAN, "copy": PASSAGE}
    model.replies(CHAT, lambda asked: wires.stream("chat", "content", pieces(texts[asked.json()["model"]])))
    ran = subprocess.run(
        [sys.executable, "-c", ASKING, model.url + "/v1", PASSAGE],
        env={**os.environ, "PYTHONPATH": str(OPENAI_2)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    heard = [json.loads(line) for line in ran.stdout.splitlines()]
    assert heard == [["2.", CLEAN, "stop"], ["2.", "", "content_filter"]]


# -- how they are made


def test_a_transport_without_an_index_is_refused(monkeypatch):
    monkeypatch.delenv("SIMBLOCK_INDEX", raising=False)
    for made in transports("httpx2"):
        with pytest.raises(UsageError, match="SIMBLOCK_INDEX"):
            made()


def test_a_transport_takes_an_index_a_policy_and_a_transport(index, model):
    from simblock.plugins.httpx import SimblockTransport

    model.replies(CHAT, wires.stream("chat", "content", pieces(PASSAGE)))
    inner = httpx.HTTPTransport(retries=1)
    transport = SimblockTransport(index, simblock.Policy(action="release"), transport=inner)
    assert transport.inner is inner
    with httpx.Client(transport=transport) as client:
        answer = client.post(model.url + CHAT, content=wires.request("chat"), headers=JSON)
    assert wires.heard("chat", answer.content)["content", 0] == PASSAGE


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(MissingExtra, match=r"simblock\[httpx2\]"):
        transports("httpx2")
