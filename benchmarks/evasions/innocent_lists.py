"""Innocent lists: counting, alphabets, tables of codes, capitals; no one's own, whoever else has them."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from benchmarks.evasions.own_words import words
from benchmarks.evasions.registry import Output, innocent

_Rows = Callable[[random.Random], list[str]]

MONTHS = words("January February March April May June July August September October November December")
DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
PLANETS = words("Mercury Venus Earth Mars Jupiter Saturn Uranus Neptune")
SPELLING = words("""
    Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Quebec
    Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu
    """)
GREEK = words("""
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon
    phi chi psi omega
    """)
ELEMENTS = words("""
    H:Hydrogen He:Helium Li:Lithium Be:Beryllium B:Boron C:Carbon N:Nitrogen O:Oxygen F:Fluorine Ne:Neon
    Na:Sodium Mg:Magnesium Al:Aluminium Si:Silicon P:Phosphorus S:Sulfur Cl:Chlorine Ar:Argon K:Potassium
    Ca:Calcium Sc:Scandium Ti:Titanium V:Vanadium Cr:Chromium Mn:Manganese Fe:Iron Co:Cobalt Ni:Nickel
    Cu:Copper Zn:Zinc
    """)
UNITS = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
TENS = words("twenty thirty forty fifty sixty seventy eighty ninety")
CAPITALS = tuple(
    line.strip()
    for line in """
    Argentina: Buenos Aires; Australia: Canberra; Austria: Vienna; Belgium: Brussels; Brazil: Brasília;
    Bulgaria: Sofia; Canada: Ottawa; Chile: Santiago; China: Beijing; Colombia: Bogotá; Croatia: Zagreb;
    Cuba: Havana; Czechia: Prague; Denmark: Copenhagen; Egypt: Cairo; Estonia: Tallinn; Ethiopia: Addis Ababa;
    Finland: Helsinki; France: Paris; Germany: Berlin; Ghana: Accra; Greece: Athens; Hungary: Budapest;
    Iceland: Reykjavík; India: New Delhi; Indonesia: Jakarta; Iran: Tehran; Iraq: Baghdad; Ireland: Dublin;
    Italy: Rome; Japan: Tokyo; Kenya: Nairobi; Latvia: Riga; Lithuania: Vilnius; Luxembourg: Luxembourg;
    Malaysia: Kuala Lumpur; Mexico: Mexico City; Mongolia: Ulaanbaatar; Morocco: Rabat; Nepal: Kathmandu;
    Netherlands: Amsterdam; New Zealand: Wellington; Nigeria: Abuja; Norway: Oslo; Pakistan: Islamabad;
    Peru: Lima; Philippines: Manila; Poland: Warsaw; Portugal: Lisbon; Romania: Bucharest; Serbia: Belgrade;
    Slovakia: Bratislava; Slovenia: Ljubljana; South Korea: Seoul; Spain: Madrid; Sweden: Stockholm;
    Switzerland: Bern; Thailand: Bangkok; Tunisia: Tunis; Turkey: Ankara; Ukraine: Kyiv; Uruguay: Montevideo;
    Vietnam: Hanoi
    """.replace("\n", " ").split(";")
)
CODES = words("""
    AR:Argentina AT:Austria AU:Australia BE:Belgium BG:Bulgaria BR:Brazil CA:Canada CH:Switzerland CL:Chile
    CN:China CZ:Czechia DE:Germany DK:Denmark EE:Estonia EG:Egypt ES:Spain FI:Finland FR:France GR:Greece
    HR:Croatia HU:Hungary IE:Ireland IN:India IS:Iceland IT:Italy JP:Japan KE:Kenya LT:Lithuania LV:Latvia
    MX:Mexico NG:Nigeria NL:Netherlands NO:Norway PL:Poland PT:Portugal RO:Romania SE:Sweden SI:Slovenia
    SK:Slovakia TR:Turkey UA:Ukraine
    """)
CURRENCIES = words("""
    AUD:dollar BGN:lev BRL:real CAD:dollar CHF:franc CLP:peso CNY:yuan CZK:koruna DKK:krone EGP:pound EUR:euro
    GBP:pound HUF:forint INR:rupee ISK:króna JPY:yen KES:shilling KRW:won MXN:peso NOK:krone NZD:dollar PLN:zloty
    RON:leu SEK:krona THB:baht TRY:lira UAH:hryvnia USD:dollar ZAR:rand
    """)
_LAYOUTS: tuple[Callable[[Sequence[str]], str], ...] = (
    ", ".join,
    "\n".join,
    " ".join,
    lambda rows: "\n".join(f"- {row}" for row in rows),
    lambda rows: "\n".join(f"{at}. {row}" for at, row in enumerate(rows, 1)),
    lambda rows: "[" + ", ".join(f'"{row}"' for row in rows) + "]",
    lambda rows: "\n".join(f"| {at} | {row} |" for at, row in enumerate(rows, 1)),
)
_LEADS = ("", "", "Here they are:\n\n", "Of course! Here is the list you asked for:\n\n", "Sure.\n")


def listed(name: str) -> Callable[[_Rows], _Rows]:
    """Enters a list that is no one's own, laid out at random."""

    def enter(rows: _Rows) -> _Rows:
        def make(rng: random.Random) -> Output:
            return Output(rng.choice(_LEADS) + rng.choice(_LAYOUTS)(rows(rng)))

        make.__doc__ = rows.__doc__
        innocent(name, kind="text", common=True)(make)
        return rows

    return enter


