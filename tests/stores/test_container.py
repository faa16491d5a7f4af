"""Files of sections: what is written is what is read, and nothing unknown slips by."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.errors import Damaged, Incompatible, KeyProblem
from simblock.stores import container
from simblock.stores.container import BLOCK, Container, Part
from simblock.stores.keys import Secret
from tests.stores.conftest import KEY

FILE = bytes(range(16))


def written(parts, sealing=None):
    stream = io.BytesIO()
    container.write(stream, FILE, parts, sealing)
    return memoryview(bytearray(stream.getvalue()))


@pytest.mark.parametrize("keyed", [False, True], ids=["plain", "sealed"])
@given(
    size=st.sampled_from([0, 1, 7, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17]),
    ends=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_any_stretch_of_a_section_reads_as_it_was_written(keyed, size, ends):
    data = np.random.default_rng(size).bytes(size)
    sealing = Secret(KEY).sealing(FILE) if keyed else None
    buffer = written([Part("before", b"xyz"), Part("it", data, confidential=True)], sealing)
    section = Container(buffer, "test", frozenset({"before", "it"}), sealing)["it"]
    start, stop = sorted(round(end * size) for end in ends)
    assert bytes(section.read(start, stop)) == data[start:stop]
    assert bytes(section.read(0, size)) == data
    section.check()


def test_arrays_keep_their_items():
    values = np.arange(50_000, dtype=np.uint32)
    section = Container(written([Part("it", values)]), "test", frozenset({"it"}))["it"]
    assert np.array_equal(section.array(np.uint32, 16_000, 33_000), values[16_000:33_000])
    assert np.array_equal(section.array(np.uint32), values)


def test_an_unknown_optional_section_is_skipped():
    buffer = written(
        [Part("it", b"x"), Part("frills", b"y", required=False), Part("it2", b"z", required=False)]
    )
    assert set(Container(buffer, "test", frozenset({"it"})).sections) == {"it"}


@pytest.mark.parametrize("part", [Part("novel", b"y"), Part("it", b"y", version=2)], ids=["name", "version"])
def test_an_unknown_required_section_is_refused(part):
    with pytest.raises(Incompatible, match=f"section {part.name} version {part.version}.*upgrade"):
        Container(written([part]), "test", frozenset({"it"}))


def test_a_newer_file_is_refused(monkeypatch):
    monkeypatch.setattr(container, "FORMAT", 2)
    buffer = written([Part("it", b"x")])
    monkeypatch.setattr(container, "FORMAT", 1)
    with pytest.raises(Incompatible, match="has format 2, this simblock reads up to 1"):
        Container(buffer, "test", frozenset({"it"}))


def test_sealed_sections_ask_for_the_key():
    buffer = written([Part("it", b"x", confidential=True)], Secret(KEY).sealing(FILE))
    with pytest.raises(KeyProblem, match="give its key file"):
        Container(buffer, "test", frozenset({"it"}))


def test_a_missing_section_is_damage():
    with pytest.raises(Damaged, match="lacks its section it"):
        Container(written([]), "test", frozenset({"it"}))["it"]


@pytest.mark.parametrize("at", [0, 9, 13, 20, 30, 40, 4000])
def test_a_flipped_byte_in_the_header_is_found(at):
    buffer = written([Part("it", b"x" * 100)])
    buffer[at] ^= 4
    with pytest.raises(Damaged, match="header"):
        Container(buffer, "test", frozenset({"it"}))


def test_a_flipped_byte_in_a_table_is_found():
    buffer = written([Part("it", b"x" * 100)])
    buffer[-1] ^= 4
    with pytest.raises(Damaged, match="section it is cut short or has a damaged table"):
        Container(buffer, "test", frozenset({"it"}))


def test_an_authentic_checksum_does_not_make_a_forged_block_pass():
    """Whoever can write the file can mend its checksums, but not its seals."""
    sealing = Secret(KEY).sealing(FILE)
    forged = written([Part("it", b"forged" + bytes(16), confidential=False)])
    genuine = written([Part("it", b"true..", confidential=True)], sealing)
    section = Container(genuine, "test", frozenset({"it"}), sealing)["it"]
    other = Container(forged, "test", frozenset({"it"}))["it"]
    genuine[section.at : section.at + section.stored] = forged[other.at : other.at + section.stored]
    section.seen[0] = 1
    with pytest.raises(Damaged, match="section it cannot be decrypted in block 0"):
        section.read(0, 3)
