"""The page of languages names every language as its grammar does."""

from __future__ import annotations

from pathlib import Path

import pytest

from simblock.grammar import grammar, languages

PAGE = Path(__file__).parents[2] / "docs" / "languages.md"
MOST = 16
"""Tags or extensions, beyond which the page names the file."""
HEAD = ["| language | parser | MB | extensions | other names on fences |", "| --- | --- | --- | --- | --- |"]


def listed() -> list[str]:
    text = PAGE.read_text("utf-8")
    part = text.split("<!-- languages:")[1].split("<!-- /languages -->")[0]
    return [line for line in part.splitlines() if line.startswith("|")]


def shown(names: tuple[str, ...], language: str) -> str:
    if len(names) > MOST:
        return f"{len(names)}: see `grammars/{language}.toml`"
    return " ".join(f"`{name}`" for name in names)


def row(language: str) -> tuple[str, ...]:
    rules = grammar(language)
    module = rules.syntax.module.replace("_", "-")
    return (
        f"`{language}`",
        module or "lexer alone",
        shown(rules.extensions, language),
        shown(rules.tags, language),
    )


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_has_every_language_and_no_other() -> None:
    assert listed()[:2] == HEAD
    assert [cells(line)[0] for line in listed()[2:]] == [f"`{language}`" for language in languages()]


@pytest.mark.parametrize("language", languages())
def test_a_row_says_what_the_grammar_says(language: str) -> None:
    rows = {cells(line)[0]: cells(line) for line in listed()[2:]}
    name, parser, size, *names = rows[f"`{language}`"]
    wanted = row(language)
    assert (name, parser, *names) == wanted, f"write: | {' | '.join([*wanted[:2], size, *wanted[2:]])} |"
    assert (float(size) > 0) if grammar(language).syntax.module else size == ""
