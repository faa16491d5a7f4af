"""Settings: arguments over the environment, and what cannot be meant is named."""

from pathlib import Path

import pytest

from simblock.errors import UsageError
from simblock.serving.settings import Settings


def test_a_setting_is_an_argument_else_a_variable(monkeypatch):
    monkeypatch.setenv("SIMBLOCK_INDEX", "/books.sbx")
    monkeypatch.setenv("SIMBLOCK_ENDING", "stop")
    monkeypatch.setenv("SIMBLOCK_REGENERATE", "3")
    assert Settings().index == ("/books.sbx",)
    assert Settings().ending == "stop"
    assert Settings(regenerate=1).regenerate == 1
    assert Settings(index=("a", "b")).index == ("a", "b")


def test_several_indexes_are_a_json_list_in_a_variable(monkeypatch):
    monkeypatch.setenv("SIMBLOCK_INDEX", '["/a b.sbx", "redis://localhost/0?tenant=x"]')
    assert Settings().index == ("/a b.sbx", "redis://localhost/0?tenant=x")


def test_fields_of_the_policy_are_none_of_the_settings(monkeypatch):
    monkeypatch.setenv("SIMBLOCK_POLICY__TEXT__MIN_TOKENS", "40")
    assert Settings().policy is None
    monkeypatch.setenv("SIMBLOCK_POLICY", "policy.toml")
    assert Settings().policy == Path("policy.toml")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SIMBLOCK_ENDING", "never"),
        ("SIMBLOCK_REGENERATE", "many"),
        ("SIMBLOCK_REWRITE_TIMEOUT", "0"),
        ("SIMBLOCK_PASS_ROUTES", "[nonsense"),
        ("SIMBLOCK_GENERATION_ROUTES", "nonsense"),
    ],
)
def test_a_variable_that_cannot_be_meant_is_named(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=variable):
        Settings()


def test_an_argument_that_is_unknown_is_named():
    with pytest.raises(UsageError, match="endings"):
        Settings(endings="stop")
