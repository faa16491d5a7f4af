"""Make simblock/tables/members-*.txt and commonplace-*.txt from packages of source code.

    python -m benchmarks.code_corpus
    python scripts/make_code_tables.py members SOURCES [LANGUAGE...]
    python scripts/make_code_tables.py commonplace SOURCES [LANGUAGE...]

members-<language>.txt      names that stand as members, or arguments, in 8 functions and more, of 3 projects and more;
                            of a language without a parser, in 8 files
commonplace-<language>.txt  how many of 100,000 documents hold each shingle of the numbered channels, for those
                            that most documents hold; a row is as simblock/vocabulary.py says
SOURCES, one folder or several parted by colons, holds <language>/background/<package>/…, as benchmarks/code_corpus.py
lays it out; equal files count once. A document is 500 tokens of one file in a row, as one of text is 500 words.
What one project alone has is left out: it is its own. Members come first, for the shingles of syntax
tokens hold them by name: so run the two one after the other. A language whose grammar names another's `tables` has
none of its own. Then `python -m benchmarks.code_worth LANGUAGE` says what a bit of the table is worth.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
import textwrap
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tree_sitter
from numpy.typing import NDArray

from simblock import vocabulary
from simblock.code import tokenise_documents
from simblock.errors import SimblockError
from simblock.grammar import Grammar, grammar, languages
from simblock.lexer import Lexer
from simblock.nodes import lookups_of
from simblock.scheme import CODE_CHANNELS, Channel
from simblock.shingles import numbered
from simblock.tokens import I64, MEMBER_KEY, NAME_KEY, SPELLING, U32, U64, VIEWS, Tokens
from simblock.vocabulary import BACKGROUND_DOCUMENTS, DOCUMENT_TOKENS
from simblock.work import Document, Work

FUNCTIONS_OF_A_MEMBER = 8
PROJECTS_OF_A_MEMBER = 3
PROJECTS_OF_A_SHINGLE = 2
PROJECT_DOCUMENTS = 200
"""Documents that a project counts for at most, so that one large one does not stand for code at large."""
MEMBERS = 8_000
LARGEST_FILE = 600_000
CORE = ("python", "java", "javascript", "typescript", "c", "cpp", "csharp", "go", "rust")
ROWS = {"code-seeds": 25_000, "code-exact": 800}
"""Rows that a language of CORE has of each channel. Measured on clean functions: more of either tell nothing more."""
REPEATING = {"go": 6_000, "rust": 6_000}
"""Rows of the exact channel of languages whose programs repeat more: chains of errors, and of calls on one value."""
OTHER_ROWS = {"code-seeds": 8_000, "code-exact": 400}
"""Those of any other, so that all of them weigh less than a megabyte or two."""
PROJECT_DEPTH = {"openjdk-17-source": 2, "mono": 4, "r-base": 4, "scala": 7}
"""Folders that tell a package's projects apart, where it is not one project: the JDK and Mono are of many."""
ROOT = Path(__file__).parent.parent
TABLES = ROOT / "simblock" / "tables"
HEADER = """\
# {what}
# Made by scripts/make_code_tables.py on {date} from {size}:
{packages}
# Names and short normalised shingles are facts of how code is written; no code of the packages is in here.
"""


class Source(NamedTuple):
    """One file of a project."""

    project: str
    text: str


def sources(folders: str, language: Grammar) -> Iterator[Source]:
    """The background files of a language, in order; equal ones once, huge ones (mostly generated) never."""
    seen: set[bytes] = set()
    for background in _backgrounds(folders, language):
        for path in sorted(background.rglob("*")):
            if path.suffix.lower() not in language.extensions or not path.is_file():
                continue
            data = path.read_bytes()
            digest = hashlib.blake2b(data, digest_size=16).digest()
            if len(data) <= LARGEST_FILE and digest not in seen:
                seen.add(digest)
                parts = path.relative_to(background).parts
                project = "/".join(parts[: PROJECT_DEPTH.get(parts[0], 1)])
                yield Source(project, data.decode("utf-8", "replace"))


