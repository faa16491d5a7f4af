from simblock.grain import GRAINS
from simblock.scheme import CODE_CHANNELS, TEXT_CHANNELS


def test_what_a_lane_finds_for_certain_is_what_its_exact_channel_does():
    exact = {
        channel.reads: channel.certain
        for channel in TEXT_CHANNELS + CODE_CHANNELS
        if channel.role == "exact" and channel.n < 16
    }
    for lane, certain in exact.items():
        assert GRAINS[lane].certain == certain
