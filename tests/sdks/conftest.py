"""SDKs, a gate and a model: each SDK asks through the middleware and through the proxy, with both ends of an answer."""

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path

import pytest

from simblock.middleware import SimblockMiddleware
from simblock.serving.settings import Settings
from tests import wires
from tests.sdks import asking_anthropic, asking_openai
from tests.server.conftest import Proxied
from tests.upstreams import Reply, Upstream, served
from tests.wire import exchanges as x

PAIRS = [
    ("middleware", "stop"), ("proxy", "filter"),
    pytest.param(("middleware", "filter"), marks=pytest.mark.slow), pytest.param(("proxy", "stop"), marks=pytest.mark.slow),
]  # fmt: skip
"""Doors and styles: each once, and the other two where there is time."""
NOTICE = "[withheld here]"
ROOT = Path(__file__).parents[2]
OPENAI2 = Path(os.environ.get("SIMBLOCK_OPENAI2") or ROOT / ".venv" / "openai2")


def answered(format, asked):
    """What the model says: its name tells."""
    value = asked.json()
    saying, channel = value["model"].split()[:2]
    text = x.COPYING if saying == "copying" else x.CLEAN
    if channel in {"tool", "json"}:
        text = wires.arguments(text)
    parts = [("content" if channel == "json" else channel, text)]
    if channel in {"tool", "reasoning"}:
        parts.insert(channel == "reasoning", ("content", "Let me see."))
    if value.get("stream"):
        return Reply(
            wires.told(format, [(name, wires.pieces(said, 9)) for name, said in parts]), headers=STREAMED
        )
    return Reply([wires.answer(format, parts)], headers={"content-type": "application/json"})


STREAMED = {"content-type": "text/event-stream"}


@pytest.fixture(scope="session")
def model():
    app = Upstream()
    for wire, path in wires.PATHS.items():
        app.replies(path, partial(answered, wire))
    with served(app) as app.url:
        yield app


@pytest.fixture(scope="session")
def opened(model):
    """The URL of a door before the model, which ends answers in a style."""
    with ExitStack() as stack:

        @cache
        def url(door, style):
            gate = x.gate(Settings(ending=style, notice=NOTICE, show_sources=True), max_leak=0)
            if door == "proxy":
                return stack.enter_context(served(Proxied(gate, model.url), lifespan="on"))
            return stack.enter_context(served(SimblockMiddleware(model, gate=gate)))

        yield url


@pytest.fixture(scope="session")
def openai_seen(opened, model):
    """What a version of the openai SDK saw through a door, and how often each way asked the model."""

    @cache
    def seen(version, door, style):
        before = len(model.requests)
        url = opened(door, style)
        made = asking_openai.seen(url) if version == 3 else _in_version_2(url)
        return made, Counter(one.json()["model"] for one in model.requests[before:])

    return seen


@pytest.fixture(scope="session")
def anthropic_seen(opened, model):
    """The same of the anthropic SDK."""

    @cache
    def seen(door, style):
        before = len(model.requests)
        made = asking_anthropic.seen(opened(door, style))
        return made, Counter(one.json()["model"] for one in model.requests[before:])

    return seen


def _in_version_2(url):
    """In a process of its own, which finds the folder first."""
    if not (OPENAI2 / "openai").is_dir():
        pytest.skip(
            f"no openai SDK 2 in {OPENAI2.name}: pip install --target it, and name it in $SIMBLOCK_OPENAI2"
        )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(OPENAI2), str(ROOT)])}
    command = [sys.executable, "-m", "tests.sdks.asking_openai", url]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
