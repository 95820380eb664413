"""What a request needs of the ground, and how it asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from flight.dictionary import Dictionary
from flight.wire import Ack
from ground.commanding import (
    ANSWER_WITHIN_S,
    FUNCTION_SERVICE,
    PERFORM_FUNCTION,
    CommandRecord,
    command_text,
    find_command,
    function_data,
)
from ground.times import Correlation
from ground.uplink import Uplink


class Sender(Protocol):
    """What a request needs of the ground."""

    dictionary: Dictionary
    uplink: Uplink
    times: Correlation

    def request(
        self,
        service: int,
        subtype: int,
        data: bytes,
        now_ns: int,
        *,
        module: str = "",
        label: str = "",
        text: str = "",
        source: str = "operator",
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> CommandRecord: ...

    def command(
        self,
        label: str,
        arguments: Mapping[str, object],
        now_ns: int,
        source: str = "operator",
    ) -> CommandRecord: ...

    def check_may_command(self, *, force: bool = False) -> None: ...

    def build_packet(self, apid: int, service: int, subtype: int, data: bytes, ack: Ack = ...) -> bytes: ...


class Asking:
    """Base of the requests of each kind."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def _ask(
        self, service: int, subtype: int, data: bytes, now_ns: int, text: str, source: str
    ) -> CommandRecord:
        label = text.split(" ", 1)[0]
        return self._sender.request(service, subtype, data, now_ns, label=label, text=text, source=source)

    def _packet(self, label: str, arguments: Mapping[str, object], ack: Ack = Ack.ALL) -> tuple[bytes, str]:
        """A telecommand packet that goes inside another."""
        self._sender.check_may_command()
        entry = find_command(self._sender.dictionary, label)
        data = function_data(entry, arguments)
        apid = self._sender.dictionary.apids[entry.module]
        packet = self._sender.build_packet(apid, FUNCTION_SERVICE, PERFORM_FUNCTION, data, ack)
        return packet, command_text(entry, arguments)
