"""The modules of the trial mission."""

import ctypes
import enum
import os
import time
from typing import Annotated, NamedTuple

from flight.declare import (
    DONE,
    IDLE,
    U8,
    U16,
    U32,
    Call,
    Module,
    Outbox,
    Outcome,
    Signals,
    Telemetry,
    command,
    unit,
)


class How(enum.IntEnum):
    """Ways to misbehave."""

    SPIN = 0  # for ever, in Python
    HOLD = 1  # for ever, in C, with the interpreter's lock held
    RAISE = 2
    LINGER = 3  # for some milliseconds
    DIE = 4  # the whole process


def misbehave(how: int, ms: int) -> None:
    if how == How.SPIN:
        while True:
            pass
    elif how == How.HOLD:
        ctypes.PyDLL(None).sleep(3600)  # a PyDLL keeps the lock, as a regular expression on a bad day does
    elif how == How.RAISE:
        raise RuntimeError("asked to")
    elif how == How.LINGER:
        time.sleep(ms / 1000)
    elif how == How.DIE:
        os._exit(3)


class Modes(Module):
    """Always the same."""

    class Outputs(Signals):
        mode: U8

    def __init__(self) -> None:
        self.outputs = self.Outputs()
        self.outputs.mode = IDLE

    def step(self, now: int, sees: NamedTuple, out: Outbox) -> None:
        pass


class Vital(Module):
    """Critical: while it does not step, nobody may feed the watchdog."""

    class Inputs(NamedTuple):
        voltage: float
        temperature: float
        recorder_backlog: int
        levels: tuple[int, ...]

    class Status(Telemetry, period=1):
        steps: U32
        voltage: Annotated[float, unit("V")]
        temperature: Annotated[float, unit("degC")]
        backlog: U32
        heater: U8
        radio: U8

    def __init__(self) -> None:
        self.status = self.Status()
        self.asked = False

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        if self.asked:
            raise RuntimeError("asked to")
        status = self.status
        status.steps += 1
        status.voltage, status.temperature, status.backlog = (
            sees.voltage,
            sees.temperature,
            sees.recorder_backlog,
        )
        if sees.levels:
            status.heater, status.radio = sees.levels

    @command()
    def crash(self, call: Call, out: Outbox) -> Outcome:
        """Raise in the next step."""
        self.asked = True
        return DONE

    @command()
    def switch(self, call: Call, out: Outbox, index: U8, level: U8) -> Outcome:
        """Set a switch."""
        out.set(index, level)
        return DONE


class Trouble(Module):
    """Misbehaves when told to."""

    class Status(Telemetry, period=1):
        steps: U32

    def __init__(self) -> None:
        self.status = self.Status()
        self.wanted: tuple[int, int] | None = None

    def step(self, now: int, sees: NamedTuple, out: Outbox) -> None:
        self.status.steps += 1
        if self.wanted is not None:
            wanted, self.wanted = self.wanted, None
            misbehave(*wanted)

    @command()
    def soon(self, call: Call, out: Outbox, how: U8, ms: U16) -> Outcome:
        """In the next step."""
        self.wanted = (how, ms)
        return DONE

    @command()
    def now(self, call: Call, out: Outbox, how: U8, ms: U16) -> Outcome:
        """While the command runs."""
        misbehave(how, ms)
        return DONE
