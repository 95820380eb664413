"""What a link did and what it lost, for telemetry and for the ground's link page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from flight.wire.rejection import Reason


@dataclass(slots=True)
class LinkCounters:
    """Receiving end of telemetry.  Every octet received is in a good frame, in `skipped_octets`, or held."""

    frames: int = 0  # good ones: marker found, error control matches
    bad_error_control: int = 0  # candidates after a marker whose error control did not match
    damaged_markers: int = 0  # good frames found in their place though the marker was hit
    corrected_frames: int = 0  # good ones that Reed-Solomon mended
    corrected_symbols: int = 0
    uncorrectable: int = 0  # codeblocks that Reed-Solomon refused, or that failed error control behind it
    skipped_octets: int = 0
    vc_gaps: int = 0
    lost_frames: int = 0  # by the virtual channels' counts
    lost_by_channel: Counter[int] = field(default_factory=Counter)
    repeated_frames: int = 0
    idle_frames: int = 0
    packets: int = 0  # without idle packets
    idle_packets: int = 0
    rejections: Counter[Reason] = field(default_factory=Counter)


@dataclass(slots=True)
class CommandLinkCounters:
    """Receiving end of telecommand.  Every octet is in an accepted frame, in `skipped_octets`, or held."""

    frames: int = 0
    packets: int = 0
    idle_packets: int = 0
    skipped_octets: int = 0
    rejections: Counter[Reason] = field(default_factory=Counter)
