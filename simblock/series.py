"""Series of numbers that every one writes alike, as text has them: primes and squares, and the constants of hashes.

The tables of CRC-32, of the MD5 and SHA-2 families (RFC 1321, FIPS 180-4) are made by their formulas: whoever
writes such a hash has them, in the order of the standard.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from math import sin

PI = "3 14159 26535 89793 23846 26433 83279 50288 41971 69399 37510 58209 74944 59230 78164"
"""Its digits, in the groups in which they are printed."""
POLYNOMIALS = (0xEDB88320, 0x82F63B78)
"""Of CRC-32 as zip has it, and of Castagnoli's, with their bits reversed."""
SUFFIXES = ("", "u", "ul", "l", "ull", "n")
"""What programming languages write behind a number in hexadecimal digits."""


def series() -> Iterator[list[str]]:
    """Each series in order; of numbers that stand twice in one, the latter place counts."""
    made: tuple[Iterator[int], ...] = (
        islice(_primes(), 500),
        islice(_fibonacci(), 90),
        (1 << n for n in range(65)),
        (10**n for n in range(31)),
        (n * n for n in range(200)),
        (n**3 for n in range(200)),
        (n * (n + 1) // 2 for n in range(200)),
        islice(_factorials(), 30),
    )
    yield from ([str(n) for n in one] for one in made)
    yield PI.split()
    yield from ([f"{n:0{width}b}" for n in range(1 << width)] for width in (3, 4, 5, 6, 7, 8))
    yield from ([f"{n:0{width}x}" for n in range(0, 4096, 16)] for width in (4, 8))
    constants = list(_constants())
    yield from ([f"0x{digits}{suffix}" for digits in constants] for suffix in SUFFIXES)


def _primes() -> Iterator[int]:
    return (n for n in count(2) if all(n % d for d in range(2, int(n**0.5) + 1)))


def _fibonacci() -> Iterator[int]:
    low, high = 0, 1
    while True:
        yield low
        low, high = high, low + high


def _factorials() -> Iterator[int]:
    made = 1
    for n in count(1):
        yield made
        made *= n


def _constants() -> Iterator[str]:
    """The hexadecimal digits of the constants of hashes, one standard behind the other."""
    primes = list(islice(_primes(), 80))
    for polynomial in POLYNOMIALS:
        yield from (f"{_crc(byte, polynomial):08x}" for byte in range(256))
    yield from (f"{int(2**32 * abs(sin(n))):08x}" for n in range(1, 65))
    for bits, rounds in ((32, 64), (64, 80)):
        digits = bits // 4
        yield from (f"{_fraction(prime, 3, bits):0{digits}x}" for prime in primes[:rounds])
        yield from (f"{_fraction(prime, 2, bits):0{digits}x}" for prime in primes[:16])


def _crc(byte: int, polynomial: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (polynomial if byte & 1 else 0)
    return byte


def _fraction(number: int, degree: int, bits: int) -> int:
    """The first bits of the fractional part of a root, by Newton's method on whole numbers."""
    power = number << degree * bits
    root = 1 << power.bit_length() // degree + 1
    while (nearer := ((degree - 1) * root + power // root ** (degree - 1)) // degree) < root:
        root = nearer
    return root & (1 << bits) - 1
