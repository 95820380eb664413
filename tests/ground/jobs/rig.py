"""A ground that hears a spacecraft with jobs by hand, a client of it, and words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flight.jobs import ResultWriter, encode_receipt
from ground import connect
from ground.client import Craft
from ground.jobs import Jobs, PublicKey
from ground.protocol import NS
from ground.shell.desk import Desk
from ground.shell.parser import verbs_parser
from ground.shell.verbs import VERBS
from ground.transfers import Transfer, TransferState
from tests.flight.jobs.made import PRIVATE, PUBLIC, RECEIPT
from tests.ground.conftest import service_up
from tests.ground.jobs.told import Heard, row

BOARD = PublicKey("rack-1", PUBLIC)
NAME = "jobs/acme-demo-7.job"


def result_octets(**changes: object) -> bytes:
    """One line printed, one output."""
    files = {"standard-output": b"hi\n", "result.txt": b"hello"}
    receipt = replace(RECEIPT, **changes)  # type: ignore[arg-type]
    writer = ResultWriter(encode_receipt(receipt, PRIVATE))
    parts = [writer.begin()]
    parts += [writer.add(files[one.path]) for one in (*receipt.printed, *receipt.outputs)]
    return b"".join((*parts, writer.end()))


class Rig:
    """A ground that hears a spacecraft by hand, a client, and words."""

    def __init__(self, tmp_path: Path) -> None:
        self.heard = Heard(tmp_path / "ground" / "archive")
        service_up(self.heard.ground, self.heard.craft, self.heard.now.ground_ns)
        self.craft: Craft = connect(self.heard, "anna")
        self.jobs = Jobs(self.craft)
        self.put: list[str] = []
        self.craft.files.put = self._put  # type: ignore[method-assign, assignment]
        self.lines: list[str] = []
        self.desk = Desk(self.craft, self.lines.append)

    def _put(self, content: Path, name: str, **_: object) -> Transfer:
        self.put.append(name)
        return Transfer(1, True, name, content.stat().st_size, state=TransferState.DONE)

    def say(self, line: str) -> tuple[int, list[str]]:
        """(exit code, lines) of words as they are typed."""
        self.lines.clear()
        options = verbs_parser().parse_args(line.split())
        return VERBS[options.verb](self.desk, options), list(self.lines)

    def file(self, name: str, octets: bytes) -> None:
        """One that came down."""
        files = self.heard.ground.files
        stage = files.stage()
        files.write(stage, 0, octets)
        files.store.rename(files._staged.pop(stage), name)

    def tell(self, *packets: bytes) -> None:
        self.heard.hear(*packets)

    def taken(self, job: int = 4, name: bytes = b"acme/demo", serial: int = 7) -> bytes:
        return self.heard.craft.event("jobs.taken", 100 * NS, job, serial, name)

    def row(self, at_s: int, job: int, state: str, **told: int) -> None:
        self.tell(self.heard.craft.housekeeping("jobs.row", at_s * NS, *row(job, state, **told)))
