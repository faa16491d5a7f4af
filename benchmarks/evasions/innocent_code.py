"""Code that everybody writes and nobody owns: boilerplate of four languages, filled in with names and figures.

Each family draws its names, its length and its order from the seed, so there are at least ten variants of each. All of
it was written for this file. Nothing of it may be stopped, whatever the index holds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from benchmarks.evasions.registry import Output, innocent

FIELDS = (
    "name title street city country email phone price quantity weight height width colour status owner created updated "
    "balance currency discount note category supplier barcode shelf batch origin material season rating reviewer language "
    "altitude distance duration speed driver vehicle seat gate platform ticket"
)
"""Names of what things have."""
THINGS = "invoice customer parcel recipe garden booking sensor lesson player concert bicycle ferry museum bakery harbour"
_JAVA_TYPES = ("String", "int", "long", "double", "boolean")
_PYTHON_TYPES = ("str", "int", "float", "bool", "list[str]")
_NOTICES = (
    "Copyright (c) {year} {owner}. All rights reserved.\nUse of this file is governed by the licence in the root of the project.",
    "{owner}, {year}\nSPDX-License-Identifier: {spdx}",
    "Copyright {year} The {owner} Authors\nLicensed under the {spdx} licence; see LICENSE for the terms.\nProvided as it is, without warranty.",
)  # fmt: skip


def words(text: str, rng: random.Random, count: int) -> list[str]:
    """So many different words of a text, in some order."""
    return rng.sample(text.split(), count)


def fenced(code: str, language: str, rng: random.Random) -> Output:
    """An answer with the code in a fence."""
    thing = rng.choice(THINGS.split())
    says = rng.choice((f"Here is a starting point for the {thing} part:", "Something like this should do:",
                       f"For a {thing} you would usually write:", "Start with this and fill in the rest:"))  # fmt: skip
    return Output(
        f"{says}\n\n```{language}\n{code.rstrip()}\n```\n\nTell me if you need another field.\n",
        language=language,
    )


def _code(
    name: str, language: str
) -> Callable[[Callable[[random.Random], str]], Callable[[random.Random], str]]:
    """Enters a writer of code as a family of innocent answers."""

    def enter(write: Callable[[random.Random], str]) -> Callable[[random.Random], str]:
        def make(rng: random.Random) -> Output:
            return fenced(write(rng), language, rng)

        make.__doc__ = write.__doc__
        innocent(name, kind="code")(make)
        return write

    return enter


def _cap(name: str) -> str:
    return name[:1].upper() + name[1:]


def _typed(rng: random.Random, kinds: Sequence[str], count: int) -> list[tuple[str, str]]:
    return [(name, rng.choice(kinds)) for name in words(FIELDS, rng, count)]


@innocent("code-licence-header", kind="code")
def licence_header(rng: random.Random) -> Output:
    """A notice as the comment that a file begins with, over a line of code."""
    language, mark, line = rng.choice((("python", "# ", "import sys"), ("java", " * ", "package org.example;"), ("c", " * ", "#include <stdio.h>"),
                                       ("javascript", "// ", "'use strict';")))  # fmt: skip
    notice = rng.choice(_NOTICES).format(
        year=rng.randrange(1998, 2027), owner=_cap(rng.choice(THINGS.split())), spdx=rng.choice(("MIT", "Apache-2.0", "GPL-2.0-or-later", "BSD-3-Clause"))
    )  # fmt: skip
    rows = "".join(f"{mark}{row}\n" for row in notice.split("\n"))
    return fenced((f"/*\n{rows} */\n" if mark == " * " else rows) + line + "\n", language, rng)


@_code("python-imports", "python")
def python_imports(rng: random.Random) -> str:
    """A block of imports of the standard library."""
    plain = words("argparse asyncio collections contextlib csv dataclasses datetime functools hashlib io itertools json logging "
                  "math os pathlib random re shutil socket sqlite3 subprocess sys tempfile threading time typing urllib uuid", rng, 14)  # fmt: skip
    named = ("from collections import Counter, defaultdict, deque", "from dataclasses import dataclass, field", "from pathlib import Path",
             "from typing import Any, Dict, List, Optional, Tuple, Union", "from datetime import datetime, timedelta, timezone",
             "from concurrent.futures import ThreadPoolExecutor, as_completed", "from urllib.parse import urljoin, urlparse")  # fmt: skip
    return "\n".join([*(f"import {name}" for name in sorted(plain)), *rng.sample(named, 5)])


@_code("java-imports", "java")
def java_imports(rng: random.Random) -> str:
    """A block of imports of the JDK."""
    them = ("java.io.BufferedReader java.io.File java.io.IOException java.io.InputStream java.io.InputStreamReader java.nio.file.Files "
            "java.nio.file.Path java.nio.file.Paths java.time.LocalDate java.time.Duration java.util.ArrayList java.util.Arrays "
            "java.util.Collection java.util.Collections java.util.Comparator java.util.HashMap java.util.HashSet java.util.Iterator "
            "java.util.List java.util.Map java.util.Objects java.util.Optional java.util.Set java.util.function.Function "
            "java.util.stream.Collectors java.util.concurrent.ConcurrentHashMap java.util.concurrent.ExecutorService")  # fmt: skip
    name = _cap(rng.choice(THINGS.split()))
    rows = "\n".join(f"import {one};" for one in sorted(words(them, rng, 18)))
    return f"package org.example.app;\n\n{rows}\n\npublic class {name} {{\n}}"


@_code("c-includes", "c")
def c_includes(rng: random.Random) -> str:
    """A block of includes and a few constants."""
    them = words(
        "stdio stdlib string stdint stdbool errno assert ctype limits math time unistd fcntl signal", rng, 10
    )
    rows = "\n".join(f"#include <{one}.h>" for one in them)
    sizes = "\n".join(
        f"#define MAX_{name.upper()} {rng.choice((64, 128, 256, 512))}" for name in words(FIELDS, rng, 4)
    )
    return f"{rows}\n\n{sizes}\n\nint main(void)\n{{\n    return 0;\n}}"


@_code("javascript-requires", "javascript")
def javascript_requires(rng: random.Random) -> str:
    """A block of requires of Node's own modules."""
    them = words("assert buffer cluster crypto dns events fs http https net os path querystring readline stream tls url util zlib", rng, 12)  # fmt: skip
    return "'use strict';\n\n" + "\n".join(f"const {one} = require('{one}');" for one in them)


