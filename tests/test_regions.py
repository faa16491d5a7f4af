"""Lines of a region that are longer than any recursion goes deep."""

import pytest

from simblock.detection import LINE
from simblock.fences import PIECE, FenceScanner, Stretch
from tests.outputs import regions, scan

LONG = 1100 * LINE
"""More stretches of LINE characters than calls may stand on one another."""
OPENINGS = {
    "a fence without a tag": "```\n",
    "a fence without a tag, its language known": "```\nimport os\nimport sys\n",
    "a diff": "```diff\n@@ -1 +1 @@\n+",
    "a diff of a file": "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n+",
    "a prompt": "```python\n>>> ",
    "line numbers": "```\n1 | import os\n2 | import sys\n3 | x = ",
    "a quotation": "> import os\n> import sys\n> x = ",
    "no fence": "import os\nimport sys\nx = ",
    "markup": "<pre>import os\nimport sys\nx = ",
}


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS)
def test_a_line_may_be_a_million_characters_long(opening: str) -> None:
    for body in ("a+", "word "):
        text = opening + body * (LONG // len(body))
        assert regions(scan(text)) == regions(scan(text, (LONG // 2,)))


def test_a_long_line_is_given_on_to_its_last_character() -> None:
    text = "```\n" + "import os\n" * 3 + "a+" * (LONG // 2)
    assert "".join(s.text for s in scan(text)) == text[4:]


def test_an_output_at_one_go_is_read_by_the_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = 0
    read = FenceScanner._lines

    def measuring(self: FenceScanner, chunk: str, out: list[Stretch]) -> str:
        nonlocal longest
        longest = max(longest, len(chunk))
        return read(self, chunk, out)

    monkeypatch.setattr(FenceScanner, "_lines", measuring)
    text = "Some words stand here.\n" * 5000
    assert scan(text) == []
    assert longest <= PIECE + LINE
