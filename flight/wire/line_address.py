"""What `--link` says, on board and on the ground: where the octets of the space link are.

    serial:/dev/ttyUSB0@921600    a serial port or a pseudo-terminal, 8 data bits, no parity, one stop bit
    tcp:HOST:PORT                 a serial server, a modem, a simulated radio; we connect
    udp:HOST:PORT                 datagrams to there, and the answers
    udp::PORT                     datagrams to our port, and answers to whoever sent the last

`@BAUD` after a port of tcp or udp is the rate of the serial line behind it, so that no more is handed over than it
takes.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

BITS_PER_OCTET = 10  # of a UART: a start bit, eight of data, a stop bit
BAUD_LOWEST, BAUD_HIGHEST = 300, 12_000_000  # of what USB adapters and UARTs of our boards offer
PORT_HIGHEST = 65_535
SHAPE = "serial:DEVICE@BAUD, tcp:HOST:PORT or udp:HOST:PORT"
_SERIAL = re.compile(r"serial:(?P<device>/[^@\0\n]+)@(?P<baud>\d{1,9})")
_SOCKET = re.compile(
    r"(?P<kind>tcp|udp):(?://)?(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^:\s/\[\]@]*):(?P<port>\d{1,5})(?:@(?P<baud>\d{1,9}))?"
)


class LineAddressError(ValueError):
    """No address of a line; one line says what is expected."""


class LineKind(enum.Enum):
    SERIAL = "serial"
    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True)
class LineAddress:
    """`device` of a serial line; `host` and `port` of the others.  `baud` 0: not known."""

    kind: LineKind
    device: str = ""
    host: str = ""
    port: int = 0
    baud: int = 0

    def __str__(self) -> str:
        rate = f"@{self.baud}" if self.baud else ""
        if self.kind is LineKind.SERIAL:
            return f"serial:{self.device}{rate}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind.value}:{host}:{self.port}{rate}"

    @property
    def octets_s(self) -> int:
        """What the line carries, 0 where that is not known."""
        return self.baud // BITS_PER_OCTET


def parse_line_address(text: str) -> LineAddress:
    """LineAddressError, in one line, for anything else than the above."""
    text = text.strip()
    match = _SERIAL.fullmatch(text)
    if match is not None:
        return LineAddress(LineKind.SERIAL, device=match["device"], baud=_baud(text, match["baud"]))
    match = _SOCKET.fullmatch(text)
    if match is None:
        hint = (
            " (a serial device is given as an absolute path, with its rate)"
            if text.startswith("serial:")
            else ""
        )
        raise LineAddressError(f"{text!r} is no link, expected {SHAPE}{hint}")
    kind, host, port = LineKind(match["kind"]), match["host"].strip("[]"), int(match["port"])
    if not 0 < port <= PORT_HIGHEST or (not host and kind is not LineKind.UDP):
        raise LineAddressError(f"{text!r} is no link, expected {SHAPE}")
    baud = _baud(text, match["baud"]) if match["baud"] else 0
    return LineAddress(kind, host=host, port=port, baud=baud)


def _baud(text: str, digits: str) -> int:
    baud = int(digits)
    if not BAUD_LOWEST <= baud <= BAUD_HIGHEST:
        raise LineAddressError(f"{text!r}: expected {BAUD_LOWEST} to {BAUD_HIGHEST} baud")
    return baud
