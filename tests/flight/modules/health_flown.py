"""A health module driven by hand, for the tests beside this file."""

from __future__ import annotations

from flight.declare import (
    SECOND,
    Boot,
    Outbox,
)
from flight.modules.health import Health

HOUR = 3600
DAY = 24 * HOUR
QUIET = Health.Inputs(0, 0, False, 0, 0, 0, 0, 0, 5.0, 60.0, 8000.0)


class Flown:
    """A health module beside a commands module that is nothing but the time of its last command."""

    def __init__(self, start_s: int = 1000) -> None:
        self.now = start_s * SECOND
        self.out = Outbox()
        self.restarts = 0
        self.asked: list[tuple[int, object]] = []
        self.told: list[tuple[str, tuple[float | bytes, ...]]] = []
        self.keeps = 0
        self.disk: list[object] = []
        self.boot(1)

    def boot(
        self, count: int, clean: bool = True, reason: int = 1, after_s: int = 0, safe: bool = False
    ) -> None:
        """A new run, with the kept state that was last asked to be kept."""
        self.now += after_s * SECOND
        self.restarts = 0
        self.renew(Boot(count, clean, safe, reason))

    def renew(self, boot: Boot) -> None:
        self.module = Health()
        fields = self.module.kept.fields
        for field, value in zip(fields, self.disk or [0] * len(fields), strict=True):
            setattr(self.module.kept, field.name, value)
        self.command_at = self.now
        self.boot_now = boot
        self.out.clear()
        self.module.start(self.now, boot, self.out)
        self.collect()

    def crash(self) -> None:
        """Only this module is restarted."""
        command_at = self.command_at
        self.renew(self.boot_now)
        self.command_at = command_at

    def restart_commands(self) -> None:
        self.command_at = self.now
        self.restarts += 1

    def collect(self) -> None:
        second = self.now // SECOND
        self.asked += [(second, item) for box, item in self.out.posts if box == "modes.requests"]
        self.told += [(event.name, arguments) for event, arguments in self.out.events]
        if self.out.keeping:
            self.keeps += 1
            self.disk = [getattr(self.module.kept, field.name) for field in self.module.kept.fields]

    def step(self, seconds: int = 1, stride: int = 1, **sees: object) -> None:
        for _ in range(0, seconds, stride):
            self.out.clear()
            self.now += stride * SECOND
            age = (self.now - self.command_at) // SECOND
            inputs = QUIET._replace(last_command_age_s=age, restarts=self.restarts)._replace(**sees)  # type: ignore[arg-type]
            self.module.step(self.now, inputs, self.out)
            self.collect()

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.told]
