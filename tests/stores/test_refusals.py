"""A language whose code is read otherwise than when an index was made is refused by itself, in the views it concerns."""

import json
import logging
from dataclasses import replace

import numpy as np
import pytest

from simblock.errors import Incompatible, MissingParser
from simblock.guard import Guard
from simblock.stamps import Parser
from simblock.stores import merging, syncing
from simblock.stores.directory import DirectoryIndex
from simblock.stores.opening import rebuild
from simblock.stores.refusals import ALL, Refusal, read_alike, refusals, sentences
from simblock.stores.writer import Writer
from simblock.tokens import CODE_VIEWS, VIEWS
from simblock.work import Document, Work
from tests.stores import sources
from tests.stores.sources import asks_of, postings_of, source_file, stands
from tests.stores.works import document, everywhere, library

pytestmark = pytest.mark.usefixtures("reader_of_code")

PYTHON, C = source_file("a"), source_file("b", language="c")
OURS = "lexer of python:syntax of python"
OTHERWISE = {
    "another parser": ("lexer of python:otherwise", ("syntax",)),
    "no parser": ("lexer of python:", ("syntax",)),
    "another lexer": ("otherwise:syntax of python", ALL),
}


WORKS = (PYTHON, C, document("w"))


def made(path, documents=WORKS):
    with Writer.create(path) as writer:
        writer.put(documents)
        writer.commit()
    return path


@pytest.fixture
def indexed(tmp_path):
    return made(tmp_path / "x.sbx")


def views_found(index, document):
    """The views in which a work is found by its own keys, and that of its lexemes also where many are asked at once."""
    found = {
        VIEWS[posting.view]
        for _, hit in postings_of(index, document)
        for posting in (hit.postings if hit else ())
        if document.work.id in {work.id for work in index.works(posting.segment, posting.run)}
    }
    asks = asks_of(index, document)
    many = index.postings([ask[0] for ask in asks], [ask[1] for ask in asks])
    assert {VIEWS[posting.view] for hit in many for posting in hit.postings} >= found
    return found


@pytest.mark.parametrize(("print_", "views"), OTHERWISE.values(), ids=OTHERWISE.keys())
def test_views_that_are_read_otherwise_are_not_found_and_all_others_are(store, print_, views):
    made = store([PYTHON, C, *library(2)])
    assert views_found(made.index, PYTHON) == set(CODE_VIEWS)
    sources.fingerprints["python"] = print_
    made.add([document("news")])  # who has the index open takes that up
    assert views_found(made.index, PYTHON) == set(CODE_VIEWS) - set(views)
    assert stands(made.index, C) == 1
    assert all(everywhere(made.index, work) for work in [*library(2), document("news")])
    assert {name: refusal.views for name, refusal in made.index.refused.items()} == {"python": views}
    sources.fingerprints.clear()
    made.add([document("more news")])
    assert not made.index.refused
    assert stands(made.index, PYTHON) == 1


def test_what_is_refused_is_left_out_of_answers_in_arrays_too(indexed):
    sources.fingerprints["python"] = OTHERWISE["another parser"][0]
    index = DirectoryIndex(indexed)
    asks = asks_of(index, PYTHON)
    stood = index.stood(
        np.array([ask[0] for ask in asks], np.uint32), np.array([ask[1] for ask in asks], np.uint64)
    )
    views = {VIEWS[stood.handles[at].views[run]] for at, run in zip(stood.segments, stood.runs, strict=True)}
    assert views == {"source", "comments", "lexemes"}


def test_a_work_whose_row_stands_in_another_segment_is_left_out_too(indexed):
    with Writer.open(indexed) as writer:  # of the same text: its row points at the run that is there
        writer.put([Document(Work("twin", kind="code", language="python"), PYTHON.text)])
        writer.commit()
    with Writer.open(indexed) as writer:
        writer.remove(["a"])
        writer.commit()
    sources.fingerprints["python"] = OTHERWISE["another parser"][0]
    index = DirectoryIndex(indexed)
    hits = [hit for _, hit in postings_of(index, PYTHON) if hit]
    assert {VIEWS[posting.view] for hit in hits for posting in hit.postings} == {
        "source",
        "comments",
        "lexemes",
    }
    assert {work.id for hit in hits for p in hit.postings for work in index.works(p.segment, p.run)} == {
        "twin"
    }


def test_a_language_without_a_grammar_is_found_by_its_words(indexed, monkeypatch):
    monkeypatch.setattr("simblock.grammar.languages", lambda: ("c", "java"))
    index = DirectoryIndex(indexed)
    assert views_found(index, PYTHON) == {"source", "comments"}
    assert "no grammar of it: upgrade simblock" in str(index.refused["python"])


