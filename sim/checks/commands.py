"""Invariants of telecommands: once, answered, and hazardous only when armed."""

from __future__ import annotations

from collections import Counter, deque

from flight.declare import SECOND, Done, Invocation, Outcome, Report, SaveState, Stored, Waiting
from flight.kernel import Kernel
from flight.modules.commands import Commands
from flight.modules.commands.seen import was_seen
from flight.wire import Ack
from flight.wire import Report as Stage
from sim.checks.check import Check
from sim.simulation import Simulation

VERIFICATION = 1
FINAL = (Stage.COMPLETED, Stage.NOT_COMPLETED)
REMEMBERED = 128  # half of what flight promises to know; others may have come since
SETTLED_S = 2
LOOK_EVERY_S = 10
WAIT_S = 75  # what a module may ask for beyond `answer_within`: the longest wait, and a few ticks


def commands_of(kernel: Kernel) -> Commands | None:
    """The module object that lives now."""
    return next((slot.module for slot in kernel.slots if isinstance(slot.module, Commands)), None)


class NoCommandTwice(Check):
    """A telecommand runs once, and once more for each release on board, over reboots too.

    Exercised: a telecommand has come again.
    """

    every_s = LOOK_EVERY_S

    def __init__(self) -> None:
        super().__init__("no command takes effect twice")
        self.runs: Counter[tuple[int, bool]] = Counter()
        self.releases: Counter[int] = Counter()
        self.effects: set[int] = set()  # idents of this kernel's commands module
        self.kernel: Kernel | None = None
        self.duplicates = 0

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.kernel = kernel

    def installed(self, kernel: Kernel, name: str) -> None:
        if name == "commands":
            self.effects.clear()
            self.duplicates = 0

    def released(self, packet: bytes) -> None:
        self.releases[int.from_bytes(packet[:4], "big")] += 1

    def begun(self, request: int, wants: int, on_board: bool) -> None:
        self.runs[request, on_board] += 1
        runs = self.runs[request, on_board]
        if runs > (self.releases[request] if on_board else 1):
            self.fail(f"request {request:#x} runs for the {runs}. time")

    def called(self, invocation: Invocation, request: int, outcome: Outcome) -> None:
        if invocation.ident in self.effects:
            self.fail(f"request {request:#x} calls function {invocation.function} again")
        self.effects.add(invocation.ident)

    def look(self, simulation: Simulation, second: int) -> None:
        if self.kernel is None:
            return
        module = commands_of(self.kernel)
        if module is not None and module.status.duplicates != self.duplicates:
            self.exercised += module.status.duplicates - self.duplicates
            self.duplicates = module.status.duplicates


class RequestIdsKept(Check):
    """A telecommand runs only when its request id is on disk, and the last ones are still known after a boot.

    Exercised: a telecommand ran, or one was looked for after a boot.
    """

    def __init__(self) -> None:
        super().__init__("a telecommand's request id is on disk before it runs, and remembered")
        self.stored = b""  # the state of the commands module, as storage took it last
        self.last: deque[int] = deque(maxlen=REMEMBERED)  # of this life of the module
        self.known: list[int] = []  # of the one before
        self.look_at = -1

    def installed(self, kernel: Kernel, name: str) -> None:
        if name == "commands":
            self.look_at = self.moment.second + SETTLED_S
            self.known = list(self.last)
            self.last.clear()

    def performed(self, request: object, result: object) -> None:
        if isinstance(request, SaveState) and request.name == "commands" and isinstance(result, Stored):
            self.stored = request.body

    def begun(self, request: int, wants: int, on_board: bool) -> None:
        if not on_board:
            self.last.append(request)
            self.expect(
                request.to_bytes(4, "big") in self.stored, f"request {request:#x} runs, and is not on disk"
            )

    def look(self, simulation: Simulation, second: int) -> None:
        kernel = simulation.computer.kernel
        if self.look_at < 0 or second < self.look_at or kernel is None:
            return
        self.look_at = -1
        module = commands_of(kernel)
        if module is None or len(self.last) == REMEMBERED:  # so many new ones may have taken their places
            return
        for request in self.known:
            self.expect(was_seen(module.kept, request), f"request {request:#x} is no longer known")


class EveryCommandAnswered(Check):
    """A command that was accepted and run gets a final report, or its module or the computer was restarted before.

    A repeated telecommand gets its answer again; the first one counts.
    """

    every_s = LOOK_EVERY_S

    def __init__(self) -> None:
        super().__init__("every accepted command is answered")
        self.open: dict[int, int] = {}  # request: since
        self.asked_s: dict[int, int] = {}  # what its module has asked for, where that is long
        self.kernel: Kernel | None = None

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.kernel = kernel
        self.open.clear()

    def installed(self, kernel: Kernel, name: str) -> None:
        if name == "commands":
            self.open.clear()

    def begun(self, request: int, wants: int, on_board: bool) -> None:
        if wants & Ack.COMPLETION:
            self.exercised += 1
            self.open[request] = self.moment.second

    def reported(self, report: Report) -> None:
        if report.service == VERIFICATION and report.subtype in FINAL:
            request = int.from_bytes(report.body[:4], "big")
            self.open.pop(request, None)
            self.asked_s.pop(request, None)

    def called(self, invocation: Invocation, request: int, outcome: Outcome) -> None:
        if isinstance(outcome, Waiting) and request in self.open:
            self.asked_s[request] = outcome.within_ns // SECOND + WAIT_S

    def look(self, simulation: Simulation, second: int) -> None:
        if not self.open or self.kernel is None:
            return
        module = commands_of(self.kernel)
        longest = (module.answer_within if module else 0) + WAIT_S
        for request, since in list(self.open.items()):
            if second - since > max(longest, self.asked_s.get(request, 0)):
                del self.open[request]
                self.fail(f"request {request:#x} has no final report {second - since} s after its acceptance")


class HazardousArmed(Check):
    """A hazardous function runs only after it was armed, within the arming window, once for each arming."""

    def __init__(self) -> None:
        super().__init__("a hazardous command runs only after arm, in time")
        self.until: dict[int, int] = {}  # function: mission time, by our own book
        self.kernel: Kernel | None = None

    def booted(self, simulation: Simulation, kernel: Kernel) -> None:
        self.kernel = kernel

    def installed(self, kernel: Kernel, name: str) -> None:
        if name == "commands":
            self.until.clear()

    def called(self, invocation: Invocation, request: int, outcome: Outcome) -> None:
        kernel = self.kernel
        assert kernel is not None
        entry = kernel.dictionary.commands_by_number[invocation.function]
        now, module = kernel.emitter.now, commands_of(kernel)
        if entry.label == "commands.arm" and isinstance(outcome, Done) and module is not None:
            function = invocation.arguments[0]
            assert isinstance(function, int)
            self.until[function] = now + module.arm_window * SECOND
        elif entry.label == "commands.disarm":
            self.until.clear()
        elif entry.hazardous:
            until = self.until.pop(invocation.function, None)
            self.expect(
                until is not None and now <= until,
                f"{entry.label} ran " + ("unarmed" if until is None else f"{(now - until) // SECOND} s late"),
            )
