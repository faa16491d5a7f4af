"""Flags of word-view tokens, which follow from their keys alone."""

from __future__ import annotations

from functools import cache

import numpy as np

from simblock.background import skip_words
from simblock.tokens import CHAR, CHAR_KEY, COMMON, U8, U32
from simblock.words import words

_SLOTS = 1 << 16


def flags_of(keys: U32) -> U8:
    """CHAR for keys of characters, COMMON for words of the skip list: u32 [n] → u8 [n]."""
    flags: U8 = (_slots().take(keys & np.uint32(_SLOTS - 1)) == keys).view(np.uint8) * np.uint8(COMMON)
    chars = keys >= CHAR_KEY
    if chars.any():
        flags |= chars.view(np.uint8) * np.uint8(CHAR)
    return flags


@cache
def common_keys() -> frozenset[int]:
    """Keys of the words of the skip list."""
    return frozenset(words("\n".join(skip_words())).keys.tolist())


@cache
def _slots() -> U32:
    """The skip list's keys by their low bits; free slots hold a key that never stands there."""
    slots = np.arange(_SLOTS, dtype=np.uint32) ^ np.uint32(1)
    keys = np.array(sorted(common_keys()), np.uint32)
    places = keys & np.uint32(_SLOTS - 1)
    slots[places] = keys
    assert (slots[places] == keys).all(), "two words of the skip list share a slot: give the table more"
    return slots
