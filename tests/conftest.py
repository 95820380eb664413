"""What holds for every test: generated input is the same in each run, and no test is judged by a clock."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["hil.pytest_plugin"]  # as in a user's project, also where Skyrack is not installed

# `too_slow` and the deadline measure wall time, which says more about a shared machine than about the code.
SUPPRESSED = [HealthCheck.too_slow]

settings.register_profile(
    "test", derandomize=True, deadline=None, database=None, suppress_health_check=SUPPRESSED
)
settings.register_profile(
    "fuzz",
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "2000")),
    deadline=None,
    print_blob=True,
    suppress_health_check=SUPPRESSED,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))
