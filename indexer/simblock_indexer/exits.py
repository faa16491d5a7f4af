"""How a command ends: 0, one line on standard error and 2, or 130 when interrupted."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TextIO, cast

import typer

from simblock.errors import SimblockError, StoreLost, UsageError
from simblock_indexer.escaping import printable
from simblock_indexer.indexes import shown, stamp

ERROR = 2
INTERRUPTED = 130
OUTAGES = "outages"
"""The module that logs them."""

ClickException: type[Exception] = typer.BadParameter.__mro__[2]
"""Click's root of usage errors. Newer typers carry a click of their own, so it is reached through theirs."""


class ClosedInput:
    """Standard input where it was closed: whatever is asked of it is an error, where an empty text would
    be answered "clean"."""

    def __getattr__(self, name: str) -> NoReturn:
        raise UsageError("standard input is closed: name a file, or give it something to read")

    def __iter__(self) -> NoReturn:
        self.__getattr__("read")


def complain(program: str, sentence: str) -> None:
    """Prints ``program: sentence`` as one line on standard error; of URLs in it, no password, and of names in
    it nothing that could steer a terminal."""
    line = " ".join(shown(word) for word in sentence.split())
    print(printable(f"{program}: {line}"), file=sys.stderr)


class Warnings(logging.Handler):
    """Prints what the library warns of as lines on standard error, but for the outages of a guard: what was decided
    without an index says so itself."""

    def __init__(self, program: str) -> None:
        super().__init__(logging.WARNING)
        self._program = program

    def filter(self, record: logging.LogRecord) -> bool:
        return record.module != OUTAGES and bool(super().filter(record))

    def emit(self, record: logging.LogRecord) -> None:
        complain(self._program, record.getMessage())


@contextmanager
def _warnings_told(program: str) -> Iterator[None]:
    logger, handler = logging.getLogger("simblock"), Warnings(program)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def run(app: typer.Typer, program: str, arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs a command and leaves the process with its exit code; every error of ours is one line."""
    _open_streams()
    try:
        with _warnings_told(program):
            code = _invoke(app, program, sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        code = _hush()
    except SimblockError as error:
        complain(program, str(error))
        code = ERROR
    except KeyboardInterrupt as error:
        complain(program, "; ".join(["interrupted", *map(str, error.args)]))
        code = INTERRUPTED
    except OSError as error:
        complain(program, f"{error.filename or 'the system'}: {(error.strerror or str(error)).lower()}")
        code = ERROR
    except ClickException as error:
        code = _usage(program, error)
    raise SystemExit(code)


def _open_streams() -> None:
    """Outputs that were closed lead nowhere; what the encoding of one does not know is escaped."""
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)  # takes the free number, so that no other file gets it
        sys.stdin = cast("TextIO", ClosedInput())
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _invoke(app: typer.Typer, program: str, arguments: Sequence[str]) -> int:
    # Not through click's own main: it is silent about an interruption, and exits 1 for a closed pipe.
    command = typer.main.get_command(app)
    try:
        with command.make_context(program, list(arguments)) as context:
            command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    except SystemExit:
        # What rich makes of it when the reader of its output goes away.
        raise BrokenPipeError from None
    else:
        return 0
    finally:
        sys.stdout.flush()


def _usage(program: str, error: Exception) -> int:
    context = getattr(error, "ctx", None)
    message = getattr(error, "format_message", lambda: str(error))()
    message = message.replace("Value error, ", "")  # newer typers check values with pydantic
    command = getattr(context, "command_path", program)
    if message.strip():
        complain(program, f"{message.rstrip('.')}: see {command} --help")
    return ERROR


def _hush() -> int:
    """The reader of our output went away, which is no error: nothing more is written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


@contextmanager
def left_as_it_was(index: str) -> Iterator[None]:
    """Around a change of an index: an interruption says, too, what became of it."""
    try:
        before = stamp(index)
    except StoreLost:
        before = None  # the command says so, where it comes to that
    try:
        yield
    except (KeyboardInterrupt, StoreLost) as error:
        if not _was_interrupted(error):
            raise
        raise KeyboardInterrupt(f"{shown(index)} {_became(index, before)}") from None


def _was_interrupted(error: BaseException | None) -> bool:
    """Whether an interruption is at the root: a session that it ends may find its store lost."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _became(index: str, before: bytes | None) -> str:
    try:
        after = stamp(index)
    except StoreLost:
        return "cannot be asked what became of it"
    return "was not made" if after is None else "is as it was" if after == before else "is written and whole"
