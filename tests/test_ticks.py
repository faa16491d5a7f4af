from simblock import ticks
from simblock.ticks import Ticks


def test_a_clock_says_how_many_ticks_there_were_up_to_a_place():
    clock = Ticks()
    clock.extend([3, 7, 7, 20], 20)
    assert [clock.clock(place) for place in (0, 3, 6, 7, 19, 20, 99)] == [0, 1, 1, 3, 3, 4, 4]
    assert clock.count == 4


def test_old_ticks_are_forgotten_and_still_counted(monkeypatch):
    monkeypatch.setattr(ticks, "KEPT", 10)
    clock = Ticks()
    for place in range(100):
        clock.extend([place], place)
    assert clock.count == 100
    assert clock.clock(95) == 96
    assert len(clock._places) <= 13


def test_ticks_of_what_waits_for_its_turn_are_not_forgotten(monkeypatch):
    monkeypatch.setattr(ticks, "KEPT", 10)
    clock = Ticks()
    for place in range(100):
        clock.extend([place], min(place, 30))
    assert [clock.clock(place) for place in (31, 50, 99)] == [32, 51, 100]
