"""Writes docs/commands.md from the commands themselves: ``make docs``. A test keeps it up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from simblock import cli
from simblock_indexer import cli as indexer

HEAD = """# Commands

<!-- Written by `make docs` from the commands' own help: change it there. -->

Two programs come with the package. `simblock` looks at what models say, `simblock-index` keeps the index
of what is protected. INDEX is a directory, by habit called `something.sbx`, or a URL of Redis: `redis://`,
`rediss://` (TLS), `redis+sentinel://`, `redis+cluster://`.

Exit codes of both: 0 nothing was acted on, 1 `check` or `stream` acted (or a case of `demo` failed), 2 an
error, said in one line on standard error with what to do about it, 130 interrupted.

By environment: `SIMBLOCK_INDEX` (an index, where none is named), `SIMBLOCK_POLICY` (a policy file),
`SIMBLOCK_KEY_FILE` (the keys of keyed indexes, `:` between them), `SIMBLOCK_REDIS_USERNAME` and
`SIMBLOCK_REDIS_PASSWORD` ([of Redis](redis.md#addresses); a password in a URL is seen by every user of the machine),
and `SIMBLOCK_POLICY__TEXT__MIN_TOKENS=40` and its like for every [field of the policy](policy.md).

Where several indexes are asked together, each takes the key that it was made with, and one without a key takes
none. A call in which no index needs any of the keys that are given is refused.

Of a folder not everything is read: [what is passed over](index.md#what-of-a-folder-is-read) is hidden, junk by its name,
minified, binary, empty, or ignored by git.
"""


def main() -> None:
    Path(sys.argv[1]).write_text(document(), "utf-8")


def document() -> str:
    """The whole page."""
    parts = [HEAD]
    for app in (cli.app, indexer.app):
        group: Any = typer.main.get_command(app)
        for name, command in group.commands.items():
            parts.append("\n".join(section(f"{group.name} {name}", command)))
    return "\n".join(parts)


def section(title: str, command: Any) -> Iterator[str]:
    """One command: what it does, its arguments and options."""
    parameters = [one for one in command.params if one.name != "help"]
    arguments = [one for one in parameters if one.param_type_name == "argument"]
    yield f"## {title}\n"
    usage = [
        title,
        "[OPTIONS]",
        *(f"{one.metavar or one.name.upper()}{'...' * (one.nargs < 0)}" for one in arguments),
    ]
    yield f"`{' '.join(usage)}`\n"
    yield f"{command.help.strip()}\n"
    if parameters:
        yield "| | what for | default |"
        yield "| --- | --- | --- |"
        yield from (row(one) for one in parameters)
        yield ""


def row(parameter: Any) -> str:
    """One argument or option."""
    name, default = parameter.metavar or parameter.name.upper(), parameter.default
    if parameter.param_type_name == "option":
        name = " ".join(filter(None, [", ".join(parameter.opts), value_of(parameter)]))
    variable = f" By environment: `{parameter.envvar}`." if parameter.envvar else ""
    given = default not in (None, False, [], ())
    shown = f"`{default}`" if given else ""
    return f"| `{escaped(name)}` | {escaped(parameter.help)}{variable} | {shown} |"


def value_of(option: Any) -> str:
    """What stands after an option: nothing, or its metavar."""
    return "" if option.is_flag else option.metavar or "VALUE"


def escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    main()
