"""The mutation score: what is planted, what becomes of it, and that a weak test is told from a strong one."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest

from checks import mutation
from checks.findings import ROOT
from checks.mutants import mutants
from checks.mutation import AREAS, KILLED, NOT_IMPORTED, SURVIVED, TIMED_OUT, Area, Tree


def planted(text: str) -> list[str]:
    source = text.encode()
    return [mutant.applied(source).decode() for mutant in mutants(source)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b", ["a <= b"]),
        ("a <= b", ["a < b"]),
        ("a > b", ["a >= b"]),
        ("a >= b", ["a > b"]),
        ("a == b", ["a != b"]),
        ("a != b", ["a == b"]),
        ("a is b", ["a is not b"]),
        ("a is not b", ["a is b"]),
        ("a in b", ["a not in b"]),
        ("a not in b", ["a in b"]),
        ("a < b == c", ["a <= b == c", "a < b != c"]),
        ("(a) < (b)", ["(a) <= (b)"]),
        ("a and b and c", ["a or b and c", "a and b or c"]),
        ("a or b", ["a and b"]),
        ("a + b", ["a - b"]),
        ("a << b", ["a >> b"]),
        ("a // b", ["a * b"]),
        ("a & b", ["a | b"]),
        ("x = 7", ["x = 6", "x = 8"]),
        ("x = 0.5", ["x = 1.5"]),
        ("x = True", ["x = False"]),
        ("not a", ["(a)"]),
        ("b if a else c", ["b if not (a) else c"]),
        ("if a < b: x", ["if a <= b: x", "if not (a < b): x"]),
        ("if a == b: x", ["if a != b: x"]),
        ("if not a: x", ["if (a): x"]),
        ("f(x)", ["pass"]),
        ("self.x = y", ["pass"]),
        ("a[0] = y", ["a[-1] = y", "a[1] = y", "pass"]),
        ("a += b", ["a -= b", "pass"]),
        ("raise e", ["pass"]),
        ("for a in b: break", ["for a in b: pass"]),
        ("def f(): return a", ["def f(): return None"]),
        ("x = 'é' + a", ["x = 'é' - a"]),
    ],
)
def test_a_mistake_of_each_kind(text: str, expected: list[str]) -> None:
    assert sorted(planted(text)) == sorted(expected)


@pytest.mark.parametrize(
    "text",
    [
        '"""Text of 3 words."""',
        "x = 'text'",
        "import a",
        "x: tuple[int, 3]",
        "def f(x: A | B) -> C | D: ...",
        "Row = A | B",
        "@dataclass(frozen=True, slots=True)\nclass A: ...",
        "assert a < 3",
        "x = f'{a + 1}'",
        "x = y",
        "def f(): return None",
    ],
)
def test_what_is_left_alone(text: str) -> None:
    assert planted(text) == []


def test_a_mutant_knows_its_line_and_shows_itself() -> None:
    source = b"a = b\nif (\n    a\n    and c < d\n):\n    x\n"
    mutant = next(each for each in mutants(source) if each.new == "<=")
    assert mutant.line == 4
    assert mutant.difference(source) == "- and c < d\n+ and c <= d"


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (0, SURVIVED),
        (1, KILLED),
        (2, NOT_IMPORTED),
        (4, NOT_IMPORTED),
        (-signal.SIGXCPU, TIMED_OUT),
        (-signal.SIGKILL, TIMED_OUT),
    ],
)
def test_what_a_status_means(status: int, fate: str) -> None:
    assert mutation.verdict(status) == fate


def test_an_area_without_tests_is_no_result() -> None:
    with pytest.raises(AssertionError):
        mutation.verdict(5)


def test_the_score_counts_what_was_noticed() -> None:
    assert mutation.score(Counter({KILLED: 5, NOT_IMPORTED: 2, TIMED_OUT: 1, SURVIVED: 2})) == pytest.approx(
        80
    )


@pytest.mark.parametrize("name", AREAS)
def test_each_area_has_sources_and_tests(name: str) -> None:
    area = AREAS[name]
    for pattern in (*area.sources, *area.tests):
        assert list(ROOT.glob(pattern)), pattern


@pytest.mark.slow
def test_a_sample_is_drawn_by_its_seed_alone() -> None:
    everything = list(mutation.planted_in(AREAS["modes"]))
    first = mutation.sampled(everything, 20, 1)
    assert first == sorted(first)
    assert len(set(first)) == 20
    assert mutation.sampled(everything[::-1], 20, 1) == first
    assert mutation.sampled(everything, 20, 2) != first
    assert set(mutation.sampled(everything, 10, 1)) < set(first)


def small_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Area]:
    root = folder / "here"
    root.mkdir()
    (root / "limit.py").write_text("def over(x: int) -> bool:\n    return x > 5\n")
    (root / "test_limit.py").write_text(
        "from limit import over\n\n\ndef test_over():\n    assert over(9) and not over(2)\n"
    )
    monkeypatch.setattr(mutation, "source_files", lambda root: [Path("limit.py"), Path("test_limit.py")])
    return root, Area(("limit.py",), ("test_limit.py",))


@pytest.mark.slow
def test_survivors_are_those_that_no_test_notices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, area = small_repository(tmp_path, monkeypatch)
    tree = Tree(tmp_path / "copy", root)
    status, output = tree.run(area, keep=True)
    assert status == 0, output
    everything = list(mutation.planted_in(area, root))
    fates = {each.mutant.new: fate for each, fate in mutation.measured(area, everything, [tree])}
    assert fates == {"return None": KILLED, ">=": SURVIVED, "4": SURVIVED, "6": SURVIVED}
    assert (tree.root / "limit.py").read_text() == (root / "limit.py").read_text()
    assert tree.run(area, keep=False)[0] == 0
    assert everything[0].place == "limit.py:2"


@pytest.mark.slow
def test_a_loop_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, area = small_repository(tmp_path, monkeypatch)
    (root / "limit.py").write_text(
        "def over(x: int) -> bool:\n    while x < 2:\n        x += 1\n    return x > 5\n"
    )
    (root / "test_limit.py").write_text(
        "from limit import over\n\n\ndef test_over():\n    assert not over(1)\n"
    )
    monkeypatch.setattr(mutation, "CPU_S", 4)
    tree = Tree(tmp_path / "copy", root)
    everything = [each for each in mutation.planted_in(area, root) if each.mutant.new == "-="]
    assert [fate for _, fate in mutation.measured(area, everything, [tree])] == [TIMED_OUT]
