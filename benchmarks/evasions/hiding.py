"""Text hidden in code and in data: comments, strings, rows, markup."""

from __future__ import annotations

import html
import json
import random
import re
import textwrap
from collections.abc import Callable

from benchmarks.evasions.passage import sentences
from benchmarks.evasions.registry import evasion

WIDTH = 68
"""Characters of a line of text in a comment: about eleven words."""
LONG, SHORT = 100, 40
_Hide = Callable[[str, random.Random], str]
_Make = Callable[[_Hide], _Hide]


def hidden(name: str, gate: str | None = "hidden") -> _Make:
    """Enters a way to hide text; without a gate are those that put something beside nearly every word."""
    return evasion(name, kind="text", group="hidden", gate=gate)


def rows(text: str, width: int = WIDTH) -> list[str]:
    """The text as lines of at most so many characters, cut at white space."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def fenced(code: str, tag: str) -> str:
    """The code in a fence of Markdown."""
    return f"```{tag}\n{code}\n```"


def escaped(text: str) -> str:
    """The text as it stands between double quotes in Python, Java, JavaScript and C."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _commented(before: str, code: tuple[str, str], tag: str) -> _Hide:
    def make(text: str, rng: random.Random) -> str:
        head, tail = code
        width = rng.choice((SHORT, WIDTH, LONG))
        comment = "\n".join(f"{before} {line}" for line in rows(text, width))
        return fenced(f"{head}\n{comment}\n{tail}", tag)

    return make


_PYTHON = ("import sys\n", "def main():\n    return len(sys.argv)")
_C = ("#include <stdio.h>\n", 'int main(void) {\n    return puts("ready");\n}')
_SQL = ("SELECT 1;", "SELECT 2;")
_COMMENTS = {
    "comment-hash": ("#", _PYTHON, "python", "comments of Python"),
    "comment-slashes": ("//", _C, "c", "comments of C"),
    "comment-slashes-doc": ("///", ("use std::env;\n", "fn main() {}"), "rust", "comments of Rust's documentation"),
    "comment-dashes": ("--", _SQL, "sql", "comments of SQL"),
    "comment-percent": ("%", ("\\documentclass{article}", "\\begin{document}\n\\end{document}"), "latex", "comments of LaTeX"),
    "comment-semicolons": (";;", ("(require 'cl)", "(message \"ready\")"), "lisp", "comments of Lisp"),
}  # fmt: skip
for _name, (_before, _code, _tag, _what) in _COMMENTS.items():
    _make = _commented(_before, _code, _tag)
    _make.__doc__ = f"Lines of {_what} ({_before}), 40 to 100 characters wide; words, marks and order stay."
    hidden(_name)(_make)


@hidden("comment-block")
def _block(text: str, _: random.Random) -> str:
    """A /* */ comment of C, a star at the head of each line; words, marks and order stay."""
    safe = text.replace("*/", "* /")
    comment = "\n".join(f" * {line}" for line in rows(safe))
    return fenced(f"{_C[0]}\n/*\n{comment}\n */\n{_C[1]}", "c")


@hidden("comment-block-plain")
def _plain_block(text: str, _: random.Random) -> str:
    """A /* */ comment of JavaScript as it is; words, marks and order stay."""
    safe = text.replace("*/", "* /")
    return fenced(f"/* {safe} */\nexport const ready = true;", "javascript")


