"""What stands where in the JSON of a wire format: one table a frame, read by one walk.

A shape says of each field whether it is model text, a repetition of it, or plain (an id, an enumeration). What no
shape names is held like text: a server that adds a field adds no hole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

PLAIN_MOST = 128
"""Characters that a plain field may have: no id, name or enumeration is longer, and a passage is."""


class Channel(NamedTuple):
    """A stream of a response: what is said, by which choice, and where (a tool call's number, an unknown field)."""

    name: str
    choice: int = 0
    part: str = ""


class At(NamedTuple):
    """Where a walk is: in which choice, and in which part of it."""

    choice: int = 0
    part: str = ""


@dataclass(slots=True)
class Found:
    """One string of model text: ``holder[key]``, which may be set to what goes out instead.

    ``source``: the text is JSON source (arguments of a tool call), so a cut may not fall inside an escape.
    ``whole``: it repeats all that was said in the channel.
    """

    channel: Channel
    holder: Any
    key: Any
    text: str
    source: bool = False
    whole: bool = False

    def set(self, text: str) -> None:
        """Puts another text in its place."""
        self.holder[self.key] = text


@dataclass(slots=True)
class FoundValue(Found):
    """An object that is model text as a whole, such as a tool's input; ``text`` is its JSON."""

    def set(self, text: str) -> None:
        """Empties it: less of an object is another object."""
        if text != self.text:
            self.holder[self.key] = type(self.holder[self.key])()


@dataclass(slots=True)
class Unplaced(Found):
    """What a frame says beside its texts, in one: it cannot be changed, so a frame of which any is withheld is no more."""

    def set(self, text: str) -> None:
        """Does nothing: the frame does not go out."""


@dataclass(slots=True)
class Side:
    """Something that spells text in another way (log probabilities, token ids): it goes where the text goes.

    Where text of its choice is changed or withheld it becomes ``None``.
    """

    choice: int
    holder: Any
    key: Any

    def drop(self) -> None:
        """Takes it out."""
        self.holder[self.key] = None


@dataclass(slots=True)
class Seal(Side):
    """A signature over all that was said in a channel so far: it goes where none of that was changed."""

    channel: Channel

    def drop(self) -> None:
        """Makes it empty, as it is where nothing is signed."""
        self.holder[self.key] = ""


@dataclass(slots=True)
class Walked:
    """What a walk found; ``keys`` counts the fields of all objects, ``sides`` what spells the text once more.

    ``asides`` are plain strings, and names of fields that no shape names: a word here and there makes a passage, too.
    """

    texts: list[Found] = field(default_factory=list)
    sides: list[Side] = field(default_factory=list)
    asides: list[str] = field(default_factory=list)
    keys: int = 0


class Shape(Protocol):
    """What a field is. ``visit`` is not called for numbers, booleans and null, which say nothing."""

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None: ...


class Plain:
    """A string that names something; one too long for that, and whatever is inside other values, is unknown text.

    ``deep``: objects and lists of such strings, too.
    """

    __slots__ = ("deep",)

    def __init__(self, *, deep: bool = False) -> None:
        self.deep = deep

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if type(value) is str:
            if len(value) > PLAIN_MOST:
                UNKNOWN.visit(holder, key, value, at, out)
            else:
                out.asides.append(value)
        elif self.deep:
            _inside(value, self, at, out)
        else:
            UNKNOWN.visit(holder, key, value, at, out)


class Text:
    """Model text of the channel ``name``; ``source``: JSON source in a string. ``whole``: all of it once more."""

    __slots__ = ("name", "source", "whole")

    def __init__(self, name: str, *, source: bool = False, whole: bool = False) -> None:
        self.name, self.source, self.whole = name, source, whole

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if type(value) is str:
            channel = Channel(self.name, at.choice, at.part)
            out.texts.append(Found(channel, holder, key, value, self.source, self.whole))
        else:
            UNKNOWN.visit(holder, key, value, at, out)


class Value:
    """An object that is model text as a whole, read as its JSON."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        text = value if type(value) is str else json.dumps(value, ensure_ascii=False)
        out.texts.append(FoundValue(Channel(self.name, at.choice, at.part), holder, key, text, source=True))


class Unknown:
    """A field that no shape names: a string is text, anything else is read as its JSON, and its strings in one.

    Lists of numbers may be tokens.
    """

    __slots__ = ()

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        part = at.part if type(key) is int else f"{at.part}.{key}"
        if type(value) is str:
            out.texts.append(Found(Channel("unknown", at.choice, part), holder, key, value))
            return
        if type(value) is list and any(type(one) in {int, float} for one in value):
            out.sides.append(Side(at.choice, holder, key))
        said = Said()
        said.read(value)
        out.keys += said.keys
        if said.strings or said.keys:
            text = json.dumps(value, ensure_ascii=False)
            out.texts.append(FoundValue(Channel("unknown", at.choice, part), holder, key, text))
        if said.strings:
            joined = "".join(said.strings)
            out.texts.append(FoundValue(Channel("unknown", at.choice, f"{part}+"), holder, key, joined))


class Said:
    """All strings in a value, and the names of the fields that its objects have."""

    __slots__ = ("names", "strings")

    def __init__(self) -> None:
        self.strings: list[str] = []
        self.names: list[str] = []

    @property
    def keys(self) -> int:
        """How many fields there are."""
        return len(self.names)

    def read(self, value: Any) -> None:
        """Takes a value; one in another follows in its turn, for values may be deep."""
        waiting = [value]
        while waiting:
            one = waiting.pop()
            if type(one) is str:
                self.strings.append(one)
            elif type(one) is dict:
                self.names.extend(one)
                waiting.extend(reversed(one.values()))
            elif type(one) is list:
                waiting.extend(reversed(one))


class Beside:
    """What spells text once more: dropped where the text is; ``shape``, where given, says what of it is text."""

    __slots__ = ("shape",)

    def __init__(self, shape: Shape | None = None) -> None:
        self.shape = shape

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        out.sides.append(Side(at.choice, holder, key))
        if self.shape is not None:
            self.shape.visit(holder, key, value, at, out)


class Object:
    """An object; fields that are not named are unknown."""

    __slots__ = ("fields",)

    def __init__(self, fields: Mapping[str, Shape]) -> None:
        self.fields = dict(fields)

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if type(value) is dict:
            self.walk(value, at, out)
        else:
            UNKNOWN.visit(holder, key, value, at, out)

    def walk(self, value: dict[str, Any], at: At, out: Walked) -> None:
        fields = self.fields
        out.keys += len(value)
        for key, inner in value.items():
            shape = fields.get(key)
            if shape is None:
                out.asides.append(key)
                shape = UNKNOWN
            kind = type(inner)
            if inner is None or kind is int or kind is float or kind is bool:
                continue
            shape.visit(value, key, inner, at, out)


class Each:
    """A list; ``numbers`` says what an element's ``index`` (else its place) is: a choice, or a part of one."""

    __slots__ = ("numbers", "shape")

    def __init__(self, shape: Object, numbers: str | None = None) -> None:
        self.shape, self.numbers = shape, numbers

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        if type(value) is not list:
            UNKNOWN.visit(holder, key, value, at, out)
            return
        for place, one in enumerate(value):
            number = one.get("index", place) if type(one) is dict else place
            number = number if type(number) is int else place
            inside = at
            if self.numbers == "choice":
                inside = At(number, at.part)
            elif self.numbers == "part":
                inside = At(at.choice, f"{at.part}{number}")
            self.shape.visit(value, place, one, inside, out)


def _inside(value: Any, shape: Shape, at: At, out: Walked) -> None:
    """Visits what an object or a list of no shape of its own holds."""
    if type(value) is dict:
        out.keys += len(value)
        out.asides.extend(value)
    elif type(value) is not list:
        return
    for key, inner in value.items() if type(value) is dict else enumerate(value):
        if type(inner) in {str, dict, list}:
            shape.visit(value, key, inner, at, out)


UNKNOWN = Unknown()
PLAIN = Plain()
PLAIN_DEEP = Plain(deep=True)

Fields: TypeAlias = Mapping[str, Shape]
