"""Segments: what of them is not said by the tests of their sections."""

import pytest

from simblock.errors import Damaged
from simblock.stores.segment import pack_text, unpack_text


def test_a_stored_text_of_other_bytes_is_damaged():
    for packed in (b"", b"no text", pack_text("a text")[:-2], pack_text("a text") + b"more"):
        with pytest.raises(Damaged):
            unpack_text(packed)
