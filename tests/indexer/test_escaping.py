"""Names and passages fit for a line of output."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simblock_indexer.escaping import encodable, printable

anything = st.text(st.characters(exclude_categories=()))


@given(anything)
def test_what_is_printed_is_one_line_that_steers_no_terminal(text):
    shown = printable(text)
    assert shown.isprintable()
    assert shown == text or not text.isprintable()


@given(anything)
def test_any_text_can_be_written_after_escaping(text):
    assert len(encodable(text).encode("utf-8")) >= len(text)


@given(st.text())
def test_what_a_stream_takes_stays_as_it_is(text):
    assert encodable(text) == text
