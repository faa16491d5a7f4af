"""The demo: what it protects, what it makes a model say, and that it fails when a case does."""

import io
import json
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from simblock import demo
from simblock.demo import cases, edits, material, playing, prose, showing
from simblock.errors import UsageError
from simblock.stores.memory import MemoryIndex
from simblock.text import tokenise

PASSAGE = material.passages(random.Random(3), demo.PASSAGE_WORDS)[0]
CASES = {case.name: case for case in cases.planned(PASSAGE, random.Random(3))}


@pytest.fixture(scope="module")
def stage():
    return playing.Stage(MemoryIndex(material.topics()), random.Random(1))


def keys(text):
    return tokenise(text).keys.tolist()


def test_the_whole_demo_comes_out_as_expected(tmp_path):
    command = [sys.executable, "-m", "simblock.cli", "demo", "--json", "--keep", str(tmp_path / "kept")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    assert (done.returncode, found["passed"], done.stderr) == (0, True, "")
    assert found["works"] > 300
    assert {case["name"]: case["outcome"] for case in found["cases"]} == {
        **{name: case.expected for name, case in CASES.items()},
        playing.WALK: "stop",
    }
    for case in found["cases"]:
        assert case["held_longest"]["strict"] <= 48
        if case["expected"] == "stop" and case["name"] not in (playing.WALK, "edited and disguised"):
            assert case["words_out"]["default"] <= 16
            assert case["words_out"]["strict"] == 0
    assert (tmp_path / "kept" / demo.INDEX / "MANIFEST").is_file()
    assert prose.BEFORE in (tmp_path / "kept" / demo.ANSWER).read_text()


@pytest.fixture
def few_works(monkeypatch):
    """Topics alone: the library takes seconds to read."""
    monkeypatch.setattr(material, "sources", list)


def shown(**options):
    console = Console(file=io.StringIO(), width=80, highlight=False)
    code = demo.run(console, **options)
    return code, console.file.getvalue()


def test_the_demo_shows_every_case_in_eighty_columns(few_works, tmp_path):
    code, text = shown(keep=tmp_path / "kept")
    assert code == 0
    for name in [*CASES, playing.WALK]:
        assert name in text
    assert f"simblock check {tmp_path / 'kept' / demo.INDEX}" in text.replace("\n", "")


def test_without_colours_signs_say_what_is_a_copy_and_where_the_output_ends(few_works):
    _, text = shown()
    assert "\x1b" not in text
    fence = text.split("in a code fence: ")[1].split("in a comment: ")[0]
    before, copy = fence.split("```text")
    assert "[[" not in before
    assert copy.lstrip().startswith("[[")
    assert copy.count("||") == 1
    assert "[[the copy]]" in text


def test_signs_change_nothing_else_and_line_breaks_stay_where_they_matter(stage):
    for name, lined in (("verbatim", False), ("in a code fence", True), ("in a comment", True)):
        one = stage.play(CASES[name], PASSAGE.work)
        marked, coloured = (showing.excerpt(one, colour=colour).plain for colour in (False, True))
        for sign in showing.MARKS:
            assert sign in marked
            marked = marked.replace(sign, "")
        assert marked == coloured
        assert ("\n" in coloured) == lined


def test_a_case_that_comes_out_otherwise_fails_the_demo_by_name(few_works, monkeypatch):
    monkeypatch.setattr(prose, "CLEAN", prose.CLEAN + PASSAGE.text)
    code, text = shown()
    assert code == 1
    assert "original prose: by default the outcome was stop, not release" in " ".join(text.split())


def test_a_folder_that_is_there_is_not_written_to(tmp_path):
    with pytest.raises(UsageError, match="is there already"):
        demo.run(keep=tmp_path)


def test_a_python_without_topics_is_told_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(UsageError, match="standard library"):
        list(material.topics())


def test_the_works_are_the_topics_and_the_docstrings_of_the_library():
    names = {document.work.id for document in material.topics()}
    assert {"topics/assert", "topics/lambda"} <= names
    textwrap = next(path for path in material.sources() if path.name == "textwrap.py")
    document = material.docstrings(textwrap)
    assert document.work.id == "library/textwrap.py"
    assert "Object for wrapping/filling text." in document.text
    assert "import re" not in document.text


def test_what_is_no_python_or_has_no_docstrings_is_passed_over(tmp_path):
    (tmp_path / "broken.py").write_text("def (")
    (tmp_path / "bare.py").write_text("x = 1\n")
    assert material.docstrings(tmp_path / "broken.py") is None
    assert material.docstrings(tmp_path / "bare.py") is None


def test_a_seed_picks_the_same_passages_again():
    assert material.passages(random.Random(5), 56) == material.passages(random.Random(5), 56)
    assert material.passages(random.Random(5), 56) != material.passages(random.Random(6), 56)


@given(st.integers(0, 2**32))
def test_a_disguise_edits_about_a_tenth_of_the_words(seed):
    words = PASSAGE.text.split()
    found = edits.edited(words, random.Random(seed), prose.EDITS)
    kept = sum(word in words for word in found)
    assert 0.85 * len(words) <= kept <= len(words)
    assert found != words


@given(st.integers(0, 2**32))
def test_capitals_and_lookalikes_read_as_the_same_words(seed):
    rng, again = random.Random(seed), random.Random(seed)
    copy = edits.disguised(PASSAGE.text, rng, prose.EDITS).copy
    plain = edits.edited(PASSAGE.text.split(), again, prose.EDITS)
    assert keys(copy) == keys(" ".join(plain))
    assert not copy.isascii()


@pytest.mark.parametrize("wrap", [edits.fenced, edits.commented, edits.escaped])
def test_a_wrapping_keeps_the_words(wrap):
    assert keys(wrap(PASSAGE.text).copy) == keys(PASSAGE.text)


@pytest.mark.parametrize("name", CASES)
def test_the_copy_of_a_case_stands_where_it_says(name):
    case = CASES[name]
    copy = case.text[case.copy.start : case.copy.end]
    assert bool(copy) == (name != cases.NOTHING_COPIED)
    if case.exact and copy:
        assert keys(copy) == keys(PASSAGE.text)


def test_the_prose_of_the_demo_stands_in_no_work(stage):
    for text in (prose.BEFORE, prose.AFTER, prose.CLEAN, *prose.BETWEEN):
        report = stage.default.check(text, all=True)
        assert (report.released, report.matches) == (text, ())


@given(st.integers(0, 2**32))
def test_a_play_lets_out_what_it_says(stage, seed):
    case = CASES["verbatim"]
    one = playing.play(stage.default, case.text, case.copy, random.Random(seed))
    assert case.text.startswith(one.released)
    assert one.out == len(keys(one.released[case.copy.start :]))
    assert one.out <= 16


def test_the_walk_ends_for_good_and_near_the_quota(stage):
    played = stage.walk(material.longest())
    assert played.faults == ()
    quota = stage.default.policy.text.max_quoted
    assert played.strict.out <= quota
    assert played.default.out <= quota + 16