def _backgrounds(folders: str, language: Grammar) -> list[Path]:
    found = (Path(folder) / language.name / "background" for folder in folders.split(":"))
    return [background for background in found if background.is_dir()]


def versions(folders: str, language: Grammar) -> list[str]:
    """The packages with their versions; of those that carry many projects, which."""
    pinned = _pinned(folders, language.name)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for background in _backgrounds(folders, language):
        for package in background.iterdir():
            found[package.name].update(path.name for path in package.iterdir())
    return [
        pinned.get(name, name) + (f" ({', '.join(sorted(inside))})" if name in PROJECT_DEPTH else "")
        for name, inside in sorted(found.items())
    ]


def _pinned(folders: str, language: str) -> dict[str, str]:
    """Packages by name, as benchmarks/code_languages pins them or the archive that was fetched is named."""
    pinned: dict[str, str] = {}
    listed = ROOT / "benchmarks" / "code_languages" / f"{language}.toml"
    rules = tomllib.loads(listed.read_text("utf-8")) if listed.is_file() else {}
    for packages in rules.get("background", {}).values():
        for package in packages:
            name, _, version = package.replace("==", "@").rpartition("@")
            if name:
                pinned[name.lstrip("@").replace("/", "-")] = f"{name} {version}"
    for folder in folders.split(":"):
        for archive in Path(folder).glob("downloads/apt/*/*.deb"):
            name, version, _ = archive.stem.split("_")
            pinned[name] = f"{name} {version.replace('%3a', ':')}"
        for description in Path(folder).glob("downloads/source/*/*.dsc"):
            name, version = description.stem.split("_")
            pinned[name] = f"{name} {version}"
    return pinned


def header(what: str, packages: list[str], size: str) -> str:
    listed = textwrap.wrap(", ".join(packages) + ".", 106, break_long_words=False, break_on_hyphens=False)
    today = dt.datetime.now(tz=dt.UTC).date()
    return HEADER.format(what=what, date=today, packages="\n".join("# " + line for line in listed), size=size)


def members(folders: str, language: Grammar) -> str:
    """The table of members' names. A member counts once for each function, that which began last before it.

    Without a parser, it counts once for each file. Raises SimblockError where the grammar names no functions.
    """
    lexer, functions_in = Lexer(language), _functions(language)
    functions: Counter[str] = Counter()
    projects: defaultdict[str, set[str]] = defaultdict(set)
    files = found = 0
    for project, text in sources(folders, language):
        starts = _code_points(text, functions_in(text))
        for spelled in _members_of(lexer.tokens(text), starts, text):
            name = spelled.lower() if language.lexer.ignore_case else spelled
            functions[name] += 1
            projects[name].add(project)
        files += 1
        found += len(starts)
    public = [
        name
        for name, count in functions.items()
        if count >= FUNCTIONS_OF_A_MEMBER
        and len(projects[name]) >= PROJECTS_OF_A_MEMBER
        and _is_plain(name, language)
    ]
    public = sorted(sorted(public, key=lambda name: (-functions[name], name))[:MEMBERS])
    parts = "functions" if language.syntax.module else "files"
    what = f"Names that stand as members in at least {FUNCTIONS_OF_A_MEMBER} {parts} of {PROJECTS_OF_A_MEMBER} projects ({language.name})."
    size = f"{found:,} functions in {files:,} files" if language.syntax.module else f"{files:,} files"
    return header(what, versions(folders, language), size) + "\n".join(public) + "\n"


def _is_plain(name: str, language: Grammar) -> bool:
    """Whether it is a name as people write them; marks that the language has in names, ``$`` apart, may be in it."""
    marks = language.lexer.name_marks.replace("$", "")
    return name.translate(str.maketrans("", "", marks)).isidentifier()


