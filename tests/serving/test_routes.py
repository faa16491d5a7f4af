"""What is filtered, what passes, what is refused, and that no spelling of a path gets round it."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.errors import UsageError
from simblock.serving.routes import FORMATS, GENERATION, Routes, readings

ROUTES = Routes()
BASES = (
    "",
    "/v1",
    "/api/v1",
    "/openai/v1",
    "/v1beta",
    "/openai/deployments/gpt-4o",
    "/v1/projects/p/locations/l/endpoints/openapi",
)
ENDS = {
    "/chat/completions": "chat",
    "/completions": "completions",
    "/responses": "responses",
    "/messages": "messages",
}


@pytest.mark.parametrize(("base", "end"), list(product(BASES, ENDS)))
def test_what_generates_is_filtered_behind_every_base(base, end):
    route = ROUTES.of("POST", base + end)
    assert (route.kind, route.format, route.name) == ("generation", ENDS[end], end)
    assert ROUTES.of("POST", f"{base}{end}/") == route


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/responses/resp_1"),
        ("GET", "/v1/responses/resp_1/input_items"),
        ("POST", "/v1/responses/resp_1/cancel"),
        ("DELETE", "/responses/resp_1"),
    ],
)
def test_stored_answers_are_filtered_too(method, path):
    assert ROUTES.of(method, path)[:2] == ("generation", "responses")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/v1/models/meta-llama/Llama-3"),
        ("GET", "/v1/models/meta-llama%2FLlama-3"),
        ("GET", "/health"),
        ("GET", "/openapi.json"),
        ("POST", "/v1/embeddings"),
        ("POST", "/openai/deployments/small/embeddings"),
        ("POST", "/tokenize"),
        ("POST", "/v1/messages/count_tokens"),
        ("POST", "/v1/responses/input_tokens"),
        ("OPTIONS", "/v1/chat/completions"),
        ("HEAD", "/whatever"),
    ],
)
def test_what_is_known_to_be_harmless_passes(method, path):
    assert ROUTES.of(method, path).kind == "pass"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("POST", "/generate"),
        ("POST", "/api/generate"),
        ("POST", "/api/chat"),
        ("POST", "/completion"),
        ("POST", "/infill"),
        ("POST", "/invocations"),
        ("POST", "/v1/audio/speech"),
        ("POST", "/v1/messages/batches"),
        ("GET", "/v1/chat/completions"),
        ("GET", "/v1/threads/t/messages"),
        ("POST", "/v1/threads/t/messages"),
        ("POST", "/v1/generate/v1/score"),
        ("PUT", "/v1/models"),
        ("TRACE", "/v1/models"),
        ("CONNECT", "host:443"),
        ("OPTIONS", "*"),
        ("GET", "http://elsewhere/v1/models"),
        ("GET", ""),
    ],
)
def test_everything_else_is_refused_and_told_why(method, path):
    route = ROUTES.of(method, path)
    assert route.kind == "refuse"
    assert route.why


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/../chat/completions",
        "/v1/models/..%2fchat%2fcompletions",
        "/v1/models/%2e%2e/chat/completions",
        "/v1/models/%252e%252e/chat/completions",
        "/v1/models/..%5cchat%5ccompletions",
        "//v1/chat/completions",
        "/v1//chat/completions",
        "/v1/./chat/completions",
        "/v1/chat%2Fcompletions",
        "/v1/chat/%63ompletions",
        "/v1/chat/completions;a=b",
        "/v1;a=b/chat/completions",
        "/V1/Chat/Completions",
        "/v1/chat/completions%00",
        "/v1/chat/completions%3f",
        "/v1/embeddings;/../chat/completions",
        "/v1/chat\\completions",
        "/v1/chat/completions#",
        "/v1/chat/completions ",
        "/v1/chat/completions%20",
        "/v1/models/..%c0%afchat%c0%afcompletions",
        "/v1/chat/completi\u00f6ns",
        "/health/..;/v1/chat/completions",
    ],
)
def test_no_spelling_of_a_path_that_generates_passes(path):
    for method in ("POST", "GET"):
        assert ROUTES.of(method, path).kind != "pass"
        assert ROUTES.of(method, path.encode("latin-1")).kind != "pass"


PIECES = st.sampled_from(
    [
        "/",
        "//",
        ".",
        "..",
        ";",
        "%2f",
        "%2F",
        "%5c",
        "%2e",
        "%252f",
        "%252e",
        "v1",
        "V1",
        "models",
        "health",
        "chat",
        "completions",
        "responses",
        "x",
        "%00",
        "%3b",
        "embeddings",
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_what_passes_generates_in_no_reading(path):
    for method in ("GET", "POST"):
        if ROUTES.of(method, "/" + path).kind == "pass":
            for reading in readings("/" + path):
                assert ROUTES.of(method, reading).kind == "pass"
                assert not reading.rstrip("/").endswith("completions") or "models/" in reading


@pytest.mark.parametrize(
    "header", [b"X-HTTP-Method-Override", b"x-method-override", b"X-Original-URL", b"x-rewrite-url"]
)
def test_a_header_that_means_another_request_is_refused(header):
    assert ROUTES.of("GET", "/v1/models", [(header, b"POST")]).kind == "refuse"


def test_pass_routes_let_pass_what_no_table_knows():
    routes = Routes(["GET /", "/api/show*", "POST /v1/audio/*"])
    for method, path in [("GET", "/"), ("PUT", "/api/show/x"), ("POST", "/v1/audio/speech/now")]:
        assert routes.of(method, path).kind == "pass"
    for method, path in [
        ("POST", "/"),
        ("POST", "/api/generate"),
        ("GET", "/v1/audio/x"),
        ("POST", "/api/show/../chat"),
    ]:
        assert routes.of(method, path).kind == "refuse"


def test_a_glob_over_everything_leaves_what_generates_filtered():
    routes = Routes(["*"])
    assert routes.of("POST", "/anything").kind == "pass"
    for end, spoken in ENDS.items():
        assert routes.of("POST", f"/v1{end}")[:2] == ("generation", spoken)


def test_a_route_that_is_named_in_full_passes_although_it_looks_like_one_that_generates():
    routes = Routes(["POST /inbox/messages"])
    assert routes.of("POST", "/inbox/messages").kind == "pass"
    assert routes.of("POST", "/v1/messages").kind == "generation"


def test_paths_of_ones_own_are_filtered_as_the_format_says():
    routes = Routes(generation_routes={"POST /ask": "chat", "/say/*": "messages"})
    assert routes.of("POST", "/ask")[:2] == ("generation", "chat")
    assert routes.of("GET", "/ask").kind == "refuse"
    assert routes.of("GET", "/say/it")[:2] == ("generation", "messages")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((["GETT/ x"],), "GETT/ x"),
        ((["models"],), "models"),
        (([], {"/ask": "chats"}), "chats"),
        (([], {"ask": "chat"}), "ask"),
    ],
)
def test_a_route_that_cannot_be_meant_is_named(arguments, named):
    with pytest.raises(UsageError, match=named):
        Routes(*arguments)


def test_the_tables_are_listed_for_people():
    listed = Routes(["GET /"], {"/ask": "chat"}).listed()
    assert "POST /chat/completions (chat)" in listed["filtered"]
    assert "/ask (chat)" in listed["filtered"]
    assert "GET /models" in listed["passed"]
    assert listed["passed, as asked"] == ["GET /"]
    assert {row.format for row in GENERATION} == set(FORMATS)
