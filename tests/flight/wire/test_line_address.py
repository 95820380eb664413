"""What `--link` says."""

from __future__ import annotations

import pytest

from flight.wire.line_address import (
    BAUD_HIGHEST,
    BAUD_LOWEST,
    LineAddress,
    LineAddressError,
    LineKind,
    parse_line_address,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("serial:/dev/ttyUSB0@921600", LineAddress(LineKind.SERIAL, device="/dev/ttyUSB0", baud=921_600)),
        (
            "serial:/dev/serial/by-id/usb-FTDI_1-if00@9600",
            LineAddress(LineKind.SERIAL, device="/dev/serial/by-id/usb-FTDI_1-if00", baud=9_600),
        ),
        ("tcp:1.2.3.4:5000", LineAddress(LineKind.TCP, host="1.2.3.4", port=5_000)),
        ("tcp://station.example:1", LineAddress(LineKind.TCP, host="station.example", port=1)),
        ("tcp:[::1]:65535", LineAddress(LineKind.TCP, host="::1", port=65_535)),
        (" tcp:a:80@115200 ", LineAddress(LineKind.TCP, host="a", port=80, baud=115_200)),
        ("udp:host:7", LineAddress(LineKind.UDP, host="host", port=7)),
        ("udp::7", LineAddress(LineKind.UDP, port=7)),
    ],
)
def test_addresses_and_back(text: str, expected: LineAddress) -> None:
    found = parse_line_address(text)
    assert found == expected
    assert parse_line_address(str(found)) == expected


def test_a_uart_takes_ten_bits_for_an_octet() -> None:
    assert parse_line_address("serial:/dev/x@921600").octets_s == 92_160
    assert parse_line_address("tcp:a:1").octets_s == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tcp:",
        "tcp:host",
        "tcp::5",
        "tcp:h:0",
        "tcp:h:65536",
        "tcp:h:-5",
        "tcp:h:1/x",
        "udp:",
        "udp::0",
        "host:1",
        "serial:",
        "serial:ttyUSB0@9600",
        "serial:/dev/ttyUSB0",
        "serial:/dev/ttyUSB0@",
        "serial:/dev/ttyUSB0@fast",
        "serial:/dev/a\n@9600",
    ],
)
def test_what_is_no_address_is_said_in_one_line(text: str) -> None:
    with pytest.raises(
        LineAddressError, match="is no link, expected serial:DEVICE@BAUD, tcp:HOST:PORT or udp"
    ) as said:
        parse_line_address(text)
    assert "\n" not in str(said.value)


@pytest.mark.parametrize("baud", [0, BAUD_LOWEST - 1, BAUD_HIGHEST + 1])
def test_a_rate_that_no_line_has(baud: int) -> None:
    with pytest.raises(LineAddressError, match=f"expected {BAUD_LOWEST} to {BAUD_HIGHEST} baud"):
        parse_line_address(f"serial:/dev/x@{baud}")
    with pytest.raises(LineAddressError, match="baud"):
        parse_line_address(f"tcp:h:1@{baud}")
