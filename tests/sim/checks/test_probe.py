"""The probe calls what listens, and each look as often as its check asks."""

from __future__ import annotations

from sim.checks.check import Check
from sim.checks.probe import Probe
from sim.simulation import Simulation


class Looking(Check):
    def __init__(self, every_s: int) -> None:
        super().__init__(f"every {every_s} s")
        vars(self)["every_s"] = every_s
        self.looked: list[int] = []

    def look(self, simulation: Simulation, second: int) -> None:
        self.looked.append(second)


def test_each_check_looks_in_its_own_seconds(seen) -> None:
    often, third, seldom = Looking(1), Looking(2), Looking(3)
    probe = Probe(seen, [often, third, seldom, Check("never")])
    for second in range(8):
        probe.look(second)
    assert often.looked == list(range(8))
    assert third.looked == [0, 2, 4, 6]
    assert seldom.looked == [0, 3, 6]
    assert probe.moment.second == 8
