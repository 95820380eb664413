"""What a telemetry packet costs the ground: link, limits, archive; and what a question to the archive costs.

Telemetry of the reference mission by its periods, made here; processor time, since the machine may be shared.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from flight.app import build, load_mission
from flight.declare import Limits
from flight.dictionary import Dictionary, PacketEntry, compile_encoder
from flight.wire import TmFrameConfig, TmFrameMaker, VirtualChannel
from flight.wire.coding import TmCodec
from ground.archive import Archive, rebuild
from ground.station import Ground

NS = 1_000_000_000
DAY_S = 86_400
GOAL_US = 9.0  # 330,000 packets a day in 3 s
BATCH_S = 4  # one reception of a pass that plays back: a second of the line brings some seconds of telemetry


class Sample:
    """Every field at a value within its limits, if it has any."""

    def __init__(self, entry: PacketEntry) -> None:
        for field in entry.fields:
            setattr(self, field.name, 1 if field.limits is None else inside(field.limits))


def inside(limits: Limits) -> float:
    low = limits.red_low if limits.yellow_low is None else limits.yellow_low
    high = limits.red_high if limits.yellow_high is None else limits.yellow_high
    if low is not None and high is not None:
        return (low + high) / 2
    return low + 1 if low is not None else max((high or 0) - 1, 0)


def receptions(dictionary: Dictionary, seconds: int) -> Iterator[tuple[int, bytes]]:
    """(time, octets) of the byte stream."""
    config = TmFrameConfig(dictionary.spacecraft_id, dictionary.frame_length)
    codec = TmCodec(dictionary.coding)
    maker, channel = TmFrameMaker(config), VirtualChannel(config.zone_length)
    made = [(e, compile_encoder(e, dictionary.apids[e.module]), Sample(e)) for e in dictionary.packets]
    record = 2 << 56
    for second in range(seconds):
        for entry, encode, sample in made:
            if second % entry.period == 0:
                assert channel.add(encode(sample, record & 0x3FFF, 0, second, 0, 0, record))  # type: ignore[arg-type]
                record += 1
        if second % BATCH_S == BATCH_S - 1:
            frames = []
            while channel.pending >= config.zone_length:
                zone = channel.take()
                assert zone is not None
                frames.append(codec.encode(maker.make(0, *zone, 0)))
            yield second * NS, b"".join(frames)


def cost(
    dictionary: Dictionary, stream: list[tuple[int, bytes]], archive: Archive | None, listen: bool
) -> float:
    """Microseconds a packet."""
    ground = Ground(dictionary, archive)
    if listen:
        ground.listeners.packets.append(lambda reading: None)
    ground.contact(True, 0)
    began = time.process_time()
    for now_ns, octets in stream:
        ground.receive(octets, now_ns, "bench")
        ground.on_deadline(now_ns)
    ground.flush()
    spent = time.process_time() - began
    assert not ground.limits.standing(), "what is within its limits costs less"
    ground.close()
    return spent / ground.reception.counters.packets * 1e6


def timed(name: str, began: float) -> None:
    print(f"{name:<44} {1e3 * (time.process_time() - began):>9.1f} ms")


def main() -> None:
    dictionary = build(load_mission("pathfinder")).dictionary
    stream = list(receptions(dictionary, DAY_S))
    print(
        f"{sum(len(octets) for _, octets in stream) / 1e6:.1f} MB of frames: a day of {len(dictionary.packets)} packets"
    )
    with tempfile.TemporaryDirectory() as folder:
        kinds = [(None, False), ("plain", False), ("heard", True)]
        for name, listen in kinds:
            path = Path(folder) / str(name)
            archive = Archive(path, dictionary) if name else None
            words = f"{'with' if name else 'without'} archive{', every packet decoded' if listen else ''}"
            print(
                f"{words:<44} {cost(dictionary, stream, archive, listen):>9.2f} us a packet  goal {GOAL_US}"
            )
        path = Path(folder) / "plain"
        size = {
            part.name: sum(f.stat().st_size for f in part.rglob("*"))
            for part in path.iterdir()
            if part.is_dir()
        }
        print(
            f"segments {size['segments'] / 1e6:.1f} MB, tables {(path / 'index.db').stat().st_size / 1e6:.1f} MB"
        )
        began = time.process_time()
        archive = Archive(path, dictionary)
        timed("open", began)
        for label in ("power.status", "executive.status"):
            began = time.process_time()
            columns = archive.query.packets(label)
            timed(f"a day of {label}, {len(columns):,} rows", began)
        archive.close()
        began = time.process_time()
        rebuild(path, dictionary).close()
        timed("all tables made again from the frames", began)


if __name__ == "__main__":
    main()
