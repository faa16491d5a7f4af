"""The cases of languages stand on a vocabulary of their own, so that remaking a table breaks none of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simblock import nodes
from simblock.stamps import stamp_of
from tests.languages.cases import vocabulary


@pytest.fixture(scope="module", autouse=True)
def frozen_vocabulary() -> Iterator[None]:
    """The members that a language's cases name as public are, and no others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nodes, "members", vocabulary)
        patch.setattr(nodes, "_known", {})
        stamp_of.cache_clear()  # a stamp is of the members that there were
        yield
    stamp_of.cache_clear()
