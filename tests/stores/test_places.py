"""Places and lines in a byte each: what comes out is what went in, for any gaps."""

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simblock.stores import container, places
from simblock.stores.container import Container
from simblock.stores.places import Places
from simblock.tokens import Runs, Tokens


def runs_of(steps):
    """Runs with the given (gap, length) pairs."""
    starts, ends, bounds = [], [], [0]
    for run in steps:
        end = 0
        for gap, length in run:
            starts.append(end + gap)
            end += gap + length
            ends.append(end)
        bounds.append(len(starts))
    columns = np.array(starts, np.int64), np.array(ends, np.int64)
    zeros = np.zeros(len(starts))
    return Runs(Tokens(zeros.astype(np.uint32), zeros.astype(np.uint8), *columns), np.array(bounds))


def opened(parts):
    stream = io.BytesIO()
    container.write(stream, bytes(16), parts)
    return Places(Container(memoryview(stream.getvalue()), "test", places.SECTIONS))


step = st.one_of(
    st.tuples(st.integers(0, 3), st.integers(1, 9)),
    st.tuples(st.sampled_from([0, 15, 16, 300, 70_000]), st.sampled_from([1, 15, 16, 64, 5000])),
)
batches = st.lists(st.lists(st.lists(step, max_size=9), max_size=4), min_size=1, max_size=3)


@given(batches=batches, back=st.booleans())
def test_spans_come_back_whatever_the_gaps(batches, back):
    if back:  # one code point gave two tokens: the second begins where the first did
        batches = [[[(0, 1), (2, 3), (-3, 3), *run] for run in batch] for batch in batches]
    packed, base = [], 0
    for batch in batches:
        packed.append(places.pack(runs_of(batch), base))
        base += sum(map(len, batch))
    whole = runs_of([run for batch in batches for run in batch])
    texts = [""] * len(whole)
    reader = opened(places.parts(packed, [places.lines_of(texts, 0)]))
    for run, (begin, end) in enumerate(
        zip(whole.bounds[:-1].tolist(), whole.bounds[1:].tolist(), strict=True)
    ):
        placed = reader.find(run, begin, np.arange(end - begin)[::-1])
        assert placed.starts[::-1].tolist() == whole.tokens.starts[begin:end].tolist()
        assert placed.ends[::-1].tolist() == whole.tokens.ends[begin:end].tolist()
    starts, ends = reader.spans(whole.bounds)
    assert starts.tolist() == whole.tokens.starts.tolist()
    assert ends.tolist() == whole.tokens.ends.tolist()


def test_a_long_run_is_read_from_its_marks():
    rng = np.random.default_rng(1)
    runs = runs_of([[(1, 4)] * 100, [(int(g), 5) for g in rng.integers(0, 20, 20_000)]])
    reader = opened(places.parts([places.pack(runs, 0)], [places.lines_of(["", ""], 0)]))
    asked = rng.permutation(20_000)[:500]
    placed = reader.find(1, 100, asked)
    assert placed.starts.tolist() == runs.tokens.starts[100 + asked].tolist()


texts = st.lists(st.text(alphabet="ab\n\r\ud800é☃" + "x" * 3, max_size=40).map(lambda s: s * 40), max_size=5)


@given(first=texts, second=texts)
def test_lines_begin_after_each_line_feed(first, second):
    one = places.lines_of(first, 0)
    two = places.lines_of(second, len(one.near))
    reader = opened(places.parts([], [one, two]))
    for run, body in enumerate(first + second):
        expected = [at + 1 for at, character in enumerate(body) if character == "\n"]
        assert reader.line_starts(run).tolist() == expected
    sizes, counts = reader.line_sizes(0, len(first + second))
    assert counts.tolist() == [body.count("\n") for body in first + second]
    assert sizes.sum() == sum(body.rfind("\n") + 1 for body in first + second)
