"""Keys: their files, and that a keyed index gives nothing away."""

import builtins
import stat

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock import text
from simblock.errors import KeyProblem, MissingExtra, UsageError
from simblock.signature import Signer
from simblock.stores import keys
from simblock.stores.directory import DirectoryIndex
from simblock.stores.memory import MemoryIndex
from simblock.stores.prefilter import Salted
from simblock.stores.writer import Writer
from tests.stores.conftest import KEY
from tests.stores.works import answers, document, library


def test_a_key_file_is_thirty_two_random_bytes_for_its_owner_alone(tmp_path):
    for name in ("a", "b"):
        keys.generate(tmp_path / name)
    one, two = keys.load(tmp_path / "a"), keys.load(tmp_path / "b")
    assert len(one) == 32
    assert one != two
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(tmp_path):
    keys.generate(tmp_path / "k")
    before = (tmp_path / "k").read_bytes()
    with pytest.raises(UsageError, match="never overwritten"):
        keys.generate(tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == before
    with pytest.raises(UsageError, match="cannot be written"):
        keys.generate(tmp_path / "no" / "such" / "folder")


@pytest.mark.parametrize("held", [b"", b"hello", b"ab" * 31, b"ab" * 33, b"\xff" * 64])
def test_what_is_no_key_file_is_said_to_be_none(tmp_path, held):
    (tmp_path / "k").write_bytes(held)
    with pytest.raises(KeyProblem, match=r"64 hex digits.*keygen") as caught:
        keys.load(tmp_path / "k")
    assert "hello" not in str(caught.value)
    with pytest.raises(KeyProblem, match="cannot be read"):
        keys.load(tmp_path / "absent")


def test_of_a_file_without_end_a_few_bytes_are_read():
    with pytest.raises(KeyProblem, match="does not hold 64 hex digits"):
        keys.load("/dev/zero")


def test_a_key_file_opens_its_index(tmp_path):
    keys.generate(tmp_path / "k")
    with Writer.create(tmp_path / "x.sbx", key=keys.load(tmp_path / "k")) as writer:
        writer.put(library(1))
        writer.commit()
    assert DirectoryIndex(tmp_path / "x.sbx", key_file=tmp_path / "k").verify() == []


def test_a_missing_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"pip install 'simblock\[crypt\]'"):
        keys.Secret(KEY)


many = st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2**64 - 1)), max_size=40)


@given(asks=many)
@pytest.mark.parametrize("scramble", [Salted(), keys.Secret(KEY)], ids=["salted", "keyed"])
def test_stored_keys_of_few_and_of_many_are_the_same(scramble, asks):
    channels, wanted = [c for c, _ in asks], [k for _, k in asks]
    few = scramble.few(channels, wanted)
    many = scramble.many(np.array(channels, np.uint32), np.array(wanted, np.uint64))
    assert few == many.tolist()
    for channel, key, stored in zip(channels, wanted, few, strict=True):
        assert scramble.many(channel, np.array([key], np.uint64)).tolist() == [stored]


def test_stored_keys_differ_by_channel_and_by_key():
    secret, other = keys.Secret(KEY), keys.Secret(bytes(32))
    same = [123456789] * 3
    assert len(set(secret.few([1, 2, 3], same) + other.few([1, 2, 3], same))) == 6


@given(block=st.binary(max_size=200), number=st.integers(0, 2**40))
def test_a_sealed_block_opens_in_its_own_place_alone(block, number):
    secret, file, other = keys.Secret(KEY), bytes(16), bytes(15) + b"x"
    sealed = secret.sealing(file).seal("runs", number, block)
    assert len(sealed) == len(block) + secret.sealing(file).overhead
    assert secret.sealing(file).unseal("runs", number, sealed) == block
    assert secret.sealing(file).unseal("runs", number + 1, sealed) is None
    assert secret.sealing(file).unseal("places", number, sealed) is None
    assert secret.sealing(other).unseal("runs", number, sealed) is None
    assert keys.Secret(bytes(32)).sealing(file).unseal("runs", number, sealed) is None


def test_no_word_title_id_or_text_stands_in_a_keyed_index(tmp_path):
    work = document(
        "secret-id",
        words=400,
        title="Zanzibar Nights",
        owner="Owner Person",
        url="http://u.example",
        reason="Because",
    )
    with Writer.create(tmp_path / "keyed.sbx", key=KEY, store_text=True) as writer:
        writer.put([work, *library(2)])
        writer.commit()
        writer.remove(["work-000"], reason="Complaint of Somebody")
        writer.commit()
    with Writer.create(tmp_path / "plain.sbx") as writer:
        writer.put([work, *library(2)])
        writer.commit()
    keyed = b"".join(file.read_bytes() for file in (tmp_path / "keyed.sbx").iterdir())
    plain = b"".join(file.read_bytes() for file in (tmp_path / "plain.sbx").iterdir())
    tokens = text.tokenise(work.text)
    pairs = [tokens.keys[at : at + 2].tobytes() for at in range(0, len(tokens.keys) - 1, 2)]
    assert all(pair in plain for pair in pairs)  # so this search finds what is there
    words = {word.encode() for word in work.text.split() if len(word) > 5}
    known = {b"secret-id", b"work-000", b"Zanzibar", b"Owner", b"u.example", b"Because", b"Complaint"}
    assert not [held for held in [*pairs, *words, *known] if held in keyed]


def test_two_keyed_indexes_of_one_work_have_nothing_in_common(tmp_path):
    work = document("w", words=3000)
    made = []
    for name, key in (("a", KEY), ("b", KEY), ("c", bytes(32))):
        with Writer.create(tmp_path / name, key=key) as writer:
            writer.put([work])
            writer.commit()
        made.append(DirectoryIndex(tmp_path / name, key=key)._snapshot.segments[0].container)
    stored = [{name: bytes(part._data) for name, part in c.sections.items()} for c in made]
    for sealed in ("runs", "places", "works.data"):
        assert len({held[sealed] for held in stored}) == 3  # no nonce is used twice under one key
    assert stored[0]["postings"] == stored[1]["postings"] != stored[2]["postings"]


def test_the_stored_keys_of_a_keyed_index_cannot_be_made_without_its_key(tmp_path):
    work = document("w", words=3000)
    with Writer.create(tmp_path / "x", key=KEY) as writer:
        writer.put([work])
        writer.commit()
    index = DirectoryIndex(tmp_path / "x", key=KEY)
    keyed = index._snapshot.segments[0].buckets
    wanted, _ = Signer(index.scheme, index.permutations).entries(
        index.scheme.channels[0], text.tokenise_many([work.text])
    )
    right = keyed.prefilter.passing_many(keys.Secret(KEY).many(1, wanted))
    wrong = keyed.prefilter.passing_many(Salted().many(1, wanted))
    assert len(right) == len(wanted)
    assert len(wrong) < len(wanted) / 20


def test_a_keyed_index_answers_like_any_other(tmp_path):
    works = library(5)
    with Writer.create(tmp_path / "x", key=KEY) as writer:
        writer.put(works)
        writer.commit()
    keyed, plain = DirectoryIndex(tmp_path / "x", key=KEY), MemoryIndex(works)
    assert [answers(keyed, work) for work in works] == [answers(plain, work) for work in works]
