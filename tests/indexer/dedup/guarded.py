"""Protected works for tests of training data, documents that hold them, and batches of such."""

from __future__ import annotations

import random

import numpy as np

import simblock_indexer
from simblock_indexer.dedup.delivery.rows import Rows
from tests.conftest import vocabulary
from tests.masks import PASSAGE

WORDS = vocabulary(11)
CODE = '''\
def settle(ledger, accounts, limit):
    """Moves what is owed between accounts until nobody owes more than the limit."""
    moved = 0
    for name, owed in sorted(accounts.items(), key=lambda pair: -pair[1]):
        while owed > limit and ledger:
            entry = ledger.pop()
            if entry.creditor == name:
                raise ValueError(f"{name} owes itself {entry.amount}")
            share = min(owed - limit, entry.amount // 2)
            accounts[entry.creditor] = accounts.get(entry.creditor, 0) + share
            owed, moved = owed - share, moved + 1
            if share < entry.amount:
                ledger.append(entry._replace(amount=entry.amount - share))
        accounts[name] = owed
    return moved, {name: owed for name, owed in accounts.items() if owed}
'''
RENAMES = {
    "settle": "balance", "ledger": "records", "accounts": "members", "limit": "ceiling", "moved": "steps",
    "owed": "debt", "entry": "record", "share": "part", "name": "who",
}  # fmt: skip


def prose(seed, length=300):
    return " ".join(random.Random(seed).choices(WORDS, k=length))


def renamed(code):
    for old, new in RENAMES.items():
        code = code.replace(old, new)
    return code


def within(passage, seed=1, length=120):
    """A document with a passage in its midst."""
    return f"{prose(seed, length)}. {passage} {prose(seed + 1000, length)}."


def batch(texts, languages=None):
    count = len(texts)
    ids = [f"row-{number}" for number in range(count)]
    return Rows(list(range(count)), ids, list(texts), languages or [None] * count, np.zeros(count))


def works(root):
    """A folder of two texts and a program, and what is known of them."""
    folder = root / "works"
    folder.mkdir()
    (folder / "baker.txt").write_text(PASSAGE, "utf-8")
    (folder / "tale.txt").write_text(prose(77, 400), "utf-8")
    (folder / "settle.py").write_text(CODE, "utf-8")
    about = root / "about.jsonl"
    about.write_text(
        '{"id": "works/baker.txt", "title": "The Baker", "license": "CC-BY-NC-4.0"}\n'
        '{"id": "works/tale.txt", "license": "MIT"}\n',
        "utf-8",
    )
    return folder, about


def index_of(root, out, **options):
    """An index of them."""
    folder, about = works(root)
    reading = simblock_indexer.readers.ReadOptions(meta=about)
    simblock_indexer.build([folder], out, reading, **options)
    return str(out)


__all__ = ["CODE", "PASSAGE", "batch", "index_of", "prose", "renamed", "within", "works"]
