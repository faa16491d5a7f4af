import httpx
import pytest

import simblock
from simblock import Document, MemoryIndex, Work
from tests.conftest import vocabulary
from tests.upstreams import upstream

WORDS = vocabulary(7)
PASSAGE = " ".join(WORDS[at * 37 % len(WORDS)] for at in range(120))
"""A work of words that nothing else says."""
CLEAN = (
    "An answer of the model's own making, in which nothing stands that anybody has ever written before. " * 3
)


def guard_of(**policy):
    index = MemoryIndex([Document(Work("ferry", title="The Ferry", license="MIT"), PASSAGE)])
    return simblock.Guard(index, simblock.Policy(**policy))


@pytest.fixture(scope="session")
def guard():
    return guard_of(max_leak=0)


@pytest.fixture
def model():
    with upstream() as server:
        yield server


@pytest.fixture
def client():
    with httpx.Client(timeout=20) as made:
        yield made


def gate_of(guard, events=None, **settings):
    from simblock.serving.gate import Gate
    from simblock.serving.settings import Settings

    return Gate(guard, Settings(**settings), events=events)