def spelt(number: int) -> str:
    """A number under a hundred in words."""
    if number < 20:
        return UNITS[number]
    tens = TENS[number // 10 - 2]
    return tens if number % 10 == 0 else f"{tens}-{UNITS[number % 10]}"


@listed("counting")
def _counting(rng: random.Random) -> list[str]:
    """The numbers from 0 or 1 to 50, 100 or 200, upwards or downwards."""
    numbers = range(rng.choice((0, 1)), rng.choice((50, 100, 200)) + 1)
    return [str(number) for number in (numbers if rng.random() < 0.7 else reversed(numbers))]


@listed("counting-steps")
def _steps(rng: random.Random) -> list[str]:
    """Numbers by twos, fives, tens or more."""
    step = rng.choice((2, 3, 4, 5, 7, 10, 25, 50, 100))
    return [str(step * at) for at in range(rng.choice((40, 60)))]


@listed("counting-words")
def _spelt(rng: random.Random) -> list[str]:
    """The numbers from zero or one to ninety-nine, in words."""
    return [spelt(number) for number in range(rng.choice((0, 1)), 100)]


@listed("alphabet")
def _alphabet(rng: random.Random) -> list[str]:
    """The letters from A to Z, capital, small, or both."""
    upper, lower = string.ascii_uppercase, string.ascii_lowercase
    return list(rng.choice((upper, lower, upper + lower, [a + b for a, b in zip(upper, lower, strict=True)])))


@listed("alphabet-spelling")
def _spelling(rng: random.Random) -> list[str]:
    """The spelling alphabet of radio, with its letters or without."""
    return [f"{word[0]} as in {word}" for word in SPELLING] if rng.random() < 0.5 else list(SPELLING)


@listed("alphabet-greek")
def _greek(_: random.Random) -> list[str]:
    """The letters of Greek by name."""
    return list(GREEK)


@listed("months-and-days")
def _calendar(rng: random.Random) -> list[str]:
    """The months with their days, the weekdays, and the planets for good measure."""
    lengths = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    dated = [f"{month}: {days} days" for month, days in zip(MONTHS, lengths, strict=True)]
    return [*(dated if rng.random() < 0.5 else MONTHS), *DAYS, *PLANETS]


@listed("dates")
def _dates(rng: random.Random) -> list[str]:
    """All days of one month."""
    year, month = rng.randint(1990, 2030), rng.randint(1, 12)
    return [f"{year}-{month:02}-{day:02}" for day in range(1, 29)]


@listed("times-of-day")
def _times(rng: random.Random) -> list[str]:
    """Times at every quarter or half of an hour."""
    step = rng.choice((15, 30))
    return [f"{minute // 60:02}:{minute % 60:02}" for minute in range(0, 24 * 60, step)]


@listed("multiplication-table")
def _products(rng: random.Random) -> list[str]:
    """The multiplication table of up to six numbers."""
    first = rng.randint(1, 9)
    return [f"{a} x {b} = {a * b}" for a in range(first, first + rng.randint(1, 6)) for b in range(1, 11)]


def _fibonacci() -> Iterator[int]:
    low, high = 0, 1
    while True:
        yield low
        low, high = high, low + high


def primes(count: int) -> list[int]:
    """The first primes."""
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


@listed("sequences")
def _sequences(rng: random.Random) -> list[str]:
    """Fibonacci numbers, primes, powers of two, squares, cubes, triangular numbers or factorials."""
    factorials = [1]
    for number in range(1, 25):
        factorials.append(factorials[-1] * number)
    kinds: dict[str, list[int]] = {
        "fibonacci": list(islice(_fibonacci(), 45)),
        "primes": primes(60),
        "powers": [1 << at for at in range(41)],
        "squares": [at * at for at in range(60)],
        "cubes": [at**3 for at in range(50)],
        "triangles": [at * (at + 1) // 2 for at in range(60)],
        "factorials": factorials,
    }
    return [str(number) for number in kinds[rng.choice(sorted(kinds))]]


@listed("digits")
def _digits(rng: random.Random) -> list[str]:
    """The digits of pi in groups, a row of zeros, or binary numbers."""
    pi = list(words("3.14159 26535 89793 23846 26433 83279 50288 41971 69399 37510 58209 74944 59230 78164"))
    return rng.choice((pi, ["0"] * 64, ["0.0"] * 64, [f"{number:06b}" for number in range(64)]))


@listed("roman-numerals")
def _roman(_: random.Random) -> list[str]:
    """Roman numerals from I to L."""
    signs = ((50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
    found = []
    for number in range(1, 51):
        rest, made = number, ""
        for value, sign in signs:
            made += sign * (rest // value)
            rest %= value
        found.append(f"{number} = {made}" if number % 2 else made)
    return found


def _pairs(rng: random.Random, pairs: Sequence[str], forms: Sequence[str]) -> list[str]:
    form = rng.choice(forms)
    few = pairs if rng.random() < 0.5 else sorted(rng.sample(pairs, len(pairs) // 2))
    return [form.format(*(part.strip() for part in pair.split(":"))) for pair in few]


@listed("capitals")
def _capitals(rng: random.Random) -> list[str]:
    """Countries in order of the alphabet, with their capitals."""
    return _pairs(rng, CAPITALS, ("{0}: {1}", "{1} ({0})", "The capital of {0} is {1}.", "{0} {1}"))


@listed("country-codes")
def _country_codes(rng: random.Random) -> list[str]:
    """ISO codes of countries."""
    return _pairs(rng, CODES, ("{0}: {1}", "{0} {1}", "{1} ({0})", '<option value="{0}">{1}</option>'))


@listed("currency-codes")
def _currency_codes(rng: random.Random) -> list[str]:
    """ISO codes of currencies."""
    return _pairs(rng, CURRENCIES, ("{0}: {1}", "{0} {1}", "{1} ({0})"))


@listed("elements")
def _elements(rng: random.Random) -> list[str]:
    """The first thirty chemical elements, with their number, sign and name."""
    whole = [f"{at}:{pair}" for at, pair in enumerate(ELEMENTS, 1)]
    form = rng.choice(("{0} {1} {2}", "{2} ({1}, {0})", "{1}: {2}"))
    return [form.format(*one.split(":")) for one in whole]


@listed("ascii-table")
def _ascii(rng: random.Random) -> list[str]:
    """ASCII codes, decimal and hexadecimal, with their characters."""
    low = rng.choice((32, 48, 64))
    return [f"{code} 0x{code:02x} {chr(code)}" for code in range(low, rng.choice((96, 127)))]


@listed("colours")
def _colours(_: random.Random) -> list[str]:
    """Names of colours with their codes."""
    pairs = (
        "black #000000, white #ffffff, red #ff0000, lime #00ff00, blue #0000ff, yellow #ffff00, cyan #00ffff, "
        "magenta #ff00ff, silver #c0c0c0, gray #808080, maroon #800000, olive #808000, green #008000, "
        "purple #800080, teal #008080, navy #000080"
    )
    return pairs.split(", ")


@listed("status-codes")
def _statuses(_: random.Random) -> list[str]:
    """Status codes of HTTP with their phrases."""
    from http import HTTPStatus

    return [f"{status.value} {status.phrase}" for status in sorted(HTTPStatus) if status.value >= 200]


@innocent("hex-dump", kind="text")
def _hex_dump(rng: random.Random) -> Output:
    """A dump of bytes, drawn or all zero, sixteen a row."""
    data = rng.randbytes(256) if rng.random() < 0.7 else bytes(256)
    rows = (f"{at:08x}  {data[at : at + 16].hex(' ')}" for at in range(0, len(data), 16))
    return Output("\n".join(rows))


@innocent("address-range", kind="text", common=True)
def _addresses(rng: random.Random) -> Output:
    """Addresses that count up."""
    net = f"192.168.{rng.randrange(4)}"
    return Output("\n".join(f"{net}.{host}" for host in range(1, rng.choice((30, 60)))))
