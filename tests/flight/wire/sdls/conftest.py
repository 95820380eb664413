"""Two ends of one link."""

from __future__ import annotations

import pytest

from flight.wire.sdls import Use
from tests.flight.wire.sdls.ends import End


@pytest.fixture
def ground() -> End:
    return End(Use.TELECOMMAND)


@pytest.fixture
def board() -> End:
    return End(Use.TELEMETRY)
