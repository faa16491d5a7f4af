"""Code that is wrapped or embedded: what is taken off, decoded or left out."""

import json

import pytest

from simblock.embedding import markup
from simblock.grammar import grammar
from simblock.hosts import HostScanner
from tests.outputs import (
    CODE,
    JAVA,
    JAVASCRIPT,
    MORE,
    PROSE,
    PYTHON,
    C,
    as_diff,
    fenced,
    notebook,
    regions,
    scan,
)


@pytest.mark.parametrize("tag", ["diff", "patch", "", None])
def test_a_diff_gives_what_it_makes_of_a_file_and_what_the_file_was(tag: str | None) -> None:
    diff = as_diff(PYTHON, PYTHON.replace("result", "answer"), "src/x.py")
    text = diff if tag is None else fenced(diff, tag)
    found = regions(scan(PROSE + text + MORE))
    assert [language for language, _ in found] == ["python", "python"]
    assert found[0][1].rstrip() == "# context\n" + PYTHON.replace("result", "answer").rstrip()
    assert found[1][1].rstrip() == "# context\n" + PYTHON.rstrip()


def test_a_diff_that_names_no_file_is_read_by_its_lines() -> None:
    lines = "".join(f"+{line}\n" for line in JAVA.splitlines())
    assert regions(scan(fenced("@@ -0,0 +1,7 @@\n" + lines, "diff"))) == [("java", JAVA)]


def test_a_diff_of_a_text_is_not_taken_for_code() -> None:
    text = as_diff(PROSE, PROSE + MORE + "It returns a value (x = 1)\nor so.\n", "README.md")
    assert scan(fenced(text, "diff")) == []


def test_a_hunk_longer_than_what_is_kept_is_given_whole_in_parts() -> None:
    added = "".join(f"value = compute(first, {n})\n" for n in range(700))
    removed = "".join(f"other = compute(first, {n})\n" for n in range(700))
    found = regions(scan(fenced(as_diff(removed, added, "x.py"), "diff")))
    assert "".join(code for _, code in found if "value" in code).replace("# context\n", "") == added
    assert "".join(code for _, code in found if "other" in code).replace("# context\n", "") == removed


@pytest.mark.parametrize("tag", ["python", "", None])
def test_prompts_are_taken_off_and_answers_left_out(tag: str | None) -> None:
    lines = PYTHON.splitlines()
    doctest = f">>> {lines[0]}\n" + "".join(f"... {line}\n" for line in lines[1:])
    doctest += ">>> total(things, 2)\n84\n>>> import os\n"
    text = doctest if tag is None else fenced(doctest, tag)
    ((language, code),) = regions(scan("Words.\n\n" + text))
    assert (language, code) == ("python", PYTHON + "total(things, 2)\nimport os\n")


@pytest.mark.parametrize(
    "form", ["{n:3} | {line}", "{n}: {line}", "{n:4}\t{line}", "{n:02d}  {line}", "> {line}"]
)
@pytest.mark.parametrize("language", CODE)
def test_line_numbers_and_quote_marks_are_taken_off(form: str, language: str) -> None:
    code = CODE[language]
    wrapped = "".join(
        form.format(n=n, line=line).rstrip() + "\n" for n, line in enumerate(code.splitlines(), 7)
    )
    assert regions(scan(fenced(wrapped, language))) == [(language, code)]
    assert regions(scan(PROSE + wrapped + MORE))[0][1].rstrip("\n") == code.rstrip("\n")


def test_code_that_only_begins_like_a_wrapped_line_is_given_whole() -> None:
    for first in (
        "1 | x;\n",
        "-1;\n",
        "> y;\n",
        "@Override\n",
        "3: case\n",
        "$ = jQuery;\n",
        "1 | x;\n4 | y;\n",
    ):
        code = first + JAVA
        assert regions(scan(fenced(code, "java"))) == [("java", code)]


@pytest.mark.parametrize("indent", [1, None])
def test_a_notebooks_cells_of_code_are_decoded(indent: int | None) -> None:
    code = PYTHON + 'print("caf\u00e9 \U0001f600\\n\t")\n'
    text = notebook(("markdown", "# A title\nand words"), ("code", code), ("code", "x = 1\n"), indent=indent)
    found = scan(text)
    assert regions(found) == [("python", code.rstrip("\n") + "\n"), ("python", "x = 1\n")]
    escaped = [s for s in found if s.end - s.start != len(s.text)]
    assert all(len(s.text) == 1 and text[s.start] == "\\" for s in escaped)
    assert {text[s.start : s.end] for s in escaped} >= {"\\n", '\\"', "\\u00e9", "\\ud83d\\ude00"}


@pytest.mark.parametrize("language", CODE)
@pytest.mark.parametrize("indent", [2, None])
def test_code_that_a_tool_is_called_with_is_decoded(language: str, indent: int | None) -> None:
    call = json.dumps({"path": "x", "lines": 9, "content": CODE[language] * 4, "mode": "w"}, indent=indent)
    for text in (call, PROSE + fenced(call + "\n", "json") + MORE):
        assert regions(scan(text)) == [(language, CODE[language] * 4)]


def test_a_script_in_a_page_is_code_up_to_its_end() -> None:
    page = f"<html>\n<script>\n{JAVASCRIPT}</script>\n<p>words and words, and words</p>\n"
    assert regions(scan(page)) == [("javascript", "\n" + JAVASCRIPT)]
    assert regions(scan(fenced(page, "html"))) == [("html", page)]


def test_a_listing_in_a_page_is_read_without_tags_and_entities() -> None:
    shown = C.replace("&", "&amp;").replace("<", "&lt;").replace("static", '<span class="k">static</span>')
    for opening in ('<pre><code class="language-c">', "<pre>"):
        close = "</code></pre>" if "code" in opening else "</pre>"
        ((language, code),) = regions(scan(f"{PROSE}{opening}{shown}{close}\nwords\n"))
        assert (language, code) == ("c", C)


SAID = {
    '<script setup lang="ts">': "typescript",
    "<script lang='tsx'>": "tsx",
    '<script type="text/python">': "python",
    '<script type="application/json">': None,
    "<script>": "javascript",
    "<script type=module async>": "javascript",
    '<style lang="scss">': "css",
    '<!-- a --><p><script type="application/ld+json"></script><script lang=ts>': "typescript",
}


@pytest.mark.parametrize(("tag", "language"), SAID.items())
def test_what_a_script_is_said_to_hold_is_one_rule_in_a_fence_and_without_one(
    tag: str, language: str | None
) -> None:
    line = f"{tag}f(a)</script>\n"
    found = markup(line)
    assert (found[1].language if found else None) == language
    assert {piece.language for piece in HostScanner(grammar("html")).feed(line)} - {"html", ""} == {
        language
    } - {None}
    assert found is None or line[: found[0]].endswith(tag)


def test_a_script_without_a_fence_ends_where_it_does_in_a_page() -> None:
    page = f"<html>\n<script setup>\nx = '</scripts>';\n{JAVASCRIPT}</script\n>\n<p>words and words, and words</p>\n"
    assert regions(scan(page)) == [("javascript", "\nx = '</scripts>';\n" + JAVASCRIPT)]
