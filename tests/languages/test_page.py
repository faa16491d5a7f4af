"""The page of languages names every language as its grammar does."""

from __future__ import annotations

from pathlib import Path

import pytest

from simblock.grammar import grammar, languages
from tests.languages import cases

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
    assert not (missing := [written(one, "…") for one in languages() if f"`{one}`" not in rows()]), missing
    assert [cells(line)[0] for line in listed()[2:]] == [f"`{language}`" for language in languages()]


def rows() -> dict[str, list[str]]:
    return {cells(line)[0]: cells(line) for line in listed()[2:]}


def written(language: str, size: str) -> str:
    name, parser, *names = row(language)
    line = " | ".join([name, parser, size if grammar(language).syntax.module else "", *names])
    return f"| {line} |".replace("|  |", "| |")


def test_a_wrong_field_of_the_cases_is_told_with_its_file_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (cases.FOLDER / "zig.toml").read_text("utf-8")
    (tmp_path / "zig.toml").write_text(text.replace("laid_out = ", "layed_out = "), "utf-8")
    monkeypatch.setattr(cases, "FOLDER", tmp_path)
    monkeypatch.setattr(cases, "_read", cases._read.__wrapped__)
    with pytest.raises(
        pytest.fail.Exception, match=r"^tests/languages/zig\.toml: copy\.laid_out: Field required: .*$"
    ):
        cases.cases("zig")


def test_a_row_that_is_missing_is_shown_as_it_should_be() -> None:
    text = PAGE.read_text("utf-8")
    assert written("css", "") in text
    assert written("zig", "0.8") in text


@pytest.mark.parametrize("language", languages())
def test_a_row_says_what_the_grammar_says(language: str) -> None:
    assert f"`{language}`" in rows(), f"write: {written(language, '…')}, with the parser's MB"
    name, parser, size, *names = rows()[f"`{language}`"]
    assert (name, parser, *names) == row(language), f"write: {written(language, size)}"
    assert (float(size) > 0) if grammar(language).syntax.module else size == ""
