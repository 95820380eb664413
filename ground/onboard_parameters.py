"""The parameters on board as a mapping: to read one is to ask the spacecraft, to write one is to command it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING

from ground.commanding import CommandError
from ground.fields import suggestion
from ground.followed import Command
from ground.protocol import Plain, UsageError, Value, parameter, taken
from ground.request_data import changes_data
from ground.telemetry import ParameterValue

if TYPE_CHECKING:
    from ground.client import Craft

REPORT_S = 3600.0  # after it was asked for: the pass may end first, and the next one brings it


class Parameters(MutableMapping[str, Value]):
    """Parameters on board.  Reading asks the spacecraft and waits for its report; writing waits until it is stored."""

    def __init__(self, craft: Craft) -> None:
        self._craft = craft

    def __getitem__(self, label: str) -> Value:
        """NotReceivedError if the spacecraft has answered without it, CommandFailedError if it has not answered."""
        self._known(label)
        craft = self._craft
        asked_ns = craft.ground_ns()
        craft.send("ask_parameters", labels=[label]).expect_completed()

        def fresh() -> bool:
            found = self.reported.get(label)
            return found is not None and found.received_ns >= asked_ns

        craft.wait_for(fresh, REPORT_S, what=f"a report of {label}")
        return self.reported[label].value

    def __setitem__(self, label: str, value: object) -> None:
        self.set({label: value})

    def set(self, values: Mapping[str, object]) -> Command:
        """All of them or, if one does not fit, none.  CommandFailedError says why."""
        return self.send(values).expect_completed()

    def send(self, values: Mapping[str, object]) -> Command:
        """The same without waiting.  UsageError, and nothing sent, if a value does not fit."""
        given = plain_arguments(values)
        try:
            changes_data(self._craft.dictionary, given)
        except CommandError as error:
            raise UsageError(str(error)) from None
        return self._craft.send("set_parameters", values=given)

    @property
    def reported(self) -> dict[str, ParameterValue]:
        """As the spacecraft last said, without asking it."""
        rows = taken(self._craft.ask("parameters")["parameters"], list)
        return {one.label: one for one in map(parameter, rows)}

    def _known(self, label: str) -> None:
        known = self._craft.dictionary.parameters_by_label
        if label not in known:
            raise UsageError(f"{label}: no such parameter{suggestion(label, known)}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._craft.dictionary.parameters_by_label)

    def __len__(self) -> int:
        return len(self._craft.dictionary.parameters)

    def __contains__(self, label: object) -> bool:
        return label in self._craft.dictionary.parameters_by_label

    def __delitem__(self, label: str) -> None:
        raise UsageError("a parameter cannot be deleted, only set")


def plain_arguments(arguments: Mapping[str, object]) -> Plain:
    """Enum members by value; everything else as it is, for the dictionary to judge."""
    return {name: getattr(value, "value", value) for name, value in arguments.items()}
