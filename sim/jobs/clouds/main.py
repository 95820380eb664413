"""A job: look at a scene tile by tile, drop what is cloud, code the rest without loss.

    python main.py [size] [seed]

Each row of tiles is a step, with a checkpoint behind it when one is due.  The output is a list of tiles, each with
its place, its share of cloud and its coded bands; `verify.py` holds it against the scene.
"""

from __future__ import annotations

import json
import sys
from struct import Struct

import numpy as np
import rice
import scene
import skyrack_job

TILE = 64
BRIGHT, WHITE = 500, 250  # a cloud is bright in blue, and nearly as bright in red
CLOUDY_MILLI = 700  # a tile with more is not worth its downlink
TILE_HEAD = Struct(">HHHI")  # row, column, thousandths of cloud, octets of its bands
BAND_HEAD = Struct(">I")
STEP = Struct(">I")  # of a checkpoint: the row of tiles to go on with
CHECKPOINT_S = 0.0


def main(size: int, seed: int) -> None:
    job = skyrack_job.start(phases=("screen", "write"))
    job.phase("screen")
    body = job.restore() or STEP.pack(0)
    (first,) = STEP.unpack_from(body)
    coded = [body[STEP.size :]]
    for row in range(first, size // TILE):
        coded.append(b"".join(screen_row(size, seed, row)))
        job.progress((row + 1) * TILE / size)
        if job.checkpoint_due(CHECKPOINT_S):
            job.checkpoint(STEP.pack(row + 1) + b"".join(coded))
    job.phase("write")
    output = b"".join(coded)
    job.write("scene.bin", output)
    job.write("report.json", json.dumps(report(output, size), indent=1).encode())


def screen_row(size: int, seed: int, row: int) -> list[bytes]:
    """The tiles of one row, those that are clear enough with their bands."""
    bands = scene.make_rows(size, seed, row * TILE, TILE)
    return [tile(bands[:, column : column + TILE], row, column // TILE) for column in range(0, size, TILE)]


def tile(bands: scene.Bands, row: int, column: int) -> bytes:
    cloud_milli = cloud(bands)
    body = b""
    if cloud_milli <= CLOUDY_MILLI:
        coded = [rice.encode(bands[:, :, band]) for band in range(3)]
        body = b"".join(BAND_HEAD.pack(len(octets)) + octets for octets in coded)
    return TILE_HEAD.pack(row, column, cloud_milli, len(body)) + body


def cloud(bands: scene.Bands) -> int:
    """Thousandths of the points."""
    blue, red = bands[:, :, 0], bands[:, :, 1]
    clouded = (blue > BRIGHT) & (np.abs(blue - red) < WHITE)
    return int(np.count_nonzero(clouded)) * 1000 // int(clouded.size)


def report(output: bytes, size: int) -> dict[str, int]:
    tiles = kept = at = 0
    while at < len(output):
        _, _, _, length = TILE_HEAD.unpack_from(output, at)
        at += TILE_HEAD.size + length
        tiles, kept = tiles + 1, kept + (length > 0)
    raw = size * size * 3 * 10 // 8  # ten bits each
    return {"tiles": tiles, "kept": kept, "octets": len(output), "raw_octets": raw}


if __name__ == "__main__":
    words = sys.argv[1:]
    main(int(words[0]) if words else 512, int(words[1]) if len(words) > 1 else 1)
