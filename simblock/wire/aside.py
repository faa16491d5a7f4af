"""What a filter says to those above it, and asks of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from simblock.ledger import Told as Steps
from simblock.wire.format import Done, Told
from simblock.wire.voices import NOTHING, Remembered, Voice

Again: TypeAlias = Callable[[Voice], Steps[str | None]]
"""Asks for another answer in the place of one that was stopped; None where there is none to be had."""


class Aside(NamedTuple):
    """What a filter says to, and asks of, those above it.

    ``unread(reason, bytes)``: something was not read. ``tell``: what a client is to be told of a choice with these streams.
    ``remembered``: what of the streams is kept for logs.
    """

    unread: Callable[[str, int], None]
    tell: Callable[[Iterable[Voice], Done], Told]
    again: Again | None = None
    remembered: Remembered = NOTHING


def acted(voices: Iterable[Voice]) -> Done | None:
    """The severest thing that was done in streams which went on to their end; None where nothing was."""
    done = {voice.core.decided.action for voice in voices if voice.core.decided is not None}
    return next((action for action in _GOING_ON if action in done), None)


_GOING_ON: tuple[Done, ...] = ("replace", "redact", "cite")
"""What is done without ending a stream, the severest first."""


__all__ = ["Again", "Aside", "acted"]
