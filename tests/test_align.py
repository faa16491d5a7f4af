import random

from hypothesis import given
from hypothesis import strategies as st

from simblock.align import MAX_GAP, Block, Piece, backward, common_blocks, local, shared, weight
from simblock.tokens import CHAR_KEY

small = st.lists(st.integers(0, 6), max_size=60)


def grown(out, src, first):
    piece = Piece([first], src, 0, "exact")
    for o in range(first.o + first.n, len(out)):
        piece.push(o, out[o], out, 0)
    return piece


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


@given(st.integers(0, 2**32), st.integers(8, 200), st.integers(0, 40))
def test_a_verbatim_run_is_one_block_of_its_own_length(seed, length, after):
    rng = random.Random(seed)
    src = [rng.randrange(1 << 30) for _ in range(length + 60)]
    out = src[20 : 20 + length] + [rng.randrange(1 << 30) for _ in range(after)]
    piece = grown(out, src, Block(0, 20, 8))
    assert piece.chain() == [Block(0, 20, length)]
    figures = piece.measure(out, 0, bag=False)
    assert (figures.matched, figures.longest, figures.similarity) == (2 * length, 2 * length, 1.0)
    assert piece.closed == (after > MAX_GAP)


@given(st.integers(0, 2**32))
def test_an_edited_copy_stays_one_piece_and_foreign_text_behind_it_is_not_counted(seed):
    rng = random.Random(seed)
    src = [rng.randrange(1 << 30) for _ in range(150)]
    out = list(src[:8])
    for key in src[8:100]:
        draw = rng.random()
        out += [] if draw < 0.05 else [rng.randrange(1 << 30)] if draw < 0.1 else [key]
    end = len(out)
    piece = grown(out + [rng.randrange(1 << 30) for _ in range(50)], src, Block(0, 0, 8))
    assert piece.closed
    assert end - 6 <= piece.extent().o <= end
    assert piece.measure(out, 0, bag=False).similarity > 0.7


@given(small, small)
def test_a_growing_piece_only_ever_pairs_equal_tokens(out, src):
    first = next((b for b in common_blocks(out, src, 0, 0)), None)
    if first is None:
        return
    piece = grown(out, src, first)
    for block in piece.blocks + piece.tail:
        assert out[block.o : block.o + block.n] == src[block.s : block.s + block.n]


def test_exempt_tokens_leave_numerators_and_lengths_alike():
    src = list(range(40))
    piece = grown(src, src, Block(0, 0, 8))
    piece.exempt = set(range(10))
    figures = piece.measure(src, 0, bag=False)
    assert (figures.matched, figures.longest, figures.output, figures.source) == (60, 60, 60, 60)


def test_two_characters_without_spaces_weigh_as_one_word():
    assert weight([5, CHAR_KEY | 0x4E00, CHAR_KEY | 0x4E01]) == 4
    assert shared([1, 2, CHAR_KEY | 7], [CHAR_KEY | 7, 2, 9]) == 3


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 2))
def test_a_run_stays_whole_where_the_piece_began_at_a_chance_likeness_beside_it(seed, chance, shift):
    rng = random.Random(seed)
    run = [rng.randrange(1 << 30) for _ in range(40)]
    start = 20 + chance + shift
    src = [rng.randrange(1 << 30) for _ in range(20)] + run[2 : 2 + chance]
    src += [rng.randrange(1 << 30) for _ in range(shift)] + run + [rng.randrange(1 << 30)] * 30
    piece = Piece([Block(2, 20, chance)], src, 0, "near")
    for o in range(2 + chance, len(run)):
        piece.push(o, run[o], run, 0)
    assert piece.chain() == [Block(0, start, 40)]
