from hypothesis import example, given
from hypothesis import strategies as st

from simblock.escapes import EscapeReader
from simblock.spelling import Speller, named, named_char
from simblock.text import SELF_TEST, tokenise


@given(st.text(st.one_of(st.characters(), st.sampled_from("ab 1'’\u00ad\u200b\\nu0x41é中ﬁ")), max_size=120))
@example(SELF_TEST)
@example("x" * 200)
def test_words_spelled_out_are_the_words_of_the_tokeniser(text):
    escapes, speller = EscapeReader(), Speller(0)
    words = [*speller.feed(escapes.feed(text)), *speller.feed(escapes.finish()), *speller.finish()]
    ours = [named_char(word.letters[0]) if word.char else named(word.letters) for word in words]
    theirs = tokenise(text)
    columns = (theirs.keys, theirs.flags, theirs.starts, theirs.ends)
    assert [tuple(one) for one in ours] == list(zip(*(column.tolist() for column in columns), strict=True))


def test_signs_are_letters_where_asked_for_and_capitals_within_a_word_are_marked():
    escapes, speller = EscapeReader(), Speller(0, "$@")
    words = [*speller.feed(escapes.feed("pa$$ @nd TheQuickFox")), *speller.finish()]
    assert [word.text for word in words] == ["pa$$", "@nd", "thequickfox"]
    assert [letter.start for letter in words[2].letters if letter.marked] == [12, 17]
