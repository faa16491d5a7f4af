"""The table of what lines say for each language."""

from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from simblock import catalogue
from simblock.catalogue import STRONG, WEAK, known_leanings, leanings, listed
from simblock.errors import SimblockError
from simblock.grammar import languages


def test_every_language_and_expression_of_the_table_is_one() -> None:
    known, rows = known_leanings()
    assert known <= set(languages())
    assert all(known >= row.keys() for row in rows.values())
    patterns = {pattern for rules in listed() for pattern in (*rules.detect.strong, *rules.detect.weak)}
    assert len(rows.keys() & patterns) > 0.8 * len(rows)


def test_what_only_one_language_has_speaks_for_it_most() -> None:
    said = leanings(">>> ", ["python"], strong=True)
    assert max(said, key=said.__getitem__) == "python"


def test_an_expression_that_the_table_lacks_speaks_for_its_languages_alike() -> None:
    assert leanings("x", ["c", "zig"], strong=True) == {"c": STRONG, "zig": STRONG}
    assert leanings("x", ["zig"], strong=False) == {"zig": WEAK}


def test_a_language_that_the_table_lacks_has_of_an_expression_what_others_have_on_average() -> None:
    row = known_leanings().rows[">>> "]
    said = leanings(">>> ", ["python", "stranger"], strong=True)
    assert said["stranger"] == said["python"] == row["python"]


@pytest.mark.parametrize("row", ["c 1 x", "c\tx", "c one\tx"])
def test_a_row_that_is_none_is_named(row: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "looks.txt"
    path.write_text(f"# head\nc java\n{row}\n", "utf-8")
    monkeypatch.setattr(catalogue, "TABLE", path)
    with pytest.raises(SimblockError, match=r"looks\.txt: .*make it anew with scripts/make_looks_table\.py"):
        known_leanings.__wrapped__()


def test_what_an_expression_says_is_fitted_to_how_often_it_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "scripts"))
    made = import_module("make_looks_table")
    one, other = Counter({(0,): 80, (0, 1): 20}), Counter({(1,): 30, (0, 1): 10})
    values = made.fitted([one, other], 3)
    assert values.shape == (3, 2)
    assert values[0, 0] > values[0, 1]
    assert values[1, 1] > values[1, 0]
    assert abs(values[2]).max() == 0
