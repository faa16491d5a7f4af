import gc
import itertools
import logging
import os
import threading
import time
import warnings

import pytest

from simblock.errors import Damaged, Incompatible, SimblockError, StoreLost
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import Link
from simblock.stores.redis.names import Names
from simblock.stores.redis.watching import Watcher
from tests.slow_proxy import Proxy

LONG = 30.0
"""Seconds: a poll that no test waits for, so what comes came through the stream."""
SHORT = 0.15
numbers = itertools.count()


def wait(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)
    return result


class Taker:
    """What an index does with manifests: keeps them, and refuses where it is told to."""

    def __init__(self):
        self.taken = []
        self.error = None

    def take(self, manifest):
        self.taken.append(manifest)
        if self.error is not None:
            raise self.error

    def has(self, manifest):
        return self.taken[-1:] == [manifest]


class Watched:
    """An index of its own on a server: what is committed there, and who watches it."""

    def __init__(self, server):
        self.server = server
        self.names = Names(f"watched{next(numbers)}", "0123456789abcdef")
        self.link = Link(Address.parse(server.url(tenant=self.names.tenant)))
        self.taker = Taker()
        self.watchers = []

    def watcher(self, poll, take=None, **options):
        take = take or self.taker.take
        made = Watcher(self.link, self.names.manifest, self.names.changes, take, poll=poll, **options)
        self.watchers.append(made)
        return made

    def started(self, poll, take=None):
        """A watcher that has seen the first state and now waits for news."""
        watcher = self.watcher(poll, take)
        watcher.start()
        wait(lambda: len(self.taker.taken) >= 1 or watcher.trouble)
        return watcher

    def store(self, manifest):
        self.server.client.set(self.names.manifest, manifest)

    def announce(self, id="*"):
        return self.server.client.xadd(self.names.changes, {b"at": b"1"}, id=id)

    def commit(self, manifest):
        self.store(manifest)
        self.announce()

    def wait_for(self, manifest):
        wait(lambda: self.taker.has(manifest))

    def close(self):
        for watcher in self.watchers:
            watcher.close(wait=0)
            watcher._link.interrupt()  # as an index does, so that nobody waits for a poll
        for watcher in self.watchers:
            watcher.close()
        self.link.close()


def ended(watcher):
    """Tests must not leave threads to those that follow."""
    thread = watcher._life.thread
    return thread is None or not thread.is_alive()


def at_once(calls):
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture
def watched(redis_server):
    made = Watched(redis_server)
    yield made
    made.close()
    assert all(map(ended, made.watchers))


@pytest.fixture
def own(own_server):
    made = Watched(own_server)
    yield made
    made.close()


def test_what_is_announced_is_taken_long_before_the_next_poll(watched):
    watched.commit(b"one")
    watcher = watched.started(LONG)
    began = time.monotonic()
    for manifest in (b"two", b"three", b"four"):
        watched.commit(manifest)
        watched.wait_for(manifest)
    assert time.monotonic() - began < LONG / 4
    assert watcher.trouble is None
    time.sleep(SHORT)
    assert watched.taker.taken == [b"one", b"two", b"three", b"four"]  # one look each


def test_what_is_not_announced_is_taken_at_the_next_poll(watched):
    watched.started(SHORT)
    assert watched.taker.taken == [b""]
    watched.store(b"one")
    watched.wait_for(b"one")
    watched.server.client.unlink(watched.names.manifest)
    watched.wait_for(b"")


def test_what_was_committed_before_the_watch_began_is_taken(watched):
    watched.commit(b"one")
    watched.started(SHORT)
    assert watched.taker.taken[0] == b"one"


@pytest.mark.parametrize("lose", ["delete", "trim"])
def test_a_stream_that_is_deleted_or_trimmed_costs_a_poll_and_no_change(watched, lose):
    watched.commit(b"one")
    watched.started(SHORT)
    watched.store(b"two")
    for _ in range(5):
        watched.announce()
    if lose == "delete":
        watched.server.client.unlink(watched.names.changes)
    else:
        watched.server.client.xtrim(watched.names.changes, maxlen=0, approximate=False)
    watched.wait_for(b"two")
    watched.commit(b"three")
    watched.wait_for(b"three")


def test_a_stream_that_began_anew_with_smaller_ids_is_followed_again(watched):
    watched.commit(b"one")
    poll = 2.0
    watched.started(poll)
    watched.server.client.unlink(watched.names.changes)
    watched.store(b"two")
    watched.announce("1-1")
    watched.wait_for(b"two")  # by the poll: the id is long past
    began = time.monotonic()
    wait(lambda: watched.watchers[0]._after == b"1-1")
    watched.store(b"three")
    watched.announce("1-2")
    watched.wait_for(b"three")
    assert time.monotonic() - began < poll


