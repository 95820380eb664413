"""Mistakes to plant in a Python source, one at a time: what a slip of the hand leaves behind and still compiles.

Left alone: annotations and their aliases, docstrings and other text, decorators of dataclasses, imports, and
`assert` (it states what the programmer believes, so no input reaches its other side).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "//"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "+"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.BitXor: ("^", "|"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}
Between = tuple[ast.AST, ast.AST, str, str]  # two neighbours, and the operator between them: old, new
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Mutant(NamedTuple):
    """The octets from `start` to `end` of a source become `new`."""

    line: int
    start: int
    end: int
    new: str

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]

    def difference(self, source: bytes) -> str:
        """The line before and after, as `- old` and `+ new`; of more lines their first."""
        begin = source.rfind(b"\n", 0, self.start) + 1
        after = self.applied(source)
        lines = (text[begin:].split(b"\n", 1)[0].decode().strip() for text in (source, after))
        return "- {}\n+ {}".format(*lines)


def mutants(source: bytes) -> list[Mutant]:
    """Every mutant of a source that compiles, by place; no two are the same text."""
    places = _Places(source)
    found = {mutant for node in _considered(ast.parse(source)) for mutant in places.of(node)}
    return [mutant for mutant in sorted(found) if _compiles(mutant.applied(source))]


def _compiles(source: bytes) -> bool:
    try:
        compile(source, "<mutant>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def _considered(tree: ast.Module) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += _parts(node)


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """The children of a node that are worth a mistake."""
    left_alone: list[ast.AST | None] = []
    if isinstance(node, Function):
        left_alone += [node.returns]
    elif isinstance(node, ast.ClassDef):
        left_alone += [each for each in node.decorator_list if "dataclass" in ast.unparse(each)]
    elif isinstance(node, ast.arg | ast.AnnAssign):
        left_alone += [node.annotation]
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp | ast.Subscript):
        alias = isinstance(node.targets[0], ast.Name) and re.match(r"[A-Z]\w*[a-z]", node.targets[0].id)
        left_alone += [node.value] if alias else []
    for child in ast.iter_child_nodes(node):
        # Python 3.11 does not know where the parts of an f-string stand.
        if child not in left_alone and not isinstance(child, ast.JoinedStr | ast.Assert):
            yield child


class _Places:
    """Mutants of single nodes, found by where the nodes stand in the octets of the source."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.lines = [0]
        for line in source.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))

    def of(self, node: ast.AST) -> Iterator[Mutant]:
        for left, right, old, new in _operators(node):
            yield from self._between(left, right, old, new)
        for part, new in _replacements(node):
            yield self._replaced(part, new)
        if isinstance(node, ast.If | ast.While | ast.IfExp) and not _turned_by_its_operator(node.test):
            yield self._replaced(node.test, f"not ({ast.unparse(node.test)})")
        if isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC:
            old, new = ARITHMETIC[type(node.op)]
            yield from self._between(node.target, node.value, old + "=", new + "=")

    def _start(self, node: ast.AST) -> int:
        assert isinstance(node, ast.expr | ast.stmt)
        return self.lines[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.AST) -> int:
        assert isinstance(node, ast.expr | ast.stmt)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.lines[node.end_lineno - 1] + node.end_col_offset

    def _replaced(self, node: ast.expr | ast.stmt, new: str) -> Mutant:
        return Mutant(node.lineno, self._start(node), self._end(node), new)

    def _between(self, left: ast.AST, right: ast.AST, old: str, new: str) -> Iterator[Mutant]:
        begin = self._end(left)
        found = re.search(re.escape(old).encode(), self.source[begin : self._start(right)])
        if found:
            start = begin + found.start()
            line = self.source.count(b"\n", 0, start) + 1
            yield Mutant(line, start, begin + found.end(), new)


def _turned_by_its_operator(test: ast.expr) -> bool:
    """Whether another mutant already is its negation."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return not isinstance(test.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE)
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)


def _operators(node: ast.AST) -> Iterator[Between]:
    if isinstance(node, ast.Compare):
        operands = [node.left, *node.comparators]
        for left, operator, right in zip(operands, node.ops, operands[1:], strict=False):
            yield left, right, *COMPARISONS[type(operator)]
    elif isinstance(node, ast.BoolOp):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield left, right, old, new
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield node.left, node.right, *ARITHMETIC[type(node.op)]


def _replacements(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    match node:
        case ast.Constant(value=bool(value)):
            yield node, str(not value)
        case ast.Constant(value=int(value)):
            yield node, str(value + 1)
            yield node, str(value - 1)
        case ast.Constant(value=float(value)):
            yield node, str(value + 1)
        case ast.UnaryOp(op=ast.Not()):
            yield node, f"({ast.unparse(node.operand)})"
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield node, "return None"
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()) | ast.Raise():
            yield node, "pass"
        case ast.Break() | ast.Continue():
            yield node, "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]) | ast.AugAssign():
            yield node, "pass"
        case _:
            pass