@_code("java-getters", "java")
def java_getters(rng: random.Random) -> str:
    """A bean: private fields, a constructor, a getter and a setter for each."""
    them, name = _typed(rng, _JAVA_TYPES, rng.randint(5, 10)), _cap(rng.choice(THINGS.split()))
    fields = "\n".join(f"    private {kind} {one};" for one, kind in them)
    given = ", ".join(f"{kind} {one}" for one, kind in them)
    held = "\n".join(f"        this.{one} = {one};" for one, _ in them)
    rows = "\n\n".join(
        f"    public {kind} {'is' if kind == 'boolean' else 'get'}{_cap(one)}() {{\n        return {one};\n    }}\n\n"
        f"    public void set{_cap(one)}({kind} {one}) {{\n        this.{one} = {one};\n    }}" for one, kind in them
    )  # fmt: skip
    return f"public class {name} {{\n{fields}\n\n    public {name}({given}) {{\n{held}\n    }}\n\n{rows}\n}}"


@_code("java-equals", "java")
def java_equals(rng: random.Random) -> str:
    """equals, hashCode and toString over a few fields."""
    them, name = words(FIELDS, rng, rng.randint(3, 7)), _cap(rng.choice(THINGS.split()))
    same = "\n            && ".join(f"Objects.equals({one}, other.{one})" for one in them)
    shown = "\n            + ".join(f'"{", " if at else ""}{one}=" + {one}' for at, one in enumerate(them))
    return (
        f"@Override\npublic boolean equals(Object o) {{\n    if (this == o) {{\n        return true;\n    }}\n"
        f"    if (o == null || getClass() != o.getClass()) {{\n        return false;\n    }}\n    {name} other = ({name}) o;\n"
        f"    return {same};\n}}\n\n@Override\npublic int hashCode() {{\n    return Objects.hash({', '.join(them)});\n}}\n\n"
        f'@Override\npublic String toString() {{\n    return "{name}{{" + {shown} + "}}";\n}}'
    )


