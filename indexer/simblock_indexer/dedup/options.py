"""What a pass is told."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

from simblock.errors import UsageError

Scope: TypeAlias = Literal["document", "passage", "both"]
Cut: TypeAlias = Literal["drop", "redact", "list"]
Sketch: TypeAlias = Literal["one-permutation", "permutations"]

KEEP = re.compile(r"first|longest|newest|(?:most|least):.+|prefer:[^=]+=.+", re.DOTALL)
LEAST_PASSAGE, LONGEST_PASSAGE = 16, 1 << 14
"""T: shorter passages are not found for certain; windows of longer ones do not fit a block of :mod:`.winnowing`."""
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class DedupOptions:
    """How near-copies are found and what becomes of them. Raises UsageError where a value cannot be meant.

    ``threshold``: Jaccard similarity of shingles from which on two documents are near-copies; for passages, the
    share of a document's tokens that stands in others. At most ``max_copies`` documents of each cluster are
    kept, the first by ``keep``: ``first`` in the order of the inputs, ``longest``, ``newest`` by the column
    ``date_field``, ``most:COLUMN`` and ``least:COLUMN`` by a number or a date, ``prefer:COLUMN=A,B`` by the
    order of values; equals go by the order of the inputs. ``cut`` says what becomes of passages (of at least
    ``min_passage`` tokens) that stand in more than ``max_copies`` documents, and of protected ones where the
    policy names no gentler action. ``against`` are indexes, ``policy`` and ``key_files`` as for a guard.
    ``unique_ids``: two rows of one id are an error, where else they are counted. ``memory`` bounds what a process holds, in bytes.
    """

    scope: Scope = "document"
    threshold: float = 0.8
    max_copies: int = 1
    keep: str = "first"
    date_field: str = "date"
    cut: Cut = "drop"
    min_passage: int = 50
    sketch: Sketch = "one-permutation"
    against: tuple[str, ...] = ()
    policy: str | None = None
    key_files: tuple[str, ...] = ()
    unique_ids: bool = False
    memory: int = 2048 * MIB

    def __post_init__(self) -> None:
        for option, kinds in (("scope", Scope), ("cut", Cut), ("sketch", Sketch)):
            value, known = getattr(self, option), get_args(kinds)
            if value not in known:
                raise UsageError(f"--{option} {value}: it is {', '.join(known[:-1])} or {known[-1]}")
        if not 0.3 <= self.threshold <= 1:
            raise UsageError(f"--threshold {self.threshold}: it is a number from 0.3 to 1")
        if self.max_copies < 1:
            raise UsageError(
                f"--max-copies {self.max_copies}: it is a number from 1, as the last copy is never taken"
            )
        if not KEEP.fullmatch(self.keep):
            raise UsageError(
                f"--keep {self.keep[:40]}: it is first, longest, newest, most:COLUMN, least:COLUMN "
                "or prefer:COLUMN=VALUE,VALUE"
            )
        if not LEAST_PASSAGE <= self.min_passage <= LONGEST_PASSAGE:
            raise UsageError(
                f"--min-passage {self.min_passage:,}: it is a number from {LEAST_PASSAGE} to {LONGEST_PASSAGE:,}"
            )
        if self.memory < 256 * MIB:
            raise UsageError("--memory: it is a size from 256M")

    def to_dict(self) -> dict[str, Any]:
        """The options as JSON has them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> DedupOptions:
        """What :meth:`to_dict` gave."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in told.items()
        }
        return cls(**values)

    @property
    def documents(self) -> bool:
        """Whether whole documents are compared."""
        return self.scope != "passage"

    @property
    def passages(self) -> bool:
        """Whether passages are."""
        return self.scope != "document"
