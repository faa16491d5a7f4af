"""Which hits of code are worth following, where the policy asks for information.

Code is full of commonplaces, which such a policy never acts on alone; what stands before a telling hit is
aligned when that comes. A policy that asks for none has every hit followed.
"""

from __future__ import annotations

from collections.abc import Sequence

from simblock.figures import Seed

ALONE = 10.0
"""Bits of an exact key that are worth an alignment."""
TOGETHER = 24.0
"""Bits that commonplaces, or the seeds of a square, must add up to to be worth one."""
QUIET = 8.0
"""Bits under which a seed is not heard."""


def bits(square: Sequence[Seed]) -> float:
    """What the different keys of a square say."""
    return sum({seed.key: seed.bits for seed in square if seed.informs}.values())


def alone(seed: Seed) -> bool:
    """Whether an exact hit is worth an alignment by itself."""
    return seed.bits >= ALONE


def together(square: Sequence[Seed]) -> bool:
    """Whether the hits of a square are, together."""
    return bits(square) >= TOGETHER


def quiet(seed: Seed) -> bool:
    """Whether a seed says so little that it is not heard."""
    return seed.language is not None and seed.bits < QUIET


def worth(square: Sequence[Seed]) -> bool:
    """Whether a square of seeds is worth an alignment; of what has no bits nothing can be told."""
    return not square[-1].informs or together(square)
