"""datasketch with its storage in Redis: windows of the same words, asked by its own query and by hand.

Used as its documentation says: a MinHash of 128 permutations for each window, ``MinHashLSH`` with a storage of
type redis and a basename, filled in an insertion session, one ``query`` for each window. Nothing of its own
can ask for several windows at once (``collect_query_buffer`` gives what all of them have in common), so the
best that can be done by hand stands beside: all buckets of all windows in one pipeline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from datasketch import MinHash, MinHashLSH

from benchmarks.redis_server import HOST, Server
from benchmarks.size_and_build import PERMUTATIONS, SHINGLE, WINDOW
from simblock.text import tokenise
from simblock.work import Document

DEFAULT = 0.9
"""The threshold where none is given."""
DOCUMENTED = 0.5
"""The threshold of the documentation's example of a storage in Redis."""
SCHEME = "affine32"
_FIRST = MinHash(num_perm=PERMUTATIONS, scheme=SCHEME)


class Window(NamedTuple):
    """Words [start, start + 48) of a work."""

    work: str
    start: int


def words_of(text: str) -> list[str]:
    """The words of a text, the same as are counted for simblock, in lower case."""
    tokens = tokenise(text)
    return [text[a:b].lower() for a, b in zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True)]


def signature(words: Sequence[str]) -> MinHash:
    """The MinHash of a window of words."""
    one = MinHash(num_perm=PERMUTATIONS, permutations=_FIRST.permutations, scheme=SCHEME)
    last = max(len(words) - SHINGLE + 1, 1)
    one.update_batch([" ".join(words[at : at + SHINGLE]).encode() for at in range(last)])
    return one


def windows(documents: Iterable[Document], stride: int) -> Iterator[tuple[Window, MinHash]]:
    """The windows of works, one every ``stride`` words, and their signatures."""
    for document in documents:
        words = words_of(document.text)
        for start in range(0, max(len(words) - WINDOW, 0) + 1, stride):
            yield Window(document.work.id, start), signature(words[start : start + WINDOW])


def in_redis(server: Server, threshold: float, basename: bytes = b"peer") -> MinHashLSH:
    """An index in Redis, as the documentation has it."""
    storage: dict[str, Any] = {
        "type": "redis",
        "basename": basename,
        "redis": {"host": HOST, "port": server.port},
    }
    return MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, storage_config=storage)


def in_memory(threshold: float) -> MinHashLSH:
    """The same index in this process: it finds the same."""
    return MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)


def fill(lsh: MinHashLSH, documents: Iterable[Document], stride: int) -> int:
    """Inserts all windows in one session; how many. Keys are numbers, the shortest that there are."""
    made = 0
    with lsh.insertion_session(buffer_size=5000) as session:
        for _, one in windows(documents, stride):
            session.insert(made, one, check_duplication=False)
            made += 1
    return made


def query_each(lsh: MinHashLSH, asked: Sequence[MinHash]) -> list[list[Any]]:
    """Its own way to ask: one query a window, each of which asks the server once for every band."""
    return [lsh.query(one) for one in asked]


def query_by_hand(server: Server, lsh: MinHashLSH, asked: Sequence[MinHash]) -> list[Any]:
    """All buckets of all windows in one pipeline: what its storage allows at best."""
    with server.client.pipeline(transaction=False) as pipe:
        for one in asked:
            for (start, end), table in zip(lsh.hashranges, lsh.hashtables, strict=True):
                pipe.smembers(table.redis_key(lsh._H(one.hashvalues[start:end])))
        return pipe.execute()  # type: ignore[no-any-return]
