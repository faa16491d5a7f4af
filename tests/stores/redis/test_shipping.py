"""A segment that went to a server and back is the very same file."""

import io
import itertools
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.errors import Damaged
from simblock.stores import container
from simblock.stores.claim import Claim
from simblock.stores.intake import tokenise_here
from simblock.stores.keys import Secret
from simblock.stores.manifest import Manifest
from simblock.stores.redis import paged, records, shipping
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import Link
from simblock.stores.redis.head import Head
from simblock.stores.redis.names import Names
from simblock.stores.redis.paged import WIDE
from simblock.stores.redis.shelf import RedisShelf, whole
from simblock.stores.segment import open_segment
from simblock.stores.shelf import MemoryShelf
from simblock.stores.snapshot import sealing_of
from simblock.stores.writer import Writer, new_manifest
from simblock.work import Document, Work
from tests.stores.conftest import KEY
from tests.stores.works import document, library

SCHEMES = itertools.count()
WORDS = document("w", words=400).text
FILLS = {records.PAGE: 4096, records.CHUNK: 1 << 20} | dict.fromkeys(records.BLOCKS.values(), 16384)


def source_file(number):
    body = "\n".join(f"def part_{number}_{n}(left, right):\n    return left * {n} + right" for n in range(30))
    return Document(Work(f"{number}.py", kind="code", language="python"), body)


def built(steps, key=None, store_text=True):
    """An index in memory after some commits: its shelf, its manifest, its key."""
    secret = None if key is None else Secret(key)
    shelf = MemoryShelf("m")
    made = new_manifest(None, secret, store_text=store_text)
    with Writer(shelf, Claim(), made, secret, tokenise_here) as writer:
        for documents, removed in steps:
            writer.put(documents)
            writer.remove(removed)
            writer.commit()
    return shelf, Manifest.from_json(shelf.manifest(), "m"), secret


@pytest.fixture(scope="module")
def place(redis_server, tmp_path_factory):
    """Makes the shelf of an index of its own in the server."""
    cache = tmp_path_factory.mktemp("cache")
    address = Address.parse(redis_server.url(tenant="shipping", timeout=2, cache=cache))
    link = Link(address)

    def make(secret=None):
        names = Names("shipping", f"s{next(SCHEMES)}")
        token = b"a writer's"
        assert link.acquire(names.writer, token, 600)
        return RedisShelf(address, link, names, whole(link), token=token, sealer=partial(sealing_of, secret))

    yield make
    link.close()


def refs_of(manifest):
    return [*manifest.segments, manifest.journal]


def shipped(memory, manifest, target):
    for ref in refs_of(manifest):
        with target.create(ref.file) as stream:
            stream.write(memory._files[ref.file])


def returned(target, ref, secret):
    stream = io.BytesIO()
    target.copy(ref, stream, sealing_of(secret, bytes.fromhex(ref.id)))
    return stream.getvalue()


def values_of(server, target):
    """Kind, number and value of all records of a shelf."""
    client, start = server.client, f"sb:shipping:{target.names.scheme}:"
    keys = sorted(client.scan_iter(f"{start}*", count=10_000))  # records alone, no control keys
    return [(*key.decode().split(":")[-2:], client.get(key)) for key in keys]


def check(server, memory, manifest, secret, target):
    """Ships, brings back, and compares all that a reader sees."""
    shipped(memory, manifest, target)
    for ref in refs_of(manifest):
        assert returned(target, ref, secret) == memory._files[ref.file]
    for ref in manifest.segments:
        sealing = sealing_of(secret, bytes.fromhex(ref.id))
        mapped, paged = memory.segment(ref, sealing), target.segment(ref, sealing)
        for one, other in zip(mapped.buckets.columns(), paged.buckets.columns(), strict=True):
            assert np.array_equal(one, other)
        for name, section in paged.container.sections.items():
            section.check()
            if name in mapped.container.sections:
                whole = bytes(mapped.container[name].read(0, section.length))
                assert bytes(section.read(0, section.length)) == whole
    for kind, _, value in values_of(server, target):
        wide = kind == records.PAGE and len(value) > WIDE
        assert wide or len(value) + records.SDS <= FILLS.get(kind, 4096)


