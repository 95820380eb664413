"""House style that no linter knows: sizes, names, recursion in flight, the top level, places not ours.

python -m checks.structure
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from checks.findings import ROOT, Finding, report, source_files

LONGEST_FILE = 400  # lines; one subject can be read in one sitting (style.md, rule 7)
LONGEST_FUNCTION = 60  # lines with docstring; what fits on a screen (style.md, rule 6; Power of Ten, rule 4)
SIZED = {".py", ".sh", ".js"}

# Such a name says nothing about what is inside, so everything ends up there (style.md, rule 9).
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "tools"}

TOP_LEVEL = {"pyproject.toml", "Makefile", "constraints.txt", ".gitignore", ".ci"}
TOP_LEVEL |= {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "docs"}
TOP_LEVEL |= {"flight", "ground", "sim", "hil", "tests", "checks"}

# Of each folder of modules here the import contracts see only what is a package; jobs are programs of their own.
PACKAGES, PROGRAMS = {"flight", "ground", "sim", "hil"}, Path("sim/jobs")

# Joined from parts, so that this file does not find itself.
MACHINE_PATHS = ["/" + name + "/" for name in ("work", "root", "opt/pypi", "opt/wheels")]
REGISTRY_HOSTS = [
    ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("piwheels", "org"))
]
REGISTRY_HOSTS += [
    ".".join(parts) for parts in (("deb", "debian", "org"), ("npmjs", "org"), ("proxy", "golang"))
]
# A path stands at the start of a word: `flight/work/` is a folder of ours.
FOREIGN = re.compile(
    r"(?<![\w.~-])(?:" + "|".join(MACHINE_PATHS) + ")|" + "|".join(map(re.escape, REGISTRY_HOSTS))
)

EXCUSE = "noqa: " + "BLE001"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def oversized(path: Path, text: str) -> Iterator[Finding]:
    """Files and Python functions that are too long."""
    lines = text.count("\n")
    if lines > LONGEST_FILE:
        yield Finding(str(path), 0, f"{lines} lines, at most {LONGEST_FILE}")
    if path.suffix != ".py":
        return
    for function in functions(ast.parse(text)):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > LONGEST_FUNCTION:
            yield Finding(
                str(path), function.lineno, f"{function.name} has {lines} lines, at most {LONGEST_FUNCTION}"
            )


def recursive(path: Path, text: str) -> Iterator[Finding]:
    """Flight functions that call themselves: such a stack has no bound.  Cycles of several are not seen."""
    if path.parts[0] != "flight" or path.suffix != ".py":
        return
    for function in functions(ast.parse(text)):
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and _calls(call.func, function):
                yield Finding(str(path), call.lineno, f"{function.name} calls itself")


def _calls(called: ast.expr, function: Function) -> bool:
    arguments = function.args.posonlyargs + function.args.args
    if arguments and arguments[0].arg in {"self", "cls"}:
        own = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name)
        return own and ast.unparse(called) == f"{arguments[0].arg}.{function.name}"
    return isinstance(called, ast.Name) and called.id == function.name


def swallowing(path: Path, text: str) -> Iterator[Finding]:
    """Places that tell ruff to let them catch everything; pyproject.toml names the one supervisor that may."""
    if path.parts[0] == "tests":
        return
    for number, line in enumerate(text.splitlines(), 1):
        if EXCUSE in line:
            yield Finding(str(path), number, "only the supervisor catches everything")


def badly_named(path: Path) -> Iterator[Finding]:
    if path.parts[0] not in TOP_LEVEL:
        yield Finding(str(path), 0, "the top level is fixed (docs/architecture.md)")
    for part in (*path.parts[:-1], path.stem):
        if part.lower() in EMPTY_NAMES:
            yield Finding(str(path), 0, f"'{part}' does not say what is inside")


def foreign_places(path: Path, text: str) -> Iterator[Finding]:
    """Paths of one machine and hosts of package registries: neither holds on the reader's machine."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := FOREIGN.search(line):
            yield Finding(str(path), number, f"names a place that is not ours: {found[0]}")


def check(root: Path, paths: list[Path]) -> list[Finding]:
    """All findings in `paths`, which are relative to `root`.  Binary files have only their names checked."""
    findings: list[Finding] = []
    for path in paths:
        findings += badly_named(path)
        try:
            text = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        findings += foreign_places(path, text)
        if path.suffix in SIZED:
            findings += oversized(path, text)
            findings += recursive(path, text)
            findings += swallowing(path, text)
    return findings


def overlooked(paths: list[Path]) -> list[Finding]:
    """Folders of modules without `__init__.py`: Python imports them, and the import contracts pass them over."""
    modules = [path for path in paths if path.suffix == ".py" and path.parts[0] in PACKAGES]
    folders = {path.parent for path in modules if not path.is_relative_to(PROGRAMS)}
    seen = {path.parent for path in modules if path.name == "__init__.py"}
    return [
        Finding(str(one), 0, "has no __init__.py: no import contract sees it")
        for one in sorted(folders - seen)
    ]


def main() -> int:
    paths = source_files()
    return report("structure", check(ROOT, paths) + overlooked(paths), f"{len(paths)} files")


if __name__ == "__main__":
    sys.exit(main())
