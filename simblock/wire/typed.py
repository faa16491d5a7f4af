"""Further shapes: objects that a field ``type`` tells apart, lists whose places are parts, what is no text of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simblock.wire.shapes import (
    UNKNOWN,
    At,
    Channel,
    Fields,
    Found,
    FoundValue,
    Object,
    Said,
    Shape,
    Side,
    Text,
    Value,
    Walked,
)
from simblock.wire.sides import is_no_token

_NOTHING = Object({})


class Own:
    """What the client said itself and is told again: instructions, tools, metadata. No text of the model."""

    __slots__ = ()

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:  # noqa: ARG002
        out.keys += fields_in(value)


class Typed:
    """An object whose ``type`` says what it is; one of another type is unknown but for its ``plain`` fields."""

    __slots__ = ("other", "shapes")

    def __init__(self, shapes: Mapping[str, Object], other: Object = _NOTHING) -> None:
        self.shapes, self.other = dict(shapes), other

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if type(value) is dict:
            self.shapes.get(type_of(value), self.other).walk(value, at, out)
        else:
            UNKNOWN.visit(holder, key, value, at, out)


class Numbered:
    """A list; the part of an element is the list's, ``mark``, and its place."""

    __slots__ = ("mark", "shape")

    def __init__(self, shape: Shape, mark: str = ".") -> None:
        self.shape, self.mark = shape, mark

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if type(value) is not list:
            UNKNOWN.visit(holder, key, value, at, out)
            return
        for place, one in enumerate(value):
            if one is not None:
                self.shape.visit(value, place, one, At(at.choice, f"{at.part}{self.mark}{place}"), out)


class Deep:
    """Objects and lists of any depth: of the fields that are named anywhere each has its shape, all others are unknown."""

    __slots__ = ("fields",)

    def __init__(self, fields: Fields) -> None:
        self.fields = dict(fields)

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        inside = at if type(key) is int else At(at.choice, f"{at.part}.{key}")
        if type(value) is dict:
            out.keys += len(value)
            out.asides.extend(name for name in value if name not in self.fields)
            for name, inner in value.items():
                if type(inner) in {str, dict, list}:
                    self.fields.get(name, self).visit(value, name, inner, inside, out)
        elif type(value) is list and any(type(one) in {dict, list} for one in value):
            for place, one in enumerate(value):
                if type(one) in {str, dict, list}:
                    self.visit(value, place, one, inside, out)
        else:
            UNKNOWN.visit(holder, key, value, at, out)


class Input(Value):
    """An object that is the input of a tool; an empty one says nothing. Its part has the field's name where ``named``."""

    __slots__ = ("named",)

    def __init__(self, name: str = "tool", *, named: bool = False) -> None:
        super().__init__(name)
        self.named = named

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        out.keys += fields_in(value)
        if value:
            super().visit(holder, key, value, At(at.choice, f"{at.part}.{key}") if self.named else at, out)


@dataclass(slots=True)
class Spelling(Found):
    """A text beside whose field ``logprobs`` of the same object spells it: that is emptied where the text is changed."""

    def set(self, text: str) -> None:
        """Puts another text in its place."""
        if text != self.text and self.holder.get("logprobs"):
            self.holder["logprobs"] = []
        self.holder[self.key] = text


class Spelled(Text):
    """Model text with its log probabilities beside it."""

    __slots__ = ()

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if type(value) is str:
            out.texts.append(Spelling(Channel(self.name, at.choice, at.part), holder, key, value))
        else:
            UNKNOWN.visit(holder, key, value, at, out)


@dataclass(slots=True)
class Emptied(Side):
    """A list that is empty where it would spell text which is withheld."""

    def drop(self) -> None:
        """Empties it."""
        self.holder[self.key] = []


class Spells:
    """The log probabilities beside a :class:`Spelled` text, emptied where it is changed; ``shape`` says what is text."""

    __slots__ = ("shape",)

    def __init__(self, shape: Shape | None = None) -> None:
        self.shape = shape

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if not value:
            return
        out.sides.append(Emptied(at.choice, holder, key))
        if self.shape is None:
            said = Said()
            said.read(value)
            out.keys += said.keys
            out.asides.extend(filter(is_no_token, (*said.strings, *said.names)))
        else:
            self.shape.visit(holder, key, value, at, out)


def is_cut(found: Found) -> bool:
    """Whether less of a text stands in its place than stood there: other text was put there on purpose."""
    now = found.holder[found.key]
    if isinstance(found, FoundValue):
        return not now and found.text not in {"{}", "[]"}
    return bool(now != found.text and found.text.startswith(now))


def type_of(value: Any) -> str:
    """The ``type`` of an object; none where that is no string, or this no object."""
    kind = value.get("type") if type(value) is dict else None
    return kind if type(kind) is str else ""


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; none where it is no list."""
    return [one for one in value if type(one) is dict] if type(value) is list else []


def fields_in(value: Any) -> int:
    """How many fields all objects in a value have."""
    count, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if type(one) is dict:
            count += len(one)
            waiting.extend(one.values())
        elif type(one) is list:
            waiting.extend(one)
    return count


OWN = Own()
