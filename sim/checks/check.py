"""One watched invariant: a sentence, what it is told or looks at, and how often there was something to see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from flight.declare import Invocation, Occurrence, Outcome, Report, Request
    from flight.kernel import Kernel
    from flight.wire.sdls import Verified
    from sim.simulation import Simulation

FAILURES_KEPT = 20  # texts of one check; the count goes on


@dataclass
class Moment:
    """The second that the run is in, shared by its checks."""

    second: int = 0


@dataclass
class Check:
    """`exercised` counts how often the precondition occurred: a check that was never exercised says nothing.

    A subclass overrides what it needs; `sim.checks.probe` calls nothing that is not overridden.
    """

    every_s: ClassVar[int] = 1  # `look` is called in seconds that are a multiple of it

    name: str
    exercised: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    moment: Moment = field(default_factory=Moment)  # the run's own, set by the probe

    def expect(self, holds: bool, text: str) -> None:
        """The precondition has occurred; does the invariant hold?"""
        self.exercised += 1
        if not holds:
            self.fail(text)

    def fail(self, text: str) -> None:
        self.failed += 1
        if len(self.failures) < FAILURES_KEPT:
            self.failures.append(f"{self.moment.second} s: {text}")

    # What happens, as the probe sees it at the boundaries of modules.

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        """A new kernel is about to start."""

    def installed(self, kernel: Kernel, name: str) -> None:
        """A module got a new object, at a boot or after a crash."""

    def checked(self, frame: bytes) -> None:
        """The security of the way up has looked at that frame, and taken or refused it."""

    def handed_on(self, verified: Verified) -> None:
        """The link hands on what was in an authentic frame, to be run."""

    def begun(self, request: int, wants: int, on_board: bool) -> None:
        """The commands module runs a telecommand, from the ground or released on board; `wants` are its Ack flags."""

    def called(self, invocation: Invocation, request: int, outcome: Outcome) -> None:
        """A function of a module was called for that telecommand."""

    def requested(self, server: str, request: Request) -> None:
        """A standard service is asked for something."""

    def ended(self, ident: int, outcome: Outcome) -> None:
        """A module has answered a command."""

    def released(self, packet: bytes) -> None:
        """A time-tagged command or a step of a sequence goes to the commands module."""

    def occurred(self, event: str, occurrence: Occurrence, taken: bool) -> None:
        """An event was raised; `taken` is False if its inbox was full."""

    def reported(self, report: Report) -> None:
        """A report (no housekeeping) got its number and goes down."""

    def performed(self, request: object, result: object) -> None:
        """Storage has done something."""

    def storage_lost(self) -> None:
        """The storage process was killed, with all that it had in memory."""

    # Once a second, and at the end.

    def look(self, simulation: Simulation, second: int) -> None:
        """After each second, or each `every_s`."""

    def finish(self, simulation: Simulation) -> None:
        """After the last."""
