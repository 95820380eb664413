# mypy: disable-error-code="union-attr, attr-defined"
"""Other people's spacecraft through the command: the counts of ../shared/vectors/expected.json."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.peer

FRAMES = {
    "hera_tm_1113_20241007_162420.u8": 181,
    "stereo_a_tm_1115_20220924_1035.raw": 234,
    "stereo_a_tm_1115_20220924_0710.raw": 234,
    "dart_tm_1113_20211124.u8": 318,
}
PACKETS = ("europa_clipper_ecm_raw2.bin", "jpss1_geolocation_2021-04-09.DAT1")


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("told", [False, True])
def test_frames_of_others_are_as_expected(name, told, vectors, expected, counts) -> None:
    """Nothing said but the file, or everything: the same counts."""
    known = expected["frames"][name]
    words = []
    if told:
        fecf = "--fecf" if known["fecf"] == "present" else "--no-fecf"
        words = [
            "--format",
            "tm",
            "--length",
            known["len"],
            "--no-marker",
            fecf,
            "--spacecraft",
            FRAMES[name],
        ]
    found = counts(vectors / "frames" / name, *words)
    assert bool(found["assumed"]) is not told
    frames = found["frames"]
    channels = frames["virtual_channels"]
    assert frames["good"] == known["frames"]
    assert frames["length"] == known["len"]
    assert frames["version"] == 0
    assert frames["fecf"] is (known["fecf"] == "present")
    assert {str(one["spacecraft_id"]): known["frames"] for one in channels} == known["scid"]
    assert {str(one["virtual_channel"]): one["frames"] for one in channels} == known["vcid"]
    assert sum(one["idle"] for one in channels) == known["fhp"].get("idle", 0)
    assert sum(one["gaps"] for one in channels) == known["vc_gaps"]
    assert frames["master_gaps"] == known["mc_gaps"]
    assert sum(one["secondary_headers"] for one in channels) == known["sechdr"]
    assert sum(one["ocf"] for one in channels) == known["flags"]["('ocf', 1)"]
    assert {run["word"]: run["frames"] for run in found["clcw"]} == known["clcw_top"]
    assert len(found["clcw"]) == known["clcw_distinct"]
    assert found["packets"]["all"] == known["packets"]
    assert found["packets"]["crc_ok"] == known["packets_crc16_ok"]
    assert found["pus"] == known["pus"]
    apids = {f"vc{one['virtual_channel']}/{one['apid']}": one["packets"] for one in found["apids"]}
    assert known["apids"].items() <= apids.items()
    assert set(found["rejections"]) <= {"packet cut by lost frames"}
    assert found["skipped_octets"] == found["left_over_octets"] == found["beyond"] == 0


@pytest.mark.parametrize("name", PACKETS)
@pytest.mark.parametrize("words", [(), ("--format", "packets")])
def test_packets_of_others_are_as_expected(name, words, vectors, expected, counts) -> None:
    check_packets(counts(vectors / "packets" / name, *words), expected["packets"][name], version=0)


def test_packets_of_another_version(vectors, expected, counts) -> None:
    name = "var_length_packets_with_footer.bin"
    found = counts(vectors / "packets" / name, "--format", "packets", "--packet-version", "1")
    check_packets(found, expected["packets"][name], version=1)


def check_packets(found, known, version) -> None:
    totals, apids = found["packets"], found["apids"]
    assert found["octets"] == known["bytes"] == known["consumed"]
    assert totals["all"] == known["packets"]
    assert totals["secondary_headers"] == known["sec_hdr"]
    assert totals["gaps"] == totals["missing"] == known["seq_gaps"] or version == 1
    assert totals["crc_ok"] == known["crc16_ok"]
    assert {str(one["apid"]): one["packets"] for one in apids} == known["apids"]
    assert {one["version"] for one in apids} == {version}
    assert not any(one["telecommand"] for one in apids)
    assert min(one["shortest"] for one in apids) == known["len_min"]
    assert max(one["longest"] for one in apids) == known["len_max"]
    flags = {"0": "continuation", "3": "unsegmented"}
    for bits, count in known["seqflags"].items():
        assert sum(one["sequence_flags"][flags[bits]] for one in apids) == count
    assert found["rejections"] == {}
    assert found["left_over_octets"] == 0


@pytest.mark.slow
def test_xtce_of_others_gives_positions_and_unit_quaternions(vectors, decode, tmp_path) -> None:
    some = tmp_path / "some.DAT1"
    some.write_bytes((vectors / "packets" / PACKETS[1]).read_bytes()[: 71 * 50])
    document = vectors / "xtce" / "jpss1_geolocation_xtce_v1.xml"
    code, out, err = decode(some, "--xtce", document, "--dump", "--json", "--time", "cds")
    assert (code, err) == (0, "")
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == 50
    assert {line["name"] for line in lines} == {"JPSS_ATT_EPHEM"}
    first = lines[0]["values"]
    assert (first["DOY"], first["MSEC"], first["USEC"]) == (23109, 7, 137)
    assert [first[f"ADGPSPOS{axis}"] for axis in "XYZ"] == [6389695.5, 2786021.5, 1825377.375]
    assert lines[0]["time"] == "2021-04-09T00:00:00.007137Z"
    for line in lines:
        norm = sum(line["values"][f"ADCFAQ{part}"] ** 2 for part in range(1, 5)) ** 0.5
        assert norm == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
def test_xtce_that_does_not_fit_is_counted(vectors, decode, tmp_path) -> None:
    """Other packets, and packets cut short, beside those that fit; in a table of all values."""
    whole = (vectors / "packets" / PACKETS[1]).read_bytes()
    short = whole[71:75] + b"\x00\x09" + whole[77:87]
    some = tmp_path / "mixed"
    other = (vectors / "packets" / PACKETS[0]).read_bytes()[: 1508 * 3]
    some.write_bytes(whole[:71] + short + whole[142 : 71 * 20] + other)
    document = vectors / "xtce" / "jpss1_geolocation_xtce_v1.xml"
    code, out, err = decode(some, "--xtce", document, "--format", "packets")
    assert (code, err) == (0, "")
    (row,) = [line.split() for line in out.splitlines() if line.startswith("JPSS_ATT_EPHEM.DOY")]
    assert row == ["JPSS_ATT_EPHEM.DOY", "19", "23109", "23109", "23109"]
    assert "packets not in the definition" in out
    assert "not decoded: 1 packets ValueError" in out


def test_hera_packets_have_the_times_of_their_headers(vectors, decode) -> None:
    code, out, _ = decode(vectors / "frames" / "hera_tm_1113_20241007_162420.u8", "--dump")
    lines = out.splitlines()
    assert code == 0
    assert len([line for line in lines if "  frame " in line]) == 56
    assert len([line for line in lines if "  packet  " in line]) == 256
    assert "00000055  packet  412 octets  vc 1  APID 260  seq 7204  TM[3,25]  33515.439824 s  CRC good" in out
