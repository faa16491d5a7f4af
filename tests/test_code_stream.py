"""Code in streams: found whatever its names, in turn with the words, and never by the cut."""

import json
import random
from functools import cache
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings

from simblock import saying
from simblock import seeds as hits
from simblock.grammar import grammar
from simblock.guard import Guard
from simblock.history import KEEP
from simblock.lexer import Lexer
from simblock.policy import Policy
from simblock.stores.memory import MemoryIndex
from simblock.tokens import MEMBER_KEY, NAME_KEY
from simblock.work import Document, Work
from tests.material import by_character, cuts, run, seeds
from tests.programs import LANGUAGES, Programmer, fenced, plain_names, renamed, stretch

every_language = pytest.mark.parametrize("language", LANGUAGES)
T = 30


@cache
def works(language):
    rng = random.Random(f"{language}-works")
    return tuple(Programmer(rng, language).program(6) for _ in range(8))


@cache
def index():
    documents = []
    for language in LANGUAGES:
        for number, text in enumerate(works(language)):
            name = f"{language}/{number}"
            documents.append(Document(Work(name, owner=name, kind="code", language=language), text))
    return MemoryIndex(documents)


def guard(*, code=None, **policy):
    strict = {"min_tokens": 50, "min_similarity": 0.9}  # likeness that no bits back has to be great
    wanted = {"min_information": 0, "min_run_information": 0, **strict, **(code or {})}
    return Guard(index(), Policy(code=wanted, **policy))


def passage(rng, language, lexemes):
    """(work id, text of so many lexemes, with one more before and behind for their roles)."""
    number = rng.randrange(8)
    text = works(language)[number]
    size = len(Lexer(grammar(language)).tokens(text).keys)
    first = rng.randrange(1, size - lexemes - 2)
    return f"{language}/{number}", stretch(text, language, first - 1, lexemes + 2)


def other_code(seed, language):
    return Programmer(random.Random(f"{seed}-{language}-other"), language).program(1)


@every_language
@settings(max_examples=40, deadline=None)
@given(seed=seeds, at=cuts)
def test_thirty_lexemes_with_every_name_changed_are_found_in_a_fence_however_it_is_cut(language, seed, at):
    rng = random.Random(seed)
    name, code = passage(rng, language, T)
    stream = guard(code={"min_run": T}).stream()
    run(stream, fenced(renamed(code, language), language), at)
    assert stream.stopped
    assert name in {match.work.id for match in stream.report.matches}


@every_language
@settings(max_examples=15, deadline=None)
@given(seed=seeds, at=cuts)
def test_the_cut_changes_neither_the_decision_nor_where_it_falls(language, seed, at):
    rng = random.Random(seed)
    _, code = passage(rng, language, rng.randrange(40, 160))
    code = other_code(seed, language) + renamed(code, language) + "\n" + other_code(seed + 1, language)
    text = fenced(code, language)
    whole, fine, cut = (guard().stream() for _ in range(3))
    run(whole, text)
    by_character(fine, text)
    run(cut, text, at)
    report = guard().check(text)
    for other in (fine, cut):
        assert other.report.decided == whole.report.decided
        assert other.report.decision == whole.report.decision
    assert report.decided == whole.report.decided


@every_language
@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_at_most_thirty_lexemes_of_a_renamed_copy_get_out_and_none_in_strict_mode(language, seed):
    rng = random.Random(seed)
    _, code = passage(rng, language, 120)
    while not code[0].isalpha():  # a first line that begins like a diff or a prompt is read when it has ended
        _, code = passage(rng, language, 120)
    text = fenced(renamed(code, language), language)
    usual = guard(code={"min_run": T}).stream()
    out = by_character(usual, text)
    begin = text.index("\n", text.index("```")) + 1
    assert usual.stopped
    lexer = Lexer(grammar(language))
    # a slash behind a bracket may begin a regular expression: JavaScript knows when the line has ended
    line = max(map(len, map(lexer.tokens, code.split("\n")))) if language == "javascript" else 0
    assert len(lexer.tokens(out[begin:])) <= T + 2 + line
    strict = guard(code={"min_run": T}, max_leak=0).stream()
    out = by_character(strict, text)
    assert strict.stopped
    assert len(Lexer(grammar(language)).tokens(out[begin:])) <= 2


@every_language
@settings(max_examples=15, deadline=None)
@given(seed=seeds, at=cuts)
def test_code_of_ones_own_flows_byte_for_byte(language, seed, at):
    text = fenced(other_code(seed, language), language)
    stream = guard().stream()
    assert run(stream, text, at) == text
    assert not stream.report.matches


