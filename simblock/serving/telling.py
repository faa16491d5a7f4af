"""What is told of a response: to the client, and when it is over to logs and metrics."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import cast

from simblock.events import Decision, Outcome, Spoken, Unscanned, spread
from simblock.guard import Response
from simblock.match import Action, Match, Report
from simblock.response import Floor
from simblock.serving.asking import Asked
from simblock.serving.routes import Route
from simblock.serving.settings import Settings
from simblock.wire.format import NOTICE, Done, Told
from simblock.wire.voices import Voice

_OUTCOMES: dict[Action, Outcome] = {
    "stop": "stopped", "replace": "replaced", "redact": "redacted", "cite": "cited", "observe": "observed",
    "release": "clean",
}  # fmt: skip
MOST_UNREAD = 20
"""Kinds of what was not read that are told of one response."""


class Telling:
    """Collects what is to be told of one response. Seconds: ``scan`` in all, ``first`` and ``held`` of text.

    ``refused``: it was ended for what could not be read; ``answered``: another answer went out in its place.
    """

    def __init__(self, response: Response, asked: Asked, route: Route, settings: Settings) -> None:
        self._response, self._asked, self._route, self._settings = response, asked, route, settings
        self._unread: dict[str, int] = {}
        self.scan = self.held = 0.0
        self.first: float | None = None
        self.rounds = 0
        self.refused = self.answered = False

    def unread(self, reason: str, size: int) -> None:
        """Something of the answer was not read."""
        if reason in self._unread or len(self._unread) < MOST_UNREAD:
            self._unread[reason] = self._unread.get(reason, 0) + size

    # -- to the client

    def told(self, voices: Iterable[Voice], action: Done) -> Told:
        """What the client is told of a choice that was acted upon in these streams."""
        voices, settings = list(voices), self._settings
        found = [
            (match, voice.channel)
            for voice in voices
            for match in voice.core.matches
            if match.action == action
        ]
        lost = any(voice.core.error is not None and voice.core.decided is None for voice in voices)
        decided = next((voice.core.decided for voice in voices if voice.core.decided), None)
        named = action == "cite" or settings.show_sources
        return Told(
            report_id=self._response.id,
            action=action,
            reason="unavailable" if lost else "protected",
            kinds=tuple(sorted({match.kind for match, _ in found})) or ("text",),
            sources=tuple(match for match, _ in found) if named else (),
            channels=tuple(channel for _, channel in found) if named else (),
            retry=lost or decided is None or decided.by != "max_quoted",
            style=settings.ending,
            notice=settings.notice if settings.ending == "stop" or settings.notice != NOTICE else "",
            report=self._report(voices).to_dict() if settings.show_report else None,
        )

    def _report(self, voices: Iterable[Voice]) -> Report:
        report = self._response.report_of([voice.core for voice in voices])
        return report.with_elapsed(self.scan * 1000)

    # -- to logs and metrics

    def decision(self, voices: Sequence[Voice], *, gone: bool, failed: bool) -> Decision:
        """What became of the response."""
        report = self._report(voices)
        numbers = spread(report, [voice.core.matches for voice in voices])
        asked = self._asked
        return Decision(
            at=time.time(),
            id=self._response.id,
            request_id=asked.request_id,
            route=self._route.name,
            format=self._route.format,
            model=asked.request.model or None,
            tenant=asked.tenant,
            streaming=asked.request.streams,
            outcome=self._outcome(report, gone=gone, failed=failed),
            report=report,
            streams=tuple(
                Spoken(*voice.channel, voice.fed, voice.let_go, voice.core.stopped, found, voice.digest)
                for voice, found in zip(voices, numbers, strict=True)
            ),
            unscanned=tuple(Unscanned("answer", reason, size) for reason, size in self._unread.items()),
            scan_ms=self.scan * 1000,
            first_ms=None if self.first is None else self.first * 1000,
            held_ms=self.held * 1000,
            rounds=self.rounds,
            continues=asked.request.continues,
            evidence=self._evidence(report, voices, numbers),
            policy=self._response.core.policy,
            floor=Floor(),
        )

    def _outcome(self, report: Report, *, gone: bool, failed: bool) -> Outcome:
        """The severest of what happened: what failed, then what was done, then that nobody heard the end."""
        if failed:
            return "upstream_failed"
        lost = report.error is not None and report.decided is None
        if self.refused or (lost and report.decision == "stop"):
            return "error_stopped"
        done = _OUTCOMES[cast(Action, report.observed and "observe") or report.decision]
        if done != "clean":
            return "replaced" if self.answered else done
        if self._unread or lost:
            return "error_released"
        return "client_gone" if gone else done

    def _evidence(
        self, report: Report, voices: Sequence[Voice], numbers: Sequence[tuple[int, ...]]
    ) -> dict[str, str] | None:
        if not self._settings.evidence:
            return None
        found: dict[str, str] = {}
        for voice, matches in zip(voices, numbers, strict=True):
            for number in matches:
                match: Match = report.matches[number]
                found[str(number)] = voice.heard(match.output.start, match.output.end)
        return found
