"""Building and changing an index: what the commands call, and ``import simblock_indexer``."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from itertools import dropwhile, islice
from pathlib import Path
from typing import Any, TypeAlias, cast

from simblock.errors import InputError, UsageError
from simblock.stores import merging, open_index, opening
from simblock.stores.commit import Commit
from simblock.stores.manifest import Shard
from simblock.stores.reader import StoredIndex
from simblock.stores.redis.address import is_url
from simblock.stores.writer import Writer
from simblock.work import Document
from simblock_indexer.indexes import (
    KeyFiles,
    check_keyed,
    key_of,
    key_paths,
    keys_of,
    load_keys,
    new_key,
    shown,
    weight,
)
from simblock_indexer.pool import SMALL, TokeniserPool
from simblock_indexer.readers import ReadOptions, Share, Source, Tally, Unreadable, documents, plan, root_name
from simblock_indexer.readers.shares import digest, shared
from simblock_indexer.readers.texts import read_text
from simblock_indexer.reports import Report, lexer_alone
from simblock_indexer.tables import counted

Watch: TypeAlias = Callable[[Tally], None]
Brought: TypeAlias = Callable[[int, int], None]
Inputs: TypeAlias = Iterable[str | Path]

WATCHED = 1 << 18
"""Bytes read between two looks of a watch: a bar needs no more, and a look takes longer than a row."""

LOOKED_AT = 1000
LOOKED_AT_BYTES = 1 << 26
"""Files, and their bytes, that are looked at behind one that cannot be read: about a second's worth."""

WEIGHED = 32_000_000
"""Bytes of an index up to which its weak works are named at once: naming them takes longer than building."""


def build(
    inputs: Inputs,
    out: str | Path,
    options: ReadOptions | None = None,
    *,
    key_file: KeyFiles = None,
    no_key: bool = False,
    store_text: bool = False,
    shard: Share | str | None = None,
    watch: Watch | None = None,
) -> Report:
    """Makes a new index of the works in ``inputs`` (see :func:`simblock_indexer.readers.read`).

    ``out`` is a directory or a URL of Redis. With ``key_file`` the index gives nothing away to who lacks the
    key; at a URL it is asked for, unless ``no_key`` says that whoever reads the server may read the works'
    words. ``store_text`` keeps the texts too. ``shard``, such as ``"0/4"``, makes it an index of that share of the
    inputs (see :mod:`simblock_indexer.readers.shares`), in a directory, for :func:`merge`. Nothing stands at ``out``
    until all of it is written. Raises InputError for what cannot be read, UsageError where something is at ``out``
    already, KeyProblem, StoreLost.
    """
    check_keyed(out, key_file, no_key=no_key)
    share = Share.parse(shard) if isinstance(shard, str) else shard
    if share is not None:
        _check_directory(out)
    call = _Call(inputs, out, options, key_file, watch, key=new_key(out, key_file), share=share)
    with (
        call.tokeniser() as tokenise,
        opening.create_writer(
            out, key=call.key, store_text=store_text, tokenise=tokenise, shard=call.shard
        ) as session,
    ):
        session.put(call.documents())
        return call.report(session.commit())


def build_shard(
    inputs: Inputs, out: str | Path, options: ReadOptions | None, number: int, of: int, **how: Any
) -> Report:
    """One of the shards of a build, numbered from 0; ``how`` as for :func:`build`.

    Its arguments and what it gives can be sent to other processes.
    """
    return build(inputs, out, options, shard=Share.parse(f"{number}/{of}"), **how)


def merge(
    shards: Iterable[str | Path],
    out: str | Path,
    *,
    partial: bool = False,
    key_file: KeyFiles = None,
    watch: Brought | None = None,
) -> Report:
    """Makes one index of shards, or of other indexes of one key and scheme; they stay.

    ``partial`` goes on where shards are missing. What was added to one or removed from it since it was built counts.
    Nothing stands at ``out`` until all of it is written. ``watch`` is told how many bytes of how many are done.
    Raises UsageError where they are not of one build, InputError where two hold a work of one id, KeyProblem,
    Incompatible, NotAnIndex, Damaged.
    """
    began = time.monotonic()
    parts = list(shards)
    for place in (*parts, out):
        _check_directory(place)
    keys = [key for key in keys_of(parts, load_keys(key_file)) if key is not None]
    key = keys[0] if keys else None
    merged = merging.merge(parts, out, key=key, partial=partial, watch=watch)
    short, common, notes = _weak(out, key)
    return Report(
        shown(out),
        merged.epoch,
        changed=True,
        added=merged.works,
        words=merged.words,
        lexemes=merged.lexemes,
        bytes=merged.bytes,
        seconds=time.monotonic() - began,
        short=short,
        common=common,
        notes=notes,
    )


