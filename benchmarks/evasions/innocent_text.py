"""Innocent prose: notices, proverbs, formulas, answers, what the prompt brought, what a policy allows."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Callable, Sequence

from benchmarks.evasions.innocent_lists import MONTHS
from benchmarks.evasions.innocent_wording import (
    AGENDAS,
    ANSWERS,
    COOKIES,
    DISCLAIMERS,
    FORMULAS,
    HOLDERS,
    LETTERS,
    LOREM,
    NOTICES,
    PLACES,
    PROVERBS,
    QUOTATIONS,
    RECIPES,
    SIGNATURES,
)
from benchmarks.evasions.own_stories import STORIES
from benchmarks.evasions.own_words import NAMES, SENTENCES
from benchmarks.evasions.passage import sentences, shuffled
from benchmarks.evasions.registry import Output, innocent
from benchmarks.evasions.text_edits import edited
from benchmarks.evasions.text_letters import TYPOS, misspelt
from simblock.policy import Policy

PUBLIC_DOMAIN = Policy(
    rule=[
        {"name": "public domain", "license": ["public-domain"], "action": "release"},
        {"name": "old works", "tag": ["public-domain"], "action": "release"},
        {
            "name": "Shakespeare",
            "work": ["*hamlet*", "*j_caesar*", "*macbeth*", "shakespeare/*"],
            "action": "release",
        },
    ]
)
"""What a house would write that lets old texts be quoted: by licence, by tag, by name."""

_Make = Callable[[random.Random], str]


def prose(name: str, *, common: bool = False) -> Callable[[_Make], _Make]:
    """Enters a family of innocent texts that need no more than the default policy and no prompt."""

    def enter(write: _Make) -> _Make:
        def make(rng: random.Random) -> Output:
            return Output(write(rng))

        make.__doc__ = write.__doc__
        innocent(name, kind="text", common=common)(make)
        return write

    return enter


def _some(pool: Sequence[str], rng: random.Random, least: int = 1) -> list[str]:
    return rng.sample(pool, rng.randint(least, len(pool)))


def _between_answers(text: str, rng: random.Random) -> str:
    before, after = rng.sample(ANSWERS, 2)
    return f"{before}\n\n{text}\n\n{after}"


@prose("license-notices", common=True)
def _notices(rng: random.Random) -> str:
    """A copyright line with the notices of licences."""
    lines = f"Copyright (c) {rng.randint(1995, 2026)} {rng.choice(HOLDERS)}\n\n"
    return lines + "\n\n".join(_some(NOTICES, rng))


@prose("license-notices-within")
def _notices_within(rng: random.Random) -> str:
    """An answer that shows the notice of a licence."""
    return _between_answers(rng.choice(NOTICES), rng)


@prose("license-headers", common=True)
def _headers(rng: random.Random) -> str:
    """The notice of a licence as the comment that stands at the head of a file."""
    mark = rng.choice(("# ", "// ", " * ", "-- "))
    year, holder = rng.randint(1995, 2026), rng.choice(HOLDERS)
    lines = [f"Copyright {year} {holder}. All rights reserved.", "", *textwrap.wrap(rng.choice(NOTICES), 72)]
    return "\n".join((mark + line).rstrip() for line in lines)


@prose("license-talk")
def _license_talk(rng: random.Random) -> str:
    """What an answer says about a licence in its own words."""
    name = rng.choice(("MIT", "Apache-2.0", "BSD-3-Clause", "GPL-3.0-or-later"))
    return (
        f"The project is published under {name}; the full text is in the file LICENSE. You may use it at work, "
        "provided that you keep the copyright notice. There is no warranty. "
    ) + rng.choice(ANSWERS)


@prose("proverbs", common=True)
def _proverbs(rng: random.Random) -> str:
    """Common proverbs, in a list or one after the other."""
    them = _some(PROVERBS, rng, least=8)
    return rng.choice(("\n".join, " ".join, "\n- ".join))(them)


@prose("legal-formulas", common=True)
def _formulas(rng: random.Random) -> str:
    """The clauses that nearly every contract ends with."""
    them = (one.format(place=rng.choice(PLACES)) for one in _some(FORMULAS, rng, least=3))
    return "\n\n".join(f"{at}. {one}" for at, one in enumerate(them, 1))


@prose("cookie-banners")
def _cookies(rng: random.Random) -> str:
    """A banner about cookies."""
    return _between_answers(rng.choice(COOKIES), rng)


@prose("disclaimers", common=True)
def _disclaimers(rng: random.Random) -> str:
    """Disclaimers and reservations of rights."""
    return " ".join(_some(DISCLAIMERS, rng))


@prose("lorem-ipsum", common=True)
def _lorem(rng: random.Random) -> str:
    """The printers' filler text, once or over and over."""
    return "\n\n".join([LOREM] * rng.randint(1, 3))


