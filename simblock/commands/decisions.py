"""``simblock explain``: one decision of an audit log, with what decided it and by how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from simblock.commands.results import FIGURES, Marks, about, excerpt, likeness, twins
from simblock.errors import InputError, UsageError
from simblock.events.audit import Digest, digest_key
from simblock.events.decision import Decision, Spoken
from simblock.events.reading import Log
from simblock.events.record import Logged, rfc3339
from simblock.events.tally import deciding
from simblock.explain import distances
from simblock.explain.distances import Way
from simblock.match import Match, Span
from simblock.replay.thresholds import policy_of
from simblock.stores import keys
from simblock_indexer.escaping import printable
from simblock_indexer.tables import Column, counted, emit, say, table

SHORTEST = 4
"""Characters of an id: fewer would be of many decisions."""
PIECES = 6
"""Pieces of a match whose places are shown."""
MARKS = Marks("[[", "]]")
FIGURE_COLUMNS = (
    Column("    figure"), Column("here", "right"), Column("needed", "right"), Column("distance", "right"),
)  # fmt: skip


class Given(NamedTuple):
    """A text that was given, and the number of the stream that it is of."""

    text: str
    stream: int
    vouched: bool
    """Whether the log's digest says that the model said it."""


def explain(
    id: str, logs: Sequence[str], text_file: Path | None, key_file: Path | None, *, as_json: bool
) -> None:
    """Finds the decision, and prints it. Raises InputError where there is none or are many, or the text is another."""
    found = _find(id, logs)
    key = None if key_file is None else keys.load(key_file)
    given = None if text_file is None else _given(text_file, found.decision, key)
    if as_json:
        emit(
            {
                **found.row,
                "ways": [distances.to_dict(_ways(found, n)[0]) for n in range(len(found.thresholds))],
            }
        )
        return
    for line in _head(found):
        say(line)
    for number in range(len(found.decision.report.matches)):
        _match(found, number, given)
    for line in _foot(found.decision, given):
        say(line)


def _find(id: str, logs: Sequence[str]) -> Logged:
    if len(id) < SHORTEST:
        raise UsageError(f"{id}: too short for an id: give {SHORTEST} characters of it, or more")
    by_id: dict[str, Logged] = {}
    for path in logs:
        by_id.update((one.decision.id, one) for one in Log(path).find(id))
    if len(by_id) > 1:
        some = ", ".join(map(printable, list(by_id)[:3]))
        raise UsageError(
            f"{printable(id)}: {len(by_id):,} decisions have it ({some}, …): give the report's id, and more of it"
        )
    if not by_id:
        raise InputError(
            f"no decision {printable(id)} in {', '.join(logs)}: is it in a log that was rotated?"
        )
    return next(iter(by_id.values()))


def _given(path: Path, decision: Decision, key: bytes | None) -> Given:
    """The text and the stream that has as many characters; an editor's last line end is not the model's."""
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}: give another --text") from None
    for said in dict.fromkeys((text, text.removesuffix("\n"))):
        for number, stream in enumerate(decision.streams):
            if stream.characters == len(said) and _fits(stream, said, key):
                return Given(said, number, key is not None and stream.digest is not None)
    lengths = ", ".join(f"{stream.characters:,} ({_place(stream)})" for stream in decision.streams)
    mend = "give all that the model said in one stream, as it said it"
    if any(stream.characters in {len(text), len(text) - 1} for stream in decision.streams):
        raise InputError(
            f"{path}: the digest in the log is of another text, or made with another key: {mend}"
        )
    raise InputError(
        f"{path} has {len(text):,} characters, the streams of that response have {lengths or 'none'}: {mend}"
    )


def _fits(stream: Spoken, said: str, key: bytes | None) -> bool:
    if key is None or stream.digest is None:
        return True
    digest = Digest(digest_key(key))
    digest.update(said)
    return digest.hexdigest() == stream.digest


def _head(found: Logged) -> Iterator[str]:
    decision, report = found.decision, found.decision.report
    verdict = report.decision if report.observed is None else f"observe (would {report.observed})"
    yield f"{printable(decision.id)}: {verdict}"
    kind = ", ".join(filter(None, (decision.format, "streamed" if decision.streaming else "whole")))
    yield f"  {rfc3339(decision.at)}, {printable(decision.route)} ({kind}), outcome {decision.outcome.replace('_', ' ')}"
    named = (("request", decision.request_id), ("model", decision.model), ("tenant", decision.tenant))
    if told := ", ".join(f"{name} {printable(value)}" for name, value in named if value):
        yield f"  {told}"
    indexes = ", ".join(f"{printable(state.name)} epoch {state.epoch:,}" for state in report.indexes)
    yield f"  policy {report.policy}, {indexes}, simblock {printable(found.row['simblock'])}"
    if decision.continues:
        yield "  goes on with a conversation that the request did not hold: what was quoted in it before is not counted"
    if report.error is not None:
        yield f"  not all of it was examined: {printable(report.error)}"
    if reason := _because(decision):
        yield f"  decided by {reason}"


