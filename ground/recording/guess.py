"""What a file is, from its first octets: where nothing was said, and where what was said cannot be.

Each answer is borne out by the file: markers at equal distances, checksums that match, codewords that are whole,
counts that go on from frame to frame.  What is found is told as an assumption.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flight.wire import SYNC_MARKER, FrameKind, FrameLayout, Rejection, crc_ok, decode_clcw
from flight.wire.coding import NO_REED_SOLOMON, PARITY_LENGTH, TmCodec, TmCoding, TmRandomisation
from ground.parity_arrays import parity
from ground.recording.layout import Form, Given, Layout, RecordingError
from ground.recording.walking import PacketWalk

HEAD_OCTETS = 1 << 18  # looked at; 128 of the longest TM frames
LOOKED_AT = 64  # frames
SHORTEST, LONGEST = 19, 2048
MOST = 0.6  # of the frames looked at must agree; the rest may be damage or another spacecraft's
HANDFUL = 5
WALK_PACKETS = 4  # fewer in a row could be chance
INTERLEAVES = (1, 2, 3, 4, 5, 8)  # of the standard


@dataclass(frozen=True, slots=True)
class Guess:
    """`assumed`: for each thing that nobody said, what it was taken for and why."""

    layout: Layout
    assumed: tuple[str, ...]


def guess_layout(head: bytes, given: Given, *, whole: bool = True) -> Guess:
    """`head` is the start of the file, all of it if `whole`.  RecordingError if it cannot be told."""
    head = head[:HEAD_OCTETS]
    if given.form is Form.PACKETS or (given.form is None and given.length is None and not given.marker):
        walked = _packets(head, given, whole and len(head) < HEAD_OCTETS)
        if walked is not None:
            return walked
    if given.marker is not False:
        marked = _marked(head, given)
        if marked is not None:
            return marked
        if given.marker:
            raise RecordingError(
                "no sync markers 1ACFFC1D at equal distances in the first "
                f"{len(head):,} octets; give --length and the coding, or --no-marker"
            )
    return _adjacent(head, given)


# ---------------------------------------------------------------- packets


def _packets(head: bytes, given: Given, whole: bool) -> Guess | None:
    layout = Layout(Form.PACKETS, packet_version=given.packet_version)
    if given.form is Form.PACKETS:
        return Guess(layout, ())
    walk = PacketWalk(given.packet_version)
    packets = walk.receive(head) + (walk.finish() if whole else [])
    taken = sum(len(packet.octets) for packet in packets)
    if taken < MOST * (taken + walk.skipped_octets + (walk.held if whole else 0)):
        return None
    last: dict[bytes, int] = {}
    follow = seen = 0
    for _, octets in packets:
        if len(octets) < 7:
            continue
        count = (octets[2] << 8 | octets[3]) & 0x3FFF
        before = last.get(octets[:2])
        last[octets[:2]] = count
        seen += before is not None
        follow += before is not None and (count - before) & 0x3FFF == 1
    good = sum(crc_ok(packet.octets) for packet in packets)
    if good < max(1, MOST * len(packets)) and (seen < WALK_PACKETS or follow < MOST * seen):
        return None
    why = f"{len(packets):,} headers in a row lead from one to the next"
    return Guess(layout, (f"bare space packets: {why}",))


# ---------------------------------------------------------------- frames behind markers


def _marked(head: bytes, given: Given) -> Guess | None:
    distance, share = marker_distance(head)
    if not distance and given.length is not None and head.count(SYNC_MARKER):
        return _told_marked(given)
    if not distance or distance <= len(SYNC_MARKER) + SHORTEST:
        return None
    if not given.marker and share * distance < 0.25 * len(head):
        return None
    block = distance - len(SYNC_MARKER)
    blocks = _blocks(head, block)
    assumed = [f"sync markers: {share} stand {distance} octets apart"] if given.marker is None else []
    best: tuple[int, TmCoding] = (-1, TmCoding(block, error_control=False))
    for coding in _codings(block, given):
        codec = TmCodec(coding, parity)
        score = sum(not isinstance(codec.decode(one, mend=False), Rejection) for one in blocks)
        if score > best[0]:
            best = (score, coding)
    score, coding = best
    if score < max(1, len(blocks) // 4):
        coding = TmCoding(block, given.interleave or NO_REED_SOLOMON, error_control=False)
        if given.randomisation is not None:
            coding = TmCoding(coding.frame_length, coding.interleave, given.randomisation, False)
        assumed.append("uncoded, no FECF: no coding and no checksum that is known fits")
    else:
        assumed.append(f"{_coding_words(coding)}: fits {score} of {len(blocks)} blocks looked at")
    if given.length is not None and given.length != coding.frame_length:
        raise RecordingError(
            f"--length {given.length}: sync markers stand {distance} octets apart, "
            f"so frames have {coding.frame_length} octets with {_coding_words(coding)}"
        )
    codec = TmCodec(coding, parity)
    frames = [
        found.frame for one in blocks if not isinstance(found := codec.decode(one, mend=False), Rejection)
    ]
    return _finished(frames, given, coding, assumed, marker=True)


def _told_marked(given: Given) -> Guess:
    """Too few markers to measure by; the user knows."""
    assert given.length is not None
    coding = TmCoding(
        given.length,
        given.interleave or NO_REED_SOLOMON,
        given.randomisation or TmRandomisation.NONE,
        given.error_control is not False,
    )
    return _finished([], given, coding, [], marker=True)


def marker_distance(head: bytes) -> tuple[int, int]:
    """(most frequent distance between markers, how often it was seen); zeros if there are none."""
    places, at = [], head.find(SYNC_MARKER)
    while at >= 0:
        places.append(at)
        at = head.find(SYNC_MARKER, at + 1)
    distances = Counter(np.diff(places).tolist() if len(places) > 1 else ())
    if not distances:
        rest = len(head) - len(SYNC_MARKER)
        return (len(head), 1) if places == [0] and SHORTEST <= rest <= LONGEST else (0, 0)
    ((distance, share),) = distances.most_common(1)
    return int(distance), share


def _blocks(head: bytes, length: int) -> list[bytes]:
    """What stands behind the first markers."""
    blocks: list[bytes] = []
    at = head.find(SYNC_MARKER)
    while 0 <= at <= len(head) - length - len(SYNC_MARKER) and len(blocks) < LOOKED_AT:
        start = at + len(SYNC_MARKER)
        blocks.append(head[start : start + length])
        at = head.find(SYNC_MARKER, at + 1)
    return blocks


def _codings(block: int, given: Given) -> Iterator[TmCoding]:
    """Those that may be, the plainest and those with a checksum first."""
    depths: Sequence[int] = (
        (NO_REED_SOLOMON, *INTERLEAVES) if given.interleave is None else (given.interleave,)
    )
    registers = tuple(TmRandomisation) if given.randomisation is None else (given.randomisation,)
    controls = (True, False) if given.error_control is None else (given.error_control,)
    for error_control in controls:
        for depth in depths:
            length = block - depth * PARITY_LENGTH
            if not error_control and not depth:
                continue  # nothing to bear it out
            for randomisation in registers:
                try:
                    yield TmCoding(length, depth, randomisation, error_control)
                except ValueError:
                    continue


def _coding_words(coding: TmCoding) -> str:
    parts = [f"Reed-Solomon I={coding.interleave}"] * bool(coding.interleave)
    if coding.randomisation is not TmRandomisation.NONE:
        parts.append(f"{coding.randomisation.name.lower()} randomiser")
    return ", ".join([*(parts or ["uncoded"]), "FECF" if coding.error_control else "no FECF"])


# ---------------------------------------------------------------- frames back to back


def _adjacent(head: bytes, given: Given) -> Guess:
    coded = bool(given.interleave) or given.randomisation not in (None, TmRandomisation.NONE)
    if coded and given.length is None:
        raise RecordingError("coded frames without sync markers: --length must be given")
    length, assumed = given.length, []
    if length is None:
        length, share = frame_stride(head, given.form)
        if not length:
            raise RecordingError(
                "cannot tell what this is: no sync markers, no headers of packets or frames that go on; "
                "give --format and --length"
            )
        assumed.append(f"frames of {length} octets: headers at that distance go on in {share:.0%}")
    elif not coded and len(head) >= 2 * length and going_on(head, length, given.form) < MOST / 2:
        better, share = frame_stride(head, given.form)
        if better and better != length:
            raise RecordingError(
                f"--length {length}: headers at that distance do not go on; at {better} octets they do in {share:.0%}"
            )
    coding = (
        TmCoding(
            length,
            given.interleave or NO_REED_SOLOMON,
            given.randomisation or TmRandomisation.NONE,
            bool(given.error_control),
        )
        if coded
        else None
    )
    step = coding.block_length if coding else length
    blocks = [head[at : at + step] for at in range(0, min(len(head) - step + 1, LOOKED_AT * step), step)]
    if coding:
        codec = TmCodec(coding, parity)
        found = [codec.decode(one) for one in blocks]
        blocks = [one.frame for one in found if not isinstance(one, Rejection)]
    plain = coding or TmCoding(min(length, LONGEST), error_control=bool(given.error_control))
    return _finished(blocks, given, plain, assumed, marker=False, length=length)


def _first_bits(head: bytes, stride: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """(first two octets of each frame as one number, all octets as rows)."""
    count = min(len(head) // stride, LOOKED_AT)
    rows = np.frombuffer(head[: count * stride], dtype=np.uint8).reshape(count, stride)
    return rows[:, 0].astype(np.int64) << 8 | rows[:, 1], rows


def going_on(head: bytes, stride: int, form: Form | None) -> float:
    """How many of the frames that so long a distance makes have a count that follows on that of the one before."""
    if len(head) < 2 * stride:
        return 0.0
    firsts, rows = _first_bits(head, stride)
    best = 0.0
    if form in (None, Form.TM):
        same = _share_of_most(firsts >> 4, firsts >> 14 == 0)
        steps = (rows[1:, 2].astype(np.int64) - rows[:-1, 2]) & 0xFF
        best = same * float(np.mean((steps > 0) & (steps < 32)))
    if form in (None, Form.AOS):
        same = _share_of_most(firsts >> 6, firsts >> 14 == 1)
        best = max(best, same * _aos_share(firsts & 0x3F, rows))
    return best


def _share_of_most(ids: NDArray[np.int64], fits: NDArray[np.bool_]) -> float:
    found = ids[fits]
    return float(np.unique(found, return_counts=True)[1].max() / len(ids)) if len(found) else 0.0


def _aos_share(channels: NDArray[np.int64], rows: NDArray[np.uint8]) -> float:
    """Of frames whose count follows on the one before in their virtual channel."""
    counts = rows[:, 2].astype(np.int64) << 16 | rows[:, 3].astype(np.int64) << 8 | rows[:, 4]
    follow = seen = 0
    for channel in np.unique(channels):
        steps = np.diff(counts[channels == channel]) & 0xFFFFFF
        seen += len(steps)
        follow += int(np.count_nonzero((steps > 0) & (steps < 32)))
    return follow / seen if seen else 0.0


def frame_stride(head: bytes, form: Form | None) -> tuple[int, float]:
    """(frame length, how much bears it out); zeros if no length does.  Of multiples the shortest wins.

    Of a handful of frames, which may agree by chance, one must also end in a valid CRC-16.
    """
    best, length = 0.0, 0
    for stride in range(SHORTEST, min(LONGEST, len(head) // 2) + 1):
        if not _alike(head, stride):
            continue
        share = going_on(head, stride, form)
        if share <= best + 0.01 or share < MOST:
            continue
        ends = range(stride, min(len(head), HANDFUL * stride) + 1, stride)
        if len(ends) >= HANDFUL or any(crc_ok(head[end - stride : end]) for end in ends):
            best, length = share, stride
    return length, best


def _alike(head: bytes, stride: int) -> bool:
    """A quick look: most of the first frames begin with the same ten bits, as both TM and AOS frames do."""
    firsts = Counter(
        (head[at] << 8 | head[at + 1]) >> 6 for at in range(0, min(len(head) - 1, 8 * stride), stride)
    )
    ((_, share),) = firsts.most_common(1)
    return share >= MOST * firsts.total()


# ---------------------------------------------------------------- both


def _finished(
    frames: list[bytes], given: Given, coding: TmCoding, assumed: list[str], *, marker: bool, length: int = 0
) -> Guess:
    """With form, FECF and OCF as the frames themselves show them."""
    length = length or coding.frame_length
    form = given.form
    if form is None:
        versions = Counter(frame[0] >> 6 for frame in frames if frame)
        form = Form.AOS if versions[1] > versions[0] else Form.TM
        assumed.append(
            f"{form.name} frames: {versions[int(form is Form.AOS)]} of {len(frames)} have that version"
        )
    error_control = coding.error_control
    if given.error_control is None and not marker:
        good = sum(map(crc_ok, frames))
        error_control = good > len(frames) // 2
        assumed.append(
            f"{'FECF' if error_control else 'no FECF'}: {good} of {len(frames)} frames end in a valid CRC-16"
        )
    elif given.error_control is not None:
        error_control = given.error_control
    control_field = bool(given.control_field)
    if form is Form.AOS and given.control_field is None:
        end = length - 2 * error_control
        words = [int.from_bytes(frame[end - 4 : end], "big") for frame in frames]
        good = sum(not isinstance(decode_clcw(word), Rejection) and not word & 0x30100 for word in words)
        control_field = good > len(frames) * MOST
        assumed.append(
            f"{'OCF' if control_field else 'no OCF'}: {good} of {len(frames)} frames end in a CLCW"
        )
    try:
        layout = FrameLayout(
            FrameKind.TM if form is Form.TM else FrameKind.AOS,
            length,
            error_control,
            control_field,
            given.insert_zone,
            given.header_error_control,
            given.security_header,
            given.security_trailer,
        )
    except ValueError as error:
        raise RecordingError(str(error)) from None
    return Guess(
        Layout(
            form,
            layout,
            marker,
            coding.interleave,
            coding.randomisation,
            given.spacecraft_id,
            given.packet_version,
        ),
        tuple(assumed),
    )
