"""Which characters of an output are code: whatever they stand in, however the output is cut."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock import detection
from simblock.fences import FenceScanner
from simblock.regions import BACK
from tests.outputs import (
    CODE,
    JAVA,
    MORE,
    PROSE,
    PYTHON,
    C,
    as_diff,
    characters,
    fenced,
    notebook,
    regions,
    scan,
)

NOTHING = {
    "prose": PROSE + MORE,
    "a list": "- first of all, look at it\n- then think (twice)\n1. import a friend\n2. return home; rest\n",
    "inline code": "Call `foo(x)` and `bar.baz()` and see what `x = 1` gives you back.\n" * 4,
    "a table": "| name | value |\n| --- | --- |\n| x | 1 |\n| y | 2 |\n| z | 3 |\n",
    "a poem": "So long as men can breathe or eyes can see,\nSo long lives this, and this gives life to thee.\n"
    * 3,
    "keywords in prose": "for example in the following:\nif you do this,\nwhile the others wait.\nimport duties\n",
    "letters": "Dear Sir,\n\nthank you for your letter (of the 5th); it came today.\n\nYours,\nA. B.\n",
    "headings": "# Title\n\n## Part one\n\nSome words stand here.\n\n### Part two\n\nSome more of them.\n",
    "numbers": "1: 20\n2: 30\n3: 40\n\n12 + 30 = 42\n",
    "JSON": '{\n  "name": "x",\n  "source": "web",\n  "size": 3\n}\n',
    "prose in JSON": json.dumps({"answer": (PROSE + MORE) * 5, "more": "yes"}),
    "another language of prose": "这是一个例子。\n这里没有代码，只有文字。\n" * 4,
    "a tag in prose": "Use the <script> tag for that, as it says in the manual.\n" * 3,
}


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING.keys())
def test_what_is_not_code_is_not_taken_for_code(text: str) -> None:
    assert scan(text) == []


@pytest.mark.parametrize("language", CODE)
@pytest.mark.parametrize("mark", ["```", "````", "~~~", "~~~~~~"])
def test_a_fence_with_its_tag_gives_exactly_its_characters(language: str, mark: str) -> None:
    text = PROSE + fenced(CODE[language], language, mark) + MORE
    found = scan(text)
    assert regions(found) == [(language, CODE[language])]
    assert all(text[s.start : s.end] == s.text for s in found)


def test_in_a_fence_with_a_tag_characters_are_given_as_they_come() -> None:
    scanner = FenceScanner()
    scanner.feed("```python\n")
    assert "".join(s.text for s in scanner.feed("x = f")) == "x = f"
    assert "".join(s.text for s in scanner.feed("oo\n  ")) == "oo\n"
    assert "".join(s.text for s in scanner.feed("y")) == "  y"


@pytest.mark.parametrize("language", CODE)
def test_a_fence_without_a_tag_shows_its_language_by_its_lines(language: str) -> None:
    assert regions(scan(PROSE + fenced(CODE[language]) + MORE)) == [(language, CODE[language])]


@pytest.mark.parametrize("language", CODE)
def test_a_tag_that_the_lines_contradict_is_put_right_from_the_first_character(language: str) -> None:
    wrong = "java" if language == "python" else "python"
    code = CODE[language] * 3
    found = regions(scan(fenced(code, wrong)))
    assert [name for name, _ in found] == [wrong, language]
    assert found[1][1] == code


@pytest.mark.parametrize("language", CODE)
def test_a_right_tag_is_never_put_wrong(language: str) -> None:
    assert len(regions(scan(fenced(CODE[language] * 20, language)))) == 1


@pytest.mark.parametrize("language", CODE)
def test_code_without_a_fence_is_found_from_its_first_line_to_its_last(language: str) -> None:
    ((found, code),) = regions(scan(PROSE + CODE[language] + MORE))
    assert found == language
    assert code.rstrip("\n") == CODE[language].rstrip("\n")


def test_a_docstring_does_not_end_code_without_a_fence() -> None:
    doc = 'def f(x):\n    """Do it.\n\nThis line is prose that stands at the margin, in a docstring.\n    """\n    return x\n'
    ((_, code),) = regions(scan(PROSE + doc + "\n" + PYTHON + MORE))
    assert code.rstrip("\n") == (doc + "\n" + PYTHON).rstrip("\n")


BARE = "".join(line for line in PYTHON.splitlines(keepends=True) if '"""' not in line) * 2
WORDS = {
    "at the margin": "This module says what it does in line {}, and why it does.\n",
    "indented": "    It goes on in line {} with what it does.\n",
    "a list": "- item {}; see below (and above)\n",
    "short lines": "line {}\n",
}


