"""What goes out: in order, once, and with one placeholder for each passage."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.match import Span
from simblock.outlet import PLACEHOLDER, Outlet

TEXT = "".join(chr(ord("a") + n % 26) for n in range(60))
spans = st.builds(lambda start, size: Span(start, start + size), st.integers(0, 50), st.integers(1, 10))


def redacted(text, covered):
    """The text with a placeholder for every stretch of covered characters."""
    out = []
    for at, char in enumerate(text):
        if at not in covered:
            out.append(char)
        elif at - 1 not in covered:
            out.append(PLACEHOLDER)
    return "".join(out)


def outlet(text=TEXT):
    made = Outlet()
    made.take(text)
    return made


@given(edits=st.lists(spans, max_size=8), limits=st.lists(st.integers(0, 60), max_size=8))
def test_a_passage_has_one_placeholder_however_many_spans_are_redacted_and_wherever_it_is_cut(edits, limits):
    out = outlet()
    for edit in edits:
        out.redact(edit)
    released = "".join(out.release(limit) for limit in [*sorted(limits), 60])
    assert released == redacted(TEXT, {at for edit in edits for at in range(*edit)})


@pytest.mark.parametrize(
    ("later", "released"),
    [
        (Span(20, 30), TEXT[:10] + PLACEHOLDER + TEXT[30:]),
        (Span(15, 30), TEXT[:10] + PLACEHOLDER + TEXT[30:]),
        (Span(12, 18), TEXT[:10] + PLACEHOLDER + TEXT[20:]),
        (Span(21, 30), TEXT[:10] + PLACEHOLDER + TEXT[20:21] + PLACEHOLDER + TEXT[30:]),
    ],
)
def test_a_span_that_goes_on_where_a_placeholder_stands_already_has_none_of_its_own(later, released):
    out = outlet()
    out.redact(Span(10, 20))
    first = out.release(20)
    assert first == TEXT[:10] + PLACEHOLDER
    out.redact(later)
    assert first + out.release(60) == released


@given(edits=st.lists(spans, max_size=4), end=st.integers(0, 60))
def test_nothing_behind_the_end_of_a_frozen_outlet_goes_out_and_nothing_that_is_redacted(edits, end):
    out = outlet()
    for edit in edits:
        out.redact(edit)
    out.freeze(end)
    covered = {at for edit in edits for at in range(*edit)}
    assert out.release(0) == redacted(TEXT[:end], covered)
    out.take(TEXT)
    assert out.release(120) == ""
    assert out.fed == 120


@given(cuts=st.lists(st.integers(0, 60), max_size=6))
def test_text_that_nobody_redacts_goes_out_as_it_came(cuts):
    out, edges = Outlet(), [0, *sorted(cuts), 60]
    released = ""
    for begin, end in pairwise(edges):
        out.take(TEXT[begin:end])
        released += out.release(max(end - 3, 0))
        assert out.released == len(released)
    assert released + out.release(60) == TEXT
