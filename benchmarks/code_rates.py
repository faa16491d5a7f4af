"""How fast code is lexed, parsed, tokenised and signed, by language, on one core.

Some MB of each language's protected files are gone through, three times, and the middle rate counts. ``lex`` is the
lexer alone; ``parse`` makes syntax tokens of lexemes, with the parser and its queries; ``tokenise`` the tokens of all
four views; ``signed`` the entries of all channels too, which is what an index asks of a document. MB are of UTF-8. Of
pages, only the last two have what stands in scripts and styles. The median of the languages is the last row.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import code_corpus
from benchmarks.code_corpus import sources
from benchmarks.code_rules import CORE, rules
from benchmarks.code_size_and_build import entries
from benchmarks.record import pin, save
from simblock.code import tokenise_documents
from simblock.grammar import grammar
from simblock.lexer import Lexer
from simblock.syntax import parse
from simblock.work import Document, Work

RATES = ("lex", "parse", "tokenise", "signed")
"""The columns, each a rate in MB/s."""


def measurable() -> tuple[str, ...]:
    """The languages that have packages: whether what a function of them is can be said or not."""
    return tuple(language for language in code_corpus.LANGUAGES if rules(language).protected)


def sample(folder: Path, language: str, most: float) -> list[Document]:
    """Protected files, every so many, so that of all packages there is some; of so many bytes together at most."""
    them = list(sources(folder, language, "protected"))
    every = max(int(sum(len(one.text) for one in them) / most), 1)
    return list(_first(them[::every], language, most))


def _first(them: Sequence[code_corpus.Source], language: str, most: float) -> Iterator[Document]:
    size = 0
    for one in them:
        size += len(one.text.encode("utf-8", "replace"))
        if size > most:
            return
        yield Document(Work(f"{one.package}/{one.path}", kind="code", language=language), one.text)


def rates(them: Sequence[Document], language: str, rounds: int) -> dict[str, float]:
    """MB/s of processor time of each stage, the middle of some rounds."""
    size = sum(len(one.text.encode("utf-8", "replace")) for one in them) / 1e6
    found = [_round(them, language) for _ in range(rounds)]
    return {name: size / statistics.median(one[name] for one in found) for name in RATES}


def _round(them: Sequence[Document], language: str) -> dict[str, float]:
    """Seconds of each stage."""
    rules = grammar(language)
    lexer = Lexer(rules)
    lex, lexemes = _timed(lambda: [lexer.tokens(one.text) for one in them])
    syntax, _ = _timed(lambda: [parse(one.text, rules, it) for one, it in zip(them, lexemes, strict=True)])
    tokenise, runs = _timed(lambda: tokenise_documents(them))
    keys, _ = _timed(lambda: entries(runs))
    return {"lex": lex, "parse": syntax, "tokenise": tokenise, "signed": tokenise + keys}


def _timed(step: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    made = step()
    return time.process_time() - started, made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    code_corpus.arguments(parser, ())
    parser.add_argument("--megabytes", type=float, default=2, help="of each language, at most")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    options.languages = options.languages or measurable()
    pin()
    rows: list[dict[str, Any]] = []
    for language in options.languages:
        them = sample(options.code_corpus, language, options.megabytes * 1e6)
        rates(them[:5], language, 1)  # tables and queries are made once
        of_it = rates(them, language, options.rounds)
        size = sum(len(one.text) for one in them) / 1e6
        rows.append({"language": language, "files": len(them), "MB": round(size, 2),
                     **{name: round(value, 2) for name, value in of_it.items()}})  # fmt: skip
        print(rows[-1], flush=True)
    middle = {name: round(statistics.median(row[name] for row in rows), 2) for name in RATES}
    rows.append({"language": "median", "files": sum(row["files"] for row in rows),
                 "MB": round(sum(row["MB"] for row in rows), 2), **middle})  # fmt: skip
    parameters = {
        "languages": list(options.languages),
        "megabytes": options.megabytes,
        "rounds": options.rounds,
    }
    save(code_corpus.saved_as("code_rates", options, CORE), parameters, {"MB/s of one core": rows})


if __name__ == "__main__":
    main()
