"""Whether a figure meets its goal, in the same words in every bench."""

from __future__ import annotations


def at_most(value: float, goal: float | None) -> str:
    return "" if goal is None else f"   goal at most {goal:g}: {'met' if value <= goal else 'NOT MET'}"


def at_least(value: float, goal: float | None) -> str:
    return "" if goal is None else f"   goal at least {goal:g}: {'met' if value >= goal else 'NOT MET'}"
