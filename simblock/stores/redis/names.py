"""What the keys of an index in Redis are called.

All begin with ``sb:TENANT:``, which is what access rules go by. Keys that change together (manifest,
change stream, writer's lock, list of files) carry one hash tag, so that on a cluster they share a
slot and one transaction; records carry none, so that they spread over all nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "sb"


def schemes(tenant: str) -> bytes:
    """The hash of a tenant's schemes: digest to when its index was made (seconds since 1970)."""
    return f"{PREFIX}:{tenant}:schemes".encode()


@dataclass(frozen=True, slots=True)
class Names:
    """The keys of one tenant's index under one scheme; ``scheme`` is its digest."""

    tenant: str
    scheme: str

    def _control(self, what: str) -> bytes:
        return f"{PREFIX}:{self.tenant}:{{{self.tenant}.{self.scheme}}}:{what}".encode()

    @property
    def manifest(self) -> bytes:
        return self._control("manifest")

    @property
    def changes(self) -> bytes:
        """The stream on which each commit is announced."""
        return self._control("changes")

    @property
    def writer(self) -> bytes:
        """The lock of the one writer."""
        return self._control("writer")

    @property
    def files(self) -> bytes:
        """The hash of the files that have records, each with how many: what a dead writer left is found by it."""
        return self._control("files")

    def record(self, file: str, kind: str, number: int) -> bytes:
        """A record: the id (hex) of its file, what it is (a letter), and its number."""
        return f"{PREFIX}:{self.tenant}:{self.scheme}:{file[:16]}:{kind}:{number}".encode()
