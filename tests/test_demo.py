"""The demo: what it protects, what it makes a model say, and that it fails when a case does."""

import ast
import builtins
import io
import json
import random
import re
import subprocess
import sys
import tokenize
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from simblock import demo
from simblock.demo import cases, edits, library, material, playing, prose, rewriting, showing
from simblock.errors import UsageError
from simblock.grammar import grammar
from simblock.lexer import Lexer
from simblock.match import Span
from simblock.scheme import T_LEXEMES
from simblock.stores.memory import MemoryIndex
from simblock.text import tokenise

PASSAGE = material.passages(random.Random(3), demo.PASSAGE_WORDS)[0]
FUNCTIONS = [one for one in library.functions(random.Random(3)) if demo.edited_well(one)]
FUNCTION = FUNCTIONS[0]
TEXTS = {case.name: case for case in cases.planned(PASSAGE, random.Random(3))}
CODES = {case.name: case for case in cases.planned_code(FUNCTION, random.Random(3))}
CASES = TEXTS | CODES
functions = st.sampled_from(FUNCTIONS)


@pytest.fixture(scope="module")
def stage():
    code = [one for one in library.documents() if one.work.id == FUNCTION.work]
    return playing.Stage(MemoryIndex([*material.topics(), *code]), random.Random(1))


def keys(text):
    return tokenise(text).keys.tolist()


