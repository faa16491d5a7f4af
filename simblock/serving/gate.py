"""The gate: what stands between clients and a generation server, whoever carries the bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simblock.errors import Unavailable, UsageError
from simblock.events import Events
from simblock.events.audit import Audit
from simblock.guard import Guard, by_response
from simblock.policy import Policy
from simblock.serving.exchange import Exchange, Headers
from simblock.serving.routes import Route, Routes
from simblock.serving.settings import Settings
from simblock.stores import Index
from simblock_indexer.indexes import load_keys, open_all

BIG = 1 << 16
"""Bytes from which on a request is read in a thread."""


class Gate:
    """A guard, settings and where decisions go. ``guard`` may be replaced: responses that run keep theirs."""

    def __init__(
        self, guard: Guard, settings: Settings | None = None, *, events: Events | None = None
    ) -> None:
        self.guard, self.settings = guard, settings or Settings()
        self.events = events or Events()
        self.routes = Routes(self.settings.pass_routes, self.settings.generation_routes)

    @classmethod
    def open(cls, settings: Settings, *, policy: Policy | None = None, events: Events | None = None) -> Gate:
        """A gate over the indexes that the settings name. ``policy`` in the place of the settings' file.

        Raises UsageError where no index is named; IndexProblem, PolicyError, StoreLost.
        """
        if not settings.index:
            raise UsageError("no index: give index=…, or set SIMBLOCK_INDEX to a directory or a redis:// URL")
        policy = policy or Policy.load(settings.policy)
        stores: Sequence[Path | str] = settings.index
        guard = guard_for(open_all(stores, settings.key_file), policy, settings)
        return cls(guard, settings, events=events)

    def route(self, method: str, path: str | bytes, headers: Headers = ()) -> Route:
        """What is done with a request; where it is refused, that is counted."""
        route = self.routes.of(method, path, headers)
        if route.kind == "refuse":
            self.events.refused(route.name)
        elif route.kind == "pass":
            self.events.bypassed(route.why, route.name)
        return route

    def exchange(self, route: Route, headers: Headers, body: bytes) -> Exchange:
        """A request to a generation route, which is about to be put to the upstream.

        Raises InputError where the request cannot be read: the upstream must not see it, for what it is about would
        be unknown here. Raises Unavailable while a log that is required cannot be written.
        """
        if reason := self.events.blocked:
            raise Unavailable(f"no answer may begin: {reason}")
        return Exchange(route, headers, body, guard=self.guard, settings=self.settings, events=self.events)

    async def aexchange(self, route: Route, headers: Headers, body: bytes) -> Exchange:
        """:meth:`exchange` for event loops; it begins to read the conversation while the upstream is asked."""
        if len(body) > BIG:
            exchange = await asyncio.to_thread(self.exchange, route, headers, body)
        else:
            exchange = self.exchange(route, headers, body)
        exchange.recall()
        return exchange


def audit_of(settings: Settings) -> list[Audit]:
    """The log that the settings name, or none. Raises InputError, KeyProblem."""
    if settings.audit is None:
        return []
    key = load_keys([settings.audit_key])[0] if settings.audit_key else None
    return [Audit(settings.audit, evidence=settings.evidence, key=key, required=settings.audit_required)]


def guard_for(indexes: Sequence[Index], policy: Policy, settings: Settings) -> Guard:
    """A guard whose responses bring a rewriter each: the server that they came from."""
    guard = Guard(indexes, policy, rewriter=by_response, rewrite_timeout=settings.rewrite_timeout)
    guard.prepare()
    return guard


def open_gate(
    index: str | Path | Index | Sequence[str | Path | Index] | None,
    policy: str | Path | Policy | None,
    events: Events | None = None,
    **settings: Any,
) -> Gate:
    """A gate over what is given, and over what the environment says where nothing is. Raises SimblockError."""
    several = index if isinstance(index, Sequence) and not isinstance(index, str) else [index]
    given = [one for one in several if one is not None]
    named = tuple(str(one) for one in given if isinstance(one, str | Path))
    if named:
        settings["index"] = named
    if isinstance(policy, str | Path):
        settings["policy"] = policy
    read = Settings(**settings)
    if events is None:
        events = Events(*audit_of(read))
    loaded = policy if isinstance(policy, Policy) else Policy.load(read.policy)
    opened = [one for one in given if not isinstance(one, str | Path)]
    if not opened:
        return Gate.open(read, policy=loaded, events=events)
    return Gate(guard_for(opened, loaded, read), read, events=events)


__all__ = ["Gate", "audit_of", "guard_for", "open_gate"]
