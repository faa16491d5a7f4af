import random
from array import array

from hypothesis import given
from hypothesis import strategies as st

from simblock.align import MAX_GAP, Block, common_blocks
from simblock.history import History
from simblock.piece import KEEP, Piece
from simblock.tokens import CHAR_KEY

small = st.lists(st.integers(0, 6), max_size=60)


def said(keys):
    history = History()
    history.keys = array("I", keys)
    return history


def grown(out, src, first, exempt=()):
    piece = Piece([first], list(src), 0, "exact", exempt=set(exempt), history=said(out))
    for o in range(first.o + first.n, len(out)):
        piece.push(o)
    return piece


@given(st.integers(0, 2**32), st.integers(8, 200), st.integers(0, 40))
def test_a_verbatim_run_is_one_block_of_its_own_length(seed, length, after):
    rng = random.Random(seed)
    src = [rng.randrange(1 << 30) for _ in range(length + 60)]
    out = src[20 : 20 + length] + [rng.randrange(1 << 30) for _ in range(after)]
    piece = grown(out, src, Block(0, 20, 8))
    assert piece.remembered() == [Block(0, 20, length)]
    figures = piece.measure(bag=False)
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
    assert end - 10 <= piece.extent().o <= end  # an edit near the end may cost what lies behind it
    assert piece.measure(bag=False).similarity > 0.7


@given(small, small)
def test_a_growing_piece_only_ever_pairs_equal_tokens(out, src):
    first = next((b for b in common_blocks(out, src, 0, 0)), None)
    if first is None:
        return
    piece = grown(out, src, first)
    for block in (*piece.blocks, *piece.tail):
        assert out[block.o : block.o + block.n] == src[block.s : block.s + block.n]


def test_exempt_tokens_leave_numerators_and_lengths_alike():
    src = list(range(40))
    piece = grown(src, src, Block(0, 0, 8), exempt=range(10))
    figures = piece.measure(bag=False)
    assert (figures.matched, figures.longest, figures.output, figures.source) == (60, 60, 60, 60)


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 2))
def test_a_run_stays_whole_where_the_piece_began_at_a_chance_likeness_beside_it(seed, chance, shift):
    rng = random.Random(seed)
    run = [rng.randrange(1 << 30) for _ in range(40)]
    start = 20 + chance + shift
    src = [rng.randrange(1 << 30) for _ in range(20)] + run[2 : 2 + chance]
    src += [rng.randrange(1 << 30) for _ in range(shift)] + run + [rng.randrange(1 << 30)] * 30
    piece = Piece([Block(2, 20, chance)], src, 0, "near", exempt=set(), history=said(run))
    for o in range(2 + chance, len(run)):
        piece.push(o)
    assert piece.remembered() == [Block(0, start, 40)]


@given(st.integers(0, 2**32), st.lists(st.booleans(), min_size=40, max_size=40), st.sets(st.integers(0, 39)))
def test_figures_carried_along_are_those_of_the_blocks(seed, kinds, exempt):
    rng = random.Random(seed)
    src = [CHAR_KEY | rng.randrange(5000) if char else rng.randrange(5000) for char in kinds]
    out = list(src[:8]) + [k for key in src[8:] for k in ([key] if rng.random() < 0.9 else [7777, key])]
    piece = grown(out, src, Block(0, 0, 8), exempt)
    chain, end = piece.remembered(), piece.extent()
    half = [1 if key >= CHAR_KEY else 2 for key in src]
    pairs = [s for b in chain for s in range(b.s, b.s + b.n)]
    figures = piece.measure(bag=False)
    assert figures.matched == sum(half[s] for s in pairs if s not in exempt)
    assert figures.source == sum(half[s] for s in range(piece.first.s, end.s) if s not in exempt)
    inserted = (end.o - piece.first.o) - len(pairs)
    assert figures.output == figures.matched + 2 * inserted
    assert end.raw == sum(half[s] for s in pairs)


def test_a_copied_book_costs_no_more_memory_at_its_end():
    src = list(range(20 * KEEP))
    piece = Piece([Block(0, 0, 8)], src[:100], 0, "exact", exempt=set(), history=said([]))
    piece.history.keys = array("I", src)
    for o in range(8, len(src)):
        if piece.wants(o) > piece.src_end:
            piece.src += src[piece.src_end : piece.src_end + 500]
        piece.push(o)
    assert len(piece.src) < 6 * KEEP
    assert piece.extent().matched == 2 * len(src)
    assert piece.first == Block(0, 0, 8)


def test_a_closed_piece_takes_nothing_more():
    rng = random.Random(4)
    src = [rng.randrange(1 << 30) for _ in range(60)]
    other = [rng.randrange(1 << 30) for _ in range(30)]
    piece = grown(src[:20] + other, src, Block(0, 0, 8))
    assert piece.closed
    piece.history.keys.extend(src[20:40])
    assert not any(piece.push(o) for o in range(50, 70))
    assert piece.remembered() == [Block(0, 0, 20)]
