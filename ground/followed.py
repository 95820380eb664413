"""A command that a client has sent, followed to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from ground.commanding import Stage
from ground.protocol import CommandState, CraftError

if TYPE_CHECKING:
    from ground.client import Craft

ANSWER_S = 13 * 3600.0  # the ground ends every command sooner: 12 h in its queue, then minutes


class TookTooLongError(CraftError, TimeoutError):
    """It has not happened within the time given."""


class CommandFailedError(CraftError):
    """The spacecraft refused it, failed, or did not answer; `command` tells."""

    def __init__(self, command: Command) -> None:
        super().__init__(f"{command.text}: {command.outcome}")
        self.command = command


class Command:
    """A command that was queued, followed to its end."""

    def __init__(self, craft: Craft, state: CommandState) -> None:
        self._craft, self.state = craft, state

    def __repr__(self) -> str:
        return f"<command {self.number} {self.text}: {self.outcome}>"

    @property
    def number(self) -> int:
        return self.state.number

    @property
    def text(self) -> str:
        """As a person would type it."""
        return self.state.text

    @property
    def stage(self) -> Stage:
        return self.state.stage

    @property
    def reason(self) -> str:
        """Why it was refused, failed or never heard of."""
        return self.state.reason

    @property
    def stages(self) -> tuple[Stage, ...]:
        """In the order they were seen."""
        return tuple(stage for stage, _ in self.state.stages)

    @property
    def ended(self) -> bool:
        return self.state.ended

    @property
    def completed(self) -> bool:
        return self.state.stage is Stage.COMPLETED

    @property
    def outcome(self) -> str:
        return f"{self.stage.value} ({self.reason})" if self.reason else self.stage.value

    def wait(self, within_s: float = ANSWER_S) -> Self:
        """Until it has ended, in whatever way.  TookTooLongError if it is still open then."""
        self._craft.wait_for(lambda: self.ended, within_s, what=f"{self.text} to end")
        return self

    def expect_completed(self, within_s: float = ANSWER_S) -> Self:
        """The same, and CommandFailedError unless it completed."""
        self.wait(within_s)
        if not self.completed:
            raise CommandFailedError(self)
        return self
