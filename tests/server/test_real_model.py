"""The whole thing with a real model: llama.cpp, `simblock proxy`, an index in Redis, and the openai SDK.

The model is small and knows few texts by heart. Two are asked for: a chapter of the King James Bible whose verses
follow a form, which it goes on with, and a story of its own, which at temperature 0 it always tells alike.
"""

import gzip
import json
import re

import httpx
import openai
import pytest

from simblock.scheme import D_TICKS, T_WORDS
from simblock.stores.opening import create_writer
from simblock.work import Document, Work
from tests.server import small_model
from tests.server.test_running import serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
STORY = "Tell me a long story about the keeper of a lighthouse and her dog."
ORDINARY = ["What is the capital of France?", "Why is the sky blue? Answer in two sentences."]
CHAPTER = "KJV.Genesis.5"
BEGUN = 141
"""Words of the chapter that are given; the model goes on in its words from there."""
STEADY = {"temperature": 0, "seed": 1, "extra_body": {"cache_prompt": False}}
POLICIES = {
    "strict": "max_leak = 0\n[text]\nmin_run = 16\n",
    "default": "[text]\nmin_run = 16\n",
}


@pytest.fixture(scope="module")
def model():
    with small_model.running() as url:
        yield url


def words(text):
    return re.findall(r"\w+", text.lower())


def longest(said, work):
    """How many words in a row of ``work`` stand in ``said``."""
    said, work, best, run = words(said), words(work), 0, {}
    for word in said:
        run = {at: run.get(at - 1, 0) + 1 for at, other in enumerate(work) if other == word}
        best = max([best, *run.values()])
    return best


def told(url, prompt, tokens=260):
    """(text, finish reason, frames without what differs from one answer to the next) of a streamed answer."""
    text, finish, frames = "", None, []
    with openai.OpenAI(base_url=f"{url}/v1", api_key="k") as client:
        messages = [{"role": "user", "content": prompt}]
        for chunk in client.chat.completions.create(
            model="m", messages=messages, stream=True, max_tokens=tokens, **STEADY
        ):
            for choice in chunk.choices:
                text += choice.delta.content or ""
                finish = choice.finish_reason or finish
            frames.append([choice.model_dump() for choice in chunk.choices])
    return text, finish, frames


def continued(url, prompt, tokens=120):
    """(text, finish reason) of a completion."""
    text, finish = "", None
    with openai.OpenAI(base_url=f"{url}/v1", api_key="k") as client:
        for chunk in client.completions.create(
            model="m", prompt=prompt, stream=True, max_tokens=tokens, **STEADY
        ):
            for choice in chunk.choices:
                text += choice.text
                finish = choice.finish_reason or finish
    return text, finish


@pytest.fixture(scope="module")
def story(model):
    return told(model, STORY)[0]


@pytest.fixture(scope="module")
def chapter(shared):
    with gzip.open(shared / "text" / "bible" / "KJV.jsonl.gz", "rt", encoding="utf-8") as rows:
        return next(row["text"] for row in map(json.loads, rows) if row["id"] == CHAPTER)


@pytest.fixture(scope="module")
def begun(chapter):
    return re.match(rf"(\S+\s+){{{BEGUN}}}", chapter)[0].rstrip()


@pytest.fixture(scope="module", params=POLICIES)
def proxy(request, model, story, chapter, redis_server, tmp_path_factory):
    """(policy's name, URL of a proxy before the model, its index in Redis)"""
    url = redis_server.url(tenant=f"model-{request.param}")
    with create_writer(url) as writer:
        writer.put([Document(Work("story"), story), Document(Work("genesis-5"), chapter)])
        writer.commit()
    policy = tmp_path_factory.mktemp("model") / "policy.toml"
    policy.write_text(POLICIES[request.param])
    with serving("proxy", "--upstream", model, "--index", url, "--policy", str(policy)) as running:
        yield request.param, running.url


def most(policy):
    """Words in a row of a work that may have gone out: the promise."""
    return 0 if policy == "strict" else min(D_TICKS, T_WORDS)


def test_a_story_that_it_knows_is_stopped_in_its_midst(proxy, story):
    policy, url = proxy
    assert len(words(story)) > 100
    text, finish, _ = told(url, STORY)
    said = text.removesuffix("[A passage was withheld here: it is too close to protected content.]")
    print(f"{policy}: {len(words(said))} of {len(words(story))} words, {longest(said, story)} in a row")
    assert finish == "content_filter"
    assert longest(said, story) <= most(policy)
    assert story.startswith(said)


def test_a_chapter_that_it_goes_on_with_is_stopped(proxy, model, chapter, begun):
    policy, url = proxy
    rest = chapter[len(begun) :]
    free, _ = continued(model, begun)
    assert longest(free, rest) >= T_WORDS  # it knows so much of it
    text, finish = continued(url, begun)
    print(f"{policy}: {longest(text, rest)} words in a row went out, of {longest(free, rest)} that it says")
    assert finish == "content_filter"
    assert longest(text, rest) <= max(most(policy), longest_before(free, rest))


def longest_before(free, rest):
    """Words in a row that stand in the answer before its longest quotation, and are too few to be one."""
    said = words(free)
    for at in range(len(said)):
        if longest(" ".join(said[: at + 1]), rest) >= T_WORDS:
            return longest(" ".join(said[: at + 1 - T_WORDS]), rest)
    return 0


@pytest.mark.parametrize("prompt", ORDINARY)
def test_something_ordinary_is_the_same_as_without_the_proxy(proxy, model, prompt):
    assert told(proxy[1], prompt, 60) == told(model, prompt, 60)


def test_bytes_of_an_ordinary_answer_differ_in_nothing_but_ids_and_times(proxy, model):
    asked = {"model": "m", "messages": [{"role": "user", "content": ORDINARY[0]}], "stream": True, "max_tokens": 40,
             "temperature": 0, "seed": 1, "cache_prompt": False}  # fmt: skip
    raw = [
        httpx.post(f"{url}/v1/chat/completions", json=asked, timeout=60).content for url in (model, proxy[1])
    ]
    plain = [re.sub(rb'"(id|created|timings)":("[^"]*"|\d+|\{[^}]*\})', rb"", one) for one in raw]
    assert plain[0] == plain[1]