def docstring(lines: int, words: str, first: str = "Do things.") -> str:
    return f'"""{first}\n' + "".join(words.format(n) for n in range(lines - 2)) + '"""\n'


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS.keys())
@pytest.mark.parametrize("before", ["", PROSE])
@pytest.mark.parametrize("first", ["", "Do things.", "Interface to the library of what is done here."])
def test_code_without_a_fence_is_found_behind_its_docstring_however_long(
    before: str, words: str, first: str
) -> None:
    for lines in (*range(3, 14), 20, 39, 40, 41, 42, 43, 60, 80, 300):
        head = docstring(lines, words, first)
        ((_, code),) = regions(scan(before + head + BARE + MORE))
        assert code.rstrip("\n") in ((head + BARE).rstrip("\n"), BARE.rstrip("\n") if lines > 40 else "")


def test_strings_that_read_like_prose_do_not_end_code_without_a_fence() -> None:
    names = "           'first', 'second', 'third', 'fourth', 'fifth',\n" * 4
    told = "        'Cannot be given together with any other of these options, '\n" * 4
    code = f"{BARE}__all__ = ['one',\n{names}           'last']\n\nshow(option,\n{told}        'so leave it out.')\n{BARE}"
    assert regions(scan(code + MORE)) == [("python", code + "\n")]


def test_a_docstring_too_long_to_be_kept_opens_none_where_it_closes() -> None:
    words = ("These are words that say what it does, and how, as far as it is known. " * 2 + "\n") * 29
    head = docstring(6, words + "x = 1\n")
    assert len(head) > 2 * BACK
    assert regions(scan(head + BARE))[-1] == ("python", BARE)


def test_a_comment_whose_beginning_is_forgotten_makes_no_code_of_its_words() -> None:
    words = "These are words that say what it does, and how, as far as it is known. " * 3 + "\n"
    for lines in (20, 39):
        head = '"""Do.\n' + (words * lines + "foo(x)\n") * 2 + '"""\n'
        assert len(head) > BACK
        assert regions(scan(head + BARE)) == [("python", BARE)]


@pytest.mark.parametrize("stray", ['"""\n', "'''\n", "/*\n", '"""So it began.\n'])
def test_a_comment_that_never_closes_hides_no_code_and_makes_none(stray: str) -> None:
    words = stray + (PROSE + MORE) * 30
    assert scan(words) == []
    for code in (BARE, PYTHON * 2):
        assert any(code[:40] in found for _, found in regions(scan(words + code + MORE)))


@pytest.mark.parametrize("language", CODE)
def test_a_fence_in_a_list_or_a_quote_loses_what_stands_before_its_lines(language: str) -> None:
    for before in ("  ", "> ", "> > ", ">   "):
        block = "".join(f"{before}{line}\n" for line in fenced(CODE[language], language).splitlines())
        assert regions(scan("Words.\n\n" + block + "\nMore words.\n")) == [(language, CODE[language])]


def test_a_fence_behind_a_bullet_is_one() -> None:
    text = "- ```python\n  x = 1\n  if x:\n      y = 2\n  ```\n"
    assert regions(scan(text)) == [("python", "x = 1\nif x:\n    y = 2\n")]


@pytest.mark.parametrize("language", CODE)
def test_a_language_given_is_believed_of_every_character(language: str) -> None:
    text = PROSE + fenced(PYTHON, "python") + JAVA
    assert regions(scan(text, language=language)) == [(language, text)]
    assert all(s.when <= s.end for s in scan(text, (3, 50), language))


def test_a_scanner_says_whether_a_region_is_open() -> None:
    scanner = FenceScanner()
    seen = []
    for chunk in (
        "Words.\n",
        "```python\n",
        "x = 1\n",
        "``",
        "`\n",
        "x = f(1)\n",
        "More words, and some more.\n",
    ):
        scanner.feed(chunk)
        seen.append(scanner.inside)
    assert seen == [False, True, True, True, False, False, False]


@pytest.mark.parametrize("language", CODE)
def test_a_file_cut_off_in_the_middle_just_ends(language: str) -> None:
    code = CODE[language]
    for text in (fenced(code, language), PROSE + code):
        for length in range(len(text)):
            assert "".join(s.text for s in scan(text[:length])) in text


def test_an_unclosed_fence_at_the_end_is_no_code() -> None:
    assert regions(scan("```python\nx = 1\n```")) == [("python", "x = 1\n")]
    assert regions(scan("```python\nx = 1\n``")) == [("python", "x = 1\n``")]


