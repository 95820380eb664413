"""What a recording is taken for, in the field's words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from flight.wire import FrameKind, FrameLayout
from flight.wire.coding import NO_REED_SOLOMON, TmCoding, TmRandomisation


class Form(Enum):
    TM = "tm"
    AOS = "aos"
    PACKETS = "packets"


class Given(NamedTuple):
    """What the user said; None where nothing was said."""

    form: Form | None = None
    length: int | None = None
    marker: bool | None = None
    error_control: bool | None = None
    control_field: bool | None = None
    insert_zone: int = 0
    header_error_control: bool = False
    security_header: int = 0
    security_trailer: int = 0
    interleave: int | None = None
    randomisation: TmRandomisation | None = None
    spacecraft_id: int | None = None
    packet_version: int = 0


class RecordingError(Exception):
    """A recording that cannot be read; one line says why."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`frames` is None for bare packets.  Without `marker` frames stand back to back.

    `spacecraft_id`: only its frames, None for all.  `packet_version`: of space packets, 0 but in old recordings.
    """

    form: Form
    frames: FrameLayout | None = None
    marker: bool = False
    interleave: int = NO_REED_SOLOMON
    randomisation: TmRandomisation = TmRandomisation.NONE
    spacecraft_id: int | None = None
    packet_version: int = 0

    @property
    def coding(self) -> TmCoding:
        assert self.frames is not None
        return TmCoding(self.frames.length, self.interleave, self.randomisation, self.frames.error_control)

    @property
    def coded(self) -> bool:
        return self.interleave > 0 or self.randomisation is not TmRandomisation.NONE

    def words(self) -> str:
        """`TM frames of 1113 octets, back to back, no FECF`."""
        if self.frames is None:
            version = f" of version {self.packet_version}" if self.packet_version else ""
            return f"bare space packets{version}"
        frames = self.frames
        parts = [f"{self.form.name} frames of {frames.length} octets"]
        parts.append("behind sync markers" if self.marker else "back to back")
        parts.append("FECF" if frames.error_control else "no FECF")
        if frames.kind is FrameKind.AOS:
            parts.append("OCF" if frames.control_field else "no OCF")
            parts += [f"insert zone of {frames.insert_zone} octets"] * bool(frames.insert_zone)
            parts += ["header error control"] * frames.header_error_control
        if frames.security_header or frames.security_trailer:
            parts.append(
                f"security header {frames.security_header}, trailer {frames.security_trailer} octets"
            )
        parts += [f"Reed-Solomon I={self.interleave}"] * bool(self.interleave)
        if self.randomisation is not TmRandomisation.NONE:
            parts.append(f"{self.randomisation.name.lower()} randomiser")
        return ", ".join(parts)
