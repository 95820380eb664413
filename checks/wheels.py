"""Ask the package index whether every pin has a wheel for every machine we name.  Needs the network.

python -m checks.wheels
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile

from checks.findings import ROOT

PYTHONS = ["3.11", "3.12", "3.13"]
# Each machine with the tags it accepts, oldest first: a package may have a wheel for just one of them.
MACHINES = {
    "x86-64": ["manylinux2014_x86_64", "manylinux_2_27_x86_64", "manylinux_2_28_x86_64"],
    "aarch64": ["manylinux2014_aarch64", "manylinux_2_27_aarch64", "manylinux_2_28_aarch64"],
    "macOS arm64": ["macosx_11_0_arm64", "macosx_12_0_arm64", "macosx_14_0_arm64"],
}


def missing(python: str, platforms: list[str]) -> str:
    """pip's complaint, or nothing if every pin has a wheel."""
    with tempfile.TemporaryDirectory() as nowhere:
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--dry-run",
            "--quiet",
            "--no-deps",
            "--ignore-installed",
        ]
        command += ["--only-binary", ":all:", "--implementation", "cp", "--python-version", python]
        command += ["--target", nowhere, "--requirement", str(ROOT / "constraints.txt")]
        for platform in platforms:
            command += ["--platform", platform]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return "" if done.returncode == 0 else (complaints or [done.stderr])[-1]


def main() -> int:
    failed = 0
    for (machine, platforms), python in itertools.product(MACHINES.items(), PYTHONS):
        complaint = missing(python, platforms)
        failed += bool(complaint)
        print(f"{machine:12} Python {python}: {complaint or 'a wheel for every pin'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
