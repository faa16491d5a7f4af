"""Which of a report's matches its decision fell on."""

from __future__ import annotations

from simblock.match import Match, Report


def decisive(report: Report) -> Match | None:
    """The match that made the decision: None where nothing was decided, or where it is not among those told.

    It is of the work that was named, had the decision's action, and began before the decision fell: the last such, for
    what began earlier and had to act had done so already, or was short of it by itself. The view is looked at
    last, as matches of a work in the same characters are told in one view only.
    """
    decided = report.decided
    if decided is None:
        return None
    its = [
        match
        for match in report.matches
        if (match.work.id, match.action) == (decided.work, decided.action)
        and match.output.start < decided.position
    ]
    of_view = [match for match in its if match.view == decided.view]
    return max(of_view or its, key=lambda match: match.output.start, default=None)
