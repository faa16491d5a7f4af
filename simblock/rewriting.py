"""Other words for a passage: asked for, checked as any output is, and asked for again while they are too close.

Nobody is told what was withheld: a rewriter gets what goes out before it, its length and its kind.
"""

from __future__ import annotations

from typing import cast

from simblock.ledger import Told
from simblock.match import HOLDING
from simblock.questions import Lost, Rewrite, Withheld, Wording
from simblock.response import ResponseCore
from simblock.stream import StreamCore

NOTE = (
    "A passage of about {tokens} {unit} that would have followed here was withheld, because it is too close to "
    "protected content. Go on in its place in words of your own, without quoting any work."
)
AGAIN = " Another attempt was too close, too."


def rewritten(wanted: Rewrite) -> Told[str | Lost]:
    """Other words that may go out: what they quote is counted; Lost where none were found in so many rounds.

    A rewriter that fails or is late is not asked again.
    """
    response = cast(ResponseCore, wanted.response)
    if response.rewriter is None:
        return Lost("there is no rewriter")
    reason = "what the rewriter wrote was too close to a work each time"
    rounds = response.rewrites if wanted.rounds is None else wanted.rounds
    for number in range(1, rounds + 1):
        text = yield Wording(response.rewriter, _withheld(wanted, number), response.rewrite_timeout)
        if not isinstance(text, str):
            reason = text.reason if isinstance(text, Lost) else reason
            break
        if (yield from _may_go_out(response, wanted, text)):
            response.count("rewritten")
            return text
    response.count("rewrite_failed")
    return Lost(reason)


def _withheld(wanted: Rewrite, number: int) -> Withheld:
    note = NOTE.format(tokens=wanted.tokens, unit="words" if wanted.kind == "text" else "lexemes")
    if not wanted.tokens:
        note = note.replace(" of about 0 words", "")
    said = (wanted.before, wanted.tokens, wanted.kind, wanted.language)
    return Withheld(*said, number, note + AGAIN if number > 1 else note, wanted.channel, wanted.choice)


def _may_go_out(response: ResponseCore, wanted: Rewrite, text: str) -> Told[bool]:
    """Checks a text where it will stand, by a response on trial; what goes out counts in the real one."""
    core = StreamCore(response.trial(), after=True, unbroken=True, language=wanted.language)
    yield from _read(core, wanted.before + text)
    begin = len(wanted.before)
    if core.stopped and (core.error is not None or (core.decided and core.decided.position > begin)):
        return False
    if any(match.action in HOLDING and match.output.end > begin for match in core.matches):
        return False
    yield from _read(StreamCore(response, scanning=True, language=wanted.language), wanted.before + text)
    return True


def _read(core: StreamCore, text: str) -> Told[None]:
    yield from core.feed(text)
    yield from core.finish()