REASONS = {
    "another version": (
        {"python": "lexer of python:x@0.9"},
        "another version .* pip install 'tree-sitter-python==0.9', or ",
    ),
    "the same version": ({"python": "lexer of python:x@1.0"}, "another parser or vocabulary: build it again"),
    "read without a parser": ({"python": "lexer of python:"}, "read without a parser: build it again"),
    "other rules": (
        {"python": "x:syntax of python"},
        "by its words alone, .* other rules than today's: build it",
    ),
    "what is no stamp": ({"python": "0123456789abcdef"}, "by its words alone"),
}


@pytest.mark.parametrize(("languages", "told"), REASONS.values(), ids=REASONS.keys())
def test_a_refusal_says_why_and_what_to_do(languages, told):
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(str(refusals(languages)["python"]))


def test_a_parser_that_is_missing_here_is_named_with_its_version():
    sources.troubles["python"] = MissingParser("python", "tree-sitter-python")
    sources.fingerprints["python"] = "lexer of python:"
    told = str(refusals({"python": f"{OURS}@0.25.0"})["python"])
    assert "is missing: pip install 'tree-sitter-python==0.25.0', or 'simblock[languages]' for all" in told


def test_a_parser_that_does_not_fit_is_to_be_replaced_by_the_one_that_read_the_works():
    sources.troubles["python"] = MissingParser("python", "tree-sitter-python", "no such node")
    sources.fingerprints["python"] = "lexer of python:"
    told = str(refusals({"python": f"{OURS}@0.25.0"})["python"])
    assert told.endswith("was made for: pip install 'tree-sitter-python==0.25.0'")


PAGE = "lexer of page:syntax of page@tree-sitter-a=={} tree-sitter-b==2.0"
HOSTED = {
    "one is missing": (
        {"b": MissingParser("b", "tree-sitter-b")},
        PAGE.format("1.0"),
        "its parser is missing: pip install 'tree-sitter-b==2.0', or",
    ),
    "both are missing": (
        {"a": MissingParser("a", "tree-sitter-a"), "b": MissingParser("b", "tree-sitter-b")},
        PAGE.format("1.0"),
        "pip install 'tree-sitter-a==1.0' 'tree-sitter-b==2.0', or",
    ),
    "one is another": (
        {},
        PAGE.format("0.9"),
        "another version of its parser: pip install 'tree-sitter-a==0.9', or",
    ),
    "one was missing": ({}, "lexer of page:x@tree-sitter-a==1.0", "read without a parser: build it again"),
    "another was missing": (
        {"b": MissingParser("b", "tree-sitter-b")},
        "lexer of page:x@tree-sitter-b==2.0",
        "its parser is missing: pip install 'tree-sitter-b==2.0', or",
    ),
    "none is another": ({}, PAGE.format("1.0"), "read by another parser or vocabulary: build it again"),
}


@pytest.mark.parametrize(("troubles", "stamp", "told"), HOSTED.values(), ids=HOSTED.keys())
def test_a_host_language_is_refused_for_the_parsers_of_what_it_hosts(monkeypatch, troubles, stamp, told):
    parsers = [
        Parser(f"tree-sitter-{name}", (name,), at, troubles.get(name))
        for name, at in (("a", "1.0"), ("b", "2.0"))
    ]
    monkeypatch.setattr("simblock.stamps.parsers_of", lambda _: tuple(parsers))
    monkeypatch.setattr("simblock.grammar.languages", lambda: ("page",))
    sources.fingerprints["page"] = "lexer of page:otherwise"
    assert told in str(refusals({"page": stamp})["page"])


SAME = {"as it is": OURS, "with a version": f"{OURS}@0.9"}


@pytest.mark.parametrize("stamp", SAME.values(), ids=SAME.keys())
def test_code_that_is_read_as_before_is_not_refused(stamp):
    assert refusals({"python": stamp}) == {}


def test_further_code_of_a_refused_language_is_refused_and_all_else_goes_on(indexed):
    sources.fingerprints["python"] = OTHERWISE["another parser"][0]
    with Writer.open(indexed) as writer:
        for changed in (source_file("more"), source_file("a", seed="changed")):
            with pytest.raises(
                Incompatible, match=r"x\.sbx takes no further code of python, .*: build it again"
            ):
                writer.put([changed])
        writer.put([PYTHON, Document(Work("b", kind="code", language="c", title="T"), C.text)])
        writer.put([source_file("d", language="c"), document("x")])
        writer.remove(["w"])
        assert writer.commit().counts.added == 2
    sources.fingerprints.clear()
    index = DirectoryIndex(indexed)
    assert [stands(index, work) for work in (PYTHON, C, source_file("d", language="c"))] == [1, 1, 1]


