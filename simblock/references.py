"""Characters written by reference: HTML entities, percent encoding, quoted-printable, read as what they stand for.

They are read only where a text is unmasked (:mod:`simblock.unmasking`): in an ordinary one ``%20`` may mean itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from simblock.escapes import Read

_HEX = "[0-9a-fA-F]"
_FOLLOW = "[89abAB]" + _HEX
_QUOTED = (
    "20|3D|09|0A|0D|2[127CDE]"  # what quoted-printable writes so; after other signs of equality stand numbers
)


def _bytes(mark: str, ascii: str) -> str:
    """One character of UTF-8 whose bytes are each behind a mark; ``ascii`` are those of one byte."""
    more = mark + _FOLLOW
    return "|".join(
        (
            f"{mark}(?:{ascii})",
            f"{mark}[cCdD]{_HEX}{more}",
            f"{mark}[eE]{_HEX}{more}{more}",
            f"{mark}[fF][0-4]{more}{more}{more}",
        )
    )


_REFERENCE = re.compile(
    rf"(?P<entity>&(?:#[0-9]{{1,7}}|#[xX]{_HEX}{{1,6}}|[A-Za-z][A-Za-z0-9]{{1,7}});)"
    rf"|(?P<bytes>{_bytes('%', f'[0-7]{_HEX}')}|{_bytes('=', _QUOTED)})|(?P<joint>=\r?\n)"
)
_BEGUN = re.compile(
    rf"&(?:#[0-9]{{0,7}}|#[xX]{_HEX}{{0,6}}|[A-Za-z][A-Za-z0-9]{{0,7}})?|(?:%{_HEX}{{2}}){{0,3}}(?:%{_HEX}?)?"
    rf"|(?:={_HEX}{{2}}){{0,3}}(?:={_HEX}?)?|=\r"
)
_MARK = re.compile("[&%=]")
_SOFT_HYPHEN = "\u00ad"


class ReferenceReader:
    """Takes characters with their ends, gives those that they stand for."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: list[Read] = []

    def feed(self, reads: Iterable[Read]) -> Iterator[Read]:
        """The characters that are certain now."""
        self._held += reads
        yield from self._give(last=False)

    def finish(self) -> Iterator[Read]:
        """What is left."""
        yield from self._give(last=True)

    def _give(self, *, last: bool) -> Iterator[Read]:
        held, at = self._held, 0
        text = "".join([char for char, _ in held])
        while mark := _MARK.search(text, at):
            start = mark.start()
            yield from held[at:start]
            at = start
            found = _REFERENCE.match(text, at)
            if found:
                yield (_read(found), held[found.end() - 1][1])
                at = found.end()
            elif not last and _BEGUN.fullmatch(text, at):
                break
            else:
                yield held[at]
                at += 1
        else:
            yield from held[at:]
            at = len(held)
        self._held = held[at:]


def _read(found: re.Match[str]) -> str:
    """The one character that a reference stands for; where it is none, what vanishes or a space."""
    if found["joint"]:
        return _SOFT_HYPHEN
    if found["entity"]:
        read = html.unescape(found["entity"])
    else:
        read = bytes.fromhex(found["bytes"].replace("%", "").replace("=", "")).decode("utf-8", "replace")
    return read if len(read) == 1 else " "
