import pytest

from simblock.exemption import Exemption, Reading
from simblock.grammar import grammar
from simblock.lexer import Lexer
from simblock.syntax import parse
from simblock.text import tokenise
from tests.programs import LANGUAGES, Programmer, renamed

every_language = pytest.mark.parametrize("language", LANGUAGES)


def program(seed, language):
    import random

    return Programmer(random.Random(f"{language}{seed}"), language).program(1)


@every_language
@pytest.mark.parametrize("lane", ["lexemes", "syntax"])
def test_code_of_the_request_is_exempt_under_other_names_and_other_code_is_not(language, lane):
    mine, other = program(1, language), program(2, language)
    reading = Reading(lane, language)
    exemption = Exemption([f"Could you tidy this, please?\n```{language}\n{mine}\n```\n"])

    def keys(text):
        tokens = (
            Lexer(grammar(language)).tokens(text)
            if lane == "lexemes"
            else parse(text, grammar(language)).tokens
        )
        return tokens.keys.tolist()

    again = keys(renamed(mine, language))
    exempt = exemption.places(again, 0, reading)
    assert len(exempt) > 0.9 * len(again)
    theirs = keys(other)
    assert len(exemption.places(theirs, 0, reading)) < 0.2 * len(theirs)
    assert exemption.echoes(again[:40], reading)
    assert not exemption.echoes(again[:14], reading)


def test_words_in_a_row_are_exempt_and_places_count_from_the_base():
    said = "the quick brown fox jumps over the lazy dog tonight"
    exemption = Exemption([said])
    keys = tokenise(said).keys.tolist()
    assert exemption.places(keys, 100) == set(range(100, 110))
    assert exemption.places(keys[:7], 100) == set()


def test_a_request_that_is_never_needed_is_never_read(monkeypatch):
    import simblock.exemption as module

    def read(*_):
        raise AssertionError("read")

    monkeypatch.setattr(module, "_READ", dict.fromkeys(("words", "lexemes", "syntax"), read))
    assert Exemption(["some text of the user"])
