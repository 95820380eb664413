"""The check of event-action: fed by hand, it passes what is right and finds what is wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from flight.declare import Occurrence
from flight.kernel.supervisor import State
from flight.modules.event_actions import EventActions, Table
from flight.wire import encode_tc
from flight.wire.event_action import EventAction, EventId
from sim.checks.event_actions import ActionsOnce

PACKET = encode_tc(0x19, 5, 8, 1, b"\0\x0b")
OTHER = encode_tc(0x19, 6, 8, 1, b"\0\x0b")
NUMBER = 70


class Craft:
    """A kernel with nothing but event actions."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.module = EventActions()
        self.module.table = Table(True, (EventAction(EventId(3, NUMBER), enabled, PACKET),))
        self.slot = SimpleNamespace(name="event_actions", module=self.module, state=State.RUNNING)
        self.kernel: Any = SimpleNamespace(slots=[self.slot])
        self.simulation: Any = SimpleNamespace()
        self.check = ActionsOnce()
        self.check.booted(cast(Any, self.simulation), cast(Any, self.kernel))

    def occur(self, number: int = NUMBER) -> None:
        self.check.occurred("one", Occurrence(3, number, 1, b""), True)

    def tell(self, packet: bytes = PACKET) -> None:
        body = (99).to_bytes(2, "big") + NUMBER.to_bytes(2, "big") + packet[:4]
        self.check.occurred("event_actions.released", Occurrence(3, 99, 2, body), True)

    def release(self, packet: bytes = PACKET) -> None:
        """As the module does: the packet to the door, and an event that tells it."""
        self.tell(packet)
        self.check.released(packet)

    def act(self, *, enabled: bool, packet: bytes = PACKET) -> None:
        """The ground changes the table."""
        self.module.table = Table(True, (EventAction(EventId(3, NUMBER), enabled, packet),))

    def look(self) -> int:
        self.check.look(self.simulation, 10)
        return self.check.failed


def test_once_for_each_event_is_right() -> None:
    craft = Craft()
    for _ in range(3):
        craft.occur()
        craft.release()
    craft.check.released(OTHER)
    craft.check.released(PACKET)  # by the schedule
    craft.occur(71)
    assert craft.look() == 0
    assert craft.check.exercised == 8


def test_told_and_not_released_is_wrong() -> None:
    craft = Craft()
    craft.occur()
    craft.tell()
    craft.check.released(OTHER)
    assert craft.look() == 1


def test_another_command_than_that_of_the_action_is_wrong() -> None:
    craft = Craft()
    craft.occur()
    craft.tell(OTHER)
    assert craft.check.failed == 1, "as soon as it is told"
    craft.check.released(OTHER)
    assert craft.look() == 1


def test_a_table_changed_in_the_step_of_the_release_changes_nothing() -> None:
    """Swarm seed 192: a crash held up the event and a request that disables its action until the same step."""
    for change in ({"enabled": False}, {"enabled": True, "packet": OTHER}):
        craft = Craft()
        craft.occur()
        craft.act(**change)
        craft.release()
        craft.check.installed(craft.kernel, "event_actions")
        assert craft.look() == 0
        craft.act(enabled=True)
        craft.release()
        assert craft.look() == 1, "and once alone"


def test_a_release_without_its_event_is_wrong_whatever_the_table_says() -> None:
    for enabled in (True, False):
        craft = Craft(enabled=enabled)
        craft.tell()
        assert craft.check.failed


def test_more_than_once_is_wrong() -> None:
    craft = Craft()
    craft.occur()
    craft.release()
    craft.release()
    assert craft.check.failed == 1


def test_never_is_wrong_unless_it_is_counted() -> None:
    craft = Craft()
    craft.occur()
    assert craft.look() == 1
    craft.occur()
    craft.module.status.held_back += 1
    assert craft.look() == 1
    craft.occur()
    assert craft.look() == 2
    craft.occur()
    craft.module.occurrences.dropped += 1
    assert craft.look() == 2


def test_what_waits_or_is_disabled_or_was_lost_in_a_crash_is_not_missing() -> None:
    craft = Craft()
    craft.occur()
    craft.module.occurrences.numbers = frozenset((NUMBER,))
    craft.module.occurrences.put(Occurrence(3, NUMBER, 1, b""))
    assert craft.look() == 0
    craft.module.occurrences.drain()
    craft.module.table = craft.module.table._replace(enabled=False)
    assert craft.look() == 0
    sleeping = Craft(enabled=False)
    sleeping.occur()
    assert sleeping.look() == 0
    crashed = Craft()
    crashed.occur()
    crashed.check.installed(crashed.kernel, "event_actions")
    assert crashed.look() == 0
    crashed.occur()
    assert crashed.look() == 1
