"""What is put is tokenised once, in batches, with the same index whatever does the work."""

import json
import subprocess
import sys
from itertools import islice, pairwise
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.errors import Incompatible, InputError
from simblock.scheme import TEXT_CHANNELS, Scheme
from simblock.stores.commit import Counts
from simblock.stores.directory import DirectoryIndex
from simblock.stores.intake import Intake, News, completed, tokenise_here
from simblock.stores.memory import MemoryIndex
from simblock.stores.opening import rebuild
from simblock.stores.worktable import metadata_digest, text_digest
from simblock.stores.writer import Writer
from simblock.work import Document, Work
from tests.stores import sources
from tests.stores.sources import runs_of, source_file, stands
from tests.stores.works import document, everywhere, library, nowhere

pytestmark = pytest.mark.usefixtures("reader_of_code")


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr("simblock.stores.intake.BATCH", 3000)


def ahead(count):
    """A tokeniser that takes so many batches before it gives the runs of the first, like a pool."""

    def tokenise(batches):
        batches = iter(batches)
        waiting = list(islice(batches, count))
        while waiting:
            yield sources.tokenise_documents(waiting.pop(0))
            waiting += islice(batches, 1)

    return tokenise


def noted(batches, seen):
    """The batches, each entered in a list as it goes by."""
    for batch in batches:
        seen.append(batch)
        yield batch


def works():
    files = [source_file(f"{n}.py") for n in range(8)]
    twins = [source_file("twin of 0", seed="0.py"), source_file("twin of 7", seed="7.py")]
    texts = library(6)
    return [*files[:4], *texts, *files[4:], *twins, document("twin", seed="work-005")]


def contents(index):
    """The bytes of all sections but those that hold times, by segment."""
    parts = [segment.container.sections.values() for segment in index._snapshot.segments]
    return [
        {part.name: bytes(part.read(0, part.length)) for part in sections if part.name != "works"}
        for sections in parts
    ]


def test_the_index_is_the_same_however_many_batches_are_taken_ahead(small_batches):
    one = MemoryIndex(works(), store_text=True)
    assert sum(len(segment.works) for segment in one._snapshot.segments) == 17
    for count in (1, 2, 3, 50):
        assert contents(MemoryIndex(works(), store_text=True, tokenise=ahead(count))) == contents(one)


def test_a_twin_of_a_text_that_is_being_tokenised_is_indexed_once(small_batches):
    handed = []
    index = MemoryIndex(works(), tokenise=lambda batches: ahead(50)(noted(batches, handed)))
    seen = [one.work.id for batch in handed for one in batch]
    assert seen == [work.work.id for work in works() if "twin" not in work.work.id]
    assert index.stat().runs == 14
    twins = {entry.work.id: entry.twins for entry in index.entries()}
    assert twins["twin of 0"] == ("0.py",)
    assert twins["work-005"] == ("twin",)


bodies = st.lists(st.integers(0, 40), max_size=30)