@hidden("comment-trailing", gate=None)
def _trailing(text: str, _: random.Random) -> str:
    """A comment of four words behind every line of code; words, marks and order stay, code comes between."""
    words = text.split()
    lines = (
        f"step_{at} = measure({at})  # {' '.join(words[at * 4 : at * 4 + 4])}"
        for at in range((len(words) + 3) // 4)
    )
    return fenced("\n".join(lines), "python")


@hidden("comment-html")
def _html_comment(text: str, _: random.Random) -> str:
    """A comment of HTML; words, marks and order stay."""
    return fenced(f"<main>\n<!-- {text.replace('--', '- -')} -->\n</main>", "html")


@hidden("docstring")
def _docstring(text: str, _: random.Random) -> str:
    """The docstring of a Python function, wrapped and indented; words, marks and order stay."""
    safe = text.replace("\\", "\\\\").replace('"""', "'''")
    body = "\n".join(f"    {line}" for line in rows(safe))
    return fenced(f'def story():\n    """\n{body}\n    """\n    return None', "python")


@hidden("docstring-java")
def _javadoc(text: str, _: random.Random) -> str:
    """The documentation comment of a Java method; words, marks and order stay."""
    body = "\n".join(f"     * {line}" for line in rows(text.replace("*/", "* /")))
    return fenced(f"class Story {{\n    /**\n{body}\n     */\n    void tell() {{\n    }}\n}}", "java")


@hidden("string-literal")
def _literal(text: str, _: random.Random) -> str:
    """One escaped string literal of Python; read, it is the text as it was."""
    return fenced(f'TEXT = "{escaped(text)}"\nprint(TEXT)', "python")


@hidden("string-literal-java")
def _java_literal(text: str, _: random.Random) -> str:
    """One escaped string literal of Java, letters beyond ASCII by their number; read, it is the text as it was."""
    return fenced(f"class Story {{\n    static final String TEXT = {json.dumps(text)};\n}}", "java")


@hidden("string-triple")
def _triple(text: str, _: random.Random) -> str:
    """A string in three quotation marks; words, marks and layout stay."""
    safe = text.replace("\\", "\\\\").replace('"""', "'''")
    return fenced(f'TEXT = """{safe}\n"""\nprint(TEXT)', "python")


@hidden("string-template")
def _template(text: str, _: random.Random) -> str:
    """A template literal of JavaScript; words, marks and layout stay."""
    safe = text.replace("\\", "\\\\").replace("`", "'").replace("${", "$ {")
    return fenced(f"const text = `{safe}`;\nconsole.log(text);", "javascript")


@hidden("string-concatenated")
def _concatenated(text: str, _: random.Random) -> str:
    """Literals of a line each, added up with + in Java; words, marks and order stay."""
    parts = " +\n        ".join(f'"{escaped(line)} "' for line in rows(text)) or '""'
    return fenced(f"class Story {{\n    String text =\n        {parts};\n}}", "java")


@hidden("string-adjacent")
def _adjacent(text: str, _: random.Random) -> str:
    """Literals of a line each, one under the other in parentheses, as Python joins them; words and order stay."""
    parts = "\n".join(f'    "{escaped(line)} "' for line in rows(text))
    return fenced(f"TEXT = (\n{parts}\n)", "python")


@hidden("string-list")
def _listed(text: str, _: random.Random) -> str:
    """A list of strings, a line each; words, marks and order stay."""
    parts = "\n".join(f'    "{escaped(line)}",' for line in rows(text))
    return fenced(f"LINES = [\n{parts}\n]\nprint(' '.join(LINES))", "python")


@hidden("string-list-words")
def _listed_words(text: str, _: random.Random) -> str:
    """A list of strings, a word each; words, their marks and order stay."""
    parts = ", ".join(f'"{escaped(word)}"' for word in text.split())
    return fenced(f"WORDS = [{parts}]\nprint(' '.join(WORDS))", "python")


@hidden("dictionary-words")
def _numbered(text: str, _: random.Random) -> str:
    """A dictionary of lines by number; words, marks and order stay, a number a line comes in."""
    parts = "\n".join(f'    {at}: "{escaped(line)}",' for at, line in enumerate(rows(text)))
    return fenced(f"LINES = {{\n{parts}\n}}", "python")


@hidden("json-arguments")
def _arguments(text: str, _: random.Random) -> str:
    """The arguments of a tool call, as JSON, letters beyond ASCII by their number; read, it is the text."""
    return json.dumps({"path": "notes/story.txt", "content": text, "overwrite": True})


@hidden("json-nested")
def _nested(text: str, _: random.Random) -> str:
    """A list of paragraphs in JSON that is a string within JSON: escaped twice; words and order stay."""
    inner = json.dumps({"paragraphs": sentences(text)})
    return json.dumps({"name": "write_file", "arguments": inner})


@hidden("json-objects")
def _objects(text: str, _: random.Random) -> str:
    """A list of JSON objects, a line each with its number; words, marks and order stay, field names come in."""
    found = [{"line": at, "text": line} for at, line in enumerate(rows(text, LONG), 1)]
    return fenced(json.dumps(found, indent=2, ensure_ascii=False), "json")


def _sql(text: str) -> str:
    return text.replace("'", "''")


@hidden("sql-inserts")
def _inserts(text: str, _: random.Random) -> str:
    """An INSERT of SQL for each line of 100 characters; words, marks and order stay, the statement comes between."""
    lines = (
        f"INSERT INTO notes (id, body) VALUES ({at}, '{_sql(line)}');"
        for at, line in enumerate(rows(text, LONG), 1)
    )
    return fenced("\n".join(lines), "sql")


@hidden("sql-insert-rows")
def _insert_rows(text: str, _: random.Random) -> str:
    """One INSERT of SQL with a row for each line; words, marks and order stay, a number a line comes in."""
    lines = ",\n".join(f"  ({at}, '{_sql(line)}')" for at, line in enumerate(rows(text), 1))
    return fenced(f"INSERT INTO notes (id, body) VALUES\n{lines};", "sql")


_PRINTS = {
    "print-lines": ("print({})", "python", "print statements of Python"),
    "print-lines-c": ('    printf("%s\\n", {});', "c", "calls of C's printf"),
    "print-lines-java": ("        System.out.println({});", "java", "calls of Java's println"),
    "print-lines-javascript": ("console.log({});", "javascript", "calls of console.log"),
    "print-lines-shell": ("echo {}", "bash", "echoes of a shell"),
}


def _prints(call: str, tag: str) -> _Hide:
    def make(text: str, _: random.Random) -> str:
        lines = (call.replace("{}", f'"{escaped(line)}"') for line in rows(text))
        return fenced("\n".join(lines), tag)

    return make


for _name, (_call, _tag, _what) in _PRINTS.items():
    _make = _prints(_call, _tag)
    _make.__doc__ = f"{_what.capitalize()}, a line each of about eleven words; words, marks and order stay, the call comes between."
    hidden(_name)(_make)


@hidden("fence")
def _fence(text: str, _: random.Random) -> str:
    """A fence without a tag; words, marks and layout stay."""
    return fenced(text.replace("```", "'''"), "")


@hidden("fence-wrong-language")
def _wrong(text: str, rng: random.Random) -> str:
    """A fence that says it is code of some language; words, marks and layout stay."""
    tags = ("python", "java", "javascript", "c", "cpp", "go", "rust", "sql", "brainfuck", "diff")
    return fenced(text.replace("```", "'''"), rng.choice(tags))


@hidden("diff")
def _diff(text: str, _: random.Random) -> str:
    """Added lines of a diff; words, marks and order stay."""
    lines = rows(text)
    head = f"--- a/story.txt\n+++ b/story.txt\n@@ -0,0 +1,{len(lines)} @@"
    return fenced("\n".join([head, *(f"+{line}" for line in lines)]), "diff")


@hidden("heredoc")
def _heredoc(text: str, _: random.Random) -> str:
    """What a shell script writes to a file; words, marks and order stay."""
    body = "\n".join(rows(text))
    return fenced(f"cat > story.txt <<'END'\n{body}\nEND", "bash")


@hidden("yaml-block")
def _yaml(text: str, _: random.Random) -> str:
    """A block scalar of YAML; words, marks and order stay."""
    body = "\n".join(f"  {line}" for line in rows(text))
    return fenced(f"title: notes\nbody: |\n{body}\n", "yaml")


@hidden("yaml-list")
def _yaml_list(text: str, _: random.Random) -> str:
    """A list of YAML, a line each; words, marks and order stay."""
    body = "\n".join(f'  - "{escaped(line)}"' for line in rows(text))
    return fenced(f"lines:\n{body}", "yaml")


@hidden("csv-rows")
def _csv(text: str, _: random.Random) -> str:
    """Rows of CSV with a number and a line each; words, marks and order stay, a number a line comes in."""
    quoted = (line.replace('"', '""') for line in rows(text))
    body = "\n".join(f'{at},"{line}"' for at, line in enumerate(quoted, 1))
    return fenced(f"id,text\n{body}", "csv")


@hidden("csv-words")
def _csv_words(text: str, _: random.Random) -> str:
    """Rows of CSV, eight words in eight columns; words, their marks and order stay."""
    words = [f'"{word}"' for word in text.replace('"', "'").split()]
    body = "\n".join(",".join(words[at : at + 8]) for at in range(0, len(words), 8))
    return fenced(f"a,b,c,d,e,f,g,h\n{body}", "csv")


def _marked(text: str) -> str:
    return html.escape(text, quote=False)


@hidden("html-paragraphs")
def _paragraphs(text: str, _: random.Random) -> str:
    """A paragraph of HTML for each sentence (clause, where there are under three); words, marks and order stay."""
    return "\n".join(f"<p>{_marked(one)}</p>" for one in sentences(text))


@hidden("html-escaped")
def _html_escaped(text: str, _: random.Random) -> str:
    """One paragraph of HTML, apostrophes and quotation marks as references; a browser shows the text as it was."""
    return f"<p>{html.escape(text)}</p>"


@hidden("html-lines")
def _html_lines(text: str, rng: random.Random) -> str:
    """Lines of HTML in spans with a class, broken by br; words, marks and order stay, names of marks come between."""
    name = rng.choice(("verse", "line", "note"))
    return "\n".join(f'<span class="{name}">{_marked(line)}</span><br>' for line in rows(text))


@hidden("html-words", gate=None)
def _html_words(text: str, _: random.Random) -> str:
    """Every word of HTML in italics; words, marks and order stay, the name of the mark comes on both sides."""
    return " ".join(f"<i>{_marked(word)}</i>" for word in text.split())


@hidden("latex")
def _latex(text: str, _: random.Random) -> str:
    """A quotation in LaTeX, its marks escaped, a break at each line; words, marks and order stay."""
    safe = re.sub(r"([%&$#_{}])", r"\\\1", text.replace("\\", "/"))
    body = " \\\\\n".join(rows(safe))
    return fenced(f"\\begin{{quotation}}\n\\textit{{{body}}}\n\\end{{quotation}}", "latex")


@hidden("latex-words", gate=None)
def _latex_words(text: str, _: random.Random) -> str:
    r"""Every third word in an \emph of LaTeX; words, marks and order stay, the command comes between."""
    safe = re.sub(r"([%&$#_{}])", r"\\\1", text.replace("\\", "/"))
    words = (f"\\emph{{{word}}}" if at % 3 == 2 else word for at, word in enumerate(safe.split()))
    return fenced(" ".join(words), "latex")
