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

Role = Literal["exact", "seed", "signature"]


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to find: which tokens, in what shingles and windows, with what MinHash.

    A token passes when ``flags & require == require`` and ``flags & forbid == 0``. Shingles are of
    ``n`` passing tokens; anchors are winnowed with spacing ``g``; a window of ``window`` shingles
    that ends at an anchor gives ``bands`` keys of ``rows`` MinHash values. With one row and one band
    the shingle's own hash is the key. Channels asked at anchors winnow the output as well.
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
    view: str = "words"

    @property
    def asked_at_anchors(self) -> bool:
        return self.role == "signature"

    @property
    def certain(self) -> int:
        """T: so many consecutive passing tokens are found for certain."""
        return self.n + self.g - 1


TEXT_CHANNELS = (
    Channel(1, "text-exact", "exact", n=8, g=9, forbid=CHAR),
    Channel(2, "text-exact-chars", "exact", n=16, g=17, require=CHAR),
    Channel(3, "text-seeds", "seed", n=3, g=4, forbid=CHAR | COMMON),
    Channel(4, "text-seeds-chars", "seed", n=6, g=8, require=CHAR),
    Channel(5, "text-signature", "signature", n=1, g=11, window=24, rows=3, bands=4, forbid=CHAR | COMMON),
)
"""How text is found: verbatim for certain, edited by seeds, with fillers by signatures (docs/how-it-works.md)."""


@dataclass(frozen=True)
class Scheme:
    """All channels, the MinHash seed, and the fingerprints of tokenisers and tables by name."""

    channels: tuple[Channel, ...] = TEXT_CHANNELS
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
            channels = tuple(Channel(**row) for row in raw.pop("channels"))
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


T_WORDS = 16
"""Promise 1: so many consecutive words are found for certain (twice as many characters of scripts
without spaces)."""
D_TICKS = 48
"""Ticks of the stream that strict mode holds."""
