"""Is the spacecraft's computer well, and does anybody still talk to it?

Boots and their reasons, reboot loops, the command-loss timer, isolated modules, and the load of the machine.  The
command-loss timer counts mission time alone: no step of UTC can fire or stall it, and a reboot cannot reset it.
"""

from typing import Annotated, NamedTuple

from flight.declare import (
    DONE,
    ENDING,
    ORDERED,
    SAFE,
    SECOND,
    U8,
    U16,
    U32,
    U64,
    UNORDERED,
    Boot,
    Call,
    Event,
    Kept,
    ModeRequest,
    Module,
    Outbox,
    Outcome,
    Parameter,
    Refused,
    ResetReason,
    SaveState,
    Severity,
    Signals,
    Stored,
    Telemetry,
    Waiting,
    Why,
    about,
    command,
    limits,
    unit,
)

MODE_REQUESTS = "modes.requests"
BOOTS_KEPT = 8  # times of the last boots; a loop is at most so many
KEEP_SILENCE_EVERY_S = 600  # what a reboot may forget; 144 small writes a day while nobody talks
SLACK_NS = 2 * SECOND  # the age of a command is in whole seconds, and its writer steps at another moment
LOSS_EVENT_EVERY_NS = 60 * SECOND  # lost items are counted each, and told once a minute
STORE_WITHIN_NS = 60 * SECOND


class BootHistory(Kept, version=2):
    boot_count: U32
    boot_0: U64  # mission time in ns of the unclean boots, newest first; 0 is none
    boot_1: U64
    boot_2: U64
    boot_3: U64
    boot_4: U64
    boot_5: U64
    boot_6: U64
    boot_7: U64
    silence_s: U32


BOOT_FIELDS = tuple(f"boot_{index}" for index in range(BOOTS_KEPT))


