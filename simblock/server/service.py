"""The server put together: a gate, its listeners, where decisions go, and what runs beside them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from simblock.errors import MissingExtra
from simblock.events import Events, Metrics
from simblock.events.recent import Recent
from simblock.policy import Policy
from simblock.server.admin import Admin, Page, Render, Standing
from simblock.server.answering import App
from simblock.server.app import Public
from simblock.server.checking import Checks
from simblock.server.litellm import PATH as LITELLM
from simblock.server.litellm import LiteLLM
from simblock.server.proxying import Proxy
from simblock.server.running import Address, Listener, Patience, Steps, bind, listen, run
from simblock.server.upstream import Timeouts, Upstream
from simblock.serving.gate import Gate, audit_of
from simblock.serving.reloading import Reloading
from simblock.serving.settings import Settings
from simblock_indexer.indexes import shown

CHECK = "/v1/check"
LOOPBACK = Address("127.0.0.1", 8080)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be served, and where. ``checks``: over HTTP, too; None: where there is no upstream."""

    settings: Settings
    upstream: str | None = None
    listen: Address = LOOPBACK
    admin: Address | None = None
    checks: bool | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    patience: Patience = field(default_factory=Patience)

    @property
    def offers_checks(self) -> bool:
        """Whether callers may check texts: with an upstream, end users would be among them."""
        return self.upstream is None if self.checks is None else self.checks


class Fact(NamedTuple):
    """A line that is printed at the start."""

    name: str
    value: str


def start(wanted: Wanted, say: Callable[[Fact], None]) -> None:
    """Serves until a signal ends it; ``say`` is told what is served, when it is.

    Raises UsageError where an option cannot be meant or a port is taken, MissingExtra, and what opening the indexes and
    the policy raises; KeyboardInterrupt where SIGINT ended it.
    """
    upstream = None if wanted.upstream is None else Upstream(wanted.upstream, wanted.timeouts)
    with ExitStack() as stack:
        public = stack.enter_context(bind(wanted.listen, "--listen"))
        private = wanted.admin and stack.enter_context(bind(wanted.admin, "--admin"))
        service = stack.enter_context(Service(wanted, upstream))
        listeners = [Listener(public, service.public)]
        if private:
            listeners.append(Listener(private, service.admin))

        async def started() -> None:
            if upstream is not None:
                await upstream.open()
            listen(public, "--listen")
            if private:
                listen(private, "--admin")
            for fact in service.facts([listener.url for listener in listeners]):
                say(fact)

        async def ended() -> None:
            if upstream is not None:
                await upstream.close()

        beside = [service.reloading.watch] if service.reloading is not None else []
        run(listeners, service.standing, wanted.patience, Steps(started, ended, beside))


class Service:
    """The apps of the listeners, over one gate. A context: what it opened is closed at its end."""

    def __init__(self, wanted: Wanted, upstream: Upstream | None) -> None:
        self._wanted, settings = wanted, wanted.settings
        self._closing = ExitStack()
        policy = Policy.load(settings.policy)
        self.standing, self._recent = Standing(), Recent()
        self._metrics = Metrics()
        self.events = Events(*self._sinks(settings), metrics=self._metrics)
        self.gate = Gate.open(settings, policy=policy, events=self.events)
        self._metrics.guard = self.gate.guard
        self._checks = Checks(
            lambda: self.gate.guard, self.events, evidence=settings.evidence, most=settings.max_body
        )
        self._closing.callback(self._checks.close)
        proxy = None if upstream is None else Proxy(self.gate, upstream)
        self.public = Public(dict(self._endpoints()), proxy)
        self.admin = Admin(lambda: self.gate.guard, self.standing, self._pages())
        self.reloading: Reloading | None = None
        if settings.policy is not None:
            failed = partial(self.events.reloaded, well=False)
            self.reloading = Reloading(settings.policy, policy.digest, self._take, failed)

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def facts(self, urls: Sequence[str]) -> Iterator[Fact]:
        """What is served, for people."""
        settings, upstream = self._wanted.settings, self._wanted.upstream
        yield Fact("listens on", urls[0])
        yield Fact("indexes", ", ".join(map(shown, settings.index)))
        yield Fact(
            "policy", f"{self.gate.guard.policy.digest}{f' ({settings.policy})' if settings.policy else ''}"
        )
        if self._wanted.offers_checks:
            yield Fact("checks", ", ".join(f"POST {path}" for path, _ in self._endpoints()))
        if upstream is not None:
            yield Fact("upstream", upstream)
            for name, routes in self.gate.routes.listed().items():
                if routes:
                    yield Fact(name, ", ".join(routes))
            yield Fact("refused", "everything else (403)")
        yield Fact("audit", str(settings.audit) if settings.audit else "none (--audit FILE keeps one)")
        listed = (
            f"{urls[1]} ({' '.join(self.admin.paths)})" if urls[1:] else "none (--admin HOST:PORT opens one)"
        )
        yield Fact("admin", listed)

    def _endpoints(self) -> Iterator[tuple[str, App]]:
        if self._wanted.offers_checks:
            yield CHECK, self._checks
            yield LITELLM, LiteLLM(self._checks)

    def _sinks(self, settings: Settings) -> Iterator[Any]:
        for audit in audit_of(settings):
            yield self._closing.enter_context(audit)
        yield self._recent

    def _take(self, policy: Policy) -> None:
        """Puts another policy in effect; responses that run keep theirs."""
        self.gate.guard = self._metrics.guard = self.gate.guard.with_policy(policy)
        self.events.reloaded(well=True)

    def _pages(self) -> dict[str, Render]:
        pages = {"/metrics": self._metrics_page, "/": self._live_page, "/live.json": self._live_json}
        return {path: partial(_or_missing, render) for path, render in pages.items()}

    def _metrics_page(self) -> Page:
        body, sort = self._metrics.render()
        return Page(200, sort, body)

    def _live_page(self) -> Page:
        from simblock.overview import standing, written
        from simblock.overview.page import REFRESH

        body = written(self._view(), title="simblock", facts=standing(self._metrics), refresh=REFRESH)
        return Page(200, "text/html; charset=utf-8", body.encode())

    def _live_json(self) -> Page:
        return Page(200, "application/json", json.dumps(self._view()).encode())

    def _view(self) -> dict[str, Any]:
        """What there is to show: all that is looked at while decisions wait."""
        from simblock.overview import view

        return self._recent.read(partial(view, until=time.time()))


def _or_missing(render: Render) -> Page:
    """The page, or which extra it needs."""
    try:
        return render()
    except MissingExtra as error:
        return Page(501, "text/plain", f"{error}\n".encode())


__all__ = ["CHECK", "Fact", "Service", "Wanted", "start"]
