"""Files that are one work each, read one after another or some ahead in threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from simblock_indexer.readers.decoding import SNIFFED, decode, is_binary
from simblock_indexer.readers.options import MIB, ReadOptions
from simblock_indexer.readers.sources import Source
from simblock_indexer.readers.streams import opened, standard_input, too_long
from simblock_indexer.readers.tally import Unreadable

READ_AHEAD = 64 * MIB
"""So many bytes of files wait at most for their turn."""


class Read(NamedTuple):
    """A file read: its text, or why it is passed over (``binary``), or what is wrong with it."""

    source: Source
    text: str | None = None
    passed: str | None = None
    error: Unreadable | None = None


def read_texts(sources: Iterable[Source], options: ReadOptions) -> Iterator[Read]:
    """Each source read, in their order; ``options.workers`` above 1 read ahead in as many threads."""
    if options.workers == 1:
        for source in sources:
            yield read_text(source, options)
        return
    waiting: deque[tuple[Source, Future[Read]]] = deque()
    ahead = 0
    with ThreadPoolExecutor(options.workers, "simblock-reader") as pool:
        try:
            for source in sources:
                waiting.append((source, pool.submit(read_text, source, options)))
                ahead += source.size
                while waiting and (ahead > READ_AHEAD or len(waiting) > 8 * options.workers):
                    done, future = waiting.popleft()
                    ahead -= done.size
                    yield future.result()
            for _, future in waiting:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def read_text(source: Source, options: ReadOptions) -> Read:
    """One file's text. What is wrong with it is part of the answer, so that threads can hand it on."""
    try:
        data = _bytes(source, options)
        if data is None:
            return Read(source, passed="binary")
        text = decode(data, source.place, options)
    except Unreadable as error:
        return Read(source, error=error)
    return Read(source, text=text)


def _bytes(source: Source, options: ReadOptions) -> bytes | None:
    """The bytes of a file; None where it stands in a folder and is no text."""
    if source.path is None:
        return standard_input(options.max_row)
    with opened(source.path) as file:
        head = file.raw.read(SNIFFED)
        if source.root is not None and is_binary(head, options.encoding):
            return None
        data = head + file.raw.read(options.max_row + 1 - len(head)) if len(head) == SNIFFED else head
    if len(data) > options.max_row:
        raise too_long(source.place, options.max_row)
    return data