PIECES = st.sampled_from(
    [
        PROSE,
        MORE,
        "\n",
        "> ",
        "  ",
        "```",
        "```python\n",
        "~~~\n",
        "```\n",
        "x",
        '"',
        "\\",
        "\r\n",
        "<",
        "&lt;",
        "</pre>",
    ]
    + [
        ">>> ",
        "... ",
        "1 | ",
        "2 | ",
        "@@ -1 +1 @@\n",
        "+++ b/x.c\n",
        "-",
        "+",
        "d",
        "diff --git a/x.js b/x.js\n",
        "#",
    ]
    + [
        "<script>",
        "</script>",
        "<pre>\n",
        '"cell_type": "code",\n',
        '{"a": "\\nif x:\\n  f(1);\\n',
        '"source": [',
        '"a = f(1)\\n",',
        "]\n",
        "a" * 700,
    ]
    + list(CODE.values())
    + [
        fenced(PYTHON),
        fenced(C, "c"),
        fenced(JAVA, "python"),
        as_diff(C, JAVA, "x.c"),
        notebook(("code", PYTHON)),
    ]
    + [line + "\n" for code in CODE.values() for line in code.splitlines()]
)
OUTPUTS = st.lists(PIECES, max_size=14).map("".join)


@settings(max_examples=150, deadline=None)
@given(OUTPUTS, st.data())
def test_how_an_output_is_cut_changes_no_character_and_no_time(text: str, data: st.DataObject) -> None:
    cuts = tuple(sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=30))))
    whole = characters(scan(text))
    assert characters(scan(text, cuts)) == whole
    assert characters(scan(text, tuple(range(1, len(text))))) == whole


@settings(max_examples=60, deadline=None)
@given(OUTPUTS)
def test_a_stretch_depends_on_nothing_that_comes_after_its_time(text: str) -> None:
    whole = characters(scan(text))
    scanner, so_far = FenceScanner(), []
    for i, char in enumerate(text, 1):
        so_far += characters(scanner.feed(char))
        assert so_far == whole[: len(so_far)]
        assert i == len(text) or all(row[5] > i for row in whole[len(so_far) :])


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.characters(codec="utf-8") | st.sampled_from("`~ \n>1|+-"), max_size=300),
    st.sampled_from(sorted(CODE)),
)
def test_in_a_fence_with_a_tag_every_character_is_given_once(content: str, language: str) -> None:
    content = CODE[language] + re.sub("`+", "`", content)
    found = scan(fenced(content + "\n", language))
    assert "".join(s.text for s in found) == content + "\n"
    assert [s.start for s in found[1:]] == [s.end for s in found[:-1]]


def test_each_line_is_judged_once_however_long_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = 0
    look = detection.look

    def counting(line: str) -> detection.Look:
        nonlocal judged
        judged += 1
        return look(line)

    for module in ("fences", "regions", "wrapping"):
        monkeypatch.setattr(f"simblock.{module}.look", counting)
    costs = []
    for text in (PROSE + MORE, "value = compute(first, second)\n", fenced("value = 1\n" * 10, "python")):
        scanner = FenceScanner()
        for times in (1, 50, 50):
            judged = 0
            for _ in range(times):
                scanner.feed(text)
            costs.append(judged / times / text.count("\n"))
    assert max(costs) < 3
    assert all(later <= before for before, later in zip(costs[1::3], costs[2::3], strict=True))


def test_what_is_kept_is_bounded() -> None:
    for line in (
        "value = compute(first, second)\n",
        "x;\n",
        "{\n",
        "words and (words) go on and on\n",
        "a" * 5000,
        "= ",
    ):
        for before in ("", "```\n", "```python\n", "<pre>\n", "> "):
            text = before + line * (30_000 // len(line)) + "\n" + BARE + "```python\n" + BARE
            scanner = FenceScanner()
            for at in range(0, len(text), 50):
                assert all(s.start >= at - BACK - 2048 for s in scanner.feed(text[at : at + 50]))


@pytest.mark.parametrize("mark", [" -  ", "> ", "1.  ", "-  "])
def test_a_line_of_many_marks_is_read_at_once(mark: str) -> None:
    scanner = FenceScanner()
    assert scanner.feed(mark * 200 + "`\n") == []


@pytest.mark.parametrize("tildes", ["~~~~~~~~~~~~~~", "~~~~~~~~~~~~~~~~~~"])
def test_tildes_below_a_heading_open_no_fence(tildes: str) -> None:
    assert scan(f"{PROSE}\nHow it is used\n{tildes}\n\n{PROSE}") == []


def test_tildes_below_a_line_that_is_longer_open_one() -> None:
    assert scan(f"{PROSE}How it is used, in short:\n~~~~\n{CODE['python']}~~~~\n")
