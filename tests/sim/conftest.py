from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def short_chunks() -> Iterator[None]:
    """An hour's surroundings ahead cost more than the minutes that a test flies."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.world.CHUNK_S", 300)
        yield