def test_the_whole_demo_comes_out_as_expected(tmp_path):
    command = [sys.executable, "-m", "simblock.cli", "demo", "--json", "--keep", str(tmp_path / "kept")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    assert (done.returncode, found["passed"], done.stderr) == (0, True, "")
    assert found["works"] > 300
    assert found["files"] >= 60
    assert found["bytes_of_code"] <= 40 * found["lexemes"]
    assert {case["name"]: case["outcome"] for case in found["cases"]} == {
        **{name: case.expected for name, case in CASES.items()},
        playing.WALK: "stop",
    }
    for case in found["cases"]:
        assert case["kind"] in ("code", "text")
        # what is counted as held may begin inside an escape; code is held until 30 lexemes follow too
        assert case["held_longest"]["strict"] <= (50 if case["kind"] == "text" else 80)
        if case["name"] in CASES and case["expected"] == "stop" and CASES[case["name"]].exact:
            out = case.get("words_out") or case["lexemes_out"]
            assert out["strict"] == 0
            assert out["default"] <= (16 if "words_out" in case else 2 * T_LEXEMES)
    found_in = {case["name"]: case["match"] for case in found["cases"] if case["kind"] == "code"}
    assert {name for name, match in found_in.items() if match} == {
        name for name, case in CODES.items() if case.expected == "stop"
    }
    assert len({match["work"] for match in found_in.values() if match}) == 1
    assert (tmp_path / "kept" / demo.INDEX / "MANIFEST").is_file()
    assert prose.BEFORE in (tmp_path / "kept" / demo.ANSWER).read_text()
    assert prose.ANSWERED in (tmp_path / "kept" / demo.CODE).read_text()


@pytest.fixture
def few_works(monkeypatch):
    """Topics and a few modules: the library takes seconds to read."""
    modules = library.modules()[::4]
    monkeypatch.setattr(material, "sources", list)
    monkeypatch.setattr(library, "modules", lambda: modules)


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
    original = text.split("every name changed: ")[1].split("```python")[0]
    assert re.search(r"^ +\d+  def \w+", original, re.MULTILINE)
    assert re.search(
        r"lexemes of library/\w+\.py, lines \d+-\d+, in lines \d+-\d+ of the answer, renamed",
        " ".join(text.split()),
    )


def test_without_colours_signs_say_what_is_a_copy_and_where_the_output_ends(few_works):
    _, text = shown()
    assert "\x1b" not in text
    fence = text.split("in a comment: ")[1].split("in an escaped string: ")[0]
    before, copy = fence.split("```python")
    assert "[[" not in before
    assert copy.count("[[") == 1
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


@pytest.mark.parametrize("name", TEXTS)
def test_the_copy_of_a_case_stands_where_it_says(name):
    case = CASES[name]
    copy = case.text[case.copy.start : case.copy.end]
    assert bool(copy) == (name != cases.NOTHING_COPIED)
    if case.exact and copy:
        assert keys(copy) == keys(PASSAGE.text)


def test_the_prose_of_the_demo_stands_in_no_work(stage):
    ours = (prose.ANSWERED, prose.CLOSED, "".join(prose.PASTED), prose.CODE)
    for text in (prose.BEFORE, prose.AFTER, prose.CLEAN, *prose.BETWEEN, *ours):
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
    assert played.default.out <= quota + 32  # slices under 16 words may not be counted: docs/limits.md


def test_the_code_is_that_of_the_library_and_its_functions_stand_where_it_says():
    documents = {document.work.id: document for document in library.documents()}
    assert "library/textwrap.py" in documents
    assert {(one.work.kind, one.work.language) for one in documents.values()} == {("code", "python")}
    for one in FUNCTIONS:
        lines = documents[one.work].text.splitlines()[one.lines.start - 1 : one.lines.end]
        assert [line.strip() for line in lines] == [line.strip() for line in one.text.splitlines()]


def test_enough_functions_fit_the_demo():
    assert len(FUNCTIONS) >= 10
    assert len({one.work for one in FUNCTIONS}) >= 5


def names(text):
    nodes = ast.walk(ast.parse(text))
    return {node.id for node in nodes if isinstance(node, ast.Name)} - set(dir(builtins))


@given(functions)
def test_a_renamed_function_has_no_name_and_no_comment_of_the_original_and_the_same_tree(one):
    copy = rewriting.renamed(one.text, prose.NAMES)
    assert not names(copy) & names(one.text)
    assert not any(
        token.type == tokenize.COMMENT for token in tokenize.generate_tokens(io.StringIO(copy).readline)
    )
    assert ast.get_docstring(ast.parse(copy).body[0]) is None
    assert len(set(copy.splitlines()) & set(one.text.splitlines())) < len(copy.splitlines()) / 2
    assert shape(copy) == shape(one.text)


def shape(text):
    """The kinds of nodes and the constants, without docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return [
        getattr(node, "value", None) if isinstance(node, ast.Constant) else type(node)
        for node in ast.walk(tree)
    ]


@given(functions, st.integers(0, 2**32))
def test_statements_are_moved_and_added_and_none_is_lost(one, seed):
    copy = rewriting.renamed(one.text, prose.NAMES)
    edited = rewriting.rearranged(copy, prose.STATEMENTS, random.Random(seed))
    ast.parse(edited)
    added = [line for line in edited.splitlines() if line.strip() in prose.STATEMENTS]
    kept = [line for line in edited.splitlines() if line.strip() not in prose.STATEMENTS]
    assert added
    assert sorted(kept) == sorted(copy.splitlines())
    assert kept != copy.splitlines()


@pytest.mark.parametrize(
    ("block", "moves"),
    [
        ("a = 1\n b = x.y()", 1),
        ("a = x.y()\n b = x.z()", 0),
        ("a = 1\n b = a", 0),
        ("a = b\n b = 1", 0),
        ("a = 1\n a = 2", 0),
        ("a = 1\n return a", 0),
        ("a = 1; b = 2", 0),
        ("a = 1\n b = 2\n c = 3", 1),
    ],
)
def test_only_neighbours_that_need_nothing_of_each_other_are_exchanged(block, moves):
    assert len(rewriting.exchangeable(f"def f(x):\n {block}\n")) == moves


def test_keywords_members_and_builtins_keep_their_names_and_broken_lines_are_mended():
    text = "def f(width, *rest):\n    total = len(rest) + \\\n        g(width=width).width\n    return [total,\n\n  3]  # so\n"
    assert rewriting.renamed(text, ["heron", "ferry", "otter", "gorse", "ember"]) == (
        "def heron(ferry, *otter):\n  gorse = len(otter) + ember(width=ferry).width\n  return [gorse,\n        3]\n"
    )


def test_a_function_with_more_names_than_there_are_new_ones_is_refused():
    with pytest.raises(ValueError, match="1 names for 2"):
        rewriting.renamed("def f(x):\n    return x\n", ["heron", "f"])


@pytest.mark.parametrize("name", CODES)
def test_a_case_of_code_comes_out_as_expected(stage, name):
    case = CODES[name]
    played = stage.play(case, FUNCTION.work)
    assert played.faults == ()
    lexed = Lexer(grammar("python")).tokens(case.text[case.copy.start : case.copy.end])
    assert bool(len(lexed)) == (name != cases.NO_CODE_COPIED)


def test_what_is_exempt_with_the_prompt_is_stopped_without_it():
    prompted, bare = CODES[cases.PROMPTED], CODES[cases.RENAMED]
    assert prompted.text == bare.text
    assert FUNCTION.text in prompted.prompt
    assert (prompted.expected, bare.expected) == ("release", "stop")


def test_a_wrong_name_of_a_work_or_a_renaming_fails_the_case(stage):
    case = CODES[cases.RENAMED]
    assert any("was not named first" in fault for fault in stage.play(case, "library/other.py").faults)
    told = replace(case, renamed=False, source=Span(1, 2))
    faults = " ".join(stage.play(told, FUNCTION.work).faults)
    assert "the report says that it was renamed" in faults
    assert "not some of 1-2" in faults


def test_a_python_without_the_sources_of_its_library_is_told_so(monkeypatch):
    monkeypatch.setattr(library, "modules", list)
    with pytest.raises(UsageError, match="has no sources"):
        list(library.documents())