@_code("javascript-getters", "javascript")
def javascript_getters(rng: random.Random) -> str:
    """A class with accessors."""
    them, name = words(FIELDS, rng, rng.randint(4, 9)), _cap(rng.choice(THINGS.split()))
    held = "\n".join(f"    this._{one} = {one};" for one in them)
    rows = "\n\n".join(f"  get {one}() {{\n    return this._{one};\n  }}\n\n  set {one}(value) {{\n    this._{one} = value;\n  }}" for one in them)  # fmt: skip
    return f"class {name} {{\n  constructor({', '.join(them)}) {{\n{held}\n  }}\n\n{rows}\n}}\n\nmodule.exports = {name};"


@_code("python-properties", "python")
def python_properties(rng: random.Random) -> str:
    """A class with properties and setters."""
    them, name = words(FIELDS, rng, rng.randint(4, 8)), _cap(rng.choice(THINGS.split()))
    held = "\n".join(f"        self._{one} = {one}" for one in them)
    rows = "\n\n".join(f"    @property\n    def {one}(self):\n        return self._{one}\n\n    @{one}.setter\n    def {one}(self, value):\n"
                       f"        self._{one} = value" for one in them)  # fmt: skip
    return f"class {name}:\n    def __init__(self, {', '.join(them)}):\n{held}\n\n{rows}"


@_code("python-dataclass", "python")
def python_dataclass(rng: random.Random) -> str:
    """A dataclass with twenty fields, and the dictionary it makes."""
    them, name = _typed(rng, _PYTHON_TYPES, 20), _cap(rng.choice(THINGS.split()))
    rows = "\n".join(f"    {one}: {kind}" for one, kind in them)
    return f"from dataclasses import dataclass, asdict\n\n\n@dataclass(frozen=True)\nclass {name}:\n{rows}\n\n    def to_dict(self) -> dict:\n        return asdict(self)"  # fmt: skip


@_code("java-main", "java")
def java_main(rng: random.Random) -> str:
    """A main method that reads its arguments."""
    name, one, two = _cap(rng.choice(THINGS.split())), *words(FIELDS, rng, 2)
    return (
        f"public class {name} {{\n    public static void main(String[] args) {{\n        if (args.length < 2) {{\n"
        f'            System.err.println("Usage: {name} <{one}> <{two}>");\n            System.exit(1);\n        }}\n'
        f"        String {one} = args[0];\n        int {two} = Integer.parseInt(args[1]);\n        try {{\n            new {name}().run({one}, {two});\n"
        f"        }} catch (IOException e) {{\n            e.printStackTrace();\n            System.exit(2);\n        }}\n    }}\n}}"
    )


@_code("c-main", "c")
def c_main(rng: random.Random) -> str:
    """A main function with a switch over getopt."""
    them = words(FIELDS, rng, rng.randint(3, 6))
    letters = rng.sample("abcdefghjklmnpqrst", len(them))
    cases = "".join(f"        case '{letter}':\n            {one} = optarg;\n            break;\n" for letter, one in zip(letters, them, strict=True))  # fmt: skip
    held = "".join(f"    const char *{one} = NULL;\n" for one in them)
    return (
        f'int main(int argc, char *argv[])\n{{\n{held}    int opt;\n\n    while ((opt = getopt(argc, argv, "{":".join(letters)}:h")) != -1) {{\n'
        f"        switch (opt) {{\n{cases}        case 'h':\n        default:\n"
        '            fprintf(stderr, "usage: %s [options]\\n", argv[0]);\n            return EXIT_FAILURE;\n        }\n    }\n    return EXIT_SUCCESS;\n}'
    )


