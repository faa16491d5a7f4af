"""Reports explained, on texts and on renamed code."""

import random
from collections import Counter
from dataclasses import replace

from simblock.commands.results import because
from simblock.explain.deciding import decisive
from simblock.explain.explanation import Explainer
from simblock.explain.rows import Room
from simblock.guard import Guard
from simblock.policy import Policy, Rule
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.explain.conftest import RENAMES, STOCK, edited, renamed
from tests.test_cli import TALE

ALL = Room(10_000, 100_000, 0)


def marks(explained):
    return Counter(step.mark for piece in explained.pieces for step in piece.aligned.steps if step.o >= 0)


def test_an_edited_copy_is_shown_word_by_word(shop):
    explanation = shop.explain(f"He says: {edited()}")
    (explained,) = explanation.matches
    found = marks(explained)
    assert explained.stored
    assert found["alike"] == explained.match.tokens
    assert (found["replaced"], found["only"]) == (7, 1)
    assert explained.acting.by == "min_tokens"
    assert explained.decided
    text = "".join(part.text for piece in explained.pieces for row in piece.rows(ALL) for part in row.source)
    assert "names of all who had drowned" in text


def test_renamed_code_is_told_by_its_pairs_of_names(shop):
    (explained,) = shop.explain(renamed(), kind="code", language="python").matches
    told = {name.theirs: name.ours for name in explained.names}
    assert told == RENAMES
    assert explained.match.renamed
    assert explained.names[0].times == max(name.times for name in explained.names)
    assert not marks(explained)["replaced"]


def test_code_in_a_fence_and_in_a_notebook_is_found_where_it_stands(shop):
    import json

    cell = {"cell_type": "code", "metadata": {}, "source": renamed().splitlines(keepends=True)}
    notebook = json.dumps({"cells": [cell], "nbformat": 4}, indent=1)
    for text in (f"Like so:\n\n```python\n{renamed()}```\n", notebook):
        best = max(shop.explain(text).matches, key=lambda one: one.match.unit == "lexeme")
        assert {name.theirs: name.ours for name in best.names} == RENAMES


def test_without_stored_text_there_is_no_source_and_the_places_stay(closed_shop):
    for text, reading in ((f"He says: {edited()}", {}), (renamed(), {"kind": "code", "language": "python"})):
        (explained,) = closed_shop.explain(text, **reading).matches
        assert not explained.stored
        assert not explained.names
        assert set(marks(explained)) == {"matched"}
        assert all(not row.source for piece in explained.pieces for row in piece.rows(ALL))
        assert [piece.span for piece in explained.pieces] == list(explained.match.spans)


def test_what_stands_in_the_prompt_is_told_and_counts_for_nothing(shop, closed_shop):
    words = TALE.split()
    prompt = " ".join(words[20:40])
    for one in (shop, closed_shop):
        (explained,) = one.explain(TALE, prompt=f"Go on: {prompt}").matches
        assert explained.exempt == 20
    history = [{"role": "assistant", "content": prompt}, {"role": "tool", "content": " ".join(words[50:60])}]
    (explained,) = shop.explain(TALE, history=history).matches
    assert explained.exempt == 10


def test_what_does_not_act_says_what_is_missing(shop):
    (explained,) = shop.explain(f"I say: {' '.join(TALE.split()[:20])}, and no more of it.").matches
    assert explained.acting is None
    assert not explained.decided
    assert "20 words in a row, 30 needed: 10 short" in [way.sentence for way in explained.ways]


def test_words_masked_by_spaces_are_shown_as_what_they_meant(shop):
    text = "  ".join(" ".join(word) for word in TALE.split())
    explanation = shop.explain(text)
    assert explanation.report.decision == "stop"
    explained = max(explanation.matches, key=lambda one: one.match.tokens)
    assert marks(explained)["alike"] > 60


def test_sentences_in_another_order_are_shown_as_moved_where_they_were_counted(shop):
    words = TALE.split()
    parts = [words[at : at + 6] for at in range(0, len(words), 6)]
    shuffled = " ".join(word for part in [*parts[1::2], *parts[::2]] for word in part)
    for explained in shop.explain(shuffled).matches:
        found = marks(explained)
        assert found["alike"] + found["moved"] >= explained.match.tokens - 1


def test_a_work_whose_text_grew_shorter_meanwhile_is_not_shown(shop):
    index = MemoryIndex([Document(Work("tale"), TALE)], store_text=True)
    guard = Guard(index)
    report = guard.check(TALE)
    index.add([Document(Work("tale"), "Something else and short.")])
    (explained,) = Explainer(guard).explain(TALE, report).matches
    assert not explained.stored


def test_json_has_figures_and_no_text(shop):
    (explained,) = shop.explain(renamed(), kind="code", language="python").matches
    row = explained.to_dict()
    assert row["text_stored"]
    assert {way["by"] for way in row["ways"]} >= {"min_run", "min_tokens", "max_quoted"}
    assert not any(name in str(row) for name in RENAMES)
    assert STOCK.splitlines()[1].strip() not in str(row)


