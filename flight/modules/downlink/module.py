"""The way down: live telemetry first, then what no pass has seen, then files.

While no station is in sight, packets only go to the recorder and their numbers are noted.  In a pass live packets go
to virtual channel 0, critical ones first; what is left of the line carries the playback on channel 1 and files on 2.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, NamedTuple

from flight.declare import (
    FILES,
    LIVE,
    MINUTE,
    PLAYBACK,
    SECOND,
    U8,
    U16,
    U32,
    U64,
    Access,
    Boot,
    Event,
    Inbox,
    Kept,
    Module,
    Outbox,
    Overflow,
    Parameter,
    Request,
    Severity,
    Signals,
    Telemetry,
    unit,
)
from flight.modules.downlink.playback import Playback
from flight.modules.downlink.shares import Shares
from flight.modules.downlink.stores import StoreService
from flight.wire import IDLE_CHANNEL, LONGEST_PACKET, TmFrameConfig, TmFrameMaker, VirtualChannel
from flight.wire.sdls import Sender, Vault
from flight.wire.telemetry_link import TelemetryLink

EMITTED_MAX = 2048  # packets in one step: ten minutes of normal telemetry, a burst at boot is some hundred
FILES_MAX = 2048  # packets handed over and not yet in the queue: 1.7 s of 1 KiB at 10 Mbit/s
FILES_CAPACITY = 2 * 2**20  # octets in that queue, as many
FILE_STEPS = 3  # of line that files may have waiting here: they answer a step or two later
STORE_SHIFT = 56
COUNT_MASK = (1 << STORE_SHIFT) - 1
ASSERT_EVERY_NS = 30 * SECOND
KEEP_EVERY_NS = 10 * MINUTE  # at most this much is sent twice after a power cut
NOTE_FROM = 32  # packets whose numbers are noted at once while no station is in sight
FETCH_LINES = 2  # read ahead of the line by two steps, so that a slow disk does not idle it


class Unseen(Kept, version=2):
    """The oldest record of each store that no pass has seen, whether anything is known, and which stores wait."""

    known: bool
    first_critical: U64
    first_event: U64
    first_housekeeping: U64
    suspended: U8


KEPT_NAMES = ("first_critical", "first_event", "first_housekeeping")


class Downlink(Module):
    """Packs frames for what the transmitter can take, and never more."""

    serves: ClassVar[tuple[int, ...]] = (15,)
    wakes = ("files",)

    class Inputs(NamedTuple):
        carrier: bool
        room: int
        clcw: int
        stores_off: int

    class Glance(NamedTuple):
        carrier: bool
        room: int
        clcw: int

    class Outputs(Signals):
        live_queue: U16
        file_room: (
            U32  # octets of packets that `files` takes now; what is asked of a worker counts against it
        )

    class Status(Telemetry, period=10):
        """Frames sent, packets waiting and played back."""

        carrier: bool
        passes: U32
        frames: U64
        idle_frames: U32
        live_packets: U64
        played_packets: U64
        unseen_critical: U32
        unseen_event: U32
        unseen_housekeeping: U32
        live_waiting: Annotated[U32, unit("octets")]
        playback_waiting: Annotated[U32, unit("octets")]
        file_packets: U64
        files_waiting: Annotated[U32, unit("octets")]
        files_refused: U32
        absent: U32
        failed_reads: U32
        lost: U32
        playing: bool

    class Security(Telemetry, period=60):
        """Protected frames, and how often some had to wait for a key or for numbers."""

        frames: U64
        no_key: U32
        not_reserved: U32

    class Retrieval(Telemetry, period=60):
        """Packet stores: whose playback is suspended, records asked for and not yet read, deletions."""

        suspended_critical: bool
        suspended_event: bool
        suspended_housekeeping: bool
        asked: U32
        deletions: U32

    idle_after_s = Parameter(
        1.0, unit="s", low=0.1, high=60.0, about="of a pass without a frame, after which an idle one goes"
    )

    pass_began = Event(Severity.INFO, "station in sight, {waiting} records wait", waiting=U32)
    pass_ended = Event(
        Severity.INFO, "station lost after {frames} frames, {waiting} records wait", frames=U32, waiting=U32
    )
    deleted = Event(Severity.LOW, "records of store {store} below {before} are deleted", store=U8, before=U64)

    def __init__(self, transmitter: int | None = None) -> None:
        """`transmitter` is the switch that must be on to send; None where the radio needs none."""
        self.transmitter = transmitter
        self.assert_at = 0
        self.status = self.Status()
        self.status.refresh = self._show
        self.security = self.Security()
        self.security.refresh = self._show_security
        self.retrieval = self.Retrieval()
        self.retrieval.refresh = self._show_retrieval
        self.outputs = self.Outputs()
        self.kept = Unseen()
        self.emitted: Inbox[tuple[int, bytes]] = Inbox(EMITTED_MAX, Overflow.DROP_OLDEST)
        self.requests: Inbox[Request] = Inbox(8)
        self.files: Inbox[bytes] = Inbox(FILES_MAX)  # space packets for channel 2, within `file_room`
        self.playback = Playback()
        self.stores = StoreService(self.playback, self._keep, self.deleted)
        self.carrier = False
        self.frames_at_rise = 0
        self.keep_at = 0
        self.more = False  # something is ready to go, and the line had no room for it
        self.line_frames = 0
        self.measured_until = 0
        self.sent_clcw = 0
        self.idle_at = 0

    def connect(self, access: Access) -> None:
        config = TmFrameConfig(access.spacecraft_id, access.coding.frame_length)
        link, vault = access.borrow(TelemetryLink), access.borrow(Vault)
        self.sender = Sender(link.rule(), vault)
        if link.protected:
            vault.prepare()
        self.maker = TmFrameMaker(config, self.sender, link.protected)
        self.coding, self.cadu_length = access.coding, access.coding.cadu_length
        self.channels = (
            VirtualChannel(self.maker.zone_length(LIVE)),
            VirtualChannel(self.maker.zone_length(PLAYBACK)),
            VirtualChannel(self.maker.zone_length(FILES), FILES_CAPACITY),
        )
        self.shares = Shares([one.share for one in access.shares])
        self.next_counts = list(access.next_counts)  # by store: one past the newest record known here

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        """What was recorded before the reboot and not seen by then is still wanted."""
        for store, name in enumerate(KEPT_NAMES):
            first = getattr(self.kept, name) if self.kept.known else 0
            if first < self.next_counts[store]:
                self.playback.want(store, first, self.next_counts[store] - 1)
        self.playback.suspended = self.kept.suspended
        self.keep_at = now + KEEP_EVERY_NS

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        if sees.carrier != self.carrier:
            self._turn(now, sees.carrier, out)
        if self.requests.items:
            self._serve(sees.stores_off, out)
        if now >= self.assert_at:
            self._key(now, out)
        if self.files.items:
            self._take_files()
        if sees.carrier:
            if self.emitted.items:
                self._queue_live()
            self._send(now, sees, out)
        elif len(self.emitted.items) >= NOTE_FROM:
            self._note_unseen()
        if now >= self.keep_at:
            self.keep_at = now + KEEP_EVERY_NS
            self._keep(out)
        self.outputs.live_queue = min(0xFFFF, len(self.emitted.items))

    def glance(self, now: int, carrier: bool, room: int, clcw: int) -> bool:
        """Between whole seconds, the line has room for what waits; or the contact turns."""
        if carrier != self.carrier:
            return True
        if room < self.cadu_length:
            return False
        return bool(self.emitted.items) or self.more or clcw != self.sent_clcw or now >= self.idle_at

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        self.playback.completed(ticket, result, out)
        self.stores.completed(ticket, result, out)
        self.more = True  # looked at in the next step

    def _key(self, now: int, out: Outbox) -> None:
        """Transmitter on in a pass, off outside; said again now and then, since a latch-up reset may have undone it."""
        self.assert_at = now + ASSERT_EVERY_NS
        if self.transmitter is not None:
            out.set(self.transmitter, int(self.carrier))

    def _turn(self, now: int, carrier: bool, out: Outbox) -> None:
        self.carrier = carrier
        self.line_frames = self.outputs.file_room = 0
        self.assert_at = now
        self._note_unseen()
        waiting = self.playback.backlog()
        if carrier:
            self.status.passes += 1
            self.frames_at_rise = self.status.frames
            out.event(self.pass_began, waiting)
        else:
            out.event(self.pass_ended, self.status.frames - self.frames_at_rise, waiting)
            self.keep_at = now + KEEP_EVERY_NS
            self._keep(out)

    def _note_unseen(self) -> None:
        unseen = self.playback.unseen
        for record, _ in self.emitted.drain():
            store, count = record >> STORE_SHIFT, record & COUNT_MASK
            unseen[store].append(count)
            self.next_counts[store] = count + 1

    def _queue_live(self) -> None:
        """Critical packets overtake the others of the same step."""
        live = self.channels[LIVE]
        packets = self.emitted.drain()
        packets.sort(key=_store)
        for record, packet in packets:
            store, count = record >> STORE_SHIFT, record & COUNT_MASK
            self.next_counts[store] = count + 1
            if live.add(packet):
                self.status.live_packets += 1
            else:
                self.playback.unseen[store].append(count)

    def _send(self, now: int, sees: Inputs, out: Outbox) -> None:
        live, played, filed = self.channels
        frames = sees.room // self.cadu_length
        if frames:
            self._measure(now, frames)
            self._refill(out)
            if played.pending or filed.pending:
                sent = self._deal(frames, sees.clcw, out)
            else:  # nearly always
                self.shares.rest()
                sent = self._drain(LIVE, min(frames, self._wanted(LIVE)), sees.clcw, out)
            if not sent:
                self._send_idle(now, sees.clcw, out)
            else:
                self._note_sent(now, sees.clcw)
        self.more = bool(live.pending or played.pending or filed.pending or self.playback.ready)
        self.outputs.file_room = self._file_room()

    def _deal(self, frames: int, clcw: int, out: Outbox) -> int:
        """To each channel its share; how many frames were sent."""
        dealt = self.shares.deal(frames, [self._wanted(vc) for vc in range(len(self.channels))])
        return sum(self._drain(vc, count, clcw, out) for vc, count in enumerate(dealt))

    def _wanted(self, vc: int) -> int:
        """Frames that could go now; without a key or a number none can, and the others get the line."""
        channel = self.channels[vc]
        if not channel.pending or not self.maker.ready(vc):
            return 0
        return -(-channel.pending // channel.zone_length)

    def _measure(self, now: int, frames: int) -> None:
        """What the line takes from one refill to the next: the most of a second."""
        if now >= self.measured_until:
            self.measured_until = now + SECOND
            self.line_frames = 0
        self.line_frames = max(self.line_frames, frames)

    def _refill(self, out: Outbox) -> None:
        playback, played = self.playback, self.channels[PLAYBACK]
        if not playback.wants:
            return
        line = self.line_frames * played.zone_length
        while playback.ready and played.pending < min(line, played.capacity - LONGEST_PACKET):
            played.add(playback.take())
        playback.fetch(max(FETCH_LINES * line, played.zone_length), out)

    def _send_idle(self, now: int, clcw: int, out: Outbox) -> None:
        """So that the control word comes down: at once when it has changed, else now and then."""
        if (clcw != self.sent_clcw or now >= self.idle_at) and self.maker.ready(IDLE_CHANNEL):
            out.transmit(self.coding.encode(self.maker.make_idle(clcw)))
            self.status.frames += 1
            self.status.idle_frames += 1
            self._note_sent(now, clcw)

    def _note_sent(self, now: int, clcw: int) -> None:
        self.sent_clcw = clcw
        self.idle_at = now + int(self.idle_after_s * SECOND)

    def _take_files(self) -> None:
        """What does not fit was handed over against the signal, and is lost as on the line: counted."""
        filed = self.channels[FILES]
        self.status.file_packets += sum(map(filed.add, self.files.drain()))

    def _file_room(self) -> int:
        filed = self.channels[FILES]
        line = FILE_STEPS * self.line_frames * filed.zone_length
        return max(0, min(line, filed.capacity) - filed.pending)

    def _drain(self, vc: int, count: int, clcw: int, out: Outbox) -> int:
        """Up to `count` frames; how many."""
        if not count:
            return 0
        channel, make, encode = self.channels[vc], self.maker.make, self.coding.encode
        for sent in range(count):
            zone = channel.take() if self.maker.ready(vc) else None  # without key or number it waits
            if zone is None:
                count = sent
                break
            out.transmit(encode(make(vc, zone[0], zone[1], clcw)))
        self.status.frames += count
        return count

    def _keep(self, out: Outbox) -> int:
        if not self.carrier:  # in a pass what was just emitted goes live in this step
            self._note_unseen()
        self.kept.known = True
        for store, name in enumerate(KEPT_NAMES):
            items = self.playback.unseen[store].items
            setattr(self.kept, name, items[0][0] if items else self.next_counts[store])
        self.kept.suspended = self.playback.suspended
        return out.keep()

    def _serve(self, stores_off: int, out: Outbox) -> None:
        self.stores.off, self.stores.next_counts = stores_off, self.next_counts
        for request in self.requests.drain():
            out.finish(request.ident, self.stores.serve(request, out))

    def _show(self) -> None:
        status, playback = self.status, self.playback
        live, played, filed = self.channels
        status.carrier = self.carrier
        status.played_packets = playback.played
        status.unseen_critical, status.unseen_event, status.unseen_housekeeping = (
            r.total() for r in playback.unseen
        )
        status.live_waiting, status.playback_waiting = (
            live.pending,
            played.pending + playback.ready_bytes,
        )
        status.files_waiting, status.files_refused = filed.pending, filed.refused + self.files.dropped
        status.absent, status.failed_reads = playback.absent, playback.failed
        status.lost = self.emitted.dropped
        status.playing = playback.reading is not None or bool(playback.ready)

    def _show_retrieval(self) -> None:
        packet, playback = self.retrieval, self.playback
        suspended = [bool(playback.suspended >> store & 1) for store in range(len(KEPT_NAMES))]
        packet.suspended_critical, packet.suspended_event, packet.suspended_housekeeping = suspended
        packet.asked = sum(ranges.total() for ranges in playback.asked)
        packet.deletions = self.stores.deletions

    def _show_security(self) -> None:
        packet, counters = self.security, self.sender.counters
        packet.frames = counters.frames
        packet.no_key, packet.not_reserved = counters.no_key, counters.not_reserved


def _store(emitted: tuple[int, bytes]) -> int:
    return emitted[0] >> STORE_SHIFT
