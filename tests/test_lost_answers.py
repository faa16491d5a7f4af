"""No answer is lost in silence: whichever it is, the report tells; and what is said to be stopped does not go out.

One answer after the other is lost, of all that a stream asks: of texts, code, crowds, history, several indexes.
"""

import asyncio
import logging
import random
import subprocess
import sys
from functools import cache

import pytest
import typer

from simblock.driving import ask
from simblock.errors import Damaged, StoreLost
from simblock.guard import Guard
from simblock.match import Span
from simblock.policy import Policy
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from simblock_indexer import exits
from tests.material import INDEX, OTHERS, prose, quoted_passage, run
from tests.programs import Programmer, fenced, renamed

METHODS = ("postings", "run", "works", "places")
LOST = (
    StoreLost("the server gave no answer within 50 ms"),
    Damaged("a record is gone: sync the index again"),
)
TITLE, WORDS = quoted_passage(random.Random(1), 64)
PASSAGE = " ".join(WORDS)
CLEAN = " ".join(prose(random.Random(2), 90, OTHERS))
TEXT = f"{CLEAN} {PASSAGE} {CLEAN}"
GOES_ON = ("release", "degraded")


class Gappy:
    """An index that loses some of its answers: those whose numbers ``gaps`` has, of those that it is asked for."""

    def __init__(self, index=INDEX, gaps=(), methods=METHODS):
        self.index, self.gaps, self.methods = index, gaps, methods
        self.asked = self.lost = 0
        self.age = 0.0

    def __getattr__(self, name):
        if name in self.methods:
            return lambda *question: self._ask(name, question)
        return getattr(self.index, name)

    def _ask(self, name, question):
        self.asked += 1
        if self.asked - 1 in self.gaps:
            self.lost += 1
            raise LOST[self.lost % 2]
        return getattr(self.index, name)(*question)


class Awaited(Gappy):
    """The same for event loops."""

    async def aask(self, question):
        await asyncio.sleep(0)
        return ask(self, question)


@cache
def crowded():
    """Very many works of few and of many owners, with one passage in all of them."""
    rng = random.Random(7)
    return MemoryIndex(
        Document(Work(f"crowd-{n}", owner=f"o{n % 20}"), " ".join([*prose(rng, 60), *WORDS, *prose(rng, 60)]))
        for n in range(90)
    )


PROGRAM = Programmer(random.Random("lost"), "python").program(1)


@cache
def coded():
    work = Work("program", kind="code", language="python")
    return MemoryIndex([Document(work, PROGRAM), Document(Work("text"), PASSAGE)])


def checked(guard):
    return guard.check(TEXT)


def streamed(guard):
    stream = guard.stream()
    run(stream, TEXT, range(0, len(TEXT), 11))
    return stream.report


def awaited(guard):
    async def through():
        stream = guard.stream()
        for at in range(0, len(TEXT), 40):
            await stream.afeed(TEXT[at : at + 40])
        await stream.afinish()
        return stream.report

    return asyncio.run(through())


def of_a_history(guard):
    turns = [{"role": "assistant", "content": TEXT}]
    response = guard.response(history=turns)
    first, second = response.stream(), response.stream("reasoning")
    first.feed("Well, ")
    second.feed("They want a story. ")
    first.finish()
    second.finish()
    return response.report


def of_code(guard):
    return guard.check(f"Here it is:\n{fenced(renamed(PROGRAM, 'python'), 'python')}\nSo far.")


WAYS = {
    "checked": (checked, Gappy, lambda: INDEX, {}),
    "redacted": (checked, Gappy, lambda: INDEX, {"action": "redact"}),
    "observed": (checked, Gappy, lambda: INDEX, {"action": "observe"}),
    "cited": (checked, Gappy, lambda: INDEX, {"action": "cite"}),
    "streamed": (streamed, Gappy, lambda: INDEX, {}),
    "streamed, strictly": (streamed, Gappy, lambda: INDEX, {"max_leak": 0}),
    "awaited": (awaited, Awaited, lambda: INDEX, {}),
    "of a history": (of_a_history, Gappy, lambda: INDEX, {}),
    "of a crowd": (checked, Gappy, crowded, {}),
    "of code": (of_code, Gappy, coded, {"code": {"min_information": 0, "min_run_information": 0}}),
}


