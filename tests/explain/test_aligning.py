"""Both sides of a passage, token by token."""

import random

from hypothesis import given
from hypothesis import strategies as st

from simblock.explain import aligning
from simblock.explain.aligning import Side, align, alone, blocks_of
from simblock.grammar import grammar
from simblock.lexer import Lexer, lexeme_view
from simblock.text import tokenise


def words(text):
    found = tokenise(text)
    return Side(text, found.keys.tolist(), found.starts.tolist(), found.ends.tolist())


def lexemes(text):
    found = Lexer(grammar("python")).tokens(text)
    return Side(text, lexeme_view(found.keys).tolist(), found.starts.tolist(), found.ends.tolist())


def told(out, src, aligned):
    """What is said of each token: its spelling on both sides, and the mark."""
    spelled = [
        (
            out.spelled(step.o) if step.o >= 0 else None,
            src.spelled(step.s) if step.s >= 0 else None,
            step.mark,
        )
        for step in aligned.steps
    ]
    return [one for one in spelled if one[2] != "alike"]


def compare(ours, theirs, read=words, **options):
    out, src = read(ours), read(theirs)
    return told(out, src, align(out, src, code=read is lexemes, **options))


def test_equal_words_are_alike_however_they_are_written():
    assert compare("The QUICK  brown, fox", "the quick brown fox") == []


def test_words_on_one_side_only_and_words_replaced_are_told_apart():
    assert compare("a very quick brown dog jumps", "a quick brown fox jumps over") == [
        ("very", None, "only"),
        ("dog", None, "replaced"),
        (None, "fox", "replaced"),
        (None, "over", "only"),
    ]


def test_a_name_under_another_name_is_a_pair_and_a_name_out_of_line_is_replaced():
    source = "total = 0\nfor item in rows:\n    total += item\nprint(total, item, rows)\n"
    copy = "sum_ = 0\nfor x in rows:\n    sum_ += x\nprint(sum_, x, x)\n"
    out, src = lexemes(copy), lexemes(source)
    aligned = align(out, src, code=True)
    assert dict(aligned.names) == {("total", "sum_"): 3, ("item", "x"): 3}
    assert ("x", "rows", "replaced") in told(out, src, aligned)


def test_literals_that_say_something_else_are_neither_alike_nor_changed():
    assert compare('f("one", 2, x)', 'f("two", 2, x)', lexemes) == [('"one"', '"two"', "literal")]


def test_arguments_given_by_keyword_are_pairs_too():
    assert ("width", "w", "renamed") in compare("g(a, width=1, h=2)", "g(a, w=1, h=2)", lexemes)


def test_what_counts_for_nothing_says_why():
    assert compare("a b c d", "a b c d", free={1: "yours", 2: "commonplace"}) == [
        ("b", "b", "yours"),
        ("c", "c", "commonplace"),
    ]


def test_words_in_another_order_are_alike_where_order_does_not_count():
    assert compare("b c d e f a", "a b c d e f") == [(None, "a", "only"), ("a", None, "only")]
    assert compare("b c d e f a", "a b c d e f", bag=True) == [(None, "a", "moved"), ("a", None, "moved")]


def test_sides_with_next_to_nothing_in_common_are_told_whole():
    assert {mark for *_, mark in compare("one two three four five", "six seven eight nine one")} == {
        "matched"
    }


def test_without_its_source_a_passage_is_matched():
    assert [step.mark for step in alone(words("a b c"), {1: "yours"}).steps] == [
        "matched",
        "yours",
        "matched",
    ]


@given(st.lists(st.integers(0, 3), max_size=60), st.lists(st.integers(0, 3), max_size=60), st.booleans())
def test_every_token_of_both_sides_is_told_once_and_in_order(ours, theirs, bag):
    out, src = words(" ".join("abcd"[n] for n in ours)), words(" ".join("abcd"[n] for n in theirs))
    steps = align(out, src, code=False, bag=bag).steps
    assert [step.o for step in steps if step.o >= 0] == list(range(len(ours)))
    assert [step.s for step in steps if step.s >= 0] == list(range(len(theirs)))
    moved = [
        [step for step in steps if step.mark == "moved" and one(step)]
        for one in (lambda s: s.o >= 0, lambda s: s.s >= 0)
    ]
    assert len(moved[0]) == len(moved[1])


def test_a_piece_longer_than_a_window_loses_little_of_its_alignment(monkeypatch):
    rng = random.Random(3)
    source = [rng.randrange(10**6) for _ in range(900)]
    copy = [key if rng.random() > 0.1 else -1 - at for at, key in enumerate(source)]
    copy[300:300] = [-5000 - at for at in range(20)]
    whole = sum(block.n for block in blocks_of(copy, source))
    monkeypatch.setattr(aligning, "WINDOW", 100)
    cut = blocks_of(copy, source)
    assert all(copy[b.o + at] == source[b.s + at] for b in cut for at in range(b.n))
    assert sum(block.n for block in cut) == whole


def test_long_sides_that_share_nothing_end():
    assert blocks_of(list(range(20_000)), list(range(30_000, 50_000))) == []
