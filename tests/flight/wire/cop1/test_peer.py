# mypy: disable-error-code="import-not-found, import-untyped"
"""Our tables beside those of `ccsds-cop` (written independently from 232.1-B-2; GPL-3.0, hence only asked here).

It is no dependency of ours: where it is not installed these tests are skipped.
"""

from __future__ import annotations

from random import Random

import pytest

from flight.wire import TcFrame, TcFrameHeader, TcFrameType
from flight.wire.cop1 import FOP_TABLE, Farm

pytestmark = pytest.mark.peer
pytest.importorskip("ccsds_cop", reason="the peer ccsds-cop is not installed")

# Where we differ, and why.  yamcs and the Java library of D. Lucia do as we do in each of these.
DIFFERENCES = {
    ("E3", "S5"): "it ignores a CLCW that contradicts itself",
    ("E104", "S5"): "it has no cell, and raises",
    ("E18", "S5"): "it suspends in S5, from which no directive resumes",
    ("E35", "S6"): "the same: its action asks for SS = 0, our event does",
    ("E42", "S2"): "it sends the alert and stays",
    ("E42", "S3"): "it sends the alert and stays",
    ("E42", "S4"): "it sends the alert and stays",
    ("E42", "S5"): "it sends the alert and stays",
}
NAMES = {
    "reject_fdu": "REJECT",
    "reject_directive": "REJECT",
    "accept_directive": "ACCEPT",
    "accept_fdu": "ACCEPT",
    "confirm_directive": "CONFIRM",
    "remove_acknowledged_frames_from_sent_queue": "REMOVE_ACKNOWLEDGED",
    "initiate_retransmission": "RETRANSMIT",
    "initialize": "INITIALISE",
    "release_copy_of_bc_frame": "RELEASE_BC",
    "transmit_type_bd_frame": "TRANSMIT_BD",
    "transmit_unlock_bc_frame": "TRANSMIT_UNLOCK",
    "transmit_set_v_r_bc_frame": "TRANSMIT_SET_V_R",
    "set_pending_v_r": "SET_V_S",
    "set_k": "SET_WINDOW",
    "set_t1_initial": "SET_T1",
    "set_transmission_limit": "SET_LIMIT",
    "set_tt": "SET_TIMEOUT_TYPE",
    "_ready_ad": "AD_READY",
    "_ready_bc": "BC_READY",
    "_ready_bd": "BD_READY",
}
OURS = {
    "RETRANSMIT_AD": "RETRANSMIT",
    "RETRANSMIT_BC": "RETRANSMIT",
    "CONFIRM_INITIATE": "CONFIRM",
    **{f"SUSPEND_IN_S{number}": "SUSPEND" for number in (1, 2, 3, 4)},
}


def test_the_tables_of_fop_1_agree_cell_by_cell_but_where_said() -> None:
    from ccsds_cop.cop_1.fop.transitions import _transitions

    theirs = {
        (start.event.name.removesuffix("_B"), f"S{start.from_state.value}"): (
            f"S{state.value}",
            [NAMES.get(name, name.replace("_alert_", "alert_").upper()) for name in actions],
        )
        for start, (state, actions) in _transitions.items()
    }
    differ = set()
    for (event, state), cell in FOP_TABLE.items():
        ours = cell and (cell.state.value, [OURS.get(action.name, action.name) for action in cell.actions])
        if ours != theirs.get((event.name, state.value)):
            differ.add((event.name, state.value))
    assert differ == set(DIFFERENCES)
    assert len(FOP_TABLE) - len(differ) == 292


def uslp_frame(kind: TcFrameType, data: bytes, sequence: int):
    from spacepackets import uslp

    control, bypass = kind is TcFrameType.BC, kind is not TcFrameType.AD
    header = uslp.PrimaryHeader(
        scid=42,
        map_id=0,
        vcid=0,
        src_dest=uslp.SourceOrDestField.DEST,
        frame_len=len(data) + 8,
        vcf_count_len=1,
        vcf_count=sequence,
        op_ctrl_flag=False,
        prot_ctrl_cmd_flag=uslp.ProtocolCommandFlag(control),
        bypass_seq_ctrl_flag=uslp.BypassSequenceControlFlag(bypass),
    )
    field = uslp.TransferFrameDataField(
        uslp.TfdzConstructionRules.VpNoSegmentation,
        uslp.UslpProtocolIdentifier.USER_DEFINED_OCTET_STREAM,
        data,
    )
    return uslp.TransferFrame(header=header, tfdf=field)


@pytest.mark.parametrize("window", [2, 10, 254])
def test_farm_1_agrees_over_random_frames(window: int) -> None:
    """With room for every frame: without any, the peer raises its Wait flag but stays in S1."""
    from ccsds_cop.cop_1.farm import Farm1

    random = Random(window)
    ours, theirs = Farm(window=window), Farm1(window)
    ours.receive(TcFrame(TcFrameHeader(TcFrameType.BC, 42, 0, 8, 0), b"\x00"))  # ours starts locked
    ours.farm_b = 0
    for _ in range(3000):
        kind = random.choice([TcFrameType.AD] * 6 + [TcFrameType.BC, TcFrameType.BD])
        sequence = (ours.v_r + random.choice([0, 0, 0, 1, -1, random.randrange(256)])) % 256
        data = random.choice([b"\x00", bytes([0x82, 0, random.randrange(256)]), b"\x82\x01\x00"])
        ours.receive(TcFrame(TcFrameHeader(kind, 42, 0, len(data) + 7, sequence), data))
        theirs._process_frame(uslp_frame(kind, data, sequence))
        theirs.higher_interface.buffer.clear()
        theirs.higher_interface.signal.clear()
        assert (ours.v_r, ours.farm_b, ours.lockout) == (theirs.v_r, theirs.b_counter, theirs.lockout)
        assert ours.retransmit == theirs.retransmit
        assert int(ours.state.value[1]) == theirs.state.value
