"""What docs/redis.md says of options, rights and settings is what the code and the shipped files have."""

import re
from dataclasses import MISSING, fields

import pytest

from simblock.stores.redis import address
from simblock.stores.redis.address import Address
from simblock.stores.redis.names import Names, schemes
from tests.stores.redis.test_security import TOP, shipped_rules

PAGE = (TOP / "docs" / "redis.md").read_text("utf-8")
SHIPPED = (TOP / "examples" / "redis" / "redis.conf").read_text("utf-8")


def section(title):
    (found,) = re.findall(rf"^## {title}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return found


def rows(title):
    lines = re.findall(r"^\| (.*) \|$", section(title), re.MULTILINE)
    return [re.split(r"(?<!\\) \| ", line) for line in lines[2:]]


def test_every_option_of_an_address_is_explained():
    named = [name for row in rows("Addresses") for name in re.findall(r"`([a-z_]+)`", row[0])]
    assert set(named) == set(address._OPTIONS)


@pytest.mark.parametrize(
    "field", [f for f in fields(Address) if f.name in address._OPTIONS], ids=lambda f: f.name
)
def test_the_default_of_an_option_is_the_one_written(field):
    (row,) = [row for row in rows("Addresses") if row[0].startswith(f"`{field.name}`")]
    if field.default in (None, MISSING) or field.name == "tls":
        return
    shown = str(field.default).lower() if isinstance(field.default, bool) else field.default
    written = row[1].strip("`")
    assert written == shown or float(written) == float(shown)


def test_rights_are_those_of_the_shipped_file():
    granted = {
        name: {rule[1:] for rule in rules if rule.startswith("+")} for name, rules in shipped_rules().items()
    }
    told = {"reader": set(), "indexer": set()}
    for what, reader, indexer in rows("Rights"):
        if what == "keys":
            continue
        commands = [set(re.findall(r"`([a-z|\\]+)`", cell)) for cell in (reader, indexer)]
        reads, writes = ({one.replace("\\", "") for one in cell} for cell in commands)
        told["reader"] |= reads
        told["indexer"] |= reads | writes
    assert told == granted


def test_keys_are_called_as_they_are():
    names = Names("TENANT", "SCHEME")
    listed = {key for row in rows("What stands in Redis") for key in re.findall(r"`(sb:[^`]+)`", row[0])}
    control = {names.manifest, names.changes, names.writer, names.files, schemes("TENANT")}
    assert {key.decode() for key in control} <= listed
    assert listed - {key.decode() for key in control} == {
        f"sb:TENANT:SCHEME:FILE:{end}" for end in ("h:0", "c:N", "p:N", "r:N")
    }


@pytest.mark.parametrize(
    "line", ["appendonly yes", "appendfsync everysec", "save 3600 1", "maxmemory-policy noeviction"]
)
def test_settings_are_those_of_the_shipped_file(line):
    assert re.search(rf"^{line}$", SHIPPED, re.MULTILINE)
    assert f"`{line}`" in section("Persistence")
