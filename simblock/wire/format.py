"""What a wire format is: how its requests are read, what its frames mean, how an answer ends early.

A :class:`Format` is a constant; of each response it makes one :class:`Wire`, which remembers what the ends of that
response need (its id, its model, the items that are open). Neither knows indexes, policies or streams.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from simblock.match import Match
from simblock.response import Turn
from simblock.wire.shapes import Channel, Walked

Style = Literal["filter", "stop"]
"""How a stopped answer ends: as filtered, in the format's own words, or normally, with a notice."""

Done = Literal["stop", "redact", "replace", "cite"]
"""What a client is told of: that its answer was withheld, changed, or released with its sources."""

NOTICE = "[A passage was withheld here: it is too close to protected content.]"


class Request(NamedTuple):
    """What of a request matters here.

    ``turns`` are the client's and the model's earlier ones, oldest first; ``choices`` is how many answers were asked
    for, ``continues`` says that it refers to a conversation which it does not hold (``previous_response_id``),
    ``usage`` that a last frame with the usage of tokens was asked for.
    """

    turns: tuple[Turn, ...] = ()
    streams: bool = False
    choices: int = 1
    model: str = ""
    continues: bool = False
    usage: bool = False


class Frame(NamedTuple):
    """One event to be sent: its type, where the format has any, and its JSON; ``data`` where it is no JSON."""

    value: Any
    event: str | None = None
    data: bytes | None = None


class End(NamedTuple):
    """What ends with a frame: a choice (None: the whole response), or one channel of it."""

    choice: int | None = None
    channel: Channel | None = None


@dataclass(slots=True)
class Reading:
    """What a frame means: the texts and sides that it holds, what ends with it, and of which choices it tells.

    ``ends`` come after its texts. ``choices`` is empty where the frame concerns them all. ``ahead`` are choices of which
    it holds token ids that cannot be read, and may spell text that comes with the next frame: it waits for that.
    """

    walked: Walked
    ends: tuple[End, ...] = ()
    choices: tuple[int, ...] = ()
    ahead: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What a client is told about a choice that was acted upon.

    ``action``: stop (withheld from here on), redact, replace (changed), cite (released). ``reason``: protected, or
    unavailable (an index could not answer). ``sources`` are the matches that may be named to the client, ``channels`` where each stands; ``kinds`` of what
    was found, text or code or both. ``retry``: whether asking again can help. ``report`` only where clients may see it.
    """

    report_id: str
    action: Done = "stop"
    reason: Literal["protected", "unavailable"] = "protected"
    kinds: tuple[Literal["text", "code"], ...] = ("text",)
    sources: tuple[Match, ...] = ()
    channels: tuple[Channel, ...] = ()
    retry: bool = False
    style: Style = "filter"
    notice: str = ""
    report: dict[str, Any] | None = None

    @property
    def field(self) -> dict[str, Any]:
        """The field ``simblock`` of an answer that was acted upon."""
        told: dict[str, Any] = {
            "report_id": self.report_id, "action": self.action, "reason": self.reason, "retry": self.retry,
        }  # fmt: skip
        if self.report is not None:
            told["report"] = self.report
        return told


class Wire(Protocol):
    """One response of a format."""

    keeps: bool
    """Whether later frames repeat what was said, so that what goes out must be remembered."""

    alike: bool
    """Whether a frame that differs from one before in its text alone means the same, and is nothing new to :meth:`sent`."""

    def read(self, event: str | None, value: dict[str, Any]) -> Reading:
        """What a frame of a stream means; takes note of what the ends will need."""
        ...

    def sent(self, value: dict[str, Any]) -> None:
        """Takes note of a frame as it goes out, in its order, raw or changed; those of :meth:`end` and the like are not told."""
        ...

    def end(self, choice: int, told: Told, released: Sequence[tuple[Channel, str]]) -> list[Frame]:
        """What is sent in place of the rest of a choice that was stopped: the safe part has gone out already.

        ``released`` has, where ``keeps``, what went out in each channel of it, in the order in which they began.
        """
        ...

    def close(self) -> list[Frame]:
        """What is sent when the last choice has ended by :meth:`end` and the upstream is cut off."""
        ...

    def say(self, choice: int, text: str) -> list[Frame]:
        """Frames that say more in the channel content, in our words: a rewritten passage, a new answer."""
        ...

    def finish(self, choice: int, told: Told | None) -> list[Frame]:
        """Frames that end a choice normally after :meth:`say`: the answer was asked for again and is whole."""
        ...

    def without(self, value: dict[str, Any], choice: int) -> dict[str, Any] | None:
        """A frame without a choice that has ended before; None where nothing is left of it."""
        ...

    def reopen(self, value: dict[str, Any], choice: int) -> None:
        """Takes out of a frame, in place, that it ends a choice: its text was cut, and :meth:`end` follows."""
        ...

    def annotate(self, value: dict[str, Any], choice: int, told: Told) -> None:
        """Puts what was found on the frame that ends a choice which goes on to its end (cite, redact, replace)."""
        ...

    def body(self, value: dict[str, Any]) -> Reading:
        """What a whole answer means."""
        ...

    def put(self, value: dict[str, Any], choice: int, text: str) -> None:
        """Makes ``text`` all that a choice of a whole answer says: another answer, in the place of one that was stopped."""
        ...

    def end_body(self, value: dict[str, Any], choice: int, told: Told) -> None:
        """Makes a choice of a whole answer, whose texts are set already, say that it was stopped or changed."""
        ...


class Format(Protocol):
    """One wire format."""

    name: str

    def request(self, value: Any) -> Request:
        """What a request asks for. Raises :class:`simblock.errors.InputError` where it cannot be meant."""
        ...

    def wire(self, request: Request) -> Wire: ...

    def again(self, value: dict[str, Any], said: str, note: str, choice: int = 0) -> dict[str, Any]:
        """The request once more, not streamed: what was said so far is the assistant's, ``note`` tells it to go on.

        Raises :class:`simblock.errors.InputError` where it cannot be asked again.
        """
        ...

    def answer(self, value: dict[str, Any]) -> str | None:
        """The text of a whole answer to :meth:`again`; None where it has none."""
        ...
