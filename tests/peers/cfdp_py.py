"""cfdp-py 0.7.0 as one end of a link.  Runs in the peers' environment; its wall clock is replaced by `now`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any
from zlib import crc32

from tests.peers.fault_counter import handler_class

SECOND = 1_000_000_000


def load(name: str) -> Any:
    """The peers' environment has these libraries, the one that checks types has not."""
    return importlib.import_module(name)


def memory_store() -> Any:
    """cfdp-py's file store interface, in memory."""
    base = load("cfdppy.filestore").NativeFilestore

    class MemoryVfs(base):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__()
            self.files: dict[str, bytearray] = {}

        def read_data(self, file: Path, offset: int | None, read_len: int | None = None) -> bytes:
            held = self.files[str(file)]
            start = offset or 0
            return bytes(held[start : len(held) if read_len is None else start + read_len])

        def file_size(self, file: Path) -> int:
            return len(self.files[str(file)])

        def file_exists(self, path: Path) -> bool:
            return str(path) in self.files

        def is_directory(self, path: Path) -> bool:
            return False

        def truncate_file(self, file: Path) -> None:
            self.files[str(file)].clear()

        def create_file(self, file: Path) -> Any:
            self.files[str(file)] = bytearray()

        def delete_file(self, file: Path) -> Any:
            self.files.pop(str(file), None)

        def write_data(self, file: Path, data: bytes, offset: int | None) -> None:
            held, start = self.files[str(file)], offset or 0
            if len(held) < start:
                held.extend(bytes(start - len(held)))
            held[start : start + len(data)] = data

        def calculate_checksum(
            self, checksum_type: Any, file_path: Path, size_to_verify: int, segment_len: int = 4096
        ):
            return crc32(memoryview(self.files[str(file_path)])[:size_to_verify]).to_bytes(4, "big")

    return MemoryVfs()


class CfdpPyEnd:
    """One source and one destination handler; `put` one file at a time.

    cfdp-py leaves to its integrator: the acknowledgement of a Finished PDU after the source is idle, and of an
    EOF after the destination is; both are done here, as its own examples do.
    """

    def __init__(
        self, own: int, other: int, *, acknowledged: bool, longest_pdu: int = 1024, crc: bool = False
    ) -> None:
        defs, mib = load("spacepackets.cfdp.defs"), load("cfdppy.mib")
        util, countdown = load("spacepackets.util"), load("spacepackets.countdown")
        self.now = 0
        countdown.time_ms = lambda: self.now // 1_000_000
        self.vfs = memory_store()
        mode = defs.TransmissionMode.ACKNOWLEDGED if acknowledged else defs.TransmissionMode.UNACKNOWLEDGED
        local = mib.LocalEntityConfig(util.ByteFieldU16(own), mib.IndicationConfig(), handler_class(mib)())
        remote = mib.RemoteEntityConfig(
            entity_id=util.ByteFieldU16(other),
            max_file_segment_len=None,
            max_packet_len=longest_pdu,
            closure_requested=True,
            crc_on_transmission=crc,
            default_transmission_mode=mode,
            crc_type=defs.ChecksumType.CRC_32,
            positive_ack_timer_expiration_limit=20,
            check_limit=20,
            nak_timer_expiration_limit=20,
        )
        table = mib.RemoteEntityConfigTable([remote])

        class Checks(mib.CheckTimerProvider):  # type: ignore[misc, name-defined]
            def provide_check_timer(
                self, local_entity_id: Any, remote_entity_id: Any, entity_type: Any
            ) -> Any:
                return countdown.Countdown.from_seconds(5.0)

        class User(load("cfdppy.user").CfdpUserBase):  # type: ignore[misc]
            finished: list[Any]

            def transaction_indication(self, transaction_indication_params: Any) -> None: ...
            def eof_sent_indication(self, transaction_id: Any) -> None: ...
            def transaction_finished_indication(self, params: Any) -> None:
                self.finished.append(params)

            def metadata_recv_indication(self, params: Any) -> None: ...
            def file_segment_recv_indication(self, params: Any) -> None: ...
            def report_indication(self, transaction_id: Any, status_report: Any) -> None: ...
            def suspended_indication(self, transaction_id: Any, cond_code: Any) -> None: ...
            def resumed_indication(self, transaction_id: Any, progress: int) -> None: ...
            def fault_indication(self, transaction_id: Any, cond_code: Any, progress: int) -> None: ...
            def abandoned_indication(self, transaction_id: Any, cond_code: Any, progress: int) -> None: ...
            def eof_recv_indication(self, transaction_id: Any) -> None: ...

        self.user = User(self.vfs)
        self.user.finished = []
        counter = load("spacepackets.seqcount").SeqCountProvider(16)
        self.source = load("cfdppy.handler.source").SourceHandler(local, self.user, table, Checks(), counter)
        self.destination = load("cfdppy.handler.dest").DestHandler(local, self.user, table, Checks())
        self._factory = load("spacepackets.cfdp.pdu").PduFactory
        self._out: list[bytes] = []
        self.ignored = self.own_faults = 0
        self._other = util.ByteFieldU16(other)

    def put(self, data: bytes, name: str) -> None:
        self.vfs.files["source"] = bytearray(data)
        request = load("cfdppy.request").PutRequest
        self.source.put_request(request(self._other, Path("source"), Path(name), None, None))

    def content(self, name: str) -> bytes | None:
        held = self.vfs.files.get(name)
        return None if held is None else bytes(held)

    def receive(self, data: bytes, now: int) -> None:
        self.now = now
        pdu = self._factory.from_raw(data)
        toward_sender = data[0] & 8
        handler = self.source if toward_sender else self.destination
        if toward_sender and self.source.state.name == "IDLE":
            self._acknowledge(pdu, "FINISHED_PDU")
            return
        if not toward_sender and self.destination.state.name == "IDLE" and self.user.finished:
            self._acknowledge(pdu, "EOF_PDU")
            return
        self._step(handler, pdu)

    def _acknowledge(self, pdu: Any, of: str) -> None:
        ack = load("spacepackets.cfdp.pdu.ack")
        directive = load("spacepackets.cfdp.pdu").DirectiveType[of]
        if getattr(pdu, "directive_type", None) == directive:
            status = ack.TransactionStatus.TERMINATED
            answer = ack.AckPdu(pdu.pdu_header.pdu_conf, directive, pdu.condition_code, status)
            self._out.append(bytes(answer.pack()))

    def _step(self, handler: Any, pdu: Any = None) -> None:
        """Its exceptions are its own: PDUs that it takes for wrong, and faults of its own, are counted."""
        exceptions = load("cfdppy.exceptions")
        try:
            handler.state_machine(pdu)
        except (exceptions.PduIgnoredForSource, exceptions.PduIgnoredForDest):
            self.ignored += 1
        except ValueError:
            self.own_faults += 1
        while handler.packets_ready:
            answer = handler.get_next_packet().pdu
            try:
                self._out.append(bytes(answer.pack()))
            except ValueError:  # an EOF before the metadata: its acknowledgement cannot be packed
                self.own_faults += 1

    def send(self, now: int, room_octets: int) -> list[bytes]:
        self.now = now
        for _ in range(64):
            before = len(self._out)
            self._step(self.source)
            self._step(self.destination)
            if len(self._out) == before or sum(map(len, self._out)) > room_octets:
                break
        out, self._out = self._out, []
        return out

    def done(self) -> bool:
        return self.source.state.name == "IDLE" and self.destination.state.name == "IDLE"
