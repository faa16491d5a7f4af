"""The offline half of simblock: reads works and builds indexes."""

from __future__ import annotations