def test_a_rebuild_of_a_refused_language_is_refused(indexed):
    sources.fingerprints["python"] = OTHERWISE["another parser"][0]
    with pytest.raises(
        Incompatible, match=r"x\.sbx cannot be rebuilt from what it stores of python, .*build it again"
    ):
        rebuild(indexed, indexed.with_name("y.sbx"))
    assert not indexed.with_name("y.sbx").exists()


def test_copies_and_merges_keep_what_is_refused_for_who_reads_it_as_before(indexed, tmp_path):
    other = made(tmp_path / "other.sbx", [source_file("e"), document("v")])
    sources.fingerprints["python"] = OTHERWISE["another parser"][0]
    syncing.sync(indexed, tmp_path / "copy.sbx")
    merging.merge([indexed, other], tmp_path / "merged.sbx")
    for path in (tmp_path / "copy.sbx", tmp_path / "merged.sbx"):
        assert set(DirectoryIndex(path).refused) == {"python"}
    sources.fingerprints.clear()
    for path in (tmp_path / "copy.sbx", tmp_path / "merged.sbx"):
        index = DirectoryIndex(path)
        assert not index.refused
        assert stands(index, PYTHON) == 1


def test_indexes_whose_code_was_read_by_different_parsers_are_not_merged(indexed, tmp_path):
    sources.fingerprints["python"] = OTHERWISE["another parser"][0]
    other = made(tmp_path / "other.sbx", [source_file("e")])
    with pytest.raises(
        Incompatible, match=r"x\.sbx and .*other\.sbx hold code of python that was read by different"
    ):
        merging.merge([indexed, other], tmp_path / "merged.sbx")


def test_stamps_are_alike_by_their_prints_whatever_the_version():
    assert read_alike(f"{OURS}@1", f"{OURS}@2")
    assert not read_alike(OURS, "lexer of python:x")
    assert not read_alike(OURS, "x:syntax of python")


def test_a_reader_warns_once_of_a_language_that_comes_to_be_refused(indexed, caplog):
    index = DirectoryIndex(indexed, clock=iter(range(1000)).__next__)
    sources.fingerprints["python"] = OTHERWISE["another parser"][0]
    for name in ("x", "y"):
        with Writer.open(indexed) as writer:
            writer.put([document(name)])
            writer.commit()
        with caplog.at_level(logging.WARNING, "simblock"):
            index.refresh()
    assert len(caplog.messages) == 1
    assert "x.sbx: code of python is looked for by exact runs of lexemes alone" in caplog.messages[0]


def test_a_refusal_is_told_as_json():
    refusal = Refusal("python", ("syntax",), "its parser is missing", "pip install it")
    assert json.loads(json.dumps(refusal.to_dict())) == {
        "language": "python",
        "views": ["syntax"],
        "reason": "its parser is missing",
        "mend": "pip install it",
    }


def missing(language):
    package = f"'tree-sitter-{language}==1.0'"
    return Refusal(
        language, ("syntax",), "its parser is missing", "'simblock[languages]' for all", (package,)
    )


def test_languages_that_are_refused_for_one_reason_are_told_in_one_sentence_with_one_mend():
    again = Refusal("c", ("syntax",), "its works were read by another parser or vocabulary", "build it again")
    assert sentences([missing("kotlin"), again, missing("php")]) == [
        (
            "code of kotlin, php is looked for by exact runs of lexemes alone, and not for near copies, for their parsers are "
            "missing: pip install 'tree-sitter-kotlin==1.0' 'tree-sitter-php==1.0', or 'simblock[languages]' for all"
        ),
        (
            "code of c is looked for by exact runs of lexemes alone, and not for near copies, for its works were read by "
            "another parser or vocabulary: build it again"
        ),
    ]


def test_of_one_language_the_sentence_is_of_one():
    assert str(missing("php")).endswith(
        "for its parser is missing: pip install 'tree-sitter-php==1.0', or 'simblock[languages]' for all"
    )


@pytest.mark.parametrize(("languages", "told"), REASONS.values(), ids=REASONS.keys())
def test_every_reason_is_told_of_several_languages_as_of_several(languages, told):
    one = refusals(languages)["python"]
    (sentence,) = sentences([one, replace(one, language="c")])
    assert "code of python, c is looked for" in sentence
    assert " its " not in sentence.replace("not its", "").replace("and its", "")


def test_a_report_says_where_an_output_holds_code_of_a_refused_language(indexed):
    answers = {language: f"So:\n\n```{language}\nvalue = total * 3;\n```\n" for language in ("python", "c")}
    sources.fingerprints["python"] = "otherwise:syntax of python"
    guard = Guard(DirectoryIndex(indexed))
    assert guard.check(answers["python"]).degraded
    assert not guard.check(answers["c"]).degraded
    assert not guard.check("No code at all.").degraded