KINDS = {
    "texts": [(library(40), [])],
    "code": [([source_file(n) for n in range(4)], [])],
    "texts and code, in several commits": [
        (library(12), []),
        ([source_file(1), document("more", words=3000)], ["work-003"]),
        ([document("other")], []),
    ],
    "twins": [
        ([document(f"twin-{n}", seed="one") for n in range(9)], []),
        ([document("late", seed="one")], []),
    ],
    "one long work": [([document("long", words=60_000)], [])],
    "works too short for any entry": [([Document(Work("a"), "just two"), Document(Work("b"), "")], [])],
    "works all removed": [(library(3), []), ([], ["work-000", "work-001", "work-002"])],
    "nothing": [([], [])],
    "lone surrogates and wide characters": [
        ([Document(Work("odd"), "\ud800 ½ ﬁ ㍿ 中文字 " * 50), document("plain")], [])
    ],
}


@pytest.mark.parametrize("store_text", [False, True], ids=["no texts", "texts stored"])
@pytest.mark.parametrize("key", [None, KEY], ids=["open", "keyed"])
@pytest.mark.parametrize("steps", KINDS.values(), ids=KINDS)
def test_what_is_shipped_comes_back_the_very_same(redis_server, place, steps, key, store_text):
    memory, manifest, secret = built(steps, key, store_text)
    check(redis_server, memory, manifest, secret, place(secret))


@pytest.mark.parametrize("key", [None, KEY], ids=["open", "keyed"])
def test_files_of_many_records_of_each_kind_come_back_the_very_same(redis_server, place, key, monkeypatch):
    """With records so small that a few works make as many as a large index has."""
    monkeypatch.setattr(records, "CHUNK_PAYLOAD", 900)
    monkeypatch.setattr(records, "PAGE_PAYLOAD", 300)
    monkeypatch.setattr(records, "BLOCK_PAYLOAD", 264)
    monkeypatch.setattr(paged, "_AT_ONCE", 7)
    commits = [(library(12), []), ([document(f"more-{n}") for n in range(5)], ["work-003"])]
    memory, manifest, secret = built(commits, key)
    target = place(secret)
    check(redis_server, memory, manifest, secret, target)
    there = [kind for kind, _, _ in values_of(redis_server, target)]
    assert min(there.count(kind) for kind in (records.PAGE, records.CHUNK, *records.BLOCKS.values())) > 2
    assert there.count(records.PAGE) > 50


texts = st.lists(
    st.tuples(st.integers(0, 390), st.integers(0, 300)).map(lambda at: WORDS[at[0] : at[0] + at[1]]),
    max_size=6,
)


@given(steps=st.lists(texts, min_size=1, max_size=3), keyed=st.booleans())
@settings(max_examples=12)
def test_random_segments_come_back_the_very_same(redis_server, place, steps, keyed):
    ids = itertools.count()
    commits = [([Document(Work(f"w{next(ids)}"), text) for text in texts], []) for texts in steps]
    memory, manifest, secret = built(commits, KEY if keyed else None)
    check(redis_server, memory, manifest, secret, place(secret))


def test_a_sentence_in_thousands_of_works_makes_a_bucket_larger_than_a_page(redis_server, place):
    sentence = document("s", words=30).text
    works = [Document(Work(f"w{n}"), f"{sentence} own{n}") for n in range(3000)]
    memory, manifest, _ = built([(works, [])], store_text=False)
    offsets = memory.segment(manifest.segments[0], None).buckets.columns().offsets
    assert np.diff(offsets).max() >= 3000
    target = place()
    shipped(memory, manifest, target)
    assert returned(target, manifest.segments[0], None) == memory._files[manifest.segments[0].file]
    pages = [len(value) for kind, _, value in values_of(redis_server, target) if kind == records.PAGE]
    assert max(pages) > 7 * 3000


def test_three_words_over_and_over_make_a_bucket_of_more_entries_than_two_bytes_count(redis_server, place):
    memory, manifest, secret = built([([Document(Work("w"), "la le li " * 70_000)], [])], store_text=False)
    offsets = memory.segment(manifest.segments[0], None).buckets.columns().offsets
    assert np.diff(offsets).max() >= WIDE
    check(redis_server, memory, manifest, secret, place())


bucket_sizes = st.lists(
    st.one_of(st.integers(0, 40), st.sampled_from([0, 300, 580, 581, 582, 583, 600, 70_000])),
    min_size=1,
    max_size=400,
)


