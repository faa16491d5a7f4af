"""A filter over the wire for tests: bytes in, bytes out, in whatever pieces."""

from itertools import pairwise

from simblock.wire.aside import Aside
from simblock.wire.filtering import EventFilter
from simblock.wire.format import Request, Told
from simblock.wire.formats import FORMATS
from tests.material import guard


class Filtering:
    """An :class:`EventFilter` with what it needs around it; ``out`` is what came out so far."""

    def __init__(self, format="chat", *, choices=1, **policy):
        self.guard = guard(**policy)
        self.response = self.guard.response()
        self.unread = []
        aside = Aside(
            lambda reason, size: self.unread.append((reason, size)),
            lambda voices, action: Told(report_id=self.response.id, action=action),
        )
        wire = FORMATS[format].wire(Request(streams=True, choices=choices))
        self.filter = EventFilter(wire, self.response.core, aside, choices=choices)
        self.out = b""

    def feed(self, data, now=0.0):
        """What goes out at once of ``data``."""
        made = self.response.run(self.filter.feed(data, now))
        self.out += made
        return made

    def finish(self, now=0.0):
        made = self.response.run(self.filter.finish(now))
        self.out += made
        return made

    @property
    def report(self):
        return self.response.report_of(self.filter.cores)


def filtered(chunks, format="chat", *, choices=1, **policy):
    """All that goes out of an answer that comes in these chunks."""
    filtering = Filtering(format, choices=choices, **policy)
    for chunk in chunks:
        filtering.feed(chunk)
    filtering.finish()
    return filtering


def cut(data, cuts):
    """``data`` in pieces, cut at these places."""
    edges = sorted({0, len(data), *(at for at in cuts if 0 < at < len(data))})
    return [data[a:b] for a, b in pairwise(edges)]
