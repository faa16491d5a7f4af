"""Nothing of a protected passage leaves by any door: all formats, channels, actions and cuts.

``make test`` takes a part of the cases, ``make test-all`` all of them.
"""

import json
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import wires
from tests.wire import exchanges as x
from tests.wire.filters import cut

CHANNELS = [(wire, channel) for wire, channels in wires.CHANNELS.items() for channel in channels]
ACTIONS = ("stop", "redact", "replace", "cite", "observe")
WITHHOLDING = ("stop", "redact", "replace")
POLICIES = {"strict": {"max_leak": 0}, "default": {}}
UNBROKEN = {"tool", "function", "custom"}
"""Channels in which nothing is put in the place of a passage: they stop there."""
REWRITTEN = "Something quite of my own stands here."
SPELLED = {"chat": ("content", "refusal"), "completions": ("content",), "responses": ("content",)}
"""Channels of which log probabilities tell."""


def cuts(data, how):
    """The bytes of an answer as they may come: whole, one at a time, or cut at these places."""
    if how == "whole":
        return [data]
    if how == "bytes":
        return [data[at : at + 1] for at in range(len(data))]
    return cut(data, [at % len(data) for at in how])


def rewriter(format, text=REWRITTEN):
    """An upstream that answers with ``text`` when it is asked again."""
    return lambda _body: (200, wires.body(format, "content", text))


def run(
    format,
    channel,
    action,
    policy,
    *,
    whole=False,
    how="whole",
    text=x.COPYING,
    size=7,
    again=None,
    **options,
):
    """The text that a client hears, and all that went out, of an answer which quotes."""
    data = x.answer(format, channel, text, whole=whole, size=size, **options)
    gate = x.gate(action=action, **POLICIES[policy])
    again = again or rewriter(format)
    out = x.through(format, cuts(data, how), gate, whole=whole, again=again)
    return out, data


def said(channel, text):
    return wires.arguments(text) if channel in wires.SOURCE else text


def expected(out, channel, action, policy, *, whole, size=11):
    """Checks what an answer that quotes has come to."""
    text, before = out.heard.get((channel, 0), ""), said(channel, x.BEFORE).removesuffix('"}')
    if action in {"cite", "observe"}:
        assert text == said(channel, x.COPYING) or (
            whole and json.loads(text) == json.loads(said(channel, x.COPYING))
        )
        return
    if policy == "strict":
        assert out.greek == 0
    else:
        words = set(x.passage().replace('"', " ").replace(",", " ").split()[x.CERTAIN + 1 :])
        assert not words & set(wires.strings(out.raw).replace('"', " ").replace(",", " ").split())
    if action == "stop" or channel in UNBROKEN:
        stopped(text, channel, before, whole=whole, strict=policy == "strict", size=size)
    elif policy == "strict":
        assert text.startswith(before.rstrip())
        assert text.endswith(x.AFTER.strip())
        assert (REWRITTEN in text) == (action == "replace")


def stopped(text, channel, before, *, whole, strict, size=11):
    """What went out is what stood before the passage, or nearly: frames with token ids and the like go out whole."""
    if whole and channel in UNBROKEN:
        return  # of an object less is another object: what is left may be none of it
    assert said(channel, x.COPYING).startswith(text)
    assert len(text) >= len(before) - 3 * size
    assert not strict or len(text) <= len(before)
    if channel in wires.SOURCE:
        json.loads(f'{text}"}}')  # it ends inside no escape


GREEK = set(x.passage().split())
ENOUGH = 30
"""Words in a row that are worth a stop: what breaks off before them may go out."""
QUICK = [
    *((*pair, action, "strict", False) for pair, action in product(CHANNELS, WITHHOLDING)),
    *((*pair, "stop", "default", False) for pair in CHANNELS),
    *((*pair, action, "strict", True) for pair, action in product(CHANNELS, ("stop", "redact"))),
    *((*pair, action, "default", False) for pair, action in product(CHANNELS[::3], ("cite", "observe"))),
]
ALL = [
    (*pair, *rest) for pair, rest in product(CHANNELS, product(ACTIONS, POLICIES, (False, True)))
]  # fmt: skip


