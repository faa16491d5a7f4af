"""How a command ends: 0, one line on standard error and 2, or 130 when interrupted."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer

from simblock.errors import SimblockError

ERROR = 2
INTERRUPTED = 130

ClickException: type[Exception] = typer.BadParameter.__mro__[2]
"""Click's root of usage errors. Newer typers carry a click of their own, so it is reached through theirs."""


def complain(program: str, sentence: str) -> None:
    """Prints ``program: sentence`` as one line on standard error."""
    line = " ".join(sentence.split())
    print(f"{program}: {line}".encode("utf-8", "backslashreplace").decode(), file=sys.stderr)


def run(app: typer.Typer, program: str, arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs a command and leaves the process with its exit code; every error of ours is one line."""
    try:
        code = app(args=arguments, prog_name=program, standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        code = hush()
    except SimblockError as error:
        complain(program, str(error))
        code = ERROR
    except KeyboardInterrupt:
        complain(program, "interrupted")
        code = INTERRUPTED
    except OSError as error:
        complain(program, f"{error.filename or 'the system'}: {(error.strerror or str(error)).lower()}")
        code = ERROR
    except ClickException as error:
        code = _usage(program, error)
    # Not returned values but exit codes: commands return nothing.
    raise SystemExit(code if isinstance(code, int) else 0)


def _usage(program: str, error: Exception) -> int:
    context = getattr(error, "ctx", None)
    message = getattr(error, "format_message", lambda: str(error))()
    command = getattr(context, "command_path", program)
    if message.strip():
        complain(program, f"{message.rstrip('.')}: see {command} --help")
    return ERROR


def hush() -> int:
    """The reader of our output went away, which is no error: nothing more is written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


@contextmanager
def left_as_it_was(program: str, index: Path) -> Iterator[None]:
    """Around a change of an index: an interruption says what became of it, and exits 130."""
    before = _stamp(index)
    try:
        yield
    except KeyboardInterrupt:
        after = _stamp(index)
        state = (
            "was not made" if after is None else "is as it was" if after == before else "is written and whole"
        )
        complain(program, f"interrupted; {index} {state}")
        raise typer.Exit(INTERRUPTED) from None


def _stamp(index: Path) -> tuple[int, int] | None:
    """Differs when an index was written; None where there is none."""
    try:
        found = (index / "MANIFEST").stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
