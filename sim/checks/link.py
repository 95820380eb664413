"""Invariant of the link: in contact, telemetry flows."""

from __future__ import annotations

from flight.kernel.supervisor import State
from sim.checks.check import Check
from sim.simulation import Simulation

FLOWS_WITHIN_S = 45  # the transmitter is keyed every 30 s at the latest
TRANSMITTER_SHED_RUNG = 6


class TelemetryFlows(Check):
    """In contact frames go down within 45 s, unless a fault holds a radio's rail or the downlink module is away.

    Exercised: a stretch of 45 s in contact.
    """

    def __init__(self) -> None:
        super().__init__("in contact telemetry flows")
        self.since = -1
        self.octets = 0

    def look(self, simulation: Simulation, second: int) -> None:
        radio = simulation.radio
        if not radio.in_contact:
            self.since = -1
            return
        if self.since < 0:
            self.since, self.octets = second, radio.sent_octets
        elif second - self.since >= FLOWS_WITHIN_S:
            if self._excused(simulation):
                self.since = -1
                return
            self.expect(radio.sent_octets > self.octets, f"no frame for {second - self.since} s in contact")
            self.since, self.octets = second, radio.sent_octets
        elif self._excused(simulation):
            self.since = -1

    def _excused(self, simulation: Simulation) -> bool:
        kernel = simulation.computer.kernel
        form, jammed, latched = (
            simulation.scenario.spacecraft.radio,
            simulation.switches.jammed,
            simulation.latched,
        )
        held = bool(jammed) and not jammed.isdisjoint((form.receiver, form.transmitter))
        if latched and not latched.isdisjoint((simulation.receiver, simulation.transmitter)):
            held = True
        if kernel is None or held or not simulation.radio.receiving:
            return True
        values = vars(kernel.bus)
        switch = simulation.switches.names.index(form.transmitter)
        shed = values["rung"] >= TRANSMITTER_SHED_RUNG or not values["rails_allowed"] >> switch & 1
        return shed or any(
            slot.state is not State.RUNNING and slot.name in ("downlink", "commands") for slot in kernel.slots
        )
