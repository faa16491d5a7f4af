"""The tables of how common words are."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from simblock import background
from simblock.background import (
    BACKGROUND_DOCUMENTS,
    CHAR_DOCUMENTS,
    UNKNOWN_DOCUMENTS,
    document_frequency,
    skip_words,
)
from simblock.errors import SimblockError
from simblock.flags import common_keys
from simblock.text import tokenise, word_key

TABLE = files("simblock").joinpath("tables", "en.txt").read_text(encoding="utf-8").splitlines()
ROWS = [line.split(" ") for line in TABLE if not line.startswith("#")]


def documents(text: str) -> list[float]:
    return document_frequency(tokenise(text).keys).tolist()


def test_the_skip_list_is_a_hundred_words_as_the_tokeniser_reads_them() -> None:
    assert len(skip_words()) == len(common_keys()) == 100
    assert {"the", "of", "and", "dont"} <= set(skip_words())
    assert list(skip_words()) == sorted(skip_words())


def test_commoner_words_stand_in_more_documents() -> None:
    the, house, lantern, unheard_of = documents("The house, lantern: qqxzv.")
    assert BACKGROUND_DOCUMENTS >= the > house > lantern > unheard_of == UNKNOWN_DOCUMENTS


def test_a_word_counts_as_it_is_read() -> None:
    assert documents("don't DON’T donт") == documents("dont dont dont")
    assert documents("1984")[0] > UNKNOWN_DOCUMENTS


def test_characters_have_one_figure() -> None:
    assert documents("日 ก") == [CHAR_DOCUMENTS, CHAR_DOCUMENTS]


def test_no_tokens_have_no_figures() -> None:
    assert documents("") == []


def test_the_table_is_sorted_small_and_says_where_it_is_from() -> None:
    words = [word for word, _ in ROWS]
    assert words == sorted(set(words))
    assert 25_000 < len(words) < 35_000
    assert sum(map(len, TABLE)) + len(TABLE) < 600_000
    assert "CC BY-SA 4.0" in "".join(TABLE[:3])


def test_every_row_is_one_word_that_folds_to_itself() -> None:
    keys = tokenise("\n".join(word for word, _ in ROWS)).keys
    assert len(keys) == len(ROWS)
    own = np.array([float(count) for _, count in ROWS])
    found = document_frequency(keys)
    assert (found >= own).all()
    # numbers and words of manuals stand in more; keys have 31 bits, so of 50,000 words a pair may share one
    raised = found > np.maximum(own, UNKNOWN_DOCUMENTS)
    technical = {row.split(" ")[0] for row in background._rows("technical.txt")}
    words = [word for (word, _), more in zip(ROWS, raised, strict=True) if more]
    assert len([word for word in words if word not in technical and not word.isdigit()]) <= 4
    assert word_key(ROWS[-1][0]) == keys[-1]


def test_a_spoilt_table_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_rows", lambda _: ["two-words 3"])
    background._known.cache_clear()
    with pytest.raises(SimblockError, match=r"en\.txt has a row that is not one word"):
        documents("a")
    background._known.cache_clear()