@prose("recipes")
def _recipes(rng: random.Random) -> str:
    """A recipe or three."""
    return "\n\n".join(_some(RECIPES, rng))


@prose("answers")
def _answers(rng: random.Random) -> str:
    """Ordinary answers of an assistant."""
    return "\n\n".join(_some(ANSWERS, rng, least=2))


@prose("signatures")
def _signatures(rng: random.Random) -> str:
    """An answer to a customer with a signature under it."""
    first, last = rng.sample(NAMES, 2)
    name, mail = f"{first} {last}", f"{first.lower()}@example.com"
    sign = rng.choice(SIGNATURES).format(name=name, number=rng.randrange(1000, 9999), mail=mail)
    return f"{rng.choice(ANSWERS)}\n\n{sign}"


@prose("letters")
def _letters(rng: random.Random) -> str:
    """The set phrases of business letters."""
    facts = {"day": rng.randint(1, 28), "month": rng.choice(MONTHS), "name": rng.choice(NAMES)}
    return "\n\n".join(one.format(**facts) for one in _some(LETTERS, rng))


@prose("agendas")
def _agendas(rng: random.Random) -> str:
    """An agenda or a changelog of the usual headings."""
    return "\n\n".join(_some(AGENDAS, rng))


@prose("smalltalk")
def _smalltalk(rng: random.Random) -> str:
    """Sentences of our own one after the other."""
    return " ".join(_some(SENTENCES, rng, least=8))


@prose("log-lines")
def _log(rng: random.Random) -> str:
    """Lines of a log, each but for its time and number like the last."""
    return "\n".join(
        f"2026-01-{at // 24 + 1:02} {at % 24:02}:00:00 INFO worker {rng.randrange(8)}: done, 0 errors, "
        f"{rng.randrange(900)} ms"
        for at in range(40)
    )


@prose("figures")
def _figures(rng: random.Random) -> str:
    """A table of numbers."""
    rows = (" | ".join(f"{rng.uniform(0, 100):.2f}" for _ in range(5)) for _ in range(20))
    return "\n".join(f"| {row} |" for row in rows)


@prose("repetition")
def _again(rng: random.Random) -> str:
    """One word or sentence over and over, as a model that is stuck writes."""
    return " ".join([rng.choice((*SENTENCES, "the", "ha", "buffalo", "yes yes no"))] * 60)


@prose("summaries")
def _summaries(rng: random.Random) -> str:
    """What one says of a work that stands in the index, without its sentences."""
    return "\n\n".join(story.summary for story in rng.sample(STORIES, rng.randint(1, len(STORIES))))


@innocent("public-domain-quotations", kind="text")
def _quotation(rng: random.Random) -> Output:
    """Lines of Shakespeare under a policy that lets them be quoted."""
    return Output(_between_answers(rng.choice(QUOTATIONS), rng), policy=PUBLIC_DOMAIN)


def _asked(task: str, text: str) -> str:
    return f"{task}\n\n{text}"


@innocent("prompt-echoed", kind="text")
def _echoed(rng: random.Random) -> Output:
    """A work of the index that the user brought, given back as it is, in capitals or without its marks."""
    text = rng.choice(STORIES).text
    back = rng.choice((text, text.upper(), " ".join(text.split())))
    return Output(f"Here is your text:\n\n{back}", prompt=_asked("Print this on one page, please.", text))


@innocent("prompt-quoted", kind="text")
def _quoted(rng: random.Random) -> Output:
    """Sentences of a text that the user brought, with a remark after each."""
    text = rng.choice(STORIES).text
    remarks = rng.sample(SENTENCES, len(SENTENCES))
    back = "\n\n".join(f"> {one}\n\n{remark}" for one, remark in zip(sentences(text), remarks, strict=False))
    return Output(back, prompt=_asked("Comment on every sentence.", text))


@innocent("prompt-corrected", kind="text")
def _corrected(rng: random.Random) -> Output:
    """A text that the user brought with slips in 3 % of its words, given back without them."""
    text = rng.choice(STORIES).text
    return Output(text, prompt=_asked("Correct my spelling.", misspelt(text, 0.03, tuple(TYPOS), rng)))


@innocent("prompt-edited", kind="text")
def _edited(rng: random.Random) -> Output:
    """A text that the user brought, given back with other words in place of every twentieth."""
    text = rng.choice(STORIES).text
    back = edited(text, range(rng.randrange(20), 1000, 20), ("substitute",), rng)
    return Output(back, prompt=_asked("Make this livelier.", text))


@innocent("prompt-reordered", kind="text")
def _reordered(rng: random.Random) -> Output:
    """A text that the user brought, its sentences in another order."""
    text = rng.choice(STORIES).text
    back = " ".join(shuffled(sentences(text), rng))
    return Output(back, prompt=_asked("Put the sentences in a better order.", text))
