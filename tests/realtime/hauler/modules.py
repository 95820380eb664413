"""All that jobs have to know of the spacecraft, and always the best of it."""

from __future__ import annotations

from typing import NamedTuple

from flight.declare import COMPUTE, SECOND, U8, Boot, Module, Outbox, Signals
from flight.planning import ELEMENTS, Forecast, Limits, Outlook, envelope

SLOT_S, SLOTS = 600, 24
UTC_0_S = 1_800_000_000
LIMITS = Limits(SLOT_S, 1, 4096, 200.0, 140.0, 0.95, 0.95, 0.95, 50.0, 0.75, 1.3)


def outlook(now: int) -> Outlook:
    told = Forecast(
        harvest_w=(100.0,) * SLOTS,
        base_w=(20.0,) * SLOTS,
        sink_c=(0.0,) * SLOTS,
        anomaly=(False,) * SLOTS,
        contact_mb=(10.0,) * SLOTS,
        resistance_k_w=0.5,
        nominal_harvest_w=(100.0,) * SLOTS,
        nominal_resistance_k_w=0.5,
    )
    slot_0_ns = now // (SLOT_S * SECOND) * SLOT_S * SECOND
    return Outlook(slot_0_ns, UTC_0_S, LIMITS, told, envelope(LIMITS, told), (0.0,) * SLOTS, (), ELEMENTS)


class Weather(Module):
    """The sun shines, the battery is full, and nothing is wrong."""

    class Outputs(Signals):
        mode: U8
        rung: U8
        planning_energy_wh: float
        planning_loop_1_c: float
        in_anomaly: bool
        shutting_down: bool

    def __init__(self) -> None:
        outputs = self.outputs = self.Outputs()
        outputs.mode, outputs.rung = COMPUTE, 0
        outputs.planning_energy_wh, outputs.planning_loop_1_c = 190.0, 10.0
        outputs.in_anomaly = outputs.shutting_down = False

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        out.post("jobs.outlook", outlook(now))

    def step(self, now: int, sees: NamedTuple, out: Outbox) -> None:
        pass
