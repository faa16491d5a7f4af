"""A policy file that changes: written to, renamed over, reached through another link, broken, gone."""

import logging
import os

import pytest

from simblock.policy import Policy
from simblock.serving.reloading import Reloading


class Taken:
    def __init__(self, path):
        self.policies, self.failures = [], 0
        self.watched = Reloading(path, Policy.load(path).digest, self.policies.append, self.fail)

    def fail(self):
        self.failures += 1

    @property
    def runs(self):
        return [policy.text.min_run for policy in self.policies]


def written(path, run):
    path.write_text(f"[text]\nmin_run = {run}\n")
    return path


@pytest.fixture
def taken(tmp_path):
    return Taken(written(tmp_path / "policy.toml", 30))


def test_nothing_is_taken_while_nothing_changes(taken):
    taken.watched.look()
    taken.watched.look()
    assert taken.runs == []


def test_a_file_that_is_written_to_is_taken_once(taken, tmp_path, caplog):
    written(tmp_path / "policy.toml", 40)
    with caplog.at_level(logging.INFO, "simblock"):
        taken.watched.look()
        taken.watched.look()
    assert taken.runs == [40]
    assert taken.policies[0].digest in caplog.text


def test_a_file_that_is_renamed_over_it_is_taken_although_it_is_as_long_and_as_old(taken, tmp_path):
    path, other = tmp_path / "policy.toml", written(tmp_path / "other.toml", 41)
    before = path.stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)
    taken.watched.look()
    assert taken.runs == [41]


def test_a_folder_that_is_swapped_by_its_link_is_taken(tmp_path):
    """As Kubernetes swaps mounted configuration."""
    for name, run in (("one", 30), ("two", 42)):
        (tmp_path / name).mkdir()
        written(tmp_path / name / "policy.toml", run)
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "policy.toml").symlink_to("data/policy.toml")
    taken = Taken(tmp_path / "policy.toml")
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").replace(tmp_path / "data")
    taken.watched.look()
    assert taken.runs == [42]


@pytest.mark.parametrize(
    "content", ["[text]\nmin_rnu = 30\n", "[text\n", "\0", "[text]\nmin_run = 3\n", None]
)
def test_a_policy_that_cannot_be_keeps_the_old_one_and_is_told_in_one_line(taken, tmp_path, caplog, content):
    path = tmp_path / "policy.toml"
    path.unlink() if content is None else path.write_text(content)
    taken.watched.look()
    taken.watched.look()
    assert (taken.runs, taken.failures) == ([], 1)
    (line,) = caplog.messages
    assert str(path) in line
    assert "stays in effect" in line
    assert "\n" not in line
    written(path, 43)
    taken.watched.look()
    assert taken.runs == [43]


def test_a_change_that_means_nothing_is_not_taken(taken, tmp_path):
    (tmp_path / "policy.toml").write_text("# a comment\n[text]\nmin_run = 30\n")
    taken.watched.look()
    assert taken.runs == []
