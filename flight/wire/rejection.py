"""Why bytes from outside were refused.  A parser returns a `Rejection`; it never raises for its input."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Reason(Enum):
    """One for each counter in telemetry and each column in the ground's link page."""

    TOO_SHORT = "shorter than its headers"
    LENGTH = "length field and octets disagree"
    TOO_LONG = "longer than the link allows"
    VERSION = "version number of another protocol"
    CHECKSUM = "error control field does not match"
    SPACECRAFT = "for or from another spacecraft"
    CHANNEL = "virtual channel that nobody serves"
    FRAME_TYPE = "frame type that this receiver does not take"
    FIRST_HEADER = "first header pointer and packet lengths disagree"
    PACKET_LOST = "packet cut by lost frames"
    PACKET_TYPE = "telemetry where telecommand belongs, or the reverse"
    SECONDARY_HEADER = "no secondary header"
    PUS_VERSION = "not PUS-C"
    FIELD = "field outside its range"
    PROTECTED = "protected, and not opened"


class Rejection(NamedTuple):
    """`detail` is for people: the value found, in a few words."""

    reason: Reason
    detail: str = ""