@given(sizes=bodies)
def test_batches_hold_no_more_than_their_limit_but_for_a_text_alone(sizes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simblock.stores.intake.BATCH", 30)
        documents = [Document(Work(str(n)), f"{n:02}" + "x" * size) for n, size in enumerate(sizes)]
        news = [News(one, text_digest(one), metadata_digest(one.work)) for one in documents]
        batches = list(Intake(()).batches(news))
    assert [one for batch in batches for one in batch] == documents
    for batch, following in pairwise(batches):
        size = sum(len(one.text) for one in batch)
        assert size <= 30 or len(batch) == 1
        assert size + len(following[0].text) > 30


def test_what_has_a_run_already_is_not_tokenised_again():
    handed = []
    index = MemoryIndex(works(), tokenise=lambda batches: tokenise_here(noted(batches, handed)))
    handed.clear()
    index.add([source_file("0.py", title="Now with a title"), source_file("another", seed="3.py")])
    assert handed == []
    assert index.epoch == 2
    index.add([source_file("new")])
    assert [one.work.id for batch in handed for one in batch] == ["new"]


def test_an_error_in_one_work_leaves_the_index_as_it_was(tmp_path, small_batches):
    path = tmp_path / "x.sbx"
    with Writer.create(path) as writer:
        writer.put(works())
        writer.commit()
    before = {file.name: file.read_bytes() for file in path.iterdir() if file.name != "LOCK"}
    news = [source_file("0.py", seed="changed"), source_file("cobol", language="cobol"), source_file("later")]
    for count in (1, 50):
        with Writer.open(path, tokenise=ahead(count)) as writer:
            writer.remove(["1.py"])
            with pytest.raises(InputError, match="work cobol: no grammar of cobol"):
                writer.put(news)
            assert writer.commit() == (1, Counts())
        assert {file.name: file.read_bytes() for file in path.iterdir() if file.name != "LOCK"} == before
    assert stands(DirectoryIndex(path), works()[0]) == 1


def test_an_error_of_the_works_themselves_comes_through_a_tokeniser_that_is_ahead(small_batches):
    index = MemoryIndex(works(), tokenise=ahead(5))
    with pytest.raises(InputError, match="work twice comes twice"):
        index.add([*[source_file(f"new{n}") for n in range(9)], document("twice"), document("twice", seed=1)])
    index.add([source_file("after")])
    assert {entry.work.id for entry in index.entries()} == {*(w.work.id for w in works()), "after"}


def test_runs_that_never_came_are_no_silence(small_batches):
    def forgetful(batches):
        list(batches)
        return iter(())

    with pytest.raises(RuntimeError, match="gave no runs of the last"):
        MemoryIndex(works(), tokenise=forgetful)


def test_a_tokeniser_that_gives_other_runs_than_asked_for_is_refused(small_batches):
    with pytest.raises(ValueError, match="texts were tokenised, and runs of"):
        MemoryIndex(works(), tokenise=lambda batches: (sources.tokenise_documents(b[:1]) for b in batches))


def test_a_commit_counts_words_of_texts_and_lexemes_of_code(tmp_path):
    texts, files = library(2), [source_file("a"), source_file("b")]
    with Writer.create(tmp_path / "x.sbx") as writer:
        writer.put([*texts, *files])
        counts = writer.commit().counts
    assert counts.words == sum(len(runs_of(text)["words"]) for text in texts)
    assert counts.lexemes == sum(len(runs_of(file)["lexemes"]) for file in files)
    assert counts.characters == sum(len(one.text) for one in [*texts, *files])


SAID = {
    "a text": (Work("w"), ("text", None)),
    "code": (Work("w", kind="code"), ("code", "python")),
    "another language": (Work("w", kind="code", language="c"), ("code", "c")),
    "a language alone": (Work("w", language="en"), ("text", "en")),
}


@pytest.mark.parametrize(("said", "becomes"), SAID.values(), ids=SAID.keys())
def test_the_kind_that_is_said_wins_and_brings_its_language(said, becomes):
    whole = completed(said, Work("w", kind="code", language="python", title="T"))
    assert (whole.kind, whole.language, whole.title) == (*becomes, "T")


def test_code_takes_no_language_from_a_text_and_a_text_keeps_its_own():
    assert completed(Work("w", kind="code"), Work("w", language="en")).language is None
    assert completed(Work("w"), Work("w", language="en")).language == "en"


@pytest.fixture
def indexed(tmp_path):
    path = tmp_path / "x.sbx"
    with Writer.create(path) as writer:
        writer.put([source_file("a"), document("w")])
        writer.commit()
    return path


def test_the_languages_of_an_index_are_entered_when_first_put(indexed):
    with Writer.open(indexed) as writer:
        assert writer._snapshot.manifest.languages == {"python": str(sources.stamp_of("python"))}
        writer.put([source_file("b", language="c"), document("x")])
        writer.commit()
    languages = DirectoryIndex(indexed)._snapshot.manifest.languages
    assert languages == {name: str(sources.stamp_of(name)) for name in ("python", "c")}
    rebuild(indexed, indexed.with_name("y.sbx"))
    assert DirectoryIndex(indexed.with_name("y.sbx"))._snapshot.manifest.languages == languages


def test_an_index_without_channels_for_code_takes_none(tmp_path):
    path = tmp_path / "x.sbx"
    with Writer.create(path, scheme=Scheme(channels=TEXT_CHANNELS)) as writer:
        writer.put(library(2))
        writer.commit()
    with Writer.open(path) as writer:
        with pytest.raises(
            Incompatible, match=r"x\.sbx was made without channels for code: .*rebuild OLD NEW"
        ):
            writer.put([source_file("a")])
        assert writer.commit().epoch == 1
    rebuild(path, tmp_path / "y.sbx")
    with Writer.open(tmp_path / "y.sbx") as writer:
        writer.put([source_file("a")])
        writer.commit()
    assert stands(DirectoryIndex(tmp_path / "y.sbx"), source_file("a")) == 1


def test_an_index_from_before_there_was_code_is_read(tmp_path):
    index = MemoryIndex(library(3))
    raw = json.loads(index._shelf.manifest())
    assert raw["index"].pop("languages") == {}
    raw["crc"] = crc32(json.dumps(raw["index"], sort_keys=True).encode())
    index._shelf.publish(json.dumps(raw).encode())
    index._looked = float("-inf")
    index.refresh()
    assert all(everywhere(index, work) for work in library(3))
    assert nowhere(index, document("not there"))


TEXTS_ALONE = """
import sys
from simblock.stores.directory import DirectoryIndex
from simblock.stores.writer import Writer
from tests.stores.works import document
with Writer.create(sys.argv[1]) as writer:
    writer.put([document("w")])
    writer.commit()
DirectoryIndex(sys.argv[1]).verify()
print([name for name in sys.modules if name == "simblock.code" or name.startswith("tree_sitter")])
"""


def test_an_index_of_texts_needs_no_parser(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", TEXTS_ALONE, str(tmp_path / "x.sbx")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_texts_are_tokenised_alike_alone_and_beside_code():
    (alone,) = tokenise_here([library(3)])
    (beside,) = tokenise_here([[*library(3), source_file("x")]])
    assert alone.tokens.keys.tolist() == beside.tokens.keys[: len(alone.tokens)].tolist()
