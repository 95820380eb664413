"""Below the commands: FOP-1, security and coding of one spacecraft's telecommand channel (docs/link.md).

sequence(), expedite() -> take() -> octets for the line;   hear() for each good telemetry frame
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from flight.dictionary import Dictionary
from flight.wire import TcFrameType, TmFrameConfig, encode_tc_frame
from flight.wire.cop1 import (
    AlertNotice,
    ClcwReader,
    Directive,
    DirectiveKind,
    Fop,
    FopState,
    Notice,
    Outgoing,
    Response,
    ServiceKeeper,
    Transfer,
    TransferNotice,
)
from flight.wire.sdls import Sender, secure_tc_frame
from flight.wire.telecommand_link import segment_header
from ground.keys import Keys

NS = 1_000_000_000
SETTLE_NS = 3 * NS  # a second in the station's queue, one until flight's next step, one for the frame down
T1_NS = 10 * NS  # two steps on board, the line's queue, and a control word that is lost or late
TRANSMISSIONS = 4  # of a frame, then the service ends and is started again
AHEAD_NS = NS  # of line that may be queued below us
STATES = {
    FopState.ACTIVE: "active",
    FopState.RETRANSMIT_WITHOUT_WAIT: "repeating",
    FopState.RETRANSMIT_WITH_WAIT: "waiting for the spacecraft",
    FopState.INITIALISING_WITHOUT_BC: "starting",
    FopState.INITIALISING_WITH_BC: "unlocking",
    FopState.INITIAL: "down",
}


@dataclass(frozen=True, slots=True)
class LinkTimes:
    """`rate_bit_s` of the way up, 0 where the line says nothing of it; `light_ns` one way, the longest."""

    rate_bit_s: int = 0
    light_ns: int = 0


@dataclass(slots=True)
class FrameCounters:
    """For the link page."""

    frames: int = 0  # of type AD and BD, repeated ones too
    control_frames: int = 0
    confirmed: int = 0  # AD transfers that arrived: the link has done its work, not the command its
    not_confirmed: int = 0  # AD transfers that ended otherwise
    starts: int = 0  # of the AD service
    alerts: Counter[str] = field(default_factory=Counter)
    not_secured: int = 0  # frames without a key or a number


class CommandLink:
    """One virtual channel.  Nothing leaves outside of contact.

    `ended` gets the AD transfers that did: (number, whether it has arrived for sure).
    """

    def __init__(self, dictionary: Dictionary, times: LinkTimes) -> None:
        self.spacecraft_id, self.link = dictionary.spacecraft_id, dictionary.telecommand
        self.frames = TmFrameConfig(dictionary.spacecraft_id, dictionary.frame_length)
        self.times = times
        link = self.link
        self.fop = Fop(link.channel, link.window // 2)
        self.keeper = ServiceKeeper(self.fop, SETTLE_NS + 2 * times.light_ns)
        self.keys = Keys()
        self.sender = Sender(link.rule(), self.keys.vault)
        self.counters = FrameCounters()
        self.ended: list[tuple[int, bool]] = []
        self.up = False
        self._reader = ClcwReader(self.frames)
        self._free_ns = 0  # when the line has sent what it was given
        self._ran_ns = 0  # the AD service, or the contact began: the last we know of

    @property
    def may_send(self) -> bool:
        """There is a key, or the mission needs none."""
        return not self.link.protected or self.sender.spi != 0

    @property
    def state(self) -> str:
        return STATES[self.fop.state]

    # ---------------------------------------------------------------- contact

    def begin(self, now_ns: int) -> None:
        self.up = True
        self._reader = ClcwReader(self.frames)  # what was not heard between contacts is no overtaking
        self._free_ns = self._ran_ns = now_ns
        for kind, value in (
            (DirectiveKind.SET_T1, T1_NS + 2 * self.times.light_ns),
            (DirectiveKind.SET_LIMIT, TRANSMISSIONS),
        ):
            self._hear(self.fop.directive(Directive(kind, value), now_ns))
        self.keeper.start()

    def end(self, now_ns: int) -> None:
        self.up = False
        self._hear(self.keeper.stop(now_ns))
        self.keys.settle(now_ns)  # which telemetry was taken

    def hear(self, frames: Sequence[bytes], now_ns: int) -> None:
        """Good telemetry frames, as they came.  Of equal control words in a row the last one says it all."""
        if not self.up or not frames:
            return
        kept = [frame for frame, after in itertools.pairwise(frames) if frame[-6:-2] != after[-6:-2]]
        kept.append(frames[-1])
        for word in self._reader.read(kept):
            self._hear(self.keeper.receive_word(word, now_ns))
        self.counters.starts = self.keeper.starts

    # ---------------------------------------------------------------- sending

    @property
    def starts(self) -> int:
        return self.keeper.starts

    def absent_since(self, now_ns: int) -> int:
        """Since when there is no AD service in this contact, as far as somebody has asked."""
        if not self.up or self.fop.up:
            self._ran_ns = now_ns
        return self._ran_ns

    @property
    def sequenced_room(self) -> bool:
        """The AD service is up and takes one more."""
        return self.up and self.fop.takes_data

    @property
    def expedited_room(self) -> bool:
        return self.up and self.fop.ready(TcFrameType.BD)

    def sequence(self, number: int, packet: bytes, now_ns: int) -> None:
        """In order, and confirmed; when there is `sequenced_room`."""
        self._hear(self.fop.transfer(Transfer(number, TcFrameType.AD, packet), now_ns))

    def expedite(self, number: int, packet: bytes, now_ns: int) -> None:
        """Once, whatever state the service is in; when there is `expedited_room`."""
        self._hear(self.fop.transfer(Transfer(number, TcFrameType.BD, packet), now_ns))

    def take(self, now_ns: int) -> bytes:
        """One frame for the line, empty for none."""
        if not self.up or self._free_ns > now_ns + AHEAD_NS:
            return b""
        frame = self.fop.send()
        if frame is None:
            return b""
        octets = self._octets(frame, now_ns)
        if not octets:
            self._hear(self.fop.refused(frame.kind, now_ns))
            return b""
        self._hear(self.fop.left(frame.kind, self._free_ns))  # its last bit goes then, and nothing stops it
        return octets

    def expedited_unit(self, packet: bytes, now_ns: int) -> bytes:
        """For what needs neither order nor an answer: a BD frame at once, empty if none can be made."""
        return self._octets(Outgoing(TcFrameType.BD, 0, packet), now_ns)

    def on_deadline(self, now_ns: int) -> None:
        self._hear(self.fop.on_deadline(now_ns))
        self.keys.on_time(now_ns)

    def _octets(self, frame: Outgoing, now_ns: int) -> bytes:
        """What keeps the line busy from now on; empty, and counted, if the frame cannot be secured."""
        octets = self._unit(frame, now_ns)
        rate = self.times.rate_bit_s
        if octets is None:
            self.counters.not_secured += 1
            return b""
        self._free_ns = max(now_ns, self._free_ns) + (8 * len(octets) * NS // rate if rate else 0)
        return octets

    def _unit(self, frame: Outgoing, now_ns: int) -> bytes | None:
        """Secured at each transmission anew: an old number would be refused once a later one has passed it."""
        if frame.kind is TcFrameType.BC:
            self.counters.control_frames += 1
            channel = self.link.channel
            return self.link.unit(encode_tc_frame(self.spacecraft_id, channel, frame.data, frame.kind))
        made = self._secured(frame)
        if made is None:
            self.keys.settle(now_ns)
            made = self._secured(frame)
        if made is None:
            return None
        self.keys.settle(now_ns)
        self.counters.frames += 1
        return self.link.unit(made)

    def _secured(self, frame: Outgoing) -> bytes | None:
        return secure_tc_frame(
            self.sender,
            self.spacecraft_id,
            self.link.channel,
            frame.data,
            frame.kind,
            frame.sequence,
            segment_header(frame.kind),
        )

    def _hear(self, notices: list[Notice]) -> None:
        for notice in notices:
            if isinstance(notice, AlertNotice):
                self.counters.alerts[notice.alert.name.lower()] += 1
            elif isinstance(notice, TransferNotice):
                if notice.response is Response.POSITIVE_CONFIRM:
                    self.counters.confirmed += 1
                    self.ended.append((notice.request, True))
                elif notice.response in (Response.NEGATIVE_CONFIRM, Response.REJECT):
                    self.counters.not_confirmed += 1
                    self.ended.append((notice.request, False))