@every_language
def test_a_renamed_copy_says_that_it_is_renamed_and_a_plain_one_that_it_is_verbatim(language):
    rng = random.Random(3)
    name, code = passage(rng, language, 100)
    (plain, *_) = guard().check(fenced(code, language)).matches
    (other, *_) = guard().check(fenced(renamed(code, language), language)).matches
    assert plain.work.id == other.work.id == name
    assert (plain.verbatim, plain.renamed) == (True, False)
    assert (other.verbatim, other.renamed) == (False, True)
    assert other.kind == "code"
    assert other.language == language
    text = works(language)[int(name[-1])]
    lines = text.split("\n")
    assert other.lines[1].end <= len(lines)
    assert 0 <= other.source.start < other.source.end <= len(text)


@every_language
def test_names_that_no_renaming_explains_do_not_count(language):
    rng = random.Random(8)
    _, code = passage(rng, language, 100)
    fresh = count()
    wild, at = [], 0
    for _, start, end in plain_names(code, language):
        wild += [code[at:start], f"v{next(fresh)}"]
        at = end
    text = fenced("".join([*wild, code[at:]]), language)
    names = [name for name, _, _ in plain_names(code, language)]
    matched = guard(code={"min_run": T}).check(text, all=True).matches
    assert all(match.longest_run < T for match in matched)
    assert all(match.tokens <= 102 - (len(names) - len(set(names))) for match in matched)


@every_language
def test_code_from_the_prompt_may_be_given_back_renamed(language):
    rng = random.Random(5)
    _, code = passage(rng, language, 120)
    text = fenced(renamed(code, language), language)
    assert guard().check(text).decision == "stop"
    report = guard().check(text, prompt=f"Tidy up this:\n```{language}\n{code}\n```\n")
    assert report.decision == "release"
    assert report.released == text
    assert guard().check(text, prompt=code).decision == "release"


