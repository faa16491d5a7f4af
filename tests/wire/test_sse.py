"""Events out of bytes: the same ones for every cut, and not a byte lost."""

import httpx2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simblock.errors import InputError
from simblock.wire.sse import Event, EventSplitter, encode

ENDS = [b"\n", b"\r\n", b"\r"]
LINES = [
    b"data: {\"a\":1}", b"data: [DONE]", b"data:", b"data", b"data:  two", b"data:x", b"event: message_stop", b"event:",
    b": ping", b":", b"id: 7", b"retry: 10", b"", b"", b"DATA: no", b" data: no", b"data: \xc3\xa9\xe2\x80\xa8",
    b"event: \xff", b"data: \xef\xbb\xbf",
]  # fmt: skip

streams = st.builds(
    lambda bom, lines, tail: bom + b"".join(line + end for line, end in lines) + tail,
    st.sampled_from([b"", b"", b"\xef\xbb\xbf"]),
    st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(ENDS)), max_size=12),
    st.sampled_from([b"", b"data: cut", b"data: cut\n", b"\r"]),
)
plain_streams = st.lists(
    st.sampled_from(
        [b"data: {}\n\n", b"data: [DONE]\n\n", b": ping\n\n", b"event: a\ndata: 1\n\n", b"\n", b"data: 1\n"]
    )
).map(b"".join)


joined = st.lists(
    st.builds(
        lambda line, one, two: line + one + two,
        st.sampled_from([b"data: 1", b"event: a", b""]),
        *2 * [st.sampled_from(ENDS)],
    ),
    max_size=4,
).map(lambda events: b"data: 0\n\n" + b"".join(events))
"""Mostly ends of lines, of all kinds, behind an event."""


def split(*chunks, most=None):
    splitter = EventSplitter() if most is None else EventSplitter(most)
    events = [event for chunk in chunks for event in splitter.feed(chunk)]
    return events + splitter.finish()


def by_bytes(raw):
    return [raw[at : at + 1] for at in range(len(raw))]


def read_independently(raw):
    """What httpx2 reads in these bytes: type and data of each event."""
    # a blank line behind it: what is cut off is an event here, too; and it knows no byte order mark
    raw = raw.removeprefix(b"\xef\xbb\xbf") + b"\n\n"
    response = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=raw)
    response.request = httpx2.Request("GET", "http://here")
    return [(event.event, event.data) for event in httpx2.EventSource(response)]


@settings(max_examples=400)
@given(raw=st.one_of(streams, joined, plain_streams), data=st.data())
@example(raw=b"\xef\xbb\xbf\n\ndata: 1\n\n", data=None)
@example(raw=b"data: 1\r\n\r\ndata: 2\r\r\ndata: 3\n\r\n", data=None)
def test_however_it_is_cut_the_events_are_the_same_and_no_byte_is_lost(raw, data):
    whole = split(raw)
    assert b"".join(event.raw for event in whole) == raw
    assert split(*by_bytes(raw)) == whole
    for at in range(len(raw)):
        assert split(raw[:at], raw[at:]) == whole
    if data is not None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
        assert split(*(raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True))) == whole


@given(raw=st.one_of(streams, joined, plain_streams))
def test_the_meaning_is_what_httpx2_reads(raw):
    ours = [
        (event.event or "message", event.data.decode("utf-8", "replace"))
        for event in split(raw)
        if event.data is not None
    ]
    # one with a type or an id and no data is an event to it
    assert [one for one in ours if one[1]] == [one for one in read_independently(raw) if one[1]]


@given(
    data=st.binary(max_size=40), event=st.sampled_from([None, "message_stop"]), newline=st.sampled_from(ENDS)
)
def test_what_is_encoded_is_read_again(data, event, newline):
    raw = encode(data, event, newline)
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert split(raw) == [Event(raw, event, lines)]


@pytest.mark.parametrize("ends", ENDS)
def test_an_event_comes_out_as_soon_as_its_blank_line_is_known(ends):
    splitter = EventSplitter()
    raw = b"data: {}" + ends + ends
    assert splitter.feed(raw) == ([] if ends == b"\r" else [Event(raw, None, b"{}")])
    assert splitter.held == (raw if ends == b"\r" else b"")


@pytest.mark.parametrize(
    "big", [b"data: " + b"x" * 200 + b"\n\n", b"data: x\n" * 30 + b"\n", b": " + b"x" * 300]
)
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_an_event_that_is_too_long_is_refused_behind_those_before_it(big, ends):
    small, big = (part.replace(b"\n", ends) for part in (b"data: 1\n\n", big))
    for chunks in ([small + big], by_bytes(small + big), [small, big, small]):
        splitter, events = EventSplitter(100), []
        with pytest.raises(InputError, match="over 100 bytes"):
            events.extend(event for chunk in [*chunks, b""] for event in splitter.feed(chunk))
        with pytest.raises(InputError):
            splitter.finish()
        assert events == [Event(small, None, b"1")]
        assert (small + big).startswith(small + splitter.held[:101])
