"""Evasions of code: the same for a seed, parsed again, and keeping what they say that they keep."""

from __future__ import annotations

import ast
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.code_copies import canonical, tokens
from benchmarks.code_corpus import Source
from benchmarks.evasions import CODE, INNOCENT, code_material
from benchmarks.evasions.code_ports import TARGETS
from benchmarks.evasions.code_tree import parses
from benchmarks.evasions.siblings import likeness, of_file, of_irplag, without
from simblock.grammar import grammar
from simblock.lexer import Lexer
from tests.programs import LANGUAGES, Programmer

GROUPS = ("code-surface", "code-names", "code-edits", "code-rewrites", "code-fragment", "port")
VISIBLE = [name for name, one in CODE.items() if one.group in GROUPS]
HIDDEN = [name for name, one in CODE.items() if one.group == "hidden"]

SAMPLES = {
    "python": '''
def collect_rows(rowList, limit, label):
    """Says what it does."""
    total_count = 0
    bestRow = None
    seen = []
    # count them all
    for index in range(len(rowList)):
        row = rowList[index]
        if row < 0:
            total_count += 1
        else:
            total_count = total_count - row
            seen.append(row * 2 + index)
        bestRow = row if total_count < limit else bestRow
    first_part = limit * 3
    second_part = 7
    while total_count > 12:
        total_count -= 5
        if total_count == limit:
            break
    text = f"{label} has {total_count}"
    for one, other in enumerate(seen):
        if other > first_part:
            second_part += one
    if not seen:
        return [text, "nothing at all"]
    return [text, bestRow, total_count, first_part + second_part, seen]
''',
    "java": """
class Holder {
public int collectRows(List<String> rowList, int limit, String label_text) {
    // count them all
    int totalCount = 0;
    int firstPart = limit * 3;
    int secondPart = 7;
    for (int i = 0; i < rowList.size(); i++) {
        String row = (String) rowList.get(i);
        if (row.length() == limit) {
            totalCount += 1;
        } else {
            totalCount = totalCount - row.length();
            secondPart++;
        }
    }
    while (totalCount > 12) {
        totalCount -= 5;
        System.out.println("rows are left over");
    }
    for (String one : rowList) {
        firstPart += one.length();
    }
    int outcome = totalCount > limit ? firstPart : secondPart;
    if (outcome < 0) {
        return limit;
    }
    return (outcome + totalCount);
}
}
""",
    "javascript": """
function collectRows(rowList, limit, label_text) {
  // count them all
  let totalCount = 0;
  let firstPart = limit * 3;
  let secondPart = 7;
  for (let i = 0; i < rowList.length; i++) {
    const row = rowList[i];
    if (row === limit) {
      totalCount += 1;
    } else {
      totalCount = totalCount - row;
      secondPart++;
    }
  }
  while (totalCount > 12) {
    totalCount -= 5;
    console.log("rows are left over");
  }
  for (const one of rowList) {
    firstPart += one.length;
  }
  totalCount = totalCount > limit ? firstPart : secondPart;
  if (totalCount < 0) {
    return limit;
  }
  return (totalCount + firstPart);
}
""",
    "c": """
static int collect_rows(struct row *rowList, int limit, const char *label)
{
    /* count them all */
    int total_count = 0;
    int first_part = limit * 3;
    int second_part = 7;
    int i;

    for (i = 0; i < limit; i++) {
        int size = rowList[i].size;
        if (size == limit) {
            total_count += 1;
        } else {
            total_count = total_count - size;
            second_part++;
        }
    }
    while (total_count > 12) {
        total_count -= 5;
        printf("%s has rows left over", label);
    }
    first_part += second_part;
    total_count = total_count > limit ? first_part : second_part;
    if (total_count < 0) {
        return limit;
    }
    return (total_count + first_part);
}
""",
}
CLASSES = {
    "python": "class Scale:\n    def __init__(self, a):\n        self.a = a\n\n    def doubled(self, b):\n        return self.a * b\n\n"
    "    def total(self, c):\n        return self.doubled(c + 1) + c\n",
    "java": "class Scale {\n    int a;\n    int doubled(int b) {\n        return a * b;\n    }\n    int total(int c) {\n        return doubled(c + 1) + c;\n    }\n}\n",
    "javascript": "class Scale {\n  doubled(b) {\n    return this.a * b;\n  }\n  total(c) {\n    return this.doubled(c + 1) + c;\n  }\n}\n",
    "c": "int doubled(int b)\n{\n    return 2 * b;\n}\n\nint total(int c)\n{\n    return doubled(c + 1) + c;\n}\n",
}
NEEDS_A_CLASS = ("function-inlined", "members-reordered")
KEEPS_ALL_BUT_NAMES = ("names-random", "names-french", "names-single-letters", "names-numbered", "names-swapped",
                       "names-public", "names-camel", "names-snake", "layout-and-names")  # fmt: skip
