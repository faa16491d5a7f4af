"""Whatever a server gives in place of what was stored: an error or the same answers, never "nothing found"."""

import json
import os
import random
import secrets
from itertools import cycle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock import Guard, Policy, open_index
from simblock.errors import IndexProblem, StoreLost
from simblock.stores.manifest import Manifest
from simblock.stores.opening import create_writer, open_writer
from simblock.stores.redis import records
from tests.stores.conftest import KEY
from tests.stores.works import document, keys_of, library, run_of

WORKS = library(25)
COPIED = WORKS[3]
MANY = int(os.environ.get("SIMBLOCK_FUZZ", "15"))
"""Examples of each kind; waiting for watchers to end takes most of the time."""
# Generous: this is about what the values are, not how soon they come.
PATIENT = {"timeout": 5, "connect_timeout": 5, "poll": 0.05}


def outcome(ask):
    """What was answered, or the class of an error of ours; any other error fails the test."""
    try:
        return ask()
    except (IndexProblem, StoreLost) as error:
        return type(error)


def check(index):
    return Guard(index, Policy()).check(COPIED.text).decision


class Built:
    """An index with one segment and its journal and another segment on top, all its keys, and what it answers."""

    def __init__(self, server, key, folder):
        self.server, self.key, self.folder = server, key, folder
        self.client = server.client
        self.tenant = f"d{secrets.token_hex(4)}"
        self.url = server.url(tenant=self.tenant, **PATIENT)
        with create_writer(self.url, key=key, store_text=True) as writer:
            writer.put(WORKS)
            writer.commit()
        with open_writer(self.url, key=key) as writer:
            writer.put([document("later")])
            writer.remove(["work-020"])
            writer.commit()
        self.names = sorted(self.client.keys(f"sb:{self.tenant}:*"))
        self.values = {name: self.client.dump(name) for name in self.names}
        self.strings = [name for name in self.names if self.client.type(name) == b"string"]
        (self.manifest,) = [name for name in self.names if name.endswith(b":manifest")]
        manifest = Manifest.from_json(self.client.get(self.manifest), "x")
        self.files = {ref.id[:16]: bytes.fromhex(ref.id) for ref in (*manifest.segments, manifest.journal)}
        self.told = self.ask()

    def asking(self, ask):
        """Asks an index as a process on a new host would."""
        index = open_index(f"{self.url}&cache={self.folder / secrets.token_hex(8)}", key=self.key)
        try:
            return ask(index)
        finally:
            index.close()

    def ask(self):
        """All answers about a work, and what a guard decides about its copy."""
        return self.asking(lambda index: (outcome(lambda: self._answers(index)), check(index)))

    def _answers(self, index):
        asked, keys, _ = keys_of(index, COPIED.text)
        hits = index.postings(np.array(asked, np.uint32), np.array(keys, np.uint64))
        found = [(hit.ask, [(p.run, p.position, p.length) for p in hit.postings]) for hit in hits]
        segment, run = run_of(index, COPIED)
        tokens = index.run(segment, run, 0, 10**6)
        columns = [
            column.tolist() for column in (tokens, *index.places(segment, run, np.arange(len(tokens))))
        ]
        return found, columns, index.works(segment, run), index.text(COPIED.work.id)

    def documents(self, which):
        """Keys whose values are JSON, and what makes such a value; of None, the document that is there."""
        if which == "manifest":
            yield (
                self.manifest,
                lambda raw: self.client.get(self.manifest) if raw is None else json.dumps(raw),
            )
            return
        for start, file in self.files.items():
            (name,) = [one for one in self.strings if f":{start}:h:0".encode() in one]
            kept = bytes(records.unpack(self.client.get(name), file, records.HEAD, 0, "x").payload)
            yield name, lambda raw, file=file, kept=kept: self.head(file, kept, raw)

    @staticmethod
    def head(file, kept, raw):
        if raw is None:
            return kept
        made = json.dumps(raw).encode()
        return records.pack(file, records.HEAD, 0, len(made), made)

    def restore(self, name):
        self.client.restore(name, 0, self.values[name], replace=True)


@pytest.fixture(scope="module", params=[None, KEY], ids=["unkeyed", "keyed"])
def built(request, redis_server, tmp_path_factory):
    made = Built(redis_server, request.param, tmp_path_factory.mktemp("caches"))
    yield made
    made.client.delete(*made.names)


def flip(rng, value, others):
    at = rng.randrange(len(value))
    return value[:at] + bytes([value[at] ^ 1 << rng.randrange(8)]) + value[at + 1 :]


def cut(rng, value, others):
    return value[: rng.randrange(len(value))]


def lengthen(rng, value, others):
    return value + rng.choice([b"\0", value, rng.randbytes(rng.randrange(1, 9000))])


def nothing(rng, value, others):
    return b""


