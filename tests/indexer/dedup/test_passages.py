"""Passages that stand in more than N documents: which are in excess, and that none is ever lost."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock_indexer.dedup.settled import KEPT, PASSAGE
from tests.indexer.dedup import passage_oracle as oracle
from tests.indexer.dedup.passage_passes import laid_out, runs_of, settled

WINDOW = 16


@st.composite
def corpora(draw: st.DrawFn) -> list[list[int]]:
    """Documents made of a few passages, whole and in part, between words of their own."""
    random = draw(st.randoms(use_true_random=False))
    alphabet = draw(st.sampled_from([2, 5, 1000]))
    passages = [
        [random.randrange(alphabet) for _ in range(random.randrange(12, 50))]
        for _ in range(draw(st.integers(1, 4)))
    ]
    documents = []
    for _ in range(draw(st.integers(2, 9))):
        document: list[int] = []
        for _ in range(random.randrange(5)):
            passage = random.choice(passages)
            low = random.choice([0, 0, random.randrange(10)])
            high = random.choice([len(passage), random.randrange(len(passage))])
            document += passage[low:high] + [
                random.randrange(1000, 5000) for _ in range(random.choice([0, 1, 9]))
            ]
        documents.append(document)
    return documents


def spans_of(passages: Any) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for document, start, end in zip(
        passages.documents.tolist(), passages.starts.tolist(), passages.ends.tolist(), strict=True
    ):
        spans = found.setdefault(document, [])
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return found


@given(
    corpora(),
    st.integers(1, 3),
    st.sampled_from(["list", "redact", "drop"]),
    st.randoms(use_true_random=False),
    st.integers(0, 3),
)
@settings(max_examples=40, deadline=None)
def test_what_is_in_excess_is_what_comparing_every_window_with_every_other_says(
    documents: list[list[int]], max_copies: int, cut: str, random: Any, old: int
) -> None:
    old = min(old, len(documents) - 1)
    later = list(range(old, len(documents)))
    random.shuffle(later)
    order = [*range(old), *later]
    half = (old + len(documents)) // 2
    parts = [runs_of(documents[old:half]), runs_of(documents[half:])]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "work"
        laid = laid_out(
            root,
            parts,
            [runs_of(documents[:old])] if old else [],
            cut=cut,
            max_copies=max_copies,
            min_passage=WINDOW,
            threshold=0.6,
        )
        after, found = settled(root, laid, order)
        fates = np.array(after.fates)
        cuts = list(zip(after.cut_documents.tolist(), after.cuts.tolist(), strict=True))
        spans, table = spans_of(found), [column.tolist() for column in found]
    expected, dropped = oracle.excess(documents, order, WINDOW, max_copies, cut, 0.6, old)
    assert spans == expected
    assert set(np.flatnonzero(fates == PASSAGE).tolist()) == dropped
    assert cuts == (
        [(number, [*span]) for number in sorted(expected.keys() - dropped) for span in expected[number]]
        if cut == "redact"
        else []
    )
    for document, start, end, keeper, place, holders, gone in zip(*table, strict=True):
        assert documents[document][start : start + WINDOW] == documents[keeper][place : place + WINDOW]
        its = oracle.windows_of(documents[document][start:end], [], WINDOW)
        assert its <= oracle.windows_of(documents[keeper], [], WINDOW)
        assert end - start >= WINDOW
        assert fates[keeper] == KEPT
        assert order.index(keeper) < order.index(document)
        assert holders > max_copies
        assert gone == (cut == "redact" or document in dropped)


@given(corpora(), st.integers(1, 3), st.sampled_from(["redact", "drop"]))
@settings(max_examples=25, deadline=None)
def test_whatever_is_taken_out_still_stands_in_as_many_documents_as_may_keep_it(
    documents: list[list[int]], max_copies: int, cut: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "work"
        laid = laid_out(root, [runs_of(documents)], cut=cut, max_copies=max_copies, min_passage=WINDOW)
        after, found = settled(root, laid)
        fates, spans = after.fates.tolist(), spans_of(found)
        columns = (found.documents, found.starts, found.ends, found.cut)
        rows = list(zip(*(column.tolist() for column in columns), strict=True))
    left = [
        oracle.windows_of(document, spans.get(number, []) if cut == "redact" else [], WINDOW)
        if fates[number] == KEPT
        else set()
        for number, document in enumerate(documents)
    ]
    for number, start, end, gone in rows:
        assert gone or cut == "drop"
        for place in range(start, end - WINDOW + 1):
            window = tuple(documents[number][place : place + WINDOW])
            assert sum(window in kept for kept in left) >= max_copies
