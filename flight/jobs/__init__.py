"""Jobs of tenants: the package they come in, who may send what, what is on board for them, and the receipt."""

from flight.jobs.control import (
    PROTOCOL,
    REQUEST_OCTETS,
    STATUS_OCTETS,
    STOPPED_STATUS,
    Status,
    Wanted,
    read_status,
    request_octets,
)

__all__ = [
    "PROTOCOL",
    "REQUEST_OCTETS",
    "STATUS_OCTETS",
    "STOPPED_STATUS",
    "Status",
    "Wanted",
    "read_status",
    "request_octets",
]