class Health(Module):
    """Watches boots, silence from the ground, isolated modules and the machine."""

    class Inputs(NamedTuple):
        last_command_age_s: int
        last_command_age_s_age: int
        critical_isolated: bool
        isolated: int
        restarts: int
        missed_ticks: int
        lost_inbox: int
        storage_failed: int
        cpu_percent: float
        memory_mb: float
        disk_free_mb: float

    class Outputs(Signals):
        uptime_s: U32
        command_loss: bool
        shutting_down: bool

    class Status(Telemetry, period=10):
        """Boots, silence from the ground, and what went wrong inside."""

        boot_count: U32
        reason: ResetReason
        clean: Annotated[bool, about("the last run ended in order")]
        safe_set: bool
        unclean_boots: Annotated[U8, about("in the window of `loop_window_s`"), limits(yellow_high=1)]
        uptime_s: Annotated[U32, unit("s")]
        silence_s: Annotated[U32, unit("s"), limits(yellow_high=43_200, red_high=86_400)]
        command_loss: bool
        critical_isolated: bool
        isolated: Annotated[U8, limits(red_high=0)]
        restarts: Annotated[U16, limits(yellow_high=0)]
        missed_ticks: Annotated[U32, limits(yellow_high=0)]
        lost_inbox: Annotated[U32, limits(yellow_high=0)]
        storage_failed: Annotated[U32, limits(red_high=0)]
        shutting_down: bool

    class Machine(Telemetry, period=30):
        """The computer that flight runs on."""

        cpu_percent: Annotated[float, unit("%"), limits(yellow_high=50, red_high=90)]
        memory_mb: Annotated[float, unit("MB"), limits(yellow_high=150, red_high=300)]
        disk_free_mb: Annotated[float, unit("MB"), limits(red_low=100, yellow_low=500)]

    command_loss_s = Parameter(
        86_400, unit="s", low=600, high=2_592_000, about="silence that leads to safe mode"
    )
    repeat_s = Parameter(
        3_600, unit="s", low=60, high=86_400, about="safe mode is asked for again so often at most"
    )
    loop_boots = Parameter(
        4, low=2, high=BOOTS_KEPT, about="unclean boots in the window that make a reboot loop"
    )
    loop_window_s = Parameter(21_600, unit="s", low=60, high=604_800, about="window of a reboot loop")
    shutdown_window_s = Parameter(
        600, unit="s", low=10, high=3_600, about="power must go within this after shutdown"
    )

    reboot_loop = Event(
        Severity.HIGH, "{count} unclean boots in {window_s} s: a reboot loop", count=U8, window_s=U32
    )
    command_lost = Event(Severity.HIGH, "no command for {silence_s} s", silence_s=U32)
    command_again = Event(Severity.INFO, "commands again after {silence_s} s of silence", silence_s=U32)
    isolation = Event(Severity.HIGH, "a critical module is isolated ({isolated} in all)", isolated=U8)
    items_lost = Event(Severity.LOW, "{count} items lost by full inboxes", count=U32)
    shutdown_expired = Event(
        Severity.LOW, "power did not go after shutdown: the end no longer counts as orderly"
    )

    def __init__(self) -> None:
        self.outputs = self.Outputs()
        self.status = self.Status()
        self.machine = self.Machine()
        self.kept = BootHistory()
        self.started_at = self.stepped_at = 0
        self.silence_ns = 0
        self.counted_from = 0  # ages of commands count from here: our start, or the last restart
        self.candidate = False  # the last step found a command; believed if no restart explains it
        self.restarts = 0
        self.loss_ask_at = self.isolation_ask_at = 0
        self.told_lost = 0
        self.tell_lost_at = 0
        self.shutdown_until = 0
        self.unstored: tuple[int, int] | None = None  # (ticket, command)

    # ---------------------------------------------------------------- boots

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        status, kept = self.status, self.kept
        self.started_at = self.stepped_at = self.counted_from = now
        self.silence_ns = kept.silence_s * SECOND
        status.boot_count, status.safe_set = boot.count, boot.safe
        status.reason = ResetReason(boot.reason)
        status.clean = boot.clean
        if kept.boot_count != boot.count:
            self._booted(now, boot, out)
        else:  # this module alone is restarted: it no longer knows of a shutdown
            out.submit(SaveState(ENDING, UNORDERED), STORE_WITHIN_NS)
        status.unclean_boots = self._recent(now)

    def _booted(self, now: int, boot: Boot, out: Outbox) -> None:
        """A new boot, not just a new object of this module."""
        kept = self.kept
        kept.boot_count = boot.count
        if not self.status.clean:
            times = [now, *(getattr(kept, name) for name in BOOT_FIELDS[:-1])]
            for name, at in zip(BOOT_FIELDS, times, strict=True):
                setattr(kept, name, at)
        out.keep()
        recent = self._recent(now)
        if not self.status.clean and recent >= self.loop_boots:
            out.event(self.reboot_loop, recent, self.loop_window_s)
            out.post(MODE_REQUESTS, ModeRequest(SAFE, Why.REBOOT_LOOP))

    def _recent(self, now: int) -> int:
        """Unclean boots in the window.  A time ahead of `now` is from a clock that was lost: it counts as now."""
        times = [getattr(self.kept, name) for name in BOOT_FIELDS]
        return sum(at != 0 and now - at <= self.loop_window_s * SECOND for at in times)

    @command(hazardous=True)
    def shutdown(self, call: Call, out: Outbox) -> Outcome:
        """Mark this run as ended in order, before the bus takes the power away."""
        if self.unstored is not None:
            return Refused("a shutdown is being stored")
        self.status.shutting_down = self.outputs.shutting_down = True
        self.shutdown_until = call.now + self.shutdown_window_s * SECOND
        self.unstored = (out.submit(SaveState(ENDING, ORDERED), STORE_WITHIN_NS), call.ident)
        return Waiting(STORE_WITHIN_NS)

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        if self.unstored is None or self.unstored[0] != ticket:
            return
        stored = isinstance(result, Stored)
        out.finish(self.unstored[1], DONE if stored else Refused("not stored"))
        self.unstored = None
        if not stored:
            self._go_on(out)

    def _go_on(self, out: Outbox) -> None:
        """After all: a write that was said to have failed may have reached the disk, so it is taken back too."""
        self.shutdown_until = 0
        self.status.shutting_down = self.outputs.shutting_down = False
        out.submit(SaveState(ENDING, UNORDERED), STORE_WITHIN_NS)

    # ---------------------------------------------------------------- each second

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        elapsed = now - self.stepped_at
        self.stepped_at = now
        self.outputs.uptime_s = self.status.uptime_s = (now - self.started_at) // SECOND
        self._listen(now, elapsed, sees, out)
        if sees.critical_isolated:
            self._isolated(now, sees.isolated, out)
        else:
            self.isolation_ask_at = 0
        if sees.lost_inbox != self.told_lost and now >= self.tell_lost_at:
            self.tell_lost_at = now + LOSS_EVENT_EVERY_NS
            out.event(self.items_lost, max(0, sees.lost_inbox - self.told_lost))
            self.told_lost = sees.lost_inbox
        if self.shutdown_until and now >= self.shutdown_until:
            self._go_on(out)
            out.event(self.shutdown_expired)
        self._show(sees)

    def _show(self, sees: Inputs) -> None:
        status, machine = self.status, self.machine
        status.critical_isolated, status.isolated, status.restarts = sees[2], sees[3], sees[4]
        status.missed_ticks, status.lost_inbox, status.storage_failed = sees[5], sees[6], sees[7]
        machine.cpu_percent, machine.memory_mb, machine.disk_free_mb = sees[8], sees[9], sees[10]

    def _isolated(self, now: int, isolated: int, out: Outbox) -> None:
        if now >= self.isolation_ask_at:
            if not self.isolation_ask_at:
                out.event(self.isolation, isolated)
            self.isolation_ask_at = now + self.repeat_s * SECOND
            out.post(MODE_REQUESTS, ModeRequest(SAFE, Why.ISOLATION))

    # ---------------------------------------------------------------- command loss

    def _listen(self, now: int, elapsed: int, sees: Inputs, out: Outbox) -> None:
        """Count the silence, and ask for safe mode when it has lasted too long."""
        heard_ns = self._age_of_command(now, sees)
        silence = self.silence_ns + elapsed if heard_ns is None else heard_ns
        if self.outputs.command_loss and silence + SLACK_NS < self.silence_ns:
            self._loss_ended(out)
        self.silence_ns = silence
        seconds = silence // SECOND
        self.status.silence_s = seconds
        if abs(seconds - self.kept.silence_s) >= KEEP_SILENCE_EVERY_S:
            self.kept.silence_s = seconds
            out.keep()
        if seconds >= self.command_loss_s and now >= self.loss_ask_at:
            self._lost(now, seconds, out)

    def _age_of_command(self, now: int, sees: Inputs) -> int | None:
        """Nanoseconds since the last command, None if there was none since the ages count from zero.

        The commands module starts its age from zero when it is restarted, which must not pass for a command.  The
        restart is seen a second after the age, so a command is believed at the second look.
        """
        if sees.restarts != self.restarts:
            self.restarts = sees.restarts
            self.counted_from = now
        age = sees.last_command_age_s * SECOND + sees.last_command_age_s_age
        found = age + SLACK_NS < now - self.counted_from
        believed = found and self.candidate
        self.candidate = found
        return age if believed else None

    def _lost(self, now: int, seconds: int, out: Outbox) -> None:
        self.loss_ask_at = now + self.repeat_s * SECOND
        if not self.outputs.command_loss:
            self.outputs.command_loss = self.status.command_loss = True
            out.event(self.command_lost, seconds)
        out.post(MODE_REQUESTS, ModeRequest(SAFE, Why.COMMAND_LOSS))

    def _loss_ended(self, out: Outbox) -> None:
        self.outputs.command_loss = self.status.command_loss = False
        self.loss_ask_at = 0
        out.event(self.command_again, self.silence_ns // SECOND)