@_code("python-argparse", "python")
def python_argparse(rng: random.Random) -> str:
    """A command line with argparse."""
    kinds = ('type=int, default={k}, help="{w} to use"', 'default="{w}", help="the {w}"', 'action="store_true", help="with {w}"', 'required=True, help="{w}"')  # fmt: skip
    rows = "\n".join(f'    parser.add_argument("--{one}", {rng.choice(kinds).format(k=rng.randrange(100), w=one)})' for one in words(FIELDS, rng, rng.randint(5, 10)))  # fmt: skip
    return (
        f'import argparse\n\n\ndef main():\n    parser = argparse.ArgumentParser(description="A tool for each {rng.choice(THINGS.split())}")\n{rows}\n'
        '    parser.add_argument("-v", "--verbose", action="store_true")\n    args = parser.parse_args()\n    run(args)\n\n\nif __name__ == "__main__":\n    main()'
    )


@_code("python-click", "python")
def python_click(rng: random.Random) -> str:
    """A command line with click."""
    them = words(FIELDS, rng, rng.randint(4, 8))
    rows = "\n".join(f'@click.option("--{one}", default={rng.randrange(50)}, help="The {one}.", show_default=True)' for one in them)  # fmt: skip
    return f'import click\n\n\n@click.command()\n{rows}\ndef main({", ".join(them)}):\n    """Works on one {rng.choice(THINGS.split())}."""\n    click.echo({them[0]})\n\n\nif __name__ == "__main__":\n    main()'  # fmt: skip


@_code("python-protobuf", "python")
def python_protobuf(rng: random.Random) -> str:
    """What a generator of protocol buffers writes."""
    thing = rng.choice(THINGS.split())
    rows, at = [], rng.randrange(20, 60)
    for one in words(FIELDS, rng, rng.randint(4, 8)):
        rows.append(
            f"  _globals['_{one.upper()}']._serialized_start={at}\n  _globals['_{one.upper()}']._serialized_end={at + 40}"
        )
        at += 42
    return (
        "# Generated by the protocol buffer compiler.  DO NOT EDIT!\nfrom google.protobuf import descriptor as _descriptor\n"
        "from google.protobuf import descriptor_pool as _descriptor_pool\nfrom google.protobuf import symbol_database as _symbol_database\n"
        "from google.protobuf.internal import builder as _builder\n\n_sym_db = _symbol_database.Default()\n\n_globals = globals()\n"
        f"_builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, _globals)\n_builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, '{thing}_pb2', _globals)\n"
        "if _descriptor._USE_C_DESCRIPTORS == False:\n  DESCRIPTOR._options = None\n" + "\n".join(rows)
    )


@_code("python-enum", "python")
def python_enum(rng: random.Random) -> str:
    """An enumeration and a table that looks it up."""
    them, name = words(FIELDS, rng, rng.randint(8, 20)), _cap(rng.choice(THINGS.split()))
    rows = "\n".join(f"    {one.upper()} = {at}" for at, one in enumerate(them, rng.randrange(3)))
    table = "\n".join(f'    {name}.{one.upper()}: "{one}",' for one in them)
    return f"from enum import IntEnum\n\n\nclass {name}(IntEnum):\n{rows}\n\n\nLABELS = {{\n{table}\n}}"


@_code("python-ctypes", "python")
def python_ctypes(rng: random.Random) -> str:
    """A structure of ctypes and functions' signatures."""
    kinds = ("c_int", "c_uint32", "c_char_p", "c_void_p", "c_size_t", "c_double")
    rows = "\n".join(
        f'        ("{one}", ctypes.{rng.choice(kinds)}),' for one in words(FIELDS, rng, rng.randint(6, 14))
    )
    name = _cap(rng.choice(THINGS.split()))
    calls = "\n".join(f"lib.{one}.argtypes = [ctypes.POINTER({name}), ctypes.{rng.choice(kinds)}]\nlib.{one}.restype = ctypes.c_int" for one in words(FIELDS, rng, 4))  # fmt: skip
    return f"import ctypes\n\n\nclass {name}(ctypes.Structure):\n    _fields_ = [\n{rows}\n    ]\n\n\n{calls}"


@_code("c-enum-names", "c")
def c_enum_names(rng: random.Random) -> str:
    """An enumeration, and a switch that names its values."""
    them, name = words(FIELDS, rng, rng.randint(6, 16)), rng.choice(THINGS.split())
    rows = ",\n".join(f"    {name.upper()}_{one.upper()}" for one in them)
    cases = "".join(f'    case {name.upper()}_{one.upper()}:\n        return "{one}";\n' for one in them)
    return f'enum {name} {{\n{rows}\n}};\n\nconst char *{name}_name(enum {name} value)\n{{\n    switch (value) {{\n{cases}    default:\n        return "unknown";\n    }}\n}}'  # fmt: skip


