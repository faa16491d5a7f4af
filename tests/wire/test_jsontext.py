"""JSON on the wire: what clients read, and no field that two of them read differently."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simblock.errors import InputError
from simblock.wire.jsontext import DEPTH, dump, parse, repeats_keys, whole_escapes

texts = st.text(st.characters(codec=None), max_size=8) | st.sampled_from(
    ['a": 1', ' :"', '":', "\\", "\ud83d", "\u2028"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


def fields(value):
    if isinstance(value, dict):
        return len(value) + sum(map(fields, value.values()))
    return sum(map(fields, value)) if isinstance(value, list) else 0


@given(value=values)
def test_what_is_dumped_is_read_again_by_us_and_by_the_standard_library(value):
    data = dump(value)
    assert json.loads(data) == json.loads(json.dumps(value))
    assert parse(data) == json.loads(data)


@given(
    value=values,
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t : ")]),
    ascii=st.booleans(),
)
def test_no_key_is_said_to_be_repeated_where_none_is(value, separators, ascii):
    data = json.dumps(value, separators=separators, ensure_ascii=ascii).encode("utf-8", "backslashreplace")
    read = parse(data)
    assert not repeats_keys(data, read, fields(read))
    assert not repeats_keys(data, read, 0)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}', b'{"a":1,"a" :2}', b'{"a" :1,"a":2}', b'{"a"\n:1,"a"\t:2}', b'{"a":1,"\\u0061":2}',
        b'[[{"x":{"a":1,"a":2}}]]', b'{"a":"\\":","b":1,"b" :2}', b'{"a":"\\" :","b":1,"b":2}', b'{"":1,"":2}',
        b'{"a\\":":1,"a\\":":1}', b'{"a":{"a":1},"a":3}',
    ],
)  # fmt: skip
def test_a_key_that_stands_twice_is_found_however_it_is_written(data):
    value = parse(data)
    for keys in range(fields(value) + 1):  # a walk may not have met them all
        assert repeats_keys(data, value, keys)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b'{"a":1}x', b"\xef\xbb\xbf{}", b'"\xff"', b'"secret', b"nul", b'"\x01"', b"[" * 100_000],
)
def test_what_is_no_json_is_refused_without_a_word_of_it(data):
    with pytest.raises(InputError) as raised:
        parse(data)
    assert "secret" not in str(raised.value)


def test_depth_is_bounded_whichever_parser_reads():
    for inside in (b"1", b'"\\ud83d"'):
        assert parse(b"[" * (DEPTH - 1) + inside + b"]" * (DEPTH - 1))
        with pytest.raises(InputError):
            parse(b"[" * (DEPTH + 2) + inside + b"]" * (DEPTH + 2))


def test_numbers_that_are_none_are_read_as_clients_read_them():
    assert parse(b'{"a":Infinity}') == {"a": float("inf")}


def test_numbers_that_json_does_not_know_are_written_as_null():
    assert (
        dump(parse(b'{"a":[NaN,1e400,{"b":-Infinity}],"c":1.5,"d":"\\ud800"}'))
        == b'{"a":[null,null,{"b":null}],"c":1.5,"d":"\\ud800"}'
    )


def longest_whole(text):
    """The same, by the standard library: the longest prefix that is a string and ends in no high surrogate."""
    for end in range(len(text), -1, -1):
        try:
            read = json.loads(f'"{text[:end]}"')
        except ValueError:
            continue
        if not "\ud800" <= read[-1:] <= "\udbff":
            return end
    raise AssertionError


pieces = st.sampled_from(
    [
        "a",
        "é",
        "\\\\",
        '\\"',
        "\\n",
        "\\u0041",
        "\\ud83d",
        "\\ude00",
        "\\uD83D\\uDE00",
        "u",
        "u12",
        "\\/",
        "\ud83d",
    ]
)


@given(text=st.lists(pieces, max_size=8).map("".join), cut=st.integers(0, 40))
@example(text="\\ud83d\\ude00", cut=11)
@example(text="\\\\u12", cut=5)
def test_a_prefix_of_json_source_ends_inside_no_escape(text, cut):
    assert whole_escapes(text[:cut]) == longest_whole(text[:cut])


@pytest.mark.parametrize("text", ["\\x41 and so on", "\\uZZZZ and on", '{"a": "\\u12 no"}'])
def test_escapes_that_are_none_are_passed_over(text):
    assert whole_escapes(text) == len(text)
