"""Every header as a `construct` definition: the oracle of the fast codecs, and what documents are made from.

Imported by tests and ground tools alone; nothing that flies needs `construct`.
Lengths stand as on the wire, octets - 1 where the standard says so.  Error control fields are plain numbers
here: their value is the sender's affair (`crc.py`), their place and width are the definition's.
"""

from __future__ import annotations

from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Flag,
    If,
    Int8ub,
    Int16ub,
    Int24ub,
    Int32ub,
    Struct,
    this,
)

# CCSDS 133.0-B-2, 4.1.3
space_packet_header = BitStruct(
    "version" / BitsInteger(3),
    "kind" / BitsInteger(1),
    "secondary" / Flag,
    "apid" / BitsInteger(11),
    "flags" / BitsInteger(2),
    "sequence" / BitsInteger(14),
    "data_length" / BitsInteger(16),  # octets of the packet data field - 1
)

space_packet = Struct(
    "header" / space_packet_header,
    "data" / Bytes(this.header.data_length + 1),
)

# CCSDS 301.0-B, 3.2, P-field 2F implicit
cuc_time = Struct("seconds" / Int32ub, "fine" / Int24ub)

# ECSS-E-ST-70-41C, 7.4.3, with our record number in front of the body
telemetry_packet = Struct(
    "header" / space_packet_header,
    "version" / BitStruct("pus" / BitsInteger(4), "time_reference" / BitsInteger(4)),
    "service" / Int8ub,
    "subtype" / Int8ub,
    "counter" / Int16ub,
    "destination" / Int16ub,
    "time" / cuc_time,
    "record" / BitStruct("store" / BitsInteger(8), "count" / BitsInteger(56)),
    "body" / Bytes(this.header.data_length + 1 - 24),
    "error_control" / Int16ub,
)

# ECSS-E-ST-70-41C, 7.4.4
telecommand_packet = Struct(
    "header" / space_packet_header,
    "version"
    / BitStruct(
        "pus" / BitsInteger(4),
        "completion" / Flag,
        "progress" / Flag,
        "start" / Flag,
        "acceptance" / Flag,
    ),
    "service" / Int8ub,
    "subtype" / Int8ub,
    "source" / Int16ub,
    "data" / Bytes(this.header.data_length + 1 - 7),
    "error_control" / Int16ub,
)


def verification(*, step: bool, failure: bool) -> Struct:  # type: ignore[no-any-unimported]
    """Body of a service 1 report (ECSS-E-ST-70-41C, 8.1); the failure notice is ours."""
    return Struct(
        "request" / Struct("packet_id" / Int16ub, "sequence_control" / Int16ub),
        "step" / If(step, Int16ub),
        "failure" / If(failure, Struct("code" / Int16ub, "length" / Int8ub, "reason" / Bytes(this.length))),
    )


# CCSDS 232.0-B, 4.2
clcw = BitStruct(
    "control_word_type" / BitsInteger(1),
    "version" / BitsInteger(2),
    "status" / BitsInteger(3),
    "cop_in_effect" / BitsInteger(2),
    "virtual_channel" / BitsInteger(6),
    "spare" / BitsInteger(2),
    "no_rf" / Flag,
    "no_bit_lock" / Flag,
    "lockout" / Flag,
    "wait" / Flag,
    "retransmit" / Flag,
    "farm_b_counter" / BitsInteger(2),
    "reserved" / BitsInteger(1),
    "report_value" / BitsInteger(8),
)

# CCSDS 132.0-B, 4.1.2
tm_frame_header = BitStruct(
    "version" / BitsInteger(2),
    "spacecraft_id" / BitsInteger(10),
    "virtual_channel" / BitsInteger(3),
    "operational_control" / Flag,
    "master_count" / BitsInteger(8),
    "virtual_count" / BitsInteger(8),
    "secondary_header" / Flag,
    "synchronised" / Flag,
    "packet_order" / Flag,
    "segment_length" / BitsInteger(2),
    "first_header" / BitsInteger(11),
)

# CCSDS 732.0-B, 4.1.2
aos_frame_header = BitStruct(
    "version" / BitsInteger(2),
    "spacecraft_id" / BitsInteger(8),
    "virtual_channel" / BitsInteger(6),
    "virtual_count" / BitsInteger(24),
    "replay" / Flag,
    "cycle_in_use" / Flag,
    "spacecraft_id_high" / BitsInteger(2),  # spare before issue 4
    "cycle" / BitsInteger(4),
)


def tm_frame(frame_length: int) -> Struct:  # type: ignore[no-any-unimported]
    """A frame as we make them: no secondary header, CLCW and error control present."""
    return Struct(
        "header" / tm_frame_header,
        "zone" / Bytes(frame_length - 12),
        "clcw" / clcw,
        "error_control" / Int16ub,
    )


# CCSDS 232.0-B, 4.1.2
tc_frame_header = BitStruct(
    "version" / BitsInteger(2),
    "bypass" / Flag,
    "control_command" / Flag,
    "spare" / BitsInteger(2),
    "spacecraft_id" / BitsInteger(10),
    "virtual_channel" / BitsInteger(6),
    "frame_length" / BitsInteger(10),  # octets of the whole frame - 1
    "sequence" / BitsInteger(8),
)

tc_frame = Struct(
    "header" / tc_frame_header,
    "data" / Bytes(this.header.frame_length + 1 - 7),
    "error_control" / Int16ub,
)
