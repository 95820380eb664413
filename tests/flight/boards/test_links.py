"""`--link` becomes a driver."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from flight.boards.links import make_link, resolved
from flight.drivers.serial_port import SerialPort
from flight.drivers.tcp_socket import TcpSocket
from flight.drivers.udp_socket import UdpSocket
from flight.wire.line_address import LineAddressError


def test_hosts_become_numeric() -> None:
    assert resolved("tcp:localhost:5000").host in {"127.0.0.1", "::1"}
    assert resolved("tcp:[::1]:5000").host == "::1"
    assert str(resolved("udp::5000")) == "udp::5000"


def test_a_name_that_nobody_knows_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("flight.boards.links.socket.getaddrinfo", nobody)
    with pytest.raises(LineAddressError, match="^tcp:no-such-host:5: Name or service not known$"):
        resolved("tcp:no-such-host:5")


def test_a_device_may_be_absent_and_a_file_is_none(tmp_path: Path) -> None:
    assert resolved(f"serial:{tmp_path}/absent@9600").device == f"{tmp_path}/absent"
    (tmp_path / "file").write_bytes(b"")
    for name in ("file", ""):
        with pytest.raises(LineAddressError, match="@9600: is no serial port$"):
            resolved(f"serial:{tmp_path}/{name}@9600")


def test_each_kind_has_its_driver_and_its_rate() -> None:
    serial = make_link(resolved("serial:/dev/absent@115200"), 227)
    assert isinstance(serial.endpoint, SerialPort)
    assert (serial.octets_s, serial._limit) == (11_520, 1_152)
    assert make_link(resolved("serial:/dev/absent@115200"), 227, 10**9)._limit == 11_520
    tcp = make_link(resolved("tcp:127.0.0.1:5"), 227)
    assert isinstance(tcp.endpoint, TcpSocket)
    assert tcp.octets_s == 0
    udp = make_link(resolved("udp:127.0.0.1:5"), 227)
    assert isinstance(udp.endpoint, UdpSocket)
    assert udp.endpoint.unit == 227
