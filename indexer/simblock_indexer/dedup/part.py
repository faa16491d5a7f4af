"""What *sign* made of a part: a folder of arrays, and all such folders of a pass as one row of documents.

Documents are numbered over the pass, the kept ones of earlier deliveries first, in the order of the inputs. An array
is read from disk where it is used; of many documents only what is asked is ever in memory.
"""

from __future__ import annotations

import json
import mmap
import resource
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.errors import Damaged, UsageError
from simblock.tokens import I64, U8, U32, U64
from simblock_indexer.dedup.delivery.rows import F64, Part
from simblock_indexer.dedup.folder import Folder, Plan, counted, intact, load, pack, save, unpacked

SLOTS = 128
"""Slots of a sketch, one byte each as stored."""

RUNS = "runs.npy"

EMPTY, TEXT, CODE, TAKEN = 0, 1, 2, 3
"""Sorts of documents: without tokens, text, code, taken out for what it holds of protected works."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The documents of a part, before they are written. d documents, t tokens, p partitions, all in order.

    ``lines`` u32 [d]: the row of the part; ``sorts`` u8 [d]; ``sizes`` u32 [d]: characters; ``digests`` u64 [d]: of
    the run; ``checks`` u32 [d]: CRC-32 of the text; ``sketches`` u8 [d, SLOTS]; ``ranks`` f64 [d]; ``ids``: None
    where a row has none; ``runs`` u32 [t] and ``bounds`` i64 [d + 1]. ``keys`` u64 and ``owners`` u32 (a document of
    the part) are the entries of all bands, by partition: those of partition i are ``splits[i]:splits[i+1]``.
    ``more`` are arrays of other scopes, by name; ``counts`` what was met, as JSON has it.
    """

    lines: U32
    sorts: U8
    sizes: U32
    digests: U64
    checks: U32
    sketches: U8
    ranks: F64
    ids: Sequence[str | None]
    runs: U32
    bounds: I64
    keys: U64
    owners: U32
    splits: I64
    more: dict[str, NDArray[Any]]
    counts: dict[str, Any]

    ARRAYS = ("lines", "sorts", "sizes", "digests", "checks", "sketches", "ranks", "bounds", "keys", "owners", "splits")  # fmt: skip

    def write(self, folder: Path) -> None:
        """Writes all of it as files of ``folder``."""
        if not (folder / RUNS).exists():  # they may lie there already
            save(folder / RUNS, self.runs)
        spelled = [(id or "").encode("utf-8", "surrogatepass") for id in self.ids]
        arrays = {name: getattr(self, name) for name in self.ARRAYS} | self.more
        arrays["id_bytes"] = np.frombuffer(b"".join(spelled), np.uint8)
        arrays["id_ends"] = np.cumsum([len(id) for id in spelled], dtype=np.int64)
        pack(folder, arrays)
        (folder / "counts.json").write_text(json.dumps(self.counts), "utf-8")


class SignedPart:
    """A part as it lies on disk: any array of :class:`Signed` by its name, mapped."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._arrays: dict[str, NDArray[Any]] = {}

    def array(self, name: str) -> NDArray[Any]:
        """An array by its name; raises Damaged where it is missing."""
        if not self._arrays:
            self._arrays = unpacked(self.folder)
            self._arrays["runs"] = load(self.folder / RUNS)
        if name not in self._arrays:
            raise Damaged(f"{self.folder}: has no {name}: remove the folder and run the stage again")
        return self._arrays[name]

    def has(self, name: str) -> bool:
        """Whether there is such an array."""
        return bool(self.array("bounds").size) and name in self._arrays

    def stretch(self, splits: str, partition: int, partitions: int) -> slice:
        """Where the entries of a partition lie. A part may be divided finer: those of earlier deliveries are."""
        bounds = self.array(splits)
        finer = (len(bounds) - 1) // partitions
        return slice(int(bounds[partition * finer]), int(bounds[(partition + 1) * finer]))

    def release(self) -> None:
        """Gives back the memory of what was read; it is read again where it is used."""
        for name in ("bounds", "runs"):  # one of each file
            held: Any = self._arrays.get(name)
            while isinstance(held, np.ndarray):
                held = held.base
            if isinstance(held, mmap.mmap):
                held.madvise(mmap.MADV_DONTNEED)

    @cached_property
    def counts(self) -> dict[str, Any]:
        """What was met while it was read: documents, rows, characters, read, bad, empty, problems. Raises Damaged."""
        return counted(self.folder)

    @cached_property
    def documents(self) -> int:
        """How many documents it has. Raises Damaged where that cannot be read."""
        with intact(f"{self.folder}: no count of documents: remove the folder and run the stage again"):
            return int(self.counts["documents"])

    def id(self, document: int) -> str | None:
        """The id that a document's row gives, None where it has none."""
        ends = self.array("id_ends")
        start = int(ends[document - 1]) if document else 0
        spelled = self.array("id_bytes")[start : int(ends[document])].tobytes()
        return spelled.decode("utf-8", "surrogatepass") or None

    def ids(self, documents: I64) -> Iterator[str]:
        """The ids that the rows of some documents give, empty where one gives none: only their own bytes are read."""
        ends = self.array("id_ends")
        stops = ends[documents]
        starts = np.where(documents > 0, ends[documents - 1], 0)
        lengths = stops - starts
        edges = np.cumsum(lengths)
        places = np.repeat(starts - (edges - lengths), lengths) + np.arange(lengths.sum())
        spelled = self.array("id_bytes")[places].tobytes()
        begin = 0
        for end in edges.tolist():
            yield spelled[begin:end].decode("utf-8", "surrogatepass")
            begin = end


