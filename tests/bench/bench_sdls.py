"""What the link's security costs: a telecommand frame received, a telemetry frame secured, a flood.

    python tests/bench/bench_sdls.py

Each figure is the best of several rounds, so that a busy machine shows least.  `alone` is AES-GCM of the library on
the same octets: what no code of ours could go below.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).parents[2]))

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from flight.wire import (
    TmFrameConfig,
    TmFrameMaker,
    append_crc,
    attach_sync_marker,
    decode_tc_frame,
    split_packets,
)
from flight.wire.sdls import (
    LONGEST_SECURED_DATA,
    SECURITY_OVERHEAD,
    KeySlot,
    KeyState,
    Receiver,
    Sender,
    Use,
    Vault,
    open_vault,
    pack_counters,
    pack_keys,
    secure_tc_frame,
    telecommand_rule,
    telemetry_rule,
)

ROUNDS = 7
PIECE = 2000
SPACECRAFT = 73
MICROSECONDS = 1e6
START_OCTETS = (
    2  # of each frame on the line, without coding; coding makes the line slower and the flood smaller
)


def vault_of(sends: Use) -> Vault:
    slots = [
        KeySlot(spi, use, KeyState.ACTIVE, True, hashlib.sha256(b"bench %d" % spi).digest())
        for spi, use in ((1, Use.TELECOMMAND), (257, Use.TELEMETRY))
    ]
    vault = Vault()
    open_vault(vault, sends, pack_keys(slots), pack_counters({1: 0, 257: 0}))
    for association in vault.associations.values():
        association.counter.used = True
    settle(vault)
    return vault


def settle(vault: Vault) -> None:
    for save in vault.due(0):
        vault.stored(save.ticket, 0)


def best_us(work: Callable[[], int]) -> float:
    """`work` gives how many it did."""
    times = []
    for _ in range(ROUNDS):
        start = process_time()
        count = work()
        times.append((process_time() - start) / count)
    return min(times) * MICROSECONDS


def command(length: int) -> bytes:
    """A telecommand packet of `length` octets."""
    return bytes([0x18, 0x42, 0xC0, 0, (length - 7) >> 8, (length - 7) & 0xFF]) + b"d" * (length - 6)


def receive_chain(length: int) -> tuple[float, float]:
    """Frame to packets, with and without security: us each."""
    rule = telecommand_rule(frozenset({0}))
    ground, board = Sender(rule, vault_of(Use.TELECOMMAND)), vault_of(Use.TELEMETRY)
    receiver = Receiver(rule, board)
    packet = command(length)
    plain = append_crc(bytes([0x20, SPACECRAFT, (length + 6) >> 8, (length + 6) & 0xFF, 0]) + packet)

    def secured() -> float:
        frames = [secure_tc_frame(ground, SPACECRAFT, 0, packet) for _ in range(PIECE)]
        start = process_time()
        for frame in frames:
            assert frame is not None
            decoded = decode_tc_frame(frame)
            verified = receiver.verify(frame)
            assert receiver.accept(verified, 0) is None  # type: ignore[arg-type]
            for one in receiver.take(0):
                packets = list(split_packets(one.data))
                assert len(packets) == 1
            assert decoded
        took = (process_time() - start) / PIECE
        settle(board)
        return took

    def clear() -> int:
        for _ in range(PIECE):
            decoded = decode_tc_frame(plain)
            assert len(list(split_packets(decoded.data))) == 1  # type: ignore[union-attr]
        return PIECE

    return min(secured() for _ in range(ROUNDS)) * MICROSECONDS, best_us(clear)


def telemetry(frame_length: int) -> tuple[float, float, float]:
    """Apply alone, the frame with header, security and error control, the library alone: us each."""
    vault = vault_of(Use.TELEMETRY)
    sender = Sender(telemetry_rule(frozenset(range(7))), vault)
    config = TmFrameConfig(SPACECRAFT, frame_length)
    zone = b"z" * (config.zone_length - SECURITY_OVERHEAD)
    prefix = bytes([0x04, 0x90, 0, 0, 0x18, 0])
    maker = TmFrameMaker(config)

    def apply() -> int:
        for _ in range(PIECE):
            assert sender.apply(prefix, zone) is not None
        return PIECE

    def frame() -> int:
        for _ in range(PIECE):
            field = sender.apply(prefix, zone)
            assert field is not None
            attach_sync_marker(maker.make(0, field, 0, 0x01000000))
        return PIECE

    cipher, iv, additional = AESGCM(bytes(32)), bytes(12), bytes(20)

    def alone() -> int:
        for _ in range(PIECE):
            cipher.encrypt(iv, zone, additional)
        return PIECE

    return best_us(apply), best_us(frame), best_us(alone)


def forged(length: int, kind: str, true: bytes) -> list[bytes]:
    """Frames with a good error control field that pass every check before the one they are named for."""
    header = bytes([0x20, SPACECRAFT, (length - 1) >> 8, (length - 1) & 0xFF, 0])
    spi = b"\0\x07" if kind == "unknown SPI" else b"\0\x01"
    frames = []
    for index in range(PIECE):
        number = 0 if kind == "replay" else 1000 + index
        body = spi + number.to_bytes(12, "big") + hashlib.sha256(b"%d" % index).digest() * 32
        frames.append(append_crc((header + body)[: length - 2]))
    return frames


def flood(length: int, kind: str) -> float:
    """us for each forged frame, from whole frame to refusal; the true command among them gets through."""
    rule = telecommand_rule(frozenset({0}))
    ground, board = Sender(rule, vault_of(Use.TELECOMMAND)), vault_of(Use.TELEMETRY)
    receiver = Receiver(rule, board)
    first = secure_tc_frame(ground, SPACECRAFT, 0, b"first")
    true = secure_tc_frame(ground, SPACECRAFT, 0, b"true")
    assert first is not None
    assert true is not None
    receiver.accept(receiver.verify(first), 0)  # type: ignore[arg-type]
    receiver.take(0)
    frames = forged(length, kind, true)

    def work() -> int:
        for frame in frames:
            decode_tc_frame(frame)
            receiver.verify(frame)
        return PIECE

    us = best_us(work)
    assert receiver.counters.verified == 1
    assert not board.due(0)
    receiver.accept(receiver.verify(true), 0)  # type: ignore[arg-type]
    assert [one.data for one in receiver.take(0)] == [b"true"]
    return us


def main() -> None:
    started = perf_counter()
    print(
        "TC receive chain: decode, error control, verify, accept, hand on, split into packets (asked: below 200 us)"
    )
    for length in (32, 219, LONGEST_SECURED_DATA):
        secured, clear = receive_chain(length)
        print(f"  {length:5} octets of packet   {secured:7.1f} us   in the clear {clear:6.1f} us")
    print("TM: apply; with header, CLCW, error control and marker; AES-GCM alone")
    for frame_length in (223, 1115):
        apply, frame, alone = telemetry(frame_length)
        print(f"  {frame_length:5} octets of frame    {apply:7.1f} us   {frame:7.1f} us   {alone:6.1f} us")
    print("Flood of forged frames: cost of each, and share of this core at line rate without a gap")
    for kind in ("unknown SPI", "replay", "MAC"):
        for length in (38, 256, 1024):
            us = flood(length, kind)
            octet_s = (length + START_OCTETS) * 10  # bits on a UART with 8N1
            shares = [f"{100 * us / MICROSECONDS * rate / octet_s:6.2f} %" for rate in (115_200, 921_600)]
            print(
                f"  {kind:12} {length:5} octets  {us:6.1f} us   115,200 baud {shares[0]}   921,600 baud {shares[1]}"
                f"   one core {octet_s / us:7.0f} Mbit/s"
            )
    print(f"({perf_counter() - started:.0f} s)")


if __name__ == "__main__":
    main()
