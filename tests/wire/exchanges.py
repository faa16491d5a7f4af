"""Whole exchanges for tests: an answer comes in pieces, and all that a client gets of it is looked at.

The protected works are written in Greek letters and everything else is not. So whether anything of a work has gone
out, be it one character in whatever field, is whether a Greek letter stands in what went out.
"""

import random
import re
from dataclasses import dataclass

from simblock.guard import Guard, by_response
from simblock.policy import Policy
from simblock.serving.gate import Gate
from simblock.serving.settings import Settings
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests import wires
from tests.material import OTHERS, prose

CERTAIN = 16
"""Words of a passage that can have gone out before it is found, where nothing is held back."""
# Neither of the letters that look like Latin ones (they would be read as those), nor the final sigma.
SYLLABLES = [c + v for c in "βγδζθλμξπσφψ" for v in ("ε", "η", "ω")]
GREEK = re.compile(r"[\u0370-\u03ff\ufffd]")
"""A letter of a work, or what is left of one that was cut in its bytes."""


def _words(seed, count):
    rng = random.Random(seed)
    made = {}
    while len(made) < count:
        made["".join(rng.choices(SYLLABLES, k=3))] = None
    return list(made)


WORKS = {f"greek-{n}": _words(n, 300) for n in range(4)}
CODE = """\
def πληθω(ξενων, ψηφε):
    λογε = ξενων[ψηφε]
    for θημων in range(ψηφε):
        λογε = λογε * θημων + ξενων[θημων] - ψηφε
        if λογε > ψηφε and θημων != λογε:
            ξενων[θημων] = λογε ** ψηφε
            ψηφε += θημων // (λογε + 7)
        while λογε < θημων:
            λογε += ξενων[λογε % ψηφε] + θημων
    return [λογε, ξενων, ψηφε]
"""
INDEX = MemoryIndex(
    [
        Document(Work(name, title=f"Title of {name}", owner="somebody"), " ".join(text))
        for name, text in WORKS.items()
    ]
)
_rng = random.Random(5)
BEFORE = "Here it is, as far as I can see: " + " ".join(prose(_rng, 36, OTHERS)) + ".\n"
AFTER = "\nThat is all. " + " ".join(prose(_rng, 36, OTHERS)) + ". And so on to the end."


def passage(words=52, work="greek-2", at=100):
    """A passage with what escaping must not hide: line breaks, quotation marks, backslashes."""
    said = WORKS[work][at : at + words]
    return "".join(
        word + (",\n" if n % 9 == 8 else '" "' if n % 13 == 12 else " ") for n, word in enumerate(said)
    ).strip()


COPYING = f"{BEFORE}{passage()}{AFTER}"
CLEAN = f"{BEFORE}{AFTER}"
TYPES = {False: b"text/event-stream; charset=utf-8", True: b"application/json"}


@dataclass(frozen=True)
class Out:
    """What a client got, and what became of the exchange."""

    raw: bytes
    heard: dict
    exchange: object
    head: object

    @property
    def greek(self):
        """Letters of a work anywhere in it."""
        return len(GREEK.findall(wires.strings(self.raw)))


def gate(settings=None, **policy):
    """A gate over the Greek works."""
    return Gate(Guard(INDEX, Policy.load(**policy), rewriter=by_response), settings or Settings())


def through(format, chunks, gate, *, whole=False, choices=1, again=None, request=None, status=200):
    """An answer that comes in these chunks of bytes, put through a gate."""
    route = gate.route("POST", wires.PATHS[format])
    body = request or wires.request(format, stream=not whole, n=choices)
    exchange = gate.exchange(route, [(b"content-type", b"application/json")], body)
    exchange.again = again
    head = exchange.head(status, [(b"content-type", TYPES[whole])])
    out = []
    for chunk in chunks:
        out.append(exchange.feed(chunk))
        if exchange.over:
            break
    out.append(exchange.finish())
    exchange.close()
    raw = b"".join(out)
    return Out(raw, wires.heard(format, raw, whole=whole), exchange, head or exchange.answer_head)


def answer(format, channel, text, *, whole=False, size=7, **options):
    """The bytes of an answer that says ``text`` in ``channel``."""
    said = wires.arguments(text) if channel in wires.SOURCE else text
    if whole:
        return wires.body(format, channel, said, **options)
    return b"".join(wires.stream(format, channel, wires.pieces(said, size), **options))
