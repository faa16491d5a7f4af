"""Likeness of whole works: containment and similarity, weighted by what is rare in a collection."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.code import tokenise_documents
from simblock.likeness import NOTHING, Profile, Rarity, likeness, profiles
from simblock.work import Document, Work

SUM = """int total(int[] values) {
    int result = 0;
    for (int value : values) {
        if (value > 0) { result += value * 2; } else { result -= value; }
    }
    return result;
}
"""
RENAMED = SUM.replace("total", "somme").replace("values", "v").replace("result", "r").replace("value", "x")
COPY = """void copy(InputStream in, OutputStream out) throws IOException {
    byte[] buffer = new byte[4096];
    int n;
    while ((n = in.read(buffer)) != -1) { out.write(buffer, 0, n); }
    out.flush();
    in.close();
}
"""


def made(*texts: str, kind: str = "code") -> list[Profile]:
    works = [
        Work(f"{at}", kind=kind, language="java" if kind == "code" else None) for at in range(len(texts))
    ]
    return profiles(tokenise_documents([Document(w, t) for w, t in zip(works, texts, strict=True)]))


def test_every_work_has_one_profile_with_the_views_that_count() -> None:
    code, other = made(SUM, COPY)
    assert set(code) == set(other) == {"source", "lexemes"}
    (text,) = made("It was the best of times, it was the worst of times.", kind="text")
    assert set(text) == {"words"}
    assert (np.diff(code["lexemes"].astype(object)) > 0).all()


def test_texts_and_code_may_stand_in_one_collection() -> None:
    documents = [
        Document(Work("a"), "call me ishmael some years ago never mind how long"),
        Document(Work("b", kind="code", language="java"), SUM),
        Document(Work("c"), "call me ishmael some years ago never mind how long precisely"),
    ]
    first, code, second = profiles(tokenise_documents(documents))
    rarity = Rarity.among([first, code, second])
    assert likeness(first, second, rarity).containment == 1.0
    assert likeness(first, code, rarity) == NOTHING


def test_a_renamed_function_keeps_its_lexemes_and_not_its_words() -> None:
    one, other, third = made(SUM, RENAMED, COPY)
    assert np.array_equal(one["lexemes"], other["lexemes"])
    assert not np.array_equal(one["source"], other["source"])
    rarity = Rarity.among([one, other, third])
    assert likeness(one, other, rarity).similarity > 0.5 > likeness(one, third, rarity).similarity


def test_a_function_inside_a_file_is_contained_and_not_similar() -> None:
    one, inside, other = made(SUM, SUM + COPY, COPY)
    found = likeness(one, inside, Rarity.among([one, inside, other]))
    assert found.containment == 1.0
    assert 0.3 < found.similarity < 0.8


def test_what_many_works_share_counts_for_less() -> None:
    one, other, *rest = made(SUM + COPY, SUM + COPY.replace("4096", "n * 2 + 1"), *[COPY] * 40)
    alone, among = Rarity.among([one, other]), Rarity.among([one, other, *rest])
    copy = rest[0]
    assert likeness(one, copy, alone).similarity > likeness(one, copy, among).similarity


def test_works_too_short_for_a_shingle_are_like_nothing() -> None:
    one, other = made("x;", "x;")
    assert likeness(one, other, Rarity.among([one, other])) == NOTHING


@pytest.mark.parametrize("text", [SUM, COPY])
def test_a_work_outside_the_collection_is_wholly_like_itself(text: str) -> None:
    (one,) = made(text)
    for rarity in (Rarity({}), Rarity.among(made(RENAMED))):
        assert likeness(one, one, rarity) == (1.0, 1.0)


VOCABULARY = [f"word{number}" for number in range(12)]


@given(st.integers(0, 10_000), st.integers(0, 60), st.integers(0, 60))
def test_likeness_is_symmetric_and_between_nothing_and_everything(seed: int, a: int, b: int) -> None:
    rng = random.Random(seed)
    texts = [" ".join(rng.choices(VOCABULARY, k=count)) for count in (a, b)]
    one, other = made(*texts, kind="text")
    rarity = Rarity.among([one, other])
    found = likeness(one, other, rarity)
    assert found == likeness(other, one, rarity)
    assert 0.0 <= found.similarity <= found.containment <= 1.0
    if a >= 3:
        assert likeness(one, one, rarity) == (1.0, 1.0)
