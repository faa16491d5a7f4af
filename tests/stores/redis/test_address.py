import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simblock.errors import UsageError
from simblock.stores.redis.address import Address, Tls, is_url

SECRET = "s3cr:et/@?"
QUOTED = "s3cr%3Aet%2F%40%3F"


@pytest.fixture(autouse=True)
def _no_credentials_of_the_environment(monkeypatch):
    for what in ("REDIS", "SENTINEL"):
        monkeypatch.delenv(f"SIMBLOCK_{what}_USERNAME", raising=False)
        monkeypatch.delenv(f"SIMBLOCK_{what}_PASSWORD", raising=False)


def test_a_plain_url_names_one_server_and_the_rest_has_defaults():
    address = Address.parse("redis://db.example:6380/2")
    assert (address.kind, address.hosts, address.database) == ("single", (("db.example", 6380),), 2)
    assert (address.tenant, address.scheme, address.tls, address.password) == ("default", None, None, None)
    assert (address.timeout, address.grace, address.wait, address.poll) == (0.25, 60, 0, 0.5)


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("redis://", (("localhost", 6379),)),
        ("redis://h", (("h", 6379),)),
        ("redis://[::1]:7000", (("::1", 7000),)),
        ("redis+cluster://a,b:7001,[fe80::2]", (("a", 6379), ("b", 7001), ("fe80::2", 6379))),
        ("redis+sentinel://a,b:26380/main", (("a", 26379), ("b", 26380))),
    ],
)
def test_hosts_have_the_ports_that_are_usual_where_none_is_given(url, hosts):
    assert Address.parse(url).hosts == hosts


def test_behind_sentinels_stands_the_service_and_then_the_database():
    address = Address.parse("redis+sentinel://a/main/3?replicas=true&wait=1")
    assert (address.kind, address.service, address.database) == ("sentinel", "main", 3)
    assert (address.replicas, address.wait) == (True, 1)


def test_credentials_are_read_as_quoted():
    address = Address.parse(f"redis://reader:{QUOTED}@h/0")
    assert (address.username, address.password) == ("reader", SECRET)
    assert Address.parse(f"redis://:{QUOTED}@h").username is None


def test_credentials_come_from_the_environment_where_the_url_has_none(monkeypatch):
    monkeypatch.setenv("SIMBLOCK_REDIS_USERNAME", "reader")
    monkeypatch.setenv("SIMBLOCK_REDIS_PASSWORD", SECRET)
    monkeypatch.setenv("SIMBLOCK_SENTINEL_PASSWORD", "other")
    address = Address.parse("redis+sentinel://h/main")
    assert (address.username, address.password, address.sentinel_password) == ("reader", SECRET, "other")
    assert Address.parse("redis://u:p@h").password == "p"


def test_neither_name_nor_repr_nor_text_shows_a_password(monkeypatch):
    monkeypatch.setenv("SIMBLOCK_SENTINEL_PASSWORD", "other-secret")
    address = Address.parse(f"redis+sentinel://reader:{QUOTED}@h:1,i:2/main?tenant=t")
    assert address.name == "redis+sentinel://h:1,i:2/main?tenant=t"
    for shown in (repr(address), str(address), address.name):
        assert not any(secret in shown for secret in (SECRET, QUOTED, "s3cr", "other-secret"))


