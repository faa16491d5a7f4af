"""Bytes to text, and telling files that are no text."""

from __future__ import annotations

import codecs

from simblock_indexer.readers.options import ReadOptions, spells_ascii
from simblock_indexer.readers.tally import Unreadable

SNIFFED = 8000
"""As git does: a file with a NUL among its first 8,000 bytes is binary."""

MAGIC = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
}
"""First bytes of files that are often given by mistake."""

BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def sort_of(head: bytes) -> str | None:
    """What a file that begins with ``head`` is, when it is a known sort of no text."""
    return next((sort for magic, sort in MAGIC.items() if head.startswith(magic)), None)


def is_binary(head: bytes, encoding: str) -> bool:
    """Whether a file of a folder, given its first 8,000 bytes, is no text."""
    if sort_of(head):
        return True
    return spells_ascii(encoding) and b"\0" in head


def decode(data: bytes, place: str, options: ReadOptions, *, offset: int = 0) -> str:
    """The text of ``data``, which lies at byte ``offset`` of its file. Raises Unreadable naming the byte."""
    try:
        text = data.decode(options.encoding, options.errors)
    except UnicodeError as error:  # some codecs say no byte
        at = offset + getattr(error, "start", 0)
        raise _undecodable(data, place, options.encoding, at) from None
    # A mark at the very start says how to read the file and is no part of the work.
    return text[1:] if offset == 0 and text.startswith("\ufeff") else text


def _undecodable(data: bytes, place: str, encoding: str, byte: int) -> Unreadable:
    name = codecs.lookup(encoding).name.upper()
    if sort := sort_of(data):
        return Unreadable(place, f"is {sort} and no text", "extract its text first")
    likely = next((found for mark, found in BYTE_ORDER_MARKS.items() if data.startswith(mark)), None)
    mend = f"it looks like {likely}, try --encoding {likely}" if likely else "name its --encoding"
    return Unreadable(
        place, f"not {name} at byte {byte:,}", f"{mend}, or give --errors replace or --skip-bad"
    )
