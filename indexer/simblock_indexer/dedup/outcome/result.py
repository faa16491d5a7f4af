"""What a pass came to, as a value."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery; counts are of documents unless said otherwise.

    ``out`` is the folder of what is kept, empty where nothing was written, and ``tables`` the files that stand in it
    beside the documents. ``documents`` came in, ``code`` of them code, ``empty`` without a word, in ``files`` of
    ``rows`` rows and ``bytes`` bytes; ``bad`` rows were passed over, and ``problems`` names the first. ``earlier``
    documents were kept of earlier deliveries. ``written``: documents and bytes of files, in how
    many of the documents something was cut out, and how many could not be read again. ``by_reason`` has those dropped as exact, near, passage and protected.
    ``characters``: read, kept, dropped, and dropped by reason. ``clusters``: count, members, by_size (documents alone
    are of size 1), largest. ``similarities`` of ``members`` to the document that their cluster stands around and of
    ``rejected`` pairs that were compared too, by bins of ``width`` from 0 on; ``exact`` copies are counted apart.
    ``affected``: the files that lost most. ``passages`` and ``protected``: what was found, None where it was not looked
    for. ``found``: what stages counted (candidates, pairs, tests). ``parameters``: the plan's. ``rates``: what stages
    took, which alone differs between runs. ``notes``: what a reader should know.
    """

    out: str
    documents: int
    kept: int
    dropped: int
    by_reason: dict[str, int]
    characters: dict[str, Any]
    files: int
    rows: int
    bytes: int
    written: dict[str, int]
    bad: int
    empty: int
    problems: tuple[str, ...]
    code: int
    earlier: int
    clusters: dict[str, Any]
    similarities: dict[str, Any]
    affected: tuple[dict[str, Any], ...]
    passages: dict[str, Any] | None
    protected: dict[str, Any] | None
    found: dict[str, Any]
    parameters: dict[str, Any]
    rates: dict[str, Any] = field(default_factory=dict)
    tables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The outcome for JSON: its fields under their names, as report.json has it."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Outcome:
        """What :meth:`to_dict` gave."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in told.items()
            if name != "schema"
        }
        return cls(**values)
