import random

from simblock.align import Measure
from simblock.policy import Policy
from tests.material import guard, quoted_passage


def test_a_match_whose_pieces_are_all_summed_up_can_still_be_looked_at():
    stream = guard(action="observe").stream()
    stream.feed(" ".join(quoted_passage(random.Random(3), 40)[1]) + " ")
    (track,) = stream.core.words.candidates.tracks.values()
    track.past, track.past_spans = Measure(20, 20, 20, 20), tuple(track.spans.values())
    track.pieces, track.spans, track.verdict = [], {}, None
    track.look(Policy.load(), bag=True)
    assert not track.snapshot.verbatim
    assert track.snapshot.figures.tokens == 10
