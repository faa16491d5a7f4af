"""Pure ASGI middleware: no task, thread or queue of its own stands between a server and its application.

``app.add_middleware(SimblockMiddleware, index=…, policy=…)``, or by the environment alone, as
``vllm serve … --middleware simblock.middleware.SimblockMiddleware`` needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from simblock.errors import InputError, Unavailable
from simblock.events import Events
from simblock.middleware.asking import ask_again
from simblock.middleware.carrying import Carrier, Cut, asking, read_body
from simblock.middleware.refusing import refuse, refuse_websocket, refused
from simblock.middleware.types import App, Receive, Scope, Send
from simblock.policy import Policy
from simblock.serving.gate import Gate, open_gate
from simblock.serving.refusing import told_of, too_large
from simblock.serving.routes import AMBIGUOUS, Route
from simblock.stores import Index


class SimblockMiddleware:
    """Filters what the generation routes of an ASGI application answer.

    ``index`` is a path or URL, an open index, or several of them; ``policy`` a file or a :class:`simblock.Policy`.
    Further settings are those of :class:`simblock.serving.settings.Settings`; what is not given is taken from the
    environment (``SIMBLOCK_INDEX``, ``SIMBLOCK_POLICY``, …). ``events`` takes decisions and delays, beside the log at
    ``audit``. Instead of all that, a ``gate``.

    Routes that are neither known to generate nor known to be harmless are refused: ``pass_routes`` lets an
    application's own pages by, ``generation_routes`` filters its own routes.

    Raises SimblockError where the index or the policy cannot be used: better no server than one that filters nothing.
    """

    def __init__(
        self,
        app: App,
        index: str | Path | Index | Sequence[str | Path | Index] | None = None,
        policy: str | Path | Policy | None = None,
        *,
        gate: Gate | None = None,
        events: Events | None = None,
        **settings: Any,
    ) -> None:
        self.app = app
        self.gate = gate or open_gate(index, policy, events, **settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket" and self._route(scope, "GET").kind != "pass":
            await refuse_websocket(receive, send)
        else:
            await self.app(scope, receive, send)

    def _route(self, scope: Scope, method: str) -> Route:
        """The route of a request, by its path as it came and as the application has it, should these differ."""
        headers, path = scope["headers"], scope["path"].encode("utf-8", "surrogateescape")
        raw = (scope.get("raw_path") or path).partition(b"?")[0]
        route = self.gate.route(method, raw, headers)
        if route.kind == "refuse" or raw == path:
            return route
        other = self.gate.routes.of(method, quote(path), headers)
        return route if (route.kind, route.format) == (other.kind, other.format) else AMBIGUOUS

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._route(scope, scope["method"])
        if route.kind == "pass":
            await self.app(scope, receive, send)
            return
        if route.kind == "refuse":
            await refuse(send, *refused(route))
            return
        body = await read_body(receive, self.gate.settings.max_body)
        if body is None:  # the client left
            return
        if len(body) > self.gate.settings.max_body:
            await refuse(send, *too_large(self.gate.settings.max_body))
            return
        try:
            exchange = await self.gate.aexchange(route, scope["headers"], body)
        except (InputError, Unavailable) as error:
            await refuse(send, *told_of(error))
            return
        exchange.again = partial(ask_again, self.app, scope)
        carrier = Carrier(exchange, body, receive, send)
        try:
            await self.app(asking(scope), carrier.receive, carrier.send)
            carrier.end()
        except Cut:
            pass  # ours: the application was to end
        except BaseException as error:
            carrier.close(failed=type(error).__name__)
            raise
        finally:
            carrier.close()


__all__ = ["SimblockMiddleware"]
