"""The files of a scenario: sent up and asked for when their time has come, in this pass or the next."""

from __future__ import annotations

from collections.abc import Sequence

from ground import CommandError, Ground
from sim.scenario import FileTransfer
from sim.simulation import NS, Simulation, stream

FROM_SCENARIO = "scenario"  # what the ground asks for by itself counts with the link
ANSWER_WITHIN_S = 6 * 3600.0  # of a command, from being queued: the next pass may be hours away


class FileMover:
    def __init__(self, files: Sequence[FileTransfer], ground: Ground, seed: int) -> None:
        self.waiting = list(files)
        self.ground, self.seed = ground, seed
        self.refused = 0

    def look(self, simulation: Simulation, second: int) -> None:
        self.send_due(second)

    def send_due(self, second: int) -> None:
        while self.waiting and self.waiting[0].at_s <= second:
            file = self.waiting.pop(0)
            try:
                if file.way == "up":
                    put(self.ground, file.name, content_of(file, self.seed), second)
                else:
                    fetch(self.ground, file.name, second, FROM_SCENARIO)
            except CommandError:
                self.refused += 1


def content_of(file: FileTransfer, seed: int) -> bytes:
    """Of one that goes up."""
    return stream(seed, f"file {file.name}").randbytes(file.octets)


def put(ground: Ground, name: str, content: bytes, second: int, *, acknowledged: bool = True) -> int:
    """As a client of a server does; the number of the transfer."""
    files = ground.files
    stage = files.stage()
    files.write(stage, 0, content)
    return files.put(stage, name, acknowledged, second * NS).number


def fetch(ground: Ground, name: str, second: int, source: str, *, acknowledged: bool = True) -> int:
    arguments = {"acknowledged": acknowledged, "name": name.encode()}
    record = ground.command(
        "files.send", arguments, second * NS, source=source, answer_within_s=ANSWER_WITHIN_S
    )
    return ground.files.expect(name, record, second * NS).number
