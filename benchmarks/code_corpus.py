"""The code corpora: real sources of packages, fetched once, in four parts that share no package, or no folder of it.

``python -m benchmarks.code_corpus`` fetches what the files of ``code_languages`` list, with the ordinary clients of
Debian, PyPI and npm, and writes LANGUAGE/PART/PACKAGE/... and a README of counts into the corpus folder.
Nothing is installed or run. Tests, minified and generated files, files that stand in an earlier package
byte for byte, and vendored copies are left out. Packages that carry many projects (``mono``, ``scala``, ``r-base``,
``openjdk-17-source``) are parted by folders.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.code_rules import FIRST, PARTS, languages, rules, suffixes
from simblock.errors import SimblockError

HERE = Path(__file__).resolve().parent
LANGUAGES = languages()
MOST = 600_000
"""Bytes of a file that is taken at most: what is longer is a table or a bundle."""
LONG_LINE = 160
"""Mean characters of a line over which a file is no source that someone wrote."""
_ARCHIVE = re.compile(r"\.(tar(\.\w+)?|tgz|zip|whl)$")
_ORIGINAL = re.compile(r"\.orig(?:-([\w-]+))?\.tar")
_LEFT_OUT = re.compile(
    r"(^|/)([Tt]ests?|testing|testsuite|testdata|__tests__|spec|nls|i18n|locale|lang|vendor(?!_ruby/)\w*|_vendor\w*|third_?party|"
    r"thirdparty|ThirdParty|_distutils|node_modules/(?!@npmcli)|externals?|extern|lib2to3|idlelib|"
    r"pydoc_data|turtledemo|site-packages|dist-packages)/|[.-](min|debug|coverage|bundle)\.\w+$"
)


class Package(NamedTuple):
    """A package of one registry, and the folders of it that one part takes."""

    language: str
    part: str
    registry: str
    requirement: str
    folders: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name as a folder: without version and scope."""
        return re.sub(r"(?<=.)(@|==).*", "", self.requirement).replace("@", "").replace("/", "-")


class Source(NamedTuple):
    """A file of a package."""

    package: str
    path: str
    text: str


def packages(languages: Sequence[str] = LANGUAGES) -> list[Package]:
    """All packages of some languages, the protected part first."""
    return [package for part in PARTS for language in languages for package in packages_of(language, part)]


def packages_of(language: str, part: str) -> list[Package]:
    """The packages of one part of a language."""
    return [
        Package(language, part, registry, requirement, folders)
        for registry, them in getattr(rules(language), part).items()
        for requirement, folders in them.items()
    ]


def default_folder() -> Path:
    """Where the corpora lie when nothing is said."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("SIMBLOCK_CODE_CORPUS") or cache_home / "simblock-code")


def default_shared() -> Path:
    """Where the data of the project lie when nothing is said."""
    return Path(os.environ.get("SIMBLOCK_SHARED") or HERE.parent.parent / "shared")


def arguments(parser: argparse.ArgumentParser, languages: tuple[str, ...] = FIRST) -> None:
    """The options of every benchmark of code, and the languages that it is of when nothing is said.

    None where finding them takes the files of all languages: the benchmark asks for them when they are wanted.
    """
    parser.add_argument("--code-corpus", type=Path, default=default_folder(), help="the sources")
    parser.add_argument("--shared", type=Path, default=default_shared(), help="holds data/code")
    parser.add_argument("--half", choices=("tune", "report"), default="report")
    parser.add_argument("--languages", nargs="*", choices=LANGUAGES, default=languages)


def saved_as(name: str, options: argparse.Namespace, languages: tuple[str, ...] = FIRST) -> str:
    """The name of a benchmark's results: its own where they may be published, of all those languages and
    that half."""
    if options.half != "report":
        return f"{name}-{options.half}"
    return name if set(options.languages) >= set(languages) else f"{name}-part"


def download(package: Package, folder: Path) -> Path:
    """The folder of the package's archives, fetched where they are not there yet."""
    into = folder / package.registry / re.sub(r"[^\w.=-]", "_", package.requirement)
    if not into.is_dir():
        made = into.with_name(into.name + ".part")
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        command = [*_client(package.registry, folder), package.requirement]
        subprocess.run(command, cwd=made, check=True, stdout=subprocess.DEVNULL)
        made.rename(into)
    return into


