"""Logs read back: damage is counted and named, and costs no more than its own line."""

import gzip
import json

import pytest

from simblock.errors import InputError
from simblock.events.reading import NAMED, Log
from simblock.events.record import bypass, record
from tests.events.decisions import decision, match

LINES = [json.dumps(record(decision(match(longest_run=40), number=n))) for n in range(4)]


@pytest.fixture
def log(tmp_path):
    def write(*lines, name="audit.jsonl"):
        path = tmp_path / name
        data = "".join(f"{line}\n" for line in lines).encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return Log(str(path))

    return write


def ids(log):
    return [one.decision.id for one in log]


def of(*numbers):
    return [decision(number=n).id for n in numbers]


@pytest.mark.parametrize(
    "damage",
    [
        LINES[0][:200], "not JSON", "[1]", "null", '{"schema":1}', LINES[0].replace('"stopped"', '"vanished"'),
        LINES[0].replace('"time"', '"tame"'), LINES[0].replace('"spans": [[', '"spans": [[['), "\x00" * 50,
        LINES[0].replace('"schema": 1', '"schema": "1"'), LINES[0].replace('"schema": 1', '"schema": true'),
        LINES[0].replace('"schema": 1', f'"schema": {"9" * 5000}'), "[" * 100_000, '{"schema":1e999}',
        LINES[0].replace('"scan_ms": 1.5', '"scan_ms": NaN'), LINES[0].replace('"scan_ms": 1.5', '"scan_ms": 1e308'),
        json.dumps(bypass(0, [], {})), json.dumps(bypass(0, "x", None)), '{"schema":1,"bypass":"x","route":"y"}',
        json.dumps(bypass(0, "x", "y")).replace("1970-", "0001-"),
    ],
)  # fmt: skip
def test_a_damaged_line_is_left_out_and_named_by_its_number(log, damage):
    read = log(LINES[1], damage, LINES[2])
    assert ids(read) == of(1, 2)
    assert read.damage == "1 damaged line left out: 2"


def test_a_whole_line_behind_half_of_another_is_read(log):
    read = log(LINES[0], LINES[1][:300] + LINES[2].replace('{"schema": 1', '{"schema":1'), LINES[3])
    assert ids(read) == of(0, 2, 3)
    assert read.damaged == 1


def test_of_many_damaged_lines_the_first_are_named(log):
    read = log(*["damage"] * 50, LINES[0])
    assert ids(read) == of(0)
    assert read.damage.startswith("50 damaged lines left out: 1, 2, 3,")
    assert len(read.numbers) == NAMED


def test_empty_lines_and_an_empty_log_are_no_damage(log):
    read = log(LINES[0], "", " ")
    assert ids(read) == of(0)
    assert read.damage is None
    assert ids(log(name="empty")) == []


def test_a_rotated_log_is_read_compressed(log):
    assert ids(log(*LINES, name="audit.jsonl.1.gz")) == of(0, 1, 2, 3)


def test_a_compressed_log_that_is_cut_off_says_so(log, tmp_path):
    log(*LINES, name="whole.gz")
    (tmp_path / "cut.gz").write_bytes((tmp_path / "whole.gz").read_bytes()[:-20])
    with pytest.raises(InputError, match=r"cut\.gz: cannot be read to its end"):
        ids(Log(str(tmp_path / "cut.gz")))


def test_a_newer_schema_is_refused_with_the_line(log):
    with pytest.raises(InputError, match="line 2 has schema 9, and this simblock reads 1: use a newer one"):
        ids(log(LINES[0], LINES[1].replace('"schema": 1', '"schema": 9')))


def test_a_decision_is_found_by_the_beginning_of_its_id_and_by_its_request(log):
    asked = json.dumps(record(decision(number=9, request_id="the-request-é")))
    read = log(*LINES, asked)
    assert [one.decision.id for one in read.find(of(2)[0][:8])] == of(2)
    assert [one.decision.id for one in read.find("the-request-é")] == of(9)
    assert list(read.find("/v1/chat")) == []
