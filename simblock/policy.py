"""Policies: from which likeness on, and for which works, what is done.

A policy comes from arguments, the environment (``SIMBLOCK_POLICY__TEXT__MIN_TOKENS=40``), a TOML
file and the defaults, in this order of precedence. Deciding is a pure function of matches and
quotas, so an audit log can be replayed under another policy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model, field_validator

from simblock.errors import PolicyError
from simblock.licenses import license_matches
from simblock.match import HOLDING, Action, By, Decided, Match, Rank, rank
from simblock.policysources import Layer, layers_of, merged, places, source
from simblock.scheme import D_TICKS, T_LEXEMES, T_WORDS
from simblock.tokens import CODE_VIEWS
from simblock.work import Work

NEVER = 1 << 30
"""A threshold that nothing reaches."""


SCATTERED = 2 / 3
"""Of ``min_similarity``, what words in any order must have: those of a summary have less."""


class _Strict(BaseModel):
    # JSON knows no infinity: as a string it is read back.
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Limits(_Strict):
    """The figures of [text] or [code]: what a match must reach before it acts."""

    min_run: int = 30
    min_tokens: int = Field(32, ge=8)
    min_similarity: float = Field(0.6, gt=0, le=1)
    max_quoted: int = Field(96, ge=8)
    min_information: float = Field(0, ge=0)
    min_run_information: float | None = Field(None, ge=0)

    @property
    def run_information(self) -> float:
        """Bits that a run of ``min_run`` must say: a run is stronger evidence than likeness."""
        return self.min_information if self.min_run_information is None else self.min_run_information

    @property
    def least_information(self) -> float:
        """Bits without which no match acts."""
        return min(self.min_information, self.run_information)


class TextLimits(Limits):
    """[text]: counted in words; two characters of scripts without spaces are one."""

    min_run: int = Field(30, ge=T_WORDS)
    min_evidence: float = Field(30, gt=0)

    def scattered(self, tokens: int, similarity: float, evidence: float) -> bool:
        """Whether words in any order are a copy by their evidence.

        Theirs is a passage of ``min_tokens`` words and more, of which SCATTERED of ``min_similarity`` is the work's.
        """
        enough = 2 * tokens >= self.min_tokens and similarity >= SCATTERED * self.min_similarity
        return enough and tokens >= self.min_tokens * similarity and evidence >= self.min_evidence


class CodeLimits(Limits):
    """[code]: counted in lexemes."""

    min_run: int = Field(60, ge=T_LEXEMES)
    min_tokens: int = Field(30, ge=15)
    min_similarity: float = Field(0.75, gt=0, le=1)
    max_quoted: int = Field(240, ge=15)
    min_information: float = Field(100, ge=0)
    min_run_information: float | None = Field(70, ge=0)


class Overrides(_Strict):
    """The fields of [text] or [code] that a rule sets; those that are None are inherited."""

    def over(self, limits: Limits) -> Limits:
        """The limits with these fields in place of their own."""
        return limits.model_copy(update=self.model_dump(exclude_none=True))


def _overrides(name: str, limits: type[Limits]) -> Any:
    """A model of the fields of ``limits``, within the same bounds, each None by default."""
    fields: dict[str, Any] = {
        field: (Annotated[(info.annotation, *info.metadata)] | None, None)
        for field, info in limits.model_fields.items()
    }
    return create_model(name, __base__=Overrides, __module__=__name__, __doc__=Overrides.__doc__, **fields)


if TYPE_CHECKING:
    TextOverrides: TypeAlias = Overrides
    CodeOverrides: TypeAlias = Overrides
else:
    TextOverrides = _overrides("TextOverrides", TextLimits)
    CodeOverrides = _overrides("CodeOverrides", CodeLimits)


class Rule(_Strict):
    """Which works (all conditions given must hold, each by any of its values), and what for them."""

    name: str | None = None
    work: tuple[str, ...] = ()
    license: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    tenant: tuple[str, ...] = ()
    action: Action | None = None
    text: TextOverrides = TextOverrides()
    code: CodeOverrides = CodeOverrides()

    _lists = field_validator("work", "license", "owner", "tag", "kind", "language", "tenant", mode="before")(
        _one_or_many
    )

    def covers(self, work: Work, tenant: str | None = None) -> bool:
        """Whether the rule is about this work."""
        return (
            (not self.work or any(fnmatchcase(work.id, glob) for glob in self.work))
            and (not self.owner or work.owner in self.owner)
            and (not self.tag or any(tag in self.tag for tag in work.tags))
            and (not self.kind or work.kind in self.kind)
            and (not self.language or work.language in self.language)
            and (not self.tenant or tenant in self.tenant)
            and (not self.license or any(license_matches(one, work.license) for one in self.license))
        )


class ImpossibleField(PolicyError):
    """The first field of a policy that cannot be met; ``place`` is the way to it."""

    def __init__(self, error: ValidationError) -> None:
        first = error.errors()[0]
        self.place = tuple(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            near = get_close_matches(self.place[-1], _FIELDS, n=1)
            meant = _FIELDS[near[0]] if near else ""
            if "code" in self.place:
                meant = meant.replace("text.", "code.")
            message = "no such field" + (f": did you mean {meant}?" if meant else "")
        super().__init__(f"{'.'.join(self.place)}: {message}")


class Resolved(NamedTuple):
    """What a policy says of one view of a work: the rule's name, the action, the limits, and T."""

    rule: str
    action: Action
    limits: Limits
    certain: int = T_WORDS


