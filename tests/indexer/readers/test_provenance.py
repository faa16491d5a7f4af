"""Whose a file is: by its header, or by the LICENSE of the nearest folder above."""

from __future__ import annotations

import pytest

CODE = "def total(values):\n    return sum(values)\n"
MIT = (
    "Copyright (c) 2020 {}\nPermission is hereby granted, free of charge, to any person obtaining a copy.\n"
    "The above copyright notice and this permission notice shall be included."
)


@pytest.fixture
def tree(tmp_path):
    """A tree under MIT, with a vendored folder of another's."""
    root = tmp_path / "tree"
    (root / "src/deep").mkdir(parents=True)
    (root / "vendored").mkdir()
    (root / "LICENSE").write_text(MIT.format("Jane Doe"))
    (root / "vendored/COPYING").write_text("Mozilla Public License Version 2.0\n")
    for name in ("a.py", "src/deep/b.py", "vendored/c.py"):
        (root / name).write_text(CODE)
    return root


def known(works, *inputs, **options):
    found = works(*inputs, **options).items()
    return {id: (document.work.license, document.work.owner) for id, document in found}


def test_files_have_the_licence_and_owner_of_the_nearest_folder(works, tree):
    found = known(works, tree)
    assert found["tree/a.py"] == found["tree/src/deep/b.py"] == ("MIT", "Jane Doe")
    # The owner of the tree does not own what is vendored.
    assert found["tree/vendored/c.py"] == ("MPL-2.0", None)


def test_a_licence_above_the_tree_says_nothing(works, tree):
    assert known(works, tree / "src") == {"src/deep/b.py": (None, None)}
    assert known(works, tree / "a.py") == {"a.py": (None, None)}


@pytest.mark.parametrize("names", [("tree/src", "tree"), ("tree", "tree/src")])
def test_a_folder_named_before_or_after_the_one_around_it_changes_nothing(works, tree, names):
    found = known(works, *(tree.parent / name for name in names))
    assert found["tree/src/deep/b.py"] == ("MIT", "Jane Doe")
    assert found["src/deep/b.py"] == (None, None)


def test_a_header_goes_before_the_folder(works, tree):
    (tree / "a.py").write_text(f"# Copyright 2021 Ann Other\n# SPDX-License-Identifier: ISC\n\n{CODE}")
    assert known(works, tree)["tree/a.py"] == ("ISC", "Ann Other")


def test_a_copyright_in_the_code_is_no_header(works, tree):
    (tree / "a.py").write_text(f'{CODE}\nNOTICE = """\n# Copyright 2021 Ann Other\n"""\n')
    assert known(works, tree)["tree/a.py"] == ("MIT", "Jane Doe")


def test_a_sidecar_and_a_row_go_before_all(works, tree, jsonl):
    header = "# SPDX-License-Identifier: ISC\n"
    rows = jsonl(
        [{"id": "r.py", "text": header + CODE, "license": "MIT"}, {"id": "s.py", "text": header + CODE}]
    )
    meta = jsonl([{"id": "tree/a.py", "license": "Zlib", "owner": "Me"}], "meta.jsonl")
    found = known(works, tree, rows, meta=meta)
    assert found["tree/a.py"] == ("Zlib", "Me")
    assert (found["r.py"][0], found["s.py"][0]) == ("MIT", "ISC")


def test_of_several_licences_all_hold_and_an_unknown_one_leaves_it_open(works, tree):
    (tree / "LICENSE-APACHE").write_text("Apache License\nVersion 2.0, January 2004\n")
    assert known(works, tree)["tree/a.py"][0] == "MIT AND Apache-2.0"
    (tree / "LICENSE.third-party").write_text("Ask the harbour master.")
    assert known(works, tree)["tree/a.py"][0] is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\nlicense = "Apache-2.0"\n'),
        ("pyproject.toml", '[project]\nlicense = {text = "Apache-2.0"}\n'),
        ("package.json", '{"license": "Apache-2.0"}'),
    ],
)
def test_package_metadata_goes_before_the_text_beside_it(works, tree, name, text):
    (tree / name).write_text(text)
    assert known(works, tree)["tree/a.py"] == ("Apache-2.0", "Jane Doe")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[project"),
        ("pyproject.toml", "project = 1\n"),
        ("pyproject.toml", '[project]\nlicense = ["MIT"]\n'),
        ("pyproject.toml", "a = " + "[" * 20_000),
        ("pyproject.toml", "a = " + "1" * 5000),
        ("package.json", "{"),
        ("package.json", "[]"),
        ("package.json", '{"license": "UNLICENSED"}'),
        ("package.json", '{"license": {"type": "MIT"}}'),
    ],
)
def test_metadata_that_cannot_be_read_says_nothing(works, tree, name, text):
    (tree / name).write_text(text)
    assert known(works, tree)["tree/a.py"] == ("MIT", "Jane Doe")


def test_a_module_called_license_is_code_and_no_licence(works, tree):
    (tree / "src/license.py").write_text(CODE)
    found = works(tree)
    assert found["tree/src/license.py"].work.kind == "code"
    assert found["tree/src/deep/b.py"].work.license == "MIT"


def test_licence_files_are_texts_and_left_out_of_code(works, tree, tally):
    assert works(tree)["tree/LICENSE"].work.kind == "text"
    assert "tree/LICENSE" not in works(tree, kind="code")
