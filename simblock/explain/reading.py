"""The tokens of both sides of a match, read as the view was that found it.

An output is read at most once as words and once as code; a work once a view, and the last few works
are kept, for the matches of one output are mostly of one work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from typing import Protocol, runtime_checkable

import numpy as np

from simblock.code import tokenise_documents
from simblock.codestream import CodeScanner
from simblock.explain.aligning import Side
from simblock.match import Match
from simblock.text import tokenise
from simblock.tokens import VIEWS, Tokens
from simblock.unmasking import unmasked
from simblock.work import Document, Kind, Work

KEPT = 8
"""Works whose tokens are kept."""
READ_AS = {"syntax": "lexemes"}
"""Views that are shown as another: whoever reads code sees lexemes, and figures count them."""


@runtime_checkable
class StoresText(Protocol):
    """An index that can give the texts of its works back."""

    name: str

    def text(self, work_id: str) -> str | None:
        """A work's text where texts are stored, None else."""


class OutputReading:
    """One output, read as words and as code when first asked for."""

    def __init__(self, text: str, kind: Kind | None = None, language: str | None = None) -> None:
        self.text = text
        self._kind, self._language = kind, language

    def sides(self, match: Match, start: int, end: int) -> Iterator[Side]:
        """The tokens of one piece of a match: as they are written and, where words are masked, as they were meant."""
        if match.unit != "word":
            yield _side(self.text, self._code.get(match.work.language or "", _NONE), start, end)
            return
        yield _side(self.text, self._words, start, end)
        meant = _side(self.text, self._meant, start, end)
        if meant.keys:
            yield meant

    @cached_property
    def _words(self) -> Tokens:
        return tokenise(self.text)

    @cached_property
    def _meant(self) -> Tokens:
        """The words of masked stretches."""
        found = unmasked(self.text)
        if found is None:
            return _NONE
        # Readings begin anew where more is known, with tokens in between that stand nowhere.
        rows = zip(found.keys, found.starts, found.ends, strict=True)
        return _tokens([row for row in rows if row[2] > row[1]])

    @cached_property
    def _code(self) -> dict[str, Tokens]:
        """The lexemes of its code by language."""
        if self._kind == "text":
            return {}
        scanner = CodeScanner(self._language)
        found = [scanner.feed(self.text).lexemes, scanner.finish().lexemes]
        rows: dict[str, list[tuple[int, int, int]]] = {}
        for coded in found:
            for language, *token in zip(coded.languages, coded.keys, coded.starts, coded.ends, strict=True):
                rows.setdefault(language, []).append((token[0], token[1], token[2]))
        return {language: _tokens(tokens) for language, tokens in rows.items()}


class SourceReading:
    """The stored texts of works, as far as the indexes keep them."""

    def __init__(self, indexes: Iterable[object]) -> None:
        self._indexes = {index.name: index for index in indexes if isinstance(index, StoresText)}
        self._runs = lru_cache(KEPT)(self._read)
        self._texts = lru_cache(KEPT)(self._text)

    def text(self, match: Match) -> str | None:
        """The work's text, None where it is not stored, or is no longer the one that was matched, or where the
        match's place in it was lost."""
        text = self._texts(match.index, match.work.id) if match.source.end else None
        return text if text is not None and len(text) >= match.source.end else None

    def side(self, match: Match, start: int, end: int) -> Side:
        """The tokens of one piece of a match whose work's text is stored."""
        text = self._texts(match.index, match.work.id) or ""
        view = READ_AS.get(match.view, match.view)
        return _side(text, self._runs(match.index, match.work, view), start, end)

    def _text(self, index: str, work_id: str) -> str | None:
        stored = self._indexes.get(index)
        return None if stored is None else stored.text(work_id)

    def _read(self, index: str, work: Work, view: str) -> Tokens:
        text = self._texts(index, work.id) or ""
        if view == "words":
            return tokenise(text)
        runs = tokenise_documents([Document(work, text)])
        assert runs.views is not None
        at = runs.views.tolist().index(VIEWS.index(view))
        return runs.run(at)


def _tokens(rows: list[tuple[int, int, int]]) -> Tokens:
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    order = np.argsort(columns[1], kind="stable")
    keys, starts, ends = columns[:, order]
    return Tokens(keys.astype(np.uint32), np.zeros(len(keys), np.uint8), starts, ends)


def _side(text: str, tokens: Tokens, start: int, end: int) -> Side:
    """The tokens that lie in [start, end); one that reaches over its end, as an escape may, counts."""
    first, stop = np.searchsorted(tokens.starts, [start, end]).tolist()
    part = tokens.part(first, stop)
    return Side(text, part.keys.tolist(), part.starts.tolist(), part.ends.tolist())


_NONE = _tokens([])
