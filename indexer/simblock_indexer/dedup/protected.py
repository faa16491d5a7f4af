"""What training documents hold of protected works, and what becomes of them for it.

Every document is examined as an answer of a model would be: the same runs, channels, indexes and policy. What the
policy stops or replaces is taken out, redacted or listed, as the pass says; what it redacts is cut out, what it cites
or observes is listed, what it releases is neither. Nobody asked for these documents, so nothing is exempt for a request.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simblock.match import Action, Match
from simblock.tokens import I64
from simblock_indexer.dedup.delivery.rows import Rows
from simblock_indexer.dedup.examining import NOTHING, Examined, Examiner, acting, policy_of, without
from simblock_indexer.dedup.options import Cut, DedupOptions
from simblock_indexer.dedup.sieve.sifting import Sieve
from simblock_indexer.indexes import open_all, shown

_AS: dict[Cut, dict[Action, Action]] = {
    "drop": {"replace": "stop"},
    "redact": {"replace": "redact", "stop": "redact"},
    "list": {"replace": "stop"},
}
"""How the actions of a policy are carried out to find what a cut needs: nobody gives other words here."""
_GENTLY: dict[Action, Cut] = {"cite": "list", "observe": "list"}
"""What becomes of matches that a policy lets out."""


class Found(NamedTuple):
    """A protected work in a document: which, how alike, where on both sides, and what came of it. No text.

    ``line`` is the row of the part, ``id`` the row's own id or None. ``kind`` text or code, ``channel`` exact or near;
    ``tokens`` and ``longest_run`` count words, of code lexemes; ``information`` is in bits. ``start`` and ``end`` are
    code points of the document, ``source_start`` and ``source_end`` of the work. ``action`` is the policy's, by
    ``rule``; ``cut`` what was done: drop, redact or list.
    """

    line: int
    id: str | None
    index: str  # type: ignore[assignment]  # as reports call it; a tuple's own is not wanted
    work: str
    title: str | None
    license: str | None
    kind: str
    channel: str
    similarity: float
    tokens: int
    longest_run: int
    information: float
    verbatim: bool
    renamed: bool
    start: int
    end: int
    source_start: int
    source_end: int
    rule: str
    action: str
    cut: Cut


class Looked(NamedTuple):
    """What becomes of a document: whether it is ``taken`` out; the ``text`` that goes on, without the ``cuts`` i64 [k, 2],
    code points of the row's text; and what was ``found`` in it."""

    taken: bool
    text: str
    cuts: I64
    found: tuple[Found, ...]


KNOWN = 1 << 14
"""Documents whose outcome is remembered."""
_UNCUT = np.empty((0, 2), np.int64)


class Protection:
    """Looks for protected works in documents. Raises what opening the indexes raises, and PolicyError."""

    def __init__(self, options: DedupOptions) -> None:
        self._policy, self._cut = policy_of(options.policy), options.cut
        opened = open_all(options.against, options.key_files)
        self._examiner = Examiner(opened, acting(self._policy, _AS[self._cut]))
        self._sieve = Sieve(self._examiner)
        self._known: dict[tuple[object, ...], Examined] = {}

    def look(self, rows: Rows) -> list[Looked]:
        """What becomes of each document of a batch. Raises StoreLost, Damaged: an index that cannot answer ends the pass."""
        self._examiner.refresh()
        clean = self._sieve.clean(rows.texts, rows.languages).tolist()
        columns = zip(clean, rows.lines, rows.ids, rows.texts, rows.languages, strict=True)
        return [
            self._looked(line, id, text, NOTHING if passes else self._examined(text, language))
            for passes, line, id, text, language in columns
        ]

    def _examined(self, text: str, language: str | None) -> Examined:
        """What a document has of the works; of equal ones, the first is examined. They are many in training data."""
        epochs = tuple(index.epoch for index in self._examiner.indexes)
        key = (epochs, language, hashlib.blake2b(text.encode("utf-8", "surrogatepass")).digest())
        if key not in self._known:
            if len(self._known) >= KNOWN:
                self._known.clear()
            self._known[key] = self._examiner.examine(text, language)
        return self._known[key]

    def _looked(self, line: int, id: str | None, text: str, examined: Examined) -> Looked:
        if not examined.matches:
            return Looked(False, text, _UNCUT, ())
        found = tuple(self._found(line, id, match) for match in examined.matches)
        done = {one.cut for one in found}
        if "drop" in done:
            return Looked(True, text, _UNCUT, found)
        cuts = examined.cuts if "redact" in done else _UNCUT
        return Looked(False, without(text, cuts), cuts, found)

    def _found(self, line: int, id: str | None, match: Match) -> Found:
        action = match.action
        if action not in _GENTLY:  # else the policy's own, before it was carried out in another way
            action = self._policy.resolve(match.work, view=match.view).action
        work = match.work
        return Found(
            line, id, shown(match.index), work.id, work.title, work.license, match.kind, match.channel,
            match.similarity, match.tokens, match.longest_run, match.information, match.verbatim, match.renamed,
            *match.output, *match.source, match.rule, action, self._cut_of(action),
        )  # fmt: skip

    def _cut_of(self, action: Action) -> Cut:
        """What is done: the gentler of what the policy and the pass say."""
        if action == "redact":
            return "list" if self._cut == "list" else "redact"
        return _GENTLY.get(action, self._cut)


@lru_cache(maxsize=1)
def _protection(options: DedupOptions, _policy: str) -> Protection:
    return Protection(options)


def protection(options: DedupOptions) -> Protection | None:
    """What looks for the works of ``options.against``, opened once in a process; None where there are none."""
    return _protection(options, policy_of(options.policy).digest) if options.against else None
