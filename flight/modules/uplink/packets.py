"""What the way up says of itself."""

from __future__ import annotations

from flight.declare import U8, U16, U32, U64, Telemetry
from flight.modules.uplink.chain import Chain
from flight.wire.cop1 import FarmEvent, FarmState
from flight.wire.sdls import KeyState, Refusal, Use, Vault


class Status(Telemetry, period=30):
    """Telecommand frames: received, damaged, in order or not; V(R) of FARM-1."""

    octets: U32
    units: U32
    frames: U32
    skipped_octets: U32
    corrected_bits: U32
    refused_units: U32
    sequenced: U32
    expedited: U32
    controls: U32
    out_of_order: U32
    lockouts: U32
    v_r: U8
    lockout: bool
    packets: U32
    bad_packets: U32
    lost_chunks: U32


class Security(Telemetry, period=10):
    """Telecommand security: what was refused and why, the key in use, the lowest number that is still taken."""

    protected: bool
    verified: U32
    accepted: U32
    malformed: U32
    foreign: U32
    no_keys: U32
    unknown_spi: U32
    key_state: U32
    replayed: U32
    beyond_window: U32
    forged: U32
    held: U32
    not_kept: U32
    telecommand_spi: U16
    telemetry_spi: U16
    trial_spi: U16
    next_number_high: U32
    next_number: U64
    keys: U8
    keys_left: U8
    reverted: U16
    failed_writes: U16


_REFUSALS = {
    Refusal.MALFORMED: "malformed",
    Refusal.CHANNEL: "foreign",
    Refusal.NO_KEYS: "no_keys",
    Refusal.UNKNOWN_SPI: "unknown_spi",
    Refusal.KEY_STATE: "key_state",
    Refusal.REPLAY: "replayed",
    Refusal.WINDOW: "beyond_window",
    Refusal.MAC: "forged",
    Refusal.HELD: "held",
    Refusal.NOT_KEPT: "not_kept",
}
assert set(_REFUSALS) == set(Refusal)


def show_status(status: Status, chain: Chain, octets: int, lost: int) -> None:
    units, counters, farm = chain.cltus.counters, chain.counters, chain.farm
    status.lost_chunks = lost
    status.octets, status.units, status.frames = octets, units.cltus, units.frames
    status.skipped_octets, status.corrected_bits = units.skipped_octets, units.corrected_bits
    status.refused_units = units.refused_blocks + sum(units.rejections.values())
    status.sequenced, status.expedited = counters.sequenced, counters.expedited
    status.controls, status.out_of_order = counters.controls, counters.out_of_order
    status.lockouts = farm.cells[FarmEvent.E5, FarmState.OPEN] + farm.cells[FarmEvent.E5, FarmState.WAIT]
    status.v_r, status.lockout = farm.v_r, farm.lockout
    status.packets = counters.packets
    in_units = sum(chain.segments.counters.rejections.values())
    status.bad_packets = sum(counters.rejections.values()) + in_units


def show_security(packet: Security, chain: Chain, vault: Vault) -> None:
    counters = chain.security.counters
    packet.protected = chain.link.protected
    packet.verified, packet.accepted = counters.verified, counters.accepted
    for refusal, name in _REFUSALS.items():
        setattr(packet, name, counters.rejections[refusal])
    own = vault.sending.get(Use.TELEMETRY)
    packet.telemetry_spi = own.spi if own is not None else 0
    trial = vault.trials.get(Use.TELECOMMAND)
    packet.trial_spi = trial.spi if trial is not None else 0
    mine = [one for one in vault.associations.values() if one.use is Use.TELECOMMAND]
    active = next((one for one in mine if one.state is KeyState.ACTIVE), None)
    packet.telecommand_spi = active.spi if active is not None else 0
    number = active.counter.next if active is not None else 0
    packet.next_number_high, packet.next_number = number >> 64, number & (1 << 64) - 1
    packet.keys = len(vault.associations)
    packet.keys_left = sum(one.state is KeyState.PRE_ACTIVATION for one in mine)
    packet.reverted, packet.failed_writes = vault.reverted & 0xFFFF, vault.failures & 0xFFFF
