"""The line of `--link`: its address becomes a driver.  Name servers are asked at start alone, for they take seconds."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

from flight.drivers.line_link import AHEAD_NS, Endpoint, LineLink
from flight.drivers.serial_port import SerialPort
from flight.drivers.tcp_socket import TcpSocket
from flight.drivers.udp_socket import UdpSocket
from flight.drivers.umbilical_pipes import LinePipe, Pipe, ZmqPipe
from flight.wire.line_address import LineAddress, LineAddressError, LineKind, parse_line_address


def resolved(text: str) -> LineAddress:
    """With a numeric host.  LineAddressError, in one line, for what is no address or can never carry octets."""
    address = parse_line_address(text)
    if address.kind is LineKind.SERIAL:
        _check_device(address)
        return address
    if not address.host:
        return address
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise LineAddressError(f"{text}: {error.strerror or error}") from None
    return replace(address, host=str(found[0][4][0]))


def _check_device(address: LineAddress) -> None:
    """A device that is absent may come; a file never becomes one."""
    path = Path(address.device)
    if path.is_dir() or path.is_file():
        raise LineAddressError(f"{address}: is no serial port")


def make_link(address: LineAddress, frame_octets: int, period_ns: int = AHEAD_NS) -> LineLink:
    """`frame_octets` is what is handed over at once, `period_ns` how often: so much may wait, and at least 0.1 s."""
    return LineLink(
        _endpoint(address, frame_octets), address.octets_s, frame_octets, max(AHEAD_NS, period_ns)
    )


def _endpoint(address: LineAddress, frame_octets: int) -> Endpoint:
    if address.kind is LineKind.SERIAL:
        return SerialPort(address.device, address.baud)
    if address.kind is LineKind.UDP:
        return UdpSocket(address.host, address.port, frame_octets)
    return TcpSocket(address.host, address.port)


def umbilical_pipe(where: str) -> Pipe:
    """ValueError for what is neither tcp://HOST:PORT nor serial:DEVICE@BAUD."""
    if not where.startswith(f"{LineKind.SERIAL.value}:"):
        return ZmqPipe(where)
    address = resolved(where)
    return LinePipe(SerialPort(address.device, address.baud))