@pytest.mark.parametrize(("format", "channel", "action", "policy", "whole"), QUICK)
def test_a_quoted_passage_stays_inside(format, channel, action, policy, whole):
    """In pieces of some hundred bytes, as they come from a network."""
    logprobs = channel in SPELLED.get(format, ())
    out, data = run(
        format, channel, action, policy, whole=whole, how=range(0, 60_000, 997), size=11, logprobs=logprobs
    )
    expected(out, channel, action, policy, whole=whole)
    if action == "observe":
        assert out.raw == data


@pytest.mark.parametrize(("format", "channel"), CHANNELS)
@given(at=st.lists(st.integers(0, 2**20), max_size=30), size=st.integers(3, 40))
@settings(max_examples=3)
def test_a_stream_may_be_cut_anywhere(format, channel, at, size):
    out, _ = run(format, channel, "stop", "strict", how=at, size=size)
    expected(out, channel, "stop", "strict", whole=False, size=size)


@pytest.mark.slow
@pytest.mark.parametrize(("format", "channel", "action", "policy", "whole"), ALL)
@given(at=st.lists(st.integers(0, 2**20), max_size=60), size=st.integers(1, 60), ids=st.booleans())
@settings(max_examples=5)
def test_every_case_whole_and_cut_at_random(format, channel, action, policy, whole, at, size, ids):
    ids = ids and channel not in wires.SOURCE  # see below
    for how in ("whole", at):
        out, data = run(format, channel, action, policy, whole=whole, how=how, size=size, ids=ids)
        expected(out, channel, action, policy, whole=whole, size=size)
        if action == "observe":
            assert out.raw == data


@pytest.mark.xfail(
    strict=True, reason="a frame with ids does not wait for the end of an escape that is open behind it"
)
@pytest.mark.parametrize("channel", ["tool", "function"])
def test_arguments_with_token_ids_are_not_cut_inside_an_escape(channel):
    out, _ = run("chat", channel, "stop", "default", size=1, ids=True)
    expected(out, channel, "stop", "default", whole=False)


@pytest.mark.slow
@pytest.mark.parametrize(("format", "channel", "action", "policy", "whole"), ALL)
def test_every_case_byte_by_byte(format, channel, action, policy, whole):
    out, data = run(format, channel, action, policy, whole=whole, how="bytes", size=23)
    expected(out, channel, action, policy, whole=whole, size=23)
    if action == "observe":
        assert out.raw == data


@pytest.mark.parametrize(("format", "channel"), CHANNELS)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_clean_answer_is_the_same_bytes(format, channel, policy):
    logprobs = channel in SPELLED.get(format, ())
    for newline, comments, whole in (
        ("\n", False, False),
        ("\r\n", True, False),
        ("\r", True, False),
        ("", False, True),
    ):
        more = {} if whole else {"newline": newline, "comments": comments, "obfuscation": True}
        data = x.answer(format, channel, x.CLEAN, whole=whole, logprobs=logprobs, ids=True, **more)
        out = x.through(format, cuts(data, range(0, 90_000, 1999)), x.gate(**POLICIES[policy]), whole=whole)
        assert out.raw == data
        assert out.heard == {(channel, 0): said(channel, x.CLEAN)}


@pytest.mark.slow
@pytest.mark.parametrize(("format", "channel"), CHANNELS)
@pytest.mark.parametrize("policy", POLICIES)
@given(at=st.lists(st.integers(0, 2**20), max_size=60), size=st.integers(1, 60), comments=st.booleans())
@settings(max_examples=20)
def test_a_clean_answer_is_the_same_bytes_however_it_is_cut(format, channel, policy, at, size, comments):
    data = x.answer(format, channel, x.CLEAN, size=size, comments=comments)
    for how in ("whole", "bytes", at):
        assert x.through(format, cuts(data, how), x.gate(**POLICIES[policy])).raw == data


@pytest.mark.parametrize("format", wires.FORMATS)
def test_a_rewriter_that_quotes_is_no_way_out(format):
    out, _ = run(format, "content", "replace", "strict", again=rewriter(format, x.COPYING))
    assert out.greek == 0
    assert out.heard["content", 0].strip() == x.BEFORE.strip()


