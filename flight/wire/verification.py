"""Bodies of service 1, request verification (ECSS-E-ST-70-41C, 8.1), and the failure codes both ends share.

Body: request id u32; of a progress report then the step u16; of a failure then the failure code u16, the
length of the reason u8, and the reason for people in UTF-8.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from flight.wire.rejection import Reason, Rejection

VERIFICATION_SERVICE = 1
LONGEST_REASON = 120  # octets; a whole report then fits in one 223-octet frame


class Report(IntEnum):
    """Subtypes of service 1.  Odd is good news."""

    ACCEPTED = 1
    NOT_ACCEPTED = 2
    STARTED = 3
    NOT_STARTED = 4
    PROGRESS = 5
    PROGRESS_FAILED = 6
    COMPLETED = 7
    NOT_COMPLETED = 8


class Failure(IntEnum):
    """On the wire and in archives: never renumber, never reuse."""

    BAD_CRC = 1
    UNKNOWN_APID = 2
    UNKNOWN_SERVICE = 3
    UNKNOWN_FUNCTION = 4
    BAD_LENGTH = 5
    ARGUMENT_RANGE = 6
    WRONG_MODE = 7
    NOT_ARMED = 8
    ARM_EXPIRED = 9
    QUEUE_FULL = 10
    DUPLICATE = 11
    MODULE_ISOLATED = 12
    TIMEOUT = 13
    EXECUTION = 14
    STORAGE = 15
    DICTIONARY_MISMATCH = 16
    DRY_RUN_REFUSED = 17
    LATE = 18
    INTERLOCK = 19
    NOT_FOUND = 20
    CANCELLED = 21


class Verification(NamedTuple):
    """`failure` is None in good news; a plain int where the other end knows a code that we do not."""

    request_id: int
    step: int | None = None
    failure: Failure | int | None = None
    detail: str = ""


_FAILURES = {int(code): code for code in Failure}
_WITH_STEP = (Report.PROGRESS, Report.PROGRESS_FAILED)
_request = Struct(">I")
_step = Struct(">H")
_failure = Struct(">HB")


def encode_verification(
    request_id: int, failure_code: int | None = None, detail: bytes = b"", step: int | None = None
) -> bytes:
    """`detail` (UTF-8) is cut to 120 octets, between characters.  `step` is for progress reports alone."""
    body = _request.pack(request_id)
    if step is not None:
        body += _step.pack(step)
    if failure_code is None:
        return body
    reason = detail[:LONGEST_REASON].decode("utf-8", "ignore").encode()
    return body + _failure.pack(failure_code, len(reason)) + reason


def decode_verification(subtype: int, body: bytes) -> Verification | Rejection:
    """`subtype` says which fields there are.  A reason that is no UTF-8 gets replacement characters."""
    if not Report.ACCEPTED <= subtype <= Report.NOT_COMPLETED:
        return Rejection(Reason.FIELD, f"subtype {subtype}")
    position = _request.size + (_step.size if subtype in _WITH_STEP else 0)
    failed = subtype % 2 == 0
    if len(body) < position + failed * _failure.size:
        return Rejection(Reason.TOO_SHORT, f"{len(body)} octets of verification")
    (request_id,) = _request.unpack_from(body)
    step = _step.unpack_from(body, _request.size)[0] if subtype in _WITH_STEP else None
    if not failed:
        if len(body) != position:
            return Rejection(Reason.LENGTH, f"{len(body)} octets of verification")
        return Verification(request_id, step)
    code, length = _failure.unpack_from(body, position)
    reason = body[position + _failure.size :]
    if len(reason) != length:
        return Rejection(Reason.LENGTH, f"reason of {length} octets, {len(reason)} present")
    return Verification(request_id, step, _FAILURES.get(code, code), reason.decode("utf-8", "replace"))
