"""The scheme: every channel, seed and table fingerprint an index was made with.

A scheme is values only, and is stored with the index; adding or tuning a channel changes no
format. Winnowing an index with spacing ``g`` over shingles of ``n`` and asking every position of
the output finds any ``n + g - 1`` shared tokens for certain (Schleimer, Wilkerson, Aiken 2003).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

from simblock.errors import Incompatible
from simblock.tokens import CHAR, COMMON
from simblock.work import Kind

Role = Literal["exact", "seed", "signature"]
Lane = Literal["words", "lexemes", "syntax"]

_LANES: dict[str, Lane] = {
    "words": "words",
    "source": "words",
    "comments": "words",
    "lexemes": "lexemes",
    "syntax": "syntax",
}


def lane_of(view: str) -> Lane:
    """What of an output the runs of a view are compared with."""
    return _LANES[view]


def kind_of(view: str) -> Kind:
    """Whether a match with a run of this view is one of text or of code."""
    return "text" if view in {"words", "comments"} else "code"


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to find: which tokens, in what shingles and windows, with what MinHash.

    A token passes when ``flags & require == require`` and ``flags & forbid == 0``. Shingles are of
    ``n`` passing tokens; anchors are winnowed with spacing ``g``; a window of ``window`` shingles
    that ends at an anchor gives ``bands`` keys of ``rows`` MinHash values. With one row and one band
    the shingle's own hash is the key. Channels asked at anchors winnow the output as well.

    ``views`` are the runs of an index that the channel holds; ``numbered``: names inside a shingle count
    as numbers, by first occurrence (Baker 1996, parameterised matching), however they are spelled. An
    ``unordered`` shingle is the multiset of its tokens.
    """

    id: int
    name: str
    role: Role
    n: int
    g: int
    window: int = 1
    rows: int = 1
    bands: int = 1
    require: int = 0
    forbid: int = 0
    views: tuple[str, ...] = ("words", "comments")
    numbered: bool = False
    unordered: bool = False

    @property
    def reads(self) -> Lane:
        """What of an output the channel is asked with: its words, lexemes or syntax tokens."""
        return lane_of(self.views[0])

    @property
    def asked_at_anchors(self) -> bool:
        return self.role == "signature"

    @property
    def certain(self) -> int:
        """T: so many consecutive passing tokens are found for certain."""
        return self.n + self.g - 1


OFTEN = 16
"""Places from which on a shingle in any order is too common to be told in full."""

ALL_WORDS = ("words", "source", "comments")

TEXT_CHANNELS = (
    Channel(1, "text-exact", "exact", n=8, g=9, forbid=CHAR, views=ALL_WORDS),
    Channel(2, "text-exact-chars", "exact", n=16, g=17, require=CHAR, views=ALL_WORDS),
    Channel(3, "text-seeds", "seed", n=2, g=2, forbid=CHAR | COMMON, unordered=True),
    Channel(4, "text-seeds-chars", "seed", n=6, g=8, require=CHAR),
    Channel(
        5,
        "text-signature",
        "signature",
        n=1,
        g=11,
        window=24,
        rows=3,
        bands=2,
        forbid=CHAR | COMMON,
        views=("words",),
    ),
)
"""How text is found: verbatim for certain, edited by seeds, with fillers by signatures (docs/how-it-works.md)."""

CODE_CHANNELS = (
    Channel(6, "code-exact", "exact", n=15, g=16, views=("lexemes",), numbered=True),
    Channel(7, "code-seeds", "seed", n=10, g=6, views=("syntax",), numbered=True),
)
"""How code is found: renamed for certain, changed by seeds.

Signatures of windows of 96 found nothing of edited code that seeds did not, at 3 bytes a lexeme more.
"""


@dataclass(frozen=True)
class Scheme:
    """All channels, the MinHash seed, and the fingerprints of tokenisers and tables by name."""

    channels: tuple[Channel, ...] = TEXT_CHANNELS + CODE_CHANNELS
    seed: int = 1
    fingerprints: dict[str, str] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Twelve hex digits that differ when anything of the scheme differs."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """The scheme as canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, data: str | bytes) -> Scheme:
        """The scheme that :meth:`to_json` wrote. Raises Incompatible where it has fields unknown here."""
        try:
            raw: dict[str, Any] = json.loads(data)
            rows = raw.pop("channels")
            channels = tuple(_channel(row) for row in rows)
            return cls(channels=channels, **raw)
        except (TypeError, KeyError, ValueError) as error:
            raise Incompatible(
                "the index's scheme has parts that this simblock does not know: upgrade simblock"
            ) from error

    def check_same_tokens(self, ours: dict[str, str]) -> None:
        """Raises Incompatible, naming what differs, unless ``ours`` makes the same tokens as this scheme's."""
        for name, fingerprint in self.fingerprints.items():
            if ours.get(name) != fingerprint:
                raise Incompatible(
                    f"an index was made with another tokeniser or table ({name}): "
                    "build it again from the works with simblock-index build"
                )


def _channel(row: dict[str, Any]) -> Channel:
    """A stored channel; before there were runs of code, a channel had one view."""
    views = tuple(row.pop("views", None) or (row.pop("view"),))
    return Channel(**row, views=views)


T_WORDS = 16
"""Promise 1: so many consecutive words are found for certain (twice as many characters of scripts
without spaces)."""
T_LEXEMES = 30
"""Promise 1 for code: so many consecutive lexemes are found for certain, whatever their names."""
D_TICKS = 48
"""Ticks of the stream that strict mode holds."""
