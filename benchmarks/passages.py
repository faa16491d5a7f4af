"""Copies: passages cut out of works, edited, and planted in clean text."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.corpus import Clean, half_of
from simblock.text import tokenise
from simblock.tokens import CHAR, Tokens
from simblock.work import Document

BEFORE, AFTER = 120, 60
"""Words of clean text on either side of a planted passage."""
VOCABULARY = 50_000
"""Word occurrences of the corpus from which substitutes and insertions are drawn."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A copy in its host: where it stands, and which of its words are the work's own.

    ``kept`` holds the code points [start, end) in ``text`` of each unedited word.
    """

    work: str
    first: int
    source: str
    text: str
    start: int
    end: int
    kept: tuple[tuple[int, int], ...]


def is_prose(tokens: Tokens, first: int, count: int, text: str, *, characters: bool) -> bool:
    """Whether a passage is sentences rather than a table, and of the script asked for.

    Letters, many different tokens; ``characters`` asks for a script without spaces.
    """
    keys, flags = tokens.keys[first : first + count], tokens.flags[first : first + count]
    share = float(((flags & CHAR) != 0).mean())
    if (share < 0.9 if characters else share > 0) or len(np.unique(keys)) < count / (2 if count <= 64 else 3):
        return False
    stretch = text[int(tokens.starts[first]) : int(tokens.ends[first + count - 1])]
    letters = sum(character.isalpha() or character.isspace() for character in stretch)
    return letters >= 0.8 * len(stretch) and len(stretch) <= 9 * count


class Planter:
    """Draws passages of the works of one half, edits them and plants them; the same for the same seed."""

    def __init__(
        self,
        documents: Sequence[Document],
        clean: Sequence[Clean],
        half: str,
        seed: int,
        *,
        characters: bool = False,
    ) -> None:
        self._random = random.Random(seed)
        self._characters = characters
        self._documents = [
            document
            for document in documents
            if half_of(document.work.id) == half and (not characters or has_characters(document.text))
        ]
        self._weights = np.cumsum([len(document.text) for document in self._documents]).tolist()
        self._hosts = [(one.text, tokenise(one.text)) for one in clean]
        self._vocabulary = [self._word() for _ in range(VOCABULARY)]

    def _document(self) -> Document:
        return self._random.choices(self._documents, cum_weights=self._weights)[0]

    def _word(self) -> str:
        while True:
            text = self._document().text
            at = self._random.randrange(len(text))
            if self._characters:
                if has_characters(text[at]):
                    return text[at]
                continue
            words = text[at : at + 80].split()[1:-1]
            if words and words[0].isalpha() and not has_characters(words[0]):
                return words[0]

    def passages(self, count: int, words: int) -> Iterator[tuple[Document, Tokens, int]]:
        """(work, its tokens, first token) of passages of so many words of prose."""
        size = words * (2 if self._characters else 1)
        while count:
            document = self._document()
            tokens = tokenise(document.text)
            if len(tokens) < size:
                continue
            for _ in range(5):
                first = self._random.randrange(len(tokens) - size + 1)
                if is_prose(tokens, first, size, document.text, characters=self._characters):
                    count -= 1
                    yield document, tokens, first
                    break

    def plant(self, passage: tuple[Document, Tokens, int], words: int, rate: float) -> Planted:
        """The passage with a share of its words edited, in clean text."""
        document, tokens, first = passage
        size = words * (2 if self._characters else 1)
        before, after = self._host()
        start = len(before)
        source = document.text[int(tokens.starts[first]) : int(tokens.ends[first + size - 1])]
        copy, kept = self._edit(document.text, tokens, first, size, rate)
        spans = tuple((start + a, start + b) for a, b in kept)
        return Planted(
            document.work.id, first, source, before + copy + after, start, start + len(copy), spans
        )

    def _edit(
        self, text: str, tokens: Tokens, first: int, count: int, rate: float
    ) -> tuple[str, list[tuple[int, int]]]:
        """Substitutes, deletes and inserts tokens, in equal parts."""
        edits = self._random.sample(range(count), round(rate * count))
        kinds = {at: ("substitute", "delete", "insert")[number % 3] for number, at in enumerate(edits)}
        space = "" if self._characters else " "
        made, size, kept = [], 0, []
        for at in range(count):
            token = first + at
            a, b = int(tokens.starts[token]), int(tokens.ends[token])
            gap = text[b : int(tokens.starts[token + 1])] if at + 1 < count else ""
            kind, other = kinds.get(at), self._random.choice(self._vocabulary)
            if kind in (None, "insert"):
                kept.append((size, size + b - a))
            piece = {
                "substitute": other + gap,
                "delete": "",
                "insert": text[a:b] + space + other + (gap or space),
                None: text[a:b] + gap,
            }[kind]
            made.append(piece)
            size += len(piece)
        return "".join(made), kept

    def _host(self) -> tuple[str, str]:
        """The clean text before and after: BEFORE and AFTER words of two places."""
        before, after = self._stretch(BEFORE), self._stretch(AFTER)
        return before + ". ", ". " + after

    def _stretch(self, words: int) -> str:
        while True:
            text, tokens = self._random.choice(self._hosts)
            if len(tokens) > words:
                first = self._random.randrange(len(tokens) - words)
                return text[int(tokens.starts[first]) : int(tokens.ends[first + words - 1])]


def has_characters(text: str) -> bool:
    """Whether a text has Han or kana in its beginning."""
    return any("\u3041" <= character <= "\u9fff" for character in text[:2000])


def longest_common(source: Tokens, copy: Tokens) -> tuple[int, float, int]:
    """What a perfect alignment finds: common words, similarity, and words in any order."""
    from rapidfuzz.distance import LCSseq

    a, b = source.keys.tolist(), copy.keys.tolist()
    common = LCSseq.similarity(a, b)
    bag = sum((Counter(a) & Counter(b)).values())
    return common, common / max(len(a), len(b), 1), bag
