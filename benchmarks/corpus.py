"""The text corpora: real documents that others wrote, read where they lie.

The protected works are the documentation of Debian packages (Linux, Perl, PostgreSQL, the Debian
handbook) with two English Bibles, eight plays of Shakespeare, old poems and openings of books. Clean text: answers of a chat model, addresses of presidents, Python's documentation.

``python -m benchmarks.corpus`` fetches the packages (``apt-get download``, ``dpkg -x``) and counts.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import html
import json
import os
import re
import subprocess
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from simblock.work import Document, Work

HERE = Path(__file__).resolve().parent
PACKAGES: dict[str, tuple[str, ...]] = {
    "linux-doc-6.1": ("usr/share/doc/linux-doc-6.1/Documentation/**/*.rst.gz",
                      "usr/share/doc/linux-doc-6.1/Documentation/**/*.txt.gz"),
    "perl-doc": ("usr/share/perl/*/pod/*.pod", "usr/share/man/man3/*.gz"),
    "postgresql-doc-15": ("usr/share/doc/postgresql-doc-15/html/*.html",),
    "debian-handbook": ("usr/share/doc/debian-handbook/html/en-US/*.html",),
    "python3.11-doc": ("usr/share/doc/python3.11/html/_sources/**/*.rst.txt",),
}  # fmt: skip
"""What is read of each package; Python's documentation is clean text, the others are protected."""
PROTECTED = ("debian-handbook", "perl-doc", "postgresql-doc-15", "linux-doc-6.1")
BIBLES = ("KJV", "BBE")
"""The two that are least alike: their chapters share 5 % of their 5-grams."""
_NO_TEXT = re.compile(r"<(script|style|head)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_PLAY_LINE = re.compile(r"<(?:LINE|SPEAKER|STAGEDIR|TITLE)>(.*?)</")


class Clean(NamedTuple):
    """A text that quotes no protected work, as far as is known."""

    source: str
    id: str
    text: str


class Places(NamedTuple):
    """Where the extracted packages and the shared data lie."""

    corpus: Path
    shared: Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every benchmark that reads the corpora."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    shared = os.environ.get("SIMBLOCK_SHARED") or HERE.parent.parent / "shared"
    parser.add_argument("--corpus", type=Path, default=cache_home / "simblock-corpus", help="the packages")
    parser.add_argument("--shared", type=Path, default=Path(shared), help="holds data/text")
    parser.add_argument("--words", type=float, default=8e6, help="words of the index, at least")


def places(options: argparse.Namespace) -> Places:
    """The folders of the options; fetches the packages that are not there."""
    for package in PACKAGES:
        if not (options.corpus / f"x_{package}").is_dir():
            fetch(package, options.corpus)
    return Places(options.corpus, options.shared / "data" / "text")


def fetch(package: str, folder: Path) -> None:
    """Downloads and unpacks a Debian package; nothing is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", package], cwd=folder, check=True)
    (deb,) = folder.glob(f"{package}_*.deb")
    subprocess.run(["dpkg", "-x", deb, folder / f"x_{package}"], check=True)


def package_texts(package: str, folder: Path) -> Iterator[tuple[str, str]]:
    """(id, text) of every text of a package, in order of their paths."""
    root = folder / f"x_{package}"
    for pattern in PACKAGES[package]:
        for path in sorted(root.glob(pattern)):
            if path.is_file() and not path.is_symlink():
                yield f"{package}/{path.relative_to(root)}", read(path)


def read(path: Path) -> str:
    """A file as text: unpacked where gzipped, HTML and roff requests stripped simply."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = data.decode("utf-8", "replace")
    if path.suffix == ".html":
        return html.unescape(_TAG.sub(" ", _NO_TEXT.sub(" ", text)))
    return re.sub(r"^[.'].*$|\\f.", "", text, flags=re.MULTILINE) if "/man/" in str(path) else text


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a gzipped JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def zipped(path: Path) -> Iterator[tuple[str, str]]:
    """(name, text) of the texts in a zip file."""
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith((".txt", ".xml")):
                yield name, archive.read(name).decode("utf-8", "replace")


def protected(where: Places, words: float = 8e6) -> list[Document]:
    """The works of the index, books first, until there are about so many words (of 7 characters)."""
    documents, size = [], 0
    for id, text in _protected_texts(where):
        if size > 7 * words:
            break
        documents.append(Document(Work(id, owner=id.split("/")[0]), text))
        size += len(text)
    return documents


def foreign(where: Places) -> list[Document]:
    """Texts that are not ASCII: the Debian handbook in its other languages."""
    root = where.corpus / "x_debian-handbook/usr/share/doc/debian-handbook/html"
    paths = [path for path in sorted(root.glob("*/*.html")) if path.parent.name != "en-US"]
    return [Document(Work(str(path.relative_to(root))), read(path)) for path in paths]


def _protected_texts(where: Places) -> Iterator[tuple[str, str]]:
    for name in BIBLES:
        for row in rows(where.shared / "bible" / f"{name}.jsonl.gz"):
            yield f"bible-{name}/{row['id']}", row["text"]
    for name, text in zipped(where.shared / "prose" / "shakespeare.zip"):
        yield name, html.unescape("\n".join(_PLAY_LINE.findall(text)))
    for name in ("openings", "poems"):
        for row in rows(where.shared / "public_domain" / f"{name}.jsonl.gz"):
            yield f"{name}/{row['id']}", row["text"]
    for package in PROTECTED:
        yield from package_texts(package, where.corpus)


@cache
def clean(where: Places) -> tuple[Clean, ...]:
    """Texts that should not be stopped, save where they really quote."""
    found = [Clean("answers", row["id"], row["text"]) for row in rows(where.shared / "answers.jsonl.gz")]
    for name in ("state_union", "inaugural"):
        texts = zipped(where.shared / "prose" / f"{name}.zip")
        found += [Clean(name, id, text) for id, text in texts]
    found += [Clean("python3.11-doc", *row) for row in package_texts("python3.11-doc", where.corpus)]
    return tuple(found)


def half_of(work_id: str) -> str:
    """The half a work belongs to: figures are tuned on one, reported on the other."""
    return ("tune", "report")[hashlib.sha256(work_id.encode()).digest()[0] & 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    arguments(parser)
    options = parser.parse_args()
    from simblock.text import tokenise

    where = places(options)
    words: dict[str, list[int]] = {}
    for document in protected(where, options.words):
        words.setdefault(f"protected {document.work.owner}", []).append(len(tokenise(document.text)))
    for one in clean(where):
        words.setdefault(f"clean {one.source}", []).append(len(tokenise(one.text)))
    for name, counts in words.items():
        print(f"{name:32} {len(counts):6,} texts {sum(counts):10,} words")


if __name__ == "__main__":
    main()
