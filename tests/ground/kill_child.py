"""Run by test_kill.py: a ground that receives and writes until it is killed, and says what it had promised.

Argument: folder.  Standard output: after each reception `R <packets received>`, after each flush `F <packets>`.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from flight.dictionary import from_json
from flight.wire import TmFrameConfig, TmFrameMaker, VirtualChannel, encode_tm
from flight.wire.coding import TmCodec
from ground.archive import Archive
from ground.station import Ground

NS = 1_000_000_000


def main() -> None:
    folder = Path(sys.argv[1])
    dictionary = from_json((folder / "dictionary.json").read_text())
    archive = Archive(folder / "archive", dictionary, flush_every_ns=7 * NS)
    ground = Ground(dictionary, archive)
    archive._writer.most_bytes = 50_000
    config = TmFrameConfig(dictionary.spacecraft_id, dictionary.frame_length)
    codec = TmCodec(dictionary.coding)
    maker, count = TmFrameMaker(config), ground.coverage[2].received.highest + 1
    out = sys.stdout.buffer
    ground.contact(True, 0)
    for second in range(100_000):
        channel = VirtualChannel(config.zone_length)
        for _ in range(5):
            body = struct.pack(">HffB?I", 2, 0.3 if second % 50 > 40 else 0.9, 28.0, 1, True, count)
            channel.add(encode_tm(2, count, 3, 25, 0, 0, second * NS, 2 << 56 | count, body))
            count += 1
        octets = b""
        while (zone := channel.take()) is not None:
            octets += codec.encode(maker.make(0, zone[0], zone[1], 0))
        if second % 10 == 0:
            ground.command("commands.nothing", {}, second * NS)
        ground.receive(octets, second * NS, "Kiruna")
        ground.send(second * NS)
        out.write(b"R %d %d\n" % (count, ground.uplink.next_number))
        out.flush()


main()
