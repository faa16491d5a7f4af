"""Indexes that are to be one: whether they can be, and in which order."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import NamedTuple

from simblock.errors import Incompatible, KeyProblem, UsageError
from simblock.stores.manifest import Manifest
from simblock.stores.refusals import check_words, read_alike
from simblock.stores.shelf import FolderShelf

_LISTED = 10


class Source(NamedTuple):
    """An index to be merged."""

    shelf: FolderShelf
    manifest: Manifest

    @property
    def name(self) -> str:
        """Its path as given."""
        return self.shelf.name


def opened(path: str | Path) -> Source:
    """An index to be merged. Raises NotAnIndex, Damaged, Incompatible."""
    shelf = FolderShelf(Path(path), str(path))
    manifest = Manifest.from_json(shelf.manifest(), shelf.name)
    check_words(manifest)
    return Source(shelf, manifest)


def in_order(sources: list[Source], *, partial: bool) -> list[Source]:
    """The indexes, shards by their numbers. Raises where they cannot be one."""
    if not sources:
        raise UsageError("nothing to merge: name the shards, or other indexes")
    first = sources[0]
    for other in sources[1:]:
        _check_alike(first, other)
    _check_read_alike(sources)
    shards = [source for source in sources if source.manifest.shard is not None]
    if shards and len(shards) < len(sources):
        other = next(source for source in sources if source.manifest.shard is None)
        raise UsageError(
            f"{shards[0].name} is a shard and {other.name} is none: merge the shards first, "
            "then that with the others"
        )
    return _shards_in_order(shards, partial=partial) if shards else _each_once(sources)


def _check_alike(one: Source, other: Source) -> None:
    first, second = one.manifest, other.manifest
    both = f"{one.name} and {other.name}"
    if first.key != second.key:
        raise KeyProblem(
            f"{both} have different keys, or one has none: make one of them anew by "
            "simblock-index rebuild OLD NEW --new-key-file FILE"
        )
    if (first.scheme.digest, first.permutations) != (second.scheme.digest, second.permutations):
        raise Incompatible(
            f"{both} were made by different schemes ({first.scheme.digest} and {second.scheme.digest}): "
            "make the older one anew by simblock-index rebuild OLD NEW"
        )
    if first.store_text != second.store_text:
        raise UsageError(f"of {both} only one keeps the texts: build both with --store-text, or both without")


def _check_read_alike(sources: list[Source]) -> None:
    seen: dict[str, Source] = {}
    for source in sources:
        for language, made in source.manifest.languages.items():
            before = seen.setdefault(language, source)
            if not read_alike(before.manifest.languages[language], made):
                raise Incompatible(
                    f"{before.name} and {source.name} hold code of {language} that was read by different parsers or "
                    "rules: build both by one simblock, with the same parsers"
                )


def _each_once(sources: list[Source]) -> list[Source]:
    seen: dict[str, Source] = {}
    for source in sources:
        before = seen.setdefault(source.manifest.origin or source.name, source)
        if before is not source:
            raise UsageError(f"{before.name} and {source.name} are one index: name it once")
    return sources


def _shards_in_order(sources: list[Source], *, partial: bool) -> list[Source]:
    first = sources[0]
    found: dict[int, Source] = {}
    for source in sources:
        shard, of = source.manifest.shard, first.manifest.shard
        assert shard is not None
        assert of is not None
        if (shard.of, shard.plan) != (of.of, of.plan):
            raise UsageError(
                f"{first.name} (shard {of}) and {source.name} (shard {shard}) are not of one build: their inputs, "
                "options or number of shards differ; build them alike"
            )
        before = found.setdefault(shard.number, source)
        if before is not source:
            raise UsageError(f"{before.name} and {source.name} are both shard {shard}: name one of them")
    assert first.manifest.shard is not None
    count = first.manifest.shard.of
    if len(found) < count and not partial:
        missing = (f"{number}/{count}" for number in range(count) if number not in found)
        named, more = list(islice(missing, _LISTED)), count - len(found) - _LISTED
        others = f" (and {more:,} more)" if more > 0 else ""
        raise UsageError(
            f"shard {', '.join(named)} is missing{others}: name all of them, or go on by --partial"
        )
    return [found[number] for number in sorted(found)]
