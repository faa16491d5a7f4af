"""Outputs with code in them, in every form, and what a scanner makes of them."""

import json
from itertools import pairwise

from simblock.fences import FenceScanner, Stretch

PYTHON = """\
def total(items, rate):
    \"\"\"Add the prices of all items up, and the tax on them.\"\"\"
    result = 0
    for item in items:
        if item.price is not None:
            result += item.price * rate
    return result
"""
JAVA = """\
public static int total(List<Item> items, int rate) {
    int result = 0;
    for (Item item : items) {
        result += item.getPrice() * rate;
    }
    return result;
}
"""
JAVASCRIPT = """\
function total(items, rate) {
  let result = 0;
  items.forEach((item) => {
    if (item.price !== null) result += item.price * rate;
  });
  return result;
}
"""
C = """\
static int total(const struct item *items, size_t n, int rate)
{
    int result = 0;
    for (size_t i = 0; i < n; i++)
        result += items[i].price * rate;
    return result;
}
"""
CODE = {"python": PYTHON, "java": JAVA, "javascript": JAVASCRIPT, "c": C}
PROSE = "Here is what you asked for, with a short word on how it works.\n\n"
MORE = "\nIt adds the prices up (see above), and gives the sum back: nothing else.\n"


def scan(text: str, cuts: tuple[int, ...] = (), language: str | None = None) -> list[Stretch]:
    scanner = FenceScanner(language)
    found: list[Stretch] = []
    for begin, end in pairwise((0, *cuts, len(text))):
        found += scanner.feed(text[begin:end])
    return found + scanner.finish()


def regions(found: list[Stretch]) -> list[tuple[str, str]]:
    made: list[tuple[str, str]] = []
    for stretch in found:
        if stretch.opens:
            made.append((stretch.language, ""))
        language, text = made.pop()
        assert language == stretch.language
        made.append((language, text + stretch.text))
    return made


def characters(found: list[Stretch]) -> list[tuple[str, bool, str, int, int, int]]:
    """Every character with its region, place, and when it became certain: what no cut may change."""
    rows = []
    for s in found:
        decoded = s.end - s.start != len(s.text)
        for i, char in enumerate(s.text):
            start, end = (s.start, s.end) if decoded else (s.start + i, s.start + i + 1)
            rows.append((s.language, s.opens and i == 0, char, start, end, max(s.when, end)))
    return rows


def fenced(code: str, tag: str = "", mark: str = "```") -> str:
    return f"{mark}{tag}\n{code}{mark}\n"


def notebook(*cells: tuple[str, str], indent: int | None = 1) -> str:
    rows = [
        {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)} for kind, text in cells
    ]
    return json.dumps({"cells": rows, "nbformat": 4}, indent=indent)


def as_diff(removed: str, added: str, name: str) -> str:
    body = "".join(f"-{line}\n" for line in removed.splitlines())
    body += "".join(f"+{line}\n" for line in added.splitlines())
    return (
        f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1,7 +1,7 @@\n {'#'} context\n{body}"
    )
