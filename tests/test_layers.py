"""The list of layers in pyproject.toml leaves no module out: what it does not name, nothing keeps in its place."""

import tomllib
from pathlib import Path

TOP = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
LAYERED = {name.strip() for line in CONTRACTS[0]["layers"] for name in line.split("|")}


def modules():
    for root in (TOP / "simblock", TOP / "indexer" / "simblock_indexer"):
        for path in root.rglob("*.py"):
            if path.name != "__init__.py":  # re-exports on first use, of what stands below
                yield ".".join(path.relative_to(root.parent).with_suffix("").parts)


def prefixes(module):
    """A module and the packages that it lies in, but for the outermost."""
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(2, len(parts) + 1)]


def covered(module):
    """Whether a module is named, or is all that lies in a package that is: of a package of which some modules are
    named, each is to be."""
    layers = [name for name in prefixes(module) if name in LAYERED]
    return bool(layers) and (module in LAYERED or not named_within(layers[-1]))


def named_within(package):
    return any(name.startswith(f"{package}.") for name in LAYERED)


def test_every_module_stands_in_a_layer():
    assert [module for module in modules() if not covered(module)] == []


def test_every_layer_is_a_module():
    there = {name for module in modules() for name in prefixes(module)}
    assert there >= LAYERED


def test_a_module_that_no_layer_has_is_found():
    assert not covered("simblock.stores.redis.unheard")
    assert not covered("simblock.stores.unheard")
    assert not covered("simblock.unheard")
    assert covered("simblock.commands.unheard")
