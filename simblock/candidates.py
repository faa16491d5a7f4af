"""From hits to pieces: which works a stream comes near, and where.

A hit of an exact channel makes a candidate at once. Near channels need two different keys of one
run inside a square of 64 tokens, in any order (PAN's best matchers do likewise). Of words a hull is grown from the
last of them, which takes no order for granted; a piece is aligned backwards from the hit.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Hashable, Iterable, Sequence
from functools import partial
from typing import cast

from simblock import telling
from simblock.abreast import LOOK_BACK
from simblock.align import MAX_GAP, chain_to, common_blocks, local
from simblock.asking import Heard
from simblock.crowds import COMPARED, FEW, MANY, Crowds
from simblock.exemption import Reading
from simblock.grain import WORDS, Grain
from simblock.history import History, Keys
from simblock.hull import BACK, REACH, Hull
from simblock.ledger import AnswerLost, Ledger, Steps, Told, asked
from simblock.naming import levelled
from simblock.piece import Piece
from simblock.questions import Posting, Run
from simblock.scheme import OFTEN, Channel
from simblock.seeds import Seed
from simblock.telling import SQUARE, Squares
from simblock.tokens import U32, VIEWS
from simblock.tracking import JOIN, Track, TrackKey

LOOK_BACK_MOST = 512
ECHO = 48
"""Output tokens read back for a run of the request: 16 characters, or 8 words with characters between."""
LOOK_AHEAD = 160
"""Source tokens fetched beyond a hit; more when the piece gets there."""
VAGUE = 16
"""A band of a signature in more places says too little: commonplaces fill the windows of any text."""
SAME_RUN = 4
"""Postings of one key in one run that are followed."""
MIN_START = 8
"""Half words that a piece must match to be begun."""
HULL_LEAST = 16.0
"""Bits of evidence with which a hull begins, chance left out of account."""
MANY_KEYS = 3
"""So many keys of a square are worth an alignment where no hull begins: a short slice says little."""
FIRST = 8
"""Of a shingle of words in over OFTEN places so many are followed, which are of the same works for all of a passage."""
AT_ONCE = 8
"""Runs that one key of a near channel may have aligned, those with the most hits about."""
BUDGET, REFILL = 512, 8
"""Near alignments that may be spent at once, and regained by each tick."""


class Candidates:
    """The candidates of one stream.

    ``tracks`` has every run that a piece was found in; ``overspent`` counts the near alignments that
    the budget did not allow.
    """

    def __init__(self, ledger: Ledger, history: History, grain: Grain = WORDS) -> None:
        self.ledger = ledger
        self.history = history
        self.grain = grain
        self.tracks: dict[TrackKey, Track] = {}
        self.finished: list[Track] = []
        self._crowds = Crowds(ledger, self._level)
        self._squares = Squares()
        self._tried: dict[TrackKey, tuple[int, int]] = {}
        self.informed = grain.numbered and ledger.policy.asks_information
        self._budget = float(BUDGET)
        self.overspent = 0

    def tick(self, ticks: int) -> None:
        """Regains some of the budget for near alignments."""
        self._budget = min(self._budget + REFILL * ticks, BUDGET)

    def take(self, o: int, heard: Heard) -> Steps:
        """Follows a hit at output token ``o``. Raises AnswerLost."""
        return self._exact(o, heard) if heard.channel.role == "exact" else self._near(o, heard)

    def forget(self, o: int) -> None:
        """Drops squares that lie behind output token ``o``."""
        self._squares.forget(o)
        if len(self._tried) > AT_ONCE:
            self._tried = {run: tried for run, tried in self._tried.items() if tried[0] > o - SQUARE}

    def rest(self) -> None:
        """Lets go, where no match is open, of what can be asked again."""
        self._crowds.rest()
        self.ledger.rest()

    def reach(self, piece: Piece | Hull, track: Track, o: int) -> Steps:
        """Fetches more of the source where a piece nears the end of what it has."""
        if piece.wants(o) > piece.src_end < track.length:
            stop = min(piece.wants(o) + LOOK_AHEAD, track.length)
            names = yield from self._source(track.key, piece.src_end, stop)
            overlap = max(len(piece.src) - 16, 0)
            piece.src += self._level(names)
            if piece.names is not None:
                piece.names += names
            own = self.ledger.exemption.places(
                (piece.names or piece.src)[overlap:], piece.src_base + overlap, track.reading
            )
            piece.exempt |= own

    def _level(self, names: Keys) -> Keys:
        """Keys as they are aligned."""
        return array("I", levelled(names)) if self.grain.numbered else names

    def _source(self, key: TrackKey, start: int, stop: int) -> Told[Keys]:
        answer = yield from asked(Run(*key, start, stop))
        return array("I", cast(U32, answer).tobytes())

    def _track(self, index: int, posting: Posting) -> Told[Track | None]:
        key = (index, posting.segment, posting.run)
        track = self.tracks.get(key)
        if track is None:
            works = yield from self.ledger.works(key)
            if not works:
                return None
            work, twins = works[0], tuple(sorted(other.id for other in works[1:]))
            view = VIEWS[posting.view]
            track = Track(
                key,
                self.history,
                posting.length,
                work,
                twins,
                self.ledger.resolve(work, view),
                self.ledger.quota(work, view),
                view,
            )
            track.forced = work.id in self.ledger.barred
        return track

    def _exact(self, o: int, heard: Heard) -> Steps:
        index, _, _, hit = heard
        postings: Sequence[Posting] = hit.postings
        seed = self._seed(o, heard) if self.grain.numbered else None
        common = False
        if len(postings) > FEW or self._full():
            if seed and self.informed and not telling.alone(seed):
                return
            common = yield from self._crowds.is_common(index, hit)
            out = self.history.back(o, LOOK_BACK)
            postings = yield from self._crowds.representatives(index, postings[:MANY], out, o, self.tracks)
        runs: dict[tuple[Hashable, int], list[Posting]] = {}
        for posting in postings:
            runs.setdefault((posting.segment, posting.run), []).append(posting)
        number = self._squares.hit(seed) if seed else 0
        for places in runs.values():
            if seed and not self._telling(
                (index, *places[0][:2]), seed._replace(s=places[0].position), number
            ):
                continue
            track = yield from self._track(index, places[0])
            if track is None:
                continue
            track.common |= common
            yield from self._follow(track, o, places)

    def _telling(self, run: TrackKey, seed: Seed, hit: int) -> bool:
        """Whether an exact hit of code is worth an alignment, with what else was heard of its run lately."""
        track = self.tracks.get(run)
        if track is not None:
            track.seeds.note(seed)
            return True
        square = self._squares.about(run, seed, hit)
        return not self.informed or telling.alone(seed) or telling.together(square)

    def _follow(self, track: Track, o: int, places: list[Posting]) -> Steps:
        """Goes on with the pieces of a run that an exact hit confirms, and begins those that it calls for.

        A work that repeats itself holds the hit in many places, alike as far as they go: a few are
        followed, others when those break (:meth:`resume`), or where they reach back further.
        """
        track.heard = (o, places)
        if track.idle:
            track.withheld = True
            return
        followed = [track.on(o, posting.position) for posting in places]
        for piece in followed:
            if piece is not None:
                piece.channel = "exact"
        fresh = [posting for posting, piece in zip(places, followed, strict=True) if piece is None]
        beyond = track.running(o)
        if fresh and (beyond or len(places) > SAME_RUN):
            fresh = yield from self._reaching(track, o, fresh, beyond)
        for posting in fresh:
            yield from self._open(track, o, posting.position, "exact")

    def resume(self, track: Track, o: int) -> Steps:
        """Where a run breaks at output token ``o``, goes on at another place of the last exact hit."""
        if track.idle:
            return
        heard, places = track.heard
        since = o - heard
        if not places or since > SQUARE:
            return
        ahead = [posting._replace(position=posting.position + since) for posting in places]
        ahead = [posting for posting in ahead if posting.position < posting.length]
        for posting in (yield from self._reaching(track, o, ahead, max(since, track.running(o)))):
            yield from self._open(track, o, posting.position, "exact")

    def _reaching(self, track: Track, o: int, places: list[Posting], beyond: int) -> Told[list[Posting]]:
        """The places that reach back furthest from output token ``o``, and further than ``beyond`` tokens."""
        out = self.history.back(o, LOOK_BACK)
        if beyond >= len(out):
            return []
        return (yield from self._crowds.furthest(track.key[0], places[:COMPARED], out, SAME_RUN, beyond))

    def _full(self) -> bool:
        """Whether so many works are followed that only representatives of others are taken up."""
        most = self.grain.followed
        return len(self.tracks) >= most and sum(track.open for track in self.tracks.values()) >= most

    def _near(self, o: int, heard: Heard) -> Steps:
        index, channel, _, _ = heard
        seed = self._seed(o, heard)
        postings = yield from self._heeded(heard, seed)
        if not postings:
            return
        crowded, number = [], self._squares.hit(seed)
        repeating = self._repeating(o, {(index, posting.segment, posting.run) for posting in postings})
        for posting in postings:
            run = (index, posting.segment, posting.run)
            if run in repeating:
                self.tracks[run].seeds.note(seed._replace(s=posting.position))
                continue
            if run not in self.tracks and self._squares.alone(number, index, posting):
                continue  # on clean text most are the only hit of their work
            square = self._heard(run, seed._replace(s=posting.position), number)
            voices = min(len({one.key for one in square}), len({one.o for one in square}))
            if voices >= max(2, self._needed(run, o)) and self._worth(square, channel):
                crowded.append((-voices, posting.run, posting, square))
        crowded.sort(key=lambda row: row[:2])
        for voices, _, posting, square in crowded[:AT_ONCE]:
            self._tried[index, posting.segment, posting.run] = (o, -voices)
            yield from self._crowded(index, posting, square, channel)

    def _heeded(self, heard: Heard, seed: Seed) -> Told[Sequence[Posting]]:
        """The places of a near hit that are looked at; none where it says too little."""
        index, channel, _, hit = heard
        postings = hit.postings
        vague = channel.role == "signature" and len(postings) > VAGUE
        if self._full() or vague or (self.informed and telling.quiet(seed)):
            return ()
        if channel.unordered and len(postings) > OFTEN:
            return postings[:FIRST] if hit.frequency <= FEW else ()
        if len(postings) > FEW and (yield from self._crowds.is_common(index, hit)):
            return ()
        return postings[:FEW]

    def _repeating(self, o: int, runs: Iterable[TrackKey]) -> set[TrackKey]:
        """Those of some runs that repeat themselves: of such a one a few places are followed, others when those break."""
        known = ((run, self.tracks[run]) for run in runs if run in self.tracks)
        return {run for run, track in known if track.idle or track.repeats(o)}

    def _worth(self, square: list[Seed], channel: Channel) -> bool:
        if channel.unordered:
            return telling.bits(square) >= math.log2(square[-1].works + 1)
        return not self.informed or telling.worth(square)

    def _seed(self, o: int, heard: Heard) -> Seed:
        """A hit with what tells of its rarity, its place in the source still to be filled in; a signature's has nothing."""
        _, channel, key, hit = heard
        tokens: tuple[int, ...] = ()
        language = None
        if self.grain.numbered and channel.role != "signature":
            language = self.history.language(o)
        elif channel.role == "seed":
            tokens = self.history.shingle(o, channel)
        return Seed(o, 0, key, tokens, hit.frequency, hit.works, language)

    def _heard(self, run: TrackKey, seed: Seed, hit: int) -> list[Seed]:
        """The square of a near hit; nothing where all that could be begun there goes through it already."""
        track = self.tracks.get(run)
        if track is not None:
            track.seeds.note(seed)
            both = self.grain.numbered or track.view != "words" or track.hull_about(seed.o, seed.s)
            if both and self._aligned(track, seed):
                return []
        return self._squares.about(run, seed, hit)

    @staticmethod
    def _aligned(track: Track, seed: Seed) -> bool:
        return track.through(seed.o, seed.s, MAX_GAP if seed.informs else SQUARE) is not None

    def _needed(self, run: TrackKey, o: int) -> int:
        last, voices = self._tried.get(run, (0, 0))
        return 2 * voices if o - last < SQUARE else 0

    def _crowded(self, index: int, posting: Posting, square: list[Seed], channel: Channel) -> Steps:
        if self._budget < 1:
            self.overspent += 1
            if self.ledger.policy.on_error == "stop":
                raise AnswerLost("the budget for alignments is spent")
            return
        self._budget -= 1
        track = yield from self._track(index, posting)
        if track is None:
            return
        seed = square[-1]
        opened = False
        if track.view == "words" and not channel.require:
            opened = track.hull_about(seed.o, seed.s) is None and (yield from self._shuffled(track, seed))
            if not opened and len({one.key for one in square}) < MANY_KEYS:
                return
        if not self._aligned(track, seed):
            opened |= yield from self._open(track, seed.o, seed.s, "near", ahead=channel.role == "signature")
        if opened:
            for one in square:
                track.seeds.note(one)

    def _open(self, track: Track, o: int, s: int, channel: str, *, ahead: bool = False) -> Told[bool]:
        """Aligns a piece at a hit and gives it to the track; False where there is none."""
        history, back = self.history, LOOK_BACK
        while True:
            base = max(s + 1 - back - back // 4, 0)
            names = yield from self._source(track.key, base, min(s + LOOK_AHEAD, track.length))
            src = self._level(names)
            floor = history.base if channel == "exact" else self._floor(track, o - s)
            out = history.back(o, min(back, o + 1 - floor))
            first = o + 1 - len(out)
            if ahead:
                chain = local(common_blocks(out, src[: s + 1 - base + SQUARE // 2], first, base))
            else:
                chain = chain_to(out, src[: s + 1 - base], first, base)
            more = chain and chain[0].o - first < 16 and len(out) == back and back < LOOK_BACK_MOST
            if not more:
                break
            back *= 2
        if 2 * sum(block.n for block in chain) < MIN_START:
            return False
        exempt = self.ledger.exemption.places(names, base, track.reading)
        echoes = partial(self.echoes, track.reading) if self.ledger.exemption else None
        piece = Piece(
            chain, src, base, channel, exempt=exempt, history=history, echoes=echoes,
            names=names if self.grain.numbered else None,
        )  # fmt: skip
        for later in range(piece.now.o, o + 1):
            piece.push(later)
        if ahead and piece.extent().raw < self.grain.least:
            return False
        self._give(track, piece)
        return True

    def echoes(self, reading: Reading, o: int) -> bool:
        """Whether output token ``o`` repeats the request; looked up once."""
        history = self.history
        if o < history.base:
            return False
        found = history.echo(o, reading)
        if found is None:
            found = self.ledger.exemption.echoes(history.names_back(o, ECHO), reading)
            history.set_echo(o, reading, found)
        return found

    def _floor(self, track: Track, diagonal: int) -> int:
        """A new piece does not go back over one that the track has near the same diagonal."""
        floor = self.history.base
        for piece in track.pieces:
            stop = piece.extent()
            if abs((stop.o - stop.s) - diagonal) <= MAX_GAP:
                floor = max(floor, stop.o)
        return floor

    def _shuffled(self, track: Track, seed: Seed) -> Told[bool]:
        """Begins a hull; False where it comes to nothing. What is exempt is looked for only where it does not."""
        base = max(seed.s - BACK - REACH, 0)
        source = yield from self._source(track.key, base, min(seed.s + LOOK_AHEAD, track.length))
        begun = partial(Hull, seed.o, seed.s, source, base, history=self.history, works=seed.works)
        hull = begun()
        if hull.bits >= HULL_LEAST and self.ledger.exemption:
            exempt = self.ledger.exemption.places(source, base, track.reading)
            hull = begun(exempt=exempt, echoes=partial(self.echoes, track.reading))
        if hull.bits < HULL_LEAST:
            return False
        self._give(track, hull)
        return True

    def _give(self, track: Track, piece: Piece | Hull) -> None:
        """Adds a piece to its match, or begins a new one where the last lies further back."""
        if track.pieces and piece.first.o > track.end() + JOIN:
            self.finished.append(track.split())
        track.take(piece)
        self.tracks[track.key] = track
