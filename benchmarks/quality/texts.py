"""Checks of text: masked and edited copies, what leaks of them, clean passages, innocent outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.clean_text import Passage
from benchmarks.evasions import INNOCENT, TEXT, Evasion
from benchmarks.quality.material import Case, seeded
from benchmarks.quality.sighting import Sighting, names, seen
from benchmarks.quality.workers import guard
from simblock.guard import Guard, Response
from simblock.match import Report
from simblock.policy import Policy

CHUNK = 4
"""Characters fed at a time: about what a model's token has."""
PLAIN = "planted"
"""The name of copies that are edited as passages.py does and not masked."""
DEFAULT = Policy.load()
MODES = {"strict": Policy.load(max_leak=0), "default": DEFAULT}
LOW = Policy.load(
    text={"min_run": 16, "min_tokens": 12, "min_similarity": 0.3, "min_information": 0, "max_quoted": 24}
)
"""Thresholds under those of every policy that is compared: what this releases, all of them release."""


class Copies(NamedTuple):
    """A task: one evasion of some passages. ``streamed`` of them are streamed too, for the leak."""

    index: Path
    evasion: str
    cases: Sequence[Case]
    seed: int
    streamed: int = 0


class Edited(NamedTuple):
    """A task: copies that were edited before, at one rate."""

    index: Path
    rate: float
    copies: Sequence[tuple[Case, str]]


class Cleans(NamedTuple):
    """A task: some passages that are no copies; ``part`` is clean, quoting or answers."""

    index: Path
    passages: Sequence[Passage]
    part: str = "clean"


class Innocents(NamedTuple):
    """A task: so many outputs of one innocent family."""

    index: Path
    family: str
    count: int
    seed: int


class Masked(NamedTuple):
    """A copy as it is sent out."""

    case: Case
    copy: str

    @property
    def text(self) -> str:
        return self.case.around(self.copy)


def masked(evasion: Evasion, case: Case, seed: int) -> str | tuple[str, ...]:
    """What an evasion makes of a passage; the same for the same seed."""
    made: str | tuple[str, ...] = evasion.make(case.passage, seeded(seed, evasion.name, case.id, case.words))
    return made


def of_copy(evasion: Evasion, case: Case) -> Sighting:
    """The row of a copy that nothing was seen of yet."""
    return Sighting("copy", evasion.name, case.id, evasion.group, evasion.gate, size=case.words)


def check_copies(task: Copies) -> list[Sighting]:
    """What the default policy makes of one evasion."""
    evasion, asked = TEXT[task.evasion], guard(task.index, DEFAULT)
    found = []
    for number, case in enumerate(task.cases):
        made, row = masked(evasion, case, task.seed), of_copy(evasion, case)
        if isinstance(made, tuple):
            found.append(seen(in_parts(asked, case, made, evasion.name), row, case.works))
            continue
        copy = Masked(case, made)
        one = seen(asked.check(copy.text, all=True), row, case.works, case.span(made))
        if number < task.streamed and one.right:
            one = one._replace(
                leaked={mode: leaked(guard(task.index, policy), copy) for mode, policy in MODES.items()}
            )
        found.append(one)
    return found


def check_edited(task: Edited) -> list[Sighting]:
    """What the default policy makes of copies that were edited before; their rate is the name."""
    asked = guard(task.index, DEFAULT)
    return [
        seen(asked.check(case.around(copy), all=True),
             Sighting("edited", f"{task.rate:g}", case.id, PLAIN, size=case.words), case.works, case.span(copy))
        for case, copy in task.copies
    ]  # fmt: skip


def _channels(response: Response, parts: Sequence[str]) -> None:
    for name, part in zip(("content", "reasoning"), parts, strict=True):
        _say(response, name, 0, part)


def _choices(response: Response, parts: Sequence[str]) -> None:
    for choice, part in enumerate(parts):
        _say(response, "content", choice, part)


def _say(response: Response, channel: str, choice: int, text: str) -> None:
    stream = response.stream(channel, choice)
    stream.feed(text)
    stream.finish()


PLACES: dict[str, Callable[[Response, Sequence[str]], None]] = {
    "split-channels": _channels,
    "split-choices": _choices,
}
"""How the parts of a split go out; other splits are answers of one conversation."""


def in_parts(asked: Guard, case: Case, parts: Sequence[str], name: str) -> Report:
    """The report on a passage whose parts go out over several channels, choices or answers."""
    told = [case.around(part) for part in parts]
    place = next((say for prefix, say in PLACES.items() if name.startswith(prefix)), None)
    if place is None:
        history = [
            turn
            for part in told[:-1]
            for turn in ({"role": "user", "content": "Go on."}, {"role": "assistant", "content": part})
        ]
        return asked.check(told[-1], history=history, all=True)
    response = asked.response(all=True)
    place(response, told)
    return response.report


def leaked(asked: Guard, copy: Masked) -> int:
    """Matched tokens of a copy that had gone out when it was stopped; of one that was not, all its words had."""
    response = asked.response()
    one = response.stream()
    for at in range(0, len(copy.text), CHUNK):
        one.feed(copy.text[at : at + CHUNK])
        if one.stopped:
            break
    else:
        one.finish()
    report = response.report
    of_it = [m for m in report.matches if m.action == "stop" and not names(m).isdisjoint(copy.case.works)]
    return max((match.leaked for match in of_it), default=len(copy.text.split()))


def check_clean(task: Cleans) -> list[Sighting]:
    """What the default policy makes of clean passages."""
    asked = guard(task.index, DEFAULT)
    return [
        seen(
            asked.check(one.text, all=True),
            Sighting(task.part, one.source, one.id),
        )
        for one in task.passages
    ]


def check_innocents(task: Innocents) -> list[Sighting]:
    """What is made of one innocent family, of each output under its own policy and prompt."""
    family = INNOCENT[task.family]
    found = []
    for number in range(task.count):
        output = family.make(seeded(task.seed, family.name, number))
        asked = guard(task.index, output.policy or DEFAULT)
        report = asked.check(output.text, prompt=output.prompt, language=output.language, all=True)
        language = output.language or ("any" if family.kind == "code" else "")
        row = Sighting("innocent", family.name, f"{family.name} {number}", language=language)
        found.append(seen(report, row))
    return found


class Compared(NamedTuple):
    """A task: texts under several policies of [text]; a text is (group, its id, the text, its works)."""

    index: Path
    points: Sequence[Mapping[str, float]]
    texts: Sequence[tuple[str, str, str, frozenset[str]]]


class Told(NamedTuple):
    """By which of the compared policies a text was stopped: for one of its works, or for any where it has none."""

    group: str
    id: str
    stopped: tuple[bool, ...]


def check_compared(task: Compared) -> list[Told]:
    """Every text under every policy, really checked: a policy's thresholds steer what is followed, too.

    What the lowest of thresholds releases, all release, so that most clean text is checked once.
    """
    policies = [Policy.load(text=point) for point in task.points]
    found = []
    for group, id, text, works in task.texts:
        low = bool(guard(task.index, LOW).check(text, all=True).matches)
        found.append(
            Told(group, id, tuple(low and _stops(guard(task.index, p), text, works) for p in policies))
        )
    return found


def _stops(asked: Guard, text: str, works: Iterable[str]) -> bool:
    acted = [match for match in asked.check(text).matches if match.action == "stop"]
    return any(not works or not names(match).isdisjoint(works) for match in acted)
