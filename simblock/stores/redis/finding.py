"""Which index stands at an address: that of the scheme it pins, or of the newest that can be read here."""

from __future__ import annotations

from simblock.errors import Damaged, Incompatible, IndexProblem, NotAnIndex
from simblock.stores.manifest import Manifest
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import Link
from simblock.stores.redis.names import Names, schemes
from simblock.stores.refusals import check_words


def find_index(address: Address, link: Link) -> Names:
    """The names of the index that stands at an address: of the scheme it pins, or the newest that can be read.

    Raises NotAnIndex, Damaged, Incompatible, StoreLost.
    """
    if address.scheme is not None:
        return Names(address.tenant, address.scheme)
    refused: IndexProblem | None = None
    for names in find_listed(address, link):
        try:
            check_words(read_manifest(address, link, names))
        except Incompatible as error:
            refused = refused or error
        else:
            return names
    assert refused is not None
    raise refused


def find_listed(address: Address, link: Link) -> list[Names]:
    """All that are listed, the newest first, or the one that the address pins. Raises NotAnIndex, StoreLost."""
    if address.scheme is not None:
        return [Names(address.tenant, address.scheme)]
    made = link.fields(schemes(address.tenant))
    if not made:
        raise NotAnIndex(
            f"{address.name} holds no index of tenant {address.tenant}: build one with simblock-index build, "
            "or restore the server's data"
        )
    newest = sorted(made, key=lambda scheme: (_time(made[scheme]), scheme), reverse=True)
    return [Names(address.tenant, scheme.decode("ascii", "replace")) for scheme in newest]


def read_manifest(address: Address, link: Link, names: Names) -> Manifest:
    """The manifest of an index that is said to be there. Raises Damaged, Incompatible, StoreLost."""
    data = link.get(names.manifest)
    if data is None:
        raise Damaged(
            f"{address.name} lacks its manifest (scheme {names.scheme}): restore the server's data, "
            "or sync the index into it again with --anew"
        )
    return Manifest.from_json(data, address.name)


def _time(value: bytes) -> int:
    return int(value) if value.isdigit() and len(value) < 16 else 0
