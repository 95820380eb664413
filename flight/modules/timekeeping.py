"""UTC: a value that the ground correlates with the mission clock, with an uncertainty.

Nothing on board reads it for a timer: every duration is mission time.  The signal is for what is bound to the sky: the
forecast.  The correlation is kept over a reboot, but the time without power is unknown, so from then on it counts as
old.
"""

from typing import Annotated

from flight.declare import (
    DONE,
    I64,
    SECOND,
    U32,
    U64,
    Boot,
    Call,
    Event,
    Kept,
    Module,
    NoInputs,
    Outbox,
    Outcome,
    Parameter,
    Refused,
    Severity,
    Signals,
    Stored,
    Telemetry,
    Waiting,
    about,
    command,
    unit,
)
from flight.wire import P_FIELD, encode_cuc

TIME_SERVICE, TIME_REPORT = 9, 2  # ECSS-E-ST-70-41C 6.9: CUC time report
EARLIEST_UTC = 946_684_800 * SECOND  # 2000-01-01: what is earlier is a clock that was never set
LATEST_UTC = 2**63 - 1  # 2262: signed nanoseconds end there
STORE_WITHIN_NS = 60 * SECOND
MICROSECOND = 1_000
MILLION = 1_000_000


class Correlation(Kept, version=1):
    utc_ns: U64  # nanoseconds since 1970-01-01, UTC without leap seconds; 0 is no correlation
    at_ns: U64  # mission time of the same moment
    uncertainty_us: U32
    boot_count: U32


class Outputs(Signals):
    utc_known: bool
    utc_offset_ns: I64  # UTC since 1970 less mission time
    # Correlated in this boot: a reboot moves the mission clock by what nobody on board can measure.
    utc_sure: bool


class Timekeeping(Module):
    """The correlation of UTC with the mission clock, and the time report."""

    Inputs = NoInputs

    class Status(Telemetry, period=30):
        """UTC as far as it is known on board."""

        correlated: bool
        since_reboot: Annotated[bool, about("correlated in this boot: the uncertainty holds")]
        utc_ns: Annotated[U64, unit("ns")]
        at_ns: Annotated[U64, unit("ns")]
        estimate_ns: Annotated[U64, unit("ns"), about("UTC now")]
        uncertainty_us: Annotated[U32, unit("us"), about("of the estimate: grows by `drift_ppm`")]
        age_s: Annotated[U32, unit("s")]
        reports: U32

    report_every = Parameter(60, unit="s", low=1, high=256, about="mission time is reported so often")
    drift_ppm = Parameter(
        20.0, unit="ppm", low=0, high=1000, about="how wrong the mission clock's rate may be"
    )

    correlated = Event(
        Severity.INFO,
        "UTC correlated, moved by {moved_us} us, within {uncertainty_us} us",
        moved_us=I64,
        uncertainty_us=U32,
    )

    def __init__(self) -> None:
        self.status = self.Status()
        self.outputs = Outputs()
        self.kept = Correlation()
        self.boot_count = 0
        self.report_at = 0
        self.unstored: tuple[int, int] | None = None  # (ticket, command)

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        self.boot_count = boot.count

    def step(self, now: int, sees: NoInputs, out: Outbox) -> None:
        if now >= self.report_at:
            self._report(now, out)
        self._show(now)

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        if self.unstored is not None and self.unstored[0] == ticket:
            out.finish(
                self.unstored[1], DONE if isinstance(result, Stored) else Refused("in force, but not stored")
            )
            self.unstored = None

    @command()
    def correlate(self, call: Call, out: Outbox, utc: U64, at: U64, uncertainty_us: U32) -> Outcome:
        """Say which UTC (ns since 1970) it was at a mission time (ns), and how well that is known."""
        if self.unstored is not None:
            return Refused("a correlation is being stored")
        if at > call.now:
            return Refused("that mission time has not come yet")
        if not EARLIEST_UTC <= utc <= LATEST_UTC - (call.now - at):
            return Refused("UTC is from 2000 to 2262")
        kept = self.kept
        moved = utc - self._utc_at(at) if kept.utc_ns else 0
        kept.utc_ns, kept.at_ns, kept.uncertainty_us, kept.boot_count = (
            utc,
            at,
            uncertainty_us,
            self.boot_count,
        )
        out.event(self.correlated, moved // MICROSECOND, uncertainty_us)
        self.unstored = (out.keep(), call.ident)
        self._show(call.now)
        return Waiting(STORE_WITHIN_NS)

    def _utc_at(self, at: int) -> int:
        return self.kept.utc_ns + at - self.kept.at_ns

    def _report(self, now: int, out: Outbox) -> None:
        """The rate exponent is of seconds here (floor), not of frames: the frame rate depends on the link."""
        every = self.report_every
        self.report_at = (now // (every * SECOND) + 1) * every * SECOND
        exponent = every.bit_length() - 1
        out.report(TIME_SERVICE, TIME_REPORT, bytes((exponent, P_FIELD)) + encode_cuc(now))
        self.status.reports += 1

    def _show(self, now: int) -> None:
        status, kept = self.status, self.kept
        if not kept.utc_ns:
            return
        age = max(0, now - kept.at_ns)
        status.correlated = self.outputs.utc_known = True
        self.outputs.utc_offset_ns = kept.utc_ns - kept.at_ns
        status.since_reboot = self.outputs.utc_sure = kept.boot_count == self.boot_count
        status.utc_ns, status.at_ns = kept.utc_ns, kept.at_ns
        status.estimate_ns = kept.utc_ns + age
        status.age_s = age // SECOND
        status.uncertainty_us = kept.uncertainty_us + int(age * self.drift_ppm / MILLION / MICROSECOND)