@given(bucket_sizes)
def test_pages_cover_all_buckets_and_are_as_full_as_they_can_be(sizes):
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint32)
    bounds = shipping.page_bounds(offsets).tolist()
    assert bounds[0] == 0
    assert bounds[-1] == len(sizes)
    assert bounds == sorted(set(bounds))
    for first, last in itertools.pairwise(bounds):
        assert payload(sizes[first:last]) <= records.PAGE_PAYLOAD or last == first + 1
        if last < len(sizes):
            assert payload(sizes[first : last + 1]) > records.PAGE_PAYLOAD


def payload(sizes):
    """The bytes of a page of buckets of so many entries each."""
    return 7 * sum(sizes) + 2 * (len(sizes) + 1)


def test_the_head_counts_all_records_that_there_are(redis_server, place):
    memory, manifest, secret = built([(library(30), [])], KEY)
    target = place(secret)
    shipped(memory, manifest, target)
    counted = {}
    for ref in refs_of(manifest):
        head = target.head(ref)
        assert Head.from_json(head.to_json()) == head
        for kind, count in head.counts(sealing_of(secret, bytes.fromhex(ref.id))).items():
            counted[kind] = counted.get(kind, 0) + count
    there = [kind for kind, _, _ in values_of(redis_server, target)]
    assert {kind: count for kind, count in counted.items() if count} == {
        kind: there.count(kind) for kind in there
    }


def test_what_does_not_become_the_file_it_was_made_of_is_damage(place):
    memory, manifest, _ = built([(library(5), [])])
    ref = manifest.segments[0]
    target = place()
    shipped(memory, manifest, target)
    segment, head = target.segment(ref, None), target.head(ref)
    for wrong in (
        Head(head.crc ^ 1, head.size, head.resident, head.resident_crc, head.pages, head.pieces),
        Head(head.crc, head.size + 1, head.resident, head.resident_crc, head.pages, head.pieces),
        Head(head.crc, head.size, head.resident, head.resident_crc, head.pages, head.pieces[::-1]),
    ):
        with pytest.raises(Damaged):
            shipping.restore(segment, wrong, io.BytesIO(), None)


def test_no_block_is_sealed_twice_under_one_nonce(monkeypatch):
    """A nonce is a block's number under a subkey of file and section: what is sealed under both must be one text."""
    memory, manifest, secret = built([(library(400, words=150), [])], KEY)
    sealed = {}

    class Recording:
        def __init__(self, id, sealing):
            self._id, self._sealing, self.overhead = id, sealing, sealing.overhead

        def seal(self, section, number, block):
            sealed.setdefault((self._id, section, number), set()).add(bytes(block))
            return self._sealing.seal(section, number, block)

        def unseal(self, section, number, block):
            plain = self._sealing.unseal(section, number, block)
            sealed.setdefault((self._id, section, number), set()).add(plain)
            return plain

    for ref in manifest.segments:
        id = bytes.fromhex(ref.id)
        sealing = Recording(id, sealing_of(secret, id))
        segment = open_segment(memory.open(ref), ref.file, sealing)
        for section in segment.container.sections.values():
            section.check()
        list(shipping.parted(segment, sealing).records)
    in_records = {(section, number) for _, section, number in sealed if section.endswith(" in records")}
    assert len({section for section, _ in in_records}) >= 3
    assert max(number for _, number in in_records) > 3
    assert {len(plain) for plain in sealed.values()} == {1}


def test_a_section_in_records_has_a_subkey_of_its_own():
    """The same bytes, number and file, sealed as a block of the file and as a record, share no key stream."""
    memory, manifest, secret = built([([document("long", words=3000)], [])], KEY)
    ref = manifest.segments[0]
    sealing = sealing_of(secret, bytes.fromhex(ref.id))
    segment = open_segment(memory.open(ref), ref.file, sealing)
    blocks = [r for r in shipping.parted(segment, sealing).records if r.kind == records.BLOCKS["runs"]]
    payload = blocks[0].value[records.HEADER_SIZE : -sealing.overhead]
    runs = segment.container["runs"]
    plain = bytes(runs.read(0, len(payload)))
    in_file = sealing.seal("runs", 0, bytes(runs.read(0, min(runs.length, container.BLOCK))))[: len(payload)]
    assert payload != in_file
    streams = [np.frombuffer(one, np.uint8) ^ np.frombuffer(plain, np.uint8) for one in (payload, in_file)]
    assert np.count_nonzero(streams[0] == streams[1]) < len(payload) / 50
