"""The stream: text in, text out, and nothing of a protected passage with it. No I/O.

``feed`` and ``finish`` are generators: they yield questions (:mod:`simblock.questions`), are sent the
answers, and return the text that may go out. Everything is judged at ticks counted from the start
of the stream (the end of a word, or 64 characters without one), never at chunk borders, so decision,
deciding work, rule and position are the same for every cut on the same index.

What is held: ``D_TICKS - max_leak`` ticks always (nothing by default, 48 in strict mode), and
from the beginning of a match that is under suspicion until it is cleared or acted upon, which
takes at most 48 ticks after its last matched word. Memory is bounded, work a tick constant.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np

from simblock.asking import Asker, Heard, Hits
from simblock.candidates import Candidates
from simblock.history import History
from simblock.ledger import AnswerLost, Ledger, Steps, Told, asked
from simblock.match import HOLDING, SEVERITY, Decided, Match, Span, rank
from simblock.outlet import PLACEHOLDER, Hold, Outlet
from simblock.policy import Policy, decided
from simblock.questions import Placed, Places
from simblock.quota import Exemption
from simblock.scheme import D_TICKS, T_WORDS
from simblock.signature import Signer
from simblock.text import Scanned, WordScanner
from simblock.tokens import CHAR
from simblock.tracking import JOIN, Track, match_of

LOOK_EVERY = 16
"""Tokens after which a match that is decided is looked at again."""
MAX_UNACTED = 1000
"""Matches below the thresholds that a stream remembers for ``--all``."""


class Turn(NamedTuple):
    """An earlier turn of a conversation: role user, assistant, system or tool."""

    role: str
    content: str


class ResponseCore:
    """One model response: what its streams share, and what went before it.

    ``names`` are those of the indexes, in the order in which answers come.
    """

    def __init__(
        self,
        signer: Signer,
        policy: Policy,
        names: Sequence[str],
        *,
        prompt: str = "",
        history: Sequence[Turn] = (),
        tenant: str | None = None,
        keep_all: bool = False,
    ) -> None:
        self.signer, self.policy, self.names, self.keep_all = signer, policy, tuple(names), keep_all
        own = [prompt, *(turn.content for turn in history if turn.role != "assistant")]
        exemption = Exemption(own if policy.exempt_prompt else ())
        self.ledger = Ledger(policy, exemption, tenant)
        self._turns = deque(turn.content for turn in history if turn.role == "assistant")
        self.hold = 0 if policy.max_leak is None else D_TICKS - policy.max_leak
        self.suspect = 2 * min(T_WORDS, T_WORDS if policy.max_leak is None else policy.max_leak)

    def prepare(self) -> Steps:
        """Reads the assistant's earlier turns, once; a quota that they fill makes the response strict."""
        while self._turns:
            turn = StreamCore(self, scanning=True)
            text = self._turns.popleft()
            yield from turn.feed(text)
            yield from turn.finish()
            if turn.error:
                raise AnswerLost(turn.error)
            for work, resolved in self.ledger.resolved.items():
                quota = self.ledger.quotas.get(work.id)
                if quota and resolved.action in HOLDING and quota.words >= resolved.limits.max_quoted:
                    self.ledger.barred.add(work.id)
                    self.hold, self.suspect = D_TICKS, 0

    @property
    def quoted(self) -> dict[str, int]:
        """Words quoted of each work, in the response and its history."""
        counts = {work: quota.words for work, quota in self.ledger.quotas.items() if quota.words}
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


