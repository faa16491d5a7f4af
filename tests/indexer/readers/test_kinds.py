"""What a text is: prose or code, and of which language."""

from __future__ import annotations

import pytest

from simblock_indexer.readers import ReadOptions, Unreadable
from simblock_indexer.readers.kinds import nature_of, natures

PYTHON = """import os

def total(values):
    result = 0
    for value in values:
        if value is not None:
            result += value
    return result


class Store:
    def __init__(self, path):
        self.path = os.path.join(path, "x")
"""
JAVA = """package a.b;

import java.util.List;

public class Total {
    public static int total(List<Integer> values) {
        int result = 0;
        for (Integer value : values) {
            result += value;
        }
        return result;
    }
}
"""
PROSE = "It was a bright cold day in April, and the clocks (all of them) were striking thirteen.\n" * 5
SCRIPT = "#!/usr/bin/env python3\nprint(1)\n"


def nature(text, name="", *, in_folder=False, said=None, **options):
    found = nature_of(text, name, said or {}, ReadOptions(**options), place="here", in_folder=in_folder)
    return None if found is None else tuple(found)


TOLD_APART = {
    "an extension": (PROSE, "a.java", ("code", "java")),
    "an extension before the content": (JAVA, "a.py", ("code", "python")),
    "an interpreter": (SCRIPT, "run", ("code", "python")),
    "content": (JAVA, "unnamed", ("code", "java")),
    "content of an unknown extension": (PYTHON, "a.foo", ("code", "python")),
    "prose": (PROSE, "unnamed", ("text", None)),
    "code in a file of text": (PYTHON, "notes.txt", ("text", None)),
    "code in a readme": (PYTHON, "README", ("text", None)),
    "a language without a grammar of its own": (JAVA, "a.nim", ("code", "generic")),
    "a page": (PROSE, "a.html", ("text", None)),
    "a script in a page": (PYTHON, "a.HTM", ("text", None)),
    "a style": ("a { color: red; }\n", "a.css", ("code", "css")),
    "a component": ("<template>\n</template>\n", "a.vue", ("code", "html")),
}


@pytest.mark.parametrize("case", TOLD_APART)
@pytest.mark.parametrize("in_folder", [True, False])
def test_code_is_told_by_name_then_by_content(case, in_folder):
    text, name, expected = TOLD_APART[case]
    assert nature(text, name, in_folder=in_folder) == expected


def test_text_asked_for_is_text_whatever_it_looks_like():
    assert nature(PYTHON, "a.py", kind="text") == ("text", None)


def test_what_is_said_goes_before_name_content_and_options():
    assert nature(PYTHON, "a.py", said={"kind": "text"}, kind="code") == ("text", None)
    assert nature(PYTHON, "a.py", said={"language": "JavaScript"}) == ("code", "javascript")
    assert nature(PROSE, said={"kind": "code", "language": "js"}, language="c") == ("code", "javascript")
    assert nature(JAVA, said={"kind": "code"}, kind="text") == ("code", "java")


def test_a_language_of_people_says_nothing_of_code():
    assert nature(PROSE, said={"language": "en"}) == ("text", "en")
    assert nature(PYTHON, said={"language": "en"}) == ("text", "en")


def test_a_page_is_code_where_code_was_asked_for():
    assert nature(PROSE, "a.html", kind="code", in_folder=True) == ("code", "html")
    assert nature(PROSE, "a.html", language="html") == ("code", "html")
    assert nature(PROSE, "a.html", said={"language": "html"}) == ("code", "html")


@pytest.mark.parametrize("code", ["pl", "cs", "sh", "ml", "ts", " TS "])
def test_a_code_that_names_a_language_of_people_too_is_of_code_where_the_text_is(code):
    assert nature(PROSE, said={"language": code}) == ("text", code)
    assert nature(PROSE, said={"language": code, "kind": "code"})[0] == "code"
    script = "const fs = require('fs');\n\nmodule.exports = () => fs;\n"
    assert nature(script, said={"language": code})[0] == "code"


def test_the_language_option_is_for_what_has_none_of_its_own():
    assert nature(PROSE, language="c") == ("code", "c")
    assert nature(PROSE, "notes.txt", language="c") == ("code", "c")
    assert nature(PROSE, "a.py", language="c") == ("code", "python")
    assert nature(SCRIPT, "run", language="c") == ("code", "python")


def test_in_folders_the_language_option_needs_the_kind_and_leaves_text_alone():
    assert nature(PROSE, "unnamed", in_folder=True, language="c") == ("text", None)
    assert nature(PROSE, "unnamed", in_folder=True, language="c", kind="code") == ("code", "c")
    assert nature(PROSE, "notes.txt", in_folder=True, language="c", kind="code") is None


def test_files_of_no_known_language_are_passed_over_in_folders_of_code():
    assert nature(PROSE, "notes.txt", in_folder=True, kind="code") is None


@pytest.mark.parametrize("said", [{}, {"kind": "code"}])
def test_code_of_no_known_language_is_an_error_where_it_was_named(said):
    with pytest.raises(Unreadable, match="here: code of no known language: say its language"):
        nature(PROSE, "unnamed", said=said, kind="code")


def test_code_of_a_language_without_a_grammar_is_an_error_that_names_those_there_are():
    with pytest.raises(Unreadable, match="here: no grammar of the language 'klingon': write bash, c, "):
        nature(PROSE, said={"kind": "code", "language": "klingon"})


SAID = [None, {"kind": "text"}, {"kind": "code"}, {"language": "python"}, {"language": "en"}, {"kind": "code", "language": "x"}]  # fmt: skip
NAMED = [
    "",
    "a",
    "readme",
    "src/a.py",
    "a.PY",
    "b.txt",
    "c.php",
    "a.b/c",
    "d.c",
    "x.toolongforasuffixofaname",
]


@pytest.mark.parametrize("kind", ["auto", "text", "code"])
@pytest.mark.parametrize("language", [None, "java"])
def test_many_rows_are_what_each_is_alone(kind, language):
    if kind == "text" and language:
        pytest.skip("languages are of code")
    options = ReadOptions(kind=kind, language=language)
    code = "int f(int x) {\n    return (x[0]);\n}\n" * 3
    rows = [
        (text, name, said)
        for text in ("Some words, and no more.", "", code, "#!/usr/bin/python3\nx", "слова и слова " * 20)
        for name in NAMED
        for said in SAID
    ]
    texts, names, said = zip(*rows, strict=True)

    def alone(text, name, said):
        try:
            return nature_of(text, name, said or {}, options)
        except Unreadable:
            return None

    assert natures(texts, names, said, options) == [alone(*row) for row in rows]
