"""What a parser sees of a text: text between code, as of a page in PHP, is blanked, and tokens stay where they stand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock import nodes, syntax
from simblock.grammar import Grammar, grammar
from simblock.settling import SyntaxScanner
from simblock.stamps import stamp_of
from simblock.syntax import parse
from simblock.tokens import I64

PHP = grammar("php")
UNBLANKED = PHP.model_copy(update={"syntax": PHP.syntax.model_copy(update={"blanked": None})})

pytestmark = pytest.mark.skipif(nodes.installed(PHP) is None, reason="no parser of PHP")

TEMPLATE = """<!DOCTYPE html>
<title><?= ($title) ?></title>
<?php
namespace A;
use B\\C;
/** What it does: ?> is no end here. */
function rows(array $rows, $wide = false) {
    if (($rows) && !($wide)): ?>
<ul class="a" title='it"s'> <!-- {all (of [them -->
    <?php foreach ($rows as $row): ?>
    <li style="color: <?= ($row->shade) ?>">é漢 &lt;it's&gt;
\t<?PHP echo ($row->name), "?> and <?php", strlen('?>'); ?></li>
    <?php endforeach; ?>
</ul>
    <?php elseif ($wide) : ?><hr><?php
        return ($rows);
    else:
        foreach ($rows as $key => $row) { ?> <b> <?php f($key, ($row)); } ?>
<p>No <?= count($rows) ? ($wide) : 0 ?> rows</p>
    <?php endif;
    return [$rows, ($wide),];
}
?>
<footer>(it's over
"""

Found = tuple[int, int, int]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What parsers are given."""
    given: list[str] = []
    real = nodes.spans_of

    def noting(source: str, *rest: object) -> dict[str, I64]:
        given.append(source)
        return real(source, *rest)  # type: ignore[arg-type]

    for module in ("syntax", "settling"):
        monkeypatch.setattr(f"simblock.{module}.spans_of", noting)
    return given


def whole(text: str, rules: Grammar = PHP) -> list[Found]:
    tokens = parse(text, rules).tokens
    return list(zip(tokens.keys.tolist(), tokens.starts.tolist(), tokens.ends.tolist(), strict=True))


def streamed(chunks: list[str], rules: Grammar = PHP) -> list[Found]:
    scanner = SyntaxScanner(rules)
    return [token for chunk in chunks for token in scanner.feed(chunk)] + scanner.finish()


def cut(text: str, places: list[int]) -> list[str]:
    return [text[low:high] for low, high in pairwise([0, *sorted(places), len(text)])]


def spelled(text: str, tokens: list[Found]) -> str:
    return " ".join(text[start:end] for _, start, end in tokens)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f(); ?>\n<p>it's</p>\r\n<?php g();", "f(); \n;\n           \r\n      g();"),
        ("?>é漢<?=$a?><?PHP g();", "\n;     $a\n;      g();"),
        ("f('?>', \"?>\", `?>`); /* ?> */ g();", "f('?>', \"?>\", `?>`); /* ?> */ g();"),
        ("f() /* ?> */ ?><!-- /* --><? g();", "f() /* ?> */ \n;%s g();" % (" " * 13)),
        ("f() ?><? /* ?> */ g(); ?>", "f() \n;   /* ?> */ g(); \n;"),
        ("f() ?> <?\nphp(); $a ?> <? = 1", "f() \n;   \nphp(); $a \n;    = 1"),
        ("f() ?> it's <b>", "f() \n;         "),
        ("<p>a</p> <?php f(", "<p>a</p> <?php f("),
    ],
)
def test_of_text_between_code_the_parser_sees_the_end_of_a_statement_and_blanks(
    text: str, expected: str, seen: list[str]
) -> None:
    whole(text)
    assert seen == [expected]
    assert len(expected) == len(text)


def test_a_stream_shows_the_parser_the_same_but_for_how_many_blanks(seen: list[str]) -> None:
    chunks = [TEMPLATE.partition("<?php\n")[2]]
    streamed(chunks)
    shown = "".join(seen)
    whole(chunks[0])
    assert not {"ul", "li", "title", "footer", "漢", "hr"} & set(shown.split())
    assert "?>" not in shown.replace('"?> and <?php"', "").replace("'?>'", "").replace(
        "/** What it does: ?>", ""
    )
    assert {"echo", "foreach", "return"} <= set(shown.split()) & set(seen[-1].split())


@pytest.mark.parametrize("size", [10, 300, 3000, 9000])
def test_a_page_of_any_length_is_blanked_in_a_stream(size: int, seen: list[str]) -> None:
    page = " ?>\n" + "<p>(it's {all [text\n" * (size // 20) + "<?php "
    text = f"<?php\nif (($a)) {{ f(($b));{page}g((1), ($c));{page}}} h();\n"
    found = streamed([text])
    assert found == streamed(list(text)) == whole(text)
    assert spelled(text, found) == "<? php if $a { f ( $b ) ; php g ( 1 , $c ) ; php } h ( ) ;"
    assert not any("text" in source for source in seen)


def test_parentheses_that_group_are_known_on_both_sides_of_a_page() -> None:
    found = whole(TEMPLATE)
    for code in (
        "&& ! $wide : php foreach",
        "= $row -> shade php echo $row -> name ,",
        "= count ( $rows ) ? $wide : 0 php",
    ):
        assert code in spelled(TEMPLATE, found).replace("PHP", "php")
    assert "use" not in spelled(TEMPLATE, found)
    assert [TEMPLATE[low:high] for low, high in parse(TEMPLATE, PHP).comments] == [
        "/** What it does: ?> is no end here. */"
    ]
    assert set(found) == set(streamed([TEMPLATE]))


def test_another_page_around_the_same_code_changes_nothing() -> None:
    keys = [key for key, *_ in whole(TEMPLATE)]
    for page in ("", " ", "\n\n", "<p>it's ({[", "// it's\n# <!--", "é漢" * 5000):
        other = TEMPLATE
        for text in ("é漢 &lt;it's&gt;", "</ul>", "<hr>", " <b> "):
            other = other.replace(text, page)
        assert [key for key, *_ in whole(other)] == keys
        assert [key for key, *_ in streamed([other])] == keys


@given(places=st.lists(st.integers(0, len(TEMPLATE)), max_size=12))
@settings(max_examples=25)
def test_a_stream_gives_the_same_for_every_cut_of_a_template(places: list[int]) -> None:
    expected = streamed([TEMPLATE])
    assert streamed(cut(TEMPLATE, places)) == expected
    assert streamed(list(TEMPLATE)) == expected


MARKS = (
    "?>", "<?php", "<?=", "<?", "//", "/*", "*/", "'", '"', "`", "\n", " ", "f(", ")", "{", "}", ";", "$a", "php", "=", "é", "#", "?",
)  # fmt: skip


@given(text=st.lists(st.sampled_from(MARKS)))
@settings(max_examples=25)
def test_whatever_marks_stand_where_tokens_are_the_same_for_every_cut(text: list[str]) -> None:
    joined = "".join(text)
    assert streamed(list(joined)) == streamed([joined])
    assert {start for _, start, _ in whole(joined)} <= set(range(len(joined)))


def test_a_snippet_of_a_template_is_read_as_in_its_place() -> None:
    low, high = TEMPLATE.index("    if (("), TEMPLATE.index("    return [")
    snippet = TEMPLATE[low:high]
    inside = [(key, start - low, end - low) for key, start, end in whole(TEMPLATE) if low <= start < high]
    assert whole(snippet) == streamed([snippet]) == inside


def test_a_template_that_is_parsed_in_pieces_has_the_same_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = whole(TEMPLATE * 3)
    for size in (200, 400, 800):
        monkeypatch.setattr(syntax, "PIECE", size)
        assert len(set(whole(TEMPLATE * 3)) ^ set(at_once)) <= 0.05 * len(at_once)


def test_code_without_a_page_in_it_is_read_as_if_nothing_were_blanked(seen: list[str]) -> None:
    code = PHP.syntax.self_test.partition("?>")[0]
    for text in (
        code,
        code.replace("<?php", ""),
        "<html>\n" + code,
        "<?php\n// a php?\n" + 'f("?>");\n' * 50,
    ):
        for read in (whole, lambda text, rules: streamed([text], rules)):
            assert read(text, PHP) == read(text, UNBLANKED)
        assert {seen.count(source) % 2 for source in seen} == {0}
        seen.clear()


def test_a_template_is_read_otherwise_than_if_nothing_were_blanked() -> None:
    assert whole(TEMPLATE) != whole(TEMPLATE, UNBLANKED)


def test_what_is_blanked_is_in_the_stamp_of_syntax_tokens_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = stamp_of.__wrapped__("php")
    monkeypatch.setattr(
        "simblock.stamps.grammar",
        lambda name: UNBLANKED.model_copy(update={"name": "php"}) if name == "php" else grammar(name),
    )
    then = stamp_of.__wrapped__("php")
    assert (then.lexer, then.syntax == now.syntax) == (now.lexer, False)


def test_a_page_costs_the_parser_of_a_stream_nothing_however_long(seen: list[str]) -> None:
    code = "f(($a)); ?>{}<?php g(($b));\n"
    sizes = []
    for page in ("x", "<p>it's long</p>\n" * 1000):
        seen.clear()
        streamed([code.format(page) * 20])
        sizes.append(sum(map(len, seen)))
    assert sizes[1] < 1.5 * sizes[0]


def test_marks_that_nothing_stands_between_are_read() -> None:
    rng = random.Random(5)
    for marks in ("?>", "?><?", "'?>' ", "?><?php ", "// ?>\n", "/*?>*/"):
        text = marks * 4_000
        assert len(text) >= len(whole(text)) >= 0
        assert streamed(cut(text, rng.sample(range(len(text)), 9))) == streamed([text])