@_code("java-enum-switch", "java")
def java_enum_switch(rng: random.Random) -> str:
    """An enum and a switch over it."""
    them, name = words(FIELDS, rng, rng.randint(5, 12)), _cap(rng.choice(THINGS.split()))
    cases = "".join(f'            case {one.upper()}:\n                return "{one}";\n' for one in them)
    return (
        f"public enum {name} {{\n    {', '.join(one.upper() for one in them)};\n\n    public String label() {{\n        switch (this) {{\n{cases}"
        '            default:\n                throw new IllegalStateException("Unexpected value: " + this);\n        }\n    }\n}'
    )


@_code("javascript-exports", "javascript")
def javascript_exports(rng: random.Random) -> str:
    """A module that hands on what others have."""
    them = words(FIELDS, rng, rng.randint(8, 18))
    rows = "\n".join(f"const {one} = require('./{one}');" for one in them)
    return f"{rows}\n\nmodule.exports = {{\n" + "".join(f"  {one},\n" for one in them) + "};"


@_code("javascript-express", "javascript")
def javascript_express(rng: random.Random) -> str:
    """A server with express that says hello."""
    things, port = words(THINGS, rng, rng.randint(1, 3)), rng.choice((3000, 8080, 5000, 8000))
    rows = "\n\n".join(
        f"app.get('/{one}s', (req, res) => {{\n  res.json([]);\n}});\n\napp.post('/{one}s', (req, res) => {{\n  const {one} = req.body;\n  res.status(201).json({one});\n}});"
        for one in things
    )  # fmt: skip
    return (
        f"const express = require('express');\nconst app = express();\nconst port = process.env.PORT || {port};\n\napp.use(express.json());\n\n"
        f"app.get('/', (req, res) => {{\n  res.send('Hello World!');\n}});\n\n{rows}\n\napp.listen(port, () => {{\n  console.log(`Listening on port ${{port}}`);\n}});"
    )


@_code("python-unittest", "python")
def python_unittest(rng: random.Random) -> str:
    """A skeleton of unit tests."""
    name = rng.choice(THINGS.split())
    rows = "\n\n".join(f"    def test_{one}(self):\n        self.assertEqual(self.{name}.{one}, {rng.randrange(100)})" for one in words(FIELDS, rng, rng.randint(4, 8)))  # fmt: skip
    return f'import unittest\n\n\nclass Test{_cap(name)}(unittest.TestCase):\n    def setUp(self):\n        self.{name} = {_cap(name)}()\n\n    def tearDown(self):\n        self.{name} = None\n\n{rows}\n\n\nif __name__ == "__main__":\n    unittest.main()'  # fmt: skip


@_code("java-junit", "java")
def java_junit(rng: random.Random) -> str:
    """A skeleton of JUnit tests."""
    name = rng.choice(THINGS.split())
    rows = "\n\n".join(f"    @Test\n    void {one}() {{\n        assertEquals({rng.randrange(100)}, {name}.get{_cap(one)}());\n    }}" for one in words(FIELDS, rng, rng.randint(4, 8)))  # fmt: skip
    return f"class {_cap(name)}Test {{\n    private {_cap(name)} {name};\n\n    @BeforeEach\n    void setUp() {{\n        {name} = new {_cap(name)}();\n    }}\n\n{rows}\n}}"  # fmt: skip


@_code("javascript-jest", "javascript")
def javascript_jest(rng: random.Random) -> str:
    """A skeleton of tests with describe and it."""
    name = rng.choice(THINGS.split())
    rows = "\n\n".join(f"  it('has a {one}', () => {{\n    expect({name}.{one}).toBe({rng.randrange(100)});\n  }});" for one in words(FIELDS, rng, rng.randint(4, 8)))  # fmt: skip
    return f"describe('{name}', () => {{\n  let {name};\n\n  beforeEach(() => {{\n    {name} = new {_cap(name)}();\n  }});\n\n{rows}\n}});"
