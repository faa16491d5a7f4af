"""What is told of a response when it is over: what was found, what was done, what was not scanned.

A decision holds figures and places, never protected text, and none of the user's but for ``evidence``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from simblock.match import Match, Report
from simblock.policy import Policy

Outcome: TypeAlias = Literal[
    "clean",
    "cited",
    "observed",
    "redacted",
    "replaced",
    "stopped",
    "error_stopped",
    "error_released",
    "client_gone",
    "upstream_failed",
]
"""How a response ended. Where several things happened it is the severest: what failed, then what was done."""

OTHER = "(other)"
"""In the place of what is no name."""
_NAME = re.compile(r"[\w./:@+-]{1,128}")

OUTCOMES: tuple[Outcome, ...] = Outcome.__args__  # type: ignore[attr-defined]


class Spoken(NamedTuple):
    """One stream of a response: how many code points the model said in it, and how many of those went out.

    ``matches`` are the numbers of those in the report's list, from 0 on, that stand in it (:func:`spread`);
    ``digest`` is that of what the model said, where digests are kept (:meth:`simblock.events.audit.Audit.digest`).
    """

    channel: str
    choice: int
    part: str
    characters: int
    released: int
    stopped: bool
    matches: tuple[int, ...] = ()
    digest: str | None = None


class Unscanned(NamedTuple):
    """Something that was not scanned: what it was, why not, and how many bytes of it there were."""

    what: str
    reason: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Decision:
    """One response, or one check.

    ``at`` is in seconds since 1970 (UTC). ``route`` is the pattern of the table of routes, never a path as it came;
    ``id`` the report's, ``request_id`` the caller's own. ``scan_ms`` went into scanning, ``first_ms`` is by how much
    the first text was delayed (None where none came), ``held_ms`` how long text was held at the longest. ``rounds``
    counts the answers that were asked for anew. ``evidence`` has the output's own text of matches, by their numbers in
    the report's list as strings, and is None unless asked for. ``policy`` is the one that decided; ``floor`` from how
    many words and lexemes on matches were kept that no rule acted on, and how many of them at most. ``continues``: the
    request refers to a conversation which it does not hold, so what was said in it before was not counted.
    """

    at: float
    id: str
    request_id: str | None
    route: str
    format: str | None
    model: str | None
    tenant: str | None
    streaming: bool
    outcome: Outcome
    report: Report
    streams: tuple[Spoken, ...] = ()
    unscanned: tuple[Unscanned, ...] = ()
    scan_ms: float = 0.0
    first_ms: float | None = None
    held_ms: float = 0.0
    rounds: int = 0
    evidence: Mapping[str, str] | None = None
    policy: Policy | None = None
    floor: tuple[int, int, int] | None = None
    continues: bool = False


def named(given: str | None) -> str | None:
    """What a caller calls something (a model, a request, a tenant), where it is a name; what else it is stays untold."""
    return given if not given or _NAME.fullmatch(given) else OTHER


def spread(report: Report, streams: Sequence[Iterable[Match]]) -> list[tuple[int, ...]]:
    """For each stream the numbers that its matches have in the report; each number is given once."""
    numbers: defaultdict[Match, list[int]] = defaultdict(list)
    for number in range(len(report.matches) - 1, -1, -1):
        numbers[report.matches[number]].append(number)
    return [
        tuple(sorted(numbers[match].pop() for match in matches if numbers.get(match))) for matches in streams
    ]
