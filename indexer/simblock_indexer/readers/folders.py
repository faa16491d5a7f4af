"""The files of a folder: as git sees them in a work tree, without hidden and common junk elsewhere."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from simblock.stores.names import BUILDING, LOCK, MANIFEST, SUFFIX
from simblock_indexer.readers.tally import Tally, Unreadable

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

JUNK = (
    "__pycache__/",
    "node_modules/",
    "venv/",
    "*.egg-info/",
    "*.pyc",
    "*.pyo",
    "*~",
    "*.swp",
    "*.min.js",
    "*.min.css",
    "Thumbs.db",
    "desktop.ini",
)
"""Left out of folders that are no git work tree, in the syntax of .gitignore."""

GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.quotepath=off")
"""Without hooks of the tree: a folder that is read must not run programs of its own."""

REDIRECTIONS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")


def is_index(folder: Path) -> bool:
    """Whether a folder is an index of ours, which is no work."""
    if folder.name.startswith(".") and folder.name.endswith(BUILDING):
        return (folder / LOCK).is_file()  # one in the making: other shards may be built beside this one
    return (folder / MANIFEST).is_file() and next(folder.glob(f"*{SUFFIX}"), None) is not None


Complain = Callable[[Unreadable], None]


def files_of(root: Path, tally: Tally, refuse: Complain) -> Iterator[Path]:
    """The regular files of a folder, in the order of their paths. Indexes inside it are left out."""
    listed = _git_files(root, tally)
    found = _walked(root, tally, refuse) if listed is None else _tracked(root, listed, tally, refuse)
    yield from found


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in REDIRECTIONS}
    command = [*GIT, "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, check=False, env=environment)  # noqa: S603


def _git_files(root: Path, tally: Tally) -> list[str] | None:
    """Paths relative to ``root`` as git lists them; None where git has no say."""
    if not any((folder / ".git").exists() for folder in (root.resolve(), *root.resolve().parents)):
        return None
    try:
        # A folder that is itself ignored was named on purpose: it is read like any other.
        if _git(root, "check-ignore", "-q", ".").returncode == 0 or _inside_git(root):
            return None
        listing = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    except OSError:
        tally.notes.append(f"git is not installed, so {root} was read without its .gitignore")
        return None
    if listing.returncode:
        tally.notes.append(f"git could not list {root}, so it was read without its .gitignore")
        return None
    return sorted({os.fsdecode(name) for name in listing.stdout.split(b"\0") if name})


def _inside_git(root: Path) -> bool:
    return ".git" in root.resolve().parts


def _tracked(root: Path, listed: list[str], tally: Tally, refuse: Complain) -> Iterator[Path]:
    indexes = cache(lambda folder: is_index(root / folder))
    for name in listed:
        path = root / name
        if path.is_dir() and not path.is_symlink():
            # A submodule or a repository inside: a work tree of its own.
            yield from files_of(path, tally, refuse)
        elif path.is_file() and not any(map(indexes, path.relative_to(root).parents)):
            yield path


def _walked(root: Path, tally: Tally, refuse: Complain) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        refuse(Unreadable(str(error.filename), "the folder cannot be read", "check its permissions"))

    for folder, folders, files in os.walk(root, onerror=unreadable):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if _wanted(here / name, root, tally, folder=True))
        for name in sorted(files):
            path = here / name
            if _wanted(path, root, tally, folder=False) and path.is_file():
                yield path


def _wanted(path: Path, root: Path, tally: Tally, *, folder: bool) -> bool:
    if path.name.startswith("."):
        tally.pass_over("hidden", str(path))
        return False
    if folder and is_index(path):
        return False
    relative = path.relative_to(root).as_posix() + ("/" if folder else "")
    if _junk().match_file(relative):
        tally.pass_over("junk", str(path))
        return False
    return True


@cache
def _junk() -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(JUNK)
