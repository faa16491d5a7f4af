from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from simblock import newlines
from simblock.newlines import Newlines


@given(st.text("a\n", max_size=80), st.lists(st.integers(0, 80), max_size=5))
def test_lines_are_counted_from_one_whatever_the_cut(text, cuts):
    lines = Newlines()
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    for low, high in pairwise(edges):
        lines.take(text[low:high], low)
    assert [lines.line(at) for at in range(len(text))] == [
        text[:at].count("\n") + 1 for at in range(len(text))
    ]


def test_what_is_remembered_is_bounded_and_late_lines_stay_right(monkeypatch):
    monkeypatch.setattr(newlines, "MOST", 8)
    lines = Newlines()
    for at in range(100):
        lines.take("\n", at)
    assert len(lines._places) <= 17
    assert lines.line(99) == 100
    assert lines.line(95) == 96
