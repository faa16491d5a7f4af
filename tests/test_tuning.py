"""`simblock tune`: what is heard, what a grid says of it, which point is chosen, and the command from the outside."""

import io
import json
import math
import os
import random
import re
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.cli import app
from simblock.guard import Guard
from simblock.policy import Policy, Rule
from simblock.stores.memory import MemoryIndex
from simblock.stores.writer import Writer
from simblock.tune import copies as copying
from simblock.tune import curves, policyfile
from simblock.tune.choosing import ENOUGH, Choice, Point, Rates, Share, choose, tuned, weigh
from simblock.tune.grid import GROUPS, Grid, cells, changed, verdict
from simblock.tune.interval import interval, needed
from simblock.tune.listening import LOWEST, Ear, Heard, Measured, add
from simblock.tune.outcome import Question, outcome
from simblock.work import Document, Work
from simblock_indexer.exits import run
from tests.material import DOCUMENTS, INDEX, OTHERS, WORKS, edited, prose
from tests.programs import Programmer, fenced, renamed
from tests.test_cli import Outcome, refused

WORK = Work("work", owner="owner")
QUESTION = Question(0.01, False, ("an index",), "2026-11-25", "given")
RULED = Policy(
    rule=(
        Rule(work=("work-1",), action="release"),
        Rule(work=("work-2",), text={"min_run": 18, "min_tokens": 20, "min_similarity": 0.45}),
        Rule(owner=("owner-work-3",), action="cite"),
    )
)
POLICIES = {
    "the defaults": Policy(),
    "a strict policy that cites": Policy(
        profile="cite", max_leak=0, text={"min_run": 25, "min_information": 70}
    ),
    "rules": RULED,
}


def hosted(rng, passage):
    return " ".join([*prose(rng, 30, OTHERS), *passage, *prose(rng, 30, OTHERS)])