def noise(rng, value, others):
    return rng.randbytes(rng.choice([1, 19, 20, 21, len(value)]))


def another(rng, value, others):
    return rng.choice(others)


def blank(rng, value, others):
    start = rng.randrange(len(value))
    stop = rng.randrange(start, len(value)) + 1
    return value[:start] + bytes([rng.choice([0, 255])]) * (stop - start) + value[stop:]


DAMAGES = [flip, cut, lengthen, nothing, noise, another, blank]


def is_safe(found, built):
    """Nothing was answered, or what is true, and a copy is stopped all the same."""
    if isinstance(found, type):
        return True
    answered, decision = found
    return (isinstance(answered, type) or answered == built.told[0]) and decision == "stop"


@settings(max_examples=MANY)
@given(seed=st.integers(0, 2**32), number=st.integers(0, 10**6), damage=st.sampled_from(DAMAGES))
def test_a_damaged_value_is_an_error_or_changes_no_answer(built, seed, number, damage):
    name = built.strings[number % len(built.strings)]
    others = [built.client.get(other) for other in built.strings if other != name]
    built.client.set(name, damage(random.Random(seed), built.client.get(name), others))
    try:
        assert is_safe(outcome(built.ask), built)
    finally:
        built.restore(name)


def test_every_value_that_is_not_there_is_an_error_or_changes_no_answer(built):
    missed = []
    for name in built.names:
        built.client.delete(name)
        try:
            found = outcome(built.ask)
            assert is_safe(found, built), name
            if found != built.told:
                missed.append(name)
        finally:
            built.restore(name)
    control = {name for name in built.names if b"}:" in name}
    assert len(missed) > len(built.names) / 2
    assert {name for name in control if name.endswith(b"manifest")} <= set(missed)


def test_a_value_of_another_type_is_an_error_or_changes_no_answer(built):
    puts = [
        lambda name: built.client.rpush(name, "x"),
        lambda name: built.client.hset(name, "x", "y"),
        lambda name: built.client.sadd(name, "x"),
        lambda name: built.client.xadd(name, {"x": "y"}),
    ]
    for name, put in zip(built.names, cycle(puts), strict=False):
        built.client.delete(name)
        put(name)
        try:
            assert is_safe(outcome(built.ask), built), name
        finally:
            built.restore(name)


def forged(built, name, damage, rng):
    """A record as somebody would make it who may write: changed, with a header and checksum that fit."""
    value = built.client.get(name)
    _, _, _, start, kind, number = name.decode().split(":")
    file = built.files[start]
    count = records.unpack(value, file, kind, int(number), "x").items
    payload = damage(rng, value[records.HEADER_SIZE :], [b"", rng.randbytes(99)])
    count = rng.choice([count, count, len(payload), 0, 1, 2**31, 2**32 - 1])
    return records.pack(file, kind, int(number), count, payload)


def ask_anything(built, index):
    """What a guard, a reader of texts and ``verify`` do."""
    Guard(index, Policy()).check(COPIED.text)
    index.text(COPIED.work.id)
    sorted(map(repr, index.entries()))
    index.verify()


@settings(max_examples=MANY)
@given(seed=st.integers(0, 2**32), number=st.integers(0, 10**6), damage=st.sampled_from(DAMAGES))
def test_a_forged_record_makes_nothing_fall_over(built, seed, number, damage):
    """Who may write may lie. What he says is still checked before it is used as a length or a place."""
    forgeable = [name for name in built.strings if name.split(b":")[3].decode() in built.files]
    name = forgeable[number % len(forgeable)]
    built.client.set(name, forged(built, name, damage, random.Random(seed)))
    try:
        outcome(lambda: built.asking(lambda index: ask_anything(built, index)))
    finally:
        built.restore(name)


HUGE = [0, -1, 1, 2**31, 2**40, 2**63, 10**30, 1.5, None, "x", [], {}, True, float("inf"), "\ud800"]


@pytest.mark.parametrize("which", ["manifest", "head"])
@settings(max_examples=MANY)
@given(number=st.integers(0, 10**6), value=st.sampled_from(HUGE))
def test_a_forged_number_in_a_manifest_or_head_makes_nothing_fall_over(built, which, number, value):
    documents = list(built.documents(which))
    name, make = documents[number % len(documents)]
    raw = json.loads(make(None))
    places = list(paths(raw))
    built.client.set(name, make(replaced(raw, places[number % len(places)], value)))
    try:
        outcome(lambda: built.asking(lambda index: ask_anything(built, index)))
    finally:
        built.restore(name)


def paths(raw, before=()):
    """Where the plain values of a JSON document stand."""
    pairs = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for key, value in pairs:
        yield (*before, key)
        yield from paths(value, (*before, key))


def replaced(raw, path, value):
    made = json.loads(json.dumps(raw))
    at = made
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return made
