"""Shapes of what OpenAI's formats say beside the text: log probabilities, token ids, sealed data, a client's own ids."""

from __future__ import annotations

import re
from typing import Any

from simblock.wire.shapes import (
    PLAIN,
    PLAIN_MOST,
    UNKNOWN,
    At,
    Each,
    Object,
    Shape,
    Side,
    Text,
    Walked,
)

_SEALED = re.compile(r"(?:data:[\w.+/;=-]{1,100},)?[\w+/=-]*", re.ASCII)
_IDS = "token_id:"
"""How vLLM spells a token where ids were asked for in their place."""

_WORDS = 2
"""Words that a token may have."""


class Spelled(Side):
    """A side whose tokens are read by themselves. Others may spell what comes as text only later."""

    __slots__ = ()


class Ids:
    """Token ids, audio: nothing that can be read here."""

    __slots__ = ()

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:  # noqa: ARG002
        out.sides.append(Side(at.choice, holder, key))


class Numbers:
    """A list of numbers that spells nothing the client has not sent or is not told beside it; else unknown text."""

    __slots__ = ()

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if type(value) is not list or any(type(one) in {str, dict, list} for one in value):
            UNKNOWN.visit(holder, key, value, at, out)


class Sealed:
    """Something encoded (a signature, padding, a picture): one word of any length, and no text that anyone reads."""

    __slots__ = ()

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if type(value) is str:
            if len(value) > PLAIN_MOST and not _SEALED.fullmatch(value):
                UNKNOWN.visit(holder, key, value, at, out)
        elif type(value) is dict:
            out.keys += len(value)
            for name, inner in value.items():
                self._inside(value, name, inner, at, out)
        else:
            for place, inner in enumerate(value):
                self._inside(value, place, inner, at, out)

    def _inside(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if type(value) in {str, dict, list}:
            self.visit(holder, key, value, at, out)


class Within:
    """A shape in a part of its own, so that its text is a stream of its own."""

    __slots__ = ("part", "shape")

    def __init__(self, part: str, shape: Shape) -> None:
        self.part, self.shape = part, shape

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        self.shape.visit(holder, key, value, At(at.choice, f"{at.part}{self.part}"), out)


class Tokens:
    """A list of tokens, as strings: a stream of their own, for they may run ahead of the text."""

    __slots__ = ()

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if type(value) is not list:
            UNKNOWN.visit(holder, key, value, at, out)
            return
        for place, token in enumerate(value):
            if type(token) in {str, dict, list}:
                _TOKEN.visit(value, place, token, at, out)


class Alternative:
    """What a token might have been: it goes where the text goes. Several words are no token, and are read."""

    __slots__ = ()

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if type(value) is not str or is_no_token(value):
            PLAIN.visit(holder, key, value, at, out)


def is_no_token(text: str) -> bool:
    """Whether a string is more than any token is."""
    return len(text) > PLAIN_MOST or len(text.split()) > _WORDS


class Alternatives:
    """For each token what else it might have been, by its spelling: objects of numbers, checked by nobody's eyes."""

    __slots__ = ()

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if type(value) is not list:
            UNKNOWN.visit(holder, key, value, at, out)
            return
        for place, one in enumerate(value):
            if type(one) is dict and not any(type(inner) in {str, dict, list} for inner in one.values()):
                out.keys += len(one)
                out.asides.extend(filter(is_no_token, one))
            elif one is not None:
                UNKNOWN.visit(value, place, one, at, out)


class Logprobs:
    """Log probabilities of a choice: they go where the text goes, and their tokens are checked by themselves."""

    __slots__ = ("_shape",)

    def __init__(self, shape: Object) -> None:
        self._shape = shape

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        before = len(out.texts)
        self._shape.visit(holder, key, value, at, out)
        numbers = any(found.text.startswith(_IDS) for found in out.texts[before:])
        out.sides.append((Side if numbers else Spelled)(at.choice, holder, key))


IDS, NUMBERS, SEALED = Ids(), Numbers(), Sealed()

_TOKEN = Text("logprobs")
OTHERS = Each(Object({"token": Alternative(), "bytes": NUMBERS}))
_ENTRIES = Each(Object({"token": _TOKEN, "bytes": NUMBERS, "top_logprobs": OTHERS}))
LOGPROBS = Logprobs(
    Object({
        "content": Within("content", _ENTRIES),
        "refusal": Within("refusal", _ENTRIES),
        "tokens": Within("content", Tokens()),
        "top_logprobs": Alternatives(),
        "token_logprobs": NUMBERS,
        "text_offset": NUMBERS,
    })
)  # fmt: skip
"""Of both kinds: servers answer Completions in that of Chat Completions, too."""