@pytest.mark.parametrize(
    "url",
    [
        f"redis://u:{QUOTED}@h:x",
        f"redis://u:{QUOTED}@h:99999",
        f"redis://u:{QUOTED}@h,i",
        f"redis://u:{QUOTED}@h/x",
        f"redis://u:{QUOTED}@h?what=1",
        f"redis://u:{QUOTED}@h?tenant=a&tenant=b",
        f"redis://u:{QUOTED}@{'a' * 70}",
        f"redis+sentinel://u:{QUOTED}@h",
        f"redis+cluster://u:{QUOTED}@h/1",
        "redis://u:s3cr/et@h",
        "redis://u:s3cr?et@h",
        "redis://u:s3cr#et@h",
        "redis://h?password=s3cr",
        "redis://h?username=s3cr&password=s3cr",
        "redis:///u:s3cr@h",
        "redis://:s3cr\u2100et@h:x",
        "redis://:[s3cr@h:x",
        "redis://:s3cr[et]@h:x",
        "redis://:s3cr%FF@h",
        "redis://:s3cr\udcff@h",
        "redis://:s3cr",
        "redis://s3cr:s3cr",
        "redis://:s3cr%40h",
        "redis://u:p/s3cr%40h",
        "redis://s3cr@h",
        "redis://h/0?bogus=1&password=s3cr",
        "redis://h/0?timeout=x&password=s3cr",
        "redis://h/0?passwd=s3cr",
        "redis://h/0?PASSWORD=s3cr",
        "redis://h/0?secret=s3cr",
        "redis://h/0?s3cr",
        "redis://h/0?s3cr=1",
        "s3cr/://h",
    ],
)
def test_no_error_shows_a_password(url):
    with pytest.raises(UsageError) as raised:
        Address.parse(url)
    assert "s3cr" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://h", "http:// is no address of an index"),
        ("folder/works.sbx", "give a folder"),
        ("redis://a,b", "several hosts"),
        ("redis://h:0", "ports go from 1 to 65535"),
        ("redis://h:70000", "port 70000"),
        ("redis://a b", "a host that cannot be read"),
        ("redis://h/x", "the number of a database"),
        ("redis://h/1/2", "the number of a database"),
        ("redis://h/" + "1" * 5000, "the number of a database"),
        ("redis://h/\u0661", "the number of a database"),
        ("redis", "this is no address"),
        ("redis://h\x1b[2J", "cannot be printed"),
        ("redis://h?cache=%00", "cache is a folder"),
        ("redis+sentinel://h", "names no service"),
        ("redis+cluster://h/1", "database 0 alone"),
        ("redis://reader@h", "a user without a password"),
        ("redis://h?tenat=a", "unknown option tenat: there are"),
        ("redis://h?tenant=a/b", "tenant is 1 to 64"),
        ("redis://h?tenant=" + "a" * 65, "tenant is 1 to 64"),
        ("redis://h?tenant=", "tenant is 1 to 64"),
        ("redis://h?timeout=0", "timeout is seconds"),
        ("redis://h?timeout=nan", "timeout is seconds"),
        ("redis://h?timeout=fast", "timeout is seconds"),
        ("redis://h?pages=-1", "pages is a whole number"),
        ("redis://h?replicas=maybe", "replicas is true or false"),
        ("redis://h?wait=1.5", "wait is a whole number"),
        ("redis://h?scheme=../x", "scheme is the digest"),
        ("redis://h?poll=0", "poll is seconds"),
        ("redis://h?ca=x.pem", "write rediss://"),
        ("redis://h?tls=false&verify=none", "write rediss://"),
        ("rediss://h?tls=false", "write redis://"),
        ("rediss://h?ca=/nowhere/x.pem", "ca is no file"),
        ("rediss://h?key=/nowhere/x.pem", "key without cert"),
        ("rediss://h?verify=some", "verify is full or none"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_part_and_the_mend(url, said):
    with pytest.raises(UsageError) as raised:
        Address.parse(url)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("password", ["sec\u2100ret", "p[x", "s[ecret]", "a@b", "a b", "\u00e9", ":", "100%"])
def test_a_password_may_hold_what_no_host_may(password):
    assert Address.parse(f"redis://:{quote(password, safe='')}@h").password == password
    assert Address.parse(f"redis://:{password}@h").password == password


def test_blanks_around_a_url_are_none_of_it():
    assert Address.parse(" redis://h/1\n").name == "redis://h/1"


MARK = "S3CR"
LETTERS = st.text(st.sampled_from("ab1:/?#@[]%&=., \u2100\uff0f\udc80\n\0") | st.characters(), max_size=8)
SECRETS = st.builds("{}{}{}".format, LETTERS, st.just(MARK), LETTERS)
OPTIONS = st.sampled_from(["timeout", "tenant", "password", "bogus", "pages", "ca", "tls"]) | LETTERS


@example("redis://", ":" + MARK, "h", "/" + "1" * 5000, [])
@given(
    st.sampled_from(["redis://", "rediss://", "redis+sentinel://", "redis+cluster://"]),
    SECRETS,
    st.sampled_from(["h", "h:1", "[::1]", "h,i", "h:x", ""]) | LETTERS,
    st.sampled_from(["", "/0", "/x", "/main/1"]) | LETTERS,
    st.lists(st.tuples(OPTIONS, LETTERS), max_size=3),
)
def test_whatever_is_before_the_hosts_is_shown_nowhere(scheme, secret, host, path, options):
    query = "&".join(f"{option}={value}" for option, value in options)
    said = spoken(f"{scheme}{secret}@{host}{path}" + f"?{query}" * bool(query))
    assert MARK not in said


@given(st.lists(st.tuples(OPTIONS, LETTERS), max_size=3), LETTERS, SECRETS)
def test_the_value_of_an_option_that_is_not_known_is_shown_nowhere(options, option, secret):
    if re.fullmatch(r"[a-z]*", option):
        option = f"x{option}"
    if "=" in option or "&" in option:
        return
    query = "&".join(f"{name}={value}" for name, value in [*options, (option, secret)])
    assert MARK not in spoken(f"redis://h/0?{query}")


def spoken(url):
    """All that reading a URL says, in one line; an error of another kind fails."""
    try:
        address = Address.parse(url)
    except UsageError as error:
        shown = str(error) + repr(error)
    else:
        shown = repr(address) + str(address) + address.name
    assert shown.isprintable()
    return shown


def test_tls_has_its_files_and_trusts_nobody_else(tmp_path):
    for name in ("ca", "cert", "key"):
        (tmp_path / f"{name}.pem").write_text("")
    files = {name: str(tmp_path / f"{name}.pem") for name in ("ca", "cert", "key")}
    options = "&".join(f"{name}={path}" for name, path in files.items())
    assert Address.parse(f"rediss://h?{options}").tls == Tls(**files, verify=True)
    assert Address.parse(f"redis+cluster://h?tls=true&{options}").tls == Tls(**files, verify=True)
    assert Address.parse("rediss://h").tls == Tls()
    assert Address.parse("rediss://h?verify=none").tls == Tls(verify=False)
    assert Address.parse("redis+cluster://h?tls=false").tls is None


def test_options_are_read(tmp_path):
    address = Address.parse(
        "redis://h?tenant=a.b_C-1&scheme=0123456789ab&timeout=0.2&connect_timeout=1&grace=0"
        f"&cache={tmp_path}&pages=0&replicas=yes&wait=2&poll=0.5"
    )
    assert (address.tenant, address.scheme) == ("a.b_C-1", "0123456789ab")
    assert (address.timeout, address.connect_timeout, address.grace, address.poll) == (0.2, 1, 0, 0.5)
    assert (address.cache, address.pages, address.replicas, address.wait) == (str(tmp_path), 0, True, 2)


def test_what_is_a_url_is_told_from_a_path(tmp_path):
    assert is_url("redis://h")
    assert not is_url(tmp_path)
    assert not is_url("redis")
    assert not is_url(tmp_path / "redis:x")


@pytest.mark.parametrize("url", ["redis:/:s3cr@h", "rediss:u:s3cr@h", Path("redis://:s3cr@h")])
def test_a_url_that_lost_a_slash_is_no_path_and_not_shown(url):
    assert is_url(url)
    with pytest.raises(UsageError, match="this is no address of an index") as raised:
        Address.parse(str(url))
    assert "s3cr" not in str(raised.value)
