"""PDUs and messages: others' vectors, another library octet for octet, and any octets at all."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacepackets.cfdp.pdu.helper import PduFactory  # type: ignore[import-untyped]

from flight.wire.cfdp import Condition, FileStatus
from flight.wire.cfdp.decode import decode_pdu, decode_tlvs
from flight.wire.cfdp.encode import encode_pdu
from flight.wire.cfdp.fields import Directive, TransactionStatus
from flight.wire.cfdp.messages import (
    ListingRequest,
    ListingResponse,
    Originating,
    ProxyCancel,
    ProxyMode,
    ProxyPut,
    ProxyResponse,
    RemoteRequest,
    RemoteResponse,
    decode_message,
    encode_message,
)
from flight.wire.cfdp.pdus import (
    Ack,
    Eof,
    FileData,
    Finished,
    Header,
    KeepAlive,
    Metadata,
    Nak,
    Pdu,
    Prompt,
    Tlv,
    TransactionId,
)
from flight.wire.rejection import Reason, Rejection

VECTORS = Path(__file__).parents[5] / "shared" / "vectors" / "cfdp" / "cfdp_pdus.json"
NO = Condition.NO_ERROR
NARROW = Header(0, 0, 0, entity_octets=1, sequence_octets=1)
BACK = NARROW._replace(toward_sender=True)
PEER = Header(1, 5, 2, entity_octets=2, sequence_octets=2)

LITERAL = {
    "eof_no_error_null_checksum_size0": Pdu(NARROW, Eof(NO, 0, 0)),
    "prompt_keep_alive": Pdu(NARROW, Prompt(True)),
    "finished_no_error_complete_unreported": Pdu(BACK, Finished(NO, True, FileStatus.UNREPORTED)),
    "keep_alive_progress0": Pdu(BACK, KeepAlive(0)),
    "filedata_hello_world_offset0": Pdu(NARROW, FileData(0, b"hello world")),
    "filedata_hello_world_offset0_crc": Pdu(NARROW._replace(crc=True), FileData(0, b"hello world")),
    "ack_finished_terminated_ids2_3_seq1": Pdu(
        Header(2, 1, 3, entity_octets=2, sequence_octets=2),
        Ack(Directive.FINISHED, NO, TransactionStatus.TERMINATED),
    ),
}
REQUESTS = ((0, 0), (512, 1000))
GENERATED = {
    "metadata_closure_crc32_size1000_/a.bin_/b.bin": Pdu(PEER, Metadata(True, 3, 1000, b"/a.bin", b"/b.bin")),
    "filedata_off512_hello world": Pdu(PEER, FileData(512, b"hello world")),
    "eof_deadbeef_size1000": Pdu(PEER, Eof(NO, 0xDEADBEEF, 1000)),
    "nak_scope0_1000_req_metadata_and_512_1000": Pdu(
        PEER._replace(toward_sender=True), Nak(0, 1000, REQUESTS)
    ),
    "keep_alive_777": Pdu(PEER._replace(toward_sender=True), KeepAlive(777)),
    "ack_eof_active": Pdu(
        PEER._replace(toward_sender=True), Ack(Directive.EOF, NO, TransactionStatus.ACTIVE)
    ),
    "finished_complete_retained": Pdu(
        PEER._replace(toward_sender=True), Finished(NO, True, FileStatus.RETAINED)
    ),
}


@pytest.mark.peer
@pytest.mark.skipif(not VECTORS.exists(), reason="no shared vectors")
@pytest.mark.parametrize(
    ("group", "name", "pdu"),
    [("literal", *row) for row in LITERAL.items()] + [("generated", *row) for row in GENERATED.items()],
)
def test_a_published_pdu(group, name, pdu):
    found = json.loads(VECTORS.read_text())[group][name]
    octets = bytes.fromhex(found)
    assert decode_pdu(octets) == pdu
    assert encode_pdu(*pdu) == octets


@pytest.mark.peer
@pytest.mark.skipif(not VECTORS.exists(), reason="no shared vectors")
def test_every_published_pdu_is_among_the_tests():
    held = json.loads(VECTORS.read_text())
    left = (set(held["literal"]) | set(held["generated"])) - set(LITERAL) - set(GENERATED)
    assert {name.split()[0] for name in left} == {
        "PREFIX_ONLY_finished_filestore_rejection",
        "ack_eof_cc1_active_4byte_ids_crc_flag_set",
    }
    prefix, with_crc = sorted(left)
    assert isinstance(decode_pdu(bytes.fromhex(held["literal"][prefix])), Rejection), "cut short"
    pdu = decode_pdu(bytes.fromhex(held["literal"][with_crc]))
    assert isinstance(pdu, Pdu)
    assert pdu.header[:3] == (0x10000102, 0x50001001, 0x30000103)
    assert pdu.body == Ack(Directive.EOF, Condition.POSITIVE_ACK_LIMIT, TransactionStatus.ACTIVE)


# ---------------------------------------------------------------- anything

u32 = st.integers(0, 0xFFFFFFFF)
name = st.binary(max_size=40)
location = st.none() | st.integers(0, 0xFFFF)
condition = st.sampled_from(Condition)
tlvs = st.lists(st.builds(Tlv, st.integers(0, 9), st.binary(max_size=30)), max_size=4).map(tuple)
pairs = st.lists(st.tuples(u32, u32).map(lambda pair: (min(pair), max(pair))), max_size=9).map(tuple)
bodies = st.one_of(
    st.builds(FileData, u32, st.binary(max_size=60), st.just(0), st.none()),
    st.builds(FileData, u32, st.binary(max_size=60), st.integers(0, 3), st.binary(max_size=63)),
    st.builds(Eof, condition, u32, u32, location),
    st.builds(
        Finished,
        condition,
        st.booleans(),
        st.sampled_from(FileStatus),
        st.lists(st.binary(max_size=30), max_size=3).map(tuple),
        location,
    ),
    st.builds(
        Ack,
        st.sampled_from([Directive.EOF, Directive.FINISHED]),
        condition,
        st.sampled_from(TransactionStatus),
    ),
    st.builds(Metadata, st.booleans(), st.integers(0, 15), u32, name, name, tlvs),
    st.tuples(u32, u32, pairs).map(lambda t: Nak(min(t[:2]), max(t[:2]), t[2])),
    st.builds(Prompt, st.booleans()),
    st.builds(KeepAlive, u32),
)


@st.composite
def headers(draw: st.DrawFn) -> Header:
    entity, sequence = draw(st.sampled_from([1, 2, 4, 8])), draw(st.sampled_from([1, 2, 4, 8]))
    ids = st.integers(0, (1 << 8 * entity) - 1)
    back, acknowledged, crc, large = (draw(st.booleans()) for _ in range(4))
    number = st.integers(0, (1 << 8 * sequence) - 1)
    return Header(draw(ids), draw(number), draw(ids), back, acknowledged, crc, large, entity, sequence)


@given(headers(), bodies)
def test_what_is_encoded_is_decoded(header, body):
    assert decode_pdu(encode_pdu(header, body)) == Pdu(header, body)


def raises_nothing(data: bytes) -> None:
    found = decode_pdu(data)
    assert isinstance(found, Rejection) or decode_pdu(encode_pdu(*found)) == found


@given(st.binary(max_size=200))
def test_no_octets_raise(data):
    raises_nothing(data)


@given(headers(), bodies, st.data())
def test_no_damaged_pdu_raises(header, body, data):
    """Bits flipped, octets cut, the length kept right: past the header's checks into the directives'."""
    pdu = bytearray(encode_pdu(header._replace(crc=False), body))
    for _ in range(data.draw(st.integers(1, 4))):
        pdu[data.draw(st.integers(0, len(pdu) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    if data.draw(st.booleans()):
        del pdu[data.draw(st.integers(1, len(pdu))) :]
    if len(pdu) > 4 + 2 * header.entity_octets + header.sequence_octets:
        length = len(pdu) - (4 + 2 * ((pdu[3] >> 4 & 7) + 1) + (pdu[3] & 7) + 1)
        pdu[1:3] = max(0, length).to_bytes(2, "big")
    raises_nothing(bytes(pdu))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.TOO_SHORT),
        (bytes.fromhex("20000a"), Reason.TOO_SHORT),
        (bytes.fromhex("00000a0000000004000000000000000000"), Reason.VERSION),
        (bytes.fromhex("20000b0000000004000000000000000000"), Reason.LENGTH),
        (bytes.fromhex("20000000000000"), Reason.TOO_SHORT),
        (bytes.fromhex("2000010000000001"), Reason.PACKET_TYPE),
        (bytes.fromhex("20000a00000000 04c0 00000000 00000000".replace(" ", "")), Reason.FIELD),
        (bytes.fromhex("20000300000000 06 70 01".replace(" ", "")), Reason.FIELD),
        (bytes.fromhex("30000300000000 000000".replace(" ", "")), Reason.TOO_SHORT),
        (bytes.fromhex("20000d00000000 08 00000000 00000009 00000005".replace(" ", "")), Reason.LENGTH),
        (
            bytes.fromhex("20001100000000 08 00000000 00000009 00000005 00000004".replace(" ", "")),
            Reason.FIELD,
        ),
        (bytes.fromhex("20000300000000 09 80 00".replace(" ", "")), Reason.LENGTH),
        (bytes.fromhex("20000c00000000 04 00 00000000 00000000 06 05".replace(" ", "")), Reason.LENGTH),
    ],
)
def test_why_a_pdu_is_refused(data, reason):
    found = decode_pdu(data)
    assert (found.reason if isinstance(found, Rejection) else None) is reason


@given(st.binary(max_size=80))
def test_tlvs_take_every_octet_or_none(field):
    found = decode_tlvs(field)
    assert (
        isinstance(found, Rejection)
        or b"".join(bytes([t.kind, len(t.value)]) + t.value for t in found) == field
    )


# ---------------------------------------------------------------- spacepackets


@pytest.mark.peer
@given(headers(), bodies)
def test_spacepackets_packs_our_pdus_anew_octet_for_octet(header, body):
    """What it refuses to read or reads wrongly itself is left out, by name."""
    if (
        header.entity_octets == 8
        or header.sequence_octets == 8
        or getattr(body, "segment_metadata", None) is not None
    ):
        return
    if isinstance(body, Metadata) and (body.checksum_type not in {0, 1, 2, 3, 15} or body.options):
        return  # an enumeration of its own; options are re-packed only of types it knows
    if isinstance(body, Metadata) and not (body.source_name.isascii() and body.destination_name.isascii()):
        return  # names are UTF-8 there
    if isinstance(body, Finished) and (body.responses or body.fault_location is not None):
        return  # needs well-formed filestore responses, and drops a location without a fault
    if isinstance(body, FileData) and not body.data:
        return
    if isinstance(body, Eof) and body.fault_location is not None:
        return
    if isinstance(body, Ack | Eof | Prompt | Metadata | FileData) and header.toward_sender:
        header = header._replace(toward_sender=isinstance(body, Ack) and body.of == Directive.EOF)
    if isinstance(body, Ack):
        header = header._replace(
            toward_sender=body.of == Directive.EOF
        )  # it sets the direction by the directive
    if isinstance(body, Finished | Nak | KeepAlive):
        header = header._replace(toward_sender=True)
    ours = encode_pdu(header, body)
    assert bytes(PduFactory.from_raw(ours).pack()) == ours


# ---------------------------------------------------------------- messages

ID = TransactionId(0x1234, 70_000)
MESSAGES = [
    ProxyPut(5, b"from", b"to"),
    ProxyMode(True),
    ProxyMode(False),
    ProxyResponse(Condition.NAK_LIMIT, False, FileStatus.REJECTED),
    ProxyCancel(),
    Originating(ID),
    Originating(TransactionId(0, 0)),
    ListingRequest(b"folder", b"listing.txt"),
    ListingResponse(True, b"folder", b"listing.txt"),
    ListingResponse(False, b"", b""),
    RemoteRequest(ID, False),
    RemoteRequest(ID, True),
    RemoteResponse(ID, False, True, TransactionStatus.ACTIVE),
    RemoteResponse(ID, True, False, TransactionStatus.UNRECOGNISED),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_read_back(message):
    assert decode_message(encode_message(message)) == message


@pytest.mark.peer
def test_spacepackets_reads_our_messages():
    tlv = pytest.importorskip("spacepackets.cfdp.tlv")

    def read(message):
        return tlv.MessageToUserTlv(encode_message(message)).to_reserved_msg_tlv()

    put = read(MESSAGES[0]).get_proxy_put_request_params()
    assert (put.dest_entity_id.value, put.source_file_as_str, put.dest_file_as_str) == (5, "from", "to")
    response = read(MESSAGES[3]).get_proxy_put_response_params()
    assert (response.condition_code, response.delivery_code, response.file_status) == (7, 1, 1)
    origin = read(Originating(TransactionId(0x1234, 7)))
    found = origin.get_originating_transaction_id()
    assert (found.source_id.value, found.seq_num.value) == (0x1234, 7)
    listing = read(ListingRequest(b"folder", b"listing.txt")).get_dir_listing_request_params()
    assert (listing.dir_path_as_str, listing.dir_file_name_as_str) == ("folder", "listing.txt")


@given(st.binary(max_size=60), st.integers(0, 0x40))
def test_no_message_raises(content, kind):
    decode_message(content)
    message = decode_message(b"cfdp" + bytes([kind]) + content)
    assert message is None or decode_message(encode_message(message)) == message


def test_a_message_of_the_user_is_left_to_the_user():
    assert decode_message(b"hello") is None
    assert decode_message(b"") is None


# ---------------------------------------------------------------- cost


def lines_to_decode(data: bytes) -> int:
    lines = 0

    def trace(frame, event, argument):
        nonlocal lines
        lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        decode_pdu(data)
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize(
    "make",
    [
        lambda n: Nak(0, 9 * n, tuple((i, i + 1) for i in range(n))),
        lambda n: Metadata(False, 3, 5, b"a", b"b", (Tlv(2, b""),) * n),
        lambda n: Finished(NO, True, FileStatus.RETAINED, (b"",) * n),
    ],
    ids=["nak", "metadata", "finished"],
)
def test_parsing_is_linear(make):
    """Up to the longest PDU there is."""
    cost = [lines_to_decode(encode_pdu(Header(1, 2, 3), make(n))) for n in (2000, 4000, 8000)]
    assert cost[1] < 2.2 * cost[0]
    assert cost[2] < 2.2 * cost[1]