class Delivered(NamedTuple):
    """A part of this delivery: as it was planned and as it was signed, the number of its first document, and how many rows
    of its file stand before it."""

    part: Part
    signed: SignedPart
    base: int
    before: int

    @property
    def after(self) -> int:
        """How many rows of its file stand before the next."""
        return self.before + int(self.signed.counts["rows"])

    @property
    def numbers(self) -> slice:
        """The numbers of its documents."""
        return slice(self.base, self.base + self.signed.documents)

    def of(self, numbers: NDArray[Any]) -> slice:
        """Where its documents stand among rising numbers."""
        first, last = np.searchsorted(numbers, [self.numbers.start, self.numbers.stop])
        return slice(int(first), int(last))

    def rows(self, documents: NDArray[Any] | slice) -> I64:
        """The rows i64 of the file, from 0, of some of its documents."""
        found: I64 = self.signed.array("lines")[documents].astype(np.int64) + self.before
        return found

    @property
    def redacted(self) -> I64:
        """The documents i64, rising, that something of protected works is cut out of."""
        if not self.signed.has("cut_owners"):
            return np.empty(0, np.int64)
        return np.unique(self.signed.array("cut_owners")).astype(np.int64)

    def cuts(self, document: int) -> I64:
        """What of protected works is cut out of a document's text: code points i64 [k, 2]."""
        if not self.signed.has("cut_owners"):
            return np.empty((0, 2), np.int64)
        first, last = np.searchsorted(self.signed.array("cut_owners"), [document, document + 1])
        return np.asarray(self.signed.array("cut_spans")[first:last])


class Runs(NamedTuple):
    """Token keys u32 of several documents end to end, ``bounds`` i64 [n + 1] between them, their ``sorts`` u8 [n]."""

    keys: U32
    bounds: I64
    sorts: U8

    def of(self, chosen: I64) -> tuple[U32, I64]:
        """The tokens of some of them, whose places rise, end to end, and their bounds."""
        if len(chosen) == len(self.sorts):
            return self.keys, self.bounds
        lengths = np.diff(self.bounds)
        inside = np.zeros(len(lengths), bool)
        inside[chosen] = True
        bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths[chosen])])
        return self.keys[np.repeat(inside, lengths)], bounds


MOST = (1 << 32) - 1
"""Documents are numbered by 32 bits."""


