from hypothesis import given
from hypothesis import strategies as st

from simblock.align import MAX_GAP, backward, common_blocks, local, shared, weight
from simblock.tokens import CHAR_KEY

small = st.lists(st.integers(0, 6), max_size=60)


@given(small, small)
def test_blocks_are_equal_on_both_sides_and_rise_on_both(out, src):
    blocks = common_blocks(out, src, 0, 0)
    o = s = 0
    for block in blocks:
        assert out[block.o : block.o + block.n] == src[block.s : block.s + block.n]
        assert block.o >= o
        assert block.s >= s
        o, s = block.o + block.n, block.s + block.n


@given(small, small)
def test_backward_ends_with_the_last_block_and_local_has_the_best_score(out, src):
    blocks = common_blocks(out, src, 0, 0)
    if not blocks:
        return
    chain = backward(blocks)
    assert chain[-1] == blocks[-1]
    best = local(blocks)
    assert sum(b.n for b in best) >= max(b.n for b in blocks)
    for before, after in zip(best, best[1:], strict=False):  # noqa: RUF007
        assert after.o - before.o - before.n <= MAX_GAP
        assert after.s - before.s - before.n <= MAX_GAP


def test_two_characters_without_spaces_weigh_as_one_word():
    assert weight([5, CHAR_KEY | 0x4E00, CHAR_KEY | 0x4E01]) == 4
    assert shared([1, 2, CHAR_KEY | 7], [CHAR_KEY | 7, 2, 9]) == 3
