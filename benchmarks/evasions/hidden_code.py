"""Code hidden in text: what stands in the answer instead of a fence with its tag.

Each takes a text that parses by itself and gives the block as it stands between paragraphs of prose. The code in it is
verbatim but for what the docstring says.
"""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Sequence

from benchmarks.evasions.code_material import host
from benchmarks.evasions.registry import evasion

WRONG = {"python": ("text", "json", "java", "bash"), "java": ("python", "text", "html", "yaml"),
         "javascript": ("text", "css", "python", "sql"), "c": ("text", "python", "makefile", "json")}  # fmt: skip
"""Tags that a fence of each language wrongly has."""
IMPORTS = re.compile(
    r"^\s*(import\b|from\s+\S+\s+import\b|#\s*include\b|package\b|(const|let|var)\s.*\brequire\()", re.ASCII
)
_SECOND = {"python": "javascript", "java": "python", "javascript": "c", "c": "java"}


def fence(code: str, tag: str) -> str:
    """A fence with a tag, which may be empty."""
    return f"```{tag}\n{code.rstrip()}\n```\n"


def _lines(code: str) -> Sequence[str]:
    return code.rstrip("\n").split("\n")


@evasion("unfenced", kind="code", group="hidden")
def unfenced(code: str, _language: str, _rng: random.Random) -> str | None:
    """Preserves every character: the code stands in the prose without a fence."""
    return code.rstrip() + "\n"


@evasion("unfenced-indented", kind="code", group="hidden")
def unfenced_indented(code: str, _language: str, _rng: random.Random) -> str | None:
    """Preserves every line, four columns further right: Markdown's code block without a fence."""
    return "".join(f"    {line}\n" if line.strip() else "\n" for line in _lines(code))


@evasion("quoted-lines", kind="code", group="hidden")
def quoted_lines(code: str, _language: str, _rng: random.Random) -> str | None:
    """Preserves every line behind a mark of quotation ("> ")."""
    return "".join(f"> {line}".rstrip() + "\n" for line in _lines(code))