class Documents:
    """All documents of a pass: those of earlier deliveries, then those of each part. Raises UsageError where they are
    too many to be numbered."""

    def __init__(self, folder: Folder, plan: Plan | None = None) -> None:
        self.plan = plan or folder.plan
        earlier = [SignedPart(Path(segment)) for segment in self.plan.segments]
        self.parts = [*earlier, *(SignedPart(folder.signed(part.number)) for part in self.plan.parts)]
        self.bases: I64 = np.cumsum([0, *(part.documents for part in self.parts)], dtype=np.int64)
        if len(self) > MOST:
            raise UsageError(
                f"{len(self):,} documents, with those of --state: a pass has at most {MOST:,}: divide the inputs"
            )
        self._earlier = len(earlier)
        self.old = int(self.bases[self._earlier])
        """So many documents were kept of earlier deliveries: the first numbers."""

    def __len__(self) -> int:
        return int(self.bases[-1])

    def release(self) -> None:
        """Gives back the memory of what was read of all parts, so that it does not grow with the delivery."""
        for part in self.parts:
            part.release()

    def split(self, numbers: NDArray[Any]) -> Iterator[tuple[int, SignedPart, slice, I64]]:
        """Rising document numbers by part: the part's place, the part, which of ``numbers``, and their numbers in it."""
        cuts = np.searchsorted(numbers, self.bases)
        for at in np.flatnonzero(np.diff(cuts)).tolist():
            chosen = slice(int(cuts[at]), int(cuts[at + 1]))
            yield at, self.parts[at], chosen, numbers[chosen].astype(np.int64) - self.bases[at]

    @cached_property
    def delivered(self) -> tuple[Delivered, ...]:
        """The parts of this delivery, in order."""
        found: list[Delivered] = []
        signed = zip(self.plan.parts, self.parts[self._earlier :], self.bases[self._earlier :], strict=False)
        for part, its, base in signed:
            same = bool(found) and found[-1].part.source == part.source
            found.append(Delivered(part, its, int(base), found[-1].after if same else 0))
        return tuple(found)

    def among(self, numbers: NDArray[Any]) -> Iterator[tuple[Delivered, slice, I64]]:
        """Those of rising document numbers that are of this delivery, by part: the part, which of ``numbers``, and their
        numbers in it."""
        for at, _, chosen, inside in self.split(numbers):
            if at >= self._earlier:
                yield self.delivered[at - self._earlier], chosen, inside

    def take(self, name: str, numbers: NDArray[Any]) -> NDArray[Any]:
        """Rows of an array with a row a document, for rising document numbers."""
        found = [part.array(name)[inside] for _, part, _, inside in self.split(numbers)]
        return np.concatenate(found) if found else np.asarray(self.parts[0].array(name)[:0])

    def column(self, name: str) -> NDArray[Any]:
        """A whole array with a row a document."""
        return np.concatenate([part.array(name) for part in self.parts])

    def entries(self, partition: int, prefix: str = "") -> tuple[U64, U32, list[slice]]:
        """The keys of a partition, part after part, the numbers of the documents that they are of, and where they lie
        in each part. ``prefix`` is that of the arrays' names."""
        keys: list[U64] = [np.empty(0, np.uint64)]
        owners: list[U32] = [np.empty(0, np.uint32)]
        places: list[slice] = []
        for part, base in zip(self.parts, self.bases.tolist(), strict=False):
            some = part.stretch(f"{prefix}splits", partition, self.plan.partitions)
            keys.append(part.array(f"{prefix}keys")[some])
            owners.append(part.array(f"{prefix}owners")[some] + np.uint32(base))
            places.append(some)
        return np.concatenate(keys), np.concatenate(owners), places

    def lengths(self, numbers: NDArray[Any]) -> I64:
        """How many tokens i64 documents have, whose numbers rise."""
        found = [np.empty(0, np.int64)]
        for _, part, _, inside in self.split(numbers):
            bounds = part.array("bounds")
            found.append(bounds[inside + 1] - bounds[inside])
        return np.concatenate(found)

    def copies(self, numbers: NDArray[Any]) -> I64:
        """How many copies i64 of documents were kept in earlier deliveries, beside themselves."""
        found = np.zeros(len(numbers), np.int64)
        for part in self.parts[: self._earlier]:
            owners = part.array("copy_owners")
            at = np.searchsorted(owners, numbers)
            inside = at < len(owners)
            same = owners[at[inside]] == numbers[inside]
            found[np.flatnonzero(inside)[same]] += part.array("copy_counts")[at[inside][same]]
        return found

    def runs(self, numbers: NDArray[Any]) -> Runs:
        """The runs of some documents, whose numbers rise."""
        pieces: list[U32] = []
        lengths: list[I64] = []
        for _, part, _, inside in self.split(numbers):
            bounds, keys = part.array("bounds"), part.array("runs")
            starts, ends = bounds[inside], bounds[inside + 1]
            lengths.append(ends - starts)
            pieces += [keys[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        total = np.cumsum(np.concatenate([np.zeros(1, np.int64), *lengths]))
        empty = np.empty(0, np.uint32)
        return Runs(np.concatenate([empty, *pieces]), total, self.take("sorts", numbers))

    def place(self, number: int) -> tuple[int, int]:
        """The source of a document of this delivery, and the row of the file, from 0."""
        at = int(np.searchsorted(self.bases, number, "right")) - 1
        its = self.delivered[at - self._earlier]
        return its.part.source, int(its.signed.array("lines")[number - its.base]) + its.before

    def id(self, number: int) -> str:
        """A document's id: the row's own, else FILE#line, from 1."""
        at = int(np.searchsorted(self.bases, number, "right")) - 1
        given = self.parts[at].id(number - int(self.bases[at]))
        if given is not None:
            return given
        source, row = self.place(number)
        return f"{self.plan.sources[source].stem}#{row + 1}"

    def ids(self, numbers: NDArray[Any]) -> list[str | None]:
        """The ids of documents whose numbers rise: of each the row's own, else FILE#line, from 1; None where one of an
        earlier delivery has none."""
        found: list[str | None] = []
        for _, part, _, inside in self.split(numbers):
            found += [id or None for id in part.ids(inside)]
        for its, chosen, inside in self.among(numbers):
            some, rows = found[chosen], its.rows(inside).tolist()
            if None in some:
                stem = self.plan.sources[its.part.source].stem
                found[chosen] = [id or f"{stem}#{row + 1}" for id, row in zip(some, rows, strict=True)]
        return found


def documents_of(folder: Folder) -> Documents:
    """The documents of a pass whose parts are all signed. Those of one pass are held: opening a thousand parts takes
    longer than a unit's work."""
    plan = (folder.root / "plan.json").stat()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # two files a part stay open
    return _documents(str(folder.root), plan.st_ino, plan.st_mtime_ns)


@lru_cache(maxsize=1)
def _documents(root: str, _inode: int, _time: int) -> Documents:
    return Documents(Folder(root))
