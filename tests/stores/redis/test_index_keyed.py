"""What a keyed index in a server gives away to those without its key: nothing of its works."""

import pytest

from simblock.errors import Damaged, KeyProblem
from simblock.stores import open_index
from simblock.stores.redis.names import Names
from simblock.work import Document, Work
from tests.stores.conftest import KEY
from tests.stores.redis.tenants import build, change, look, opened, tenant_of, there, url_of
from tests.stores.works import document, everywhere, library, run_of

LIBRARY = library(20, words=400)


@pytest.fixture
def url(redis_server, tmp_path):
    return url_of(redis_server, tmp_path)


def test_nothing_of_texts_ids_or_titles_is_to_be_read_in_a_keyed_index(redis_server, url):
    secret_words = ["zanzibarine", "quokkaparade", "helianthusfog"]
    text = " ".join(f"{word} {n} and then some more" for n in range(40) for word in secret_words)
    work = Work(
        "top-secret-id", title="A Confidential Title", owner="Hidden Owner", url="http://hidden.example"
    )
    texts = [Document(work, text), *library(20)]
    build(url, texts, key=KEY, store_text=True)
    change(url, [document("second-secret-id")], ["work-003"], key=KEY, reason="a hushed reason")
    telling = [*secret_words, "top-secret-id", "Confidential", "Hidden Owner", "hidden.example"]
    telling += ["second-secret", "work-003", "hushed", "work-004", "Title 4"]
    telling = [word.encode() for word in telling] + [word.encode("utf-16-le") for word in telling]
    for key, value in there(redis_server, url).items():
        fields = redis_server.client.hgetall(key) if key.endswith((b":files", b":schemes")) else {}
        entries = redis_server.client.xrange(key) if key.endswith(b":changes") else []
        whole = key + (value or b"") + repr((fields, entries)).encode()
        assert not any(word in whole for word in telling), key
        assert KEY not in whole
        assert KEY.hex().encode() not in whole
    with opened(url, key=KEY) as index:
        assert index.text("top-secret-id") == text


def test_token_keys_of_a_keyed_index_are_not_to_be_read_either(redis_server, url):
    """What a dictionary attack would look for: the keys of the words in order."""
    build(url, LIBRARY[:5], key=KEY)
    with opened(url, key=KEY) as index:
        segment, run = run_of(index, LIBRARY[2])
        plain_run = index.run(segment, run, 0, 40).tobytes()
    values = [value for value in there(redis_server, url).values() if value]
    assert not any(plain_run[start : start + 8] in value for value in values for start in range(0, 120, 8))


def test_a_keyed_index_opens_with_its_key_alone(url, tmp_path):
    build(url, LIBRARY[:3], key=KEY)
    for key in (None, bytes(32)):
        with pytest.raises(KeyProblem) as raised:
            open_index(url, key=key)
        assert "\n" not in str(raised.value)
    with opened(url, key=KEY) as index:
        assert everywhere(index, LIBRARY[1])
    plain_url = url.replace(f"tenant={tenant_of(url)}", "tenant=plain")
    build(plain_url, LIBRARY[:1])
    with pytest.raises(KeyProblem, match="not keyed"):
        open_index(plain_url, key=KEY)


def test_a_copied_manifest_of_another_key_is_told(redis_server, url):
    """An index that is replaced by one of another key under a reader is no "nothing found"."""
    build(url, LIBRARY[:3], key=KEY)
    with opened(url, key=KEY) as index:
        other = url.replace(f"tenant={tenant_of(url)}", "tenant=otherkey")
        build(other, LIBRARY[:3], key=bytes(32))
        scheme = Names(tenant_of(url), index.scheme.digest)
        replaced = redis_server.client.get(Names("otherkey", index.scheme.digest).manifest)
        redis_server.client.set(scheme.manifest, replaced)
        with pytest.raises((KeyProblem, Damaged)):
            look(index)
        with pytest.raises((KeyProblem, Damaged)):
            index.refresh()