def _client(registry: str, folder: Path) -> list[str]:
    """The command that fetches a package of a registry into the folder where it runs."""
    if registry == "source":
        return [
            "apt-get",
            *_source_lists(folder.resolve() / "debian"),
            "source",
            "--quiet",
            "--download-only",
        ]
    pip = ["pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "-d", "."]
    client = {
        "apt": ["apt-get", "download"],
        "npm": ["npm", "pack", "--silent"],
        "pip": [sys.executable, "-m", *pip],
    }
    return client[registry]


def _source_lists(folder: Path) -> list[str]:
    """Options of apt-get for lists of Debian's sources of its own, those of the release that is installed here.

    The lists of this machine stay as they are, and nothing of it needs root. Raises SimblockError where there is
    no Debian.
    """
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    listed = folder / "sources.list"
    settings = {
        "Dir::Etc::sourcelist": listed,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    if not listed.is_file():
        form = "$(ORIGIN) deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)"
        command = ["apt-get", "indextargets", "--format", form, "Created-By: Packages"]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        ours = [line.removeprefix("Debian ") for line in told if line.startswith("Debian ")]
        if not ours:
            raise SimblockError(
                "sources of Debian are fetched on Debian only: apt-get knows no release of it"
            )
        made = listed.with_suffix(".part")
        made.write_text(ours[0] + "\n", "utf-8")
        update = [*options, "-o", f"Dir::Etc::sourcelist={made}", "update"]
        subprocess.run(["apt-get", *update], check=True, stdout=subprocess.DEVNULL)
        made.rename(listed)
    return options


def members(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of the files of an archive, those of archives inside it too; a sole top folder is dropped."""
    if name.endswith((".zip", ".whl")):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from (
                (info.filename, archive.read(info)) for info in archive.infolist() if not info.is_dir()
            )
        return
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for info in archive:
            if info.isfile() and info.size < 500e6 and (content := archive.extractfile(info)):
                yield info.name.removeprefix("./"), content.read()


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of all files of a package, by the folder of its archives."""
    if list(folder.glob("*.dsc")):
        yield from _contents_of_source(folder)
        return
    path = next(folder.iterdir())
    if path.suffix != ".deb":
        strip = path.suffix == ".tgz"
        for name, data in members(path.name, path.read_bytes()):
            yield (name.split("/", 1)[-1] if strip else name), data
        return
    tree = subprocess.run(["dpkg-deb", "--fsys-tarfile", path], check=True, capture_output=True).stdout
    for name, data in members("tree.tar", tree):
        if not _ARCHIVE.search(name):
            yield name, data
        elif "/test" not in name:
            strip = not name.endswith(".zip")
            for inner, content in members(name, data):
                yield (inner.split("/", 1)[-1] if strip else inner), content


def _contents_of_source(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What upstream published; further archives of it stand in folders of their own, as Debian unpacks them."""
    for path in sorted(folder.glob("*.tar.*")):
        of = _ORIGINAL.search(path.name)
        if path.suffix == ".asc" or ".debian.tar." in path.name:
            continue
        component = f"{of[1]}/" if of and of[1] else ""
        for name, data in members(path.name, path.read_bytes()):
            yield component + name.split("/", 1)[-1], data


def is_source(path: str, data: bytes) -> bool:
    """Whether a file is source that people wrote: no test, table, bundle, or vendored copy."""
    lines = data.count(b"\n") + 1
    return (
        not _LEFT_OUT.search(path)
        and 0 < len(data) <= MOST
        and len(data) / lines < LONG_LINE
        and b"@generated" not in data[:2000]
        and b"\0" not in data
    )


def lay(package: Package, downloads: Path, folder: Path, seen: set[bytes]) -> None:
    """Writes what is taken of a package, save files that ``seen`` has; adds to it."""
    into = folder / package.language / package.part / package.name
    if into.is_dir():
        seen.update(hashlib.sha256(path.read_bytes()).digest() for path in into.rglob("*") if path.is_file())
        return
    made = into.with_name(into.name + ".part")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    endings, without = suffixes(package.language), rules(package.language).not_taken
    for path, data in contents(download(package, downloads)):
        taken = path.endswith(endings) and not path.endswith(without) and path.startswith(package.folders)
        digest = hashlib.sha256(data).digest()
        if taken and is_source(path, data) and digest not in seen:
            seen.add(digest)
            target = made / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    made.rename(into)


def fetch(folder: Path, languages: tuple[str, ...] = LANGUAGES) -> None:
    """Lays all packages of some languages into the folder, fetching those that are not there."""
    seen: set[bytes] = set()
    asked = [language for language in LANGUAGES if language in languages]
    for package in packages(asked):
        lay(package, folder / "downloads", folder, seen)


def sources(folder: Path, language: str, part: str) -> Iterator[Source]:
    """The files of one part, in order of package and path; what is not UTF-8 is read as Latin-1."""
    root, endings = folder / language / part, suffixes(language)
    if not root.is_dir():
        fetch(folder, (language,))
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name.endswith(endings):
            package, *rest = path.relative_to(root).parts
            yield Source(package, "/".join(rest), decoded(path.read_bytes()))


def decoded(data: bytes) -> str:
    """Bytes of a source file as text."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    arguments(parser)
    options = parser.parse_args()
    from benchmarks.code_functions import counts

    fetch(options.code_corpus, tuple(options.languages))
    lines = [counts(options.code_corpus, language) for language in options.languages]
    (options.code_corpus / "README").write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
