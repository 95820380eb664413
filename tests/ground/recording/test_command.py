# mypy: disable-error-code="union-attr, attr-defined"
"""What a user types and reads: errors in one line, tables, lines, JSON, our own runs and archives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flight.dictionary import to_json
from flight.wire import FrameKind, FrameLayout, attach_sync_marker, encode_tm, record_number
from ground.recording import command
from ground.segments import Kind, SegmentWriter
from sim.__main__ import main as simulate
from tests.ground.recording.made import space_packets, tm_frames

TM = FrameLayout(FrameKind.TM, 120)


@pytest.fixture
def frames_file(tmp_path):
    path = tmp_path / "frames.bin"
    path.write_bytes(b"".join(tm_frames(space_packets(60), TM)))
    return path


@pytest.fixture
def packets_file(tmp_path):
    path = tmp_path / "packets.bin"
    path.write_bytes(b"".join(space_packets(60)))
    return path


def test_errors_are_one_line_and_exit_code_2(decode, tmp_path, frames_file) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    segment = tmp_path / "00000001.seg"
    segment.write_bytes(b"\x5c\x7a" + bytes(50))
    noise = tmp_path / "noise"
    noise.write_bytes(bytes(range(256)) * 9)
    packed = tmp_path / "frames.gz"
    packed.write_bytes(b"\x1f\x8b\x08" + bytes(50))
    archive = tmp_path / "archive"
    (archive / "segments").mkdir(parents=True)
    for words, text in [
        ((tmp_path / "absent",), "no such file"),
        ((segment.parent / "more",), "no such file"),
        ((empty,), "empty"),
        ((segment,), "a piece of an archive"),
        ((packed,), "compressed; unpack it first"),
        ((archive,), "an archive without a record"),
        (("/dev/null",), "not a file"),
        ((noise,), "cannot tell what this is"),
        ((frames_file, "--length", "100"), "at 120 octets they do in 100%"),
        ((frames_file, "--length", "5"), "expected octets of a frame"),
        ((frames_file, "--length", "x"), "expected octets of a frame"),
        ((frames_file, "--format", "tm", "--length", "3000"), "is not in"),
        ((frames_file, "--marker"), "no sync markers"),
        ((frames_file, "--format", "rtf"), "unknown, expected tm, aos, packets"),
        ((frames_file, "--skip", "100000"), "passes over all"),
        ((frames_file, "--reed-solomon", "9"), "expected 0 to 8"),
        ((frames_file, "--reed-solomon", "1"), "--length must be given"),
        ((frames_file, "--dump", "--time", "noon"), "expected cds or cuc"),
        ((frames_file, "--dump", "--epoch", "noon"), "expected a date"),
        ((frames_file, "--xtce", tmp_path / "absent.xml"), "no such file"),
        ((frames_file, "--xtce", noise), "not understood as XTCE"),
        ((frames_file, "--dictionary", tmp_path / "absent.json"), "no such file"),
        ((frames_file, "--dictionary", noise), "no dictionary"),
        ((), "required: FILE"),
    ]:
        code, out, err = decode(*words)
        assert code == 2, words
        assert out == ""
        assert err.count("\n") == 1
        assert err.startswith("skyrack-ground: decode: ")
        assert text in err, words
        assert "Traceback" not in err
    empty.unlink()
    plain = tmp_path / "folder"
    plain.mkdir()
    assert "a directory, and not the archive of a ground" in decode(plain)[2]


def test_the_table_says_what_was_assumed_and_counted(decode, frames_file) -> None:
    code, out, err = decode(frames_file)
    assert (code, err) == (0, "")
    assert "read as TM frames of 120 octets, back to back, FECF" in out
    assert "assumed frames of 120 octets" in out
    assert "CLCW history" in out
    assert "not read" not in out
    rows = [line.split() for line in out.splitlines()]
    (apid,) = [row for row in rows if row[:2] == ["3", "100"]]
    assert apid[2] == "30"
    damaged = bytearray(frames_file.read_bytes())
    damaged[700] ^= 1
    frames_file.write_bytes(damaged + b"xyz")
    code, out, _ = decode(frames_file)
    assert code == 0
    assert "refused: error control field does not match" in out
    assert "3  octets at the end that make no whole one" in out


def test_nothing_found_where_a_layout_was_told_is_exit_code_1(decode, tmp_path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(b"\xff" * 1000)
    code, out, _ = decode(path, "--format", "tm", "--length", "100", "--fecf", "--no-marker")
    assert code == 1
    assert "10  refused: error control field does not match" in out


def test_a_dump_has_one_line_for_each_thing_in_the_order_of_the_file(
    decode, packets_file, frames_file
) -> None:
    code, out, _ = decode(packets_file, "--dump", "--hex", "4")
    lines = out.splitlines()
    assert code == 0
    assert len(lines) == 60
    first = space_packets(1)[0]
    assert lines[0] == (
        f"00000000  packet  {len(first)} octets  APID 100  seq 0  CRC good  {first[:4].hex()}.."
    )
    assert [int(line.split()[0], 16) for line in lines] == sorted(int(line.split()[0], 16) for line in lines)
    code, out, _ = decode(frames_file, "--dump", "--json", "--spacecraft", "77")
    lines = [json.loads(line) for line in out.splitlines()]
    assert len([line for line in lines if "frame" in line]) == len(frames_file.read_bytes()) // 120
    octets = [bytes.fromhex(line["octets"]) for line in lines if "apid" in line and not line.get("idle")]
    assert octets == space_packets(60)
    assert {line["virtual_channel"] for line in lines} == {3}


def test_a_file_larger_than_a_piece_is_read_in_pieces(decode, counts, packets_file, monkeypatch) -> None:
    monkeypatch.setattr("ground.recording.source.PIECE_OCTETS", 100)
    assert counts(packets_file)["packets"]["all"] == 60


def test_octets_at_the_start_are_skipped(counts, packets_file) -> None:
    packets_file.write_bytes(b"HEADER" + packets_file.read_bytes())
    assert counts(packets_file, "--skip", "6")["packets"]["crc_ok"] == 60


@pytest.mark.parametrize("shown", [True, False])
def test_a_bar_on_a_terminal_and_none_elsewhere(capsys, frames_file, monkeypatch, shown) -> None:
    passed = []
    monkeypatch.setattr(command, "BAR_FROM_OCTETS", 1)
    monkeypatch.setattr(command.sys.stderr, "isatty", lambda: shown, raising=False)
    monkeypatch.setattr(command.Progress, "advance", lambda self, task, octets: passed.append(octets))
    from ground.__main__ import main

    assert main(["decode", str(frames_file), "--json"]) == 0
    assert sum(passed) == (len(frames_file.read_bytes()) if shown else 0)
    passed.clear()
    assert main(["decode", str(frames_file), "--json", "--quiet"]) == 0
    assert not passed
    capsys.readouterr()


# ---------------------------------------------------------------- our own


@pytest.fixture
def day(tmp_path, dictionary, craft, fly_a_day):
    """The folder of a ground that heard three passes over two stations."""
    fly_a_day(tmp_path / "ground" / "archive")
    return tmp_path / "ground"


def test_an_archive_is_read_with_the_dictionary_that_it_keeps(day, counts, decode) -> None:
    found = counts(day)
    assert found == {**counts(day / "archive"), "file": found["file"], **timing(found)}
    assert "what dictionary" in found["assumed"][0]
    stations = {one["station"] for one in found["frames"]["virtual_channels"]}
    assert stations == {"Svalbard", "Kiruna"}
    assert found["archive"]["damaged"] == 0
    assert found["archive"]["sent"] == 3
    assert found["packets"]["crc_ok"] == found["packets"]["all"] - found["packets"]["idle"]
    power = found["values"]["packets"]["power.status"]
    assert power["packets"] == 3 * 59 + 3 + 2 + 1
    assert power["fields"]["charge"]["low"] == pytest.approx(0.3)
    assert power["fields"]["charge"]["high"] == pytest.approx(0.9)
    assert power["fields"]["count"]["last"] == 0
    assert found["values"]["packets"]["power.changed"]["packets"] == 15
    assert found["pus"]["v2 TM[3,25]"] == power["packets"]
    code, out, _ = decode(day)
    assert code == 0
    assert "power.status.charge" in out
    assert "Svalbard" in out


def timing(found):
    return {name: found[name] for name in ("seconds", "megabytes_per_second")}


def test_gaps_between_contacts_are_no_losses(day, counts) -> None:
    """Each contact begins anew; within one nothing was lost."""
    channels = counts(day)["frames"]["virtual_channels"]
    assert sum(one["lost"] for one in channels) == 0


def test_a_damaged_archive_gives_the_rest(day, counts) -> None:
    whole = counts(day)["frames"]["good"]
    (segment,) = (day / "archive" / "segments").glob("*.seg")
    octets = bytearray(segment.read_bytes())
    octets[len(octets) // 2] ^= 0xFF
    segment.write_bytes(octets)
    found = counts(day)
    assert whole - 10 < found["frames"]["good"] < whole
    assert found["archive"]["damaged"] > 0


def test_a_stream_of_ours_with_its_dictionary(tmp_path, craft, dictionary, decode, counts) -> None:
    packets = [craft.power(second * 10**9, charge=float("nan"), count=second) for second in range(50)]
    packets.append(craft.event("power.changed", 5 * 10**9, 1, 0.5, 28.0))
    packets.append(encode_tm(9, 0, 3, 25, 0, 0, 0, record_number(2, 99), b"\xff\xff"))
    stream = tmp_path / "frames.bin"
    stream.write_bytes(b"boot: ok\n" + craft.down(*packets))
    known = tmp_path / "dictionary.json"
    known.write_text(to_json(dictionary))
    found = counts(stream, "--dictionary", known)
    assert found["skipped_octets"] == 9
    fields = found["values"]["packets"]["power.status"]["fields"]
    assert fields["charge"] == {"last": None, "low": None, "high": None}
    assert (fields["count"]["low"], fields["count"]["high"], fields["count"]["last"]) == (0, 49, 49)
    assert found["values"]["not_decoded"] == {"structure 65535 is not in the dictionary": 1}
    assert "--dictionary" not in decode(stream, "--dictionary", known)[1]
    code, out, _ = decode(stream, "--dictionary", known, "--dump", "--hex", "0", "--epoch", "2026-01-01")
    assert code == 0
    assert (
        "TM[3,25]  2026-01-01T00:00:07.000000Z  CRC good  power.status charge=NaN volts=28 V board=beta on=on"
        in out
    )
    assert "power.changed board beta to 50% of 28" in out


def test_our_marker_stream_is_recognised(tmp_path, counts) -> None:
    path = tmp_path / "cadus"
    path.write_bytes(b"".join(map(attach_sync_marker, tm_frames(space_packets(60), TM))))
    found = counts(path)
    assert found["layout"] == "TM frames of 120 octets, behind sync markers, FECF"
    assert found["packets"]["crc_ok"] == 60


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a short run of the simulator, in sight from the start, over a perfect line."""
    folder = tmp_path_factory.mktemp("runs") / "short"
    scenario = Path(__file__).parents[1] / "in_sight.toml"
    assert simulate(["run", str(scenario), "--duration", "3 min", "--quiet", "--out", str(folder)]) in {0, 1}
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("from_archive", [False, True])
def test_a_run_of_the_simulator_and_its_archive(run, counts, from_archive) -> None:
    words = () if from_archive else ("--dictionary", run / "dictionary.json")
    found = counts(run if from_archive else run / "frames.bin", *words)
    assert found["rejections"] == {}
    assert found["skipped_octets"] == found["left_over_octets"] == found["beyond"] == 0
    assert found["frames"]["good"] > 100
    assert found["frames"]["master_gaps"] == 0
    assert all(one["gaps"] == 0 for one in found["frames"]["virtual_channels"])
    totals = found["packets"]
    assert totals["crc_ok"] == totals["all"] - totals["idle"] > 300
    assert found["values"]["packets"]["power.status"]["packets"] >= 100
    assert set(found["values"]["not_decoded"]) <= {"not in the definition"}
    assert found["pus"]["v2 TM[9,2]"] > 0


@pytest.mark.slow
def test_of_a_run_what_was_sent_and_what_was_heard_are_the_same(run, decode) -> None:
    def packets(path, *words):
        code, out, _ = decode(path, "--dump", "--json", *words)
        assert code == 0
        lines = [json.loads(line) for line in out.splitlines()]
        return [line["octets"] for line in lines if "apid" in line and not line.get("idle")]

    sent, heard = packets(run / "frames.bin"), packets(run)
    assert heard == sent[: len(heard)]  # the last frames of a run are still on their way
    assert len(heard) > 0.95 * len(sent)


def test_a_record_that_is_no_multiple_of_a_frame_is_left_over(day, counts) -> None:
    whole = counts(day)["frames"]["good"]
    writer = SegmentWriter(day / "archive" / "segments")
    writer.begin()
    writer.append(Kind.FRAMES, bytes(223 + 5), 0)
    writer.close()
    found = counts(day)
    assert found["left_over_octets"] == 5
    assert found["frames"]["good"] == whole
    assert sum(found["rejections"].values()) >= 1
