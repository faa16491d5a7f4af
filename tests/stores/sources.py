"""Works of code for the tests of stores, a small reader of code that takes the place of the real one, and
what an index must answer about such works."""

import random
import re
import zlib
from collections import Counter

import numpy as np

from simblock import text
from simblock.errors import InputError
from simblock.signature import Signer
from simblock.stamps import Parser, Stamp
from simblock.tokens import CODE_VIEWS, NAME_KEY, SPELLING, VIEWS, Runs, Tokens, joined
from simblock.work import Document, Work
from tests.conftest import vocabulary

NAMES = vocabulary(11, 300)
KEYWORDS = ("def", "for", "if", "in", "return", "while")
_COMMENT = re.compile(r"#.*")
_LEXEME = re.compile(r"#.*|\w+|[^\w\s]")

fingerprints = {}
troubles = {}


def stamp_of(language):
    return Stamp.read(fingerprints.get(language, f"lexer of {language}:syntax of {language}@1.0"))


def parsers_of(language):
    return (Parser(f"tree-sitter-{language}", (language,), "1.0", troubles.get(language)),)


def tokenise_documents(documents):
    """Four runs of each work of code (comments after ``#``; syntax is lexemes without commas), one of a text."""
    runs = [run for document in documents for run in _runs(document)]
    bounds = np.cumsum([0, *(len(tokens) for tokens, _ in runs)])
    return Runs(joined(tokens for tokens, _ in runs), bounds, np.array([view for _, view in runs], np.uint8))


def _runs(document):
    source = text.tokenise(document.text)
    if document.work.kind == "text":
        return [(source, 0)]
    if document.work.language not in ("python", "c"):
        raise InputError(f"work {document.work.id}: no grammar of {document.work.language}")
    inside = np.zeros(len(document.text) + 1, bool)
    for comment in _COMMENT.finditer(document.text):
        inside[comment.start() : comment.end()] = True
    kept = inside[source.starts]
    comments = source.where(kept)
    found = [match for match in _LEXEME.finditer(document.text) if match[0][0] != "#"]
    lexemes = _tokens(found)
    syntax = _tokens([match for match in found if match[0] != ","])
    return list(zip((source, comments, lexemes, syntax), map(VIEWS.index, CODE_VIEWS), strict=True))


def _tokens(matches):
    keys = [_key(match[0]) for match in matches]
    spans = np.array([match.span() for match in matches], np.int64).reshape(-1, 2)
    return Tokens(np.array(keys, np.uint32), np.zeros(len(keys), np.uint8), spans[:, 0], spans[:, 1])


def _key(spelling):
    name = spelling[0].isalpha() and spelling not in KEYWORDS
    return zlib.crc32(spelling.encode()) & SPELLING | (NAME_KEY if name else 0)


def source_file(id, seed=None, lines=30, **fields):
    """A work of code of about ten lexemes a line, with comments, in which nothing repeats."""
    rng = random.Random(str(seed if seed is not None else id))
    body = []
    for _ in range(lines):
        if rng.random() < 0.3:
            body.append("# " + " ".join(rng.choices(NAMES, k=12)))
        lexemes = [rng.choice(KEYWORDS)]
        for name in rng.choices(NAMES, k=5):
            lexemes += [name, rng.choice("()[]{}+-*/%,:;=<>.!&|^~")]
        body.append(" " * rng.choice([0, 4, 8, 20]) + " ".join(lexemes))
    return Document(Work(id, **{"kind": "code", "language": "python", **fields}), "\n".join(body) + "\n")


def runs_of(document):
    """The view and tokens of each run of a work."""
    runs = tokenise_documents([document])
    return {VIEWS[view]: runs.run(at) for at, view in enumerate(runs.views.tolist())}


def asks_of(index, document):
    """Channel, key, view, position of all entries of a work, as four lists."""
    signer = Signer(index.scheme, index.permutations)
    runs = tokenise_documents([document])
    asks = []
    for channel in index.scheme.channels:
        keys, places = signer.entries(channel, runs)
        owner = np.searchsorted(runs.bounds, places, side="right") - 1
        columns = keys, runs.views[owner], places - runs.bounds[owner]
        asks += [(channel.id, *row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    return asks


def postings_of(index, document):
    """The entries of a work, each with its hit or None, asked a few at a time."""
    asks = asks_of(index, document)
    hits = {}
    for start in range(0, len(asks), 50):
        part = asks[start : start + 50]
        for hit in index.postings([ask[0] for ask in part], [ask[1] for ask in part]):
            hits[start + hit.ask] = hit
    return [(ask, hits.get(number)) for number, ask in enumerate(asks)]


def stands(index, document):
    """In which share of its entries a work is found where it stands, in the view it stands in."""
    sizes = {VIEWS.index(view): len(tokens) for view, tokens in runs_of(document).items()}
    found = [
        any(
            posting[2:] == (position, sizes[view], view)
            and document.work.id in {w.id for w in index.works(posting.segment, posting.run)}
            for posting in (hit.postings if hit else ())
        )
        for (_, _, view, position), hit in postings_of(index, document)
    ]
    assert found
    return sum(found) / len(found)


def group_of(index, document):
    """The segment, and the runs by view, of a work."""
    seen = Counter()
    for _, hit in postings_of(index, document):
        for posting in hit.postings if hit else ():
            if document.work.id in {w.id for w in index.works(posting.segment, posting.run)}:
                seen[posting.segment, posting.run, VIEWS[posting.view]] += 1
    return {view: (segment, run) for segment, run, view in seen}
