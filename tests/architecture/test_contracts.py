"""The import contracts of pyproject.toml, tried on small trees: one that keeps them all, one that breaks each."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from checks.findings import ROOT

CONFIGURATION = ROOT / "pyproject.toml"
CONTRACTS = [
    row["name"] for row in tomllib.loads(CONFIGURATION.read_text())["tool"]["importlinter"]["contracts"]
]

ALLOWED = {
    "flight/__init__.py": "",
    "flight/declare/__init__.py": "from flight.declare.fields import x",
    "flight/declare/fields.py": "x = 1",
    "flight/ports.py": "import flight.declare",
    "flight/mission.py": "import flight.declare",
    "flight/boot.py": "import flight.declare",
    "flight/wire/__init__.py": "from flight.declare.fields import x",
    "flight/wire/packet.py": "import flight.wire",
    "flight/wire/definitions.py": "",
    "flight/store/__init__.py": "",
    "flight/store/log.py": "import flight.ports",
    "flight/dictionary/__init__.py": "",
    "flight/dictionary/build.py": "import flight.declare\nimport flight.wire.packet\nimport flight.mission",
    "flight/modules/__init__.py": "",
    "flight/modules/power/__init__.py": "import flight.modules.power.ladder",
    "flight/modules/power/ladder.py": "import flight.declare\nimport flight.wire.packet",
    "flight/throttling.py": "import flight.declare",
    "flight/modules/thermal.py": "import flight.throttling\nimport flight.planning\nimport flight.jobs",
    "flight/planning/__init__.py": "import flight.jobs",
    "flight/jobs/__init__.py": "import flight.jobs.package",
    "flight/jobs/package.py": "import flight.jobs.manifest",
    "flight/jobs/manifest.py": "",
    "flight/drivers/__init__.py": "",
    "flight/drivers/hwmon.py": "import flight.ports",
    "flight/missions/__init__.py": "",
    "flight/missions/one/__init__.py": "import flight.modules.thermal\nimport flight.mission",
    "flight/kernel/__init__.py": "import flight.dictionary\nimport flight.ports",
    "flight/app.py": "import flight.kernel\nimport flight.missions.one\nimport flight.drivers.hwmon",
    "ground/__init__.py": "",
    "ground/archive.py": "import flight.wire.packet\nimport flight.dictionary\nimport flight.jobs",
    "sim/__init__.py": "import ground.archive\nimport flight.app",
    "hil/__init__.py": "import sim\nimport ground\nimport flight",
}
# One forbidden import for each contract, and more where a contract has more than one face.
FORBIDDEN = {
    "flight/store/a.py": "import ground.archive",
    "ground/a.py": "import flight.declare",
    "flight/declare/a.py": "import flight.ports",
    "flight/wire/a.py": "import flight.ports",
    "flight/dictionary/a.py": "import flight.kernel",
    "flight/modules/power/a.py": "import flight.drivers.hwmon",
    "flight/modules/heat.py": "from flight.modules import thermal",
    "flight/drivers/a.py": "import flight.declare",
    "flight/jobs/a.py": "import flight.wire",
    "flight/throttling.py": "import flight.ports",
    "flight/kernel/a.py": "import flight.modules.thermal",
    "sim/a.py": "import flight.wire.definitions",
}


def verdicts(root: Path, sources: dict[str, str]) -> dict[str, str]:
    """KEPT or BROKEN by the contract's name."""
    for name, text in sources.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    (root / "pyproject.toml").write_text(CONFIGURATION.read_text())
    linter = Path(sys.executable).with_name("lint-imports")
    command = [str(linter), "--no-logo", "--no-cache"]
    printed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False).stdout
    lines = [line.partition(" (")[0] for line in printed.replace("\n(", " (").splitlines()]
    return {
        name: verdict
        for name in CONTRACTS
        for verdict in ("KEPT", "BROKEN")
        if any(line == f"{name} {verdict}" for line in lines)
    }


@pytest.mark.slow
def test_tree_that_keeps_the_architecture_passes(tmp_path: Path) -> None:
    assert verdicts(tmp_path, ALLOWED) == dict.fromkeys(CONTRACTS, "KEPT")


@pytest.mark.slow
def test_each_contract_can_be_broken(tmp_path: Path) -> None:
    assert verdicts(tmp_path, ALLOWED | FORBIDDEN) == dict.fromkeys(CONTRACTS, "BROKEN")


@pytest.mark.slow
@pytest.mark.parametrize("inside", ["flight.dictionary.build", "flight.jobs.package"])
def test_ground_takes_what_it_may_through_its_door_alone(tmp_path: Path, inside: str) -> None:
    behind = {"ground/archive.py": f"import {inside}"}
    broken = [name for name, verdict in verdicts(tmp_path, ALLOWED | behind).items() if verdict == "BROKEN"]
    assert broken == ["ground knows the spacecraft by its wire, its dictionary and its jobs alone"]
