"""The table of what lines say for each language."""

from pathlib import Path

import pytest

from simblock import catalogue
from simblock.catalogue import STRONG, WEAK, entry, known_leanings, leanings
from simblock.errors import SimblockError
from simblock.grammar import languages


def test_every_language_and_expression_of_the_table_is_one() -> None:
    known, rows = known_leanings()
    assert known <= set(languages())
    assert all(known >= row.keys() for row in rows.values())
    patterns = {
        pattern
        for name in languages()
        for field in ("strong", "weak")
        for pattern in getattr(entry(name), field)
    }
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