def some_outputs(count, seed=3):
    """Outputs that copy a little, much or nothing, with 0 to 45 % of the words edited."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        length = rng.choice((0, 12, 20, 28, 40, 70, 110))
        name = rng.choice(sorted(WORKS))
        at = rng.randrange(400 - length)
        made.append(hosted(rng, edited(rng, WORKS[name][at : at + length], rng.choice((0, 0.1, 0.25, 0.45)))))
    return made


def heard_of(work=WORK, view="words", **figures):
    every = {
        "longest_run": 0,
        "tokens": 0,
        "similarity": 0.0,
        "information": 0.0,
        "quoted": 0,
        "evidence": 0.0,
    }
    return Heard(work, view, every | figures)


# -- what is heard


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
def test_what_is_heard_is_judged_as_a_check_judges_it(policy):
    ear, guard = Ear([INDEX], policy), Guard(INDEX, policy)
    for text in some_outputs(60):
        report = guard.check(text)
        acted = any(verdict(policy, heard) for heard in ear.measure("one", text).heard)
        decided = report.decided is not None and not (policy.profile == "cite" and report.decision == "cite")
        assert acted == decided


def test_one_measure_serves_every_policy_of_the_grid():
    ear = Ear([INDEX], Policy())
    texts = some_outputs(12, seed=8)
    measured = [ear.measure("one", text) for text in texts]
    rng = random.Random(5)
    for _ in range(6):
        fields = {}
        for group in GROUPS["text"]:
            fields |= rng.choice(cells(Policy().text, group.levels)).fields
        policy = changed(Policy(), {"text": fields})
        guard = Guard(INDEX, policy)
        for text, one in zip(texts, measured, strict=True):
            assert any(verdict(policy, heard) for heard in one.heard) == guard.check(text).acted


def test_code_is_heard_as_a_check_judges_it():
    rng = random.Random(4)
    sources = {
        f"{language}-{n}": (language, Programmer(rng, language).program(2))
        for language in ("python", "c")
        for n in range(2)
    }
    works = [
        Document(Work(name, kind="code", language=language), text)
        for name, (language, text) in sources.items()
    ]
    index = MemoryIndex(works)
    ear, guard = Ear([index], Policy()), Guard(index, Policy())
    acted = 0
    for language, text in sources.values():
        lines = text.splitlines(keepends=True)
        for length in (6, 40):
            output = fenced(renamed("".join(lines[:length]), language), language)
            report = guard.check(output)
            assert any(verdict(Policy(), heard) for heard in ear.measure("one", output).heard) == report.acted
            acted += report.acted
    assert acted


def test_what_the_client_said_is_free_and_earlier_turns_are_not_judged_again():
    ear = Ear([INDEX], Policy())
    passage = " ".join(WORKS["work-3"][40:120])
    assert ear.measure("one", passage).heard
    assert not ear.measure("one", passage, prompt=passage).heard
    assert not ear.measure("one", "Nothing more.", history=[{"role": "assistant", "content": passage}]).heard
    more = ear.measure(
        "one", " ".join(WORKS["work-3"][120:145]), history=[{"role": "assistant", "content": passage}]
    )
    assert any(heard.figures["quoted"] >= 100 for heard in more.heard)


def test_only_figures_that_no_others_outdo_are_kept():
    heard = []
    add(heard, heard_of(tokens=40, similarity=0.8))
    add(heard, heard_of(tokens=30, similarity=0.6))
    add(heard, heard_of(tokens=60, similarity=0.7))
    assert [one.figures["tokens"] for one in heard] == [40, 60]
    add(heard, heard_of(tokens=70, similarity=0.8))
    assert [one.figures["tokens"] for one in heard] == [70]


# -- the grid


def some_figures(rng):
    """Figures of a match, mostly about the thresholds of the grid."""
    counts = (0, 15, 19, 29, 30, 31, 47, 60, 79, 96, 130, 260)
    return {
        "longest_run": rng.choice(counts),
        "tokens": rng.choice(counts),
        "similarity": rng.choice((0.0, 0.35, 0.45, 0.5, 0.6, 0.66, 0.7, 0.899, 0.9, 1.0)),
        "information": rng.choice((0.0, 39.9, 50.0, 75.0, 100.0, 149.0, 180.0, 300.0)),
        "quoted": rng.choice((0, 0, 0, 50, 120)),
        "evidence": rng.choice((0.0, 0.0, 39.0, 60.0, 90.0, 110.0, 260.0)),
    }


@pytest.mark.parametrize("view", ["words", "comments", "lexemes", "syntax", "source"])
def test_a_cell_acts_as_the_whole_policy_with_its_fields(view):
    rng = random.Random(view)
    works = [Work(f"work-{n}", owner=f"owner-work-{n}") for n in (1, 2, 3, 4)]
    matches = [heard_of(rng.choice(works), view, **some_figures(rng)) for _ in range(150)]
    grid = Grid(RULED, matches[0].section)
    acts = grid.acts([Measured("one", (match,)) for match in matches])
    for _ in range(40):
        places = [rng.randrange(len(its)) for its in grid.cells]
        fields = {}
        for its, place in zip(grid.cells, places, strict=True):
            fields |= its[place].fields
        policy = changed(RULED, {grid.section: fields})
        whole = [verdict(policy, match) is not None for match in matches]
        assert whole == (acts[0][:, places[0]] | acts[1][:, places[1]]).tolist()


def test_the_policys_own_values_are_in_the_grid_whatever_they_are():
    policy = Policy(text={"min_run": 27, "min_similarity": 0.655}, code={"min_tokens": 53})
    for section in GROUPS:
        for its in Grid(policy, section).cells:
            (own,) = [cell for cell in its if not cell.steps]
            assert not own.looser
            for name, value in own.fields.items():
                limits = getattr(policy, section)
                assert value == (
                    limits.run_information if name == "min_run_information" else getattr(limits, name)
                )


def test_evidence_is_tried_on_both_sides_of_the_default_and_heard_as_far_down():
    default = Policy().text.min_evidence
    tried = GROUPS["text"][1].levels["min_evidence"]
    assert min(tried) < default < max(tried)
    assert LOWEST["text"]["min_evidence"] <= min(tried)


# -- the choice


def point(stops, hits, steps, n=1000):
    share = Rates(Share(stops, n), Share(hits, 100))
    return Point({"text": {"min_run": steps}}, steps, share, share)


points = st.lists(
    st.builds(point, st.integers(0, 50), st.integers(0, 100), st.integers(0, 9)), min_size=1, max_size=40
)


@given(points, st.floats(0.0001, 0.1), st.floats(0.0001, 0.1), st.booleans())
def test_a_stricter_rate_never_gives_more_false_stops(found, one, other, upper):
    strict, loose = (choose(found[0], found, rate, upper=upper).chosen for rate in sorted((one, other)))
    assert strict.tuned.clean.stopped <= loose.tuned.clean.stopped


@given(points, st.floats(0.0001, 0.1))
def test_no_point_that_keeps_to_the_rate_has_more_recall_or_the_same_and_is_nearer(found, rate):
    choice = choose(found[0], found, rate)
    within = [one for one in found if one.tuned.clean.interval.share <= rate]
    assert choice.kept == bool(within)
    if within:
        assert choice.chosen.tuned.clean.interval.share <= rate
        assert choice.chosen.worth == max(one.worth for one in within)
    else:
        assert choice.chosen.tuned.clean.stopped == min(one.tuned.clean.stopped for one in found)


@given(st.integers(1, 5000), st.data())
def test_an_interval_holds_its_share(n, data):
    found = interval(data.draw(st.integers(0, n)), n)
    assert 0 <= found.low <= found.share <= found.high <= 1


def test_intervals_are_those_of_the_literature():
    assert interval(0, 0) == (0, 0, 1)
    assert interval(10, 100)[1:] == pytest.approx(
        (0.0552, 0.1744), abs=1e-3
    )  # Newcombe 1998, table I has its like
    assert needed(0.001) == 3000


def outputs_of(figures, count, name):
    return [Measured(f"{name} {n}", tuple(heard_of(**one) for one in figures)) for n in range(count)]


def run_of(length):
    return {"longest_run": length, "tokens": length, "similarity": 1.0, "information": 300.0}


def test_thresholds_go_where_the_outputs_ask_them_to_be():
    clean = outputs_of([], 2 * ENOUGH + 200, "clean") + outputs_of([run_of(34)], 40, "quotation")
    copies = outputs_of([run_of(45)], 50, "long") + outputs_of([run_of(20)], 50, "short")
    strict = weigh(Policy(), clean, copies, 0.001)
    assert strict.kept
    assert strict.chosen.tuned.clean.stopped == strict.chosen.reported.clean.stopped == 0
    assert strict.chosen.fields["text"]["min_run"] == 40
    assert strict.chosen.fields["text"]["min_tokens"] == 40
    assert strict.chosen.fields["code"] == strict.current.fields["code"]
    loose = weigh(Policy(), clean, copies, 0.2)
    assert loose.chosen.tuned.copies.stopped == loose.chosen.tuned.copies.n
    assert loose.chosen.fields["text"]["min_run"] == 20 or loose.chosen.fields["text"]["min_tokens"] == 16


def test_few_clean_outputs_lower_no_threshold_nor_do_any_without_copies():
    copies = outputs_of([run_of(20)], 50, "short")
    for clean, its in ((outputs_of([], ENOUGH, "clean"), copies), (outputs_of([], 3 * ENOUGH, "clean"), [])):
        choice = weigh(Policy(), clean, its, 0.01)
        assert choice.chosen.steps == 0


def test_without_copies_thresholds_move_no_further_than_needed():
    clean = outputs_of([], 100, "clean") + outputs_of([run_of(34)], 10, "quotation")
    choice = weigh(Policy(), clean, [], 0.001)
    assert choice.kept
    assert choice.chosen.steps == 2  # the run by one level, and words alike by one
    assert weigh(Policy(), clean, [], 0.5).chosen.steps == 0


def test_the_upper_bound_asks_for_more_than_the_estimate():
    clean = outputs_of([], 1000, "clean") + outputs_of([run_of(34)], 4, "quotation")
    copies = outputs_of([run_of(35)], 20, "copy")
    assert weigh(Policy(), clean, copies, 0.006).chosen.tuned.copies.stopped
    assert not weigh(Policy(), clean, copies, 0.006, upper=True).chosen.tuned.copies.stopped


def test_what_cannot_be_reached_is_said_and_the_least_taken():
    clean = outputs_of([{"quoted": 100}], 10, "clean")
    found = outcome(QUESTION, Policy(), clean, [])
    assert not found.choice.kept
    assert found.chosen == Policy()
    notes = " ".join(found.notes)
    assert "no thresholds that were tried keep to 1 %" in notes
    assert "10 of the clean outputs fill a quota" in notes
    assert "too few clean outputs to tell" in notes


# -- copies


def test_copies_are_made_of_stored_texts_and_of_works_that_are_not_released():
    index = MemoryIndex(DOCUMENTS, store_text=True)
    rng = random.Random(2)
    works = copying.stored([index], RULED, 50, rng)
    assert {one.work.id for one in works} == {document.work.id for document in DOCUMENTS} - {"work-1"}
    made = list(copying.copies(works, 60, rng))
    assert len(made) == 60
    assert {copy.group for copy in made} == {f"text, {rate}% of the words edited" for rate in (0, 10, 20, 30)}
    ear = Ear([index], Policy())
    for copy in made:
        if copy.group.startswith("text, 0%"):
            assert any(verdict(Policy(), heard) for heard in ear.measure("one", copy.text).heard)
    assert not copying.stored([INDEX], Policy(), 50, rng)


@settings(max_examples=50)
@given(st.integers(1, 200), st.sampled_from(copying.RATES), st.randoms(use_true_random=False))
def test_as_many_words_are_edited_as_said(count, rate, rng):
    words = [f"w{n}" for n in range(count)]
    kept = [word for word in copying.edited(words, rate, lambda: "other", rng) if word != "other"]
    assert kept == [word for word in words if word in kept]
    assert len(words) - len(kept) <= round(rate * count)


def test_functions_of_python_are_renamed_and_other_code_has_lines_edited():
    rng = random.Random(1)
    documents = [
        Document(Work(f"{language}", kind="code", language=language), Programmer(rng, language).program(6))
        for language in ("python", "java")
    ]
    works = copying.stored([MemoryIndex(documents, store_text=True)], Policy(), 10, rng)
    groups = {copy.group for copy in copying.copies(works, 60, rng)}
    assert any("of the lines edited" in group for group in groups)
    assert all(copy.text.startswith("```") for copy in copying.copies(works, 4, rng))


# -- what is written


def test_the_policy_file_loads_as_the_chosen_policy(tmp_path):
    policy = RULED.model_copy(update={"max_leak": 0, "on_error": "release"})
    clean = outputs_of([run_of(34)], 10, "clean")
    found = outcome(QUESTION, policy, clean, outputs_of([run_of(45)], 20, "copy"))
    assert found.chosen.text.min_run > 34
    text = policyfile.written(found)
    (tmp_path / "policy.toml").write_text(text, "utf-8")
    assert Policy.load(tmp_path / "policy.toml") == found.chosen
    assert "min_run = 40  # was 30" in text
    assert "2026-11-25" in text


def test_a_policy_without_evidence_stays_one_in_the_file_and_in_json():
    policy = Policy(text={"min_evidence": math.inf}, rule=(Rule(text={"min_evidence": math.inf}),))
    found = outcome(QUESTION, policy, outputs_of([], 3, "clean"), outputs_of([run_of(45)], 20, "copy"))
    assert Policy(**tomllib.loads(policyfile.written(found))) == found.chosen
    row = json.dumps(found.to_dict(), allow_nan=False)
    assert Policy(**json.loads(row)["policy"]) == found.chosen


@settings(max_examples=20)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_rules_of_any_name_are_written_as_they_are(name):
    policy = Policy(rule=(Rule(name=name, owner=(name,), code={"min_run": 50}),))
    found = outcome(QUESTION, policy, outputs_of([], 3, "clean"), [])
    assert Policy(**tomllib.loads(policyfile.written(found))).rule == policy.rule


def test_a_curve_says_what_was_chosen_and_has_no_more_than_figures():
    clean = outputs_of([], 800, "clean") + outputs_of([run_of(34)], 40, "quotation")
    choice: Choice = weigh(Policy(), clean, outputs_of([run_of(45)], 50, "copy"), 0.01)
    picture = curves.svg(choice, 0.01)
    assert picture.startswith("<svg")
    assert "copies stopped, %" in picture
    assert picture == curves.svg(choice, 0.01)
    drawn = curves.plain(choice)
    assert "X" in drawn
    assert "\x1b" not in drawn
    assert "levels from the policy now" in curves.svg(weigh(Policy(), clean, [], 0.01), 0.01)


# -- the command


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two indexes, with the texts and without, clean outputs of which a few copy a little, and copies."""
    here = tmp_path_factory.mktemp("tune")
    for name, store in (("works.sbx", True), ("bare.sbx", False)):
        with Writer.create(here / name, store_text=store) as writer:
            writer.put(DOCUMENTS)
            writer.commit()
    rng = random.Random(6)
    (here / "clean").mkdir()
    for n in range(40):
        quoted = WORKS["work-5"][n : n + 34] if n < 6 else []
        (here / "clean" / f"{n}.txt").write_text(hosted(rng, quoted))
    rows = [{"id": f"copy {n}", "text": hosted(rng, WORKS["work-7"][n : n + 90])} for n in range(12)]
    (here / "copies.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return here


@pytest.fixture
def simblock(folder, monkeypatch, capsys):
    """Runs a command in this process, in the folder."""
    for name in [name for name in os.environ if name.startswith("SIMBLOCK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)

    def call(*arguments):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
        with pytest.raises(SystemExit) as ended:
            run(app, "simblock", [str(argument) for argument in arguments])
        shown = capsys.readouterr()
        return Outcome(ended.value.code, shown.out, shown.err)

    return call


TUNE = ("tune", "works.sbx", "--clean", "clean")


def test_thresholds_are_chosen_written_and_shown(simblock, tmp_path):
    policy, report = tmp_path / "policy.toml", tmp_path / "page.html"
    done = simblock(*TUNE, "--copies", "copies.jsonl", "--out", policy, "--report", report)
    assert done.code == 0, done.err
    for heading in ("policy", "half", "clean outputs stopped", "copies stopped"):
        assert heading in done.out.splitlines()[0]
    assert re.search(r"^now +chosen on +", done.out, re.MULTILINE)
    assert "clean outputs that the policy now stops: 6" in done.out
    assert "note: too few clean outputs to tell" in done.out
    assert "for 0.1 % of clean outputs stopped: text.min_run 30 → 40" in done.out
    assert Policy.load(policy).text.min_run == 40
    page = report.read_text("utf-8")
    assert "<svg" in page
    assert "clean/0.txt" in page
    assert "<th>evidence</th>" in page
    assert not any(" ".join(WORKS["work-5"][n : n + 4]) in page + done.out for n in range(0, 34, 4))
    guard = Guard(INDEX, Policy.load(policy))
    assert not guard.check(hosted(random.Random(1), WORKS["work-5"][3:37])).acted


def test_json_has_both_halves_the_curve_and_the_policy(simblock):
    done = simblock(*TUNE, "--copies", "copies.jsonl", "--json")
    (row,) = done.rows
    assert row["copies"] == "given"
    assert row["kept"] is True
    assert row["policy"]["text"]["min_run"] == row["chosen"]["text"]["min_run"] == 40
    halves = [row["current"][half]["clean"] for half in ("tuned", "reported")]
    assert sum(half["stopped"] for half in halves) == len(row["stopped_now"]) == 6
    assert sum(half["n"] for half in halves) == 40
    mine = [f"clean/{n}.txt" for n in range(40)]
    assert halves[0]["n"] == sum(map(tuned, mine))
    assert row["out"] is None


def test_copies_are_made_where_texts_are_stored_and_else_recall_stays_unknown(simblock):
    (row,) = simblock(*TUNE, "--passages", 24, "--json").rows
    assert row["copies"] == "made"
    assert sum(row["current"][half]["copies"]["n"] for half in ("tuned", "reported")) == 24
    assert [kind["kind"] for kind in row["kinds"]]
    bare = simblock("tune", "bare.sbx", "--clean", "clean")
    assert "no copies were measured: recall is unknown" in bare.out
    assert "unknown" in bare.out
    assert "nothing was written: --out FILE writes the policy" in bare.out


def test_a_policy_that_is_given_is_where_it_begins(simblock, tmp_path):
    (tmp_path / "own.toml").write_text("max_leak = 0\n[text]\nmin_run = 50\nmin_tokens = 50\n")
    (row,) = simblock(*TUNE, "--policy", tmp_path / "own.toml", "--passages", 8, "--json").rows
    assert row["current"]["text"]["min_run"] == 50
    assert row["chosen"]["steps"] == 0
    assert row["policy"]["max_leak"] == 0


def test_no_file_is_replaced_unless_asked(simblock, tmp_path):
    there = tmp_path / "policy.toml"
    there.write_text("max_leak = 0\n")
    assert "is there already: give another --out, or --force" in refused(simblock(*TUNE, "--out", there))
    assert there.read_text() == "max_leak = 0\n"
    assert simblock(*TUNE, "--out", there, "--force", "--passages", 4).code == 0
    assert Policy.load(there).max_leak is None


def test_what_cannot_be_measured_is_said_in_one_sentence(simblock, tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "blank.jsonl").write_text('{"text": "  "}\n')
    (tmp_path / "bad.txt").write_bytes(b"caf\xe9")
    (tmp_path / "none").mkdir()
    Writer.create(tmp_path / "empty.sbx").__enter__().commit()
    asked = {
        "no output there has any text": ("works.sbx", "--clean", tmp_path / "empty.jsonl"),
        "no output there has any text: give": ("works.sbx", "--clean", tmp_path / "blank.jsonl"),
        "not UTF-8": ("works.sbx", "--clean", tmp_path / "bad.txt"),
        "nothing to check in": ("works.sbx", "--clean", tmp_path / "none"),
        "no such file": ("works.sbx", "--clean", tmp_path / "missing"),
        "holds no works": (tmp_path / "empty.sbx", "--clean", "clean"),
        "is not an index": ("clean", "--clean", "clean"),
        "outputs are given with --clean": ("works.sbx", "clean", "--clean", "clean"),
        "it is a share over 0 and under 1": ("works.sbx", "--clean", "clean", "--false-stops", 5),
        "no such folder": ("works.sbx", "--clean", "clean", "--out", tmp_path / "no" / "policy.toml"),
        "Missing option '--clean'": ("works.sbx",),
    }
    for sentence, arguments in asked.items():
        assert sentence.lower() in refused(simblock("tune", *arguments)).lower()


def test_without_the_extra_the_page_is_refused_at_once_and_the_curve_left_out(
    simblock, tmp_path, monkeypatch
):
    for name in ("plotext", "matplotlib", "jinja2"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    assert "simblock[report]" in refused(simblock(*TUNE, "--report", tmp_path / "page.html"))
    done = simblock(*TUNE, "--passages", 8)
    assert done.code == 0
    assert "a curve in the terminal needs an extra: pip install 'simblock[report]'" in done.out
