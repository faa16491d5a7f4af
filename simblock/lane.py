"""A lane: one way in which a stream is read, and the works that it comes near in it."""

from __future__ import annotations

from collections.abc import Sequence

from simblock.align import BAG_TOKENS
from simblock.asking import Asker, Heard, in_order
from simblock.blind import Blind
from simblock.candidates import Candidates
from simblock.codestream import Coded
from simblock.exemption import Reading
from simblock.grain import GRAINS
from simblock.history import Coming, History
from simblock.ledger import AnswerLost, Forgive, Ledger, Steps
from simblock.newlines import Newlines
from simblock.scheme import Lane as LaneName
from simblock.signature import Signer
from simblock.suspicion import fold
from simblock.ticks import Ticks
from simblock.tracking import JOIN, Track
from simblock.unmasking import Reading as Masked
from simblock.unmasking import Unmasked


class Lane:
    """Tokens wait here until their turn comes; ``at`` is the last one whose turn it was."""

    late = False
    """Whether words become certain later than they end."""

    def __init__(
        self,
        name: LaneName,
        signer: Signer,
        ledger: Ledger,
        newlines: Newlines,
        ticks: Ticks,
        *,
        forgive: Forgive,
    ) -> None:
        self.grain = GRAINS[name]
        self.history = History(newlines, ticks, numbered=self.grain.numbered, late=self.late)
        self.candidates = Candidates(ledger, self.history, self.grain)
        self.blind = Blind(ledger.policy, self.history, self.grain, self._echoes)
        self._asker = Asker(signer, name, self.blind, forgive)
        self._forgive = forgive
        self._hits: dict[int, Sequence[Heard]] = {}
        self._coming: list[int] = []
        self.at = -1
        self._ticked = 0

    def take(self, tokens: Coming) -> Steps:
        """Takes tokens and asks what they call for."""
        if tokens.keys:
            base = self.history.end
            self.history.extend(tokens)
            hits = yield from self._asker.look_up(tokens.keys, tokens.flags, base)
            if hits:
                self._hits.update(hits)
                self._coming.extend(sorted(hits))

    def take_code(self, coded: Coded) -> Steps:
        """:meth:`take` for code, whose tokens have no flags, and clocks only when their turn has come."""
        keys, starts, ends, whens, languages = coded
        yield from self.take(Coming(keys, [0] * len(keys), starts, ends, whens, (), languages))

    def finish(self) -> Steps:
        """Asks what is left at the end of the stream, in the name of the last token."""
        hits = yield from self._asker.finish()
        last = self.history.end - 1
        for heard in hits.values():
            if last not in self._hits:
                self._coming.append(last)
            self._hits[last] = [*self._hits.get(last, ()), *heard]

    @property
    def quiet(self) -> bool:
        """Whether no token matters before another hit comes."""
        return not self._coming and not self.candidates.tracks

    def due(self) -> int | None:
        """The next token that matters: any while a match may grow, or waits to be redacted, else one with a hit."""
        for track in self.candidates.tracks.values():
            if track.active or (track.verdict is not None and track.verdict.action == "redact"):
                return self.at + 1 if self.at + 1 < self.history.end else None
        return self._coming[0] if self._coming else None

    def when(self, o: int) -> int:
        """The code point at which token ``o`` became certain."""
        return self.history.when(o)

    def tell_time(self, o: int, _ticks: Ticks) -> int:
        """The clock of token ``o``, whose turn has come."""
        return self.history.clock(o)

    def clock_at(self, clock: int, _ticks: Ticks) -> int:
        """The lane's clock when that of the stream says ``clock``."""
        return clock

    def pass_to(self, known: int) -> None:
        """Lets the tokens go by that nothing is due for, up to code point ``known``."""
        history = self.history
        end = history.base + len(history.keys)
        if self.at + 1 == end:
            if history.full:
                self._trim()
            return
        stop = self.due() if self._coming or self.candidates.tracks else None
        stop = end if stop is None else stop
        at = self.at + 1
        if stop > at and (history.latest if stop == end else history.when(stop - 1)) <= known:
            at = stop
        while at < stop and history.when(at) <= known:
            at += 1
        self.at = at - 1
        if history.full:
            self._trim()

    def _trim(self) -> None:
        """Forgets what no open match wants: tokens behind the first of a piece that may yet be counted as a bag."""
        if not self.candidates.tracks and self.blind.idle:
            self.history.trim(self.at, 0)
            self.candidates.rest()
            return
        pieces = (piece for track in self.candidates.tracks.values() for piece in track.pieces)
        firsts = (piece.first.o for piece in pieces if piece.extent().o - piece.first.o <= BAG_TOKENS)
        self.history.trim(self.at, self.at + 1 - min(firsts, default=self.at))

    def turn(self, o: int) -> Steps:
        """It is token ``o``'s turn: pieces grow by it, hits begin others."""
        history, candidates = self.history, self.candidates
        self.at = o
        clock = history.clock(o)
        candidates.tick(clock - self._ticked)
        self._ticked = clock
        broken: list[Track] = []
        for track in [track for track in candidates.tracks.values() if track.active]:
            try:
                for piece in track.growing():
                    yield from candidates.reach(piece, track, o)
            except AnswerLost as lost:
                self._forgive(lost)
            if track.push(o):
                broken.append(track)
        yield from self._heed(o)
        for track in broken:
            try:
                yield from candidates.resume(track, o)
            except AnswerLost as lost:
                self._forgive(lost)

    def _heed(self, o: int) -> Steps:
        while self._coming and self._coming[0] <= o:
            del self._coming[0]
        hits = self._hits.pop(o, None)
        for heard in in_order(hits) if hits else ():
            try:
                yield from self.candidates.take(o, heard)
            except AnswerLost as lost:
                if self._forgive(lost) and heard.channel.role == "exact":
                    self.blind.compare(o, heard.which, heard.channel, heard.hit.postings)
        if hits:
            self.candidates.forget(o)

    def _echoes(self, o: int) -> bool:
        """Whether output token ``o`` repeats what is exempt."""
        if not self.candidates.ledger.exemption:
            return False
        language = self.history.language(o) if self.grain.numbered else None
        return self.candidates.echoes(Reading(self.grain.lane, language), o)

    def last_turn(self) -> Steps:
        """At the end of the stream: hits that came with it."""
        if self.history.keys:
            yield from self._heed(self.history.end - 1)

    def leave(self) -> list[Track]:
        """Takes leave of works that lie behind; the matches that are over."""
        tracks = self.candidates.tracks
        for key, track in list(tracks.items()):
            if track.closing:
                track.prune()
                fold(track)
            if not track.open and (not track.pieces or self.at - track.heard_of() > 2 * JOIN):
                del tracks[key]
                self.candidates.finished.append(track)
        over, self.candidates.finished = self.candidates.finished, []
        return over

    def end(self) -> list[Track]:
        """Takes leave of all works; their matches."""
        over = list(self.candidates.tracks.values())
        self.candidates.tracks.clear()
        return over


class UnmaskedLane(Lane):
    """The words of masked stretches, as they were meant.

    A letter may be a tick there and a line none, so the lane's clock counts its own tokens; ticks as well when
    none have come for long.
    """

    late = True
    WAITING = 64
    """Ticks that a token may take to become certain: letters that wait to be cut into words."""
    MOST = 4096
    """Characters that strict mode holds here at most."""

    def take_unmasked(self, found: Unmasked) -> Steps:
        """:meth:`take` for the tokens of an Unmasker."""
        keys, flags, starts, ends, whens = found
        base = self.history.end
        yield from self.take(Coming(keys, flags, starts, ends, whens, range(base, base + len(keys))))

    def tell_time(self, o: int, ticks: Ticks) -> int:
        return ticks.clock(self.when(o))

    def clock_at(self, clock: int, ticks: Ticks) -> int:
        if self.at < self.history.base:
            return 0
        return self.at + max(clock - ticks.clock(self.when(self.at)) - self.WAITING, 0)

    def limit(self, reading: Masked, hold: int, fed: int) -> int:
        """The code point up to which text may go out where so many words as they were meant are always held."""
        starts = [start for start in self.history.starts[-hold:] if start >= reading.begin]
        return max(min([reading.start, *starts]), fed - self.MOST)
