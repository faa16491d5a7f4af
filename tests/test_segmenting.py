import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.segmenting import LOOK, Letter, Segmenter, is_two, known_words, segment, word_costs, worth
from tests.masks import PASSAGE


def letters(text, marks=()):
    return [Letter(char, at, at + 1, marked=at in marks) for at, char in enumerate(text)]


def words(text, marks=()):
    return ["".join(letter.char for letter in word) for word in segment(letters(text, marks))]


@pytest.mark.parametrize(
    "sentence",
    [
        "the quick brown fox jumps over the lazy dog",
        "in the beginning there was nothing but water and light",
        "they found the garden empty and went home before the rain came down",
        "together we can find out what is wrong with this machine",
    ],
)
def test_words_without_spaces_are_found_again(sentence):
    assert words(sentence.replace(" ", "")) == sentence.split()


def test_letters_of_no_word_are_one_stretch():
    assert words("thexqzvwkjqhouse") == ["the", "xqzvwkjq", "house"]


def test_marks_tell_where_words_begin_that_no_table_has():
    meant = [
        "old",
        "zarquon",
        "met",
        "young",
        "vexmoor",
        "at",
        "the",
        "gribble",
        "inn",
        "and",
        "they",
        "drank",
        "blorg",
    ]
    text, marks, at = "".join(meant), set(), 0
    for word in meant:
        marks.add(at)
        at += len(word)
    assert words(text, marks)[-10:] == meant[-10:]


def test_shut_letters_begin_no_word():
    row = [Letter(char, at, at + 1, shut=at not in (0, 4)) for at, char in enumerate("somewhat")]
    assert ["".join(one.char for one in word) for word in segment(row)] == ["somewhat"]
    row = [Letter(char, at, at + 1, shut=at not in (0, 4)) for at, char in enumerate("wellborn")]
    assert all(word[0].start in (0, 4) for word in segment(row))


@given(text=st.text("abcdehinorst", max_size=150))
def test_every_letter_comes_out_once_in_order_and_no_more_wait_than_promised(text):
    segmenter, out = Segmenter(), []
    for letter in letters(text):
        out += segmenter.push(letter)
        waiting = letter.end - (segmenter.start if segmenter.start is not None else letter.end)
        assert waiting <= LOOK
    out += segmenter.finish()
    assert [letter for word in out for letter in word] == letters(text)
    assert all(out)


def test_strings_of_words_cost_less_than_strings_of_none():
    joined = "".join(char for char in PASSAGE.lower() if char.isalpha())[:40]
    assert worth(joined) < 2.3 < worth("qwzxvkjqhwzxvbnmqpfgh")


def test_two_words_are_told_from_one():
    assert is_two("thequick")
    assert is_two("breadbaker")
    assert not is_two("zqxwvbnm")


def test_commoner_words_cost_less():
    costs = word_costs()
    assert costs["the"] < costs["house"] < costs["spoon"]
    assert set(costs) == known_words()
