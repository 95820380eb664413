"""A scene for the camera that is not there: land, sea and clouds in three bands, the same for the same seed.

Whole numbers alone, so that every processor sees the same scene.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

Bands = NDArray[np.int32]  # rows, columns, (blue, red, near infrared), 0 to 1023

FULL = 1023
LAND_GRID, CLOUD_GRID = 64, 256  # points between two nodes of the coarsest noise
OCTAVES = 4
TEXTURE = 8  # of the finest noise, which is the sensor's


def make_rows(size: int, seed: int, first: int, rows: int) -> Bands:
    """Rows `first` to `first + rows` of a square scene."""
    land = smooth(size, f"{seed} land", LAND_GRID, first, rows)
    cloud = np.clip((smooth(size, f"{seed} cloud", CLOUD_GRID, first, rows) - 500) * 5, 0, FULL)
    sea = land < 480
    blue = np.where(sea, 140, 110 + land // 8)
    red = np.where(sea, 60, 120 + land // 5)
    infrared = np.where(sea, 30, 300 + land // 3)
    bands = np.stack([blue, red, infrared], axis=2)
    clear = FULL - cloud[:, :, None]
    seen = (bands * clear + 900 * cloud[:, :, None]) // FULL
    bands = np.clip(seen + sensor(size, seed, first, rows), 0, FULL)
    return np.asarray(bands, np.int32)


def smooth(size: int, name: str, grid: int, first: int, rows: int) -> NDArray[np.int64]:
    """Noise of several grids, 0 to FULL, interpolated between nodes in whole numbers."""
    total = np.zeros((rows, size), np.int64)
    row, column = np.arange(first, first + rows)[:, None], np.arange(size)[None, :]
    for octave in range(OCTAVES):
        step = grid >> octave
        nodes = node_values(size // step + 2, f"{name} {octave}")
        y, x = row // step, column // step
        v, u = row % step, column % step
        top = nodes[y, x] * (step - u) + nodes[y, x + 1] * u
        bottom = nodes[y + 1, x] * (step - u) + nodes[y + 1, x + 1] * u
        between = (top * (step - v) + bottom * v) // (step * step)
        total += np.right_shift(between, octave + 1)
    return np.clip(total * FULL // (FULL - (FULL >> OCTAVES)), 0, FULL)


def node_values(side: int, name: str) -> NDArray[np.int64]:
    return chance(side * side, name).reshape(side, side).astype(np.int64) & FULL


def sensor(size: int, seed: int, first: int, rows: int) -> NDArray[np.int64]:
    """The sensor's noise: each row has its own, whichever rows are made together."""
    lines = [
        chance(size * 3, f"{seed} row {row}").astype(np.int64) % TEXTURE for row in range(first, first + rows)
    ]
    return np.stack(lines).reshape(rows, size, 3)


def chance(count: int, name: str) -> NDArray[np.uint16]:
    blocks = (sha256(f"{name} {number}".encode()).digest() for number in range(-(-count // 16)))
    return np.frombuffer(b"".join(blocks), ">u2")[:count].astype(np.uint16)
