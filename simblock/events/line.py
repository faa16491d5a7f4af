"""What each field of a line of an audit log may be: one table, by which every line is checked that is read.

A log may have been cut off, edited, or be no log of ours. What is read on from here has the right types: counts that
are none below zero, figures that are finite, times that a clock shows, and actions that there are. Fields that are not
in the table are left alone, so a line may have more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, get_args

from pydantic_core import SchemaValidator
from pydantic_core import core_schema as of

from simblock.events.decision import OUTCOMES
from simblock.match import SEVERITY, By

SCHEMA = 1
_MOST = 10**15
"""Of a figure: over a hundred million times what a response has, and written out in a line."""
_TIME = r"^(19[7-9]\d|[2-9]\d{3})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$"

_TEXT = of.str_schema(strict=True)
_FLAG = of.bool_schema(strict=True)
_COUNT = of.int_schema(strict=True, ge=0, le=1 << 64)
_NUMBER = of.union_schema(
    [
        of.int_schema(strict=True, ge=-_MOST, le=_MOST),
        of.float_schema(strict=True, ge=-_MOST, le=_MOST, allow_inf_nan=False),
    ]
)
_FIGURE = of.union_schema(
    [
        of.int_schema(strict=True, ge=0, le=_MOST),
        of.float_schema(strict=True, ge=0, le=_MOST, allow_inf_nan=False),
    ]
)
_SPAN = of.tuple_positional_schema([_COUNT, _COUNT])
_ACTION = of.literal_schema(list(SEVERITY))
_KIND = of.literal_schema(["text", "code"])
_SETTING = of.union_schema([_FLAG, _NUMBER, of.literal_schema([math.inf]), of.none_schema(), _TEXT])
"""A value of a policy; ``min_evidence`` may be infinite, which no match reaches."""


def _or_none(schema: of.CoreSchema) -> of.CoreSchema:
    return of.nullable_schema(schema)


def _many(schema: of.CoreSchema) -> of.CoreSchema:
    return of.tuple_variable_schema(schema)


def _object(
    optional: tuple[str, ...] = (), others: of.CoreSchema | None = None, /, **fields: of.CoreSchema
) -> of.CoreSchema:
    """An object that has these fields, but for ``optional`` ones; ``others`` is what further ones may be."""
    return of.typed_dict_schema(
        {name: of.typed_dict_field(schema, required=name not in optional) for name, schema in fields.items()},
        extras_schema=others,
        extra_behavior="ignore" if others is None else "allow",
        strict=True,
    )


_WORK = _object(
    id=_TEXT, title=_or_none(_TEXT), owner=_or_none(_TEXT), license=_or_none(_TEXT), url=_or_none(_TEXT),
    kind=_KIND, language=_or_none(_TEXT), tags=_many(_TEXT),
)  # fmt: skip
_MATCH = _object(
    ("text",),
    work=_WORK, index=_TEXT, channel=of.literal_schema(["exact", "near"]), kind=_KIND, language=_or_none(_TEXT),
    view=_TEXT, similarity=_FIGURE, tokens=_COUNT, longest_run=_COUNT, information=_NUMBER, evidence=_NUMBER,
    quoted=_COUNT, names_alike=_COUNT, verbatim=_FLAG, renamed=_FLAG, common=_FLAG, leaked=_COUNT, rule=_TEXT,
    action=_ACTION, twins=_many(_TEXT), twin_count=_COUNT, output=_SPAN, source=_SPAN,
    lines=of.tuple_positional_schema([_SPAN, _SPAN]), spans=_many(of.tuple_positional_schema([_COUNT] * 4)),
    thresholds=_or_none(_object((), _SETTING, action=_ACTION)), text=_TEXT,
)  # fmt: skip
_DECIDED = _object(
    work=_TEXT, rule=_TEXT, by=of.literal_schema(list(get_args(By))), value=_FIGURE, threshold=_FIGURE,
    position=_COUNT, view=_TEXT, action=_ACTION,
)  # fmt: skip
_SPOKEN = _object(
    ("matches", "digest"),
    channel=_TEXT, choice=of.int_schema(strict=True, ge=-1, le=_MOST), part=_TEXT, characters=_COUNT, released=_COUNT,
    stopped=_FLAG, matches=_many(_COUNT), digest=_or_none(_TEXT),
)  # fmt: skip
_LINE: dict[str, of.CoreSchema] = {
    "schema": of.int_schema(strict=True, ge=SCHEMA, le=SCHEMA),
    "time": of.str_schema(strict=True, pattern=_TIME),
    "route": _TEXT,
    "simblock": _TEXT,
}
"""What lines of both kinds have."""
_DECISION = SchemaValidator(_object(
    ("continues",), None, **_LINE,
    id=_TEXT, request_id=_or_none(_TEXT), format=_or_none(_TEXT), model=_or_none(_TEXT), tenant=_or_none(_TEXT),
    streaming=_FLAG, continues=_FLAG, outcome=of.literal_schema(list(OUTCOMES)), decision=_ACTION,
    observed=_or_none(_ACTION), degraded=_FLAG, error=_or_none(_TEXT), decided=_or_none(_DECIDED),
    matches=_many(_MATCH), left_out=_COUNT, quoted=of.dict_schema(_TEXT, _COUNT, strict=True),
    indexes=_many(_object(name=_TEXT, epoch=_COUNT, scheme=_TEXT)),
    policy=_object((), _SETTING, digest=_TEXT),
    floor=_or_none(of.tuple_positional_schema([_COUNT] * 3)), streams=_many(_SPOKEN),
    unscanned=_many(_object(what=_TEXT, reason=_TEXT, bytes=_COUNT)),
    scan_ms=_FIGURE, first_ms=_or_none(_FIGURE), held_ms=_FIGURE, rounds=_COUNT,
))  # fmt: skip
_BYPASS = SchemaValidator(_object((), None, bypass=_TEXT, **_LINE))


def decision_of(row: Any) -> Mapping[str, Any]:
    """The fields of a decision's line, lists as tuples. Raises ValueError where one is not what it may be."""
    return _DECISION.validate_python(row)  # type: ignore[no-any-return]


def bypass_of(row: Any) -> Mapping[str, Any]:
    """The fields of the line of something that was not scanned. Raises ValueError as :func:`decision_of` does."""
    return _BYPASS.validate_python(row)  # type: ignore[no-any-return]


__all__ = ["SCHEMA", "bypass_of", "decision_of"]