@every_language
def test_a_function_pasted_into_a_string_is_found_by_its_words(language):
    text = works(language)[2]
    said = json.dumps({"answer": text[: len(text) // 2]})
    report = guard(code={"min_run": 40}).check(f"print({said})")
    assert report.decision == "stop"
    assert report.matches[0].work.id == f"{language}/2"


@every_language
def test_a_file_of_a_language_needs_no_fence(language):
    text = renamed(works(language)[1], language)
    report = guard().check(text, language=language)
    assert report.decision == "stop"
    assert report.matches[0].work.id == f"{language}/1"
    assert guard().check(text, kind="text").decision == "release"


@every_language
def test_a_run_that_spans_more_than_the_hold_is_found_and_its_leak_is_told(language):
    rng = random.Random(11)
    name, code = passage(rng, language, 60)
    code = renamed(code, language)
    tokens = Lexer(grammar(language)).tokens(code)
    wide = ("\n" * 300).join(
        code[a:b] for a, b in zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True)
    )
    stream = guard(code={"min_run": T}, max_leak=0).stream()
    by_character(stream, fenced(wide, language))
    assert stream.stopped
    match = next(match for match in stream.report.matches if match.work.id == name)
    assert 0 < match.leaked <= 60


def test_comments_are_judged_as_text_and_code_words_by_their_run_alone():
    rng = random.Random(2)
    words = " ".join(rng.choices(works("c")[0].split(), k=3))
    comment = " ".join(f"{rng.choice('abcdefgh')}{rng.randrange(10**6):06d}" for _ in range(60))
    text = f"/* {comment} */\nint f(int a) {{ return a + {len(words)}; }}\n"
    held = Guard(MemoryIndex([Document(Work("c", kind="code", language="c"), text)]), Policy())
    report = held.check("As the file says: " + " ".join(comment.split()[:40]))
    assert report.decision == "stop"
    assert report.matches[0].kind == "text"


ASSIGNMENTS = """\
def __init__(self, left, right, width):
    self.on_left = left
    self.on_right = right
    self.all_width = width
    self.all_height = height
    self.all_depth = depth
    self.in_rows = []
    self.in_columns = []
    self.at_first = None
    self.at_last = None
    self.so_many = 0
    self.in_total = 0
"""
LISTS = """\
SIZES = {"small": 1, "middling": 2, "large": 3, "larger": 4, "huge": 5, "whole": 6}
LENGTHS = {"short": 1, "middling": 2, "long": 3, "longer": 4, "endless": 5, "whole": 6, "none": 0, "all": 9}
"""


def rare(lexemes):
    return stretch(Programmer(random.Random("rare"), "python").program(2), "python", 0, lexemes)


def of_one_work(code):
    """A guard at the default policy of a work that is this code alone, and an answer that copies it renamed."""
    document = Document(Work("only", kind="code", language="python"), code)
    return Guard(MemoryIndex([document]), Policy()), fenced(renamed(code, "python"), "python")


@pytest.mark.parametrize("code", [ASSIGNMENTS, LISTS])
def test_what_every_program_says_flows_by_default_and_what_few_say_is_stopped(code, monkeypatch):
    size = len(Lexer(grammar("python")).tokens(code).keys)
    assert size >= Policy().code.min_run
    held, text = of_one_work(code)
    stream = held.stream()
    assert run(stream, text, range(0, len(text), 9)) == text
    assert stream.report.decision == held.check(text).decision == "release"
    stream = of_one_work(rare(size))[0].stream()
    run(stream, of_one_work(rare(size))[1])
    assert stream.stopped
    for module in (hits, saying):
        monkeypatch.setattr(module, "documents_with", lambda *_: 0.5)  # as if no table knew it
    stream = held.stream()
    run(stream, text, range(0, len(text), 9))
    assert stream.stopped


def members(text, language):
    """(number, start, end) of the lexemes that are members' names."""
    tokens = Lexer(grammar(language)).tokens(text)
    at = np.flatnonzero((tokens.keys >= NAME_KEY) & (tokens.keys & MEMBER_KEY > 0))
    return list(zip(at.tolist(), tokens.starts[at].tolist(), tokens.ends[at].tolist(), strict=True))


def with_other_members(text, language):
    """The same code whose members have other names."""
    for _, start, _ in reversed(members(text, language)):
        text = f"{text[:start]}other_{text[start:]}"
    return text


@every_language
@pytest.mark.parametrize("other", ["a", "z"])
def test_of_works_alike_but_for_their_members_names_the_copied_one_decides(language, other):
    text = works(language)[3]
    documents = [
        Document(Work(name, kind="code", language=language), one)
        for name, one in (("m", text), (other, with_other_members(text, language)))
    ]
    held = Guard(MemoryIndex(documents), Policy())
    first = members(text, language)[0][0]
    answer = fenced(renamed(stretch(text, language, first - 2, 200), language), language)
    stream = held.stream()
    run(stream, answer, range(0, len(answer), 9))
    for report in (stream.report, held.check(answer)):
        assert report.decided.work == "m"
        assert report.matches[0].work.id == "m"


def test_a_long_match_is_the_same_for_every_cut_and_its_strangers_stay_counted():
    rng = random.Random(1)
    text = Programmer(rng, "python").program(8)
    held = MemoryIndex([Document(Work("long", kind="code", language="python"), text)])
    names = plain_names(text, "python")
    wild, at, fresh = [], 0, count()
    for number, (name, start, end) in enumerate(names):
        wild += [text[at:start], f"zz{next(fresh)}" if number < len(names) // 4 else name]
        at = end
    copy = "".join([*wild, text[at:]])
    never = {"min_run": 10**6, "min_tokens": 10**6, "max_quoted": 10**6, "min_information": 0}
    watching = Guard(held, Policy(action="observe", code={**never, "min_run_information": 0}))
    seen = []
    for step in (len(copy), 400, 61):
        response = watching.response(all=True)
        stream = response.stream(language="python")
        for low in range(0, len(copy), step):
            stream.feed(copy[low : low + step])
            if step < len(copy):
                assert all(len(lane.history.keys) < 4 * KEEP + 400 for lane in stream.core.lanes)
        stream.finish()
        longest = max((m for m in response.report.matches if m.view == "lexemes"), key=lambda m: m.tokens)
        seen.append((longest.tokens, longest.similarity, longest.longest_run, longest.names_alike))
        assert not longest.verbatim
        assert longest.renamed
    assert len(set(seen)) == 1
    assert seen[0][1] < 0.97


@every_language
def test_a_redacted_program_has_one_placeholder_though_its_words_and_its_lexemes_are_redacted(language):
    held = guard(action="redact", max_leak=0)
    answer = fenced(stretch(works(language)[3], language, 0, 400), language)
    expected = (
        answer[: answer.index("\n", answer.index("```"))] + "\n[withheld]" + answer[answer.rindex("\n```") :]
    )
    for step in (1, 9, 400):
        assert run(held.stream(), answer, range(0, len(answer), step)) == expected
    assert held.check(answer).released == expected
