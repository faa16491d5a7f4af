"""Matches as reports have them: from what a stream knows of a work to places and figures."""

from __future__ import annotations

import numpy as np

from simblock.match import Match, Span
from simblock.questions import Placed
from simblock.scheme import kind_of
from simblock.tracking import Track


def unplaced(tokens: int) -> Placed:
    """The places of so many tokens where the store lost them: nowhere, at 0, and on line 0."""
    nowhere = np.zeros(tokens, np.int64)
    return Placed(nowhere, nowhere, nowhere)


def match_of(track: Track, placed: Placed, index: str) -> Match:
    """The match of a track's snapshot; ``placed`` has the first and last source token of each piece."""
    assert track.snapshot is not None
    placings, figures = track.snapshot.placings, track.snapshot.figures
    firsts, lasts = placed.starts[::2].tolist(), placed.ends[1::2].tolist()
    spans = [(*p.output, first, last) for p, first, last in zip(placings, firsts, lasts, strict=True)]
    stretches = [(p.first, p.last + 1) for p in placings]
    return Match(
        work=track.work,
        index=index,
        channel="exact" if track.snapshot.exact else "near",
        similarity=figures.similarity,
        tokens=figures.tokens,
        longest_run=figures.longest_run,
        names_alike=figures.names_alike,
        quoted=track.quota.words,
        evidence=figures.evidence,
        information=max(track.information(track.pieces, stretches), track.snapshot.information),
        output=Span(min(s[0] for s in spans), max(s[1] for s in spans)),
        source=Span(min(s[2] for s in spans), max(s[3] for s in spans)),
        lines=(
            Span(min(p.lines.start for p in placings), max(p.lines.end for p in placings)),
            Span(int(placed.lines.min()), int(placed.lines.max())),
        ),
        spans=tuple(spans),
        rule=track.resolved.rule,
        action=track.action,
        verbatim=track.snapshot.verbatim,
        renamed=track.snapshot.renamed,
        common=track.common,
        twins=track.twins,
        leaked=track.leaked,
        kind=kind_of(track.view),
        language=track.work.language,
        view=track.view,
    )
