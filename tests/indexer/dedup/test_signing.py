from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.text import tokenise
from simblock_indexer.dedup import signing
from simblock_indexer.dedup.delivery.rows import Rows
from simblock_indexer.dedup.folder import Growing, load
from simblock_indexer.dedup.part import Documents
from tests.indexer.dedup.signed import signed

TEXTS = st.lists(
    st.text(st.sampled_from("ab \\nx'’é½漢\u00ad.\nu0041"), max_size=40) | st.text(max_size=30),
    min_size=1,
    max_size=12,
)


def rows(texts: list[str]) -> Rows:
    count = len(texts)
    return Rows(list(range(count)), [None] * count, texts, [None] * count, np.zeros(count))


@given(TEXTS)
def test_texts_read_together_have_the_tokens_that_each_has_alone(texts: list[str]) -> None:
    runs = signing._runs(texts, [None] * len(texts))
    for at, text in enumerate(texts):
        assert runs.keys[runs.bounds[at] : runs.bounds[at + 1]].tolist() == tokenise(text).keys.tolist()


@given(TEXTS, st.integers(1, 60))
def test_batches_have_all_rows_in_their_order(texts: list[str], size: int) -> None:
    whole = rows(texts)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(signing, "BATCH", size)
        found = list(signing._batches(whole))
    assert [line for some in found for line in some.lines] == whole.lines
    assert all(sum(map(len, some.texts[:-1])) < size for some in found)


def test_the_last_text_of_a_part_is_signed_however_long_they_are(tmp_path: Path) -> None:
    texts = [f"text {number} " + "word " * (1 << 15) for number in range(9)] + ["the last one"]
    documents = Documents(signed(tmp_path / "pass", texts, parts=1))
    assert documents.lengths(np.arange(10)).tolist() == [len(text.split()) for text in texts]


def test_literals_count_by_what_they_say_and_not_by_how_they_are_quoted() -> None:
    def keys(text: str) -> list[int]:
        return signing.lexemes(text, "python").tolist()

    assert keys('f(x, "some text", 1)') == keys("f(x, 'some text', 1)") == keys("f(x, b'some  text', 1)")
    assert keys('f(x, "some text", 1)') != keys('f(x, "other text", 1)')
    assert keys('f(x, "some text", 1)') != keys('f(x, "some text", 2)')
    assert keys('f"{first} and {last}"') == keys('f"{start} and {end}"')


def test_an_array_that_grows_is_one_of_numpy_whole_or_empty(tmp_path: Path) -> None:
    for number, pieces in enumerate(([], [[1, 2], [], [3]])):
        growing = Growing(tmp_path / f"{number}.npy")
        for piece in pieces:
            growing.add(np.array(piece, np.uint32))
        expected = [value for piece in pieces for value in piece]
        assert growing.mapped().tolist() == load(tmp_path / f"{number}.npy").tolist() == expected
