"""The checks of structure: each passes good trees, finds bad ones, and finds nothing here."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.findings import ROOT, source_files
from checks.structure import LONGEST_FILE, LONGEST_FUNCTION, check, overlooked


def findings(root: Path, name: str, text: str | bytes) -> list[str]:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [str(finding) for finding in check(root, [Path(name)])]


def function_of(lines: int) -> str:
    return "def long():\n" + "    pass\n" * (lines - 1)


@pytest.mark.slow
def test_this_repository_keeps_its_structure() -> None:
    assert check(ROOT, source_files()) == []
    assert overlooked(source_files()) == []


def test_file_as_long_as_allowed_passes_and_one_line_more_does_not(tmp_path: Path) -> None:
    assert findings(tmp_path, "sim/orbit.py", "x = 1\n" * LONGEST_FILE) == []
    assert findings(tmp_path, "sim/orbit.py", "x = 1\n" * (LONGEST_FILE + 1)) == [
        "sim/orbit.py: 401 lines, at most 400"
    ]
    assert findings(tmp_path, "sim/report/page.js", "\n" * (LONGEST_FILE + 1))
    assert findings(tmp_path, "docs/start.md", "\n" * (LONGEST_FILE + 1)) == []


def test_function_as_long_as_allowed_passes_and_one_line_more_does_not(tmp_path: Path) -> None:
    assert findings(tmp_path, "tests/test_x.py", function_of(LONGEST_FUNCTION)) == []
    assert findings(tmp_path, "tests/test_x.py", "\n" + function_of(LONGEST_FUNCTION + 1)) == [
        "tests/test_x.py:2: long has 61 lines, at most 60"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "def walk(tree):\n    return [walk(branch) for branch in tree]\n",
        "class Tree:\n    def walk(self):\n        return self.walk()\n",
        "class Tree:\n    async def walk(cls):\n        await cls.walk()\n",
    ],
)
def test_recursion_is_found_in_flight_and_only_there(tmp_path: Path, text: str) -> None:
    assert "walk calls itself" in findings(tmp_path, "flight/tree.py", text)[0]
    assert findings(tmp_path, "ground/tree.py", text) == []


def test_call_of_a_namesake_is_no_recursion(tmp_path: Path) -> None:
    text = "class Log:\n    def append(self, x):\n        append(x)\n        self.rows.append(x)\n"
    assert findings(tmp_path, "flight/log.py", text) == []
    assert findings(tmp_path, "flight/log.py", "def send(link):\n    link.send()\n") == []


@pytest.mark.parametrize(
    "name", ["flight/utils.py", "sim/helpers/orbit.py", "tests/Common.py", "hil/misc.toml"]
)
def test_empty_name_is_found(tmp_path: Path, name: str) -> None:
    assert "does not say what is inside" in findings(tmp_path, name, "")[0]


def test_a_folder_of_modules_that_no_import_contract_sees_is_found() -> None:
    names = (
        "ground/__init__.py",
        "ground/x.py",
        "ground/shell/x.py",
        "sim/jobs/digits/main.py",
        "tests/x.py",
    )
    assert [str(one) for one in overlooked([Path(name) for name in names])] == [
        "ground/shell: has no __init__.py: no import contract sees it"
    ]


@pytest.mark.parametrize("name", ["scripts/x.py", "setup.py", "tox.ini"])
def test_top_level_is_fixed(tmp_path: Path, name: str) -> None:
    assert "top level is fixed" in findings(tmp_path, name, "")[0]


@pytest.mark.parametrize(
    "line",
    [
        "see /" + "work/notes.md",
        "folder = '/" + "root/.cache'",
        "curl https://py" + "pi.org/simple",
        "https://files.python" + "hosted.org/x.whl",
        "--find-links /opt" + "/wheels/x",
    ],
)
def test_places_of_one_machine_are_found(tmp_path: Path, line: str) -> None:
    assert "names a place that is not ours" in findings(tmp_path, "docs/a.md", f"fine\n{line}\n")[0]


def test_folders_that_only_sound_like_it_pass(tmp_path: Path) -> None:
    assert (
        findings(tmp_path, "docs/a.md", "flight/workers/ sim/work/ ~/work/ /var/lib/skyrack ./root/x\n") == []
    )


def test_binary_files_are_skipped(tmp_path: Path) -> None:
    assert findings(tmp_path, "docs/report.png", b"\x89PNG\xff\xfe/" + b"work/") == []


def test_nobody_excuses_himself_for_catching_everything(tmp_path: Path) -> None:
    text = "try:\n    f()\nexcept Exception:  # noqa: " + "BLE001\n    pass\n"
    assert findings(tmp_path, "flight/app.py", text) == [
        "flight/app.py:3: only the supervisor catches everything"
    ]
