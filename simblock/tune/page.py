"""A tuning as one HTML page: figures, curve, and what would be stopped of the clean outputs. No text of any."""

from __future__ import annotations

from importlib.util import find_spec

from simblock.errors import MissingExtra
from simblock.explain.templating import environment
from simblock.tune.curves import EXTRA, svg
from simblock.tune.outcome import Outcome, percent, told
from simblock.tune.policyfile import written
from simblock.tune.rows import HEADINGS, rows
from simblock_indexer.escaping import printable

PAGE = "a page of the tuning"
FIGURES = ("tokens", "longest_run", "similarity", "information", "evidence", "quoted")
LISTED = 1000
"""Clean outputs that the page names."""


def require() -> None:
    """Raises MissingExtra where a page cannot be made: better before everything is measured than after."""
    if not all(map(find_spec, ("jinja2", "matplotlib"))):
        raise MissingExtra(PAGE, EXTRA)


def page(outcome: Outcome) -> str:
    """The page. Raises MissingExtra without jinja2 or matplotlib."""
    require()
    from markupsafe import Markup

    template = environment("tune", PAGE).get_template("page.html")
    return template.render(
        question=outcome.question,
        asked=percent(outcome.question.rate),
        notes=outcome.notes,
        headings=HEADINGS,
        rows=rows(outcome),
        curve=Markup(svg(outcome.choice, outcome.question.rate)),  # noqa: S704 - drawn here, from numbers alone
        kinds=outcome.kinds,
        lists=(("policy now", outcome.stopped_now), ("chosen policy", outcome.stopped)),
        figures=FIGURES,
        listed=LISTED,
        policy=written(outcome),
        told=told,
        printable=printable,
    )
