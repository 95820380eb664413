"""How the tests of the schedule insert commands, and see when they were released."""

from __future__ import annotations

from flight.declare import Failed, SaveDocument
from flight.wire import encode_cuc

NS = 1_000_000_000


def insert(craft, *entries: tuple[float, bytes]) -> int:
    data = bytes([len(entries)]) + b"".join(encode_cuc(int(at * NS)) + packet for at, packet in entries)
    return craft.send(craft.dictionary.apids["schedule"], 11, 4, data)


def push_times(craft) -> list[int]:
    """Mission seconds at which the toy was pushed, by its events."""
    numbers = {e.number for e in craft.dictionary.events if e.label == "toy.pushed"}
    return [
        p.time_ns // NS
        for p in craft.packets
        if p.service == 5 and int.from_bytes(p.body[:2], "big") in numbers
    ]


def failing_documents(craft):
    """A disk that takes everything but documents."""
    perform = type(craft.computer.worker.storage).perform

    def failing(request):
        if isinstance(request, SaveDocument):
            return Failed("disk: no")
        return perform(craft.computer.worker.storage, request)

    return failing
