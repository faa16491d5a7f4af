"""Words as they were meant: letters that stand apart joined, strings of words cut, hyphens and leetspeak read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from simblock.leetspeak import PAIRS, SIGNS, plain
from simblock.masks import HYPHEN
from simblock.segmenting import Letter, Segmenter, segment, word_costs
from simblock.spelling import Named, Spelled, named, named_char
from simblock.wordkeys import WORD_LIMIT

SINGLES = 3
"""Single letters in a row that are taken for a word's."""
LIVE = 6
"""Single letters from which on words are given before the row has ended."""
PARTS = 12
"""Parts between hyphens at most."""
SIGNS_READ = 3
"""Words with signs within after which signs are letters."""
RUN_TOGETHER = 6
"""Letters of an unknown word that may be several."""


class Meant(NamedTuple):
    """A token as it was meant; ``masked``: it was written otherwise; ``number``: it consists of digits."""

    token: Named
    masked: bool
    number: bool = False


class Joiner:
    """Takes words as they are spelled, gives them as they were meant by the rules that are on."""

    __slots__ = ("_apart", "_chain", "_live", "_rules", "_segmenter", "_signs_read")

    def __init__(self, rules: Collection[str]) -> None:
        self._rules = rules
        self._chain: list[Spelled] = []
        self._live = ""  # what is going on: single letters, a string without spaces, or nothing
        self._apart = ""  # the gap between letters of one word
        self._segmenter = Segmenter()
        self._signs_read = 0  # words of leetspeak with signs within

    @property
    def start(self) -> int | None:
        """Where the first letter stands that waits."""
        return (
            self._segmenter.start if self._live else self._chain[0].letters[0].start if self._chain else None
        )

    def take(self, word: Spelled) -> Iterator[Meant]:
        """The tokens that are certain now."""
        if not self._goes_on(word):
            yield from self.finish()
        if word.char:
            yield Meant(named_char(word.letters[0]), masked=False)
        elif self._live:
            yield from self._push(word)
        else:
            self._chain.append(word)
            yield from self._begin()

    def finish(self) -> Iterator[Meant]:
        """What waits, as it stands."""
        chain, self._chain = self._chain, []
        if self._live:
            self._live = ""
            yield from _tokens(self._segmenter.finish())
        elif len(chain) >= SINGLES and _single(chain):
            yield from _tokens(segment(_row(chain, _usual_gap(chain))))
        elif len(chain) > 1 and "hyphens" in self._rules:
            yield from _tokens(segment(_shut(chain)))
        else:
            for word in chain:
                yield from self._alone(word)

    def _goes_on(self, word: Spelled) -> bool:
        """Whether a word goes on with what waits."""
        if word.char:
            return False
        single = len(word.letters) == 1
        if self._live or not self._chain:
            return {"": True, "letters": single, "string": word.gap == ""}[self._live]
        if single and _single(self._chain):
            return True
        hyphen = "hyphens" in self._rules and HYPHEN(word.gap) is not None
        return hyphen and len(self._chain) < PARTS

    def _begin(self) -> Iterator[Meant]:
        """Begins to give words of a row that is long enough; a word that none can go on with is given now."""
        chain = self._chain
        last = chain[-1]
        if len(chain) >= LIVE and _single(chain):
            self._live, self._apart = "letters", _usual_gap(chain)
            self._chain = []
            yield from self._segmented(_row(chain, self._apart))
        elif len(chain) == 1 and len(last.letters) == WORD_LIMIT:
            self._live, self._chain = "string", []
            yield from self._push(last)
        elif len(last.letters) > 1 and "hyphens" not in self._rules:
            yield from self.finish()

    def _push(self, word: Spelled) -> Iterator[Meant]:
        marked = self._live == "letters" and word.gap != self._apart
        first, *rest = word.letters
        yield from self._segmented([first._replace(marked=marked) if marked else first, *rest])

    def _segmented(self, letters: Iterable[Letter]) -> Iterator[Meant]:
        for letter in letters:
            yield from _tokens(self._segmenter.push(letter))

    def _alone(self, word: Spelled) -> Iterator[Meant]:
        letters, text = word.letters, word.text
        if "leetspeak" in self._rules and not text.isalpha():
            paired = _paired(letters)
            yield from self._leet(paired, "".join([letter.char for letter in paired]))
            return
        if "joined" in self._rules and len(text) >= RUN_TOGETHER and text not in word_costs():
            words = list(segment(letters))
            if len(words) > 1:
                for meant in _tokens(words):
                    yield meant._replace(masked=False)  # any text has words that the table lacks
                return
        yield Meant(named(letters), masked=False, number=text.isdigit())

    def _leet(self, letters: Sequence[Letter], text: str) -> Iterator[Meant]:
        """The word that leetspeak stands for; where none is known, words between signs, unless signs are letters too."""
        read = plain(text)
        with_signs = any(char in SIGNS for char in text)
        known = read is not None and read[1] in word_costs()
        if read is not None and (known or not with_signs or self._signs_read >= SIGNS_READ):
            skipped, meant = read
            self._signs_read += known and any(char in SIGNS for char in text[1:-1])
            kept = letters[skipped : skipped + len(meant)]
            word = [one._replace(char=char) for one, char in zip(kept, meant, strict=True)]
            yield Meant(named(word), masked=known)
            return
        at = 0
        for sign, group in groupby(letters, key=lambda letter: letter.char in SIGNS):
            part = list(group)
            if not sign and len(part) < len(letters):
                yield from self._leet(part, text[at : at + len(part)])
            elif not sign:
                yield Meant(named(part), masked=False, number=text.isdigit())
            at += len(part)


def _paired(letters: Sequence[Letter]) -> list[Letter]:
    """Letters with one in the place of two signs that stand for it."""
    made: list[Letter] = []
    for letter in letters:
        if made and made[-1].char + letter.char in PAIRS:
            made[-1] = made[-1]._replace(char=PAIRS[made[-1].char + letter.char], end=letter.end)
        else:
            made.append(letter)
    return made


def _single(chain: Sequence[Spelled]) -> bool:
    return all(len(word.letters) == 1 for word in chain)


def _usual_gap(chain: Sequence[Spelled]) -> str:
    """What stands most often between two letters of a row."""
    return Counter(word.gap for word in chain[1:]).most_common(1)[0][0]


def _row(chain: Sequence[Spelled], apart: str) -> Iterator[Letter]:
    """The letters of a row, marked where another gap than usual stands before them."""
    for at, word in enumerate(chain):
        yield word.letters[0]._replace(marked=at > 0 and word.gap != apart)


def _shut(chain: Sequence[Spelled]) -> Iterator[Letter]:
    """The letters of parts between hyphens: words begin with a part alone."""
    for word in chain:
        for at, letter in enumerate(word.letters):
            yield letter._replace(marked=False, shut=at > 0)


def _tokens(words: Iterable[list[Letter]]) -> Iterator[Meant]:
    """Words that were found; those of the table keep a text unmasked."""
    costs = word_costs()
    for word in words:
        text = "".join([letter.char for letter in word])
        yield Meant(named(word[:WORD_LIMIT]), masked=text in costs, number=text.isdigit())