def _functions(language: Grammar) -> Callable[[str], list[int]]:
    """What gives the bytes of a text at which functions begin, rising; none without a parser."""
    table = language.syntax
    if not table.module:
        return lambda _: []
    if not table.functions:
        raise SimblockError(
            f"grammars/{language.name}.toml: syntax.functions: name the nodes that are functions"
        )
    parsed = tree_sitter.Language(getattr(import_module(table.module), table.function)())
    kinds = (kind if kind.startswith("(") else f"({kind})" for kind in table.functions)
    query = tree_sitter.Query(parsed, "\n".join(f"{kind} @f" for kind in kinds))
    parser = tree_sitter.Parser(parsed)

    def found(text: str) -> list[int]:
        captures = tree_sitter.QueryCursor(query).captures(parser.parse(text.encode()).root_node)
        return sorted(node.start_byte for node in captures.get("f", []))

    return found


def _code_points(text: str, places: list[int]) -> I64:
    """Bytes of the UTF-8 form as code points of the text, both rising."""
    if text.isascii():
        return np.array(places, np.int64)
    data = np.frombuffer(text.encode(), np.uint8)
    before = np.concatenate([[0], np.cumsum(data & 0xC0 != 0x80)])
    return before[np.array(places, np.int64)]


def _members_of(tokens: Tokens, functions: I64, text: str) -> Iterator[str]:
    at = np.flatnonzero(tokens.keys & np.uint32(MEMBER_KEY))  # and arguments' names
    function = np.searchsorted(functions, tokens.starts[at], side="right").astype(np.uint64)
    _, first = np.unique(function << np.uint64(32) | tokens.keys[at] & np.uint32(SPELLING), return_index=True)
    for place in at[first]:
        yield text[tokens.starts[place] : tokens.ends[place]]


class Background(NamedTuple):
    """All files' tokens of one view laid end to end: keys u32, bounds i64 [files + 1], a project for each file."""

    keys: U32
    bounds: I64
    projects: list[str]
    spellings: dict[int, str]


def read(folders: str, language: Grammar) -> dict[str, Background]:
    """The background as an index would hold it, by view: lexemes and syntax tokens. Raises MissingParser."""
    lookups_of(language)  # whose parser is missing has no syntax tokens
    spellings = _literals(language)
    keys: dict[str, list[U32]] = {"lexemes": [], "syntax": []}
    projects = []
    for project, text in sources(folders, language):
        projects.append(project)
        runs = tokenise_documents([Document(Work("", kind="code", language=language.name), text)])
        assert runs.views is not None
        for run, view in enumerate(runs.views):
            if VIEWS[view] in keys:
                part = slice(runs.bounds[run], runs.bounds[run + 1])
                keys[VIEWS[view]].append(runs.tokens.keys[part])
                _spell(runs.tokens, part, text, spellings)
    return {
        view: Background(np.concatenate(found), np.cumsum([0, *map(len, found)]), projects, spellings)
        for view, found in keys.items()
    }


def _literals(language: Grammar) -> dict[int, str]:
    """Keys of what is not spelled as it stands in a file: classes of literals, members, called builtins."""
    rows = [
        "\\string",
        "\\number",
        "\\argument",
        *("." + name for name in sorted(vocabulary.members(language.name))),
        *(name + "()" for name in sorted(language.builtins)),
    ]
    return {vocabulary.token_key(row): row for row in rows}


def _spell(tokens: Tokens, part: slice, text: str, spellings: dict[int, str]) -> None:
    literal = part.start + np.flatnonzero(tokens.keys[part] < NAME_KEY)
    distinct, first = np.unique(tokens.keys[literal], return_index=True)
    for key, place in zip(distinct.tolist(), literal[first].tolist(), strict=True):
        if key not in spellings:
            spellings[key] = text[tokens.starts[place] : tokens.ends[place]]


def commonplace(folders: str, language: Grammar) -> str:
    """The table of shingles, of both channels."""
    views = read(folders, language)
    channels = [channel for channel in CODE_CHANNELS if channel.name in ROWS]
    most = dict(ROWS if language.name in CORE else OTHER_ROWS)
    most["code-exact"] = REPEATING.get(language.name, most["code-exact"])
    rows = [
        row for channel in channels for row in _rows(views[channel.views[0]], channel, most[channel.name])
    ]
    what = f"How many of {BACKGROUND_DOCUMENTS} documents of {DOCUMENT_TOKENS} tokens hold each shingle ({language.name})."
    lexemes = views["lexemes"]
    size = f"{len(lexemes.keys):,} lexemes in {len(lexemes.projects):,} files"
    return header(what, versions(folders, language), size) + "\n".join(rows) + "\n"