def some(count, most):
    """Numbers below ``count``: all of them, or so many of them spread evenly."""
    return sorted({number * count // min(count, most) for number in range(min(count, most))})


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_whichever_answer_is_lost_the_report_tells(way):
    said, kind, index, fields = way
    most = 6 if index in {crowded, coded} else 30
    whole = kind(index())
    said(Guard(whole, Policy(**fields)))
    assert whole.asked > 2
    for number in some(whole.asked, most):
        for on_error in ("stop", *GOES_ON):
            gappy = kind(index(), {number})
            report = said(Guard(gappy, Policy(on_error=on_error, **fields)))
            assert gappy.lost, f"answer {number} was not asked for"
            assert report.error, f"answer {number} of {whole.asked} was lost in silence"
            assert report.degraded == (on_error != "stop")
            assert on_error != "stop" or report.decision == "stop"


@pytest.mark.parametrize("on_error", GOES_ON)
@pytest.mark.parametrize("position", [0, 1])
def test_an_answer_of_one_index_of_several_is_not_lost_in_silence(position, on_error):
    for number in range(6):
        indexes = [MemoryIndex([Document(Work("own"), CLEAN[:300])]), INDEX]
        indexes[position] = gappy = Gappy(indexes[position], {number})
        report = Guard(indexes, Policy(on_error=on_error)).check(TEXT)
        assert (report.error is not None) == bool(gappy.lost)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_said_to_be_stopped_or_redacted_is_not_in_what_a_check_releases(seed):
    """Whatever is lost: also where answers come back as the output ends."""
    rng = random.Random(seed)
    gaps = set(rng.sample(range(12), rng.randrange(1, 10)))
    for on_error in ("stop", *GOES_ON):
        for action in ("stop", "redact"):
            report = Guard(Gappy(INDEX, gaps), Policy(on_error=on_error, action=action)).check(TEXT)
            assert report.decision == "release" or PASSAGE not in report.released
            if report.decided is not None and report.decided.work:
                assert [match.work.id for match in report.matches] == [TITLE]
                assert not any(
                    TEXT[a:b] in report.released for match in report.matches for a, b, _, _ in match.spans
                )
            assert report.error or report.decision == action


@pytest.mark.parametrize("on_error", ["stop", *GOES_ON])
def test_a_match_is_told_where_its_place_in_the_work_is_lost(on_error):
    guard = Guard(Gappy(gaps=range(100), methods=("places",)), Policy(on_error=on_error))
    whole = Guard(INDEX).check(TEXT)
    report = guard.check(TEXT)
    assert (report.decision, report.decided) == ("stop", whole.decided)
    assert report.error
    (match,) = report.matches
    assert (match.work, match.output, match.tokens) == tuple(
        getattr(whole.matches[0], name) for name in ("work", "output", "tokens")
    )
    assert (match.source, match.lines[1]) == (Span(0, 0), Span(0, 0))
    assert report.released == whole.released


def test_what_is_shown_of_a_match_says_that_its_place_is_unknown():
    from simblock.commands.results import likeness

    report = Guard(Gappy(gaps=range(100), methods=("places",)), Policy(on_error="release")).check(TEXT)
    assert likeness(report.matches[0]).endswith("work at a place unknown")


class Breaking(Gappy):
    """An index that fails in a way that nobody foresaw."""

    def _ask(self, name, question):
        if name == "postings":
            raise RuntimeError("a fault of its own")
        return super()._ask(name, question)


@pytest.mark.parametrize("on_error", ["stop", *GOES_ON])
def test_a_chunk_that_was_left_in_between_is_lost_and_told(on_error):
    index = Breaking()
    stream = Guard(index, Policy(on_error=on_error)).stream()
    with pytest.raises(RuntimeError):
        stream.feed(TEXT)
    assert "broken off" in stream.report.error
    assert stream.report.degraded == (on_error != "stop")
    assert stream.stopped == (on_error == "stop")
    assert on_error != "stop" or not stream.feed("More. ")


@pytest.mark.parametrize("on_error", GOES_ON)
@pytest.mark.parametrize("history", [[], [{"role": "assistant", "content": TEXT}]], ids=["chunk", "history"])
def test_a_caller_who_is_cancelled_does_not_make_a_stream_credulous(history, on_error):
    class Hung(Gappy):
        async def aask(self, question):
            if self.hangs:
                await asyncio.Event().wait()
            return ask(self, question)

    async def through():
        index = Hung()
        index.hangs = True
        response = Guard(index, Policy(on_error=on_error)).response(history=history)
        stream = response.stream()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.afeed("A story, " if history else TEXT), 0.01)
        index.hangs = False
        other = response.stream("reasoning")
        await other.afeed("A story.")
        await stream.afeed(" The end.")
        await stream.afinish()
        return stream.core, other.core, stream.report

    core, other, report = asyncio.run(through())
    assert "broken off" in report.error
    assert report.degraded
    assert (other.error is not None) == bool(history), "what is lost of the history is lost to all streams"
    assert core.error


def test_what_is_lost_of_the_history_ends_every_stream_of_the_response_where_the_policy_stops():
    gappy = Gappy(gaps={0})
    response = Guard(gappy).response(history=[{"role": "assistant", "content": TEXT}])
    streams = [response.stream(), response.stream("reasoning")]
    assert [stream.feed("Well, then. ") + stream.finish() for stream in streams] == ["", ""]
    assert all(stream.stopped for stream in streams)


@pytest.mark.parametrize("command", [("check", "-"), ("stream",)])
@pytest.mark.parametrize("on_error", GOES_ON)
def test_a_command_prints_an_outage_once(command, on_error, tmp_path, monkeypatch, capsys):
    from simblock import cli

    guard = Guard(Gappy(gaps=range(1000)), Policy(on_error=on_error))
    monkeypatch.setattr(cli, "open_guard", lambda *_: guard)
    said = tmp_path / "said.txt"
    said.write_text(CLEAN, "utf-8")
    with said.open(encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        with pytest.raises(SystemExit) as ended:
            cli.main([command[0], "any.sbx", *command[1:]])
    assert ended.value.code == 2
    told = [line for line in capsys.readouterr().err.splitlines() if any(str(lost) in line for lost in LOST)]
    assert len(told) == 1


def test_what_else_the_library_warns_of_is_a_line_of_a_command(capsys):
    app = typer.Typer()

    @app.command()
    def warns():
        logging.getLogger("simblock").warning("%s: a commit is on 1 of 2 replicas", "the store")

    with pytest.raises(SystemExit):
        exits.run(app, "simblock", [])
    assert capsys.readouterr().err == "simblock: the store: a commit is on 1 of 2 replicas\n"


def test_the_library_prints_nothing_by_itself():
    code = "import simblock, logging; logging.getLogger('simblock').warning('an index is lost')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
