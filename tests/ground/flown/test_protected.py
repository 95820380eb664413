"""Flight with protected telemetry, the line, and a ground with its own copy of the keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from flight.wire.coding import CaduSync, TmCodec, TmCoding, TmRandomisation
from flight.wire.counters import LinkCounters
from flight.wire.sdls import KeyState, Refusal, Use
from flight.wire.sdls.layout import SECURITY_HEADER
from flight.wire.telemetry_link import STRICT_TM_MASK, TelemetryLink
from flight.wire.tm_frame import TM_PRIMARY_LENGTH
from ground.archive import Archive, rebuild
from ground.commanding import Stage
from ground.keys import MemoryKeys
from ground.server.link_look import link_sections
from ground.station import Ground
from sim.keys import keys_of, memory_keys
from tests.ground.flown.conftest import KEYS_SEED

pytestmark = pytest.mark.slow

ALL, FIRST_TM_SPI = TelemetryLink((0, 1, 2), STRICT_TM_MASK), 257
CODINGS = [
    TmCoding(223, 0, TmRandomisation.SHORT),
    TmCoding(1115, 5, TmRandomisation.LONG),
    TmCoding(1600, 8, TmRandomisation.SHORT),  # virtual fill
]


def with_keys(dictionary, archive: Archive | None = None, store: MemoryKeys | None = None) -> Ground:
    ground = Ground(dictionary, archive)
    ground.use_keys(store or memory_keys(KEYS_SEED))
    return ground


def frames_of(flown) -> list[bytes]:
    """What the line brought, decoded but not opened."""
    codec = TmCodec(flown.dictionary.coding)
    return CaduSync(codec, LinkCounters()).receive(b"".join(flown.down))


def numbers_of(frames: list[bytes]) -> list[tuple[int, int]]:
    """SPI and IV of the protected ones."""
    found = []
    for frame in frames:
        if frame[1] >> 1 & 7 in ALL.protected:
            spi, upper, lower = SECURITY_HEADER.unpack_from(frame, TM_PRIMARY_LENGTH)
            found.append((spi, upper << 64 | lower))
    return found


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("link", [ALL, TelemetryLink((0, 1)), TelemetryLink((0, 1, 2, 7))])
def test_everything_comes_and_nothing_of_it_in_the_clear(make_flown, coding, link) -> None:
    flown = make_flown(with_keys, coding=coding, telemetry=link)
    flown.fly(120)
    flown.contact(True)
    record = flown.ground.command("toy.push", {"times": 3}, flown.now)
    flown.fly(60)
    assert record.stage is Stage.COMPLETED
    status, security = flown.ground.link, flown.ground.reception.security
    assert (status.missing, status.frames.lost_frames, status.frames.vc_gaps) == (0, 0, 0)
    assert security.accepted > 20
    assert security.rejections.total() == 0
    packet = flown.ground.reception.receivers["here"]
    assert packet.counters.rejections.total() == 0
    assert {len(frame) for frame in frames_of(flown)} == {coding.frame_length}
    known = [packet.octets[:20] for packet in flown.ground.latest.newest.values()]
    assert len(known) > 5
    assert not any(start in frame for start in known for frame in frames_of(flown))


def test_no_iv_twice_over_reboots_and_power_cuts(make_flown) -> None:
    flown = make_flown(with_keys, telemetry=ALL)
    flown.contact(True)
    for life in range(6):
        flown.fly(9 + life)  # some are cut before the first numbers are on disk
        flown.reboot()
    flown.fly(20)
    numbers = numbers_of(frames_of(flown))
    assert len(numbers) == len(set(numbers)) > 30
    assert len({number >> 32 for _, number in numbers}) >= 5, "each life has a block of its own"
    assert flown.ground.reception.security.rejections.total() == 0


def test_frames_wait_for_their_numbers_and_none_is_lost(make_flown) -> None:
    flown = make_flown(with_keys, telemetry=ALL)
    flown.contact(True)
    flown.fly(30)
    downlink = next(s.module for s in flown.computer.kernel.slots if s.name == "downlink")
    downlink.security.refresh()
    assert downlink.security.not_reserved > 0
    assert downlink.security.no_key == 0
    assert flown.ground.link.missing == 0
    assert downlink.security.frames == flown.ground.reception.security.accepted


def test_a_board_without_keys_says_nothing_in_the_clear(make_flown) -> None:
    flown = make_flown(with_keys, telemetry=ALL)
    flown.computer.power_off()
    for name in flown.disk.names():
        if "sdls-keys" in name:
            flown.disk.remove(name)
    flown.disk.sync_directory()
    flown.reboot()
    flown.down.clear()
    flown.contact(True)
    flown.fly(30)
    assert {frame[1] >> 1 & 7 for frame in frames_of(flown)} == {7}
    assert flown.ground.link.packets.packets == 0
    downlink = next(s.module for s in flown.computer.kernel.slots if s.name == "downlink")
    downlink.security.refresh()
    assert downlink.security.no_key > 0


def test_a_ground_without_keys_takes_nothing_and_says_why(make_flown) -> None:
    flown = make_flown(Ground, telemetry=ALL)
    flown.contact(True)
    flown.fly(30)
    assert flown.ground.link.packets.packets == 0
    security = flown.ground.reception.security
    assert set(security.rejections) == {Refusal.NO_KEYS}
    shown = link_sections(flown.ground, None)["telemetry security"]
    assert shown["rejections"] == {Refusal.NO_KEYS.value: security.rejections.total()}


def test_what_was_recorded_and_comes_again_is_refused(make_flown) -> None:
    flown = make_flown(with_keys, telemetry=ALL)
    flown.contact(True)
    flown.fly(40)
    recorded = list(flown.down)
    before = flown.ground.reception.security.accepted, flown.ground.link.packets.packets
    protected = len(numbers_of(frames_of(flown)))
    for again in range(2):
        flown.ground.receive(b"".join(recorded), flown.now, "here")
        security = flown.ground.reception.security
        assert (security.accepted, flown.ground.link.packets.packets) == before
        assert security.rejections[Refusal.REPLAY] == (again + 1) * protected
    flown.contact(False)
    flown.contact(True)
    flown.ground.receive(b"".join(recorded), flown.now, "another")
    security = flown.ground.reception.security
    assert security.accepted == before[0], "not by another station in a later contact either"
    flown.fly(20)
    assert flown.ground.reception.security.accepted > before[0], "and the true ones come"


def test_two_stations_each_have_the_whole_stream(make_flown) -> None:
    flown = make_flown(with_keys, telemetry=ALL)
    flown.contact(True)
    flown.fly(40)
    other = b"".join(flown.down)
    before = flown.ground.link.packets.packets
    flown.ground.receive(other, flown.now, "there")
    status = flown.ground.link
    assert status.packets.packets == before
    assert status.packets.duplicates == before, "known by their record numbers"
    assert flown.ground.reception.security.rejections.total() == 0


def test_the_archive_is_rebuilt_without_keys(make_flown, tmp_path: Path) -> None:
    archives = []

    def ground(dictionary):
        archives.append(Archive(tmp_path / "archive", dictionary))
        return with_keys(dictionary, archives[0])

    flown = make_flown(ground, telemetry=ALL)
    flown.contact(True)
    flown.fly(60)
    flown.contact(False)
    received = flown.ground.link.packets.packets
    flown.ground.close()
    again = rebuild(tmp_path / "archive", flown.dictionary)
    count = again.index.connection.execute("select count(*) from packets").fetchone()[0]
    again.close()
    assert count == received > 30


def test_a_restarted_ground_takes_no_frame_of_a_contact_before(make_flown) -> None:
    store = memory_keys(KEYS_SEED)
    flown = make_flown(lambda made: with_keys(made, store=store), telemetry=ALL)
    flown.contact(True)
    flown.fly(30)
    flown.contact(False)
    recorded = b"".join(flown.down)
    flown.ground = with_keys(flown.dictionary, store=store)
    flown.contact(True)
    flown.ground.receive(recorded, flown.now, "here")
    assert flown.ground.reception.security.accepted == 0
    flown.fly(20)
    assert flown.ground.reception.security.accepted > 10


def test_a_key_of_telemetry_is_changed(make_flown) -> None:
    flown = make_flown(with_keys, telemetry=ALL)
    flown.contact(True)
    flown.fly(10)
    tried = flown.ground.command("uplink.try_key", {"spi": FIRST_TM_SPI + 1, "within_s": 600}, flown.now)
    flown.fly(20)
    assert tried.stage is Stage.COMPLETED
    assert flown.ground.reception.security.last_spi == FIRST_TM_SPI + 1
    confirmed = flown.ground.command("uplink.confirm_key", {"spi": FIRST_TM_SPI + 1}, flown.now)
    flown.fly(20)
    assert confirmed.stage is Stage.COMPLETED
    own = flown.ground.line.keys.vault.associations
    assert own[FIRST_TM_SPI].state is KeyState.DEACTIVATED
    assert own[FIRST_TM_SPI + 1].state is KeyState.ACTIVE
    flown.reboot()
    flown.fly(20)
    assert flown.ground.reception.security.last_spi == FIRST_TM_SPI + 1
    assert flown.ground.reception.security.rejections.total() == 0


def test_a_key_on_trial_that_nobody_confirms_goes_back(make_flown) -> None:
    flown = make_flown(with_keys, telemetry=ALL)
    flown.contact(True)
    flown.fly(10)
    flown.ground.command("uplink.try_key", {"spi": FIRST_TM_SPI + 1, "within_s": 20}, flown.now)
    flown.fly(50)
    security = flown.ground.reception.security
    assert security.last_spi == FIRST_TM_SPI
    assert security.rejections.total() == 0
    assert flown.ground.line.keys.vault.sending[Use.TELEMETRY].spi == FIRST_TM_SPI


def test_keys_of_another_ground_open_nothing(make_flown) -> None:
    wrong = MemoryKeys(keys_of(2)["sdls-keys"], keys_of(2)["sdls-counters"])
    flown = make_flown(lambda made: with_keys(made, store=wrong), telemetry=ALL)
    flown.contact(True)
    flown.fly(20)
    security = flown.ground.reception.security
    assert (security.accepted, set(security.rejections)) == (0, {Refusal.MAC})


def test_numbers_that_run_out_in_the_middle_of_a_step_lose_nothing(make_flown) -> None:
    flown = make_flown(with_keys, telemetry=ALL)
    flown.fly(300)  # so that many frames go in one step
    flown.contact(True)
    flown.fly(3)
    own = next(s.module for s in flown.computer.kernel.slots if s.name == "uplink").vault
    counter = own.sending[Use.TELEMETRY].counter
    counter.reserved = counter.asked = counter.next + 2
    flown.fly(30)
    crashed = [slot.name for slot in flown.computer.kernel.slots if slot.restarts]
    assert not crashed
    assert counter.reserved > 1 << 20, "more were reserved"
    assert flown.ground.link.missing == 0
    assert flown.ground.link.frames.lost_frames == 0


def test_a_channel_without_a_key_leaves_the_line_to_the_others(make_flown) -> None:
    flown = make_flown(with_keys, telemetry=TelemetryLink((0,)))
    flown.fly(200)
    vault = next(s.module for s in flown.computer.kernel.slots if s.name == "uplink").vault
    vault.sending.clear()
    flown.contact(True)
    flown.fly(30)
    channels = {frame[1] >> 1 & 7 for frame in frames_of(flown)}
    assert 1 in channels
    assert 0 not in channels
    assert flown.ground.link.packets.packets > 100, "what is played back comes"
