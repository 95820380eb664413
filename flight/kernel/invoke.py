"""Commands on modules: from a function number to a method call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from flight.declare import Call, Invocation, Outbox, Outcome
from flight.dictionary import Dictionary
from flight.kernel.supervisor import Slot

Method = Callable[..., Outcome]  # type: ignore[explicit-any]  # arguments are checked against the dictionary


class Invoker:
    """Finds the method that a function number names."""

    def __init__(self, dictionary: Dictionary, slots: Sequence[Slot]) -> None:
        by_name = {slot.name: slot for slot in slots}
        self.targets = {entry.number: (by_name[entry.module], entry.name) for entry in dictionary.commands}

    def find(self, invocation: Invocation) -> Slot | None:
        target = self.targets.get(invocation.function)
        return target[0] if target else None

    def call(self, invocation: Invocation, now: int, out: Outbox) -> Outcome:
        """Run the command.  What the method raises is the module's crash, for the supervisor."""
        slot, name = self.targets[invocation.function]
        method = cast(Method, getattr(slot.module, name))
        return method(Call(now, invocation.ident, invocation.source), out, *invocation.arguments)
