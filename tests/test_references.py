from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.references import ReferenceReader


def read(parts):
    reader, out, end = ReferenceReader(), [], 0
    for part in parts:
        out += reader.feed([(char, end + at) for at, char in enumerate(part, 1)])
        end += len(part)
    return out + list(reader.finish())


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("don&#39;t&nbsp;go", "don't\u00a0go"), ("&#x27;&#116;&eacute;", "'té"), ("a%20b%C3%A9", "a bé"),
        ("%F0%9F%98%80", "😀"), ("=E2=80=99 exam=\nple=3D", "’ exam\u00adple="), ("x=10 y=25", "x=10 y=25"),
        ("&foo; a&b %zz 100%", "  a&b %zz 100%"), ("%C3(", "%C3("), ("&", "&"),
    ],
)  # fmt: skip
def test_references_are_read_as_what_they_stand_for(text, meant):
    assert "".join(char for char, _ in read([text])) == meant


@given(
    text=st.lists(st.sampled_from(["&#39;", "&nbsp;", "%20", "%E2%80%99", "=E2=80=99", "=\r\n", "a", "%", "&", "="])).map("".join),
    at=st.lists(st.integers(0, 60), max_size=6),
)  # fmt: skip
def test_the_cut_does_not_matter_and_ends_rise(text, at):
    whole = read([text])
    bounds = [0, *sorted({min(place, len(text)) for place in at}), len(text)]
    assert read([text[a:b] for a, b in pairwise(bounds)]) == whole
    assert read(text) == whole
    ends = [end for _, end in whole]
    assert ends == sorted(set(ends))
    assert not text or ends[-1] == len(text)
