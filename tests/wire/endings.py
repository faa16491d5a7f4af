"""Answers that are acted upon, in the styles of an end, for the formats with events of a type of their own."""

import random

from simblock.wire.aside import Aside
from simblock.wire.bodies import BodyFilter
from simblock.wire.format import Request, Told
from simblock.wire.formats import FORMATS
from tests import wires
from tests.material import WORKS, guard, prose
from tests.wire.filters import Filtering

CLEAN = " ".join(prose(random.Random(11), 40))
AT = next(at for at in range(100, 200) if WORKS["work-3"][at] not in CLEAN)
PASSAGE = " ".join(WORKS["work-3"][AT : AT + 80])
COPYING = f"{CLEAN} {PASSAGE} {CLEAN}"
NOTICE = "[withheld by us]"
STYLES = ("filter", "stop")


def telling(style="filter", notice="", **told):
    """What a client is told, whatever was found."""
    return lambda _voices, action: Told("rep-1", action=action, style=style, notice=notice, **told)


def ended(format, chunks, *, style="filter", notice="", **policy):
    """A filtering over all of an answer: the style says how one that is stopped ends."""
    filtering = Filtering(format, **policy)
    filtering.filter._aside = filtering.filter._aside._replace(tell=telling(style, notice))
    for chunk in chunks:
        filtering.feed(chunk)
    filtering.finish()
    return filtering


def spoken(format, channel, text=COPYING, **options):
    """The events of an answer that says ``text`` in a channel; before a call it says something else."""
    text = wires.arguments(text) if channel in wires.SOURCE else text
    parts = [(channel, wires.pieces(text))]
    if channel in {"tool", "custom", "refusal"}:
        parts.insert(0, ("content", wires.pieces("Let me see to that.")))
    return wires.told(format, parts, **options)


def values(raw):
    """The JSON of the events; their types are those of the lines before."""
    made = wires.events(raw)
    assert all(kind == value["type"] for kind, value in made)
    return [value for _, value in made]


def body(format, value, *, style="filter", notice="", again=None, told=None, **policy):
    """What goes out of a whole answer."""
    response = guard(**policy).response()
    aside = Aside(lambda *_: None, told or telling(style, notice), again)
    wire = FORMATS[format].wire(Request())
    return response.run(BodyFilter(wire, response.core, aside).filter(value))


def words_out(raw):
    """How many words of the passage stand in what went out, in a row from its first."""
    said = " ".join(wires.strings(raw).split())
    words = PASSAGE.split()
    return max(n for n in range(len(words) + 1) if " ".join(words[:n]) in said)
