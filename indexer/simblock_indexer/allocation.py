"""Memory that is freed stays with the process while an index is built.

Building makes and frees arrays of many megabytes by the thousand. The C library gives each back to
the system at once, which zeroes it anew for the next: half of the time for one large file.
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # glibc's malloc.h
_SETTINGS = {_TRIM_THRESHOLD: 1 << 30, _TOP_PAD: 64 << 20, _MMAP_THRESHOLD: 32 << 20}
"""What is kept, and how much is taken at once; 32 MiB is the most that glibc takes for the last."""

_FIRST = 31 << 20
"""Bytes; under the largest block that is kept."""


def keep_freed_memory() -> bool:
    """Asks glibc to keep freed memory; False where the C library has no such setting."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    taken = [mallopt(option, value) == 1 for option, value in _SETTINGS.items()]
    b"\1" * _FIRST  # what is freed once is not asked of the system, a megabyte at a time, later
    return all(taken)
