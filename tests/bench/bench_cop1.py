"""COP-1: what one frame costs on board, what one CLCW costs on the ground, and a pair over a bad line.

No peer stands beside it: the one Python peer (ccsds-cop 0.1.2) cannot send past V(S) = 255.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from flight.wire import Clcw, TcFrame, TcFrameHeader, TcFrameType
from flight.wire.cop1 import Directive, DirectiveKind, Farm, Fop, Transfer

AD, BC = TcFrameType.AD, TcFrameType.BC
NUMBER = 50_000
REPEATS = 5


def frame(kind: TcFrameType, data: bytes, sequence: int) -> TcFrame:
    return TcFrame(TcFrameHeader(kind, 42, 0, len(data) + 7, sequence), data)


def opened() -> Farm:
    farm = Farm()
    farm.receive(frame(BC, b"\x00", 0))
    return farm


def accept() -> None:
    farm, frames = opened(), [frame(AD, b"packet", number) for number in range(256)]
    for number in range(NUMBER):
        farm.receive(frames[number & 0xFF])
    assert farm.v_r == NUMBER % 256


def refuse() -> None:
    farm, wrong = opened(), frame(AD, b"packet", 128)
    for _ in range(NUMBER):
        farm.receive(wrong)
    assert farm.lockout


def report() -> None:
    farm = opened()
    for _ in range(NUMBER):
        farm.clcw()


def send() -> None:
    """One frame from the user's request to its confirmation: transfer, send, left, CLCW."""
    fop = Fop()
    fop.directive(Directive(DirectiveKind.INITIATE_AD), 0)
    for number in range(NUMBER):
        fop.transfer(Transfer(number, AD, b"packet"), number)
        fop.send()
        fop.left(AD, number)
        fop.receive(Clcw(0, (number + 1) & 0xFF), number)
    assert not fop.open_frames


def listen() -> None:
    """A CLCW that says nothing new, with a full window open: what each telemetry frame costs."""
    fop = Fop()
    fop.directive(Directive(DirectiveKind.INITIATE_AD), 0)
    for number in range(127):
        fop.transfer(Transfer(number, AD, b"packet"), 0)
        fop.send()
        fop.left(AD, 0)
    word = 1 << 24
    for _ in range(NUMBER):
        fop.receive_word(word, 0)
    assert fop.open_frames == 127


def microseconds(work: Callable[[], None]) -> float:
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best / NUMBER * 1e6


def main() -> None:
    for what, work in {
        "FARM-1: accept an AD frame": accept,
        "FARM-1: refuse a frame in lockout": refuse,
        "FARM-1: a CLCW": report,
        "FOP-1: a frame from request to confirmation": send,
        "FOP-1: a CLCW without news, 127 frames open": listen,
    }.items():
        print(f"{what:46} {microseconds(work):6.2f} us")


if __name__ == "__main__":
    main()
