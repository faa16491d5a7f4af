"""`simblock` from the outside: what it prints, and how it exits."""

import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from simblock import __version__
from simblock.cli import app
from simblock.commands import guarding
from simblock.stores.writer import Writer
from simblock.work import Document, Work
from simblock_indexer.exits import run

TALE = (
    "Before the ferry sailed the harbour master climbed onto a barrel and read the names of all who had drowned "
    "since the lighthouse went dark, slowly, as if each of them might still answer, and the fishwives stopped "
    "their knives to listen; nobody coughed, nobody moved, and even the gulls upon the customs house kept quiet "
    "until the last name had been given to the wind and the barrel was rolled away to its corner"
)
OTHER = "Nothing in these few lines has been taken from anywhere, and so they may go out as they stand.\n"
OURS = "An old man tells it so: "
PROJECT = Path(__file__).parent.parent / "pyproject.toml"


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def rows(self):
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with an index of one work, a copy of it, and an innocent text."""
    here = tmp_path_factory.mktemp("cli")
    with Writer.create(here / "works.sbx") as writer:
        work = Work(
            "tale", title="The Names", owner="A. Mariner", license="CC-BY-NC-4.0", url="https://sea.example"
        )
        writer.put([Document(work, TALE)])
        writer.commit()
    (here / "copy.txt").write_text(f"{OURS}{TALE}\nThat is all.\n")
    (here / "other.txt").write_text(OTHER)
    return here


@pytest.fixture
def simblock(folder, monkeypatch, capsys):
    """Runs a command in this process, in the folder."""
    for name in [name for name in os.environ if name.startswith("SIMBLOCK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)

    def call(*arguments, stdin=b""):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            run(app, "simblock", [str(argument) for argument in arguments])
        shown = capsys.readouterr()
        return Outcome(ended.value.code, shown.out, shown.err)

    return call


def process(*arguments, **options):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SIMBLOCK_")}
    command = [sys.executable, "-m", "simblock.cli", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment, **options.pop("env", {})},
        **options,
    )


def finished(running, data):
    out, err = running.communicate(data, timeout=60)
    return running.returncode, out, err.decode()


def refused(outcome):
    """The one line of an error."""
    assert outcome.code == 2
    assert not outcome.out
    assert re.fullmatch(r"simblock: [^\n]+\n", outcome.err)
    return outcome.err


# -- check


def test_a_copy_is_stopped_and_everything_about_it_is_told(simblock):
    outcome = simblock("check", "works.sbx", "copy.txt")
    assert outcome.code == 1
    verdict, decided, match, excerpt = outcome.out.splitlines()
    assert verdict == "copy.txt: stop"
    assert "decided by 30 words in a row (30 needed) of tale (rule default, min_run)" in decided
    assert f": begins at character {len(OURS)}, decided at " in decided
    for told in (
        "tale",
        "The Names",
        "A. Mariner",
        "CC-BY-NC-4.0",
        "https://sea.example",
        "verbatim",
        "answer line 1 = work line 1",
    ):
        assert told in match
    assert excerpt.strip().startswith("An old man tells it so: [[Before the ferry")


def test_lines_are_told_of_the_answer_and_of_the_work_and_twins_are_counted(simblock, tmp_path):
    words = TALE.split()
    lines = "\n".join(" ".join(words[at : at + 8]) for at in range(0, len(words), 8))
    with Writer.create(tmp_path / "twins.sbx") as writer:
        writer.put([Document(Work(name), f"\n\n\n{lines}") for name in ("one", "two")])
        writer.commit()
    (tmp_path / "copy.txt").write_text(f"{OURS}\n{' '.join(words[16:56])}\n")
    match = simblock("check", tmp_path / "twins.sbx", tmp_path / "copy.txt").out.splitlines()[2]
    assert "one (and 1 twin): 40 words" in match
    assert match.endswith("answer line 2 = work lines 6–10")


def test_a_file_that_cannot_be_read_says_how_many_others_were_not_checked(simblock, tmp_path):
    for name in "abcd":
        (tmp_path / name).write_text(OTHER)
    (tmp_path / "b").write_bytes(b"caf\xe9")
    outcome = simblock("check", "works.sbx", tmp_path)
    assert outcome.code == 2
    assert outcome.out == f"{tmp_path / 'a'}: release\n"
    assert f"{tmp_path / 'b'}: not UTF-8" in outcome.err
    assert outcome.err.endswith("(not checked: this and 2 more inputs)\n")
    assert "not checked" not in simblock("check", "works.sbx", tmp_path / "b").err
    assert simblock("check", "works.sbx", tmp_path, "--skip-bad").code == 0


def test_other_text_is_released(simblock):
    assert simblock("check", "works.sbx", "other.txt") == (0, "other.txt: release\n", "")


def test_a_folder_is_checked_file_by_file_and_what_is_no_text_is_counted(simblock, tmp_path, folder):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "copy.txt").write_text(TALE)
    (tmp_path / "other.txt").write_text(OTHER)
    (tmp_path / "rows.jsonl").write_text('{"text": "in a folder a file is a text, whatever its name"}\n')
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0\1")
    (tmp_path / "empty.txt").touch()
    outcome = simblock("check", "works.sbx", tmp_path, "--json")
    assert outcome.code == 1
    assert {row["id"]: row["decision"] for row in outcome.rows} == {
        str(tmp_path / "other.txt"): "release",
        str(tmp_path / "rows.jsonl"): "release",
        str(tmp_path / "sub" / "copy.txt"): "stop",
    }
    assert outcome.err == "simblock: passed over: 1 binary, 1 empty\n"


def test_the_result_has_the_fields_that_are_documented(simblock):
    page = (Path(__file__).parents[1] / "docs" / "results.md").read_text("utf-8")
    of_result, of_match = (
        {
            field
            for line in re.findall(r"^\| (`.*?) \|", part, re.MULTILINE)
            for field in re.findall(r"`(\w+)`", line)
        }
        for part in page.split("\nA match is ")
    )
    (row,) = simblock("check", "works.sbx", "copy.txt", "--json").rows
    (match,) = row["matches"]
    assert set(row) == of_result
    assert set(match) == of_match
    assert row["released"] == OURS
    assert row["decided"]["by"] == "min_run"
    assert match["output"] == {"start": len(OURS), "end": len(OURS) + len(TALE)}
    assert match["source"] == {"start": 0, "end": len(TALE)}


def test_standard_input_is_checked_by_default_and_by_dash(simblock):
    for arguments in (("works.sbx",), ("works.sbx", "-")):
        outcome = simblock("check", *arguments, "--json", stdin=TALE.encode())
        assert outcome.code == 1
        assert outcome.rows[0]["id"] == "-"


def test_an_index_by_environment_serves_where_none_is_named(simblock, monkeypatch):
    monkeypatch.setenv("SIMBLOCK_INDEX", "works.sbx")
    assert simblock("check", "copy.txt", "other.txt", "--json").code == 1


def test_several_indexes_are_asked_together(simblock, tmp_path):
    with Writer.create(tmp_path / "second.sbx") as writer:
        writer.put([Document(Work("second"), OTHER * 3)])
        writer.commit()
    outcome = simblock("check", "works.sbx", tmp_path / "second.sbx", "copy.txt", "--json")
    assert [index["name"] for index in outcome.rows[0]["indexes"]] == [
        "works.sbx",
        str(tmp_path / "second.sbx"),
    ]


def test_of_several_indexes_the_one_that_holds_a_match_is_told(simblock, tmp_path):
    with Writer.create(tmp_path / "second.sbx") as writer:
        writer.put([Document(Work("second"), OTHER * 3)])
        writer.commit()
    several = simblock("check", "works.sbx", tmp_path / "second.sbx", "copy.txt").out
    assert "in works.sbx)" in " ".join(several.split())
    assert "works.sbx" not in simblock("check", "works.sbx", "copy.txt").out


def test_what_stands_in_the_prompt_is_free(simblock, tmp_path):
    (tmp_path / "prompt.txt").write_text(f"Correct this: {TALE}")
    outcome = simblock("check", "works.sbx", "copy.txt", "--prompt", tmp_path / "prompt.txt")
    assert outcome.code == 0


def test_what_the_assistant_said_before_counts_and_what_others_said_is_free(simblock, tmp_path):
    words = TALE.split()
    turns = [{"role": "assistant", "content": " ".join(words[:50])}]
    turns.append({"role": "user", "content": "continue"})
    (tmp_path / "turns.json").write_text(json.dumps(turns))
    (tmp_path / "next.txt").write_text(" ".join(words[50:]))
    policy = tmp_path / "policy.toml"
    policy.write_text("[text]\nmin_run = 90\nmin_tokens = 90\nmax_quoted = 70\n")
    arguments = ("check", "works.sbx", tmp_path / "next.txt", "--policy", policy, "--json")
    assert simblock(*arguments).code == 0
    outcome = simblock(*arguments, "--history", tmp_path / "turns.json")
    assert (outcome.code, outcome.rows[0]["decided"]["by"]) == (1, "max_quoted")
    turns[0]["role"] = "tool"
    (tmp_path / "turns.json").write_text(json.dumps(turns))
    assert simblock(*arguments, "--history", tmp_path / "turns.json").code == 0


def test_matches_that_no_rule_acted_on_are_listed_with_all_alone(simblock, tmp_path):
    (tmp_path / "short.txt").write_text(f"{OURS}{' '.join(TALE.split()[:20])}, and so on.")
    arguments = ("check", "works.sbx", tmp_path / "short.txt", "--json")
    assert simblock(*arguments).rows[0]["matches"] == []
    (match,) = simblock(*arguments, "--all").rows[0]["matches"]
    assert (match["action"], match["longest_run"]) == ("release", 20)


@pytest.mark.parametrize(
    ("action", "code", "decision"),
    [("stop", 1, "stop"), ("redact", 1, "redact"), ("cite", 0, "cite"), ("observe", 0, "release")],
)
def test_only_what_changes_the_output_exits_1(simblock, monkeypatch, action, code, decision):
    monkeypatch.setenv("SIMBLOCK_POLICY__ACTION", action)
    outcome = simblock("check", "works.sbx", "copy.txt", "--json")
    (row,) = outcome.rows
    assert (outcome.code, row["decision"]) == (code, decision)
    assert row["observed"] == ("stop" if action == "observe" else None)


def test_nothing_of_a_work_can_steer_the_terminal(simblock, tmp_path):
    with Writer.create(tmp_path / "odd.sbx") as writer:
        writer.put([Document(Work("tale", title="\x1b[2Jgone\n"), TALE)])
        writer.commit()
    (tmp_path / "odd.txt").write_text(TALE.replace("gulls", "gulls\x1b[2J\x07"))
    outcome = simblock("check", tmp_path / "odd.sbx", tmp_path / "odd.txt")
    assert "\\x1b[2Jgone\\n" in outcome.out
    assert "\x1b" not in outcome.out
    assert "\x07" not in outcome.out


# -- rows


def rows_file(path, *rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_rows_give_one_result_each_in_their_order(simblock, tmp_path):
    rows = [{"id": f"r{n}", "text": TALE if n % 3 == 0 else OTHER} for n in range(9)]
    rows += [{"text": TALE, "prompt": TALE}, {"id": 7, "text": ""}]
    path = rows_file(tmp_path / "rows.jsonl", *rows)
    outcome = simblock("check", "works.sbx", "--jsonl", path)
    assert outcome.code == 1
    assert [row["id"] for row in outcome.rows] == [*(f"r{n}" for n in range(9)), f"{path}#10", "7"]
    assert [row["decision"] for row in outcome.rows[:4]] == ["stop", "release", "release", "stop"]
    assert outcome.rows[9]["decision"] == "release"


def test_rows_come_from_gzip_and_go_to_a_file(simblock, tmp_path):
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(json.dumps({"id": "a", "text": TALE}).encode()))
    out = tmp_path / "results.jsonl"
    outcome = simblock("check", "works.sbx", "--jsonl", tmp_path / "rows.jsonl.gz", "--out", out)
    assert (outcome.code, outcome.out) == (1, "")
    assert json.loads(out.read_text())["id"] == "a"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results.jsonl", "rows.jsonl.gz"]


def test_rows_come_from_standard_input(simblock):
    row = json.dumps({"id": "a", "answer": "fine"}).encode()
    outcome = simblock("check", "works.sbx", "--jsonl", "-", "--text-field", "answer", stdin=row)
    assert [(row["id"], row["released"]) for row in outcome.rows] == [("a", "fine")]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{oops", "not JSON"),
        ('{"id": "b"}', 'no string in its field "text"'),
        ('{"id": "b", "text": "x", "prompt": 3}', '"prompt" is a number'),
        ('{"id": "b", "text": "x", "history": [{"role": "pope", "content": ""}]}', "turn 1 of the history"),
        ('{"id": "b", "text": "x", "kind": "code"}', "code of no known language"),
        (
            '{"id": "b", "text": "x", "kind": "code", "language": "klingon"}',
            "no grammar of the language 'klingon'",
        ),
        ('{"id": "b", "text": "x", "kind": "song"}', 'the field "kind" is no kind'),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_can_be_passed_over(simblock, tmp_path, row, says):
    path = rows_file(tmp_path / "rows.jsonl", {"id": "a", "text": "fine"}, row, {"id": "c", "text": "fine"})
    out = tmp_path / "out.jsonl"
    error = refused(simblock("check", "works.sbx", "--jsonl", path, "--out", out))
    assert says in error
    assert f"{path}, line 2" in error
    assert not out.exists()
    outcome = simblock("check", "works.sbx", "--jsonl", path, "--skip-bad")
    assert outcome.code == 0
    assert [row["id"] for row in outcome.rows] == ["a", "c"]
    assert f"{path}, line 2" in outcome.err
    assert "1 that could not be read" in outcome.err


# -- bad input


def test_bytes_that_are_no_utf8_are_named_with_their_offset(simblock, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(f"{OURS}\xe9t\xe9".encode("latin-1"))
    error = refused(simblock("check", "works.sbx", path))
    assert f"{path}: not UTF-8 at byte {len(OURS)}" in error
    assert "--encoding" in error
    assert simblock("check", "works.sbx", path, "--encoding", "latin-1").code == 0
    assert simblock("check", "works.sbx", path, "--errors", "replace").code == 0


def test_a_row_without_end_is_refused(simblock, tmp_path):
    (tmp_path / "rows.jsonl").write_text(json.dumps({"text": "x" * (1 << 20)}))
    error = refused(simblock("check", "works.sbx", "--jsonl", tmp_path / "rows.jsonl", "--max-row", 1))
    assert "longer than 1 MiB" in error


BAD_CALLS = {
    "an empty file": (["works.sbx", "empty.txt"], "empty.txt: is empty"),
    "a file that is not there": (["works.sbx", "gone.txt"], "gone.txt: no such file"),
    "rows given as a file": (["works.sbx", "rows.jsonl"], "--jsonl rows.jsonl"),
    "no index": ([], "no index: name an index first"),
    "no index and no file": (["gone"], "gone is no index: name an index first"),
    "no index but a file": (
        ["other.txt"],
        "other.txt is no index: name an index first, or set SIMBLOCK_INDEX",
    ),
    "an index that is none": (["folder", "other.txt"], "folder is not an index"),
    "an index that is gone": (["gone.sbx", "other.txt"], "gone.sbx"),
    "a URL": (["redis://host", "other.txt"], "redis://"),
    "kind code": (["works.sbx", "other.txt", "--kind", "code"], "other.txt: code of no known language"),
    "a language": (
        ["works.sbx", "other.txt", "--language", "klingon"],
        "--language klingon: there is no grammar of it",
    ),
    "a language of text": (
        ["works.sbx", "other.txt", "--kind", "text", "--language", "c"],
        "leave out --kind text",
    ),
    "an unknown kind": (["works.sbx", "other.txt", "--kind", "song"], "'song'"),
    "an unknown option": (["works.sbx", "--frobnicate"], "simblock check --help"),
    "an unknown encoding": (["works.sbx", "other.txt", "--encoding", "klingon"], "--encoding klingon"),
    "files besides rows": (["works.sbx", "other.txt", "--jsonl", "rows.jsonl"], "not both"),
    "--out without rows": (["works.sbx", "other.txt", "--out", "x"], "--out goes with --jsonl"),
    "--out into nowhere": (["works.sbx", "--jsonl", "rows.jsonl", "--out", "gone/x"], "gone/x: no such file"),
    "a prompt that is not there": (["works.sbx", "other.txt", "--prompt", "gone.txt"], "gone.txt"),
    "a history that is no JSON": (
        ["works.sbx", "other.txt", "--history", "other.txt"],
        "other.txt: not JSON",
    ),
    "a history that is no list": (["works.sbx", "other.txt", "--history", "rows.jsonl"], "is no list"),
    "a policy that is not there": (["works.sbx", "other.txt", "--policy", "gone.toml"], "gone.toml"),
    "a policy with an unknown field": (
        ["works.sbx", "other.txt", "--policy", "unknown.toml"],
        "unknown.toml: text.mn",
    ),
    "min_run under T": (["works.sbx", "other.txt", "--policy", "low.toml"], "low.toml: text.min_run"),
    "a key file that is not there": (["works.sbx", "other.txt", "--key-file", "gone.key"], "gone.key"),
}


@pytest.mark.parametrize("bad", BAD_CALLS)
def test_bad_calls_are_refused_in_one_line(simblock, folder, bad):
    (folder / "empty.txt").touch()
    (folder / "folder").mkdir(exist_ok=True)
    rows_file(folder / "rows.jsonl", {"id": "a", "text": "fine"})
    (folder / "unknown.toml").write_text("[text]\nmn_run = 30\n")
    (folder / "low.toml").write_text("[text]\nmin_run = 15\n")
    arguments, says = BAD_CALLS[bad]
    assert says in refused(simblock("check", *arguments))


def test_a_keyed_index_asks_for_its_key(simblock, tmp_path):
    from simblock.stores import keys

    keys.generate(tmp_path / "right.key")
    keys.generate(tmp_path / "wrong.key")
    with Writer.create(tmp_path / "keyed.sbx", key=keys.load(tmp_path / "right.key")) as writer:
        writer.put([Document(Work("tale"), TALE)])
        writer.commit()
    arguments = ("check", tmp_path / "keyed.sbx", "copy.txt")
    assert "key" in refused(simblock(*arguments))
    assert "key" in refused(simblock(*arguments, "--key-file", tmp_path / "wrong.key"))
    assert simblock(*arguments, "--key-file", tmp_path / "right.key").code == 1


def test_indexes_keyed_apart_are_asked_together(simblock, tmp_path):
    from simblock.stores import keys

    for name in ("global", "tenant"):
        keys.generate(tmp_path / f"{name}.key")
        with Writer.create(tmp_path / f"{name}.sbx", key=keys.load(tmp_path / f"{name}.key")) as writer:
            writer.put([Document(Work(f"tale of {name}"), TALE)])
            writer.commit()
    indexes = (tmp_path / "global.sbx", tmp_path / "tenant.sbx", "works.sbx")
    given = ("--key-file", tmp_path / "tenant.key", "--key-file", tmp_path / "global.key")
    (found,) = simblock("check", *indexes, "copy.txt", "--json", *given).rows
    assert {match["index"]: match["work"]["id"] for match in found["matches"]} == {
        str(indexes[0]): "tale of global",
        str(indexes[1]): "tale of tenant",
        "works.sbx": "tale",
    }
    assert "tenant.sbx was made with another key" in refused(
        simblock("check", *indexes, "copy.txt", *given[2:])
    )


def test_a_damaged_index_is_an_error_and_never_clean(simblock, tmp_path):
    with Writer.create(tmp_path / "works.sbx") as writer:
        writer.put([Document(Work("tale"), TALE)])
        writer.commit()
    (segment,) = (tmp_path / "works.sbx").glob("seg-*")
    data = bytearray(segment.read_bytes())
    for place in range(4096, len(data), 64):
        data[place] ^= 0xFF
    segment.write_bytes(data)
    outcome = simblock("check", tmp_path / "works.sbx", "copy.txt", "--json")
    assert outcome.code == 2
    assert segment.name in outcome.err
    assert all(row["decision"] == "stop" and row["error"] for row in outcome.rows)


# -- stream


def stream(folder, data, *arguments, env=None):
    return finished(process("stream", folder / "works.sbx", *arguments, env=env or {}), data)


def test_what_is_not_copied_flows_through_byte_for_byte(folder):
    data = (
        OTHER.encode()
        + bytes(range(256)) * 3
        + "é🐐\r\n\0 \ud800".encode("utf-8", "surrogatepass")
        + b"\xf0\x9f"
    )
    assert stream(folder, data) == (0, data, "")


def test_a_copy_ends_the_output_before_it_and_says_why(folder):
    code, out, err = stream(folder, f"{OURS}{TALE} and more".encode(), env={"SIMBLOCK_POLICY__MAX_LEAK": "0"})
    assert code == 1
    assert out.decode() == OURS
    assert re.fullmatch(
        rf"simblock: stop: 30 words in a row \(30 needed\) of tale \(rule default, min_run\): "
        rf"begins at character {len(OURS)}, decided at \d+\n",
        err,
    )
    assert "harbour" not in err


def test_a_policy_that_observes_lets_all_through_and_tells(folder):
    data = f"{OURS}{TALE}\n".encode()
    code, out, err = stream(folder, data, env={"SIMBLOCK_POLICY__ACTION": "observe"})
    assert (code, out) == (0, data)
    assert "observed only" in err


def test_text_goes_out_while_more_is_awaited(folder):
    running = process("stream", folder / "works.sbx")
    running.stdin.write("A first line, and half an é: ".encode() + "é".encode()[:1])
    running.stdin.flush()
    seen = b""
    while not seen.endswith(b"half an \xc3\xa9: "):
        seen += os.read(running.stdout.fileno(), 100)
    code, out, _ = finished(running, "é".encode()[1:] + b" the end")
    assert (code, out) == (0, "é the end".encode())


def test_the_report_of_a_stream_is_kept_where_asked(folder, tmp_path):
    prompt = tmp_path / "prompt.txt"
    prompt.write_text(TALE)
    code, out, _ = stream(folder, TALE.encode(), "--report", tmp_path / "report.json", "--prompt", prompt)
    assert (code, out.decode()) == (0, TALE)
    assert json.loads((tmp_path / "report.json").read_text())["decision"] == "release"


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_stream_exits_130_in_one_line(folder):
    running = process("stream", folder / "works.sbx")
    running.stdin.write(b"something")
    running.stdin.flush()
    assert os.read(running.stdout.fileno(), 100)
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=20) == 130
    assert running.stderr.read() == b"simblock: interrupted\n"
    for pipe in (running.stdin, running.stdout, running.stderr):
        pipe.close()


def test_a_reader_that_goes_away_is_no_error(folder):
    running = process("stream", folder / "works.sbx")
    running.stdout.close()
    running.stdin.write(OTHER.encode() * 100)
    running.stdin.close()
    assert running.wait(timeout=20) == 0
    assert running.stderr.read() == b""
    running.stderr.close()


def test_stream_takes_no_files(simblock):
    assert "simblock check reads files" in refused(simblock("stream", "works.sbx", "other.txt"))


# -- policy, doctor, version


def test_the_policy_in_effect_is_shown_with_where_each_field_is_from(simblock, tmp_path, monkeypatch):
    path = tmp_path / "policy.toml"
    path.write_text(
        'max_leak = 0\n[text]\nmin_tokens = 40\n[[rule]]\nname = "mine"\nowner = ["me"]\naction = "release"\n'
    )
    monkeypatch.setenv("SIMBLOCK_POLICY__TEXT__MIN_RUN", "24")
    shown = simblock("policy", path).out
    assert re.search(rf"text\.min_tokens +40 +{re.escape(str(path))}", shown)
    assert re.search(r"text\.min_run +24 +SIMBLOCK_POLICY__TEXT__MIN_RUN", shown)
    assert re.search(r"text\.max_quoted +96 +default", shown)
    assert re.search(r"mine +release +\{\"owner\": \[\"me\"\]\}", shown)
    row = json.loads(simblock("policy", path, "--json").out)
    assert row["policy"]["text"]["min_run"] == 24
    assert row["from"]["max_leak"] == str(path)
    assert row["digest"] in shown
    assert row["digest"] != json.loads(simblock("policy", "--json").out)["digest"]


def test_a_field_of_a_table_set_as_a_whole_is_from_the_variable_that_sets_it(simblock, monkeypatch):
    monkeypatch.setenv("SIMBLOCK_POLICY__TEXT", '{"min_run": 40}')
    row = json.loads(simblock("policy", "--json").out)
    assert row["policy"]["text"]["min_run"] == 40
    assert row["from"]["text.min_run"] == "SIMBLOCK_POLICY__TEXT"
    assert row["from"]["text.min_tokens"] == "default"


@pytest.mark.parametrize("command", ["check", "stream"])
def test_a_command_says_that_it_has_no_rewriter(simblock, tmp_path, command):
    (tmp_path / "policy.toml").write_text('[[rule]]\nwork = ["a"]\naction = "replace"\n')
    error = refused(simblock(command, "works.sbx", "--policy", tmp_path / "policy.toml"))
    assert 'rule.0.action: "replace" needs a rewriter, which a command does not have' in error
    assert "policy.toml" in error


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ('action = "withhold"', "action"),
        ('on_error = "continue"', "on_error"),
        ("min_run = 30", "min_run"),
        ("[text]\nmin_run = 3", "text.min_run"),
        ("max_leak = 49", "max_leak"),
        ("= 3", "not TOML"),
    ],
)
def test_an_impossible_policy_is_refused_by_file_and_field(simblock, tmp_path, policy, says):
    (tmp_path / "policy.toml").write_text(policy)
    error = refused(simblock("policy", tmp_path / "policy.toml"))
    assert f"{tmp_path / 'policy.toml'}: " in error
    assert says in error


def test_the_doctor_catches_a_copy_here_and_now(simblock, monkeypatch):
    monkeypatch.setenv("SIMBLOCK_POLICY__ACTION", "release")
    outcome = simblock("doctor", "--json")
    assert outcome.code == 0
    found = json.loads(outcome.out)
    assert found["self-check"] == {"passed": True, "copy": "stop", "other text": "release"}
    assert found["environment"] == {"SIMBLOCK_POLICY__ACTION": "release"}
    assert found["versions"]["simblock"] == __version__
    extras = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    assert set(found["extras"]) == set(extras) - {"all"}
    assert set(found["tokenisers"]) == {"words", "skip"}
    assert "self-check" in simblock("doctor").out


def test_the_doctor_says_whether_an_index_can_be_used(simblock, tmp_path):
    found = json.loads(simblock("doctor", "works.sbx", "--json").out)["index"]
    assert (found["name"], found["epoch"], found["keyed"], found["problem"]) == ("works.sbx", 1, False, None)
    outcome = simblock("doctor", tmp_path / "gone.sbx")
    assert outcome.code == 2
    assert "gone.sbx is not an index" in outcome.out


def test_the_doctor_shows_no_password(simblock, monkeypatch):
    monkeypatch.setenv("SIMBLOCK_REDIS_PASSWORD", "s3cret")
    monkeypatch.setenv("SIMBLOCK_INDEX", "redis://user:s3cret@127.0.0.1:1/0")
    outcome = simblock("doctor", "--json")
    assert outcome.code == 2
    assert "s3cret" not in outcome.out + outcome.err
    found = json.loads(outcome.out)
    assert found["environment"] == {
        "SIMBLOCK_INDEX": "redis://127.0.0.1:1/0",
        "SIMBLOCK_REDIS_PASSWORD": "set, not shown",
    }
    assert "redis://" in found["index"]["problem"]


def test_a_doctor_whose_self_check_fails_exits_2(simblock, monkeypatch):
    from simblock.commands import doctor

    monkeypatch.setattr(doctor, "SAMPLE", "too short")
    assert simblock("doctor").code == 2


def test_the_version_is_printed(simblock):
    assert simblock("--version") == (0, f"simblock {__version__}\n", "")


# -- the start


def test_a_check_loads_nothing_that_it_does_not_need(folder):
    code = (
        "import sys, simblock.cli, simblock_indexer.exits as e\n"
        "try: e.run(simblock.cli.app, 'simblock', sys.argv[1:])\n"
        "finally: print(*sorted(m for m in sys.modules if '.' not in m), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "check", str(folder / "works.sbx"), str(folder / "copy.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    needless = {"scipy", "datasketch", "rich", "license_expression", "cryptography", "redis"}
    assert not needless & set(done.stderr.split())


@pytest.mark.parametrize("argument", ["redis://h?tenant=t", "x.sbx", "x.sbx/", "https://host/x"])
def test_urls_and_sbx_are_always_taken_for_indexes(argument):
    assert guarding.is_index(argument)
