"""Runs of tokens are cut, moved and joined column by column."""

import numpy as np

from simblock.text import tokenise, tokenise_many
from simblock.tokens import NO_TOKENS, Tokens, joined

TEXT = "the ferryman counted 船 coins twice before the fog lifted"


def rows(tokens: Tokens) -> list[tuple[int, ...]]:
    columns = (tokens.keys, tokens.flags, tokens.starts, tokens.ends)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_tokens_are_chosen_by_a_mask_or_by_their_places_in_any_order() -> None:
    tokens, places = tokenise(TEXT), np.array([4, 0, 2])
    assert rows(tokens.where(places)) == [rows(tokens)[at] for at in (4, 0, 2)]
    assert rows(tokens.where(np.isin(np.arange(len(tokens)), places))) == [
        rows(tokens)[at] for at in (0, 2, 4)
    ]


def test_a_part_is_a_view_of_the_columns() -> None:
    tokens = tokenise(TEXT)
    part = tokens.part(2, 5)
    assert rows(part) == rows(tokens)[2:5]
    assert np.shares_memory(part.keys, tokens.keys)


def test_tokens_are_moved_together_or_each_by_its_own() -> None:
    tokens = tokenise(TEXT)
    by = np.arange(len(tokens))
    assert [row[2:] for row in rows(tokens.moved(7))] == [(a + 7, b + 7) for *_, a, b in rows(tokens)]
    assert [row[2:] for row in rows(tokens.moved(by))] == [
        (a + at, b + at) for at, (*_, a, b) in enumerate(rows(tokens))
    ]


def test_runs_that_were_laid_end_to_end_are_got_back_one_by_one() -> None:
    texts = [TEXT, "", "a second one"]
    runs = tokenise_many(texts)
    parts = [runs.run(at) for at in range(3)]
    assert list(map(rows, parts)) == [rows(tokenise(text)) for text in texts]
    assert rows(joined(parts)) == rows(runs.tokens)


def test_nothing_joined_is_no_tokens_with_their_types() -> None:
    assert rows(joined([])) == []
    for column in Tokens.__slots__:
        assert getattr(joined([]), column).dtype == getattr(NO_TOKENS, column).dtype
        assert getattr(joined([NO_TOKENS, tokenise(TEXT)]), column).dtype == getattr(NO_TOKENS, column).dtype
