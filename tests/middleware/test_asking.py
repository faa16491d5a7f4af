"""The application is asked again: for other words in the place of a passage, or of an answer."""

import json

import httpx
import pytest
from starlette.responses import Response, StreamingResponse

from simblock.policy import Policy
from tests import wires
from tests.material import WORKS
from tests.middleware.test_asgi import SSE, ask, guarded
from tests.wire.test_filtering import CLEAN, COPYING, PASSAGE, words_out

OTHER = "quite other words of its own instead"
STILL = " ".join(WORKS["work-7"][30:90])


class Changing:
    """A model that copies when it streams, and says something else each time it is asked again."""

    def __init__(self, format, *others, whole=False):
        self.format, self.others, self.whole = format, list(others), whole
        self.again = []

    async def answer(self, request):
        asked = json.loads(await request.body())
        if asked.get("stream") or (self.whole and not self.again and not hasattr(self, "first")):
            self.first = True
            if self.whole:
                return Response(wires.body(self.format, "content", COPYING), media_type="application/json")
            return StreamingResponse(
                iter(wires.stream(self.format, "content", wires.pieces(COPYING))), media_type=SSE
            )
        self.again.append((asked, dict(request.headers)))
        said = self.others.pop(0) if self.others else STILL
        return Response(wires.body(self.format, "content", said), media_type="application/json")


@pytest.mark.parametrize("format", wires.FORMATS)
def test_a_passage_is_replaced_by_what_the_model_says_instead(format):
    model = Changing(format, OTHER)
    with guarded(model, policy=Policy(action="replace", max_leak=0)) as (url, told):
        answer = ask(url, format)
        assert wires.heard(format, answer.content)["content", 0] == f"{CLEAN} {OTHER} {CLEAN}"
        assert told.last().outcome == "replaced"
        assert told.last().rounds == 1
    ((asked, _),) = model.again
    assert not asked.get("stream")
    assert PASSAGE not in json.dumps(asked)
    assert "work-3" not in json.dumps(asked)


@pytest.mark.parametrize("format", wires.FORMATS)
def test_another_answer_is_asked_for_before_a_client_sees_an_end(format):
    model = Changing(format, OTHER)
    with guarded(model, policy=Policy(max_leak=0), regenerate=2) as (url, told):
        answer = ask(url, format)
        assert wires.heard(format, answer.content)["content", 0] == f"{CLEAN} {OTHER}"
        assert b'content_filter"' not in answer.content
        assert (told.last().outcome, told.last().rounds) == ("replaced", 1)
    ((asked, _),) = model.again
    assert CLEAN in json.dumps(asked)


@pytest.mark.parametrize("format", wires.FORMATS)
def test_another_answer_is_asked_for_where_it_is_not_streamed(format):
    model = Changing(format, OTHER, whole=True)
    with guarded(model, policy=Policy(), regenerate=2) as (url, _):
        answer = ask(url, format, stream=False)
        assert OTHER in answer.text
        assert words_out(answer.content) == 0


@pytest.mark.parametrize("settings", [{"regenerate": 2}, {}])
def test_a_model_that_goes_on_copying_is_stopped_after_so_many_rounds(settings):
    model = Changing("chat", STILL, STILL, STILL, STILL)
    policy = Policy(action="stop" if settings else "replace", max_leak=0)
    with guarded(model, policy=policy, **settings) as (url, told):
        answer = ask(url)
        assert b"content_filter" in answer.content
        assert words_out(answer.content) == 0
        assert words_out(answer.content, STILL) == 0
        assert len(model.again) == 2
        assert told.last().outcome == "stopped"


def test_what_the_user_gave_is_free_in_what_is_asked_for_again():
    model = Changing("chat", STILL)
    with guarded(model, policy=Policy(max_leak=0), regenerate=1) as (url, _):
        answer = ask(url, prompt=f"Here is mine: {STILL}")
        assert STILL in wires.heard("chat", answer.content)["content", 0]


def test_of_several_prompts_that_is_asked_again_whose_answer_is_replaced():
    def chunks(text):
        for piece in wires.pieces(text):
            yield wires.sse({"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [
                {"index": 1, "text": piece, "finish_reason": None, "logprobs": None}]})  # fmt: skip

    class Two(Changing):
        async def answer(self, request):
            asked = json.loads(await request.body())
            if asked.get("stream"):
                return StreamingResponse(chunks(COPYING), media_type=SSE)
            return await super().answer(request)

    model = Two("completions", OTHER)
    with guarded(model, policy=Policy(action="replace", max_leak=0)) as (url, _):
        body = json.dumps({"model": "m", "stream": True, "prompt": ["the first one", "the second one"]})
        answer = httpx.post(url + wires.PATHS["completions"], content=body)
        assert OTHER in wires.heard("completions", answer.content)["content", 1]
    ((asked, _),) = model.again
    assert "the second one" in json.dumps(asked)
    assert "the first one" not in json.dumps(asked)


def test_another_answer_does_not_go_on_in_the_midst_of_a_word():
    with guarded(Changing("chat", OTHER), policy=Policy(), regenerate=1) as (url, _):
        said = wires.heard("chat", ask(url).content)["content", 0]
        before, between, after = said.partition("\n\n")
        assert (between, after) == ("\n\n", OTHER) or said.endswith(f" {OTHER}")
        assert before.startswith(CLEAN)
