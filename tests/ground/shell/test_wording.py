"""Times as a person reads them."""

from __future__ import annotations

import pytest

from ground.protocol import NS
from ground.shell.wording import mission_time

DAY_S = 86_400


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "T+00:00:00"),
        (NS - 1, "T+00:00:00"),
        (3_723 * NS, "T+01:02:03"),
        ((DAY_S + 3_723) * NS, "T+1d 01:02:03"),
        (-1, "T+00:00:00"),
        (-NS, "T-00:00:01"),
        (-3_723 * NS, "T-01:02:03"),
        (-(2 * DAY_S + 5) * NS, "T-2d 00:00:05"),
    ],
)
def test_mission_time_before_and_after_the_first_boot(time_ns, text) -> None:
    assert mission_time(time_ns) == text