def add(
    index: str | Path,
    inputs: Inputs,
    options: ReadOptions | None = None,
    *,
    prune: bool = False,
    clear_metadata: bool = False,
    key_file: KeyFiles = None,
    watch: Watch | None = None,
) -> Report:
    """Adds works to an index, or replaces those of the same id; what is the same stays untouched.

    What is known of a work and not said this time stays too, unless ``clear_metadata`` is set. With ``prune``, works whose ids begin with the name of a folder in ``inputs`` and whose files are
    gone are removed; files that are there and cannot be read keep theirs. Raises as :func:`build`
    does, NotAnIndex, and Busy while another process writes.
    """
    call = _Call(inputs, index, options, key_file, watch, key=key_of(index, key_file))
    if prune:
        call.check_roots()
    with (
        call.tokeniser() as tokenise,
        opening.open_writer(index, key=call.key, tokenise=tokenise) as session,
    ):
        session.put(call.documents(), clear_metadata=clear_metadata)
        removed = call.gone(session) if prune else []
        session.remove(removed, reason=call.options.reason or ("pruned" if removed else None))
        return call.report(session.commit())


def remove(
    index: str | Path,
    ids: Iterable[str],
    *,
    purge: bool = False,
    reason: str | None = None,
    key_file: KeyFiles = None,
) -> Report:
    """Removes works; with ``purge`` what is stored of them leaves the disk at once.

    Raises UsageError, and removes none, where an id is not in the index.
    """
    began = time.monotonic()
    wanted = list(dict.fromkeys(ids))
    with opening.open_writer(index, key=key_of(index, key_file)) as session:
        missing = session.remove(wanted, reason=reason, purge=purge)
        if missing:
            raise UsageError(_not_there(index, missing))
        epoch = session.commit().epoch
    seconds = time.monotonic() - began
    return Report(shown(index), epoch, changed=True, removed=len(wanted), seconds=seconds)


def rebuild(
    old: str | Path,
    new: str | Path,
    *,
    key_file: KeyFiles = None,
    new_key_file: KeyFiles = None,
    no_key: bool = False,
) -> Report:
    """Makes a new index of what an old one stores of its works, by today's scheme; ``old`` stays.

    ``key_file`` is the old one's, and the new one's too unless ``new_key_file`` is given; at a URL a key is
    asked for as :func:`build` does. Raises UsageError where something is at ``new`` already, Incompatible
    where today's tokens are others.
    """
    began = time.monotonic()
    check_keyed(new, new_key_file or key_file, no_key=no_key)
    key = key_of(old, key_file)
    made = new_key(new, new_key_file) or key
    epoch = opening.rebuild(old, new, key=key, new_key=made)
    with closing(cast(StoredIndex, open_index(new, key=made))) as index:
        added = sum(1 for _ in index.entries())
    return Report(shown(new), epoch, changed=True, added=added, seconds=time.monotonic() - began)