KEEPS_TOKENS = ("layout", "layout-one-line", "layout-line-a-token", "comments-added", "comments-removed",
                "comments-translated", "comments-between-tokens")  # fmt: skip
KEEPS_MEANING = [name for name in VISIBLE if "Preserves what the function does" in (CODE[name].make.__doc__ or "") or name in KEEPS_ALL_BUT_NAMES]  # fmt: skip
INPUTS = (([3, -1, 8, 0, 22], 4, "first"), ([], 2, "empty"), ([-1] * 30, 9, "many"), ([5], 0, "one"))


@pytest.fixture(autouse=True)
def _no_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Hosts and statements are made up by rule, on whatever machine."""
    monkeypatch.setenv("SIMBLOCK_CODE_CORPUS", str(tmp_path))
    for cached in (code_material.hosts, code_material.inserts):
        cached.cache_clear()
    yield
    for cached in (code_material.hosts, code_material.inserts):
        cached.cache_clear()


def made(name: str, language: str, seed: int = 1, code: str | None = None) -> str | None:
    return CODE[name].make(SAMPLES[language] if code is None else code, language, random.Random(seed))


def outcome(code: str) -> list[object]:
    """What a Python function gives for the inputs."""
    scope: dict[str, object] = {}
    exec(compile(code, "copy", "exec"), scope)
    defined = [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    call = scope[defined[-1]]
    return [call(list(rows), limit, label) for rows, limit, label in INPUTS]  # type: ignore[operator]


def words(text: str, language: str) -> list[str]:
    return [token.text for token in tokens(text, language)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_transform_is_the_same_for_a_seed_and_changes_the_code(language: str) -> None:
    for name in CODE:
        one, again = made(name, language), made(name, language)
        assert one == again, name
        assert one != SAMPLES[language] or name == "unfenced", name


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_transform_gives_parses(language: str) -> None:
    assert parses(SAMPLES[language], language)
    for name in VISIBLE:
        for seed in range(3):
            code = made(name, language, seed)
            assert code is None or parses(code, TARGETS.get(name, language)), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_made_up_programs_are_transformed_or_passed_over_and_never_fail(language: str) -> None:
    rng = random.Random(f"made up {language}")
    for number in range(2):
        code = Programmer(rng, language).function(9) + "\n"
        code = f"class Holder {{\n{code}}}\n" if language == "java" else code
        for name in CODE:
            changed = made(name, language, number, code)
            assert changed is None or changed.strip(), name


@pytest.mark.parametrize("name", KEEPS_MEANING)
def test_a_python_function_gives_the_same_after_a_transform_that_keeps_what_it_does(name: str) -> None:
    before = outcome(SAMPLES["python"])
    for seed in range(12):
        code = made(name, "python", seed)
        if code is not None:
            assert outcome(code) == before, code


def test_most_transforms_that_keep_what_a_function_does_are_tried_by_running_it() -> None:
    tried = [name for name in KEEPS_MEANING if made(name, "python") is not None]
    assert len(tried) >= 30
    assert {
        "loops-exchanged",
        "conditions-inverted",
        "rewritten",
        "function-extracted",
        "dead-inserted-30",
    } <= set(tried)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", KEEPS_ALL_BUT_NAMES)
def test_renaming_keeps_everything_but_names(name: str, language: str) -> None:
    code = made(name, language)
    if code is None:
        assert name in ("names-camel", "names-snake")
    else:
        assert canonical(code, language) == canonical(SAMPLES[language], language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", KEEPS_TOKENS)
def test_layout_and_comments_keep_every_token(name: str, language: str) -> None:
    code = made(name, language)
    assert code is not None or language == "python", name
    if code is not None:
        assert words(code, language) == words(SAMPLES[language], language)
        assert code.split() != SAMPLES[language].split() or code != SAMPLES[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lexemes_of_simblock_are_the_same_under_layout_and_comments(language: str) -> None:
    lexer = Lexer(grammar(language))
    for name in ("comments-added", "comments-translated", "layout-one-line", "layout-line-a-token"):
        code = made(name, language)
        if code is not None and language != "python":
            assert len(lexer.tokens(code)) == len(lexer.tokens(SAMPLES[language])), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_greater_share_of_dead_statements_makes_a_longer_function(language: str) -> None:
    sizes = [
        len(words(made(f"dead-inserted-{share}", language) or "", language))
        for share in ("05", "10", "20", "30")
    ]
    assert sizes == sorted(sizes)
    assert sizes[-1] > len(words(SAMPLES[language], language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_deleting_leaves_nothing_new_and_inserting_loses_nothing(language: str) -> None:
    before = Counter(words(SAMPLES[language], language))
    deleted, inserted = (made(name, language) for name in ("deleted-20", "inserted-20"))
    assert deleted is not None
    assert inserted is not None
    assert not Counter(words(deleted, language)) - before - Counter(["pass"] * 9)
    assert not before - Counter(words(inserted, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_moving_and_reordering_keep_the_tokens_as_a_bag(language: str) -> None:
    before = Counter(words(SAMPLES[language], language))
    for name in ("moved-10", "reordered-independent"):
        code = made(name, language)
        assert code is not None, name
        assert Counter(words(code, language)) - Counter(["pass"] * 9) == before, name
        assert words(code, language) != words(SAMPLES[language], language), name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("lines", [1, 5, 10, 20])
def test_so_many_lines_are_inserted_and_none_is_lost(language: str, lines: int) -> None:
    code = made(f"lines-inserted-{lines}", language)
    assert code is not None
    old, new = (
        Counter(line.strip() for line in text.splitlines() if line.strip())
        for text in (SAMPLES[language], code)
    )
    assert not old - new
    assert (new - old).total() == lines


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_are_inserted_into_functions_of_fifteen_to_fifty_lines_alone(language: str) -> None:
    assert made("lines-inserted-5", language, code=CLASSES["c"] if language == "c" else "x = 1\n") is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("share", [10, 30, 50, 70])
def test_a_fragment_has_about_its_share_of_the_tokens_inside_another_function(
    language: str, share: int
) -> None:
    whole = Counter(words(SAMPLES[language], language))
    code = made(f"fragment-{share}", language)
    if code is None:
        return  # no stretch of statements has such a share
    assert "collectRows" not in code
    own = {word for word in whole if re.fullmatch(r"\w{4,}", word)} - {
        word for host in code_material.hosts(language) for word in words(host, language)
    }
    assert own & set(words(code, language))


def test_fragments_of_half_a_function_are_found_in_every_language() -> None:
    assert all(made("fragment-50", language) for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_small_function_is_inlined_and_gone(language: str) -> None:
    code = made("function-inlined", language, code=CLASSES[language])
    assert code is not None
    assert "doubled" not in code
    assert "(c + 1)" in code


def test_an_inlined_method_gives_the_same() -> None:
    scopes: list[dict[str, type]] = [{}, {}]
    for scope, code in zip(scopes, (CLASSES["python"], made("function-inlined", "python", code=CLASSES["python"])), strict=True):  # fmt: skip
        exec(code or "", scope)
    assert scopes[0]["Scale"](5).total(3) == scopes[1]["Scale"](5).total(3) == 23


@pytest.mark.parametrize("language", LANGUAGES)
def test_members_in_another_order_are_the_same_members(language: str) -> None:
    code = made("members-reordered", language, code=CLASSES[language])
    assert code is not None
    assert code != CLASSES[language]
    assert sorted(words(code, language)) == sorted(words(CLASSES[language], language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_needs_a_class_passes_a_single_function_over(language: str) -> None:
    assert all(made(name, language) is None for name in NEEDS_A_CLASS)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_ports_take_one_language_alone(name: str) -> None:
    source = name.split("-")[1]
    assert made(name, source) is not None
    assert all(made(name, other) is None for other in LANGUAGES if other != source)


@pytest.mark.parametrize("language", LANGUAGES)
def test_hidden_code_keeps_every_name_save_where_it_is_cut(language: str) -> None:
    names = set(re.findall(r"[A-Za-z]{4,}", SAMPLES[language]))
    for name in HIDDEN:
        text = made(name, language)
        if text is not None and "cut" not in name:
            missing = names - set(re.findall(r"[A-Za-z]{4,}", re.sub(r"\\+n", " ", text)))
            assert not missing, (name, missing)


def test_an_answer_without_imports_has_none_and_applies_only_where_there_were() -> None:
    code = "import os\nfrom re import sub\n" + SAMPLES["python"]
    text = made("without-imports", "python", code=code)
    assert text is not None
    assert "import" not in text
    assert made("without-imports", "python") is None


@pytest.mark.parametrize("name", [name for name, one in INNOCENT.items() if one.kind == "code"])
def test_innocent_code_has_ten_variants_each_of_which_parses(name: str) -> None:
    outputs = [INNOCENT[name].make(random.Random(seed)) for seed in range(14)]
    assert len({one.text for one in outputs}) >= 10
    assert outputs[0] == INNOCENT[name].make(random.Random(0))
    for one in outputs:
        found = re.search(r"```\w+\n(.*)```", one.text, re.DOTALL)
        assert found
        assert one.language is not None
        assert parses(found[1], one.language)


def test_functions_of_one_file_that_are_alike_are_siblings_and_equal_ones_are_not() -> None:
    body = SAMPLES["python"].strip("\n")
    alike = body.replace("collect_rows", "other_rows").replace(
        "seen.append(row * 2 + index)", "seen.append(row)"
    )
    equal = body.replace("collect_rows", "same_rows").replace("total_count", "totals")
    (pair,) = of_file(Source("pack", "one.py", f"{body}\n\n\n{alike}\n"), "python")
    assert 0.6 <= pair.alike < 1
    assert pair.out.text != pair.kept.text
    assert not list(of_file(Source("pack", "two.py", f"{body}\n\n\n{equal}\n"), "python"))
    (work,) = without([pair], [Source("pack", "one.py", f"{body}\n\n\n{alike}\n")], "python")
    assert pair.kept.text in work.text
    assert pair.out.text not in work.text


def test_likeness_is_one_of_the_same_and_nothing_of_the_different() -> None:
    one, other = Counter([("a", "b"), ("b", "c")]), Counter([("x", "y")])
    assert likeness(one, one) == 1
    assert likeness(one, other) == 0


def test_independent_solutions_are_of_one_task_each(shared: Path) -> None:
    them = list(of_irplag(shared))
    assert len(them) == 105
    assert all(one.protected != one.output for one in them)


@pytest.fixture
def shared() -> Path:
    import os

    folder = Path(os.environ.get("SIMBLOCK_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    if not (folder / "data" / "code" / "irplag.jsonl.gz").is_file():
        pytest.skip("the shared data is not here")
    return folder
