"""The language of a text, by its name, its tag and its lines."""

import sysconfig
from collections import Counter
from pathlib import Path

import pytest

from simblock.catalogue import listed
from simblock.detection import Evidence, by_content, by_name, by_tag, look
from simblock.grammar import languages


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("", None),
        ("  ", None),
        ("text", None),
        ("output", None),
        ("cython-like", None),
        ("python", "python"),
        (" Python3 ", "python"),
        ("{.python}", "python"),
        ("{ .js .numberLines startFrom=3 }", "javascript"),
        ('python title="x.py"', "python"),
        ("py:run", "python"),
        ("java,linenos", "java"),
        ("language-c", "c"),
        ("JAVA", "java"),
        ("C++", "cpp"),
        ("jsx", "javascript"),
        ("src/main.c", "c"),
    ],
)
def test_a_tag_names_its_language_in_every_form(tag: str, language: str | None) -> None:
    assert by_tag(tag) == language


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("README", None),
        ("notes.txt", None),
        ("py", None),
        ("a/b/c.py", "python"),
        ("X.JAVA", "java"),
        ("lib/index.mjs", "javascript"),
        ("include/x.h", "c"),
    ],
)
def test_a_name_shows_the_language_by_its_extension(path: str, language: str | None) -> None:
    assert by_name(path) == language


def test_no_tag_or_extension_belongs_to_two_languages() -> None:
    for field in ("tags", "extensions", "interpreters"):
        owners = {(name, language) for language, entry in listed() for name in getattr(entry, field)}
        if field == "tags":
            owners |= {(language, language) for language in languages()}
        names = Counter(name for name, _ in owners)
        assert [pair for pair in sorted(owners) if names[pair[0]] > 1] == []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", None),
        ("#!/bin/sh\necho x\n", "bash"),
        ("#!/usr/bin/env python3\n", "python"),
        ("#!/usr/bin/python3.11 -u\n", "python"),
        ("#!/usr/bin/env -S node --harmony\n", "javascript"),
        ("Dear all,\n\nthe import of goods is (still) free; return to the office.\n", None),
        ("import os\n\nfor name in os.listdir():\n    print(name)\n", "python"),
        ("package a.b;\n\npublic class X {\n}\n", "java"),
        ("#include <stdio.h>\n\nint main(void)\n{\n    return 0;\n}\n", "c"),
        ("const fs = require('fs');\n\nmodule.exports = () => fs;\n", "javascript"),
        ("name,size\nx,1\ny,2\n", None),
        ("[section]\nkey: value with words\nother: more\n", None),
    ],
)
def test_a_file_shows_its_language_by_what_it_holds(text: str, language: str | None) -> None:
    assert by_content(text) == language


def test_the_standard_library_is_told_from_prose_and_from_other_languages() -> None:
    texts = [
        path.read_text("utf-8", "replace") for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    ]
    found = [by_content(text) for text in texts if len(text) > 500]
    assert len(found) > 100
    assert set(found) <= {"python", None}
    assert found.count("python") > 0.95 * len(found)


def test_a_long_licence_does_not_hide_the_code_below_it() -> None:
    licence = "/*\n" + "   This file is free; you may do with it whatever you wish to do.\n" * 40 + "*/\n"
    assert by_content(licence + "#include <x.h>\nstatic int f(char *p)\n{\n    return *p;\n}\n") == "c"


def test_a_name_is_contradicted_only_by_three_strong_lines_and_none_for_it() -> None:
    strange = ["const x = 1;", "console.log(x);", "let y = () => 3;"]
    evidence = Evidence()
    for line in strange[:2]:
        evidence.add(look(line))
    assert evidence.against("python") is None
    evidence.add(look(strange[2]))
    assert evidence.against("python") == "javascript"
    evidence.add(look("def f(x):"))
    assert evidence.against("python") is None