class Verdict(NamedTuple):
    """Why a match acts: the action, the figure, its value and its threshold."""

    action: Action
    by: By
    value: float
    threshold: float


class Policy(_Strict):
    """What is done about likeness to protected works. Fields as in the docs' policy page."""

    profile: Literal["stop", "cite"] = "stop"
    action: Action = "stop"
    on_error: Literal["stop", "release", "degraded"] = "stop"
    stale_after: float = Field(30, gt=0)
    exempt_prompt: bool = True
    exempt_commonplace: bool = True
    max_leak: int | None = Field(None, ge=0, le=D_TICKS)
    text: TextLimits = TextLimits()
    code: CodeLimits = CodeLimits()
    rule: tuple[Rule, ...] = ()

    def __init__(self, **fields: Any) -> None:
        """A policy of these fields alone. Raises PolicyError naming the field."""
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise ImpossibleField(error) from None

    @classmethod
    def load(cls, path: str | Path | None = None, **fields: Any) -> Policy:
        """The policy of a TOML file (or none), the environment over it, and ``fields`` over both.

        Raises PolicyError naming the file and the field.
        """
        layers = [*layers_of(path), Layer("policy", fields)]
        try:
            return cls(**merged(layers))
        except ImpossibleField as error:
            raise PolicyError(f"{source(layers, error.place)}: {error}") from None

    @classmethod
    def sources(cls, path: str | Path | None = None) -> dict[str, str]:
        """Where each field that :meth:`load` would read comes from: dotted field → file or variable.

        Fields that are left at their default are not among them. Raises PolicyError.
        """
        layers = layers_of(path)
        return {".".join(place): source(layers, place) for place in places(merged(layers))}

    @property
    def actions(self) -> frozenset[Action]:
        """All actions that it may take."""
        return frozenset([self.action, *(rule.action for rule in self.rule if rule.action)])

    @property
    def asks_rewriter(self) -> str | None:
        """The first field that says "replace", which needs a rewriter."""
        if self.action == "replace":
            return "action"
        named = [(f"rule.{n}.action", rule.action) for n, rule in enumerate(self.rule)]
        return next((field for field, action in named if action == "replace"), None)

    @property
    def digest(self) -> str:
        """Twelve hex digits that differ when anything of the policy differs."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def resolve(self, work: Work, tenant: str | None = None, view: str = "words") -> Resolved:
        """The first rule that covers the work, over the policy's own action and figures.

        Comments of code are judged by [text]; its words by [code] and ``min_run`` alone, for without their
        signs few of them say much.
        """
        code = view in CODE_VIEWS and view != "comments"
        limits: Limits = self.code if code else self.text
        rule, action = "default", self.action
        for number, one in enumerate(self.rule, 1):
            if one.covers(work, tenant):
                limits = (one.code if code else one.text).over(limits)
                rule, action = one.name or f"rule {number}", one.action or self.action
                break
        if view == "source":
            limits = limits.model_copy(
                update={"min_tokens": NEVER, "min_information": 0, "min_run_information": 0}
            )
        return Resolved(rule, action, limits, T_LEXEMES if code else T_WORDS)

    @property
    def asks_information(self) -> bool:
        """Whether no match of code acts that says nothing rare, whatever the work."""
        changed = [rule.code.over(self.code) for rule in self.rule]
        return min(limits.least_information for limits in (self.code, *changed)) > 0

    def judge(
        self,
        resolved: Resolved,
        *,
        longest_run: int,
        tokens: int,
        similarity: float,
        information: float,
        quoted: int,
        evidence: float = 0.0,
    ) -> Verdict | None:
        """Why a match of these figures acts, or None. A quota acts whatever the information.

        What is alike says its bits times its similarity: gaps are less likely in a copy than in a coincidence.
        """
        limits = resolved.limits
        if quoted >= limits.max_quoted:
            return Verdict(resolved.action, "max_quoted", quoted, limits.max_quoted)
        telling = information >= limits.run_information
        if telling and longest_run >= limits.min_run:
            return Verdict(resolved.action, "min_run", longest_run, limits.min_run)
        alike = tokens >= limits.min_tokens and similarity >= limits.min_similarity
        if alike and information * similarity >= limits.min_information:
            return Verdict(resolved.action, "min_tokens", tokens, limits.min_tokens)
        if isinstance(limits, TextLimits) and limits.scattered(tokens, similarity, evidence):
            return Verdict(resolved.action, "min_evidence", evidence, limits.min_evidence)
        cites = self.profile == "cite" and resolved.action in HOLDING
        if cites and telling and longest_run >= resolved.certain:
            return Verdict("cite", "min_run", longest_run, resolved.certain)
        return None

    def judge_match(self, resolved: Resolved, match: Match) -> Verdict | None:
        """:meth:`judge` of a match's own figures."""
        return self.judge(
            resolved,
            longest_run=match.longest_run,
            tokens=match.tokens,
            similarity=match.similarity,
            information=match.information,
            quoted=match.quoted,
            evidence=match.evidence,
        )


