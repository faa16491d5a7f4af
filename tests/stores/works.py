"""Works for the tests of stores, and what an index must answer about them."""

import random

import numpy as np

from simblock import text
from simblock.flags import flags_of
from simblock.signature import Signer
from simblock.tokens import Runs, Tokens
from simblock.work import Document, Work
from tests.conftest import vocabulary

WORDS = vocabulary(5, 900)


def document(id, seed=None, words=120, **fields):
    rng = random.Random(str(seed if seed is not None else id))
    body = "".join(rng.choice(WORDS) + rng.choice([" ", " ", ", ", "\n", ".  "]) for _ in range(words))
    return Document(Work(id, **fields), body)


def library(count, words=120):
    return [document(f"work-{n:03}", words=words, title=f"Title {n}") for n in range(count)]


def keys_of(index, body, channels=None):
    """Channels, keys and token positions of all entries of a text, as lists."""
    signer = Signer(index.scheme, index.permutations)
    runs = text.tokenise_many([body])
    asked, keys, positions = [], [], []
    for channel in index.scheme.channels:
        if channels is None or channel.id in channels:
            found, places = signer.entries(channel, runs)
            asked += [channel.id] * len(found)
            keys += found.tolist()
            positions += places.tolist()
    return asked, keys, positions


def holders(index, body):
    """For each entry of a text the ids of works in which it is found at all, asked a few at a time."""
    asked, keys, _ = keys_of(index, body)
    found = [set() for _ in keys]
    for start in range(0, len(keys), 50):
        for hit in index.postings(asked[start : start + 50], keys[start : start + 50]):
            for posting in hit.postings:
                found[start + hit.ask] |= {w.id for w in index.works(posting.segment, posting.run)}
    return found


def everywhere(index, document):
    """Whether each entry of a work is found in that work."""
    found = holders(index, document.text)
    return bool(found) and all(document.work.id in ids for ids in found)


def nowhere(index, document):
    """Whether no entry of a work is found in that work."""
    return all(document.work.id not in ids for ids in holders(index, document.text))


def run_of(index, document):
    """The segment and run of a work, by asking for its first entry."""
    asked, keys, _ = keys_of(index, document.text)
    for hit in index.postings(asked[:1], keys[:1]):
        for posting in hit.postings:
            if document.work.id in {w.id for w in index.works(posting.segment, posting.run)}:
                return posting.segment, posting.run
    raise AssertionError("the work is not there")


def entries_of_run(index, segment, run):
    """(channel, key, position) of all entries that a stored run has."""
    keys = index.run(segment, run, 0, 10**9)
    nowhere = np.empty(0, np.int64)
    runs = Runs(Tokens(keys, flags_of(keys), nowhere, nowhere), np.array([0, len(keys)]))
    signer = Signer(index.scheme, index.permutations)
    entries = set()
    for channel in index.scheme.channels:
        found, places = signer.entries(channel, runs)
        entries |= {
            (channel.id, key, place) for key, place in zip(found.tolist(), places.tolist(), strict=True)
        }
    return entries


def answers(index, document):
    """What an index says to all keys of a text, without handles: what is to be equal between indexes.

    A fingerprint has 16 bits, so one true hit in some thousands brings a posting of another key along,
    which alignment finds out; here the stored run tells.
    """
    asked, keys, _ = keys_of(index, document.text)
    hits = index.postings(np.array(asked, np.uint32), np.array(keys, np.uint64))
    entries = {p[:2]: entries_of_run(index, *p[:2]) for hit in hits for p in hit.postings}
    said = []
    for hit in hits:
        ask = asked[hit.ask], keys[hit.ask]
        genuine = [p for p in hit.postings if (*ask, p.position) in entries[p[:2]]]
        places = {(tuple(w.id for w in index.works(p.segment, p.run)), p.position, p.length) for p in genuine}
        if places:
            said.append((hit.ask, sorted(places)))
    return said
