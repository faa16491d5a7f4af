"""*sign*: documents become runs, sketches, and the keys of bands by partition."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.grammar import grammar
from simblock.lexer import NUMBER, STRING, Lexer, lexeme_view
from simblock.scheme import T_LEXEMES
from simblock.signature import band_keys
from simblock.tokens import I64, SPELLING, U8, U32, U64, Bools
from simblock.words import words
from simblock_indexer.dedup import passages
from simblock_indexer.dedup.delivery.reading import read
from simblock_indexer.dedup.delivery.rows import Met, Rows
from simblock_indexer.dedup.folder import Folder, Growing, Plan
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.part import CODE, EMPTY, RUNS, SLOTS, TAKEN, TEXT, Runs, Signed
from simblock_indexer.dedup.sketch import (
    digests,
    partition_of,
    rows_of,
    shingles,
    sketches,
    stored,
)

if TYPE_CHECKING:
    from simblock_indexer.dedup.protected import Looked, Protection

BATCH = 1 << 19
"""Characters tokenised and sketched at a time: what is made of them stays in the second cache."""
_TWIN = np.uint64(0xBF58476D1CE4E5B9)


def sign(folder: Folder, part: int) -> None:
    """Signs a part of the inputs; does nothing where that was done."""
    if folder.signed(part).exists():
        return
    plan, met = folder.plan, Met()
    put(folder, part, read(plan.parts[part], plan, met), plan, met)


def put(folder: Folder, part: int, rows: Iterable[Rows], plan: Plan, met: Met) -> None:
    """Signs documents as a part; ``met`` is what their reading fills."""
    with folder.making(folder.signed(part)) as filled:
        signed(rows, plan, met, filled / RUNS).write(filled)


class Made(NamedTuple):
    """A signed part, and what was found in it of protected works; None where that was not looked for."""

    signed: Signed
    found: list[dict[str, Any]] | None

    def write(self, folder: Path) -> None:
        """Writes all of it as files of ``folder``."""
        self.signed.write(folder)
        if self.found is not None:
            (folder / "protected.json").write_text(json.dumps(self.found), "utf-8")


def signed(rows: Iterable[Rows], plan: Plan, met: Met, spool: Path | None = None) -> Made:
    """What becomes of documents; ``met`` is what their reading fills.

    The runs, which are most of it, go to the file ``spool`` as they come, and are mapped; without one they are held.
    """
    spooled = None if spool is None else Growing(spool)
    try:
        collected = _Collected(plan, spooled)
        for batch in rows:
            for some in _batches(batch):
                collected.take(some)
        return collected.made(met)
    finally:
        if spooled is not None:
            spooled.close()


def _batches(rows: Rows) -> Iterator[Rows]:
    """Rows of about BATCH characters."""
    ends = list(accumulate(map(len, rows.texts)))
    first, limit = 0, BATCH
    for at, end in enumerate(ends):
        if end >= limit or at == len(ends) - 1:
            part = slice(first, at + 1)
            yield rows.some(part)
            first, limit = at + 1, end + BATCH


def _protection(options: DedupOptions) -> Protection | None:
    if not options.against:
        return None
    from simblock_indexer.dedup import protected  # half of what a process takes to start

    return protected.protection(options)


class _Collected:
    """What is gathered of a part, a batch at a time."""

    def __init__(self, plan: Plan, spool: Growing | None) -> None:
        self._plan = plan
        self._spool = spool
        self._protection = _protection(plan.options)
        self._columns: list[dict[str, NDArray[Any]]] = []
        self._ids: list[str | None] = []
        self._cuts: list[tuple[int, int, int]] = []
        self._found: list[dict[str, Any]] = []
        self._anchors: list[dict[str, NDArray[Any]]] = []
        self._sizes: list[int] = []
        self._documents = 0

    def take(self, rows: Rows) -> None:
        looked = [] if self._protection is None else self._protection.look(rows)
        texts = [one.text for one in looked] or rows.texts
        runs = _runs(texts, rows.languages)
        sorts = np.where(np.diff(runs.bounds) > 0, runs.sorts, np.uint8(EMPTY)).astype(np.uint8)
        self._guard(looked, sorts)
        self._ids += rows.ids
        self._columns.append(
            {
                "lines": np.array(rows.lines, np.uint32),
                "sorts": sorts,
                "sizes": np.fromiter(map(len, rows.texts), np.uint32, len(rows.texts)),
                "checks": _checks(texts),
                "ranks": rows.ranks,
                "runs": self._put(runs.keys),
                "lengths": np.diff(runs.bounds),
                **sketched(runs, sorts, self._plan),
            }
        )
        if self._plan.options.passages:
            some = Runs(runs.keys, runs.bounds, sorts)
            self._anchors.append(
                passages.anchors(some, self._plan.partitions, self._plan.options.min_passage)
            )
            self._sizes.append(len(texts))
        self._documents += len(texts)

    def _put(self, keys: U32) -> U32:
        if self._spool is None:
            return keys
        self._spool.add(keys)
        return keys[:0]

    def _guard(self, looked: list[Looked], sorts: U8) -> None:
        """Notes what was found of protected works. What is taken out for it is of that sort, and so is a document of
        which cutting leaves no token."""
        for at, one in enumerate(looked):
            gone = len(one.cuts) > 0 and sorts[at] == EMPTY
            if one.taken or gone:
                sorts[at] = TAKEN
            if not gone:
                self._cuts += [(self._documents + at, start, end) for start, end in one.cuts.tolist()]
            self._found += [
                found._asdict() | ({"cut": "drop"} if gone and found.cut == "redact" else {})
                for found in one.found
            ]

    def made(self, met: Met) -> Made:
        """All of it as one part."""
        column = {name: self._joined(name) for name in _COLUMNS}
        if self._spool is not None:
            column["runs"] = self._spool.mapped()
        bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(column.pop("lengths"))])
        bands = np.concatenate(
            [columns["bands"] for columns in self._columns] or [np.empty((0, 0), np.uint64)]
        )
        keys, owners, splits = entries(column["digests"], bands, column["sorts"], self._plan.partitions)
        more = self._joined_anchors() if self._plan.options.passages else {}
        if self._protection is not None:
            cuts = np.array(self._cuts, np.int64).reshape(-1, 3)
            more |= {"cut_owners": cuts[:, 0].astype(np.uint32), "cut_spans": cuts[:, 1:]}
        counts = {
            "documents": self._documents,
            "rows": met.rows,
            "characters": int(column["sizes"].sum(dtype=np.int64)),
            "tokens": len(column["runs"]),
            "read": met.read,
            "bad": met.bad,
            "empty": int((column["sorts"] == EMPTY).sum()),
            "problems": met.problems,
        }
        column |= {"bounds": bounds, "keys": keys, "owners": owners, "splits": splits}
        signed = Signed(**column, ids=self._ids, more=more, counts=counts)
        return Made(signed, None if self._protection is None else self._found)

    def _joined_anchors(self) -> dict[str, NDArray[Any]]:
        if self._anchors:
            return passages.concatenated(self._anchors, self._sizes)
        nothing = Runs(np.empty(0, np.uint32), np.zeros(1, np.int64), np.empty(0, np.uint8))
        return passages.anchors(nothing, self._plan.partitions, self._plan.options.min_passage)

    def _joined(self, name: str) -> NDArray[Any]:
        return np.concatenate([_COLUMNS[name], *(columns[name] for columns in self._columns)])


_COLUMNS: dict[str, NDArray[Any]] = {
    "lines": np.empty(0, np.uint32),
    "sorts": np.empty(0, np.uint8),
    "sizes": np.empty(0, np.uint32),
    "checks": np.empty(0, np.uint32),
    "ranks": np.empty(0, np.float64),
    "runs": np.empty(0, np.uint32),
    "lengths": np.empty(0, np.int64),
    "digests": np.empty(0, np.uint64),
    "sketches": np.empty((0, SLOTS), np.uint8),
}


def entries(
    digest: U64, bands: U64, sorts: U8, partitions: int, leads: Bools | None = None
) -> tuple[U64, U32, I64]:
    """The keys u64 of digests and bands of the documents that are compared (of ``leads`` alone), by partition; the
    documents u32 they are of; and the bounds i64 [partitions + 1] between partitions.

    ``bands`` u64 [m, b] are those of the documents that are compared.
    """
    compared = (sorts == TEXT) | (sorts == CODE)
    chosen = np.flatnonzero(compared if leads is None else compared & leads)
    if leads is not None:
        bands = bands[leads[compared]]
    keys = np.concatenate([twin_keys(digest[chosen])[:, None], bands], axis=1).ravel()
    owners = np.repeat(chosen.astype(np.uint32), bands.shape[1] + 1)
    parts = partition_of(keys, partitions)
    order = np.argsort(parts, kind="stable")
    splits = np.searchsorted(parts[order], np.arange(partitions + 1))
    return keys[order], owners[order], splits


def twin_keys(digest: U64) -> U64:
    """The keys u64 under which documents of one digest meet."""
    return digest * _TWIN


def sketched(runs: Runs, sorts: U8, plan: Plan) -> dict[str, NDArray[Any]]:
    """Digests and sketches of all documents, and the band keys of those that are compared."""
    documents = len(sorts)
    rows = rows_of(plan.options.threshold)
    bands = SLOTS // rows if plan.options.documents else 0
    made: dict[str, NDArray[Any]] = {
        "digests": np.zeros(documents, np.uint64),
        "sketches": np.zeros((documents, SLOTS), np.uint8),
        "bands": np.zeros((documents, bands), np.uint64),
    }
    for sort in (TEXT, CODE):
        chosen = np.flatnonzero(sorts == sort)
        if not len(chosen):
            continue
        found, bounds = shingles(*runs.of(chosen), code=sort == CODE)
        made["digests"][chosen] = digests(found, bounds)
        if plan.options.documents:
            values = sketches(found, bounds, plan.options.sketch)
            made["sketches"][chosen] = stored(values)
            made["bands"][chosen] = band_keys(values[: rows * bands], rows)
    made["bands"] = made["bands"][(sorts == TEXT) | (sorts == CODE)]
    return made


def _runs(texts: list[str], languages: list[str | None]) -> Runs:
    """Words of texts, lexemes of code; code that says little in lexemes, or is of a language without a grammar, is read
    as text."""
    pieces: list[U32] = [_NO_TOKENS] * len(texts)
    sorts = np.full(len(texts), TEXT, np.uint8)
    for at, language in enumerate(languages):
        if language and (run := _code(texts[at], language)) is not None:
            pieces[at], sorts[at] = run, CODE
    # One backslash or one character beyond Latin-1 makes all that is read with it twice as dear.
    for group in _sorted(texts, np.flatnonzero(sorts == TEXT).tolist()):
        for at, run in zip(group, _words([texts[at] for at in group]), strict=True):
            pieces[at] = run
    lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
    bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return Runs(np.concatenate([_NO_TOKENS, *pieces]), bounds, sorts)


def _code(text: str, language: str) -> U32 | None:
    """The lexemes of code; None where they are few, or comments are most of it: then the words tell more."""
    run = lexemes(text, language)
    return run if len(run) >= max(T_LEXEMES, len(text.split()) / 2) else None


_NO_TOKENS = np.empty(0, np.uint32)


def _sorted(texts: list[str], places: list[int]) -> tuple[list[int], ...]:
    """Places of texts of ASCII, of other texts, of texts with backslashes."""
    plain: list[int] = []
    other: list[int] = []
    escaped: list[int] = []
    for at in places:
        text = texts[at]
        (escaped if "\\" in text else plain if text.isascii() else other).append(at)
    return plain, other, escaped


def _words(texts: list[str]) -> list[U32]:
    """The keys of the words of each text."""
    if not texts:
        return []
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    begins = np.cumsum(lengths + 1) - lengths - 1
    keys, starts, _ = words("\n".join(texts))  # nothing reaches across a line feed
    return np.split(keys, np.searchsorted(starts, begins[1:]))


_QUOTES = re.compile(r"""^[A-Za-z]{0,3}["'`]+|["'`]+$""")
_HOLES = re.compile(r"[$#]?\{[^{}]*\}")


def lexemes(text: str, language: str) -> U32:
    """The keys u32 of the lexemes of code, literals by what they say: files that differ in their texts or numbers alone
    (messages in two languages, tables) are no copies of each other.

    Quotes, their prefixes and white space in a literal say nothing, nor do the expressions that it holds: they have names.
    """
    tokens = Lexer(grammar(language)).tokens(text)
    keys = lexeme_view(tokens.keys)
    for at in np.flatnonzero((keys == STRING) | (keys == NUMBER)).tolist():
        literal = _QUOTES.sub("", text[tokens.starts[at] : tokens.ends[at]])
        said = "".join(_HOLES.sub("{}", literal).split())
        keys[at] = zlib.crc32(said.encode("utf-8", "surrogatepass")) & SPELLING
    return keys


def _checks(texts: list[str]) -> U32:
    spelled = (text.encode("utf-8", "surrogatepass") for text in texts)
    return np.fromiter(map(zlib.crc32, spelled), np.uint32, len(texts))
