import os
import random
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "whole", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.register_profile("quick", settings.get_profile("whole"), max_examples=25)


def pytest_configure(config):
    """`make test` draws fewer examples than `make test-all`."""
    settings.load_profile("quick" if config.option.markexpr == "not slow" else "whole")


pytest_plugins = ["tests.redis_fixtures"]

SHARED = Path(os.environ.get("SIMBLOCK_SHARED", Path(__file__).parents[2] / "shared")) / "data"


@pytest.fixture(scope="session", autouse=True)
def cache_of_their_own(tmp_path_factory):
    """What a host keeps of indexes, the tests keep apart from the user's."""
    before = os.environ.get("SIMBLOCK_CACHE")
    os.environ["SIMBLOCK_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["SIMBLOCK_CACHE"]
    else:
        os.environ["SIMBLOCK_CACHE"] = before


@pytest.fixture
def interruptible():
    """Interruptions are heard here and by what is started, also where a script runs the tests behind it.

    Shells have such jobs ignore SIGINT, which every process inherits.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def shared():
    """Real data for tests, where the checkout has it beside itself."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared/data here: set SIMBLOCK_SHARED to the folder that holds it")
    return SHARED


def vocabulary(seed, count=2500):
    """Made-up words that read like words."""
    rng = random.Random(seed)
    parts = [c + v for c in "bcdfghjklmnprstvwz" for v in ("a", "e", "i", "o", "u", "ar", "en", "il")]
    return sorted({"".join(rng.choices(parts, k=rng.choice((2, 2, 3)))) for _ in range(count)})
