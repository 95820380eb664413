"""Is what `main.py` has made right?  Decodes every tile and holds it against the scene; exit status 0 says yes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import main
import numpy as np
import rice
import scene


def is_right(output: bytes, size: int, seed: int) -> bool:
    at = 0
    for row in range(size // main.TILE):
        bands = scene.make_rows(size, seed, row * main.TILE, main.TILE)
        for column in range(size // main.TILE):
            told = main.TILE_HEAD.unpack_from(output, at)
            at += main.TILE_HEAD.size
            shown = bands[:, column * main.TILE : (column + 1) * main.TILE]
            if told[:3] != (row, column, main.cloud(shown)):
                return False
            if (told[3] > 0) != (told[2] <= main.CLOUDY_MILLI) or not same(output[at : at + told[3]], shown):
                return False
            at += told[3]
    return at == len(output)


def same(body: bytes, shown: scene.Bands) -> bool:
    at = 0
    for band in range(3 if body else 0):
        (length,) = main.BAND_HEAD.unpack_from(body, at)
        at += main.BAND_HEAD.size
        decoded = rice.decode(body[at : at + length], main.TILE, main.TILE)
        if not np.array_equal(decoded, shown[:, :, band]):
            return False
        at += length
    return at == len(body)


if __name__ == "__main__":
    outputs = Path(os.environ.get("SKYRACK_OUTPUTS", "run/outputs"))
    octets = (outputs / "scene.bin").read_bytes()
    words = sys.argv[1:]
    sys.exit(
        0 if is_right(octets, int(words[0]) if words else 512, int(words[1]) if len(words) > 1 else 1) else 1
    )
