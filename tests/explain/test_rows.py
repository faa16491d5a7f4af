"""Rows to be read side by side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.explain.aligning import Side, align, alone
from simblock.explain.rows import Room, rows
from tests.explain.test_aligning import lexemes, words

WIDE = Room(edge=10_000, most=100_000, around=0)


def shown(ours, theirs, room=WIDE, read=words):
    out, src = read(ours), read(theirs)
    code = read is lexemes
    return list(rows(out, src, align(out, src, code=code), room, lined=code, unit="word"))


def text(parts):
    return "".join(part.text for part in parts)


def test_what_was_changed_is_marked_on_both_sides():
    (row,) = shown("A dog, and a cat.", "A fox, and a cat.")
    assert [(part.text, part.mark) for part in row.output if part.mark != "plain"] == [
        ("A", "alike"), ("dog", "replaced"), ("and a cat", "alike"),
    ]  # fmt: skip
    assert ("fox", "replaced") in [(part.text, part.mark) for part in row.source]


def test_lines_of_code_stay_level_with_their_indentation():
    source = "def f(a):\n    b = a\n    # why\n    if b:\n        return b\n"
    copy = "def f(x):\n    y = x\n    extra()\n    if y:\n        return y\n"
    found = shown(copy, source, read=lexemes)
    assert [text(row.output) for row in found] == [
        "def f(x):", "    y = x\n    extra()", "    if y:", "        return y",
    ]  # fmt: skip
    assert [text(row.source) for row in found][2:] == ["    # why\n    if b:", "        return b"]
    assert ("x", "a") in [(part.text, part.other) for row in found for part in row.output]


def test_a_long_stretch_that_is_alike_is_left_out_but_for_its_edges():
    long = " ".join(f"word{at}" for at in range(200))
    found = shown(f"{long} tail", f"{long} end", Room(edge=12, most=1000, around=0))
    notes = [text(row.output) for row in found if row.output[0].mark == "left"]
    assert notes == ["… 176 words alike …"]
    assert "word11" in text(found[0].output)
    assert text(found[-1].output).startswith("word188")


def test_a_piece_full_of_edits_is_cut_in_its_middle():
    ours = " ".join(f"w{at} x{at}" for at in range(300))
    theirs = " ".join(f"w{at} y{at}" for at in range(300))
    found = shown(ours, theirs, Room(edge=12, most=100, around=0))
    assert [text(row.output) for row in found if row.output[0].mark == "left"] == ["… 533 words …"]


def test_what_stands_around_a_piece_is_shown_on_both_sides():
    out, src = (
        words("He said: a b c d, and left."),
        words("Once a b c d. Then rain came over the hills again"),
    )
    ours = Side(out.text, out.keys[2:6], out.starts[2:6], out.ends[2:6])
    theirs = Side(src.text, src.keys[1:5], src.starts[1:5], src.ends[1:5])
    (row,) = rows(ours, theirs, align(ours, theirs, code=False), Room(9, 99, 20), lined=False, unit="word")
    assert text(row.output) == "He said: a b c d, and left."
    assert text(row.source) == "Once a b c d. Then rain came …"


def test_without_a_source_there_is_one_side():
    out = words(" ".join(f"w{at}" for at in range(100)))
    found = list(rows(out, words(""), alone(out), Room(9, 99, 0), lined=False, unit="word"))
    assert all(not row.source for row in found)
    assert "… 82 words …" in [text(row.output) for row in found]


@pytest.mark.parametrize("read", [words, lexemes])
@given(
    edits=st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["", "x y", "\n", "z(", ") #"])), max_size=8)
)
def test_every_token_of_both_sides_is_shown_in_order(read, edits):
    source = "def f(a, b):\n    c = a + b\n    for d in c:\n        print(d, 'e')\n    return c\n" * 2
    copy = source
    for at, put in edits:
        copy = copy[:at] + put + copy[at + 1 :]
    out, src = read(copy), read(source)
    found = shown(copy, source, read=read)
    for side, column in ((out, "output"), (src, "source")):
        said = "".join(text(getattr(row, column)) + "\n" for row in found)
        place = 0
        for token in range(len(side.keys)):
            place = said.index(side.spelled(token), place) + len(side.spelled(token))
