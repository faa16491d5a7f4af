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


def covered(module):
    parts = module.split(".")
    return any(".".join(parts[:count]) in LAYERED for count in range(2, len(parts) + 1))


def test_every_module_stands_in_a_layer():
    assert [module for module in modules() if not covered(module)] == []


def test_every_layer_is_a_module():
    there = {".".join(module.split(".")[:count]) for module in modules() for count in (2, 3)}
    assert there >= LAYERED