def test_a_stream_that_cannot_be_read_costs_a_poll_and_is_said_once(watched, caplog):
    watched.server.client.set(watched.names.changes, b"no stream")
    began = time.monotonic()
    watcher = watched.started(SHORT)
    for manifest in (b"one", b"two", b"three"):
        watched.store(manifest)
        watched.wait_for(manifest)
    wait(lambda: watcher.trouble is None)
    assert watcher.age < LONG
    assert len(caplog.records) == 1
    assert "stream cannot be read" in caplog.text
    assert len(watched.taker.taken) <= 2 + (time.monotonic() - began) / (
        SHORT / 2
    )  # no more looks than polls
    watched.server.client.unlink(watched.names.changes)
    wait(lambda: watcher._after is not None)


def test_a_killed_server_is_trouble_and_age_until_it_is_back(own):
    own.commit(b"one")
    watcher = own.started(SHORT)
    own.server.kill()
    trouble = wait(lambda: watcher.trouble)
    assert isinstance(trouble, StoreLost)
    assert trouble.__traceback__ is None
    age = watcher.age
    wait(lambda: watcher.age > age + 3 * SHORT)
    own.server.start()
    began = time.monotonic()
    wait(lambda: watcher.trouble is None)
    assert time.monotonic() - began < 10  # about half a second
    assert watcher.age < age + 3 * SHORT
    own.commit(b"two")
    own.wait_for(b"two")


def test_a_lost_server_is_asked_by_short_commands_until_it_is_back(own):
    class Recording(Link):
        said = []

        def last_change(self, stream):
            self.said.append("last_change")
            return super().last_change(stream)

        def get(self, key):
            self.said.append("get")
            return super().get(key)

    own.link = Recording(own.link.address)
    watcher = own.started(SHORT)
    own.server.kill()
    wait(lambda: watcher.trouble)
    del Recording.said[:]
    wait(lambda: len(Recording.said) >= 3)
    assert set(Recording.said) == {"get"}
    own.server.start()
    wait(lambda: "last_change" in Recording.said)


def test_pauses_between_looks_at_a_lost_server_grow_to_a_second_and_differ(watched):
    watcher = watched.watcher(SHORT)
    pauses = [watcher._pause() for _ in range(100)]
    assert 0.05 <= min(pauses) <= max(pauses[:2]) <= 0.2
    assert 0.5 <= max(pauses) <= 1
    assert len(set(pauses)) > 50


def test_a_server_that_comes_back_empty_is_told_as_no_manifest(own):
    own.commit(b"one")
    watcher = own.started(LONG)
    own.server.restart(empty=True)
    own.wait_for(b"")
    own.commit(b"two")  # its ids may be smaller, its stream is another
    own.wait_for(b"two")
    assert watcher.trouble is None


def test_a_server_that_hangs_is_trouble_and_does_not_keep_close_from_returning(own):
    own.commit(b"one")
    watcher = own.started(SHORT)
    own.server.pause()
    assert isinstance(wait(lambda: watcher.trouble), StoreLost)
    assert watcher.age > 0
    began = time.monotonic()
    watcher.close()
    assert time.monotonic() - began < 5
    own.server.resume()
    wait(lambda: ended(watcher))


def test_a_server_that_hung_is_taken_up_again_when_it_goes_on(own):
    own.commit(b"one")
    watcher = own.started(SHORT)
    own.server.pause()
    wait(lambda: watcher.trouble)
    own.server.resume()
    wait(lambda: watcher.trouble is None)
    own.commit(b"two")
    own.wait_for(b"two")


@pytest.mark.parametrize("how", ["swallow", "refuse"])
def test_a_way_that_is_lost_is_trouble_until_it_is_open_again(watched, how):
    with Proxy(watched.server.port) as proxy:
        watched.link = Link(Address.parse(proxy.url(tenant=watched.names.tenant)))
        watched.commit(b"one")
        watcher = watched.started(SHORT)
        getattr(proxy, how)()
        assert isinstance(wait(lambda: watcher.trouble), StoreLost)
        watched.commit(b"two")
        if how == "swallow":
            proxy.swallow(lost=False)  # what was on the way is gone, connections are as they were
        else:
            proxy.accept()
        watched.wait_for(b"two")
        wait(lambda: watcher.trouble is None)
        watcher.close()


def test_the_wall_clock_may_jump(watched, monkeypatch):
    watched.commit(b"one")
    watcher = watched.started(SHORT)
    real = time.time
    for years in (-30, 30):
        monkeypatch.setattr(time, "time", lambda years=years: real() + years * 365 * 86_400)
        manifest = f"after {years} years".encode()
        watched.store(manifest)
        watched.wait_for(manifest)
        wait(lambda: 0 <= watcher.age < LONG)
        assert watcher.trouble is None


