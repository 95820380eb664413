"""Protected frames of a recording: opened with keys, counted without, and forged ones refused by reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flight.app import build, load_mission
from flight.dictionary import to_json
from flight.wire import TmFrameConfig, TmFrameMaker, VirtualChannel, append_crc, encode_tm, record_number
from flight.wire.sdls import KEYS_NAME, KeyState, Sender, Use, Vault, open_vault, pack_keys, unpack_keys
from sim.keys import keys_of, make_folder

SEED = 5
DICTIONARY = build(load_mission("ai_rack")).dictionary


def sealed_frames(count: int, packets: int) -> list[bytes]:
    vault, bodies = Vault(), keys_of(SEED)
    open_vault(vault, Use.TELEMETRY, bodies["sdls-keys"], bodies["sdls-counters"])
    link = DICTIONARY.telemetry
    sender = Sender(link.rule(), vault)
    config = TmFrameConfig(DICTIONARY.spacecraft_id, DICTIONARY.frame_length)
    maker = TmFrameMaker(config, sender, link.protected)
    assert not maker.ready(0), "numbers are reserved once they are asked for"
    while saves := vault.due(0):
        for save in saves:
            vault.stored(save.ticket, 0)
    channel = VirtualChannel(maker.zone_length(0))
    for number in range(packets):
        octets = encode_tm(34, number, 5, 1, number, 0, number * 10**9, record_number(1, number), bytes(200))
        channel.add(octets)
    frames: list[bytes] = []
    while len(frames) < count and (zone := channel.take()) is not None:
        frames.append(maker.make(0, zone[0], zone[1], 0))
    return frames


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """frames.bin with 12 frames: one forged, one said twice; dictionary.json; keys."""
    made: Path = tmp_path_factory.mktemp("protected")
    frames = sealed_frames(12, 60)
    forged = append_crc(frames[4][:100] + bytes([frames[4][100] ^ 1]) + frames[4][101:-2])
    stream = [*frames[:4], forged, *frames[5:8], frames[6], *frames[8:]]
    (made / "frames.bin").write_bytes(b"".join(stream))
    (made / "dictionary.json").write_text(to_json(DICTIONARY))
    make_folder(made / "keys", SEED)
    return made


def report(decode, folder: Path, *words: object) -> dict[str, Any]:
    code, out, err = decode(
        folder / "frames.bin", "--dictionary", folder / "dictionary.json", "--json", *words
    )
    assert code == 0, err
    return dict(json.loads(out))


def test_with_keys_all_that_is_authentic_is_read(decode, folder) -> None:
    before = sorted((one.name, one.stat().st_mtime_ns) for one in (folder / "keys").iterdir())
    found = report(decode, folder, "--keys", folder / "keys")
    assert found["protected"] == {
        "frames": 13,
        "authentic": 11,
        "refused": {
            "message authentication code does not match": 1,
            "number taken before": 1,
        },
    }
    assert found["packets"]["crc_ok"] == found["packets"]["all"] >= 45
    assert found["rejections"]["protected, and not opened"] == 2
    assert found["frames"]["virtual_channels"][0]["frames"] == 11, "a forged header counts for nothing"
    assert sorted((one.name, one.stat().st_mtime_ns) for one in (folder / "keys").iterdir()) == before


def test_without_keys_they_are_counted_and_no_packet_is_made_up(decode, folder) -> None:
    found = report(decode, folder)
    assert found["protected"] == {"frames": 13, "authentic": 0, "refused": {"no keys": 13}}
    assert found["packets"]["all"] == 0
    (channel,) = found["frames"]["virtual_channels"]
    assert channel["frames"] == 13
    code, out, _ = decode(folder / "frames.bin", "--dictionary", folder / "dictionary.json")
    assert code == 0
    assert "13 protected frames" in out
    assert "--keys FOLDER opens them" in out


def test_the_dump_says_why(decode, folder) -> None:
    words = ("--dictionary", folder / "dictionary.json", "--keys", folder / "keys", "--dump")
    code, out, _ = decode(folder / "frames.bin", *words)
    assert code == 0
    assert "(vc 0, message authentication code does not match)" in out
    assert out.count("CRC good") >= 45


def test_keys_of_another_link_open_nothing(decode, folder, tmp_path) -> None:
    make_folder(tmp_path / "other", SEED + 1)
    words = ("--dictionary", folder / "dictionary.json", "--keys", tmp_path / "other")
    code, out, _ = decode(folder / "frames.bin", *words)
    assert code == 1, "nothing of it was read"
    assert "13  not opened: message authentication code does not match" in out


def test_a_key_that_is_out_of_use_still_opens_what_it_closed(decode, folder, tmp_path) -> None:
    make_folder(tmp_path / "old", SEED)
    path = tmp_path / "old" / KEYS_NAME
    slots = unpack_keys(path.read_bytes())
    assert slots is not None
    path.write_bytes(pack_keys([slot._replace(state=KeyState.DEACTIVATED) for slot in slots]))
    assert report(decode, folder, "--keys", tmp_path / "old")["protected"]["authentic"] == 11


def test_mistakes_are_told_in_one_line(decode, folder, tmp_path) -> None:
    frames, dictionary = folder / "frames.bin", folder / "dictionary.json"
    make_folder(tmp_path / "open", SEED)
    (tmp_path / "open" / KEYS_NAME).chmod(0o644)
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / KEYS_NAME).write_bytes(b"no keys")
    (tmp_path / "torn" / KEYS_NAME).chmod(0o600)
    for words, text in [
        ((frames, "--keys", folder / "keys"), "give --dictionary too"),
        ((frames, "--dictionary", dictionary, "--keys", tmp_path), "No such file"),
        ((frames, "--dictionary", dictionary, "--keys", tmp_path / "open"), "open to others"),
        ((frames, "--dictionary", dictionary, "--keys", tmp_path / "torn"), "damaged, or no keys"),
    ]:
        code, _, err = decode(*words)
        assert code == 2
        assert text in err
        assert len(err.strip().splitlines()) == 1
