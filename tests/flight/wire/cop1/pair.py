"""A `Fop` and a `Farm` joined by a bad line in virtual time, and the book that is kept about what they did.

Up: whole TC frames, in order, each lost, doubled or flipped by chance.  Down: whole telemetry frames with the CLCW in
their control field, each lost, flipped or late by chance, so that CLCWs overtake each other; every other word is that
of another command channel.  No frame and no CLCW is under way for longer than `LONGEST_DELAY_NS`.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from flight.wire import (
    Clcw,
    Rejection,
    TcFrame,
    TcFrameType,
    TmFrameConfig,
    TmFrameMaker,
    decode_tc_frame,
    encode_clcw,
    encode_tc_frame,
)
from flight.wire.cop1 import (
    Alert,
    AlertNotice,
    ClcwReader,
    Directive,
    DirectiveKind,
    Farm,
    FarmState,
    Fop,
    FopState,
    Notice,
    Outgoing,
    Response,
    ServiceKeeper,
    Transfer,
    TransferNotice,
)

AD, BC, BD = TcFrameType.AD, TcFrameType.BC, TcFrameType.BD
MS = 1_000_000
SPACECRAFT, VC, OTHER_VC = 42, 1, 2
LONGEST_DELAY_NS = 900 * MS
REBOOT_NS = 3000 * MS  # a board takes longer than a frame is under way
TELEMETRY_NS = 100 * MS
OCTET_NS = 87_000  # 115 200 baud
T1_NS = 2 * LONGEST_DELAY_NS + 2 * TELEMETRY_NS
CONFIG = TmFrameConfig(SPACECRAFT, 64)


@dataclass
class Faults:
    """Chances for each frame, both ways."""

    lost: float = 0.0
    doubled: float = 0.0
    flipped: float = 0.0
    late: float = 0.0
    refused: float = 0.0  # by the line itself


class Pair:
    def __init__(self, seed: int, window: int = 20, limit: int = 4, overtaken_most: int = 32) -> None:
        self.random = Random(seed)
        self.faults = Faults()
        self.now = 0
        self.fop = Fop(VC, window // 2)
        self.keeper = ServiceKeeper(self.fop, 2 * LONGEST_DELAY_NS)
        self.farm: Farm | None = Farm(VC, window)
        self.window = window
        self.room = True
        self.submitted: list[int] = []
        self.delivered: list[int] = []  # AD
        self.urgent: list[int] = []  # BD, delivered
        self.confirmed: list[int] = []
        self.failed: list[int] = []  # negative confirm
        self.taken: list[int] = []  # accepted
        self.alerts: list[Alert] = []
        self.frames_up = 0
        self._maker = TmFrameMaker(CONFIG)
        self._reader = ClcwReader(CONFIG, overtaken_most)
        self._order = count()
        self._events: list[tuple[int, int, str, Any]] = []
        self._last_arrival = 0
        self._backlog: list[int] = []
        self._line_busy = False
        self.do(self.fop.directive(Directive(DirectiveKind.SET_T1, T1_NS), 0))
        self.do(self.fop.directive(Directive(DirectiveKind.SET_LIMIT, limit), 0))
        self.keeper.start()
        self._at(TELEMETRY_NS, "telemetry", None)

    # ---------------------------------------------------------------- the user of the Fop

    def submit(self, number: int) -> None:
        """`number` new AD transfers; each is offered until the Fop takes it or ends it."""
        for _ in range(number):
            request = len(self.submitted)
            self.submitted.append(request)
            self._backlog.append(request)
        self._offer()

    def submit_urgent(self, request: int) -> None:
        self.do(self.fop.transfer(Transfer(request, BD, b"B" + request.to_bytes(4, "big")), self.now))

    def _offer(self) -> None:
        """One at a time: the wait queue holds one."""
        while self._backlog and self.fop._waiting is None and self.fop.state.value in {"S1", "S2", "S3"}:
            request = self._backlog.pop(0)
            data = b"A" + request.to_bytes(4, "big")
            notices = self.fop.transfer(Transfer(request, AD, data), self.now)
            self._note(notices)
        self._feed_line()

    def do(self, notices: list[Notice]) -> None:
        self._note(notices)
        self._offer()

    def _note(self, notices: list[Notice]) -> None:
        for notice in notices:
            if isinstance(notice, AlertNotice):
                self.alerts.append(notice.alert)
            elif isinstance(notice, TransferNotice) and notice.request < 10_000:
                self._note_transfer(notice)

    def _note_transfer(self, notice: TransferNotice) -> None:
        match notice.response:
            case Response.ACCEPT:
                self.taken.append(notice.request)
            case Response.REJECT:  # out of the wait queue: it was never sent, and is offered anew
                self._backlog.insert(0, notice.request)
            case Response.POSITIVE_CONFIRM:
                self.confirmed.append(notice.request)
            case Response.NEGATIVE_CONFIRM:
                self.failed.append(notice.request)

    # ---------------------------------------------------------------- the line up

    def _feed_line(self) -> None:
        if self._line_busy:
            return
        frame = self.fop.send()
        if frame is None:
            return
        octets = self.encode(frame)
        self.frames_up += 1
        self._line_busy = True
        self._at(self.now + (len(octets) + 20) * OCTET_NS, "left", (frame.kind, octets))

    def encode(self, frame: Outgoing) -> bytes:
        return encode_tc_frame(SPACECRAFT, VC, frame.data, frame.kind, frame.sequence)

    def _left(self, kind: TcFrameType, octets: bytes) -> None:
        self._line_busy = False
        if self._happens(self.faults.refused):
            self.do(self.fop.refused(kind, self.now))
            return
        copies = 1 + self._happens(self.faults.doubled)
        for _ in range(copies):
            if not self._happens(self.faults.lost):
                arrival = self.now + self._delay()
                self._last_arrival = max(arrival, self._last_arrival)  # frames do not overtake
                self._at(self._last_arrival, "arrived", self._spoil(octets))
        self.do(self.fop.left(kind, self.now))

    def _arrived(self, octets: bytes) -> None:
        frame = decode_tc_frame(octets)
        if self.farm is None or isinstance(frame, Rejection) or frame.header.virtual_channel != VC:
            return
        self.on_board(frame, octets)

    def on_board(self, frame: TcFrame, octets: bytes) -> None:
        assert self.farm is not None
        data = self.farm.receive(frame, room=self.room)
        if isinstance(data, bytes):
            self.deliver(data)

    def deliver(self, data: bytes) -> None:
        request = int.from_bytes(data[1:], "big")
        (self.delivered if data[:1] == b"A" else self.urgent).append(request)

    # ---------------------------------------------------------------- the line down

    def _telemetry(self) -> None:
        self._at(self.now + TELEMETRY_NS, "telemetry", None)
        if self.farm is None:
            return
        other = encode_clcw(Clcw(OTHER_VC, 77, lockout=True))
        for word in (self.farm.clcw(), other):
            zone = bytes(CONFIG.frame_length - 12)
            frame = self._maker.make(0, zone, 0x7FE, word)
            if not self._happens(self.faults.lost):
                self._at(self.now + self._delay(), "heard", self._spoil(frame))

    def _heard(self, frame: bytes) -> None:
        for word in self._reader.read([frame]):
            self.do(self.keeper.receive_word(word, self.now))

    # ---------------------------------------------------------------- on board

    def fill(self) -> None:
        self.room = False

    def drain(self) -> None:
        self.room = True
        if self.farm is not None and self.farm.state is not FarmState.OPEN:
            self.farm.buffer_released()

    def reboot(self) -> None:
        if self.farm is None:
            return
        self.farm = None
        self._at(self.now + REBOOT_NS, "booted", None)

    def _booted(self) -> None:
        self.farm = Farm(VC, self.window)

    # ---------------------------------------------------------------- time and chance

    def _happens(self, chance: float) -> bool:
        return self.random.random() < chance

    def _delay(self) -> int:
        if self._happens(self.faults.late):
            return self.random.randrange(LONGEST_DELAY_NS // 2, LONGEST_DELAY_NS)
        return 20 * MS

    def _spoil(self, octets: bytes) -> bytes:
        """One to three bits: CRC-16 finds each of these, so that no false frame is believed by luck."""
        if not self._happens(self.faults.flipped):
            return octets
        spoiled = bytearray(octets)
        for bit in self.random.sample(range(8 * len(spoiled)), self.random.randint(1, 3)):
            spoiled[bit // 8] ^= 1 << bit % 8
        return bytes(spoiled)

    def _at(self, time: int, what: str, argument: Any) -> None:
        heapq.heappush(self._events, (time, next(self._order), what, argument))

    def run(self, duration_ns: int) -> None:
        end = self.now + duration_ns
        while True:
            deadline = self.fop.next_deadline()
            event = self._events[0][0]
            at = min(event, end if deadline is None else max(deadline, self.now))
            if at >= end:
                self.now = end
                return
            self.now = at
            if at < event:
                self.do(self.fop.on_deadline(at))
            else:
                self._happen(*heapq.heappop(self._events)[2:])

    def _happen(self, what: str, argument: Any) -> None:
        match what:
            case "left":
                self._left(*argument)
            case "arrived":
                self._arrived(argument)
            case "heard":
                self._heard(argument)
            case "telemetry":
                self._telemetry()
            case _:
                self._booted()

    # ---------------------------------------------------------------- what must hold

    def check(self) -> None:
        """At any moment: in order, once, nothing invented, and whatever is confirmed was delivered."""
        self.check_delivered()
        assert set(self.confirmed) <= set(self.delivered)

    def check_delivered(self) -> None:
        assert self.delivered == sorted(set(self.delivered))
        assert self.confirmed == sorted(set(self.confirmed))
        assert set(self.delivered) <= set(self.taken) <= set(self.submitted)
        assert not set(self.confirmed) & set(self.failed)
        assert len(self.taken) == len(set(self.taken))
        ended = set(self.confirmed) | set(self.failed)
        assert len(self.taken) - len(ended) == self.fop.open_frames

    def heal(self) -> None:
        """The line gets well and the board has room: everything new is confirmed, everything old has ended."""
        self.faults = Faults()
        self.drain()
        if self.fop.suspended is not None:
            self.do(self.fop.directive(Directive(DirectiveKind.RESUME_AD), self.now))
        self.do(self.fop.directive(Directive(DirectiveKind.SET_TIMEOUT_TYPE, 0), self.now))
        # Last frames and reboot; T1 with every repetition; a pause, twice if the first start met old trouble.
        self.run(REBOOT_NS + 10 * T1_NS + 8 * LONGEST_DELAY_NS)
        first = len(self.submitted)
        self.submit(30)
        self.run(20 * T1_NS)
        self.check_delivered()
        assert self.fop.state is FopState.ACTIVE
        assert not self.fop.open_frames
        assert not self._backlog
        assert self.confirmed[-30:] == list(range(first, first + 30))
        assert set(self.confirmed) | set(self.failed) == set(self.submitted)
