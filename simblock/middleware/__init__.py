"""Middleware for ASGI applications: what their models say is filtered before it is sent."""

from __future__ import annotations

from simblock.middleware.asgi import SimblockMiddleware

__all__ = ["SimblockMiddleware"]