def _rows(background: Background, channel: Channel, most: int) -> list[str]:
    """The rows of a channel's commonest shingles, sorted, each without what it shares with the one before."""
    hashes, places, documents = _counted(background, channel.n)
    found = []
    for at in np.lexsort((hashes, -documents))[:most].tolist():
        tokens = _spelled(background.keys[places[at] : places[at] + channel.n].tolist(), background.spellings)
        keys = np.array([vocabulary.token_key(token) for token in tokens], np.uint32)
        if any(len(token.split()) != 1 for token in tokens) or numbered(keys, channel.n)[0] != hashes[at]:
            continue  # a token that a row cannot spell
        found.append((tokens, round(documents[at])))
    return list(_front_coded(sorted(found)))


def _front_coded(rows: list[tuple[list[str], int]]) -> Iterator[str]:
    before: list[str] = []
    for tokens, documents in rows:
        pairs = zip(before, tokens, strict=False)
        shared = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
        yield f"{documents} {shared} {' '.join(tokens[shared:])}"
        before = tokens


def _counted(background: Background, n: int) -> tuple[U64, I64, NDArray[np.float64]]:
    """Shingles of enough projects: hashes u64, a place i64 where each stands, documents f64 of 100,000."""
    starts, sizes = background.bounds[:-1], np.diff(background.bounds)
    file = np.repeat(np.arange(len(starts)), sizes)
    hashes = numbered(background.keys, n)
    places = np.flatnonzero(np.arange(len(hashes)) + n <= (starts + sizes)[file[: len(hashes)]])
    hashes, file = hashes[places], file[places]
    distinct, first, which = np.unique(hashes, return_index=True, return_inverse=True)
    _, project = np.unique(background.projects, return_inverse=True)
    held = np.bincount(project, sizes / DOCUMENT_TOKENS)
    weights = np.minimum(1, PROJECT_DOCUMENTS / held)[project]
    document = (file << 20) + (places - starts[file]) // DOCUMENT_TOKENS
    each = _distinct_pairs(which, document)
    documents = np.bincount(which[each], weights[file[each]]) * BACKGROUND_DOCUMENTS
    wide = np.bincount(which[_distinct_pairs(which, project[file])]) >= PROJECTS_OF_A_SHINGLE
    whole = (weights * sizes).sum() / DOCUMENT_TOKENS
    return distinct[wide], places[first[wide]], documents[wide] / whole


def _distinct_pairs(which: I64, holder: I64) -> I64:
    """Places of the different pairs of a thing and what holds it, one each."""
    order = np.lexsort((holder, which))
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(which[order]) != 0) | (np.diff(holder[order]) != 0)
    return order[new]


def _spelled(keys: list[int], spellings: dict[int, str]) -> list[str]:
    plain: dict[int, str] = {}
    member: dict[int, str] = {}
    tokens = []
    for key in keys:
        if key < NAME_KEY:
            tokens.append(spellings[key])
        elif key & MEMBER_KEY:
            tokens.append(member.setdefault(key, f".{len(member)}"))
        else:
            tokens.append(plain.setdefault(key, f"${len(plain)}"))
    return tokens


def main(what: str, folders: str, *only: str) -> None:
    make = {"members": members, "commonplace": commonplace}[what]
    for name in only or languages():
        if not _backgrounds(folders, grammar(name)):
            other = grammar(name).like
            print(f"{name}: no background" + (f", it has the tables of {other}" if other else ""))
            continue
        table = TABLES / f"{what}-{name}.txt"
        table.write_text(make(folders, grammar(name)), encoding="utf-8")
        print(f"{table.name}: {table.stat().st_size:,} bytes")


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("members", "commonplace"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
