"""A record says which it is: whatever else stands in its place is an error, never an answer."""

import random
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.errors import Damaged, Incompatible
from simblock.stores.redis import records
from simblock.stores.redis.records import (
    BLOCK_PAYLOAD,
    BLOCKS,
    CHUNK,
    CHUNK_PAYLOAD,
    HEAD,
    HEADER_SIZE,
    PAGE,
    PAGE_PAYLOAD,
    SDS,
    pack,
    unpack,
)

NAME = "redis://localhost"
FILE = bytes(range(16))
KINDS = [PAGE, CHUNK, HEAD, *BLOCKS.values()]
SECRET = b"the words of a protected work"

files = st.binary(min_size=16, max_size=16)
kinds = st.sampled_from(KINDS)
numbers = st.integers(0, 2**32 - 1)
payloads = st.binary(max_size=300)


def refused(value, file=FILE, kind=PAGE, number=7, error=Damaged):
    """The message of the refusal, which is one line without data."""
    with pytest.raises(error) as raised:
        unpack(value, file, kind, number, NAME)
    assert type(raised.value) is error
    said = str(raised.value)
    assert NAME in said
    assert "\n" not in said
    assert len(said) < 300
    assert "protected" not in said
    return said


@given(file=files, kind=kinds, number=numbers, count=numbers, payload=payloads)
def test_what_was_packed_comes_back(file, kind, number, count, payload):
    value = pack(file, kind, number, count, payload)
    assert len(value) == HEADER_SIZE + len(payload)
    assert unpack(value, file, kind, number, NAME) == (payload, count)


def test_every_flip_of_every_bit_is_seen():
    value = pack(FILE, PAGE, 7, 3, SECRET)
    for bit in range(8 * len(value)):
        flipped = bytearray(value)
        flipped[bit >> 3] ^= 1 << (bit & 7)
        newer = bit >> 3 == 2 and flipped[2] > value[2]
        refused(bytes(flipped), error=Incompatible if newer else Damaged)


def test_every_cut_and_anything_appended_is_seen():
    value = pack(FILE, PAGE, 7, 3, SECRET)
    for length in range(len(value)):
        refused(value[:length])
    for more in (b"\0", b"x", value):
        refused(value + more)


@given(st.data())
def test_any_other_bytes_are_refused(data):
    value = pack(FILE, PAGE, 7, 3, SECRET)
    start = data.draw(st.integers(0, len(value)))
    other = value[:start] + data.draw(st.binary(max_size=60))
    if other != value:
        with pytest.raises((Damaged, Incompatible)):
            unpack(other, FILE, PAGE, 7, NAME)


@given(kind=kinds, number=numbers, file=files)
def test_a_record_passes_for_no_other(kind, number, file):
    value = pack(FILE, PAGE, 7, 3, SECRET)
    if (kind, number, file) != (PAGE, 7, FILE):
        refused(value, file, kind, number)


OTHER = {
    "file": (bytes([99]) + FILE[1:], PAGE, 7),
    "kind": (FILE, BLOCKS["runs"], 7),
    "number": (FILE, PAGE, 8),
    "version": (FILE, PAGE, 7),
}
"""What is asked for instead of page 7 of the file, one difference at a time; the version is the record's own."""


@pytest.mark.parametrize("what", OTHER)
def test_a_record_that_is_whole_and_differs_in_one_thing_alone_is_another(what, monkeypatch):
    written = records.VERSION - (what == "version")
    file, kind, number = OTHER[what]
    with monkeypatch.context() as patched:
        patched.setattr(records, "VERSION", written)
        value = pack(FILE, PAGE, 7, 3, SECRET)
        assert unpack(value, FILE, PAGE, 7, NAME) == (SECRET, 3)
    if what == "file":  # the checksum knows the file too: this one fits, and the tag alone tells
        body = value[: HEADER_SIZE - 4]
        value = body + crc32(SECRET, crc32(body, crc32(file))).to_bytes(4, "little") + SECRET
    refused(value, file, kind, number)


def test_a_file_that_differs_only_past_its_tag_is_another():
    value = pack(FILE, PAGE, 7, 3, SECRET)
    refused(value, FILE[:4] + bytes(12))


def test_a_newer_version_asks_for_an_upgrade_and_an_older_one_is_damage():
    value = pack(FILE, PAGE, 7, 3, SECRET)
    said = refused(value[:2] + bytes([9]) + value[3:], error=Incompatible)
    assert "version 9" in said
    assert "upgrade" in said
    refused(value[:2] + bytes([0]) + value[3:])


def test_an_absent_record_says_what_to_do():
    said = refused(None)
    assert "lacks a record (0001020304050607:p:7)" in said
    assert "sync" in said


@pytest.mark.parametrize(
    ("payload", "fills"), [(PAGE_PAYLOAD, 4096), (BLOCK_PAYLOAD, 16384), (CHUNK_PAYLOAD, 1 << 20)]
)
def test_full_records_stay_within_a_class_of_the_allocator(payload, fills):
    value = pack(FILE, PAGE, 0, 1, random.Random(1).randbytes(payload))
    overhead = SDS if len(value) < 1 << 16 else 16
    assert fills - 16 <= len(value) + overhead <= fills
