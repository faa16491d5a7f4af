"""What a programmer renames in Python, parameters with defaults among it, changes no shingle of code."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.code import tokenise_documents
from simblock.codestream import CodeScanner, Seen
from simblock.grammar import grammar
from simblock.scheme import CODE_CHANNELS
from simblock.shingles import shingle_hashes
from simblock.tokens import U32, VIEWS
from simblock.vocabulary import members
from simblock.work import Document, Work
from tests.programs import Programmer, constructor, fenced, own_names, written_anew

NUMBERED = [channel for channel in CODE_CHANNELS if channel.numbered]
RULES = grammar("python")
PUBLIC = sorted(members("python") - RULES.builtins - RULES.keywords)
FRESH = [f"zz{number}" for number in range(99)]

CODE = st.integers(0, 1 << 16).map(
    lambda seed: (
        constructor(random.Random(seed)) + "\n\n" + Programmer(random.Random(seed), "python").program(1)
    )
)


@st.composite
def renamings(draw: st.DrawFn) -> tuple[str, str]:
    """A program, and the same under fresh names, names of the vocabulary, or its own exchanged."""
    text = draw(CODE)
    places = own_names(text)
    names = sorted({name for name, _, _ in places})
    public = [name for name in PUBLIC if name not in text]  # to none that stands there and stays
    others = draw(st.permutations(draw(st.sampled_from([FRESH, public, names]))))
    return text, written_anew(text, places, dict(zip(names, others, strict=False)))


def shingles(keys: Mapping[str, U32]) -> dict[str, list[int]]:
    """Those of each numbered channel."""
    return {channel.name: shingle_hashes(keys[channel.views[0]], channel).tolist() for channel in NUMBERED}


def stored(text: str) -> dict[str, list[int]]:
    """The shingles of a work, as an index holds them."""
    runs = tokenise_documents([Document(Work("w", kind="code", language="python"), text)])
    assert runs.views is not None
    parts = zip(runs.views.tolist(), pairwise(runs.bounds.tolist()), strict=True)
    return shingles({VIEWS[view]: runs.tokens.keys[low:high] for view, (low, high) in parts})


def streamed(text: str, cuts: Iterable[int]) -> dict[str, list[int]]:
    """The same, of a text told in a fence and in pieces."""
    out, scanner = fenced(text, "python"), CodeScanner()
    edges = [0, *sorted(cut % len(out) for cut in cuts), len(out)]
    keys: tuple[list[int], list[int]] = [], []
    steps: list[Callable[[], Seen]] = [partial(scanner.feed, out[low:high]) for low, high in pairwise(edges)]
    for step in [*steps, scanner.finish]:
        for lane, coded in zip(keys, step(), strict=True):
            lane.extend(coded.keys)
    lexemes, syntax = (np.array(lane, np.uint32) for lane in keys)
    return shingles({"lexemes": lexemes, "syntax": syntax})


def test_there_are_numbered_channels_of_either_view() -> None:
    assert {(channel.views[0], channel.n) for channel in NUMBERED} >= {("lexemes", 15), ("syntax", 10)}


@settings(max_examples=60, deadline=None)
@given(renamings())
def test_renaming_as_a_programmer_does_changes_no_shingle(renaming: tuple[str, str]) -> None:
    text, renamed = renaming
    assert stored(renamed) == stored(text)


@settings(max_examples=30, deadline=None)
@given(renamings(), st.lists(st.integers(0, 4000), max_size=6))
def test_nor_in_a_stream(renaming: tuple[str, str], cuts: list[int]) -> None:
    text, renamed = renaming
    assert streamed(renamed, cuts) == streamed(text, [])
    assert streamed(text, [])["code-exact"] == stored(text)["code-exact"]


def test_a_parameter_renamed_alone_shows_among_syntax_tokens_only() -> None:
    text = "def __init__(self, zzqq=3):\n    self.zzqq = zzqq\n    self.size = self.zzqq + 1\n"
    one, other = stored(text), stored(text.replace("zzqq=3", "wait=3"))
    assert one["code-exact"] == other["code-exact"] != []
    assert one["code-seeds"] != other["code-seeds"]


@pytest.mark.parametrize("other", ["self.b = a", "self.a.b", "f(a)", "self.a += a"])
def test_other_code_has_other_shingles(other: str) -> None:
    text = "def f(self, a=3, b=4):\n    {}\n    self.b = b\n    return self.a\n"
    one, two = stored(text.format("self.a = a")), stored(text.format(other))
    assert all(one[channel] != two[channel] for channel in one)
