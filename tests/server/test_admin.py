"""The listener for those who run the server."""

import httpx
import pytest

import simblock
from simblock.server.admin import Admin, Page, Standing
from tests.server.conftest import guard_of
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
