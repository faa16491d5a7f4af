import pytest

from simblock.leetspeak import known, plain


@pytest.mark.parametrize(
    ("word", "skipped", "meant"),
    [
        ("h3ll0", 0, "hello"), ("7h3", 0, "the"), ("p4$$w0rd", 0, "password"), ("1n", 0, "in"), ("17", 0, "it"),
        ("@nd", 0, "and"), ("13773r5", 0, "letters"), ("c#r!s7", 0, "christ"), ("wor1d!", 0, "world"),
        ("(hello", 1, "hello"), ("|ike", 0, "like"), ("x9z8qk", 0, "xgzbqk"),
    ],
)  # fmt: skip
def test_a_word_stands_for_the_likeliest_one(word, skipped, meant):
    assert plain(word) == (skipped, meant)


@pytest.mark.parametrize("word", ["1984", "404", "20000"])
def test_numbers_stay_numbers(word):
    assert plain(word) is None


def test_only_words_of_three_letters_and_more_are_a_sign():
    assert known("h0use")
    assert not known("x1")
    assert not known("i32")
