"""Files of a delivery behind URLs: whether they changed, and how new ones appear whole."""

from __future__ import annotations

from simblock.errors import InputError
from simblock_indexer.readers.remote import called, reached, remote
from simblock_indexer.readers.streams import reason


def stamp(url: str) -> str:
    """Differs when a file was written, as far as its system tells. Raises InputError where it is gone."""
    system, path = remote(url)
    try:
        with reached(url):
            return f"{system.size(path)} {system.ukey(path)}"
    except OSError as error:
        raise InputError(f"{called(url)}: {reason(error)}: check the URL") from None
