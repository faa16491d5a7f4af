"""Languages that an index cannot be asked about in full here, because their code is read otherwise today.

Words are the same in every language: where they are read otherwise, the index as a whole is refused. Of code in one
language a view is refused alone, lexemes or syntax tokens: what stands in it is not found, and all else is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from simblock import text
from simblock.errors import Incompatible
from simblock.stores.manifest import Manifest
from simblock.stores.segment import Segment
from simblock.stores.worktable import OWN
from simblock.tokens import CODE_VIEWS, Bools
from simblock.work import Work

AGAIN = "build it again from the works with simblock-index build"
ALL = ("lexemes", "syntax")
_LOST = {
    ("syntax",): "code of {} is looked for by exact runs of lexemes alone, and not for near copies",
    ALL: "code of {} is looked for by its words alone",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A language whose works in an index are not looked for in some ``views``: why, and what mends it."""

    language: str
    views: tuple[str, ...]
    reason: str
    mend: str

    def __str__(self) -> str:
        return f"{_LOST[self.views].format(self.language)}, for {self.reason}: {self.mend}"

    def error(self, what: str) -> Incompatible:
        """Says what cannot be done, with the language's name in it, for this reason."""
        return Incompatible(f"{what.format(self.language)}, for {self.reason}: {self.mend}")

    def to_dict(self) -> dict[str, Any]:
        """The refusal for JSON: its fields under their names."""
        return asdict(self)


def check_words(manifest: Manifest) -> None:
    """Raises Incompatible where words are read otherwise today than when the index was made."""
    manifest.scheme.check_same_tokens(text.fingerprint())


def stamp_of(language: str) -> str:
    """What a manifest keeps of a language: how its code is read here, and by which version of its parser."""
    from simblock import code  # with the parsers, which an index of texts does without

    version = code.parser_version(language)
    return code.fingerprint(language) + (f"@{version}" if version else "")


def refusals(languages: Mapping[str, str]) -> dict[str, Refusal]:
    """Of the languages of a manifest, with their stamps, those that are read otherwise here."""
    found = {language: _refusal(language, made) for language, made in sorted(languages.items())}
    return {language: refusal for language, refusal in found.items() if refusal is not None}


def _refusal(language: str, made: str) -> Refusal | None:
    from simblock import code, grammar

    if language not in grammar.languages():
        return Refusal(language, ALL, "this simblock has no grammar of it", "upgrade simblock")
    print_, _, version = made.partition("@")
    ours = code.fingerprint(language)
    if print_ == ours or (":" not in print_ and print_ == code.former_fingerprint(language)):
        return None
    lexer, _, syntax = print_.partition(":")
    if lexer != ours.partition(":")[0]:
        return Refusal(language, ALL, "its works were read by other rules than today's", AGAIN)
    if not syntax:
        return Refusal(language, ("syntax",), "its works were read without a parser", AGAIN)
    return Refusal(language, ("syntax",), *_trouble(language, version))


def _trouble(language: str, version: str) -> tuple[str, str]:
    """Why syntax tokens are others here, and the mend, where the works were read by a ``version`` of the parser."""
    from simblock import code
    from simblock.errors import MissingParser
    from simblock.grammar import grammar
    from simblock.nodes import lookups_of, package_of

    package = package_of(grammar(language))
    exactly = f"pip install '{package}=={version}'" if version else f"pip install {package}"
    try:
        lookups_of(grammar(language))
    except MissingParser as error:
        reason = (
            "its parser is not the one its grammar was made for" if error.trouble else "its parser is missing"
        )
        return reason, f"{exactly}, or 'simblock[languages]' for all" if not error.trouble else exactly
    if version and version != code.parser_version(language):
        return "its works were read by another version of its parser", f"{exactly}, or {AGAIN}"
    return "its works were read by another parser or vocabulary", AGAIN


def check_taken(name: str, refused: Mapping[str, Refusal], work: Work) -> None:
    """Raises Incompatible where a work is code of a refused language: it would be read otherwise than those that
    stand in the index ``name``."""
    refusal = refused.get(work.language or "") if work.kind == "code" else None
    if refusal is not None:
        raise refusal.error(f"{name} takes no further code of {{}}")


def read_alike(language: str, one: str, other: str) -> bool:
    """Whether two stamps of a language are of one way to read it."""
    if one.partition("@")[0] == other.partition("@")[0]:
        return True
    return not refusals({language: one}) and not refusals({language: other})


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
