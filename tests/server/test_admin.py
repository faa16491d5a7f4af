"""The listener for those who run the server."""

import contextlib

import httpx
import pytest

import simblock
from simblock import Document, Work
from simblock.server.admin import Admin, Page, Standing
from tests.redis_servers import wait
from tests.server.conftest import PASSAGE, guard_of
from tests.stores.redis.tenants import build, url_of
from tests.upstreams import served


def get(admin, path, method="GET"):
    with served(admin) as url, httpx.Client() as client:
        return client.request(method, url + path)


@pytest.fixture
def standing():
    return Standing()


@pytest.fixture
def admin(guard, standing):
    return Admin(lambda: guard, standing, {"/metrics": lambda: Page(200, "text/plain", b"simblock_x 1\n")})


def test_it_says_that_it_lives_and_that_it_is_ready(admin):
    assert get(admin, "/healthz").status_code == 200
    answer = get(admin, "/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": []})


def test_pages_are_rendered_each_time_and_never_cached(admin):
    answer = get(admin, "/metrics")
    assert answer.text == "simblock_x 1\n"
    assert answer.headers["cache-control"] == "no-store"
    assert get(admin, "/metrics", "HEAD").status_code == 200
    assert get(admin, "/metrics", "POST").status_code == 405
    assert "/readyz" in get(admin, "/v1/check").text


def test_it_is_not_ready_while_it_drains(admin, standing):
    standing.draining = True
    answer = get(admin, "/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["draining"])
    assert get(admin, "/healthz").status_code == 200


@pytest.mark.parametrize("on_error", ["stop", "release", "degraded"])
def test_it_is_not_ready_while_an_index_is_lost_or_stale_whatever_the_policy_does_then(monkeypatch, on_error):
    guard = guard_of(on_error=on_error)
    admin = Admin(lambda: guard, Standing())
    (index,) = guard.indexes

    def refuses():
        raise simblock.StoreLost("index x: its server does not answer")

    monkeypatch.setattr(index, "refresh", refuses)
    answer = get(admin, "/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert answer.json()["reasons"][0]
    monkeypatch.undo()
    monkeypatch.setattr(type(index), "age", 1000.0)
    assert get(admin, "/readyz").status_code == 503
    monkeypatch.undo()
    assert get(admin, "/readyz").status_code == 200


def test_it_is_not_ready_while_the_server_of_an_index_is_away(own_server, tmp_path):
    url = url_of(own_server, tmp_path)
    build(url, [Document(Work("ferry"), PASSAGE)])
    with contextlib.closing(simblock.open_index(url)) as index:
        guard = simblock.Guard(index)
        admin = Admin(lambda: guard, Standing())
        with served(admin) as base, httpx.Client() as client:

            def ready():
                return client.get(base + "/readyz").json()["ready"]

            assert ready()
            own_server.kill()
            wait(lambda: not ready(), "the lost server to be noticed")
            (reason,) = client.get(base + "/readyz").json()["reasons"]
            assert "redis" in reason
            own_server.restart()
            wait(ready, "the server to be back")