def test_two_characters_of_a_script_without_spaces_are_one_word():

    text = "".join(chr(0x4E00 + 37 * at % 5000) for at in range(120))
    guard = Guard(MemoryIndex([Document(Work("poem"), text)], store_text=True))
    prompt = f"{text[40:80]}?"
    report = guard.check(text, prompt=prompt)
    (explained,) = Explainer(guard).explain(text, report, prompt=prompt).matches
    assert explained.exempt == 20
    assert sum(piece.in_order for piece in explained.pieces) == 60


MONTHS = "January February March April May June July August September October November December"
"""A commonplace; in a work of our own around it."""


def with_months():
    words = TALE.split()
    return " ".join([*words[:44], MONTHS, *words[44:]])


def explained_with_months(prompt=None, **policy):
    guard = Guard(MemoryIndex([Document(Work("tale"), with_months())], store_text=True), Policy(**policy))
    report = guard.check(with_months(), prompt=prompt)
    (explained,) = Explainer(guard).explain(with_months(), report, prompt=prompt).matches
    return explained


def test_a_commonplace_is_told_from_what_the_request_holds():
    explained = explained_with_months(prompt=" ".join(TALE.split()[:20]))
    assert (explained.exempt, explained.commonplace) == (20, 12)
    assert marks(explained)["commonplace"] == 12
    assert explained.to_dict()["commonplace"] == 12
    assert explained.match.tokens == len(with_months().split()) - 32


def test_what_both_know_is_the_users_own():
    explained = explained_with_months(prompt=f"Name them: {MONTHS}")
    assert (explained.exempt, explained.commonplace) == (12, 0)


def test_a_policy_that_protects_commonplaces_marks_none():
    explained = explained_with_months(exempt_commonplace=False)
    assert (explained.exempt, explained.commonplace) == (0, 0)


def test_only_masked_words_are_said_to_be_read_as_they_were_meant(shop, closed_shop):
    masked = "  ".join(" ".join(word) for word in TALE.split())
    best = max(shop.explain(masked).matches, key=lambda one: one.match.tokens)
    assert best.meant
    assert best.to_dict()["masked"] is True
    (plain,) = shop.explain(TALE).matches
    assert plain.to_dict()["masked"] is False
    (unknown,) = closed_shop.explain(TALE).matches
    assert unknown.to_dict()["masked"] is None


def spread_copy(short, long):
    """The first words of a work, 200 words of nobody's, and more words of it."""
    words = long_tale().split()
    between = " ".join(f"pebble{at}" for at in range(200))
    return f"{' '.join(words[:short])} {between} {' '.join(words[40 : 40 + long])}"


def long_tale():
    rng = random.Random(11)
    return " ".join("".join(rng.choices("abcdefghiklmnoprstu", k=7)) for _ in range(200))


def explained_of(output, limits=None, *, tenant=None, **policy):
    guard = Guard(
        MemoryIndex([Document(Work("tale"), long_tale())], store_text=True),
        Policy(text=limits or {}, **policy),
    )
    report = guard.check(output, all=True, tenant=tenant)
    return Explainer(guard).explain(output, report, tenant=tenant)


def test_the_decision_fell_on_the_match_that_acted_and_on_no_other_of_its_work():
    explanation = explained_of(spread_copy(20, 80))
    assert sorted((one.match.tokens > 20, one.decided) for one in explanation.matches) == [
        (False, False),
        (True, True),
    ]
    begin = next(one.match.output.start for one in explanation.matches if one.decided)
    assert f"begins at character {begin:,}, " in because(explanation.report)


def test_of_several_matches_that_act_the_decision_fell_on_the_first():
    explanation = explained_of(spread_copy(35, 50), action="observe")
    assert [one.match.action for one in explanation.matches] == ["observe"] * 2
    assert [one.match.output.start for one in explanation.matches if one.decided] == [0]


def test_a_quota_is_decided_by_the_match_that_filled_it():
    limits = {"max_quoted": 60, "min_run": 70, "min_tokens": 1000}
    explanation = explained_of(spread_copy(36, 50), limits)
    assert explanation.report.decided.by == "max_quoted"
    assert [one.match.output.start > 0 for one in explanation.matches if one.decided] == [True]


def test_where_its_view_is_not_told_the_decision_fell_on_the_match_that_is():
    (explained,) = explained_of(spread_copy(0, 80)).matches
    report = explained_of(spread_copy(0, 80)).report
    other = replace(report, decided=replace(report.decided, view="source"))
    assert decisive(other) is other.matches[0]
    assert explained.decided
    assert decisive(replace(report, decided=None)) is None


def test_a_match_is_explained_by_the_rules_of_its_tenant():
    rules = (Rule(name="press", tenant="press", action="cite", text={"min_run": 60}),)
    text = spread_copy(0, 80)
    told = {}
    for tenant in (None, "press"):
        (explained,) = explained_of(text, tenant=tenant, rule=rules).matches
        assert explained.match.action == explained.acting.action
        told[tenant] = next(figure.threshold for figure in explained.figures if figure.name == "min_run")
    assert told == {None: 30, "press": 60}
