"""The way up: octets of the receiver to authentic telecommand packets; the keys of the link."""

from flight.modules.uplink.module import Uplink

__all__ = ["Uplink"]
