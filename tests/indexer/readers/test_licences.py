"""Licences by what texts say of them, and who holds the copyright."""

from __future__ import annotations

import time

import pytest

from simblock.licenses import license_class
from simblock_indexer.readers import licences
from simblock_indexer.readers.licences import Found, holder, of_header, of_licence

MIT = """MIT License

Copyright (c) 2019-2024 Jane Q. Doe <jane@example.org>

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.
"""
BSD = """Copyright 2020 The Sea Authors. All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that:
1. Redistributions of source code must retain the above copyright notice.
2. Redistributions in binary form must reproduce the above copyright notice.
"""
ENDORSE = "3. Neither the name of Sea nor its contributors may be used to endorse or promote products.\n"
GPL_NOTICE = """/*
 * Copyright (C) 2001 Harbour Ltd.
 *
 * This program is free software; you can redistribute it and/or modify
 * it under the terms of the GNU General Public License as published by
 * the Free Software Foundation; either version 2 of the License, or
 * (at your option) any later version.
 */"""
OPENJDK = """/*
 * Copyright (c) 1999, 2022, Oracle and/or its affiliates. All rights reserved.
 *
 * This code is free software; you can redistribute it and/or modify it
 * under the terms of the GNU General Public License version 2 only, as
 * published by the Free Software Foundation.  Oracle designates this
 * particular file as subject to the "Classpath" exception as provided
 */"""

TEXTS = {
    "MIT": (MIT, "MIT", "Jane Q. Doe"),
    "two clauses": (BSD, "BSD-2-Clause", "The Sea Authors"),
    "three clauses": (BSD + ENDORSE, "BSD-3-Clause", "The Sea Authors"),
    "the licence before what is bundled": (BSD + MIT, "BSD-2-Clause", "The Sea Authors"),
    "a published licence's own copyright": (
        "GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007\n\n Copyright (C) 2007 Free Software Foundation",
        "GPL-3.0-only",
        None,
    ),
    "a form to fill in": (
        "Apache License\nVersion 2.0\nCopyright [yyyy] [name of owner]",
        "Apache-2.0",
        None,
    ),
    "a tag": ("SPDX-License-Identifier: (MIT OR Apache-2.0)\n", "(MIT OR Apache-2.0)", None),
    "one's own": ("Copyright (c) 2024 Acme Inc. All rights reserved.\nKeep out.", None, "Acme Inc."),
    "nothing of the kind": ("A licence to print money was never granted.", None, None),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_licence_file_says_licence_and_owner(case):
    text, expression, owner = TEXTS[case]
    assert of_licence(text) == Found(expression, owner)


HEADERS = {
    "a notice": (GPL_NOTICE, "GPL-2.0-or-later", "Harbour Ltd."),
    "a notice with an exception": (
        OPENJDK,
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "Oracle and/or its affiliates",
    ),
    "tags": (
        "# SPDX-FileCopyrightText: © 2021 Ann Other <a@b.org>\n# SPDX-License-Identifier: ISC\n",
        "ISC",
        "Ann Other",
    ),
    "a tag in a block": (
        "/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */",
        "GPL-2.0 WITH Linux-syscall-note",
        None,
    ),
    "a pointer": (
        "// Copyright 2014 The Go Authors. All rights reserved.\n// See the file LICENSE.",
        None,
        "The Go Authors",
    ),
    "prose about it": ("# The copyright notice is added by the release script.", None, None),
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_says_licence_and_owner(case):
    text, expression, owner = HEADERS[case]
    assert of_header(text) == Found(expression, owner)


@pytest.mark.parametrize("value", ["see the file", "MIT, I think", "(MIT", "M" * 300, ""])
def test_what_is_no_expression_is_none(value):
    assert licences.expression(value) is None


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Copyright © 2017 to present Sea Inc. and others.", "Sea Inc. and others"),
        ("Copyright (c) 2001-2002, 2010 by Jo", "Jo"),
        ("(c) 1999 Jo", "Jo"),
        ("(c) the above conditions are met", None),
        ("Copyright (c) 2012", None),
    ],
)
def test_a_holder_is_named_without_years_and_reservations(line, name):
    assert holder(line) == name


def test_every_licence_of_the_table_is_one_that_rules_can_class():
    for licence in licences._licences():
        assert license_class(licence.id) != "unknown", licence.id
        assert all(words == " ".join(words.lower().split()) for words in licence.words + licence.without)


@pytest.mark.parametrize("text", ["\n" * 65536, "(c) " * 16384, "copyright the " * 4681, "* \n" * 21845])
def test_hostile_texts_take_time_that_grows_with_their_length(text):
    def took(part):
        began = time.process_time()
        of_licence(part)
        return time.process_time() - began

    took(text)
    assert took(text) < 40 * (took(text[: len(text) // 8]) + 0.005)
