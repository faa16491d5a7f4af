"""What closes a page's code hides no code behind it from the lexer, where it stands in a comment."""

from __future__ import annotations

import pytest

from simblock.guard import Guard
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.languages.cases import cases

COPY = cases("php").program
HEADS = ("// ends at ?> tag\n", "# prints <?= 1 ?> here\n")


def decision(work: str, output: str) -> str:
    guard = Guard(MemoryIndex([Document(Work("w", kind="code", language="php"), work)]))
    return guard.check(f"```php\n{output}```\n").decision


@pytest.mark.parametrize("head", HEADS)
def test_a_comment_that_names_the_mark_hides_nothing_of_an_answer_or_of_a_work(head: str) -> None:
    assert decision(COPY.original, head + COPY.renamed) == "stop"
    assert decision(head + COPY.original, COPY.renamed) == "stop"
