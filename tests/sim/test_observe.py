"""What a run is remembered by stays small, and keeps its extremes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from sim.observe import SAMPLE_S, Observer

DAY_S = 86_400


class World:
    """A charge that rises and falls; once it is lower than ever, for one sample."""

    def __init__(self) -> None:
        self.battery = SimpleNamespace(charge=0.5, current_a=1.0, voltage_v=28.0)
        power = SimpleNamespace(battery=self.battery, array_w=10.0, load_w=5.0)
        self.thermal = SimpleNamespace(temperatures_k=[280.0, 300.0])
        self.plant = SimpleNamespace(power=power, thermal=self.thermal)

    def position(self) -> tuple[float, float, float]:
        return 1.0, 2.0, 550.0


def flown(samples: int, samples_max: int) -> Observer:
    world, nodes = World(), [SimpleNamespace(name=name, low_degc=0.0, high_degc=50.0) for name in "ab"]
    simulation: Any = SimpleNamespace(
        world=world,
        computer=SimpleNamespace(kernel=None),
        scenario=SimpleNamespace(spacecraft=SimpleNamespace(nodes=nodes)),
    )
    observer = Observer(simulation, samples_max)
    for second in range(0, samples * SAMPLE_S, SAMPLE_S):
        low = second == 160 * SAMPLE_S
        world.battery.charge = 0.1 if low else 0.7 + 0.1 * np.sin(second / 900)
        world.thermal.temperatures_k[0] = 330.0 if low else 280.0
        observer.look(simulation, second)
    return observer


def test_a_short_run_keeps_every_sample() -> None:
    observer = flown(999, 1000)
    assert list(observer.series("time")) == list(range(0, 9990, SAMPLE_S))


def test_a_long_run_keeps_no_more_than_it_may_and_its_extremes() -> None:
    observer = flown(20_000, 1000)
    times = observer.series("time")
    assert len(times) < 1000
    assert times[0] == 0
    assert times[-1] > 19_000 * SAMPLE_S
    assert np.all(np.diff(times) > 0)
    charge, (hot, _) = observer.series("charge"), observer.traces()
    assert charge.min() == 0.1
    assert hot.temperature.max() == 330.0 - 273.15
    assert times[charge.argmin()] == 160 * SAMPLE_S, "all series are thinned alike"
    assert len(times) > 300, "thinned by halves"
