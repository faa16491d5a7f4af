"""How a gate in front of a server is set: by arguments, and by the environment where there are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from simblock.errors import UsageError
from simblock.wire.format import NOTICE, Style

PREFIX = "SIMBLOCK_"


class Settings(BaseSettings):
    """What a gate needs to know beside its indexes' contents and the policy's.

    A field is an argument, else the variable ``SIMBLOCK_`` and its name in capitals: a list as JSON, or one value. Raises UsageError naming
    the field. ``index`` and ``key_file`` are opened, each index with its own of the keys; ``policy`` is a TOML file.
    ``audit`` takes a line a decision, with the matched text of outputs only under ``evidence``, and digests of them only with
    the key file ``audit_key``; where it is ``audit_required``, no answer begins while it cannot be written.

    ``ending``: how a stopped answer ends (filter: in the format's words for filtered; stop: as if it were whole, with
    the ``notice``). ``show_sources`` names works to clients where they are withheld (cite always does), and
    ``show_report`` gives them simblock's whole report. ``regenerate`` is how often a stopped answer is asked for again
    before a client sees an end, ``rewrites`` how often a rewriter is asked for one passage, each within
    ``rewrite_timeout`` seconds.

    ``pass_routes`` go by unfiltered, ``generation_routes`` are filtered as a format (docs/serving.md);
    ``tenant_header`` names a header that tells the tenant, for rules by tenant: only where clients cannot set it.
    ``max_body`` bounds, in bytes, a request and a whole answer.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    index: Annotated[tuple[str, ...], NoDecode] = ()
    policy: Path | None = None
    key_file: Annotated[tuple[Path, ...], NoDecode] = ()
    audit: Path | None = None
    audit_key: Path | None = None
    audit_required: bool = False
    evidence: bool = False
    ending: Style = "filter"
    notice: str = NOTICE
    show_sources: bool = False
    show_report: bool = False
    regenerate: int = Field(0, ge=0, le=5)
    rewrites: int = Field(2, ge=1, le=5)
    rewrite_timeout: float = Field(60, gt=0)
    pass_routes: Annotated[tuple[str, ...], NoDecode] = ()
    generation_routes: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    tenant_header: str | None = None
    max_body: int = Field(64 << 20, ge=1 << 10)

    def __init__(self, **fields: Any) -> None:
        """Settings of these fields over the environment's."""
        try:
            super().__init__(**fields)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            where = name if name in fields else PREFIX + name.upper()
            raise UsageError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None

    @field_validator("generation_routes", mode="before")
    @classmethod
    def _mapping(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    @field_validator("index", "key_file", "pass_routes", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        if isinstance(value, str):
            return json.loads(value) if value.startswith("[") else (value,) if value else ()
        return (value,) if isinstance(value, Path) else value
