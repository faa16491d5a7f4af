"""The copies that the benchmarks of code are made of: checked by the parser, not by what is measured."""

from __future__ import annotations

import hashlib
import os
import random
import re
import subprocess
import sys
from collections import Counter
from itertools import chain, combinations, product
from pathlib import Path

import pytest

from benchmarks import code_rules
from benchmarks.code_copies import (
    Prose,
    Unfit,
    canonical,
    copied,
    copies,
    fresh,
    plain,
    renamed,
    standing,
    tokens,
)
from benchmarks.code_corpus import Source, is_source, packages
from benchmarks.code_edits import edited, near_copies
from benchmarks.code_functions import Function, Protected, functions, needs, spread
from benchmarks.code_layout import Style, Token, laid_out_by
from benchmarks.code_rules import FunctionRules, function_rules
from benchmarks.code_unparsed import unparsed
from benchmarks.evasions.code_kinds import NAMES
from simblock.errors import SimblockError
from simblock.grammar import grammar

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
MEASURED = [one for one in code_rules.languages() if code_rules.rules(one).functions]
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


COPIES = {
    "python": "d9b1e0fbafec", "java": "eb0b5778726f", "javascript": "3c5f75f05271", "c": "57e322d41015",
}  # fmt: skip
"""Digests of copies as they were made before the rules of a language were data."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_copies_are_those_that_published_figures_are_of(language: str) -> None:
    text = standing(function_of(language))
    made = "\0".join(copied(text, language, random.Random(seed)) for seed in range(5))
    assert hashlib.sha256(made.encode()).hexdigest()[:12] == COPIES[language]


@pytest.mark.parametrize("language", MEASURED)
def test_the_rules_of_every_language_can_be_read_and_name_an_installed_parser(language: str) -> None:
    rules = function_rules(language)
    pytest.importorskip(rules.module or "pygments")
    needs(language)
    assert rules.members_after == (
        code_rules.rules(language).functions.members_after or grammar(language).lexer.members_after
    )
    assert rules.kinds or rules.pygments
    assert rules.blocks or rules.pygments or not rules.simple


def test_what_is_wrong_in_the_rules_is_named_by_file_and_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_rules, "FOLDER", tmp_path)
    (tmp_path / "newspeak.toml").write_text(
        '[functions]\nmodule = "m"\nkinds = ["f"]\nlayout = "wild"\n', "utf-8"
    )
    with pytest.raises(SimblockError, match=r"newspeak\.toml: functions\.layout: "):
        code_rules.rules("newspeak")
    (tmp_path / "oldspeak.toml").write_text('suffixes = [".o"]\n', "utf-8")
    with pytest.raises(SimblockError, match=r"oldspeak\.toml: functions: "):
        function_rules("oldspeak")


ALONE = """
import sys
from pathlib import Path
from benchmarks import code_rules
code_rules.FOLDER = Path(sys.argv.pop(1))
from benchmarks import code_copying, code_looks, code_rates, code_recall, code_unparsed
print([package.name for package in code_recall.code_corpus.packages(("lua",))])
code_unparsed.main()
"""


def test_what_is_wrong_in_the_file_of_one_language_is_nothing_to_another(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "lua.toml").write_text((code_rules.FOLDER / "lua.toml").read_text("utf-8"), "utf-8")
    for language in ("c", "go", "python"):
        (rules / f"{language}.toml").write_text("[functions\n", "utf-8")
    written = tmp_path / "corpus" / "lua" / "protected" / "pack" / "file.lua"
    written.parent.mkdir(parents=True)
    written.write_text("function f(x) return " + " + ".join("x" * 40) + " end\n", "utf-8")
    command = [
        sys.executable,
        "-c",
        ALONE,
        str(rules),
        "--code-corpus",
        str(tmp_path / "corpus"),
        "--languages",
    ]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run([*command, "lua"], capture_output=True, text=True, check=True, env=environ).stdout
    assert "lua: 0 of 1 functions do not parse" in told
    wrong = subprocess.run([*command, "go"], capture_output=True, text=True, env=environ)
    assert wrong.returncode
    assert "go.toml: not TOML" in wrong.stderr


SHOWN = {
    "go": "func f(one []int) error {\n\tfor _, two := range one {\n\t\tfmt.Println(two, len(one))\n\t}\n\treturn nil\n}\n",
    "rust": "fn f<'a>(one: &'a [u8]) -> Option<&'a u8> {\n    for two in one {\n        println!(\"{}\", two); // so\n    }\n    None\n}\n",
    "csharp": "public int F(int one) {\n  foreach (var two in this.All) { one += two.Size; }\n  return one;\n}\n",
    "cpp": "int Store::f(std::vector<int> &one) const {\n  for (auto &two : one) { two = size(*this) << 1; }\n  return one.size();\n}\n",
    "typescript": "function f<T>(one: T[]): number {\n  for (const two of one) { this.put(two as T); }\n  return one.length;\n}\n",
}  # fmt: skip


@pytest.mark.parametrize("language", SHOWN)
def test_a_function_of_the_newer_core_languages_is_cut_out_and_copied(language: str) -> None:
    around = {"csharp": "class A {\n%s}\n"}.get(language, "%s") % SHOWN[language]
    (one,) = functions(Source("pack", "file", around), language, 10)
    text = standing(one)
    for seed in range(4):
        code = copied(text, language, random.Random(seed))
        before, after = tokens(text, language), tokens(code, language)
        own = {it.text for it, is_plain in zip(before, plain(before, language), strict=True) if is_plain}
        assert {"one", "two"} <= own
        assert not own & {"Println", "All", "Size", "size_of", "put", "length"}
        assert not {"one", "two"} & {it.text for it in after}
        assert canonical(text, language) == canonical(code, language)


def test_lines_and_columns_that_mean_something_stay() -> None:
    made = [Token(text, "identifier", "", gap, column) for text, gap, column in (
        ("if", "", 0), ("a", " ", 3), ("b", "\n    ", 4), ("c", "\n    ", 4), ("end", "\n", 0))]  # fmt: skip
    style = Style("\t", 56, tight=True, own_line=True)
    rules = FunctionRules(module="m", kinds=("f",), layout="lines")
    assert laid_out_by(rules, made, style) == "if a\n\tb\n\tc\nend\n"
    assert (
        laid_out_by(rules.model_copy(update={"layout": "kept"}), made, style) == "if a\n    b\n    c\nend\n"
    )


def test_names_keep_their_marks_initials_and_where_columns_count_their_length() -> None:
    rng = random.Random(1)
    ruby = FunctionRules(module="m", kinds=("f",), layout="lines", marks="@?", snake=True)
    assert re.fullmatch(r"@@[a-z_0-9]+", fresh("@@size", set(), ruby, rng))
    assert re.fullmatch(r"[A-Z][a-z_0-9]+\?", fresh("Empty?", set(), ruby, rng))
    haskell = FunctionRules(module="m", kinds=("f",), layout="kept")
    assert re.fullmatch(r"[A-Z][a-z]{3}", fresh("Tree", set(), haskell, rng))
    with pytest.raises(Unfit):
        fresh("x", set("abcdefghijklmnopqrstuvwxyz"), haskell, rng)


def test_what_does_not_parse_is_not_copied() -> None:
    with pytest.raises(Unfit):
        copied("def broken(:\n  return", "python", random.Random(1))


def test_functions_that_do_not_parse_are_left_out_and_counted_by_file() -> None:
    wrong = FILES["c"].replace("total += strlen", "total + = ) strlen")
    broken: Counter[str] = Counter()
    source = Source("pack", "file", FILES["c"] + wrong.replace("int put", "int set"))
    assert [one.text for one in functions(source, "c", broken=broken)] == [function_of("c").text]
    assert broken == {"pack/file": 1}
    small = "int f(void)\n{\n    return + ) ;\n}\n"
    assert not list(functions(Source("pack", "small", small), "c", 5, broken))
    assert broken == {"pack/file": 1}


def test_how_many_functions_do_not_parse_is_told_of_some_files() -> None:
    wrong = FILES["c"].replace("total += strlen", "total + = ) strlen")
    them = [Source("pack", "one", FILES["c"]), Source("pack", "two", FILES["c"] + wrong)]
    it = unparsed(them, "c")
    assert (it.files, it.with_errors, it.functions, it.broken) == (2, 1, 3, 1)
    assert 0 < it.in_errors < 0.1
    assert unparsed(them[:1], "c").in_errors == 0


def test_vendored_copies_and_forks_are_told_from_clean_code() -> None:
    source = Source("pack", "file", FILES["python"])
    protected = Protected([source], "python")
    function = function_of("python")
    assert protected.verdict(function).kind == "verbatim"
    assert protected.verdict(function._replace(text=function.text.replace("    ", "  "))).kind == "verbatim"
    assert protected.verdict(function._replace(text=function.text.replace("total", "size", 1))).kind == "fork"
    code = copied(standing(function), "python", random.Random(1))
    assert protected.verdict(function._replace(text=code)).kind == "clean"
    whole = protected.of_lines(FILES["python"].replace("total", "size", 1))
    assert (whole.kind, whole.file) == ("fork", "pack/file")
    assert 4 <= whole.shared < whole.lines
    assert protected.of_lines(code).kind == "clean"


@pytest.mark.parametrize(
    ("shared", "own", "kind"),
    [(2, 0, "clean"), (3, 1, "clean"), (4, 4, "fork"), (4, 5, "clean"), (9, 3, "fork")],
)
def test_a_fork_has_four_lines_of_one_file_and_half_of_its_own(shared: int, own: int, kind: str) -> None:
    lines = [f"    {name}_is = compute_{name}({name});\n" for name in "abcdefghijkl"]
    source = Source("pack", "file", "void f() {\n" + "".join(lines[:9]) + "}\n")
    text = (
        "{\n"
        + "".join([*lines[:shared], *(line.replace("compute", "measure") for line in lines[:own])])
        + "}\n"
    )
    found = Protected([source], "c").verdict(function_of("c")._replace(text=text))
    assert (found.kind, found.file, found.shared, found.lines) == (kind, "pack/file", shared, shared + own)


def test_every_package_gives_its_share_of_functions() -> None:
    one = function_of("c")
    them = [one._replace(package=name, start=n) for name, many in (("a", 50), ("b", 3)) for n in range(many)]
    taken = spread(them, 10, 1)
    assert sum(function.package == "b" for function in taken) == 3
    assert len(taken) == len(set(taken)) == 10


def test_no_package_stands_in_two_parts_of_a_language_or_no_folder_of_it() -> None:
    homes: dict[tuple[str, str], set[tuple[str, tuple[str, ...]]]] = {}
    for package in packages():
        homes.setdefault((package.language, package.name), set()).add((package.part, package.folders))
    shared = {key for key, parts in homes.items() if len(parts) > 1}
    # One archive, many projects: the JDK's own packages, and the Apache parsers that it carries.
    assert shared <= {("java", "openjdk-17-source"), ("csharp", "mono"), ("scala", "scala"), ("r", "r-base")}
    for (_, one), (_, other) in chain.from_iterable(combinations(homes[key], 2) for key in shared):
        assert not [pair for pair in product(one, other) if pair[0].startswith(pair[1])]
        assert not [pair for pair in product(one, other) if pair[1].startswith(pair[0])]


def test_minified_files_tests_and_tables_are_no_sources() -> None:
    line = b"const one = 1;\n"
    assert is_source("src/one.js", line * 20)
    assert not is_source("src/one.min.js", line * 20)
    assert not is_source("test/one.js", line * 20)
    assert not is_source("src/Tests/one.js", line * 20)
    assert not is_source("src/parser/testdata/one.js", line * 20)
    assert is_source("src/latest/one.js", line * 20)
    assert not is_source("src/one.js", b"x" * 5000)
    assert not is_source("src/one.js", b"// @generated\n" + line)


def test_kinds_of_names_are_those_of_the_four_parsers() -> None:
    kinds = {
        token.kind for language in LANGUAGES for token in tokens(standing(function_of(language)), language)
    }
    assert set(NAMES) & kinds >= {"identifier", "type_identifier", "field_identifier", "property_identifier"}
