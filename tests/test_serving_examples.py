"""examples/serving: what is runnable is run, and what needs other programs is held against their contracts."""

import importlib.util
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
import typer
import yaml

from simblock import cli
from simblock.server.litellm import PATH
from simblock.stores.writer import Writer
from simblock.work import Document, Work
from simblock_indexer import cli as indexer
from tests import wires
from tests.server.test_running import serving
from tests.upstreams import served

TOP = Path(__file__).parents[1]
EXAMPLES = TOP / "examples" / "serving"
STORY = (TOP / "examples" / "works" / "ferry.txt").read_text("utf-8")
CHAT = wires.PATHS["chat"]
ASKED = {"recite": "Recite the ferry story.", "ordinary": "What is a ferry?"}


def loaded(name):
    """A module of the examples."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("examples") / "protected.sbx"
    with Writer.create(path) as writer:
        writer.put([Document(Work("ferry"), STORY)])
        writer.commit()
    return str(path)


@pytest.fixture(scope="module")
def model():
    with served(loaded("stand_in").app) as url:
        yield url


def ask(url, prompt, *, stream=True):
    return httpx.post(url + CHAT, content=wires.request("chat", stream=stream, prompt=prompt), timeout=20)


def leaked(raw):
    """Words of the story in a row that went out, from the eighth on."""
    said, words = " ".join(wires.strings(raw).split()), STORY.split()
    return max(
        (n for n in range(17, 40) for at in range(40) if " ".join(words[at : at + n]) in said), default=0
    )


def judged(url, model):
    """An ordinary answer is as the model's; a recitation is stopped, streamed or not."""
    assert ask(url, ASKED["ordinary"]).content == ask(model, ASKED["ordinary"]).content
    for stream in (True, False):
        answer = ask(url, ASKED["recite"], stream=stream)
        assert leaked(answer.content) == 0
        assert b'"finish_reason":"content_filter"' in answer.content.replace(b" ", b"")
    assert leaked(ask(model, ASKED["recite"]).content) > 30


def test_curl_asks_the_proxy_before_the_stand_in(index, model):
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    with serving("proxy", "--upstream", model, "--index", index) as proxy:
        judged(proxy.url, model)
        done = subprocess.run([EXAMPLES / "ask.sh", proxy.url], capture_output=True, text=True, check=True)
    parts = re.split(r"^== .*\n", done.stdout, flags=re.MULTILINE)[1:]
    assert '"finish_reason": "stop"' in parts[0]
    assert all("content_filter" in part for part in parts[1:3])
    assert json.loads(parts[3])["error"]["code"] == "route_refused"


def test_the_application_has_the_filter_in_it(index, model, monkeypatch):
    pytest.importorskip("fastapi", reason="no FastAPI here: pip install -r examples/serving/requirements.txt")
    monkeypatch.setenv("SIMBLOCK_INDEX", index)
    monkeypatch.syspath_prepend(EXAMPLES)
    with served(loaded("app").app) as url:
        judged(url, model)
        assert httpx.get(f"{url}/about").json() == {"what": "answers, filtered"}
        assert httpx.get(f"{url}/other").status_code == 403


def test_a_server_may_add_it_by_name_and_without_arguments_as_vllm_does(index, model, monkeypatch):
    """``module_path, object_name = middleware.rsplit(".", 1)``, then ``app.add_middleware(imported)``."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    (name,) = re.findall(r"--middleware (\S+)", (EXAMPLES / "README.md").read_text("utf-8"))
    monkeypatch.setenv("SIMBLOCK_INDEX", index)
    module, cls = name.rsplit(".", 1)
    app = Starlette(routes=[Mount("/", loaded("stand_in").app)])
    app.add_middleware(getattr(importlib.import_module(module), cls))
    with served(app) as url:
        judged(url, model)


def test_the_configuration_of_litellm_names_what_is_there():
    """Both ways of it, with the ports that the README's commands listen on."""
    made = yaml.safe_load((EXAMPLES / "litellm.yaml").read_text("utf-8"))
    (guardrail,) = made["guardrails"]
    wanted = guardrail["litellm_params"]
    text = (EXAMPLES / "README.md").read_text("utf-8").partition("## LiteLLM")[2]
    assert f"serve protected.sbx --listen {wanted['api_base'].removeprefix('http://')}" in text
    assert (
        made["model_list"][0]["litellm_params"]["api_base"].removesuffix("/v1").removeprefix("http://")
        in text
    )
    assert wanted["guardrail"] == "generic_guardrail_api"
    assert wanted["unreachable_fallback"] == "fail_closed"
    assert PATH == "/beta/litellm_basic_guardrail_api"  # LiteLLM puts it behind api_base


def commands():
    """The calls of simblock and simblock-index in the README."""
    text = (EXAMPLES / "README.md").read_text("utf-8").replace("\\\n", " ")
    return [line.rstrip("& ") for line in text.splitlines() if re.match(r"simblock(-index)? ", line)]


@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_page_can_be_meant(line):
    program, name, *arguments = shlex.split(line)
    group = typer.main.get_command(cli.app if program == "simblock" else indexer.app)
    group.commands[name].make_context(name, arguments)