def test_age_is_that_of_the_last_good_look_by_the_clock_given(watched):
    now = [100.0]
    watcher = watched.watcher(LONG, clock=lambda: now[0])
    now[0] = 107.0
    assert watcher.age == 7
    watcher.look()
    assert watcher.age == 0
    now[0] = 110.0
    watched.taker.error = Damaged("damaged")
    for _ in range(2):  # who asks for a look gets one
        with pytest.raises(Damaged):
            watcher.look()
    assert watcher.age == 3  # what was looked at is not in force
    now[0] = 90.0
    assert watcher.age == 0


def test_a_look_is_overdue_where_none_was_made_and_is_caught_up_by_one_thread(watched):
    now = [100.0]
    watched.commit(b"one")
    watcher = watched.watcher(SHORT, clock=lambda: now[0])
    watcher.look()
    watcher.catch_up()
    assert not watcher.overdue
    now[0] += 3.0
    assert watcher.overdue
    assert watcher.age == 3.0
    at_once([watcher.catch_up] * 8)
    assert (watcher.overdue, watcher.age, watcher.trouble) == (False, 0.0, None)
    assert watched.taker.taken == [b"one"] * 2


def test_a_look_that_fails_is_none_that_is_overdue_and_its_trouble_is_told_not_raised(own):
    now = [100.0]
    watcher = own.watcher(SHORT, clock=lambda: now[0])
    own.server.kill()
    now[0] += 3.0
    watcher.catch_up()
    assert isinstance(watcher.trouble, StoreLost)
    assert watcher.age == 3.0
    assert not watcher.overdue


def test_nothing_is_overdue_while_the_thread_still_waits_for_a_server_that_hangs(own):
    """Or an output would wait for it too."""
    own.link = Link(Address.parse(own.server.url(tenant=own.names.tenant, timeout=1)))
    watcher = own.watcher(SHORT, patience=2.25)
    watcher.start()
    wait(lambda: watcher._after is not None)
    time.sleep(2 * SHORT)
    own.server.pause()
    end = time.monotonic() + 4
    while time.monotonic() < end:
        assert not watcher.overdue
        time.sleep(0.01)
    assert watcher.trouble is not None


def test_nothing_is_overdue_while_a_manifest_is_taken(watched):
    now = [100.0]
    busy, go_on = threading.Event(), threading.Event()

    def take(manifest):
        busy.set()
        go_on.wait(20)

    watcher = watched.watcher(SHORT, take, clock=lambda: now[0])
    thread = threading.Thread(target=watcher.look)
    thread.start()
    assert busy.wait(20)
    now[0] += 60.0
    assert not watcher.overdue
    watcher.catch_up()
    go_on.set()
    thread.join()
    assert not watcher.overdue