class StreamCore:
    """One channel of one choice of a response.

    ``after`` goes on as under observe when it has stopped, as ``check`` does; ``scanning`` only counts
    quotas.
    """

    def __init__(self, response: ResponseCore, *, after: bool = False, scanning: bool = False) -> None:
        self.response, self.after, self.scanning = response, after, scanning
        self.stopped = False
        self.error: str | None = None
        self.decided: Decided | None = None
        self.matches: list[Match] = []
        self._scanner = WordScanner()
        self._asker = Asker(response.signer)
        self._history = History()
        self._candidates = Candidates(response.ledger, self._history)
        self.outlet = Outlet()
        self._hold: Hold | None = None
        self._clock = self._ticked = 0
        self._unacted = 0

    @property
    def over(self) -> bool:
        """Whether nothing more comes of the stream."""
        return self.stopped and not self.after

    @property
    def degraded(self) -> bool:
        """Whether something was let by unexamined: an index was lost, or the budget spent, and released."""
        return not self.stopped and (self.error is not None or self._candidates.overspent > 0)

    def feed(self, chunk: str) -> Told[str]:
        """Takes model text; returns what may go out now."""
        if self.over:
            return ""
        if not self.scanning and self.response._turns:
            try:
                yield from self.response.prepare()
            except AnswerLost as lost:
                self.lose(str(lost))
        self._history.note_lines(chunk, self.outlet.fed)
        self.outlet.take(chunk)
        yield from self._advance(self._scanner.feed(chunk))
        return self.outlet.release(self._limit())

    def finish(self) -> Told[str]:
        """Ends the stream: open candidates are judged as they stand. Returns the rest that may go out."""
        if self.over:
            return ""
        yield from self._advance(self._scanner.finish())
        yield from self._conclude()
        return self.outlet.release(self.outlet.fed)

    # -- from text to ticks

    def _advance(self, scanned: Scanned) -> Steps:
        history = self._history
        base, count = history.end, len(scanned.keys)
        self._clock += len(scanned.ticks)
        self._count_ticks(scanned)
        history.extend(scanned)
        if not count:
            return
        try:
            hits = yield from self._asker.look_up(scanned, base)
            yield from self._walk(base, base + count, hits)
        except AnswerLost as lost:
            self.lose(str(lost))
        history.trim()

    def _count_ticks(self, scanned: Scanned) -> None:
        if self._hold is None:
            if not self.response.hold:
                return
            self._hold = Hold(self.response.hold)
        single = {end for flag, end in zip(scanned.flags, scanned.ends, strict=True) if flag & CHAR}
        for place in scanned.ticks:
            self._hold.tick(place, 1 if place in single else 2)

    # -- what happens at a tick

    def _walk(self, base: int, end: int, hits: Hits) -> Steps:
        coming = deque(sorted(hits))
        o = base
        while o < end:
            if not self._candidates.tracks:
                while coming and coming[0] < o:
                    coming.popleft()
                if not coming:
                    return
                o = coming[0]
            yield from self._token(o, hits.get(o, ()))
            if self.over:
                return
            o += 1

    def _token(self, o: int, hits: Sequence[Heard], *, last: bool = False) -> Steps:
        history, candidates = self._history, self._candidates
        clock = history.clocks[o - history.base]
        candidates.tick(clock - self._ticked)
        self._ticked = clock
        broken: list[Track] = []
        if not last:
            for key, track in candidates.tracks.items():
                for piece in track.growing():
                    yield from candidates.reach(piece, key, o, track.length)
                if track.push(o):
                    broken.append(track)
        if hits:
            yield from candidates.take(o, hits)
            candidates.forget(o)
        for track in broken:
            yield from candidates.resume(track, o)
        yield from self._judge(o, last)
        yield from self._leave(o, clock, last)

    def _judge(self, o: int, last: bool) -> Steps:
        acting = []
        for track in self._candidates.tracks.values():
            if last or (track.dirty and (o % LOOK_EVERY == 0 or not self._decided_for(track))):
                track.count()
                verdict = track.look(self.response.policy, bag=last or o % 4 == 0)
                if verdict is not None and verdict.action != "release":
                    acting.append((track, verdict))
        if not acting or self.scanning:
            return
        acting.sort(key=lambda tv: rank(tv[1].action, tv[0].now.tokens, tv[0].now.longest_run, tv[0].work.id))
        track, verdict = acting[0]
        if self.decided is None or SEVERITY[verdict.action] > SEVERITY[self.decided.action]:
            position = self._history.ends[o - self._history.base]
            self.decided = decided(track.work.id, track.resolved.rule, verdict, position)
        for one, its in acting:
            if its.action in HOLDING:
                one.leaked = one.count_leaked(self.outlet.released)
        if verdict.action == "stop" and not self.stopped:
            yield from self._stop(track, o)

    def _decided_for(self, track: Track) -> bool:
        """Whether more of a match would change nothing that goes out."""
        if track.verdict is None or track.action != track.resolved.action or not track.open:
            return False
        return self.stopped or track.action not in HOLDING

    def _stop(self, track: Track, o: int) -> Steps:
        """Ends the stream before the match, and before whatever else is under suspicion."""
        clock = self._history.clocks[o - self._history.base]
        held = [other.begin() for other in self._candidates.tracks.values() if self._holds(other, o, clock)]
        self.outlet.freeze(min([track.begin(), *held]))
        self.stopped = True
        self.response.ledger.barred.add(track.work.id)
        if not self.after:
            yield from self._report_all()

    def _leave(self, o: int, clock: int, last: bool) -> Steps:
        """Takes leave of matches that lie behind, and redacts those whose suspicion is over."""
        tracks = self._candidates.tracks
        for key, track in list(tracks.items()):
            if self._redacts(track) and (last or not self._holds(track, o, clock)):
                self._redact(track)
            track.prune()
            if not track.open and o - track.end() > 2 * JOIN:
                del tracks[key]
                self._candidates.finished.append(track)
        while self._candidates.finished:
            yield from self._report(self._candidates.finished.pop(0))

    def _redacts(self, track: Track) -> bool:
        return track.verdict is not None and track.verdict.action == "redact" and not self.outlet.frozen

    def _redact(self, track: Track) -> None:
        """Redacts the pieces that were not yet; what stands between them goes out."""
        track.place()
        for span in track.standing():
            start = max(span.start, track.redacted)
            if span.end > start:
                self.outlet.redact(Span(start, span.end))
                track.redacted = span.end

    def _conclude(self) -> Steps:
        if self.over:
            return
        try:
            hits = yield from self._asker.finish()
            if self._history.keys:
                o = self._history.end - 1
                yield from self._token(o, [row for rows in hits.values() for row in rows], last=True)
            if not self.over:
                yield from self._report_all()
        except AnswerLost as lost:
            self.lose(str(lost))

    # -- what goes out

    def _holds(self, track: Track, o: int, clock: int) -> bool:
        return track.resolved.action in HOLDING and track.holds(o, clock, self.response.suspect)

    def _limit(self) -> int:
        """The code point up to which text may go out."""
        limit = self._hold.limit if self._hold else 0 if self.response.hold else self.outlet.fed
        o = self._history.end - 1
        for track in self._candidates.tracks.values():
            if track.spans and self._holds(track, o, self._clock):
                limit = min(limit, max(track.begin(), track.redacted))
        return limit

    def lose(self, reason: str) -> None:
        """Takes note that an index cannot answer, and does what the policy's ``on_error`` says."""
        self.error = reason
        if self.response.policy.on_error == "stop" and not self.stopped:
            self.outlet.freeze(0)
            self.stopped = True

    # -- what is said about it

    def _report_all(self) -> Steps:
        for track in self._candidates.tracks.values():
            yield from self._report(track)
        self._candidates.tracks.clear()
        self.matches.sort(key=lambda match: match.order)

    def _report(self, track: Track) -> Steps:
        if self.scanning or track.snapshot is None or not track.snapshot.placings:
            return
        if track.action == "release":
            if not self.response.keep_all or self._unacted >= MAX_UNACTED:
                return
            self._unacted += 1
        tokens = [token for p in track.snapshot.placings for token in (p.first, p.last)]
        placed = yield from asked(Places(*track.key, np.array(tokens, np.int64)))
        match = match_of(track, cast(Placed, placed), self.response.names[track.key[0]])
        self.matches.append(match)


__all__ = ["PLACEHOLDER", "ResponseCore", "StreamCore", "Turn"]
