"""What documents hold of protected works, and what becomes of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from simblock.errors import Damaged, KeyProblem, PolicyError, StoreLost
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores import open_index
from simblock_indexer.dedup.examining import without
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.protected import protection
from tests.indexer.dedup.guarded import CODE, PASSAGE, batch, index_of, prose, renamed, within

TALE = prose(77, 400)
PART = " ".join(TALE.split()[100:180])


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    root = tmp_path_factory.mktemp("protected")
    return index_of(root, root / "protected.sbx")


def looked(index, texts, languages=None, policy=None, **options):
    against = (index,) if isinstance(index, str) else tuple(index)
    asked = DedupOptions(against=against, policy=policy and str(policy), **options)
    return protection(asked).look(batch(texts, languages))


def policy_file(tmp_path, text):
    path = tmp_path / "policy.toml"
    path.write_text(text, "utf-8")
    return path


def test_without_an_index_nothing_is_looked_for():
    assert protection(DedupOptions()) is None


def test_a_document_with_a_passage_is_taken_out_and_a_clean_one_goes_on_as_it_came(index):
    dirty, clean = looked(index, [within(PART), prose(5)])
    assert (dirty.taken, clean.taken) == (True, False)
    assert clean.text == prose(5)
    assert not len(clean.cuts)
    assert clean.found == ()
    (found,) = dirty.found
    assert (found.work, found.license, found.channel, found.action, found.cut) == (
        "works/tale.txt", "MIT", "exact", "stop", "drop",
    )  # fmt: skip
    assert (found.line, found.id, found.index, found.longest_run) == (0, "row-0", index, 80)
    assert within(PART)[found.start : found.end] == PART
    assert TALE[found.source_start : found.source_end] == PART


def test_what_is_found_is_json_and_has_no_text(index):
    (dirty,) = looked(index, [within(PART)])
    told = json.dumps([found._asdict() for found in dirty.found])
    assert not any(word in told for word in PART.split())


def test_a_passage_is_cut_out_and_what_is_left_holds_nothing(index):
    (dirty,) = looked(index, [within(PART)], cut="redact")
    assert not dirty.taken
    assert dirty.text == within(PART).replace(PART, "")
    assert dirty.text == without(within(PART), dirty.cuts)
    assert [found.cut for found in dirty.found] == ["redact"]
    (again,) = looked(index, [dirty.text], cut="redact")
    assert again.found == ()


def test_what_is_cut_out_is_what_a_guard_would_withhold(index):
    edited = PASSAGE.replace("old", "young").replace("river", "canal").replace("early", "soon")
    text = within(f"{PART} between {prose(8, 90)} and {edited}")
    (dirty,) = looked(index, [text], cut="redact")
    guard = Guard(open_index(index), Policy(action="redact"))
    released = guard.check(text).released
    assert len(dirty.cuts) >= 2
    marked = text
    for start, end in reversed(dirty.cuts.tolist()):
        marked = marked[:start] + "[withheld]" + marked[end:]
    assert marked == released


def test_passages_are_only_listed_where_that_is_asked(index):
    (dirty,) = looked(index, [within(PART)], cut="list")
    assert (dirty.taken, dirty.text, len(dirty.cuts)) == (False, within(PART), 0)
    assert [(found.action, found.cut) for found in dirty.found] == [("stop", "list")]


RULE = '[[rule]]\nname = "free"\nlicense = ["MIT"]\naction = "{action}"\n'
OUTCOMES = {
    ("cite", "drop"): ("list", False, False),
    ("observe", "drop"): ("list", False, False),
    ("redact", "drop"): ("redact", False, True),
    ("redact", "list"): ("list", False, False),
    ("replace", "drop"): ("drop", True, False),
    ("replace", "redact"): ("redact", False, True),
}


@pytest.mark.parametrize(("asked", "outcome"), OUTCOMES.items(), ids=map("-".join, OUTCOMES))
def test_the_gentler_of_what_policy_and_pass_say_is_done(index, tmp_path, asked, outcome):
    action, cut = asked
    policy = policy_file(tmp_path, RULE.format(action=action))
    one, other = looked(index, [within(PART), within(PASSAGE, 3)], policy=policy, cut=cut)
    (found,) = one.found
    assert (found.cut, one.taken, len(one.cuts) > 0) == outcome
    assert (found.rule, found.action) == ("free", action)
    assert [found.cut for found in other.found] == [cut]  # no rule is about it


def test_what_the_policy_releases_is_not_even_listed(index, tmp_path):
    policy = policy_file(tmp_path, RULE.format(action="release"))
    one, other = looked(index, [within(PART), within(PASSAGE, 3)], policy=policy)
    assert (one.found, one.taken, other.taken) == ((), False, True)


def test_a_document_with_two_works_goes_by_the_severer(index, tmp_path):
    policy = policy_file(tmp_path, RULE.format(action="redact"))
    (both,) = looked(index, [within(f"{PART} {prose(4, 90)} {PASSAGE}")], policy=policy)
    assert both.taken
    assert {found.work: found.cut for found in both.found} == {
        "works/tale.txt": "redact", "works/baker.txt": "drop",
    }  # fmt: skip


def test_the_environment_stands_over_the_policy(index, monkeypatch):
    monkeypatch.setenv("SIMBLOCK_POLICY__ACTION", "observe")
    (dirty,) = looked(index, [within(PART)])
    assert (dirty.taken, dirty.found[0].action) == (False, "observe")


def test_a_renamed_copy_of_code_is_found_in_a_file_and_in_a_fence(index):
    fenced = f"{prose(3, 60)}\n\n```python\n{renamed(CODE)}```\n\n{prose(4, 60)}"
    file, fence, other = looked(
        index, [renamed(CODE), fenced, "def f(x):\n    return x + 1\n" * 3], ["python", None, "python"]
    )
    assert [(found.work, found.kind, found.renamed) for found in file.found] == [
        ("works/settle.py", "code", True)
    ]
    assert [found.work for found in fence.found] == ["works/settle.py"]
    assert (file.taken, fence.taken, other.taken) == (True, True, False)


def test_code_of_a_language_without_a_grammar_is_read_as_words(index):
    (dirty,) = looked(index, [within(PART)], [""])
    assert dirty.taken


def test_a_book_is_examined_whole_and_its_places_are_its_own(index):
    before = prose(21, 60_000)
    book = f"{before} {PART} {prose(22, 5_000)}"
    (dirty,) = looked(index, [book], cut="redact")
    (found,) = dirty.found
    assert book[found.start : found.end] == PART
    assert dirty.cuts.tolist() == [[found.start, found.end]]


def test_several_indexes_are_asked_at_once_and_a_keyed_one_by_its_key(tmp_path, index_command, key_files):
    (tmp_path / "keyed").mkdir()
    keyed = index_of(tmp_path / "keyed", tmp_path / "keyed.sbx", key_file=key_files[0])
    (tmp_path / "open").mkdir()
    plain = index_of(tmp_path / "open", tmp_path / "open.sbx")
    (dirty,) = looked((plain, keyed), [within(PART)], key_files=(str(key_files[0]),))
    assert {found.index for found in dirty.found} == {plain, keyed}
    with pytest.raises(KeyProblem):
        looked(keyed, [within(PART)])


def test_an_index_in_redis_gives_what_one_on_disk_does(index, url, tmp_path):
    there = index_of(tmp_path, url, no_key=True)
    texts = [within(PART), prose(5), within(PASSAGE, 3), renamed(CODE), *(prose(n) for n in range(40, 60))]
    languages = [None, None, None, "python", *[None] * 20]
    near, far = looked(index, texts, languages), looked(there, texts, languages)
    assert (
        [one.taken for one in far] == [one.taken for one in near] == [True, False, True, True] + [False] * 20
    )
    told = [[found._replace(index="") for one in some for found in one.found] for some in (near, far)]
    assert told[0] == told[1]


def test_a_store_that_is_lost_ends_the_pass_and_no_document_counts_as_clean(own_server, tmp_path):
    there = index_of(tmp_path, own_server.url(tenant="lost", timeout=1, connect_timeout=1), no_key=True)
    guard = protection(DedupOptions(against=(there,)))
    own_server.kill()
    with pytest.raises(StoreLost):
        guard.look(batch([within(PART)]))


@pytest.mark.parametrize("on_error", ["stop", "release", "degraded"])
def test_damage_ends_the_pass_whatever_the_policy_says(tmp_path, on_error):
    root = tmp_path / "there"
    root.mkdir()
    index = index_of(root, root / "damaged.sbx")
    policy = policy_file(tmp_path, f'on_error = "{on_error}"\n')
    guard = protection(DedupOptions(against=(index,), policy=str(policy)))
    (segment,) = (root / "damaged.sbx").glob("seg-*")
    blocks = np.memmap(segment, np.uint8, "r+")
    blocks[4096:] ^= 0xFF
    with pytest.raises(Damaged) as error:
        guard.look(batch([within(PART)]))
    assert not any(word in str(error.value) for word in PART.split())


def test_a_policy_that_cannot_be_read_is_said_by_its_name(index, tmp_path):
    with pytest.raises(PolicyError, match=r"policy.toml: text.min_run"):
        looked(index, ["x"], policy=policy_file(tmp_path, "[text]\nmin_run = 3\n"))


def test_nothing_and_next_to_nothing_are_looked_at(index):
    texts = ["", " ", "word", "\n\n", "日本", "a\ud800b"]
    assert [(one.taken, one.text) for one in looked(index, texts)] == [(False, text) for text in texts]
    assert looked(index, []) == []
