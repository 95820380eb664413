"""The Makefile on machines that lack something, without a network: other Pythons are stood in for by small programs.

A stand-in runs what the set-up asks of Python with the real interpreter, after changing what it knows of itself.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from checks.findings import ROOT

FILES = ["Makefile", "pyproject.toml", "constraints.txt", "checks/set_up.sh"]
PROGRAMS = ["make", "sh", "awk", "cat", "cksum", "cut", "find", "grep", "mkdir", "rm", "sed", "tail", "tr"]

# Stand-ins, by what they do with `-c PROGRAM`, `-m venv FOLDER` and `-m pip install ...`.
OLD = "import sys; sys.version_info = (3, 9, 6, 'final', 0)"
BARE = "import sys; sys.modules['ensurepip'] = None"
WHOLE = "pass"


class Machine:
    """A copy of what the set-up needs, and a PATH that holds the programs it may call and stand-ins for Python."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "skyrack"
        self.path = folder / "bin"
        self.calls = folder / "calls"
        self.path.mkdir()
        for name in FILES:
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.tree / name)
        for name in PROGRAMS:
            program = shutil.which(name)
            assert program, name
            (self.path / name).symlink_to(program)

    def python(self, name: str, before: str, pip: str = "") -> None:
        """A stand-in called `name`: `before` is run ahead of each `-c`; `pip` is what pip does."""
        text = f"""\
            #!{sys.executable}
            import os, shutil, sys
            open({str(self.calls)!r}, "a").write(os.path.basename(sys.argv[0]) + " " + " ".join(sys.argv[1:3]) + "\\n")
            if sys.argv[1] == "-c":
                code = sys.argv[2]
                sys.argv = ["-c"]
                {before}
                exec(code)
            elif sys.argv[2] == "venv":
                os.makedirs(sys.argv[3] + "/bin")
                shutil.copy(__file__, sys.argv[3] + "/bin/python")
            elif sys.argv[2] == "pip":
                {pip or "pass"}
            else:
                print("ran", *sys.argv[2:])
            """
        program = self.path / name
        program.write_text(dedent(text))
        program.chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.path), "HOME": str(self.tree), "PYTHONDONTWRITEBYTECODE": "1"}
        command = ["make", *arguments]
        return subprocess.run(
            command, cwd=self.tree, env=environment, capture_output=True, text=True, check=False
        )

    def installs(self) -> int:
        return self.calls.read_text().count("-m pip") if self.calls.exists() else 0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that says what is wrong; make adds its own below."""
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1, done.stderr
    return lines[0].removeprefix("skyrack: ")


def test_no_python(machine: Machine) -> None:
    assert complaint(machine.make("run")).startswith(
        "no Python found (tried python3.13, python3.12, python3.11, python3)"
    )


def test_python_too_old(machine: Machine) -> None:
    machine.python("python3", OLD)
    assert complaint(machine.make("test")).startswith(
        "Python 3.9.6 (python3) is too old: 3.11 or newer is needed"
    )


def test_ensurepip_missing(machine: Machine) -> None:
    machine.python("python3", BARE)
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    said = complaint(machine.make("run"))
    assert "lacks venv or ensurepip" in said
    assert said.endswith(f"sudo apt install python{minor}-venv")


def test_named_python_does_not_run(machine: Machine) -> None:
    machine.python("python3", WHOLE)
    assert complaint(machine.make("PYTHON=python3.99", "run")).startswith("'python3.99' does not run")


def test_package_index_unreachable(machine: Machine) -> None:
    failure = (
        "sys.exit('WARNING: Retrying after connection broken by NewConnectionError\\nERROR: No matching x')"
    )
    machine.python("python3", WHOLE, pip=failure)
    assert complaint(machine.make("run")).startswith("the package index cannot be reached")
    assert "NewConnectionError" in (machine.tree / ".venv/setup.log").read_text()


def test_pip_fails_for_another_reason(machine: Machine) -> None:
    machine.python("python3", WHOLE, pip="sys.exit('ERROR: first\\nERROR: No space left on device')")
    assert complaint(machine.make("run")).startswith("pip failed: ERROR: No space left on device")


def test_failed_set_up_is_tried_again(machine: Machine) -> None:
    machine.python("python3", WHOLE, pip="sys.exit(1)")
    assert machine.make("run").returncode != 0
    assert machine.make("run").returncode != 0
    assert machine.installs() == 2


def test_newest_python_that_works_is_taken(machine: Machine) -> None:
    machine.python(
        "python3.13", "sys.exit(127)"
    )  # a version manager's program for a version that is not there
    machine.python("python3.12", BARE)
    machine.python("python3.11", WHOLE)
    machine.python("python3", OLD)
    assert machine.make("run").returncode == 0
    assert "python3.11 -m venv" in machine.calls.read_text()


def test_second_call_starts_at_once(machine: Machine) -> None:
    machine.python("python3", WHOLE)
    first, second = machine.make("run"), machine.make("run", "ARGS=--seed 3")
    assert first.stdout.splitlines()[-1] == "ran sim run"
    assert second.stdout == "ran sim run --seed 3\n"
    assert machine.installs() == 1


def test_environment_of_a_developer_is_enough_to_run(machine: Machine) -> None:
    machine.python("python3", WHOLE)
    machine.make("test")
    assert machine.make("run").stdout == "ran sim run\n"
    assert machine.installs() == 1


def test_test_needs_more_than_run(machine: Machine) -> None:
    machine.python("python3", WHOLE)
    machine.make("run")
    assert "installing what 'make dev' needs" in machine.make("test").stdout
    assert machine.installs() == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_change_of_what_is_installed_installs_again_and_back(machine: Machine, name: str) -> None:
    machine.python("python3", WHOLE)
    machine.make("run")
    before = (machine.tree / name).read_text()
    (machine.tree / name).write_text(before + "# newer\n")
    machine.make("run")
    (machine.tree / name).write_text(before)
    machine.make("run")
    assert machine.installs() == 3
    assert machine.calls.read_text().count("-m venv") == 1


def test_moved_tree_gets_a_new_environment(machine: Machine) -> None:
    machine.python("python3", WHOLE)
    machine.make("run")
    machine.tree = machine.tree.rename(machine.tree.with_name("moved"))
    assert machine.make("run").returncode == 0
    assert machine.calls.read_text().count("-m venv") == 2


def test_named_python_has_an_environment_of_its_own(machine: Machine) -> None:
    machine.python("python3", WHOLE)
    machine.python("python3.13", WHOLE)
    machine.make("run")
    machine.make("PYTHON=python3.13", "run")
    assert (machine.tree / ".venv").is_dir()
    assert (machine.tree / ".venv-python3.13").is_dir()


def test_clean_removes_environments_and_caches_but_no_results(machine: Machine) -> None:
    made = [".venv/x", ".venv-python3.13/x", ".mypy_cache/x", "flight/wire/__pycache__/x"]
    kept = ["runs/first/report.html", "ground/x.py", "sim/x.py", "hil/x.py", "tests/x.py"]
    for name in made + kept:
        (machine.tree / name).parent.mkdir(parents=True, exist_ok=True)
        (machine.tree / name).write_text("")
    assert machine.make("clean").returncode == 0
    assert [name for name in made + kept if (machine.tree / name).exists()] == kept


def test_help_lists_targets_without_set_up(machine: Machine) -> None:
    said = machine.make().stdout
    for target in ("run", "test", "check", "prove", "bench", "fuzz", "clean"):
        assert re.search(rf"^  make {target} ", said, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("retries", ["0", "1"])
def test_real_pip_without_a_network_says_so(machine: Machine, retries: str) -> None:
    """Against a port of this machine on which nobody listens."""
    (machine.path / "python3").symlink_to(sys.executable)
    environment = {
        "PATH": str(machine.path),
        "HOME": str(machine.tree),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": retries,
        "PIP_NO_CACHE_DIR": "1",
    }
    done = subprocess.run(
        ["make", "run"], cwd=machine.tree, env=environment, capture_output=True, text=True, check=False
    )
    assert complaint(done).startswith("the package index cannot be reached")


def test_makefile_keeps_to_gnu_make_3_81_and_posix_shells() -> None:
    makefile = (ROOT / "Makefile").read_text()
    newer = r"\.ONESHELL|\.SHELLFLAGS|!=|::=|&:|\$\((?:file|guile) |^undefine|^load |\.EXTRA_PREREQS|\.WAIT"
    assert re.findall(newer, makefile, re.MULTILINE) == []
    bash = r"\[\[|<\(|<<<|\bsource\b|\bfunction \w|\$'|\{\w+\.\.\w+\}|\blocal\b|pipefail"
    for name in ("Makefile", "checks/set_up.sh"):
        assert re.findall(bash, (ROOT / name).read_text()) == []
