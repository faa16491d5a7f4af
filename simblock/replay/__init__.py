"""An audit log under another policy: which responses it would have stopped, gained and lost, from the log alone."""

from __future__ import annotations

from simblock.replay.curve import Curve
from simblock.replay.replaying import Replay

__all__ = ["Curve", "Replay"]
