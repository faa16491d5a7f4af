"""``simblock doctor``: what is installed, what is set, and whether a copy is caught here and now."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simblock import __version__
from simblock.errors import SimblockError
from simblock_indexer.indexes import keeper_of, reading, shown
from simblock_indexer.inspecting import told
from simblock_indexer.tables import emit, facts, say

if TYPE_CHECKING:
    from simblock.stamps import Parser

PACKAGES = (
    "numpy",
    "pydantic",
    "pydantic-settings",
    "rapidfuzz",
    "redis",
    "datasketch",
    "typer",
    "rich",
    "filelock",
    "license-expression",
)
EXTRAS = {
    "languages": (
        (
            "tree_sitter_bash",
            "tree_sitter_dart",
            "tree_sitter_haskell",
            "tree_sitter_julia",
            "tree_sitter_kotlin",
            "tree_sitter_lua",
            "tree_sitter_perl",
            "tree_sitter_php",
            "tree_sitter_ruby",
            "tree_sitter_scala",
            "tree_sitter_solidity",
            "tree_sitter_swift",
            "tree_sitter_zig",
        ),
        "parsers of further languages",
    ),
    "crypt": (("cryptography",), "keyed indexes"),
    "report": (("jinja2", "matplotlib", "plotext"), "pages and curves"),
    "serve": (("uvicorn", "httptools", "aiohttp", "brotli", "jinja2"), "simblock serve and proxy"),
    "metrics": (("prometheus_client",), "Prometheus"),
    "httpx": (("httpx",), "transports of clients"),
    "httpx2": (("httpx2",), "transports of clients"),
    "parquet": (("pyarrow",), "training data, tables"),
    "remote": (("fsspec",), "inputs at URLs"),
    "ray": (("ray",), "training data on a cluster"),
    "fast": (("hiredis", "uvloop"), "less work for the same"),
}
"""What each extra brings: its modules, and what for."""

SET = "set, not shown"
"""Told of a password."""

SAMPLE = (
    "The ferryman counted his coins twice before the fog lifted, and both times the sum came out one short, "
    "which he took for an omen; so he tied the boat, walked up to the inn, and asked the innkeeper's daughter "
    "whether anybody had crossed without paying since the bells of Saint Osyth rang for the second evening."
)
"""Our own, so that it stands nowhere else."""


def show(index: str | None, key_files: Sequence[Path] | None, *, as_json: bool) -> int:
    """Prints what was found; the exit code: 0, or 2 where the self-check failed or the index cannot be used."""
    found = examine()
    if index is not None:
        found["index"] = examine_index(index, key_files)
    if as_json:
        emit(found)
    else:
        for title, rows in found.items():
            say(f"{title}:{'' if rows else ' nothing set'}")
            facts(_lines(rows))
    return 0 if found["self-check"]["passed"] and found.get("index", {}).get("problem") is None else 2


def _lines(rows: dict[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in rows.items():
        for one in value if isinstance(value, list) else [value]:
            yield f"  {name}", told(name, one)


def examine_index(index: str, key_files: Sequence[Path] | None) -> dict[str, Any]:
    """Whether an index can be used from here, with these keys, and what its server says; ``problem`` where not."""
    from simblock.stores.refusals import sentences

    rows: dict[str, Any] = {"name": shown(index)}
    try:
        with reading(index, key_files) as opened:
            # Whoever gives a key to an index without is refused.
            rows |= {"scheme": opened.scheme.digest, "epoch": opened.epoch, "keyed": bool(key_files)}
            rows |= {"refused": sentences(opened.refused.values())} if opened.refused else {}
            keeper = keeper_of(opened)
    except SimblockError as error:
        return rows | {"problem": str(error)}
    if keeper is not None:
        rows |= {**keeper.facts, "warnings": keeper.warnings}
    return rows | {"problem": None}


def examine() -> dict[str, dict[str, Any]]:
    """Versions, extras, the fingerprints of the tokenisers, variables that are set, and the self-check."""
    from simblock.text import fingerprint

    return {
        "versions": {"simblock": __version__, "python": platform.python_version(), **dict(_versions())},
        "machine": {
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "vector instructions": _vectors(),
        },
        "extras": dict(_extras()),
        "tokenisers": fingerprint(),
        "languages": dict(_languages()),
        "environment": {
            name: SET if name.endswith("_PASSWORD") else shown(value)
            for name, value in sorted(os.environ.items())
            if name.startswith("SIMBLOCK_")
        },
        "self-check": self_check(),
    }


def self_check() -> dict[str, Any]:
    """Indexes a small text in memory and looks whether a copy is stopped and other text let through."""
    from simblock.guard import Guard
    from simblock.policy import Policy
    from simblock.stores.memory import MemoryIndex
    from simblock.work import Document, Work

    try:
        # The defaults, whatever the environment says: it is the machinery that is looked at.
        guard = Guard(MemoryIndex([Document(Work("sample"), SAMPLE)]), Policy())
        copy, other = guard.check(f"She said: {SAMPLE.upper()}"), guard.check("Nothing of it stands here.")
    except SimblockError as error:
        return {"passed": False, "copy": str(error), "other text": ""}
    passed = copy.decision == "stop" and other.decision == "release"
    return {"passed": passed, "copy": copy.decision, "other text": other.decision}


def _versions() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        try:
            yield package, metadata.version(package)
        except metadata.PackageNotFoundError:
            yield package, "missing: install simblock again"


def _extras() -> Iterator[tuple[str, str]]:
    for extra, (modules, purpose) in EXTRAS.items():
        if all(util.find_spec(module) is not None for module in modules):
            yield extra, f"installed ({purpose})"
        else:
            yield extra, f"not installed: pip install 'simblock[{extra}]' for {purpose}"


def _languages() -> Iterator[tuple[str, str]]:
    from simblock.grammar import languages
    from simblock.stamps import parsers_of

    for language in languages():
        parsers = parsers_of(language)
        own = [_stands(parser) for parser in parsers if language in parser.languages]
        inside = [
            f"{' and '.join(one.languages)}: {_stands(one)}"
            for one in parsers
            if language not in one.languages
        ]
        alone = "lexer alone" if inside else "lexer alone: there is no parser"
        yield language, "; in it ".join([*(own or [alone]), *inside])


def _stands(parser: Parser) -> str:
    return (
        f"lexer alone: {parser.trouble}" if parser.trouble else f"{parser.package} {parser.version}".rstrip()
    )


def _vectors() -> str:
    import numpy as np

    config = np.show_config(mode="dicts")
    found = (config or {}).get("SIMD Extensions", {}).get("found", [])
    return ", ".join(found) or f"the baseline of {platform.machine() or sys.platform}"
