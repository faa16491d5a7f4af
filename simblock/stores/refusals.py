"""Languages that an index cannot be asked about in full here, because their code is read otherwise today.

Words are the same in every language: where they are read otherwise, the index as a whole is refused. Of code in one
language a view is refused alone, lexemes or syntax tokens: what stands in it is not found, and all else is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simblock import text
from simblock.errors import Incompatible
from simblock.stores.manifest import Manifest
from simblock.stores.segment import Segment
from simblock.stores.worktable import OWN
from simblock.tokens import CODE_VIEWS, Bools
from simblock.work import Work

if TYPE_CHECKING:
    from simblock.stamps import Parser, Stamp

AGAIN = "build it again from the works with simblock-index build"
ALL = ("lexemes", "syntax")
_LOST = {
    ("syntax",): "code of {} is looked for by exact runs of lexemes alone, and not for near copies",
    ALL: "code of {} is looked for by its words alone",
}
_OF_SEVERAL = (
    ("its parser is missing", "their parsers are missing"),
    ("its parser is not the one its grammar was", "their parsers are not those their grammars were"),
    ("another version of its parser", "other versions of their parsers"),
    ("its works", "their works"),
    ("grammar of it", "grammars of them"),
)
"""What is said of one language, and what of several."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A language whose works in an index are not looked for in some ``views``: why, and what mends it: ``packages`` to
    install, or what ``otherwise`` says."""

    language: str
    views: tuple[str, ...]
    reason: str
    otherwise: str
    packages: tuple[str, ...] = ()

    @property
    def mend(self) -> str:
        """What mends it, as a sentence says it."""
        return _mend(self.packages, self.otherwise)

    def __str__(self) -> str:
        return sentences([self])[0]

    def error(self, what: str) -> Incompatible:
        """Says what cannot be done, with the language's name in it, for this reason."""
        return Incompatible(f"{what.format(self.language)}, for {self.reason}: {self.mend}")

    def to_dict(self) -> dict[str, Any]:
        """The refusal for JSON."""
        names = ("language", "views", "reason", "mend")
        return {name: getattr(self, name) for name in names}


def sentences(refused: Iterable[Refusal]) -> list[str]:
    """A sentence for each reason, with the languages that are refused for it and one mend for all of them."""
    groups: dict[tuple[Any, ...], list[Refusal]] = {}
    for one in refused:
        key = (one.views, one.reason, one.otherwise, bool(one.packages))
        groups.setdefault(key, []).append(one)
    return [_sentence(group) for group in groups.values()]


def _sentence(group: Sequence[Refusal]) -> str:
    first, names = group[0], ", ".join(one.language for one in group)
    lost, reason = _LOST[first.views].format(names), first.reason
    if len(group) > 1:
        lost = lost.replace("its words", "their words")
        for one, several in _OF_SEVERAL:
            reason = reason.replace(one, several)
    packages = dict.fromkeys(package for one in group for package in one.packages)
    return f"{lost}, for {reason}: {_mend(tuple(packages), first.otherwise)}"


def _mend(packages: Sequence[str], otherwise: str) -> str:
    install = f"pip install {' '.join(packages)}" if packages else ""
    return ", or ".join(filter(None, (install, otherwise)))


def check_words(manifest: Manifest) -> None:
    """Raises Incompatible where words are read otherwise today than when the index was made."""
    manifest.scheme.check_same_tokens(text.fingerprint())


def refusals(languages: Mapping[str, str]) -> dict[str, Refusal]:
    """Of the languages of a manifest, with their stamps, those that are read otherwise here."""
    found = {language: _refusal(language, made) for language, made in sorted(languages.items())}
    return {language: refusal for language, refusal in found.items() if refusal is not None}


def _refusal(language: str, made: str) -> Refusal | None:
    from simblock import grammar, stamps  # with the parsers, which an index of texts does without

    if language not in grammar.languages():
        return Refusal(language, ALL, "this simblock has no grammar of it", "upgrade simblock")
    stamp, ours = stamps.Stamp.read(made), stamps.stamp_of(language)
    if stamp.reads_like(ours):
        return None
    if stamp.lexer != ours.lexer:
        return Refusal(language, ALL, "its works were read by other rules than today's", AGAIN)
    return Refusal(language, ("syntax",), *_trouble(stamp, stamps.parsers_of(language)))


def _trouble(made: Stamp, parsers: Sequence[Parser]) -> tuple[str, str, tuple[str, ...]]:
    """Why syntax tokens are others here than where a stamp was made, and the mend."""
    versions = {parser: made.version_of(parser.package) for parser in parsers}
    read = {parser: version for parser, version in versions.items() if version is not None}
    if missing := {one: at for one, at in read.items() if one.trouble and not one.trouble.trouble}:
        return "its parser is missing", "'simblock[languages]' for all", _exactly(missing)
    if unfit := {one: at for one, at in read.items() if one.trouble}:
        return "its parser is not the one its grammar was made for", "", _exactly(unfit)
    if any(parser.trouble is None and parser not in read for parser in parsers):
        return "its works were read without a parser", AGAIN, ()
    if others := {one: at for one, at in read.items() if at not in {"", one.version}}:
        return "its works were read by another version of its parser", AGAIN, _exactly(others)
    return "its works were read by another parser or vocabulary", AGAIN, ()


def _exactly(versions: Mapping[Parser, str]) -> tuple[str, ...]:
    return tuple(
        f"'{parser.package}=={version}'" if version else parser.package
        for parser, version in versions.items()
    )


def check_taken(name: str, refused: Mapping[str, Refusal], work: Work) -> None:
    """Raises Incompatible where a work is code of a refused language: it would be read otherwise than those that
    stand in the index ``name``."""
    refusal = refused.get(work.language or "") if work.kind == "code" else None
    if refusal is not None:
        raise refusal.error(f"{name} takes no further code of {{}}")


def read_alike(one: str, other: str) -> bool:
    """Whether two stamps of a language are of one way to read it."""
    from simblock.stamps import Stamp

    return Stamp.read(one).reads_like(Stamp.read(other))


def left_out(segments: Sequence[Segment], refused: Mapping[str, Refusal]) -> list[Bools]:
    """Which runs of each segment are of code in a view that is refused: bool [runs].

    Reads what is known of every work. Raises Wanted where that is not here.
    """
    numbers = {segment.id: number for number, segment in enumerate(segments)}
    out = [np.zeros(segment.facts.runs, bool) for segment in segments]
    for number, segment in enumerate(segments):
        works = segment.works
        for row, language in enumerate(works.languages()):
            if language is not None and language in refused:
                own = int(works.rows["segment"][row])
                target = number if own == OWN else numbers[works.others[own]]
                head = int(works.runs[row])
                for view in refused[language].views:
                    out[target][head + CODE_VIEWS.index(view)] = True
    return out
