"""A job: train a small network on 1,797 handwritten digits, with a checkpoint after each round.

    python main.py [rounds]

Every number is a whole one in a float64, and every sum stays below 2^53.  So the result does not depend on the order of
adding: it is the same to the last bit on every processor, with every BLAS and any number of threads.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import skyrack_job
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROUNDS = 40
BATCH = 32  # a power of two, as every other divisor here
HIDDEN, CLASSES = 48, 10
SHAPES: list[tuple[int, ...]] = [(64, HIDDEN), (HIDDEN,), (HIDDEN, CLASSES), (CLASSES,)]
TRAINED = 1440  # the other 357 are never trained on
WEIGHT, SIGNAL = 2.0**24, 2.0**12  # what stands for 1
RATE = 2.0**-5
EXACT = 2.0**53
CHECKPOINT_S = 0.0  # after each round; one is 58 kB and a round takes milliseconds


def main(rounds: int) -> None:
    job = skyrack_job.start(phases=("train", "write"))
    images, labels = load(job.package / "digits.npz")
    state = job.restore()
    first, layers = first_layers() if state is None else unpack(state)
    job.phase("train")
    for number in range(first, rounds):
        one_round(layers, images[:TRAINED], labels[:TRAINED], number)
        job.progress((number + 1) / rounds)
        if job.checkpoint_due(CHECKPOINT_S):
            job.checkpoint(pack(number + 1, layers))
    job.phase("write")
    right = int((answers(layers, images[TRAINED:]) == labels[TRAINED:]).sum())
    body = pack(rounds, layers)
    job.write("weights.bin", body)
    report = {
        "rounds": rounds,
        "right": right,
        "of": len(labels) - TRAINED,
        "sha256": sha256(body).hexdigest(),
    }
    job.write("report.json", json.dumps(report, indent=1).encode())


def load(path: Path) -> tuple[Array, NDArray[np.uint8]]:
    """Images in units of SIGNAL, mixed by a fixed order, and what they show."""
    with np.load(path) as stored:
        images, labels = stored["images"], stored["labels"]
    order = shuffled(len(labels), "all")
    return images[order].astype(np.float64) * (SIGNAL / 16), labels[order]


def noise(count: int, name: str) -> NDArray[np.uint16]:
    """As good as chance, and the same everywhere: no library's generator is promised to stay as it is."""
    blocks = (sha256(f"{name} {number}".encode()).digest() for number in range(-(-count // 16)))
    return np.frombuffer(b"".join(blocks), ">u2")[:count].astype(np.uint16)


def shuffled(count: int, name: str) -> NDArray[np.intp]:
    return np.argsort(noise(count, f"order {name}"), kind="stable")


def first_layers() -> tuple[int, list[Array]]:
    """Weights and offsets of two layers, then how each moved last."""
    layers = []
    for shape in SHAPES:
        spread = WEIGHT * (0.3 if len(shape) == 2 else 0.0)
        some = noise(int(np.prod(shape)), f"layer {shape}").reshape(shape)
        layers.append(np.floor((some.astype(np.float64) - 32768.0) / 32768.0 * spread))
    return 0, layers + [np.zeros(shape) for shape in SHAPES]


def scaled(values: Array, divisor: float) -> Array:
    """Divided and rounded to whole numbers.  Divisors are powers of two, so this is exact before the rounding."""
    assert float(np.abs(values).max()) < EXACT
    return np.floor(values / divisor + 0.5)


def forward(layers: list[Array], images: Array) -> tuple[Array, Array]:
    hidden = np.maximum(scaled(images @ layers[0] + layers[1] * SIGNAL, WEIGHT), 0.0)
    return hidden, scaled(hidden @ layers[2] + layers[3] * SIGNAL, WEIGHT)


def answers(layers: list[Array], images: Array) -> NDArray[np.intp]:
    given: NDArray[np.intp] = forward(layers, images)[1].argmax(axis=1)
    return given


def one_round(layers: list[Array], images: Array, labels: NDArray[np.uint8], number: int) -> None:
    order = shuffled(len(labels), str(number))
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        shown = images[chosen]
        hidden, given = forward(layers, shown)
        wrong = given - np.eye(CLASSES)[labels[chosen]] * SIGNAL
        back = scaled(wrong @ layers[2].T, WEIGHT) * (hidden > 0)
        slopes = [shown.T @ back, back.sum(axis=0) * SIGNAL, hidden.T @ wrong, wrong.sum(axis=0) * SIGNAL]
        for index, slope in enumerate(slopes):
            move = scaled(layers[4 + index] * 15, 16) - scaled(
                slope * (WEIGHT * RATE / SIGNAL), SIGNAL * BATCH
            )
            layers[4 + index] = move
            layers[index] = layers[index] + move


def pack(number: int, layers: list[Array]) -> bytes:
    """The number of rounds, the layers, and how each moved last: whole numbers of 8 octets, little-endian."""
    return b"".join([number.to_bytes(8, "little"), *(layer.astype("<i8").tobytes() for layer in layers)])


def unpack(body: bytes) -> tuple[int, list[Array]]:
    values = np.frombuffer(body, "<i8", offset=8).astype(np.float64)
    ends = np.cumsum([int(np.prod(shape)) for shape in SHAPES * 2])
    parts = zip(np.split(values, ends[:-1]), SHAPES * 2, strict=True)
    return int.from_bytes(body[:8], "little"), [part.reshape(shape) for part, shape in parts]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
