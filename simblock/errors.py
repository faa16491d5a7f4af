"""The errors of simblock, by whose fault each is.

SimblockError
├── UsageError            the caller's: a request that cannot be meant
│   ├── InputError        a file, a row, an encoding that cannot be read
│   └── PolicyError       a policy that cannot be met
├── IndexProblem           the index's: what is stored cannot be used
│   ├── NotAnIndex        nothing of ours stands there
│   ├── Damaged           a checksum, a length, a missing part
│   ├── Incompatible      another scheme, another tokeniser, a newer format
│   ├── KeyProblem        no key, or the wrong one
│   └── Busy              another writer holds the lock
├── StoreLost             the store cannot answer now (worth a retry)
├── Unavailable           what a policy or a setting demands cannot be done now (worth a retry)
├── MissingExtra          an optional package is not installed
└── MissingParser         that of a language is not, or does not fit

Each is one sentence that names the thing and the mend. Messages never hold protected text.
Commands print them on one line and exit 2; anything else that escapes is a bug.
"""

from __future__ import annotations

__all__ = [
    "Busy",
    "Damaged",
    "Incompatible",
    "IndexProblem",
    "InputError",
    "KeyProblem",
    "MissingExtra",
    "MissingParser",
    "NotAnIndex",
    "PolicyError",
    "SimblockError",
    "StoreLost",
    "Unavailable",
    "UsageError",
]


class SimblockError(Exception):
    """The root of what simblock raises on purpose."""


class UsageError(SimblockError):
    """The call cannot be meant as it stands."""


class InputError(UsageError):
    """A file, a row or an encoding that cannot be read."""


class PolicyError(UsageError):
    """A policy with an unknown field or an impossible value."""


class IndexProblem(SimblockError):
    """What is stored cannot be used."""


class NotAnIndex(IndexProblem):
    """Nothing of ours stands at that path."""


class Damaged(IndexProblem):
    """A checksum that differs, a file cut short, a missing segment."""


class Incompatible(IndexProblem):
    """Made with another scheme or tokeniser, or by a newer simblock."""


class KeyProblem(IndexProblem):
    """A keyed index without its key, or with another."""


class Busy(IndexProblem):
    """Another process is writing to the index."""


class StoreLost(SimblockError):
    """The store gave no answer."""


class Unavailable(SimblockError):
    """Something that must be done with each answer cannot be done now, such as writing a log that is required."""


class MissingExtra(SimblockError):
    """An optional package is needed and not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an extra: pip install 'simblock[{extra}]'")


class MissingParser(SimblockError):
    """The parser of a language is not installed, or does not fit its grammar: of its code there are lexemes, and no
    syntax tokens.

    ``package`` is what brings it; ``trouble`` says what is wrong with one that is there.
    """

    def __init__(self, language: str, package: str, trouble: str = "") -> None:
        self.language, self.package, self.trouble = language, package, trouble
        if trouble:
            super().__init__(
                f"near copies of {language} need another version of a parser ({trouble}): "
                f"pip install --upgrade simblock {package}"
            )
        else:
            super().__init__(
                f"near copies of {language} need a parser: pip install {package}, or 'simblock[languages]' for all"
            )
