"""What is read when it is first needed, read now: a server reads it before its first stream, not in its midst."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from simblock import background, commonplaces, segmenting
from simblock.vocabulary import documents_with


def prepare(languages: Iterable[str]) -> None:
    """Reads the tables of words, commonplaces and, for these languages, lexemes: about a quarter of a second."""
    background.document_frequency(np.zeros(1, np.uint32))
    background.word_bits()
    commonplaces.prepare()
    segmenting.known_words()
    for language in languages:
        documents_with(language, 0)
