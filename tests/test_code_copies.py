"""The copies that the benchmarks of code are made of: checked by the parser, not by what is measured."""

from __future__ import annotations

import random

import pytest

from benchmarks.code_copies import (
    NAMES,
    Prose,
    Unfit,
    canonical,
    copied,
    copies,
    plain,
    renamed,
    standing,
    tokens,
)
from benchmarks.code_corpus import Source, is_source, packages
from benchmarks.code_edits import edited, near_copies
from benchmarks.code_functions import Function, Protected, functions, spread

FILES = {
    "python": '''
import os

class Store:
    def put(self, name, value, *, limit=10):
        """Says what it does."""
        # a remark
        path = os.path.join(self.folder, name)
        if len(value) > limit and not name.startswith("x"):
            raise ValueError(f"{name} is longer than {limit}")
        with open(path, mode="w") as stream:
            for line in value:
                stream.write(line + "\\n")
        total = sum(len(line) for line in value)
        self.sizes[name] = total
        return total
''',
    "java": """
class Store {
    /** Says what it does. */
    public int put(String name, java.util.List<String> value, int limit) throws IOException {
        File path = new File(this.folder, name); // a remark
        if (value.size() > limit && !name.startsWith("x")) {
            throw new IllegalArgumentException(name + " is longer than " + limit);
        }
        int total = 0;
        for (String line : value) {
            total += line.length();
            this.out.write(line);
        }
        sizes.put(name, total);
        return total;
    }
}
""",
    "javascript": """
class Store {
  // a remark
  put(name, value, limit = 10) {
    const path = join(this.folder, name);
    if (value.length > limit && !name.startsWith("x")) {
      throw new Error(`${name} is longer than ${limit}`);
    }
    let total = 0;
    for (const line of value) {
      total += line.length;
      this.out.write({ path, text: line });
    }
    this.sizes[name] = total;
    return total;
  }
}
""",
    "c": """
/* a remark */
static int put(struct store *store, const char *name, char **value, int limit)
{
    int total = 0, at;
    char path[256];

    if (count(value) > limit && name[0] != 'x')
        return -EINVAL;
    snprintf(path, sizeof(path), "%s/%s", store->folder, name);
    for (at = 0; value[at]; at++) {
        total += strlen(value[at]);
        write_line(store->out, value[at]);
    }
    store->sizes[store->count++] = total;
    return total;
}
""",
}
LANGUAGES = tuple(FILES)
PROSE = Prose(
    ["A sentence that is long enough to stand before a fence, and says nothing of what comes after it."]
)


def function_of(language: str) -> Function:
    (found,) = functions(Source("pack", "file", FILES[language]), language)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", range(5))
