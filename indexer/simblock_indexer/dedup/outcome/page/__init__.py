"""The outcome of a pass as one HTML page that stands by itself: no script, nothing fetched, every string escaped.

Documents come from anywhere, so they are hostile: what cannot be seen is spelled out, and each text is isolated.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simblock.errors import MissingExtra
from simblock_indexer.dedup.folder import Folder, replaced
from simblock_indexer.dedup.outcome.page.charts import HEIGHT, SORTS, WIDTH, bars, similarities
from simblock_indexer.dedup.outcome.page.showing import groups
from simblock_indexer.dedup.outcome.result import Outcome
from simblock_indexer.dedup.settled import Settled
from simblock_indexer.escaping import encodable, printable
from simblock_indexer.tables import size

if TYPE_CHECKING:
    from jinja2 import Template

LONGEST = 160
"""Characters of a name that are shown: ids and paths may be of any length."""
FILES, WORKS, CLUSTERS = 10, 10, 10
"""Rows of tables that are shown."""
FIRST = 2
"""Examples under a heading that are shown unasked."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
REASONS = ("exact", "near", "passage", "protected")


def write(
    outcome: Outcome, folder: Folder, settled: Settled, largest: list[tuple[int, int]], name: str
) -> None:
    """Writes the page of a settled pass, whose ``largest`` clusters are (size, representative), into its ``out``.

    Raises MissingExtra without jinja2.
    """
    template = _template()
    shown = template.render(
        one=outcome,
        policy=POLICY,
        tiles=_tiles(outcome),
        sizes=bars({size: count for size, count in outcome.clusters["by_size"].items() if size != "1"}),
        similarities=similarities(
            outcome.similarities["members"],
            outcome.similarities["rejected"],
            outcome.parameters["threshold"],
        ),
        sorts=SORTS,
        width=WIDTH,
        height=HEIGHT,
        groups=groups(folder, settled, largest),
        first=FIRST,
        files=outcome.affected[:FILES],
        works=outcome.protected["most"][:WORKS] if outcome.protected else (),
        clusters=outcome.clusters["largest"][:CLUSTERS],
        stages=_stages(outcome.rates),
        parameters=_parameters(outcome.parameters),
    )
    with replaced(Path(outcome.out) / name) as path:
        path.write_text(encodable(shown), "utf-8")


class Tile(NamedTuple):
    """A count at the top: what it looks like, its name, and its share of all documents."""

    sort: str
    number: int
    name: str
    share: str


def _tiles(outcome: Outcome) -> list[Tile]:
    whole = outcome.documents
    found = [Tile("all", whole, f"document{'' if whole == 1 else 's'} read", "")]
    for sort, number, name in _parts(outcome):
        found.append(Tile(sort, number, name, percent(number, whole)))
    if outcome.bad:
        found.append(Tile("bad", outcome.bad, "rows passed over", ""))
    return found


def _parts(outcome: Outcome) -> Iterator[tuple[str, int, str]]:
    """Documents by what became of them, and those that are kept and hold something."""
    yield "kept", outcome.kept, "kept"
    for reason in REASONS:
        if reason in _on(outcome):
            yield reason, outcome.by_reason[reason], NAMES[reason]
    done = DONE[outcome.parameters["cut"]]
    if outcome.passages and done:
        yield "passage", outcome.passages["documents"], f"{done}: repeated passages"
    for cut, count in (outcome.protected or {"by_cut": {}})["by_cut"].items():
        if count and DONE[cut]:
            yield "protected", count, f"{DONE[cut]}: protected works"


DONE = {"drop": "", "redact": "redacted", "list": "listed"}
NAMES = {
    "exact": "dropped: equal text",
    "near": "dropped: near-copies",
    "passage": "dropped: repeated passages",
    "protected": "dropped: protected works",
}


def _on(outcome: Outcome) -> set[str]:
    """The reasons for which a document could be dropped."""
    drops = outcome.parameters["cut"] == "drop"
    asked = {"exact", "near"} if outcome.parameters["scope"] != "passage" else set()
    asked |= {"passage"} if outcome.passages is not None and drops else set()
    asked |= {"protected"} if outcome.protected is not None and drops else set()
    return asked | {reason for reason, count in outcome.by_reason.items() if count}


def _stages(rates: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What each stage took of processors, and the bytes of the delivery that it does a second on one of them."""
    return [
        (name, f"{took['seconds']:,.1f} s", _rate(took["bytes"], took["seconds"]))
        for name, took in rates.get("stages", {}).items()
    ]


def _rate(bytes: int, seconds: float) -> str:
    return f"{size(bytes / seconds)}/s" if bytes and seconds else ""


def _parameters(parameters: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (
            name.replace("_", " "),
            ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value),
        )
        for name, value in parameters.items()
        if value not in (None, (), [], "")
    ]


def percent(count: int, total: int) -> str:
    """A share in percent, of few with more digits."""
    share = 100 * count / total if total else 0.0
    return f"{share:.2f} %" if 0 < share < 1 else f"{share:.1f} %"


def line(value: object) -> str:
    """A name from outside on one line, cut where it is very long: at the left, as the end of a path says more."""
    text = printable(value)
    return text if len(text) <= LONGEST else f"…{text[-LONGEST:]}"


def seen(text: str) -> str:
    """A text with its lines and tabs, and everything else that cannot be seen spelled out."""
    return "".join(c if c.isprintable() or c in "\n\t" else printable(c) for c in text.replace("\r\n", "\n"))


@cache
def _template() -> Template:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise MissingExtra("the page of a pass (report.html)", "report") from None
    templates = Environment(
        loader=PackageLoader("simblock_indexer", "dedup/outcome/page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"line": line, "seen": seen, "size": size, "count": "{:,}".format}
    return templates.get_template("page.html")
