"""simblock keeps generative models from handing out protected text and code."""

from __future__ import annotations

__version__ = "0.1.0"
