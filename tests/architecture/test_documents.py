"""The checker of documents: it passes what is so and finds what is not."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from checks.blocks import BlockError, agrees, marked_blocks
from checks.documents import check, end_groups, main
from checks.findings import ROOT
from checks.named import missing


def findings(markdown: str) -> list[str]:
    blocks, found = check("page.md", dedent(markdown), ROOT)
    assert blocks or found
    return [str(finding) for finding in found]


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("orbits 15", "orbits   15\n", True),
        ("orbits 15", "orbits 16\n", False),
        ("orbits 15\n", "orbits 15\npasses 4\n", False),
        ("orbits 15\n...", "orbits 15\npasses 4\nfaults 0\n", True),
        ("...\nfaults 0", "orbits 15\npasses 4\nfaults 0\n", True),
        ("...\nfaults 0", "orbits 15\nfaults 0\nmore\n", False),
        ("speed ... x real time", "speed 8120 x real time\n", True),
        ("speed ... x real time", "speed 8120\nx real time\n", False),
        ("a.c", "abc\n", False),
        ("", "\n\n", True),
        ("", "surprise\n", False),
    ],
)
def test_shown_output_agrees_loosely_but_not_blindly(shown: str, printed: str, same: bool) -> None:
    assert agrees(shown, printed) is same


def test_unmarked_blocks_are_left_alone() -> None:
    assert list(marked_blocks("```console\n$ exit 9\n```\n\n```python\nraise SystemExit(9)\n```\n")) == []


def test_console_block_passes_when_output_and_status_are_as_shown() -> None:
    assert not findings("""
        ```console test
        $ echo one   two
        one two
        $ mkdir -p deep && cd deep
        $ echo loud >&2; exit_with() { return 2; }; exit_with
        loud
        [exit 2]
        $ printf '%s\\n' \\
        >     continued
        continued
        ```
        Between blocks the folder stays:
        ```console test
        $ basename "$(pwd)"
        deep
        ```
        """)


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("$ echo one\ntwo", "page.md:2: `echo one` printed something else:\none"),
        ("$ true\n$ false", "page.md:3: `false` ended with 1, not 0"),
        ("$ true\n[exit 3]", "page.md:2: `true` ended with 0, not 3"),
        ("$ exit 4\n$ echo never", "page.md:2: `exit 4` did not end (status 4)"),
        ("output first\n$ true", "page.md:2: output stands before the first `$` line"),
    ],
)
def test_console_block_that_lies_is_found(command: str, complaint: str) -> None:
    _, found = check("page.md", f"```console test\n{command}\n```\n", ROOT)
    assert str(found[0]).startswith(complaint)


def test_hanging_command_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.documents.LONGEST_BLOCK_S", 0.05)
    assert "did not end (status -1)" in findings("```console test\n$ sleep 600\n```\n")[0]


def test_what_runs_in_the_background_does_not_keep_us_waiting_and_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[int] = []

    def end(groups: list[int]) -> None:
        ended.extend(groups)
        end_groups(groups)

    monkeypatch.setattr("checks.documents.end_groups", end)
    assert not findings("""
        ```console test
        $ sleep 600 & echo $! > pid
        ```
        ```console test
        $ kill -0 "$(cat pid)"
        ```
        """)
    assert len(ended) == 1


def test_files_are_written_before_what_follows() -> None:
    assert not findings("""
        ```toml file=mission/a.toml
        orbits = 3
        ```
        ```console test
        $ cat mission/a.toml
        orbits = 3
        ```
        """)


def test_python_blocks_run_as_scripts_and_as_doctests() -> None:
    assert not findings("""
        ```python test
        print("heard", 3)
        ```
        ```text output
        heard ...
        ```
        ```python test
        >>> 2**10
        1024
        ```
        """)


@pytest.mark.parametrize(
    ("markdown", "complaint"),
    [
        ("```python test\n>>> 1 + 1\n3\n```\n", "page.md:2: the block ended with 1"),
        ("```python test\nimport nowhere_at_all\n```\n", "page.md:2: the block ended with 1"),
        (
            "```python test\nprint(1)\n```\n```text output\n2\n```\n",
            "page.md:2: the block printed something else",
        ),
        ("```console tests\n$ true\n```\n", "page.md:1: unknown mark: tests"),
        ("```toml test\n```\n", "page.md:1: only console and python"),
        ("```toml file=../../etc/x\n```\n", "page.md:1: a block is written inside"),
    ],
)
def test_other_mistakes_are_found(markdown: str, complaint: str) -> None:
    _, found = check("page.md", markdown, ROOT)
    assert len(found) == 1
    assert str(found[0]).startswith(complaint)


def test_error_names_the_line_of_the_fence() -> None:
    with pytest.raises(BlockError) as error:
        list(marked_blocks("# Title\n\n```console test quickly\n$ true\n```\n"))
    assert error.value.line == 3


def test_packages_can_be_imported_and_the_root_reached() -> None:
    assert not findings("""
        ```python test
        import flight
        ```
        ```console test at=root
        $ test -f pyproject.toml
        ```
        """)


@pytest.mark.parametrize(
    ("span", "complaint"),
    [
        ("tests/a/test_one.py::test_that_is_there", ""),
        ("a/test_one.py::test_that_is_there", ""),
        ("test_one.py::Kind::test_inside", ""),
        ("tests/a/test_one.py", ""),
        ("tests/a/", ""),
        ("tests/a/test_*.py", ""),
        ("pytest.mark.slow", ""),
        ("test_one.py::test_that_is_gone", "`test_one.py` has no test_that_is_gone"),
        ("test_one.py::Kind::test_that_is_there", "`test_one.py` has no Kind::test_that_is_there"),
        ("test_two.py::test_that_is_there", "`test_two.py` is in several places"),
        ("one.py::test_that_is_there", "`one.py` is not there"),
        ("tests/a/test_three.py", "`tests/a/test_three.py` is not there"),
        ("flight/nowhere/", "`flight/nowhere/` is not there"),
    ],
)
def test_what_a_document_names_must_be_there(span: str, complaint: str, tmp_path: Path) -> None:
    text = "def test_that_is_there(): ...\nclass Kind:\n    def test_inside(self): ...\n"
    files = [Path("tests/a/test_one.py"), Path("tests/a/test_two.py"), Path("tests/b/test_two.py")]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    markdown = f"# Title\n\n| item | test |\n|---|---|\n| a | `{span}` |\n"
    found = [str(finding) for finding in missing("page.md", markdown, tmp_path, files)]
    assert found == ([f"page.md:5: {complaint}"] if complaint else [])


@pytest.mark.parametrize(("name", "status"), [("test_that_is_gone", 1), ("main", 0)])
def test_the_check_fails_for_what_is_not_there(
    name: str,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"`checks/documents.py::{name}`\n")
    monkeypatch.setattr("sys.argv", ["documents", str(page)])
    assert main() == status
    assert ("page.md:1: `checks/documents.py` has no " in capsys.readouterr().out) is bool(status)