def test_a_copy_has_the_same_tokens_but_for_its_names(language: str, seed: int) -> None:
    text = standing(function_of(language))
    code = copied(text, language, random.Random(seed))
    before, after = tokens(text, language), tokens(code, language)
    kinds = plain(before, language)
    assert [kind for kind in kinds if kind]
    for one, other, is_plain in zip(before, after, kinds, strict=True):
        assert (one.text != other.text) == is_plain or one.kind in ("string", "template_string")
    assert "remark" not in code
    assert "Says" not in code
    assert code.split() != text.split()
    assert canonical(text, language) == canonical(code, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_changed_injectively_and_capture_none(language: str) -> None:
    before = tokens(standing(function_of(language)), language)
    after = renamed(before, language, random.Random(1))
    pairs = {
        (one.text, other.text)
        for one, other, is_plain in zip(before, after, plain(before, language), strict=True)
        if is_plain
    }
    assert len({old for old, _ in pairs}) == len({new for _, new in pairs}) == len(pairs)
    assert not {new for _, new in pairs} & {one.text for one in before}


def test_members_keyword_arguments_and_builtins_keep_their_names() -> None:
    before = tokens(standing(function_of("python")), "python")
    changed = {one.text for one, is_plain in zip(before, plain(before, "python"), strict=True) if is_plain}
    assert {"name", "value", "limit", "path", "os", "put"} <= changed
    assert not changed & {"folder", "startswith", "write", "mode", "len", "open", "ValueError", "join"}


def test_names_inside_strings_that_hold_code_are_changed_along() -> None:
    for language in ("python", "javascript"):
        code = copied(standing(function_of(language)), language, random.Random(3))
        assert "is longer than" in code
        assert "{limit}" not in code


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_name_at_one_place_only_is_another_function(language: str) -> None:
    text = standing(function_of(language))
    assert canonical(text, language) != canonical(text.replace("total", "limit", 1), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_edited_copy_parses_and_differs(language: str) -> None:
    text = standing(function_of(language))
    insert = {"python": "extra = other(1)"}.get(language, "extra = other(1);")
    made = set()
    for seed in range(6):
        changed, count = edited(text, language, 0.1, [insert], random.Random(seed))
        assert count >= 1
        tokens(changed, language)
        made.add(canonical(changed, language))
    assert canonical(text, language) not in made
    assert len(made) > 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_copies_stand_where_they_say_in_an_answer_and_are_the_same_for_a_seed(language: str) -> None:
    them = [function_of(language)]
    (one,), (again,) = copies(them, PROSE, 1), copies(them, PROSE, 1)
    assert one == again
    assert one.text[one.start : one.end] == one.code
    assert f"```{language}\n{one.code}```" in one.text
    assert one.size >= 60
    ((near, count),) = near_copies(
        them, PROSE, ["extra = other(1)" + (";" if language != "python" else "")], 1
    )
    assert count >= 1
    assert near.code != one.code


def test_what_does_not_parse_is_not_copied() -> None:
    with pytest.raises(Unfit):
        copied("def broken(:\n  return", "python", random.Random(1))


def test_vendored_copies_and_forks_are_told_from_clean_code() -> None:
    source = Source("pack", "file", FILES["python"])
    protected = Protected([source], "python")
    function = function_of("python")
    assert protected.verdict(function).kind == "verbatim"
    assert protected.verdict(function._replace(text=function.text.replace("    ", "  "))).kind == "verbatim"
    assert protected.verdict(function._replace(text=function.text.replace("total", "size", 1))).kind == "fork"
    code = copied(standing(function), "python", random.Random(1))
    assert protected.verdict(function._replace(text=code)).kind == "clean"


def test_every_package_gives_its_share_of_functions() -> None:
    one = function_of("c")
    them = [one._replace(package=name, start=n) for name, many in (("a", 50), ("b", 3)) for n in range(many)]
    taken = spread(them, 10, 1)
    assert sum(function.package == "b" for function in taken) == 3
    assert len(taken) == len(set(taken)) == 10


def test_no_package_stands_in_two_parts_of_a_language() -> None:
    homes: dict[tuple[str, str], set[tuple[str, tuple[str, ...]]]] = {}
    for package in packages():
        homes.setdefault((package.language, package.name), set()).add((package.part, package.folders))
    shared = {key for key, parts in homes.items() if len(parts) > 1}
    # One archive, two projects: the JDK's own packages, and the Apache parsers that it carries.
    assert shared <= {("java", "openjdk-17-source")}


def test_minified_files_tests_and_tables_are_no_sources() -> None:
    line = b"const one = 1;\n"
    assert is_source("src/one.js", line * 20)
    assert not is_source("src/one.min.js", line * 20)
    assert not is_source("test/one.js", line * 20)
    assert not is_source("src/one.js", b"x" * 5000)
    assert not is_source("src/one.js", b"// @generated\n" + line)


def test_kinds_of_names_are_those_of_the_four_parsers() -> None:
    kinds = {
        token.kind for language in LANGUAGES for token in tokens(standing(function_of(language)), language)
    }
    assert set(NAMES) & kinds >= {"identifier", "type_identifier", "field_identifier", "property_identifier"}
