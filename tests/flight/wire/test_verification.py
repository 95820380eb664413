# mypy: disable-error-code="import-untyped, union-attr"
from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacepackets.ecss.fields import PacketFieldEnum
from spacepackets.ecss.pus_1_verification import (
    FailureNotice,
    ManagedParamsVerification,
    Service1Tm,
    VerificationParams,
)
from spacepackets.ecss.req_id import RequestId
from spacepackets.ecss.tm import PusTm

from flight.wire import (
    Failure,
    Reason,
    Rejection,
    Report,
    Verification,
    decode_tc,
    decode_verification,
    encode_tc,
    encode_verification,
)
from flight.wire.definitions import verification

REQUESTS = st.integers(0, 2**32 - 1)
REASONS = st.text(max_size=120).filter(lambda text: len(text.encode()) <= 120)
WITH_STEP = (Report.PROGRESS, Report.PROGRESS_FAILED)
GOOD = [report for report in Report if report % 2]
BAD = [report for report in Report if not report % 2]


def body_of(subtype: int, request: int, step: int, code: int, reason: str) -> bytes:
    return encode_verification(
        request,
        code if subtype in BAD else None,
        reason.encode(),
        step=step if subtype in WITH_STEP else None,
    )


@given(st.sampled_from(Report), REQUESTS, st.integers(0, 65535), st.integers(0, 65535), REASONS)
def test_round_trip_and_definition(subtype, request, step, code, reason) -> None:
    body = body_of(subtype, request, step, code, reason)
    failed = subtype in BAD
    back = decode_verification(subtype, body)
    assert back == Verification(
        request, step if subtype in WITH_STEP else None, code if failed else None, reason if failed else ""
    )
    if failed and code in set(Failure):
        assert isinstance(back.failure, Failure)
    notice = {"code": code, "length": len(reason.encode()), "reason": reason.encode()}
    assert body == verification(step=subtype in WITH_STEP, failure=failed).build(
        {
            "request": {"packet_id": request >> 16, "sequence_control": request & 0xFFFF},
            "step": step,
            "failure": notice,
        }
    )


@given(st.sampled_from(Failure), REASONS)
def test_spacepackets_reads_the_same_report(code: Failure, reason: str) -> None:
    """Our notice is theirs with a 16-bit code, whose data is the length and the text."""
    telecommand = encode_tc(7, 78, 8, 1, b"")
    request = decode_tc(telecommand).request_id
    body = encode_verification(request, code, reason.encode())
    text = reason.encode()
    theirs = VerificationParams(
        req_id=RequestId.unpack(telecommand[:4]),
        failure_notice=FailureNotice(PacketFieldEnum.with_byte_size(2, code), bytes([len(text)]) + text),
    )
    assert bytes(theirs.pack()) == body
    report = Service1Tm.from_tm(
        PusTm(service=1, message_subtype=2, apid=1, timestamp=bytes(7), source_data=body),
        ManagedParamsVerification(bytes_step_id=2, bytes_err_code=2),
    )
    assert report.tc_req_id.as_u32() == request
    assert report.error_code.val == code


def test_long_reasons_are_cut_between_characters() -> None:
    exact = decode_verification(2, encode_verification(1, Failure.EXECUTION, b"x" * 120))
    assert exact.detail == "x" * 120
    longer = decode_verification(2, encode_verification(1, Failure.EXECUTION, b"x" * 121))
    assert longer.detail == "x" * 120
    split = decode_verification(2, encode_verification(1, Failure.EXECUTION, ("x" * 119 + "µ").encode()))
    assert split.detail == "x" * 119


def test_an_unknown_code_stays_a_number_and_bad_text_is_replaced() -> None:
    back = decode_verification(8, struct.pack(">IHB", 5, 65000, 2) + b"\xff!")
    assert back == Verification(5, None, 65000, "�!")
    assert not isinstance(back.failure, Failure)


@pytest.mark.parametrize("subtype", Report)
def test_every_truncation_and_extension_is_rejected(subtype: Report) -> None:
    body = body_of(subtype, 0x1807C04E, 3, Failure.LATE, "too late")
    for size in range(len(body)):
        assert isinstance(decode_verification(subtype, body[:size]), Rejection), size
    assert decode_verification(subtype, body + b"!").reason is Reason.LENGTH


@pytest.mark.parametrize("subtype", [0, 9, 10, 255])
def test_other_subtypes(subtype: int) -> None:
    assert decode_verification(subtype, bytes(40)).reason is Reason.FIELD


@given(st.integers(0, 255), st.binary(max_size=140))
def test_any_bytes_decode_or_are_rejected(subtype: int, body: bytes) -> None:
    assert isinstance(decode_verification(subtype, body), Verification | Rejection)


def test_codes_on_the_wire_never_change() -> None:
    """A change here breaks every archive: add, never renumber."""
    assert {code.name: int(code) for code in Failure} == {
        "BAD_CRC": 1,
        "UNKNOWN_APID": 2,
        "UNKNOWN_SERVICE": 3,
        "UNKNOWN_FUNCTION": 4,
        "BAD_LENGTH": 5,
        "ARGUMENT_RANGE": 6,
        "WRONG_MODE": 7,
        "NOT_ARMED": 8,
        "ARM_EXPIRED": 9,
        "QUEUE_FULL": 10,
        "DUPLICATE": 11,
        "MODULE_ISOLATED": 12,
        "TIMEOUT": 13,
        "EXECUTION": 14,
        "STORAGE": 15,
        "DICTIONARY_MISMATCH": 16,
        "DRY_RUN_REFUSED": 17,
        "LATE": 18,
        "INTERLOCK": 19,
        "NOT_FOUND": 20,
        "CANCELLED": 21,
    }
