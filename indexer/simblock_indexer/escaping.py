"""Text from outside, made fit for a line of output: names, titles and passages may hold anything."""

from __future__ import annotations


def printable(value: object) -> str:
    """The value on one line, without characters that could steer a terminal; None is empty."""
    text = "" if value is None else str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def encodable(text: str) -> str:
    """The text with lone surrogates escaped, which no stream takes."""
    return text.encode("utf-8", "backslashreplace").decode()
