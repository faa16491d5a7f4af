from __future__ import annotations

from pathlib import Path

import pytest

from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.settled import EXACT, KEPT, NEAR
from tests.indexer.dedup.signed import settled, signed

TEXT = " ".join(f"w{number}" for number in range(120))


@pytest.mark.parametrize("most", [1, 2, 4, 9])
def test_the_first_by_the_rule_are_kept_and_no_more_than_asked(tmp_path: Path, most: int) -> None:
    ranks = [5.0, 3.0, 1.0, 4.0, 2.0]
    texts = [TEXT + f" end{number}" for number in range(5)]
    found = settled(signed(tmp_path / "pass", texts, DedupOptions(max_copies=most), ranks=ranks))
    assert found.keepers.tolist() == [2] * 5
    kept = [at for at in sorted(range(5), key=ranks.__getitem__) if found.fates[at] == KEPT]
    assert kept == sorted(range(5), key=ranks.__getitem__)[:most]


def test_equal_texts_are_told_from_near_ones_and_from_equal_words(tmp_path: Path) -> None:
    texts = [TEXT, TEXT, TEXT.upper(), TEXT + " more", "something else"]
    found = settled(signed(tmp_path / "pass", texts))
    assert found.fates.tolist() == [KEPT, EXACT, NEAR, NEAR, KEPT]
    assert found.similarities[:3].tolist() == [1, 1, 1]
    assert found.similarities[3] < 1


def test_renamed_code_is_a_near_copy_and_never_one_of_text(tmp_path: Path) -> None:
    code = (
        "def total(items, least):\n    amount = 0\n    for item in items:\n        if item.price > least:\n"
        "            amount += item.price * item.count\n    return amount\n"
    )
    renamed = (
        code.replace("items", "goods")
        .replace("item", "good")
        .replace("amount", "money")
        .replace("total", "all")
    )
    languages = ["python", "python", None, "python"]
    found = settled(signed(tmp_path / "pass", [code, renamed, code, code], languages=languages))
    assert found.fates.tolist() == [KEPT, NEAR, KEPT, EXACT]
    assert found.keepers.tolist() == [0, 0, 2, 0]


def test_code_that_differs_in_what_its_literals_say_is_no_copy(tmp_path: Path) -> None:
    words = [
        "river",
        "bakery",
        "clock",
        "harbour",
        "lantern",
        "meadow",
        "orchard",
        "pebble",
        "quarry",
        "saddle",
    ]
    german = (
        "export default {\n" + "".join(f"  key{n}: '{word} eins',\n" for n, word in enumerate(words)) + "}\n"
    )
    french = (
        "export default {\n"
        + "".join(f'  key{n}: "{word[::-1]} deux",\n' for n, word in enumerate(words))
        + "}\n"
    )
    quoted = german.replace("'", '"')
    one = "TABLE = [\n" + "".join(f"    {n * 7919 % 1000},\n" for n in range(60)) + "]\n"
    other = "TABLE = [\n" + "".join(f"    {n * 104729 % 997},\n" for n in range(60)) + "]\n"
    languages = ["javascript", "javascript", "javascript", "python", "python"]
    found = settled(signed(tmp_path / "pass", [german, french, quoted, one, other], languages=languages))
    assert found.fates.tolist() == [KEPT, KEPT, NEAR, KEPT, KEPT]


def test_code_that_is_hardly_more_than_its_comments_is_compared_by_words(tmp_path: Path) -> None:
    texts = [
        "# The first chapter is about rivers that run north.\n# Nobody knew where they went.\nx = 1\n",
        "# Completely other words about bakeries and yeast.\n# Rye is hard to knead.\ny = 2\n",
    ]
    tail = "def total(items):\n    amount = 0\n    for item in items:\n        amount += item.price * 2\n    return amount\n"
    for number in range(2):
        comment = "".join(
            f"# word{number}x{at} another{number}x{at} third{number}x{at}\n" for at in range(60)
        )
        texts.append(comment + tail)
    found = settled(signed(tmp_path / "pass", texts, languages=["python"] * 4))
    assert found.fates.tolist() == [KEPT] * 4