def test_a_process_that_was_stopped_or_forked_and_idle_catches_up_by_itself(watched):
    watched.commit(b"one")
    watcher = watched.started(SHORT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        time.sleep(1.0)
        behind = watcher.overdue
        watcher.catch_up()
        os._exit(0 if behind and watcher.trouble is None and watcher.age < 0.5 else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert not watcher.overdue


def test_a_look_raises_where_it_was_asked_for_and_is_trouble_until_the_next_good_one(own):
    watcher = own.watcher(SHORT)
    watcher.look()
    own.server.kill()
    with pytest.raises(StoreLost):
        watcher.look()
    assert isinstance(watcher.trouble, StoreLost)
    own.server.start()
    watcher.look()
    assert watcher.trouble is None


@pytest.mark.parametrize("kind", [Damaged, Incompatible, StoreLost])
def test_what_take_refuses_is_trouble_and_the_next_manifest_is_taken_at_once(watched, kind):
    watched.commit(b"one")
    watcher = watched.started(LONG)
    watched.taker.error = kind("cannot be used")
    watched.commit(b"two")
    watched.wait_for(b"two")
    assert isinstance(wait(lambda: watcher.trouble), kind)
    watched.taker.error = None
    watched.commit(b"three")
    watched.wait_for(b"three")
    wait(lambda: watcher.trouble is None)


def test_what_was_refused_is_offered_again_ever_more_seldom_until_it_is_taken(watched):
    watched.commit(b"one")
    watched.taker.error = Damaged("a record is missing")
    poll = 0.05
    watcher = watched.started(poll)
    began = time.monotonic()
    wait(lambda: len(watched.taker.taken) == 5 or watcher.trouble is None)  # after 1, 2, 4 and 8 polls more
    assert time.monotonic() - began > 12 * poll
    assert isinstance(watcher.trouble, Damaged)
    watched.taker.error = None
    wait(lambda: watcher.trouble is None)
    assert set(watched.taker.taken) == {b"one"}


def test_a_bug_does_not_end_the_watch_and_is_logged_once_without_its_data(watched, caplog):
    watched.commit(b"one")
    watcher = watched.started(SHORT)
    watched.taker.error = ValueError("words of a protected work")
    for manifest in (b"two", b"three"):
        watched.commit(manifest)
        watched.wait_for(manifest)
    trouble = wait(lambda: watcher.trouble)
    assert type(trouble) is SimblockError
    assert "ValueError" in str(trouble)
    bugs = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(bugs) == 1
    assert "in take" in bugs[0].getMessage()
    assert "protected" not in caplog.text + str(trouble)
    watched.taker.error = None
    watched.commit(b"four")
    wait(lambda: watcher.trouble is None)


def test_take_is_called_by_one_thread_at_a_time(watched):
    inside, most = [], []

    def take(manifest):
        inside.append(manifest)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()

    watcher = watched.watcher(0.02, take)
    watcher.start()
    at_once([lambda: [watcher.look() for _ in range(5)]] * 3)
    assert len(most) >= 15
    assert set(most) == {1}


def test_there_is_one_thread_however_often_it_is_asked_for_and_none_after_close(watched):
    watcher = watched.watcher(SHORT)
    watcher.ensure()  # not started yet
    assert ended(watcher)
    before = set(threading.enumerate())
    at_once([watcher.start] * 8)
    watcher.ensure()
    assert len(set(threading.enumerate()) - before) == 1
    watcher.close()
    watcher.close()
    watcher.start()
    assert set(threading.enumerate()) - before == set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_was_ended_by_force_is_started_again_when_asked_for(watched):
    watched.commit(b"one")
    watcher = watched.started(SHORT)
    watched.taker.error = SystemExit()
    wait(lambda: ended(watcher))
    watched.taker.error = None
    watcher.ensure()
    watched.commit(b"two")
    watched.wait_for(b"two")


def test_a_process_that_may_have_no_more_threads_is_in_trouble_and_not_broken(watched, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    watcher = watched.watcher(SHORT)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        watcher.start()
        assert "thread" in str(watcher.trouble)
    watcher.ensure()
    wait(lambda: watcher.trouble is None)


@pytest.mark.parametrize("error", [None, Damaged("damaged"), ValueError("a bug")], ids=str)
def test_the_thread_ends_when_nobody_holds_the_index_any_more(watched, error):
    class Index(Taker):
        def __init__(self):
            super().__init__()
            self.error = error
            self.watcher = watched.watcher(SHORT, self.take)
            self.watcher.start()

    index = Index()
    wait(index.taken.__len__)
    thread = index.watcher._life.thread
    watched.watchers.clear()
    gc.disable()  # by counting references alone: nothing refers back
    try:
        del index
        wait(lambda: not thread.is_alive())
    finally:
        gc.enable()


def test_the_thread_ends_when_nobody_holds_the_watcher_any_more(watched):
    taken = []
    watcher = watched.watcher(SHORT, taken.append)
    watcher.start()
    wait(taken.__len__)
    thread = watcher._life.thread
    watched.watchers.clear()
    del watcher
    wait(lambda: not thread.is_alive())


def test_an_index_that_closes_itself_in_its_own_watch_does_not_wait_for_itself(watched):
    watcher = watched.watcher(SHORT, lambda _: watcher.close())
    watcher.start()
    wait(lambda: ended(watcher))
    assert watcher.trouble is None


def test_a_child_has_a_thread_of_its_own_after_a_fork(watched):
    watched.commit(b"one")
    watcher = watched.started(SHORT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # later Pythons warn of forks with threads
        child = os.fork()
    if not child:
        os._exit(_child(watched, watcher))
    watched.wait_for(b"one")
    time.sleep(2 * SHORT)
    watched.commit(b"two")
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    watched.wait_for(b"two")


def _child(watched, watcher):
    """What went wrong, as a number."""
    try:
        if watcher._life.thread is not None:
            return 2
        watcher.ensure()
        watched.wait_for(b"two")
        watcher.close()
        return 0 if ended(watcher) else 3
    except BaseException:
        return 4


def test_a_fork_in_the_middle_of_a_look_leaves_the_child_no_lock_that_nobody_lets_go(watched):
    busy, go_on = threading.Event(), threading.Event()

    def take(manifest):
        busy.set()
        go_on.wait(20)

    watcher = watched.watcher(SHORT, take)
    watcher.start()
    assert busy.wait(20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        go_on.set()
        watcher.look()
        os._exit(0 if watcher.trouble is None else 1)
    go_on.set()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
