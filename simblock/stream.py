"""The stream: text in, text out, and nothing of a protected passage with it. No I/O.

``feed`` and ``finish`` are generators: they yield questions (:mod:`simblock.questions`), are sent the
answers, and return the text that may go out. Everything is judged at ticks counted from the start
of the stream (the end of a word, or 64 characters without one), never at chunk borders, so decision,
deciding work, rule and position are the same for every cut on the same index.

Words, and of code lexemes and syntax tokens (:mod:`simblock.codestream`), are three lanes, and the words of
masked stretches as they were meant (:mod:`simblock.unmasking`) a fourth; tokens of all have their turn in the order
in which they become certain, words first, so the order depends on no cut either.

What is held: ``D_TICKS - max_leak`` ticks always (nothing by default, 48 in strict mode), and
from the beginning of a match that is under suspicion until it is cleared or acted upon, which
takes at most 48 ticks after its last matched token. Memory is bounded, work a tick constant.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from simblock.account import Account
from simblock.codestream import CodeScanner, Seen
from simblock.editing import Editing
from simblock.history import Coming
from simblock.lane import Lane, UnmaskedLane
from simblock.ledger import BROKEN_OFF, AnswerLost, Steps, Told, to_its_end
from simblock.looking import Looks
from simblock.match import EDITING, HOLDING, SEVERITY, Decided, Match
from simblock.newlines import Newlines
from simblock.outlet import PLACEHOLDER, Outlet, Tail
from simblock.policy import decided
from simblock.response import ResponseCore, Turn
from simblock.scheme import T_LEXEMES
from simblock.scheme import Lane as LaneName
from simblock.suspicion import behind, count_leaked, holds, standing
from simblock.text import Scanned, WordScanner
from simblock.ticks import Ticks
from simblock.tokens import CHAR
from simblock.tracking import Track
from simblock.unmasking import Unmasked, Unmasker

_COUNTED = {
    "stop": "stopped", "release": "released", "degraded": "degraded", "observe": "observed", "cite": "cited"
}  # fmt: skip
"""What is counted of a stream that lost an answer, by ``on_error``, and by what it did blindly."""
BEFORE = 2000
"""Characters that a rewriter is told of what goes out before a passage."""
LANES: dict[str, tuple[type[Lane], LaneName]] = {
    "words": (Lane, "words"), "lexemes": (Lane, "lexemes"), "syntax": (Lane, "syntax"), "unmasked": (UnmaskedLane, "words"),
}  # fmt: skip
"""The lanes of a stream in the order in which tokens that become certain together have their turn."""
ALL = 1 << 62  # code points: more than any stream has


class StreamCore:
    """One channel of one choice of a response.

    ``after`` lets nothing out before the end, and goes on as under observe when it has stopped, as ``check``
    does; ``scanning`` only counts quotas. With a ``language`` the whole output is code of it; ``prose`` says that none of
    it is. An ``unbroken`` stream ends where it would else go on with something in the place of a passage.
    """

    def __init__(
        self,
        response: ResponseCore,
        *,
        after: bool = False,
        scanning: bool = False,
        language: str | None = None,
        prose: bool = False,
        unbroken: bool = False,
        channel: str = "content",
        choice: int = 0,
    ) -> None:
        self.response, self.after, self.scanning, self.unbroken = response, after, scanning, unbroken
        self.stopped = self._in_refused = False
        self.error: str | None = None
        self.decided: Decided | None = None
        self._account = Account(response, self.lose)
        self._scanner = WordScanner()
        self._code = CodeScanner(language) if response.coded and not prose else None
        self._unmasker = Unmasker()
        self._newlines, self._ticks = Newlines(), Ticks()
        self._made: dict[str, Lane] = {}
        self.lanes: tuple[Lane, ...] = ()
        self.words = self._lane("words")  # the others begin with their first tokens
        self._looks = Looks(response, self._lane, unbroken=unbroken)
        self.outlet = Outlet(BEFORE if "replace" in response.policy.actions else 0)
        self._editing = Editing(response, self.outlet, channel, choice)
        self._edits = not (scanning or unbroken or EDITING.isdisjoint(response.policy.actions))
        self._tail: Tail | None = None
        self._when = self._clock = 0  # of the turn that is taken

    @property
    def over(self) -> bool:
        """Whether nothing more comes of the stream."""
        return self.stopped and not self.after

    @property
    def altered(self) -> bool:
        """Whether something has gone out in the place of a passage."""
        return self.outlet.altered

    @property
    def degraded(self) -> bool:
        """Whether something was not examined in full, and it went on: see :class:`Report`."""
        lost = self.error is not None or any(lane.candidates.overspent for lane in self.lanes)
        return self._in_refused or (lost and self.response.policy.on_error != "stop")

    def feed(self, chunk: str) -> Told[str]:
        """Takes model text; returns what may go out now."""
        if self.response.outage is not None:
            self._heed_outage()
        if self.over:
            return ""
        try:  # as to_its_end does, with a generator less
            return (yield from self._feed(chunk))
        except BaseException:
            self.lose(BROKEN_OFF)
            raise

    def finish(self) -> Told[str]:
        """Ends the stream: open candidates are judged as they stand. Returns the rest that may go out."""
        self._heed_outage()
        return "" if self.over else (yield from to_its_end(self._finish(), self.lose))

    def _heed_outage(self) -> None:
        if self.response.outage is not None and not (self.scanning or self.over):
            self.lose(self.response.outage)

    def _feed(self, chunk: str) -> Told[str]:
        if not self.scanning:
            if self.response.turns:
                yield from prepare(self.response)
            if self.response.lost is not None and self.error is None:
                self.lose(self.response.lost)
        if self._tail is None and self.response.hold:  # the history may have made the response strict
            self._tail = Tail(self.response.hold, T_LEXEMES - self.response.leak if self._code else 0)
        self._newlines.take(chunk, self.outlet.fed)
        self.outlet.take(chunk)
        words = self._scanner.feed(chunk)
        known = self._scanner.known
        unmasked = self._unmasker.feed(chunk, words, known)
        code = self._code.feed(chunk) if self._code else None
        known = min(known, self._code.known) if self._code else known
        yield from self._advance(words, unmasked, code, known)
        return "" if self.after else self.outlet.release(self._limit())

    def _finish(self) -> Told[str]:
        code = self._code.finish() if self._code else None
        words = self._scanner.finish()
        yield from self._advance(words, self._unmasker.finish(words), code, ALL)
        yield from self._conclude()
        return self.outlet.release(self.outlet.fed)

    # -- from text to turns

    def _advance(self, words: Scanned, unmasked: Unmasked | None, code: Seen | None, known: int) -> Steps:
        self._ticks.extend(words.ticks, known)
        if self._tail is not None:
            characters = {end for flag, end in zip(words.flags, words.ends, strict=True) if flag & CHAR}
            self._tail.take(words.ticks, characters, code.lexemes.starts if code else ())
        try:
            if words.keys:
                keys, flags, starts, ends, clocks, _ = words
                yield from self.words.take(Coming(keys, flags, starts, ends, ends, clocks))
            if code is not None:
                yield from self._take_code(code)
            if unmasked is not None:
                yield from self._unmasked.take_unmasked(unmasked)
            if not self._calm():
                yield from self._walk(known)
        except AnswerLost as lost:
            self.lose(str(lost))
        for lane in self.lanes:
            lane.pass_to(known)
        if known < ALL and self._edits:
            yield from self._edit(self._ticks.clock(known))

    def _lane(self, name: str) -> Lane:
        """A lane, which is made when it is first asked for."""
        if name not in self._made:
            kind, reads = LANES[name]
            signer, ledger = self.response.signer, self.response.ledger
            self._made[name] = kind(reads, signer, ledger, self._newlines, self._ticks, forgive=self.forgive)
            self.lanes = tuple(self._made[one] for one in LANES if one in self._made)
        return self._made[name]

    @property
    def _unmasked(self) -> UnmaskedLane:
        return cast(UnmaskedLane, self._lane("unmasked"))

    def _calm(self) -> bool:
        """Whether no token of any lane matters before another hit comes, as mostly."""
        for lane in self.lanes:  # noqa: SIM110 - a generator would double its time
            if not lane.quiet:
                return False
        return True

    def _take_code(self, code: Seen) -> Steps:
        for name, coded in zip(("lexemes", "syntax"), code, strict=True):
            if coded.keys:
                self._in_refused |= not self.response.refused.isdisjoint(coded.languages)
                yield from self._lane(name).take_code(coded)

    # -- what happens at a turn

    def _walk(self, known: int) -> Steps:
        """Gives every token that matters its turn, up to a code point."""
        while True:
            first: tuple[int, Lane, int] | None = None
            for lane in self.lanes:
                if lane.quiet:
                    continue
                o = lane.due()
                if o is not None:
                    when = lane.when(o)
                    if when <= known and (first is None or when < first[0]):
                        first = when, lane, o
            if first is None:
                return
            self._when, lane, o = first
            for other in self.lanes:
                if other is not lane:
                    other.pass_to(self._when)
            self._clock = lane.tell_time(o, self._ticks)
            yield from lane.turn(o)
            yield from self._edit(self._clock)
            yield from self._judge([lane])
            yield from self._judge_blind([lane])
            yield from self._leave([lane])
            if self.over:
                return

    def _judge(self, lanes: Iterable[Lane], *, last: bool = False) -> Steps:
        acting = [
            (lane, track, verdict)
            for lane, track in self._looks.changed(lanes, last=last)
            if (verdict := self._looks.at(lane, track, last=last, stopped=self.stopped)) is not None
            and verdict.action != "release"
        ]
        if not acting or self.scanning:
            return
        acting.sort(key=lambda row: row[1].rank(row[2].action))
        _, track, verdict = acting[0]
        if self.decided is None or SEVERITY[verdict.action] > SEVERITY[self.decided.action]:
            self.decided = decided(track.work.id, track.view, track.resolved.rule, verdict, self._when)
        for _, one, its in acting:
            if its.action in HOLDING:
                one.leaked, one.forced = count_leaked(one, self.outlet.released), True
                self.response.ledger.barred.add(one.work.id)
        if verdict.action == "stop" and not self.stopped:
            yield from self._stop(track.begin())

    def _judge_blind(self, lanes: Iterable[Lane]) -> Steps:
        """Acts on anchors that a lost index may hold."""
        for lane in lanes:
            verdict = lane.blind.verdict(lane.at) if lane.blind.agreed else None
            if verdict is None or self.scanning or self.over:
                continue
            self.response.count(f"{_COUNTED[verdict.action]}_blind")
            if self.decided is None or SEVERITY[verdict.action] > SEVERITY[self.decided.action]:
                self.decided = decided("", lane.grain.lane, "default", verdict, self._when)
            if verdict.action == "stop" and not self.stopped:
                yield from self._stop(lane.blind.begin)

    def _stop(self, begin: int) -> Steps:
        """Ends the stream before a passage, and before whatever else is under suspicion."""
        held = [other.rest() for lane, other in self._tracks() if self._holds(lane, other, self._clock)]
        self.outlet.freeze(min([begin, *held, *(passage.start for passage in self._editing.waiting)]))
        self.stopped = True
        if not self.after:
            yield from self._report_all()

    def _edit(self, clock: int, *, last: bool = False) -> Steps:
        """Redacts matches whose suspicion is over, or has them replaced; ends before one that nobody can replace."""
        if self.outlet.frozen or not self._edits:
            return
        held = ALL
        for lane, track in self._tracks():
            if not last and track.spans and self._holds(lane, track, clock):
                if track.action in EDITING:
                    self._editing.settle(track, behind(track))
                held = min(held, track.rest())
            elif track.action in EDITING:
                self._editing.settle(track, ALL)
        for lane in self.lanes:
            for track in lane.candidates.finished:  # another match of its work began
                if track.action in EDITING:
                    self._editing.settle(track, ALL)
        failed = (yield from self._editing.rewrite(held)) if self._editing.waiting else None
        if failed is not None and self.decided is not None:
            self.decided = replace(self.decided, action="stop")
            yield from self._stop(failed.start)

    def _leave(self, lanes: Iterable[Lane]) -> Steps:
        """Takes leave of matches that lie behind."""
        for lane in lanes:
            for track in lane.leave():
                yield from self._report(track)

    def _tracks(self) -> list[tuple[Lane, Track]]:
        return [(lane, track) for lane in self.lanes for track in lane.candidates.tracks.values()]

    def _conclude(self) -> Steps:
        if self.over:
            return
        try:
            for lane in self.lanes:
                yield from lane.finish()
                yield from lane.last_turn()
                if lane.at >= 0:
                    self._when = max(self._when, lane.when(lane.at))
            yield from self._edit(self._ticks.count)
            yield from self._judge([lane for lane in self.lanes if lane.candidates.tracks], last=True)
            yield from self._judge_blind(self.lanes)
            yield from self._edit(self._ticks.count, last=True)
            yield from self._leave(self.lanes)
            if not self.over:
                yield from self._report_all()
        except AnswerLost as lost:
            self.lose(str(lost))

    # -- what goes out

    def _holds(self, lane: Lane, track: Track, clock: int) -> bool:
        if track.resolved.action not in HOLDING:
            return False
        at = lane.clock_at(clock, self._ticks)
        return holds(track, lane.at, at, self.response.suspicion(lane.grain))

    def _unsettled(self, track: Track) -> bool:
        return self._edits and track.action in EDITING and bool(standing(track))

    def _limit(self) -> int:
        """The code point up to which text may go out."""
        if self._tail is None and self.error is None and not self._editing.waiting and self._calm():
            return self.outlet.fed
        inside = self._code is not None and self._code.inside
        limit = self.outlet.fed if self._tail is None else self._tail.limit(self.outlet.fed, inside=inside)
        if self._tail is not None and self._unmasker.reading is not None:
            limit = min(
                limit, self._unmasked.limit(self._unmasker.reading, self.response.hold, self.outlet.fed)
            )
        limit = min([limit, *(passage.start for passage in self._editing.waiting)])
        for lane, track in self._tracks():
            if track.spans and (self._holds(lane, track, self._ticks.count) or self._unsettled(track)):
                limit = min(limit, max(track.begin(), track.redacted))
        if self.error is not None:
            limit = min(limit, *(lane.blind.limit(self._ticks, self.outlet.fed) for lane in self.lanes))
        return limit

    def lose(self, reason: str) -> None:
        """Takes note that an index cannot answer, and does what the policy's ``on_error`` says."""
        if self.error is None and not self.scanning:
            self.response.count(_COUNTED[self.response.policy.on_error])
        self.error = reason
        if self.response.policy.on_error == "stop" and not self.stopped:
            self.outlet.freeze(0)
            self.stopped = True

    def forgive(self, lost: AnswerLost) -> bool:
        """Takes note of a lost answer and says whether to go on blindly; raises it again where the policy stops there."""
        if self.response.policy.on_error == "stop":
            raise lost
        self.lose(str(lost))
        return self.response.policy.on_error == "degraded" and not self.scanning

    @property
    def matches(self) -> list[Match]:
        """The matches that lie behind; of a stream that is over, all."""
        return self._account.matches

    def _report_all(self) -> Steps:
        for lane in self.lanes:
            for track in lane.end():
                yield from self._report(track)
        self._account.close()

    def _report(self, track: Track) -> Steps:
        if not self.scanning:
            yield from self._account.take(track)


def prepare(response: ResponseCore) -> Steps:
    """Reads the assistant's earlier turns, once: else the first chunk of any stream does."""

    def scan(text: str) -> Told[str | None]:
        turn = StreamCore(response, scanning=True)
        yield from turn.feed(text)
        yield from turn.finish()
        return turn.error

    return response.recall(scan)


__all__ = ["PLACEHOLDER", "ResponseCore", "StreamCore", "Turn", "prepare"]
