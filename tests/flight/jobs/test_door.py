"""What a process pays that only reads a mission's tables of jobs."""

from __future__ import annotations

import subprocess
import sys

from checks.findings import ROOT

DEAR = ("hashlib", "_hashlib", "cryptography", "tomllib")  # 3.6 MB, 9 MB, 3 ms


def test_what_costs_is_imported_with_its_first_use() -> None:
    code = f"import sys, flight.missions.ai_rack\nprint([name for name in {DEAR} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
