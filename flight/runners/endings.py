"""Why a job ended: from its exit code, what we wanted of it, and what the kernel says."""

from __future__ import annotations

import signal

from flight.declare.running import ExitReason, RunnerKind
from flight.jobs.control import STOPPED_STATUS
from flight.runners.launch import NOT_STARTED, SIGNALLED
from flight.runners.wasm.exit_codes import FUEL, REFUSED, TRAPPED

OF_WASM = {TRAPPED: ExitReason.TRAPPED, FUEL: ExitReason.FUEL, REFUSED: ExitReason.NOT_STARTED}
OF_SIGNALS: dict[int, ExitReason] = {signal.SIGXCPU: ExitReason.CPU_TIME, signal.SIGXFSZ: ExitReason.DISK}


def reason_of(
    kind: RunnerKind, code: int, intent: ExitReason, *, memory: bool, complaint: str
) -> tuple[ExitReason, int, str]:
    """Reason, code or signal, and a note for a person.  `code` is as waitstatus_to_exitcode gives it."""
    if code == 0:
        return ExitReason.COMPLETED, 0, ""
    stopped = intent is ExitReason.OVERRAN and code == STOPPED_STATUS
    if stopped:
        return ExitReason.STOPPED, code, ""
    number = -code if code < 0 else code - SIGNALLED
    by_signal = 0 < number <= signal.NSIG
    if by_signal and memory and intent is ExitReason.NONE:
        return ExitReason.MEMORY, number, ""
    if by_signal and intent is not ExitReason.NONE:
        return intent, number, ""
    if complaint and intent is ExitReason.NONE and (code == NOT_STARTED or not by_signal):
        return ExitReason.NOT_STARTED, code, complaint
    if by_signal:
        return OF_SIGNALS.get(number, ExitReason.SIGNALLED), number, ""
    if kind is RunnerKind.WASM and code in OF_WASM:
        return OF_WASM[code], code, ""
    return ExitReason.FAILED, code, ""
