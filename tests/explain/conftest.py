"""Works of our own, with and without their texts stored, and outputs that copy them."""

import re

import pytest

from simblock.explain.explanation import Explainer
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.test_cli import TALE

STOCK = '''\
def stock_of(shelves, wanted, limit):
    """Count what stands on the shelves, shelf by shelf, up to a limit."""
    counted = {}
    for shelf in shelves:
        if shelf.closed or not shelf.boxes:
            continue
        for box in shelf.boxes:
            name = box.label.strip().lower()
            if name not in wanted:
                continue
            counted[name] = counted.get(name, 0) + box.pieces
            if counted[name] >= limit:
                wanted = wanted - {name}
        if not wanted:
            break
    missing = [name for name in wanted if name not in counted]
    return counted, sorted(missing, key=len, reverse=True)
'''
RENAMES = {"shelves": "rayons", "shelf": "rayon", "counted": "compte", "box": "caisse", "wanted": "voulus"}
WORKS = [
    Document(
        Work("tale", title="The Names", owner="A. Mariner", license="CC-BY-4.0", url="https://sea.example/n"),
        TALE,
    ),
    Document(Work("stock.py", kind="code", language="python", url="javascript:alert(1)"), STOCK),
]


def renamed(code=STOCK):
    return re.sub(r"\w+", lambda word: RENAMES.get(word[0], word[0]), code)


REPLACED = ("harbour", "lighthouse", "slowly,", "fishwives", "coughed,", "gulls", "customs")


def edited(text=TALE):
    """Some words replaced, one left out, one put in."""
    words = [f"stone{REPLACED.index(word)}" if word in REPLACED else word for word in text.split()]
    words.remove("quiet")
    words.insert(60, "verily")
    return " ".join(words)


class Shop:
    """A guard and what explains its reports."""

    def __init__(self, stored=True, policy=None):
        index = MemoryIndex(WORKS, store_text=stored)
        self.guard = Guard(index, policy or Policy(code={"min_information": 0, "min_run_information": 0}))
        self.explainer = Explainer(self.guard)

    def explain(self, text, *, prompt=None, history=(), all=True, **reading):
        report = self.guard.check(text, prompt=prompt, history=history, all=all, **reading)
        return self.explainer.explain(text, report, prompt=prompt, history=history, **reading)


@pytest.fixture(scope="package")
def shop():
    return Shop()


@pytest.fixture(scope="package")
def closed_shop():
    """One whose index stores no text."""
    return Shop(stored=False)