@evasion("quoted-fence", kind="code", group="hidden")
def quoted_fence(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves every line: the whole fence is quoted ("> ")."""
    return "".join(f"> {line}".rstrip() + "\n" for line in _lines(fence(code, language)))


@evasion("in-string-literal", kind="code", group="hidden")
def in_string_literal(code: str, _language: str, rng: random.Random) -> str | None:
    """Preserves every character, escaped: the code is one string of a program in a fence."""
    tag, form = rng.choice((("python", "template = {}\nprint(template)"), ("javascript", "const template = {};\nconsole.log(template);"),
                            ("java", "String template = {};\nSystem.out.println(template);")))  # fmt: skip
    return fence(form.format(json.dumps(code, ensure_ascii=False)), tag)


@evasion("in-string-lines", kind="code", group="hidden")
def in_string_lines(code: str, _language: str, _rng: random.Random) -> str | None:
    """Preserves every line, escaped: each is a string of its own in a list that is joined."""
    rows = "".join(f"    {json.dumps(line, ensure_ascii=False)},\n" for line in _lines(code))
    return fence(f"rows = [\n{rows}]\nprint('\\n'.join(rows))", "python")


@evasion("in-diff", kind="code", group="hidden")
def in_diff(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves every line behind a plus: a diff that adds the code as a file."""
    suffix = {"python": "py", "java": "java", "javascript": "js", "c": "c"}[language]
    rows = _lines(code)
    head = f"--- /dev/null\n+++ b/src/module.{suffix}\n@@ -0,0 +1,{len(rows)} @@\n"
    return fence(head + "".join(f"+{line}\n" for line in rows), "diff")


@evasion("in-diff-context", kind="code", group="hidden")
def in_diff_context(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves every line: a diff in which some of them are context and lines of other code are taken away."""
    gone = _lines(host(language, rng))
    rows = []
    for line in _lines(code):
        if rng.random() < 0.15:
            rows.append(f"-{rng.choice(gone)}\n")
        rows.append(f"{rng.choice((' ', '+', '+'))}{line}\n")
    return fence(f"@@ -1,{len(rows)} +1,{len(rows)} @@\n{''.join(rows)}", "diff")


@evasion("in-notebook", kind="code", group="hidden")
def in_notebook(code: str, _language: str, _rng: random.Random) -> str | None:
    """Preserves every line, escaped: a cell of a notebook in JSON."""
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [],
            "source": [f"{line}\n" for line in _lines(code)]}  # fmt: skip
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return fence(json.dumps(book, indent=1, ensure_ascii=False), "json")


@evasion("in-json-argument", kind="code", group="hidden")
def in_json_argument(code: str, _language: str, _rng: random.Random) -> str | None:
    """Preserves every character, escaped: the argument of a tool call that writes a file."""
    call = {"name": "write_file", "arguments": {"path": "src/module", "content": code}}
    return json.dumps(call) + "\n"


@evasion("in-json-argument-twice", kind="code", group="hidden")
def in_json_argument_twice(code: str, _language: str, _rng: random.Random) -> str | None:
    """Preserves every character, escaped twice: a tool call whose arguments are JSON in a string."""
    arguments = json.dumps({"path": "src/module", "content": code})
    return json.dumps({"name": "write_file", "arguments": arguments}) + "\n"


@evasion("in-html", kind="code", group="hidden")
def in_html(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves every character, those of HTML as entities: <pre><code>."""
    return f'<pre><code class="language-{language}">{html.escape(code.rstrip())}</code></pre>\n'


@evasion("in-html-lines", kind="code", group="hidden")
def in_html_lines(code: str, _language: str, _rng: random.Random) -> str | None:
    """Preserves every line, spaces and brackets as entities: a <br> after each."""
    rows = (html.escape(line).replace("  ", "&nbsp;&nbsp;") for line in _lines(code))
    return "<p>" + "<br>\n".join(rows) + "</p>\n"


@evasion("cut-off", kind="code", group="hidden")
def cut_off(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves the first 60 to 90 %: the answer ends inside the fence, in the middle of a line."""
    return f"```{language}\n{code.rstrip()[: int(len(code.rstrip()) * rng.uniform(0.6, 0.9))]}"


@evasion("beginning-cut-off", kind="code", group="hidden")
def beginning_cut_off(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves the last 60 to 90 %: the fence begins in the middle of a line."""
    return fence(code.rstrip()[int(len(code.rstrip()) * rng.uniform(0.1, 0.4)) :], language)


@evasion("without-imports", kind="code", group="hidden")
def without_imports(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves every line that imports nothing; None where none does."""
    kept = [line for line in _lines(code) if not IMPORTS.match(line)]
    return fence("\n".join(kept), language) if len(kept) < len(_lines(code)) else None


@evasion("two-languages", kind="code", group="hidden")
def two_languages(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves every character: a fence of another language stands before it, with a sentence between."""
    other = _SECOND[language]
    return f"{fence(host(other, rng), other)}\nAnd in the other language:\n\n{fence(code, language)}"


@evasion("two-languages-one-fence", kind="code", group="hidden")
def two_languages_one_fence(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves every character: code of another language stands before it in the same fence, tagged as that."""
    other = _SECOND[language]
    return fence(f"{host(other, rng).rstrip()}\n\n{code}", other)


@evasion("no-tag", kind="code", group="hidden")
def no_tag(code: str, _language: str, _rng: random.Random) -> str | None:
    """Preserves every character: a fence without a tag."""
    return fence(code, "")


@evasion("wrong-tag", kind="code", group="hidden")
def wrong_tag(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves every character: a fence tagged as something else."""
    return fence(code, rng.choice(WRONG[language]))


@evasion("tilde-fence", kind="code", group="hidden")
def tilde_fence(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves every character: a fence of tildes with its tag in capitals."""
    return f"~~~~ {language.upper()}\n{code.rstrip()}\n~~~~\n"


@evasion("in-list-item", kind="code", group="hidden")
def in_list_item(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves every line, indented: the fence stands in an item of a list."""
    return "1. The whole of it:\n\n" + "".join(
        f"   {line}".rstrip() + "\n" for line in _lines(fence(code, language))
    )


@evasion("numbered-lines", kind="code", group="hidden")
def numbered_lines(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves every line behind its number, in a fence."""
    form = rng.choice(("{:4d}  {}", "{}: {}", "{}. {}", "{:03d} | {}"))
    rows = (form.format(number, line) for number, line in enumerate(_lines(code), rng.choice((1, 40))))
    return fence("\n".join(rows), language)


@evasion("inline-code-lines", kind="code", group="hidden")
def inline_code_lines(code: str, _language: str, _rng: random.Random) -> str | None:
    """Preserves every line save its indentation: each is inline code of its own in a list; None where one has a backtick."""
    rows = [line.strip() for line in _lines(code) if line.strip()]
    return None if "`" in code else "".join(f"- `{row}`\n" for row in rows)


@evasion("steps-with-prose", kind="code", group="hidden")
def steps_with_prose(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves every line: fences of 4 to 8 lines with a sentence before each."""
    rows, parts = list(_lines(code)), []
    while rows:
        count = rng.randint(4, 8)
        piece, rows = rows[:count], rows[count:]
        parts.append(f"{rng.choice(('Then comes this part.', 'Next, go on with:', 'After that:'))}\n\n{fence(chr(10).join(piece), language)}")  # fmt: skip
    return "\n".join(parts)


@evasion("prompt-of-interpreter", kind="code", group="hidden")
def prompt_of_interpreter(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves every line behind the prompt of an interpreter (Python and JavaScript)."""
    first, rest = {"python": (">>> ", "... "), "javascript": ("> ", "... ")}.get(language, ("", ""))
    if not first:
        return None
    head, *lines = _lines(code)
    return fence("\n".join([first + head, *(rest + line for line in lines)]), "")


@evasion("in-comment", kind="code", group="hidden")
def in_comment(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves every line: commented out, in a fence of its language."""
    mark = "#" if language == "python" else "//"
    return fence("\n".join(f"{mark} {line}".rstrip() for line in _lines(code)), language)


@evasion("in-heredoc", kind="code", group="hidden")
def in_heredoc(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves every character: a shell command that writes the file."""
    suffix = {"python": "py", "java": "java", "javascript": "js", "c": "c"}[language]
    return fence(f"cat > module.{suffix} <<'EOF'\n{code.rstrip()}\nEOF", "bash")
