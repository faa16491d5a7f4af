"""Ways to mask English prose, and prose to mask: ours, for tests."""

from __future__ import annotations

import re
from urllib.parse import quote

PASSAGE = (
    "Before the market opened, the old baker walked along the river with two baskets of warm bread. "
    "Nobody in the village knew how early he had to rise, and he never told them. "
    "When the children ran after him across the bridge, he stopped, laughed, and broke a small roll for each. "
    "In winter the water froze and the path was white, yet the smell of the oven still reached every window. "
    "His daughter kept a careful book of flour, salt and wood, because money was short and friends were many. "
    "One evening a stranger asked for a place to sleep, and the family gave him a bed beside the fire."
)
HOST = (
    "Most people think that a good answer is a long one, but a short reply that says what matters is better. "
    "If you want to learn how a machine works, take it apart and put it together again with your own hands. "
)
_LEET = str.maketrans("aegost", "439057")


def _filled(text: str, filler: str, step: int) -> str:
    words = text.split()
    return " ".join(word + (f" {filler}" if at % step == 0 else "") for at, word in enumerate(words, 1))


def _hyphenated(text: str) -> str:
    return re.sub(r"\b(\w{2,3})(\w{3,})\b", r"\1-\2", text)


MASKS = {
    "letters spaced": lambda t: "   ".join(" ".join(word) for word in t.split()),
    "letters spaced evenly": lambda t: " ".join("".join(t.split())),
    "a letter a line": lambda t: "\n".join("".join(t.split())),
    "letters dotted": lambda t: " ".join(".".join(word) for word in t.split()),
    "letters hyphenated": lambda t: " ".join("-".join(word) for word in t.split()),
    "spaces removed": lambda t: re.sub(r"\W+", "", t),
    "camel case": lambda t: re.sub(r"\W+", "", t.title()),
    "zero-width spaces": lambda t: re.sub(r"\W+", "\u200b", t),
    "hyphens in words": _hyphenated,
    "hyphens at line ends": lambda t: re.sub(r"\b(\w{3})(\w{4,})\b", "\\1-\n\\2", t),
    "leetspeak": lambda t: t.lower().translate(_LEET),
    "entities for spaces": lambda t: t.replace(" ", "&nbsp;"),
    "numbered entities": lambda t: "".join(f"&#{ord(c)};" if c.isalpha() else c for c in t),
    "percent encoding": lambda t: quote(t, safe=""),
    "percent encoding of all": lambda t: "".join(f"%{byte:02x}" for byte in t.encode()),
    "quoted-printable": lambda t: t.replace(" ", "=20"),
    "a filler after each word": lambda t: _filled(t, "banana", 1),
    "a filler after every third word": lambda t: _filled(t, "um", 3),
    "two fillers after each word": lambda t: _filled(t, "well yes", 1),
    "an emoji's name after every second word": lambda t: _filled(t, ":smile:", 2),
    "numbered words": lambda t: " ".join(f"{at}. {word}" for at, word in enumerate(t.split(), 1)),
}
