"""Compressed bodies, as they come, cut anywhere, damaged, and too good to be true."""

import contextlib
import gzip
import importlib
import random
import sys
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock import zstd
from simblock.errors import InputError
from simblock.wire.encodings import RATIO, SLACK, decoder

EVENTS = [b'data: {"n":%d}\n\n' % n for n in range(40)]
TEXT = b"".join(EVENTS)


def bare(data):
    made = zlib.compressobj(wbits=-15)
    return made.compress(data) + made.flush()


WRITE = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": bare,
    "zstd": zstd.compress,
    "br": brotli.compress,
}


def decode(name, *chunks, **limits):
    made = decoder(name, **limits)
    return b"".join(made.feed(chunk) for chunk in chunks) + made.finish()


@pytest.mark.parametrize("name", WRITE)
def test_a_body_cut_anywhere_comes_to_the_same(name):
    body = WRITE[name](TEXT)
    assert decode(name, *(body[at : at + 1] for at in range(len(body)))) == TEXT
    for at in range(len(body)):
        assert decode(name, body[:at], body[at:]) == TEXT


def flushed(name):
    """Each event compressed on its own into one body, as servers do that stream."""
    if name == "br":
        made = brotli.Compressor()
        return [made.process(event) + made.flush() for event in EVENTS] + [made.finish()]
    if name == "zstd":
        package = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
        made = importlib.import_module(package).ZstdCompressor()
        return [made.compress(event, made.FLUSH_BLOCK) for event in EVENTS] + [made.flush()]
    made = zlib.compressobj(wbits={"deflate": 15, "Deflate": -15}.get(name, 31))
    return [made.compress(event) + made.flush(zlib.Z_SYNC_FLUSH) for event in EVENTS] + [made.flush()]


@pytest.mark.parametrize("name", WRITE)
def test_what_was_flushed_comes_out_at_once(name):
    made = decoder(name)
    assert [made.feed(chunk) for chunk in flushed(name)] == [*EVENTS, b""]
    assert made.finish() == b""


@pytest.mark.parametrize("name", WRITE)
def test_a_large_body_comes_out_whole_in_one_piece(name):
    text = random.Random(1).randbytes(1 << 19)
    assert decode(name, WRITE[name](text)) == text


@pytest.mark.parametrize("name", WRITE)
def test_a_body_that_is_cut_off_is_refused_at_its_end(name):
    body = WRITE[name](TEXT)
    for at in range(1, len(body)):
        made = decoder(name)
        assert TEXT.startswith(made.feed(body[:at]))
        with pytest.raises(InputError, match="cut off"):
            made.finish()


@pytest.mark.parametrize("name", WRITE)
def test_no_body_at_all_is_an_empty_one(name):
    assert decode(name) == decode(name, b"") == b""


@pytest.mark.parametrize("name", WRITE)
def test_what_follows_the_end_is_refused(name):
    with pytest.raises(InputError):
        decode(name, WRITE[name](TEXT) + b"more")
    with pytest.raises(InputError):
        decode(name, WRITE[name](TEXT), b"more")


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_several_members_are_one_body(name):
    body = WRITE[name](TEXT) + WRITE[name](b"and more")
    for at in range(len(body)):
        assert decode(name, body[:at], body[at:]) == TEXT + b"and more"


def test_a_gzip_body_may_be_padded_with_zeros():
    assert decode("gzip", gzip.compress(TEXT) + b"\0\0", b"\0") == TEXT


@given(name=st.sampled_from(sorted(WRITE)), at=st.integers(0, 400), bit=st.integers(0, 7))
def test_damage_is_an_input_error_or_other_bytes_and_nothing_else(name, at, bit):
    body = bytearray(WRITE[name](TEXT))
    body[at % len(body)] ^= 1 << bit
    with contextlib.suppress(InputError):
        decode(name, bytes(body))


@pytest.mark.parametrize("name", WRITE)
def test_a_bomb_is_refused_before_it_is_unpacked(name):
    bomb = WRITE[name](bytes(16 << 20))
    with pytest.raises(InputError, match="comes to over"):
        decode(name, bomb, most=1 << 22)
    out = bytearray()
    made = decoder(name)
    with pytest.raises(InputError, match="comes to over"):
        out.extend(piece for at in range(0, len(bomb), 10) for piece in made.feed(bomb[at : at + 10]))
    assert len(out) <= SLACK + RATIO * len(bomb)


def test_bombs_in_bombs_are_bounded_by_what_the_wire_had():
    bomb = gzip.compress(gzip.compress(bytes(16 << 20)))
    with pytest.raises(InputError, match="gzip, gzip comes to over"):
        decode("gzip, gzip", bomb)


def test_encodings_over_one_another_are_taken_off_in_turn():
    assert decode("gzip, br", brotli.compress(gzip.compress(TEXT))) == TEXT
    assert decode(" GZIP ,identity", gzip.compress(TEXT)) == TEXT


@pytest.mark.parametrize("name", ["", "identity", " Identity , "])
def test_what_is_not_encoded_needs_no_decoder(name):
    assert decoder(name) is None


@pytest.mark.parametrize("name", ["compress", "gzip, aes128gcm", "gzip, gzip, gzip, gzip"])
def test_an_encoding_that_is_unknown_is_refused(name):
    with pytest.raises(InputError, match="content encoding"):
        decoder(name)
