import zlib
from itertools import pairwise

from simblock.commonplaces import commonplace
from simblock.series import SUFFIXES, series
from simblock.text import tokenise


def test_the_tables_of_crc_32_are_those_of_zlib():
    table = [zlib.crc32(bytes([byte]), 0xFFFFFFFF) ^ 0xFFFFFFFF for byte in range(256)]
    assert constants()[:256] == [f"0x{value:08x}" for value in table]


def test_the_constants_of_md5_and_of_sha_2_are_those_of_the_standards():
    following = dict(pairwise(constants()))
    for first, second in (("d76aa478", "e8c7b756"), ("428a2f98", "71374491"), ("428a2f98d728ae22", "7137449123ef65cd"),
                          ("bef9a3f7", "c67178f2"), ("5fcb6fab3ad6faec", "6c44198c4a475817"),
                          ("6a09e667", "bb67ae85"), ("1f83d9abfb41bd6b", "5be0cd19137e2179")):  # fmt: skip
        assert following[f"0x{first}"] == f"0x{second}"


def test_the_constants_of_a_hash_are_a_commonplace_however_a_language_writes_them():
    table = [constant for constant in constants() if len(constant) == 10][-80:-16]
    for suffix in SUFFIXES:
        code = "static const k[] = {\n" + "".join(f"  {one.upper()}{suffix},\n" for one in table) + "};\n"
        assert commonplace(tokenise(code.replace("0X", "0x")).keys)[-len(table) :].all()


def test_the_same_constants_in_an_order_of_ones_own_are_none():
    table = [constants()[at * 37 % 256] for at in range(64)]
    assert not commonplace(tokenise(", ".join(table)).keys).any()


def constants():
    return list(series())[-len(SUFFIXES)]