def _because(decision: Decision) -> str:
    decided = decision.report.decided
    if decided is None:
        return ""
    if decided.by == "degraded":
        return f"{decided.value:g} anchors ({decided.threshold:g} needed) that a lost index may hold"
    counts = "bits" if decided.by == "min_evidence" else f"{decided.unit}s"
    over = decided.value - decided.threshold
    return (
        f"{decided.value:g} {counts} {FIGURES[decided.by]}, {decided.threshold:g} needed, {over:g} over: "
        f"{printable(decided.work)} (rule {printable(decided.rule)}, {decided.by}), decided at character {decided.position:,}"
    )


def _ways(found: Logged, number: int) -> tuple[tuple[Way, ...], Way | None]:
    """The ways in which a match might act, and the one by which it does, by the thresholds that the log has."""
    match, thresholds = found.decision.report.matches[number], found.thresholds[number]
    if thresholds is None:
        return (), None
    try:
        policy = policy_of(match, thresholds, found.policy.get("profile", "stop"))
    except (KeyError, ValidationError, UsageError):
        return (), None
    decisive = match is deciding(found.decision)
    return distances.told(
        policy, match, found.decision.report.decided if decisive else None, found.decision.tenant
    )


def _match(found: Logged, number: int, given: Given | None) -> None:
    match = found.decision.report.matches[number]
    ways, acting = _ways(found, number)
    say("")
    known = about(match.work)
    say(
        f"  {match.action}  {printable(match.work.id)}{twins(match)}{f' ({known})' if known else ''}: {likeness(match)}"
    )
    say(f"    {_from(found.decision, number)}")
    if ways:
        figures = distances.table(ways)
        table(FIGURE_COLUMNS, ((f"    {one.name}: {one.what}", *one.shown, one.short) for one in figures))
        say(f"    {_verdict(ways, acting)}")
    for start, end, begin, stop in match.spans[:PIECES]:
        say(f"    output, characters {start:,}–{end:,} = work, characters {begin:,}–{stop:,}")
    if len(match.spans) > PIECES:
        say(f"    … and {len(match.spans) - PIECES:,} more pieces (--json has them all)")
    if passage := _passage(found.decision, number, given):
        say(f"    {passage}")


def _from(decision: Decision, number: int) -> str:
    match = decision.report.matches[number]
    stream = next((stream for stream in decision.streams if number in stream.matches), None)
    facts = (
        f"in {_place(stream)}" if stream else "",
        f"index {printable(match.index)}",
        f"channel {match.channel}",
        f"read as {match.view}",
        f"{match.information:,.1f} bits",
        f"rule {printable(match.rule)}",
        f"{match.leaked:,} {match.unit}s had gone out" if match.leaked else "",
        "the decision fell on it" if match is deciding(decision) else "",
    )
    return ", ".join(filter(None, facts))


def _place(stream: Spoken) -> str:
    part = f" {printable(stream.part)}" if stream.part else ""
    return f"{printable(stream.channel)}{part} of choice {stream.choice}"


def _verdict(ways: tuple[Way, ...], acting: Way | None) -> str:
    if acting is not None:
        return f"acts by {acting.by}: {acting.sentence}"
    return "does not act: " + " / ".join(f"{way.by}: {way.sentence}" for way in ways)


def _passage(decision: Decision, number: int, given: Given | None) -> str:
    """The passage in the text that was given, or as the log has it."""
    match = decision.report.matches[number]
    if given is not None and number in decision.streams[given.stream].matches:
        return excerpt(given.text, match, MARKS)
    evidence: Mapping[str, Any] = decision.evidence or {}
    said = evidence.get(str(number))
    return excerpt(said, _at(match, said), MARKS) if said else ""


def _at(match: Match, said: str) -> Match:
    """The match in a text that is the passage alone."""
    from dataclasses import replace

    return replace(match, output=Span(0, len(said)))


def _foot(decision: Decision, given: Given | None) -> Iterator[str]:
    yield ""
    for number, stream in enumerate(decision.streams):
        its = given is not None and given.stream == number
        vouched = (
            " (--text is what was said: the digests are equal)" if its and given and given.vouched else ""
        )
        stopped = ", stopped" if stream.stopped else ""
        yield (
            f"  {_place(stream)}: {stream.characters:,} characters said, {stream.released:,} released{stopped}"
            f"{vouched or (' (taken for --text)' if its else '')}"
        )
    for one in decision.unscanned:
        yield f"  not scanned: {counted(one.bytes, 'byte')} of {printable(one.what)}, {printable(one.reason)}"
    times = [
        f"scanning took {decision.scan_ms:,.1f} ms",
        f"text was held {decision.held_ms:,.0f} ms at the longest",
    ]
    yield f"  {', '.join(times)}"