_FIELDS = {
    **{name: name for name in Policy.model_fields},
    **{name: f"{name} (of a rule)" for name in Rule.model_fields if name not in Policy.model_fields},
    **{name: f"text.{name}" for name in Limits.model_fields},
    "licence": "license (of a rule)",
}


def decide(policy: Policy, matches: Iterable[Match], tenant: str | None = None) -> Decided | None:
    """What the matches of a report call for: the severest action, then as :func:`simblock.match.rank` says.

    Pure: the same matches give the same decision, so a log can be replayed. None where nothing acts.
    ``position`` is where the match begins; only a stream knows where its decision fell.
    """
    best: tuple[Rank, Decided] | None = None
    for match in matches:
        resolved = policy.resolve(match.work, tenant, match.view)
        verdict = policy.judge_match(resolved, match)
        if verdict is None or verdict.action == "release":
            continue
        place = rank(verdict.action, match.tokens, match.longest_run, match.names_alike, match.work.id)
        if best is None or place < best[0]:
            best = (place, decided(match.work.id, match.view, resolved.rule, verdict, match.output.start))
    return best[1] if best else None


def decided(work: str, view: str, rule: str, verdict: Verdict, position: int) -> Decided:
    """A verdict on one view of a work at one position of the stream."""
    return Decided(work, rule, verdict.by, verdict.value, verdict.threshold, position, verdict.action, view)