@pytest.mark.parametrize("format", ["chat", "completions"])
def test_of_several_choices_each_is_looked_at(format):
    """Text of one choice that quotes, and of one that does not, come by turns."""
    data = x.answer(format, "content", x.COPYING, choices=2, logprobs=True, ids=True)
    other = x.answer(format, "content", x.CLEAN + " " * (len(x.COPYING) - len(x.CLEAN)), choices=2)
    frames = zip(data.split(b"\n\n"), other.split(b"\n\n"), strict=True)
    mixed = b"\n\n".join(b if b'"index":1' in b else a for a, b in frames)
    out = x.through(format, cuts(mixed, range(0, 200_000, 1500)), x.gate(max_leak=0), choices=2)
    assert out.greek == 0
    stopped(out.heard["content", 0], "content", x.BEFORE, whole=False, strict=True)
    assert out.heard["content", 1].strip() == x.CLEAN.strip()


@pytest.mark.parametrize("format", ["chat", "responses", "messages"])
def test_what_was_stopped_in_one_channel_does_not_come_by_another(format):
    """A model that is stopped goes on with the passage in the next channel."""
    half, rest = x.passage(40), x.passage(60, at=140)
    parts = [("reasoning", wires.pieces(x.BEFORE + half)), ("content", wires.pieces(x.BEFORE + rest)),
             ("tool", wires.pieces(wires.arguments(rest)))]  # fmt: skip
    out = x.through(format, [b"".join(wires.told(format, parts))], x.gate(max_leak=0))
    assert out.greek == 0


ELSEWHERE = {
    "chat": {"choices": [{"index": 0, "delta": {"content": "", "shadow": "?"}, "finish_reason": None}]},
    "completions": {"choices": [{"index": 0, "text": "", "shadow": ["?"], "finish_reason": None}]},
    "responses": {"type": "response.some_new.delta", "item_id": "a", "output_index": 0, "shadow": {"a": "?"}},
    "messages": {"type": "content_block_delta", "index": 0, "delta": {"type": "new_delta", "shadow": "?"}},
}
"""Frames with a field that no format knows yet."""


@pytest.mark.parametrize("format", wires.FORMATS)
def test_a_field_that_nobody_knows_is_no_way_out(format):
    frames = wires.stream(format, "content", wires.pieces(x.CLEAN))
    frame = json.dumps(ELSEWHERE[format], ensure_ascii=False)
    value = json.loads(frame.replace("?", json.dumps(x.passage(), ensure_ascii=False)[1:-1]))
    frames.insert(len(frames) // 2, wires.sse(value, value.get("type") if format in wires.NAMED else None))
    assert x.through(format, frames, x.gate(max_leak=0)).greek == 0


@pytest.mark.parametrize("format", wires.FORMATS)
@pytest.mark.parametrize("where", [*range(3, 100, 16)])
def test_a_stream_that_breaks_off_is_no_way_out(format, where):
    """Cut off at whatever byte, and with broken JSON in its midst."""
    data = x.answer(format, "content", x.COPYING, size=20)
    at = len(data) * where // 100
    few = len(set(wires.heard(format, data[:at]).get(("content", 0), "").split()) & GREEK) < ENOUGH
    for broken in (data[:at], data[:at] + b"\n\ndata: {broken\n\n" + data[at:], data[:at] + data[at + 5 :]):
        assert x.through(format, [broken], x.gate(max_leak=0)).greek == 0 or few


@pytest.mark.parametrize("format", wires.FORMATS)
@pytest.mark.parametrize(
    "kind", [b"text/plain", b"application/octet-stream", b"", b"application/json", b"text/html"]
)
def test_an_answer_of_another_type_is_no_way_out(format, kind, monkeypatch):
    monkeypatch.setitem(x.TYPES, False, kind)
    for data in (x.COPYING.encode(), x.answer(format, "content", x.COPYING)):
        assert x.through(format, [data], x.gate(max_leak=0)).greek == 0


@pytest.mark.parametrize("kind", [b"text/event-stream", b"text/plain"])
def test_an_answer_that_says_it_is_an_error_is_no_way_out(kind, monkeypatch):
    monkeypatch.setitem(x.TYPES, False, kind)
    found = []
    for wire in wires.FORMATS:
        data = x.answer(wire, "content", x.COPYING)
        found.append(x.through(wire, [data], x.gate(max_leak=0), status=500).greek)
    assert found == [0, 0, 0, 0]
