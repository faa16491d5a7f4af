"""Inputs in shares: each work in one of them, in order, whatever their number."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.errors import UsageError
from simblock_indexer.readers import ReadOptions, Share, Tally, documents, plan
from simblock_indexer.readers.shares import digest, shared

ENDS = st.sampled_from(["\n", "\n\n", "\r\n", " \n"])
ROWS = st.lists(st.tuples(st.integers(0, 60), ENDS), max_size=12)


def met(inputs, share=None, options=None):
    """Ids and texts of the works of inputs, or of a share of them."""
    options, tally = options or ReadOptions(), Tally()
    sources = plan(inputs, options, tally)
    if share is not None:
        sources = shared(sources, share)
        tally.total = sum(source.size for source in sources)
    found = [(d.work.id, d.text) for d in documents(sources, options, tally, share=True)]
    assert tally.done == tally.total
    return found


@settings(max_examples=60)
@given(
    files=st.lists(ROWS, min_size=1, max_size=3),
    count=st.integers(1, 9),
    ended=st.booleans(),
    text=st.booleans(),
)
def test_the_shares_one_after_another_are_the_inputs(tmp_path_factory, files, count, ended, text):
    folder = tmp_path_factory.mktemp("shares")
    inputs = []
    for number, rows in enumerate(files):
        lines = [
            json.dumps({"text": f"row {at} é" + "x" * size}) + end for at, (size, end) in enumerate(rows)
        ]
        body = "".join(lines) + json.dumps({"text": "the last one"}) + ("\n" if ended else "")
        inputs.append(folder / f"{number}.jsonl")
        inputs[-1].write_bytes(body.encode())
        if text:
            inputs.append(folder / f"{number}.txt")
            inputs[-1].write_text("a text " * (1 + 3 * number))
    everything = met(inputs)
    shares = [met(inputs, Share(number, count)) for number in range(count)]
    assert [work for share in shares for work in share] == everything


def test_a_compressed_file_is_in_one_share(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "one"}\n{"text": "two"}\n'))
    shares = [met([path], Share(number, 3)) for number in range(3)]
    assert [len(share) for share in shares] == [2, 0, 0]


def test_files_without_a_size_are_in_the_last_share(tmp_path):
    (tmp_path / "folder").mkdir()
    for name in "ab":
        (tmp_path / "folder" / f"{name}.txt").touch()
    sources = plan([tmp_path / "folder"], ReadOptions(), Tally())
    assert [len(shared(sources, Share(number, 3))) for number in range(3)] == [0, 0, 2]


def test_a_digest_tells_inputs_and_how_they_are_read_apart(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("two")
    both = [tmp_path / "a.txt", tmp_path / "b.txt"]

    def of(inputs, **options):
        read = ReadOptions(**options)
        return digest(plan(inputs, read, Tally()), read)

    first = of(both)
    assert of(both, workers=4, reason="why", skip_bad=True) == first
    others = [of(both[::-1]), of(both[:1]), of(both, kind="text"), of(both, expires="2030-01-01")]
    (tmp_path / "a.txt").write_text("four")
    others.append(of(both))
    assert len({first, *others}) == 6


@pytest.mark.parametrize("written", ["0/1", "3/4", "00/2"])
def test_a_share_is_written_as_a_fraction(written):
    number, of = map(int, written.split("/"))
    assert Share.parse(written) == (number, of)
    assert str(Share(number, of)) == f"{number}/{of}"


@pytest.mark.parametrize(
    "written", ["1/1", "2/1", "0/0", "", "/", "1/", "0 / 4", "0/4/4", "+0/4", "0/1234567", "0000001/2"]
)
def test_what_is_no_share_is_refused_with_what_is(written):
    with pytest.raises(UsageError, match=r"--shard .*: (it is I/N|the shards of)"):
        Share.parse(written)