class _Call:
    """One build or add: its inputs planned, its tally, and how long it has taken."""

    def __init__(
        self,
        inputs: Inputs,
        index: str | Path,
        options: ReadOptions | None,
        key_file: KeyFiles,
        watch: Watch | None,
        *,
        key: bytes | None,
        share: Share | None = None,
    ) -> None:
        self._began = time.monotonic()
        self.key = key
        self._index = index
        self.options = _without_itself(options or ReadOptions(), index, key_file)
        self._inputs = list(inputs)
        self._watch = watch
        self._tally = Tally()
        self._seen: set[str] = set()
        self._sources: list[Source] = plan(self._inputs, self.options, self._tally)
        self.shard = None if share is None else self._take(share)

    def _take(self, share: Share) -> Shard:
        """Leaves to this call a share of the inputs."""
        shard = Shard(*share, digest(self._sources, self.options).hex())
        self._sources = shared(self._sources, share)
        self._tally.total = sum(source.size for source in self._sources)
        if share.number:  # what folders hold besides works is counted once
            self._tally.passed.clear()
            self._tally.names.clear()
        if not self._sources:
            self._tally.notes.append(
                f"no input begins in share {share}, so the shard is empty (a file that is one work, or compressed, "
                "is never divided): fewer shards would do"
            )
        return shard

    def tokeniser(self) -> AbstractContextManager[TokeniserPool | None]:
        """Processes that tokenise, where more than one is asked for and the inputs are worth starting them."""
        if self.options.workers == 1 or self._tally.total < SMALL:
            return nullcontext()
        return TokeniserPool(self.options.workers)

    def documents(self) -> Iterator[Document]:
        """The works of the inputs, in order. Of one that cannot be read it says how many others cannot."""
        try:
            yield from self._documents()
        except Unreadable as error:
            raise InputError(f"{error}{self._others(error.place)}") from None

    def _others(self, place: str) -> str:
        """Of the text files after ``place``, how many cannot be read either; nothing where all can."""
        after = dropwhile(lambda source: source.place != place, self._sources)
        texts = (source for source in islice(after, 1, None) if source.form == "text" and source.path)
        looked, bad, size = 0, 0, 0
        for source in islice(texts, LOOKED_AT):
            size += source.size
            if size > LOOKED_AT_BYTES:
                break
            looked += 1
            bad += read_text(source, self.options).error is not None
        if not bad:
            return ""
        return (
            f" ({bad:,} of the next {looked:,} files cannot be read either; --skip-bad lists all and goes on)"
        )

    def _documents(self) -> Iterator[Document]:
        shown = 0
        share = self.shard is not None
        for document in documents(self._sources, self.options, self._tally, share=share):
            self._seen.add(document.work.id)
            if self._watch is not None and self._tally.done - shown >= WATCHED:
                shown = self._tally.done
                self._watch(self._tally)
            yield document
        if self._watch is not None:
            self._watch(self._tally)

    def check_roots(self) -> None:
        """Raises UsageError unless a folder can be pruned: an empty one may be a disk that is not there."""
        folders = [folder for folder in self._inputs if Path(folder).is_dir()]
        if not folders:
            raise UsageError("--prune needs a folder among the inputs: it removes works whose files are gone")
        met = {source.root for source in self._sources}
        for folder in folders:
            if root_name(folder) not in met:
                raise UsageError(
                    f"{folder}: holds no files, and --prune would remove all its works: check the path"
                )

    def gone(self, session: Writer) -> list[str]:
        """Ids of works that came from the folders and whose files or rows are gone."""
        roots = tuple(f"{source.root}/" for source in self._sources if source.root)
        unread = tuple(f"{name}#" for name in self._tally.kept_under)
        there = self._seen | self._tally.kept | self._tally.kept_under
        return [
            name
            for name in session.works()
            if name.startswith(roots) and name not in there and not name.startswith(unread)
        ]

    def report(self, commit: Commit) -> Report:
        """What was done."""
        counts, tally = commit.counts, self._tally
        changed = any((counts.added, counts.replaced, counts.metadata, counts.removed))
        short, common, notes = _weak(self._index, self.key, self._seen) if changed else ((), (), ())
        return Report(
            **counts._asdict(),
            index=shown(self._index),
            epoch=commit.epoch,
            changed=changed,
            bytes=tally.done - tally.unread,
            seconds=time.monotonic() - self._began,
            languages=dict(tally.languages),
            lexer_alone=lexer_alone(tally.languages),
            generic=dict(tally.generic),
            passed=dict(tally.passed),
            passed_names=tally.names,
            bad=tally.bad,
            problems=tuple(tally.problems),
            short=short,
            common=common,
            unused_columns=tuple(sorted(tally.columns)),
            notes=(*tally.notes, *_pages(tally.pages), *notes),
        )


def _pages(count: int) -> tuple[str, ...]:
    return (f"{counted(count, 'page')} (.html) read as text: --kind code for their scripts",) if count else ()


def _weak(
    index: str | Path, key: bytes | None, ids: Container[str] | None = None
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The works (among ``ids``) that are too short, and that are mostly common; a note where there are too many."""
    if weight(index) > WEIGHED:
        return (), (), ("simblock-index stat names works that are too short or mostly common",)
    with closing(cast(StoredIndex, open_index(index, key=key))) as opened:
        stat = opened.stat()
    short, common = (
        tuple(name for name in names if ids is None or name in ids)
        for names in (stat.too_short, stat.mostly_common)
    )
    return short, common, ()


def _check_directory(index: str | Path) -> None:
    if is_url(index):
        raise UsageError(
            f"{shown(index)}: shards are made and merged in directories: merge there, then bring the result here by "
            "simblock-index sync"
        )


def _without_itself(options: ReadOptions, index: str | Path, key_file: KeyFiles) -> ReadOptions:
    """An index and its key may lie in a folder that is indexed, and are no works."""
    own = key_paths(key_file) if is_url(index) else [Path(index), *key_paths(key_file)]
    return replace(options, leave_out=(*options.leave_out, *own))


def _not_there(index: str | Path, missing: list[str]) -> str:
    named = ", ".join(repr(name[:80]) for name in missing[:3])
    more = f" and {len(missing) - 3:,} more" if len(missing) > 3 else ""
    return (
        f"{shown(index)} has no work {named}{more}, so nothing was removed: simblock-index list shows the ids"
    )
