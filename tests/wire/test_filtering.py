"""The filter of a streamed answer: what goes out, when, and in which order."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import wires
from tests.material import OTHERS, WORKS, prose
from tests.wire.filters import Filtering, cut, filtered

PASSAGE = " ".join(WORKS["work-3"][100:180])
CLEAN = " ".join(prose(random.Random(11), 120, OTHERS, glue=0))
COPYING = f"{CLEAN} {PASSAGE} {CLEAN}"


def chat(delta, finish=None, choice=0, **beside):
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
        {"index": choice, "delta": delta, "finish_reason": finish, **beside}]}  # fmt: skip


def events(*values):
    return [wires.sse(value) for value in values]


def words_out(raw, passage=PASSAGE):
    """How many words of the passage stand in what went out, in a row."""
    said = " ".join(wires.strings(raw).split())
    words = passage.split()
    found = max(n for n in range(len(words) + 1) if " ".join(words[:n]) in said)
    return found if found > 2 else 0  # one word or two are said by chance


def test_a_clean_answer_goes_out_as_it_came_event_by_event():
    filtering = Filtering()
    for event in wires.stream("chat", "content", wires.pieces(CLEAN)):
        assert filtering.feed(event) == event
    assert filtering.finish() == b""


@pytest.mark.parametrize("format", wires.FORMATS)
@given(cuts=st.lists(st.integers(0, 20_000), max_size=8), strict=st.booleans())
def test_a_clean_answer_is_the_same_bytes_however_it_is_cut(format, cuts, strict):
    raw = b"".join(wires.stream(format, "content", wires.pieces(CLEAN), comments=True, newline="\r\n"))
    policy = {"max_leak": 0} if strict else {}
    assert filtered(cut(raw, cuts), format, **policy).out == raw


def test_a_stopped_answer_ends_with_the_formats_own_end_and_nothing_follows():
    filtering = filtered(wires.stream("chat", "content", wires.pieces(COPYING)), max_leak=0)
    *_, end, done = wires.events(filtering.out)
    assert done == (None, "[DONE]")
    assert end[1]["choices"][0]["finish_reason"] == "content_filter"
    assert end[1]["simblock"]["report_id"] == filtering.response.id
    assert filtering.filter.over
    assert filtering.feed(wires.sse(chat({"content": PASSAGE}))) == b""
    assert filtering.report.decision == "stop"


def test_what_stands_before_a_passage_goes_out_in_the_frame_that_is_cut():
    filtering = filtered(events(chat({"content": COPYING}), chat({}, "stop")), max_leak=0)
    assert wires.heard("chat", filtering.out) == {("content", 0): CLEAN + " "}


def test_a_frame_that_is_cut_no_longer_says_that_its_choice_ended_as_it_should():
    filtering = filtered(events(chat({"content": COPYING}, "stop")), max_leak=0)
    reasons = [
        value["choices"][0]["finish_reason"] for _, value in wires.events(filtering.out) if value != "[DONE]"
    ]
    assert reasons == [None, "content_filter"]


def test_the_other_choices_go_on_when_one_is_stopped():
    copying, clean = wires.pieces(COPYING), wires.pieces(f"{CLEAN} {CLEAN} {CLEAN}")
    made = []
    for one, other in zip(copying, clean, strict=False):
        made += events(chat({"content": one}), chat({"content": other}, choice=1))
    made += events(chat({}, "stop"), chat({}, "stop", choice=1), "[DONE]")
    filtering = filtered(made, choices=2, max_leak=0)
    heard = wires.heard("chat", filtering.out)
    assert heard["content", 0] == CLEAN + " "
    assert heard["content", 1] == "".join(clean[: len(copying)])
    assert not filtering.filter.over
    assert filtering.out.count(b"[DONE]") == 1


def test_a_frame_of_several_choices_goes_on_without_the_one_that_was_stopped():
    def both(one, other):
        value = chat({"content": one})
        value["choices"].append({"index": 1, "delta": {"content": other}, "finish_reason": None})
        return value

    clean = wires.pieces(f"{CLEAN} {CLEAN} {CLEAN}")
    made = events(*(both(*pair) for pair in zip(wires.pieces(COPYING), clean, strict=False)))
    filtering = filtered(made, choices=2, max_leak=0)
    heard = wires.heard("chat", filtering.out)
    assert words_out(filtering.out) == 0
    assert heard["content", 1] == "".join(clean[: len(made)])


def test_log_probabilities_and_ids_of_what_is_held_do_not_go_out():
    made = wires.stream("chat", "content", wires.pieces(COPYING), logprobs=True, ids=True)
    filtering = filtered(made, max_leak=0)
    assert words_out(filtering.out) == 0
    tokens = [
        token["token"]
        for _, value in wires.events(filtering.out)
        if value != "[DONE]"
        for token in ((value["choices"][0].get("logprobs") or {}).get("content") or ())
    ]
    assert CLEAN.startswith("".join(tokens).strip())


def test_token_ids_wait_for_the_text_that_they_spell():
    filtering = Filtering(max_leak=0)
    ids = wires.sse(chat({"content": ""}, token_ids=[1, 2, 3]))
    assert filtering.feed(ids) == b""
    filtering.feed(wires.sse(chat({"content": COPYING})))
    filtering.finish()
    assert b"[1,2,3]" not in filtering.out.replace(b" ", b"")


def test_an_unknown_field_is_held_like_text():
    made = events(*(chat({"content": "x ", "murmur": piece}) for piece in wires.pieces(COPYING)))
    assert words_out(filtered(made, max_leak=0).out) == 0


@pytest.mark.parametrize("format", wires.FORMATS)
def test_an_unknown_kind_of_frame_is_held_like_text(format):
    made = [wires.sse({"type": "novel.delta", "delta": piece}) for piece in wires.pieces(COPYING)]
    assert words_out(filtered(made, format, max_leak=0).out) == 0


def test_an_unknown_field_said_once_does_not_hold_a_strict_answer():
    filtering = Filtering(max_leak=0)
    first = chat({"role": "assistant", "content": ""})
    first["greeting"] = (
        "a provider with a long name of its own, and some words about itself in the very first frame"
    )
    frame, *rest = events(first, *(chat({"content": piece}) for piece in wires.pieces(CLEAN)))
    filtering.feed(frame)
    assert filtering.feed(rest[0]).startswith(frame)


def test_reasoning_does_not_hold_a_strict_answer_that_follows_it():
    thinking, saying = wires.pieces(CLEAN), wires.pieces(CLEAN)
    made = wires.told("chat", [("reasoning", thinking), ("content", saying)])
    filtering = Filtering(max_leak=0)
    out = [filtering.feed(event) for event in made]
    last = max(number for number, event in enumerate(made) if b"reasoning" in event)
    assert b"".join(out[: last + 2]).count(b"reasoning") == sum(b"reasoning" in event for event in made)
    filtering.finish()
    assert filtering.out == b"".join(made)


@pytest.mark.parametrize("format", wires.FORMATS)
def test_a_passage_that_is_thought_is_stopped_too(format):
    if "reasoning" not in wires.CHANNELS[format]:
        pytest.skip("the format has no reasoning")
    made = wires.stream(format, "reasoning", wires.pieces(COPYING))
    assert words_out(filtered(made, format, max_leak=0).out) == 0


@given(size=st.integers(1, 9))
def test_arguments_that_are_cut_end_in_no_escape(size):
    source = json.dumps({"text": COPYING.replace(" ", " \\\n\u00e9\U0001f600 ")})
    made = wires.stream("chat", "tool", wires.pieces(source, size))
    heard = wires.heard("chat", filtered(made).out).get(("tool", 0), "")
    assert source.startswith(heard)
    if heard:
        json.loads(
            heard + '"}'
            if heard.count('"') > 2
            else heard + '": ""}'
            if heard.count('"') % 2
            else heard + "}"
        )


def test_an_event_that_is_changed_keeps_its_id_and_comments():
    first, *_ = events(chat({"content": COPYING}))
    filtering = filtered([b": hello\r\nid: 7\r\n" + first.replace(b"\n", b"\r\n")], max_leak=0)
    assert filtering.out.startswith(b": hello\r\nid: 7\r\ndata: {")


def test_redacting_leaves_a_placeholder_and_goes_on():
    made = wires.stream("chat", "content", wires.pieces(COPYING))
    filtering = filtered(made, action="redact", max_leak=0)
    said = wires.heard("chat", filtering.out)["content", 0]
    assert said == f"{CLEAN} [withheld] {CLEAN}"
    assert not filtering.filter.over


def test_citing_changes_nothing_but_the_end_of_the_choice():
    made = wires.stream("chat", "content", wires.pieces(COPYING))
    filtering = filtered(made, action="cite")
    assert wires.heard("chat", filtering.out)["content", 0] == COPYING
    different = [event for event in made if event not in filtering.out]
    assert len(different) == 1
    assert b'"finish_reason":"stop"' in different[0]


def test_observing_changes_no_byte():
    made = wires.stream("chat", "content", wires.pieces(COPYING))
    filtering = filtered(made, action="observe")
    assert filtering.out == b"".join(made)
    assert filtering.report.observed


BROKEN = [
    b'data: {"choices":[{"index":0,"delta":{"content":"x\n\n',
    b"data: [1, 2]\n\n",
    b"data: hello there\n\n",
    b'data: {"choices":[{"index":0,"delta":{"content":"a","content":"b"}}]}\n\n',
]


@pytest.mark.parametrize("broken", BROKEN)
def test_what_cannot_be_read_ends_the_answer_as_the_policy_says(broken):
    made = wires.stream("chat", "content", wires.pieces(CLEAN))
    filtering = filtered([*made[:5], broken, *made[5:]])
    assert filtering.out.startswith(b"".join(made[:5]))
    assert broken not in filtering.out
    assert filtering.filter.over
    assert filtering.unread
    end = wires.events(filtering.out)[-2][1]
    assert end["simblock"]["reason"] in {"protected", "unavailable"}
    assert end["choices"][0]["finish_reason"] == "content_filter"


@pytest.mark.parametrize("broken", BROKEN)
def test_what_cannot_be_read_passes_where_the_policy_releases_and_is_counted(broken):
    made = wires.stream("chat", "content", wires.pieces(CLEAN))
    filtering = filtered([*made[:5], broken, *made[5:]], on_error="release")
    assert filtering.out == b"".join([*made[:5], broken, *made[5:]])
    assert filtering.unread


def test_an_answer_that_breaks_off_inside_a_frame_loses_the_frame():
    made = wires.stream("chat", "content", wires.pieces(CLEAN))
    filtering = filtered([*made[:5], made[5][:-20]])
    assert made[5][:-20] not in filtering.out


def test_a_last_frame_without_its_blank_line_is_read_like_any_other():
    made = events(chat({"content": COPYING}))
    assert words_out(filtered([made[0].rstrip(b"\n")], max_leak=0).out) == 0


def test_a_passage_in_comments_ids_or_plain_fields_is_stopped_whatever_a_frame_says_of_it():
    words = PASSAGE.split()
    clean = wires.pieces(CLEAN)
    for say in (
        lambda word: b": " + word.encode() + b"\n\n",
        lambda word: b"id: " + word.encode() + b"\n" + wires.sse(chat({"content": "x "})),
        lambda word: b" data: " + word.encode() + b"\n" + wires.sse(chat({"content": "x "})),
        lambda word: wires.sse({**chat({"content": "x "}), "model": word}),
        lambda word: wires.sse({**chat({"content": "x "}), word: None}),
        lambda word: wires.sse({**chat({"content": "x "}), "words": [word]}),
    ):
        filtering = filtered([*wires.stream("chat", "content", clean)[:-3], *map(say, words)], max_leak=0)
        assert filtering.filter.over
        assert filtering.out.count(b'content_filter"') == 1
        assert (
            sum(word.encode() in filtering.out for word in words) < 60
        )  # the passage has 80, 52 of them different


def test_heartbeats_of_any_form_change_nothing():
    made = wires.stream("chat", "content", wires.pieces(CLEAN))
    for beat in (
        b"data:\n\n",
        b"data: \n\n",
        b"event: ping\ndata:\n\n",
        b"data: null\n\n",
        b": ping - 2026-11-26 04:00:01\n\n",
    ):
        both = [part for event in made for part in (event, beat)]
        for policy in ({}, {"max_leak": 0}):
            assert filtered(both, **policy).out == b"".join(both)


def test_a_byte_order_mark_is_no_way_out():
    first, second = events(chat({"content": CLEAN + " "}), chat({"content": COPYING}))
    for made in ([b"\xef\xbb\xbf" + second], [first, b"\xef\xbb\xbf" + second]):
        assert words_out(filtered(made, max_leak=0).out) == 0


@pytest.mark.parametrize("finish", ["", "null", "stop", "length"])
def test_an_end_in_every_frame_does_not_cut_a_passage_into_streams(finish):
    made = events(*(chat({"content": piece}, finish) for piece in wires.pieces(COPYING)))
    assert words_out(filtered(made, max_leak=0).out) == 0


def test_a_passage_that_is_dealt_out_over_parts_that_clients_join_is_found():
    words = PASSAGE.split()
    made = []
    for number, at in enumerate(range(0, len(words), 12)):
        piece, place = (
            " ".join(words[at : at + 12]) + " ",
            {"item_id": "m", "output_index": 0, "content_index": number},
        )
        made.append(
            wires.sse(
                {"type": "response.output_text.delta", **place, "delta": piece}, "response.output_text.delta"
            )
        )
        made.append(
            wires.sse(
                {"type": "response.output_text.done", **place, "text": piece}, "response.output_text.done"
            )
        )
    filtering = filtered(made, "responses", max_leak=0)
    assert filtering.filter.over
    said = " ".join(wires.heard("responses", filtering.out).values())
    assert sum(word in said.split() for word in words) < 45


def test_a_choice_that_nobody_asked_for_ends_the_answer():
    made = events(
        *(chat({"content": piece}, choice=number) for number, piece in enumerate(wires.pieces(COPYING)))
    )
    assert words_out(filtered(made, max_leak=0).out) == 0


def test_a_text_does_not_hold_the_call_that_follows_it():
    first = events(chat({"content": "Let me look that up."}))
    calls = wires.stream("chat", "tool", wires.pieces(wires.arguments(CLEAN)))
    filtering = Filtering(max_leak=0)
    out = b"".join(map(filtering.feed, [*first, *calls[:80]]))
    assert b"look that up" in out
    filtering.finish()
    assert len(out) > len(first[0]) + 2000


def test_comments_keep_their_place_and_overtake_what_is_held_for_long():
    filtering = Filtering(max_leak=0)
    filtering.feed(wires.sse(chat({"content": "held words here"})), 0.0)
    assert filtering.feed(b": ping\n\n", 1.0) == b""
    assert filtering.feed(b": pong\n\n", 7.0) == b": ping\n\n: pong\n\n"


def test_a_text_that_repeats_what_was_said_is_what_went_out():
    made = wires.stream("responses", "content", wires.pieces(COPYING))
    filtering = filtered(made, "responses", action="redact", max_leak=0)
    assert words_out(filtering.out) == 0
    assert filtering.out.count(b"[withheld]") >= 4


def test_a_text_that_should_repeat_what_was_said_and_does_not_is_read():
    made = wires.stream("responses", "content", wires.pieces(CLEAN))
    lying = [event.replace(json.dumps(CLEAN).encode(), json.dumps(COPYING).encode()) for event in made]
    assert lying != made
    assert words_out(filtered(lying, "responses", max_leak=0).out) == 0


def test_how_long_text_is_held_is_measured_at_its_release():
    filtering = Filtering(max_leak=0)
    made = events(*(chat({"content": piece}) for piece in wires.pieces(CLEAN)))
    for number, event in enumerate(made):
        filtering.feed(event, float(number))
    assert filtering.filter.first > 10
    assert len(filtering.filter.held) > 10
