"""What a manifest may say, and one clear line for each thing that it may not."""

from __future__ import annotations

import ast
from dataclasses import replace

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.findings import ROOT
from flight.jobs import (
    Manifest,
    Output,
    Redundancy,
    decode_manifest,
    encode_manifest,
    manifest_value,
    read_manifest,
)
from flight.jobs.fields import FAULTS_MAX
from flight.jobs.plain_cbor import read_plain
from tests.flight.jobs.made import MANIFEST, part


def faults(**changes: object) -> list[str]:
    """Of MANIFEST with other values at these keys (`a__b` is b in a); None removes."""
    value: dict[str, object] = read_plain(encode_manifest(MANIFEST))  # type: ignore[assignment]
    for key, change in changes.items():
        at = value
        *folders, name = key.split("__")
        for folder in folders:
            at = at[int(folder) if folder.isdecimal() else folder]  # type: ignore[assignment,index]
        if change is None:
            del at[name]
        else:
            at[name] = change
    found = read_manifest(value)
    return [] if isinstance(found, Manifest) else [str(fault) for fault in found]


def one(**changes: object) -> str:
    (line,) = faults(**changes)
    return line


def test_there_and_back() -> None:
    assert decode_manifest(encode_manifest(MANIFEST)) == MANIFEST
    assert read_manifest(manifest_value(MANIFEST)) == MANIFEST
    assert encode_manifest(MANIFEST) == cbor2.dumps(manifest_value(MANIFEST), canonical=True)
    assert not faults()


def test_what_may_be_left_out() -> None:
    left_out = (
        "version",
        "network",
        "release_utc_s",
        "deadline_utc_s",
        "preemptible",
        "resume_s",
        "silence_s",
        "fuel",
        "seed",
    )
    assert not faults(**dict.fromkeys(left_out), arguments=None, libraries=None, models=None)
    assert not faults(redundancy=None, verifier=None, anomaly_allowed=None, resources__cores=None)


@pytest.mark.parametrize(
    "key",
    [
        *("owner", "name", "serial", "runtime", "entry", "levels", "work_s", "value", "outputs", "parts"),
        *("resources__memory_mb", "resources__disk_mb", "levels__0__power_w", "parts__1__sha256"),
    ],
)
def test_what_may_not(key: str) -> None:
    line = one(**{key: None})
    named = key.replace("__0__", "[0].").replace("__1__", "[1].").replace("__", ".")
    assert line.startswith(f"{named}: is missing; expected ")


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("version", 2, "version: 2; expected a whole number, 1 to 1"),
        ("network", "please", "network: 'please'; expected never: there is no network on board"),
        ("value", True, "value: True; expected a whole number, 1 to 1,000,000"),
        ("value", 1.0, "value: 1.0; expected a whole number, 1 to 1,000,000"),
        ("value", 0, "value: 0; expected a whole number, 1 to 1,000,000"),
        ("work_s", -1, "work_s: -1; expected a whole number, 1 to 2,592,000 s"),
        ("owner", "Acme", "owner: 'Acme'; expected 1 to 48 of a-z 0-9 . _ +, a letter or digit first"),
        ("redundancy", "twice", "redundancy: 'twice'; expected one of none, duplicate, vote, verify"),
        ("preemptible", 1, "preemptible: 1; expected true or false"),
        (
            "levels__0__power_w",
            float("nan"),
            "levels[0].power_w: nan; expected a number above 0, at most 1e+06 W",
        ),
        (
            "levels__0__power_w",
            float("inf"),
            "levels[0].power_w: inf; expected a number above 0, at most 1e+06 W",
        ),
        ("levels__0__power_w", -0.0, "levels[0].power_w: -0.0; expected a number above 0, at most 1e+06 W"),
        ("levels__1__power_w", 6, "levels: two draw the same power; expected one speed for each power"),
        ("entry", "other.py", "entry: other.py is not in the package; expected the path of one of its files"),
        ("verifier", "main.py", "verifier: main.py; expected one exactly if redundancy is verify"),
        ("nonsense", 1, "nonsense: is not known; expected one of "),
        ("resources__gpu", 1, "resources.gpu: is not known; expected one of accelerator_milli, cores, "),
        ("resources", [1], "resources: a list of 1; expected a table of named values"),
        ("outputs", 5, "outputs: 5; expected a list"),
        ("outputs", [], "outputs: is missing; expected 1 to 64 of them"),
        ("levels", [{"power_w": 1, "speed_milli": 1}] * 9, "levels: 9 of them; expected at most 8"),
        ("arguments", ["a"] * 17, "arguments: 17 of them; expected at most 16"),
        ("arguments", ["a\nb"], "arguments[0]: 'a\\nb'; expected up to 200 printable letters of ASCII"),
        ("parts__1__sha256", bytes(31), "parts[1].sha256: b'"),
        (
            "parts__1__stored",
            257,
            "parts[1].stored: 257; expected a whole number, 0 to 256 octets, the part's size",
        ),
        (
            "deadline_utc_s",
            1_800_000_599,
            "deadline_utc_s: 1800000599; expected at least 600 s after the release",
        ),
        ("preemptible", False, "resume_s: 5; expected 0, for the job is not preemptible"),
        ("libraries", ["numpy>=2"], "libraries[0]: 'numpy>=2'; expected a name such as numpy"),
    ],
)
def test_one_line_each(key: str, value: object, line: str) -> None:
    assert (one(**{key: value}) + "\n").startswith(line)


def test_all_that_is_wrong_is_told_up_to_a_screenful() -> None:
    assert len(faults(value=0, work_s=0, owner=5, levels__0__power_w="x")) == 4
    many = faults(arguments=[1] * 16, libraries=[1] * 16)
    assert len(many) == FAULTS_MAX


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../x",
        "/etc/passwd",
        "",
        ".",
        "..",
        "a//b",
        "a/",
        "./a",
        ".hidden",
        "a/.b",
        "-rf",
        "a\0b",
        "a b",
        "a\\b",
        "C:",
        "\u0430.py",
        "a\u200d",
        "a\n",
        "x" * 81,
        "/".join("a" * 9),
        "x" * 161,
        "~",
        "%s",
    ],
)
def test_paths_that_could_mean_something_else(path: str) -> None:
    """payload.md 5.3, 16: outside, absolute, hidden, an option, a look-alike, a control letter."""
    assert "expected a path" in one(parts__1__path=path)
    assert "expected a path" in one(outputs__0__path=path)
    assert any("expected a path" in line for line in faults(entry=path))


@pytest.mark.parametrize("path", ["main.py", "MAIN.py", "main.py/x", "Main.PY/y/z"])
def test_one_name_for_two_files(path: str) -> None:
    assert "stands there twice, or is another's folder" in one(parts__1__path=path)


def test_a_million_files() -> None:
    """payload.md 5.3, 17."""
    parts = [{"path": f"f{number}", "size": 0, "stored": 0, "sha256": bytes(32)} for number in range(257)]
    assert not faults(parts=parts[:256], entry="f0")
    assert one(parts=parts, entry="f0") == "parts: 257 of them; expected at most 256"
    million = cbor2.dumps({"parts": [0] * 1_000_000})
    (fault,) = decode_manifest(million)  # type: ignore[misc]
    assert str(fault).startswith("the manifest: damaged or not plain CBOR")


@pytest.mark.parametrize(
    "text", ["{0.__class__}", "%n%n%s", "!!python/object:os.system", "$(reboot)", "`reboot`"]
)
def test_what_other_languages_would_carry_out(text: str) -> None:
    """payload.md 5.3, 20: a name is a name, and an argument is handed on as it is, to no shell."""
    for key, value in (
        ("name", text),
        ("owner", text),
        ("runtime", text),
        ("entry", text),
        ("models", [text]),
    ):
        assert repr(text) in one(**{key: value})
    assert not faults(arguments=[text])


def test_nothing_here_makes_code_of_data() -> None:
    makers = {"pickle", "marshal", "shelve", "yaml", "runpy", "ctypes"}
    for path in [*(ROOT / "flight" / "jobs").glob("*.py"), *(ROOT / "ground" / "jobs").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            used = {node.id} if isinstance(node, ast.Name) else set()
            assert not {name.split(".")[0] for name in names} & makers, path
            assert not used & {"eval", "exec", "compile", "__import__"}, path


def test_verify_has_a_verifier_of_the_package() -> None:
    assert not faults(redundancy="verify", verifier="data/input.bin")
    assert "verifier: is missing" in one(redundancy="verify")
    assert "is not in the package" in one(redundancy="verify", verifier="elsewhere.py")


def test_sizes_together() -> None:
    huge = replace(part("huge", b""), size=1 << 28)
    (fault,) = read_manifest(manifest_value(replace(MANIFEST, parts=(*MANIFEST.parts, huge))))  # type: ignore[misc]
    assert str(fault) == "parts: 268,436,312 octets; expected at most 268,435,456"
    wide = replace(MANIFEST, outputs=(Output("a", 63_000_000), Output("b", 1_000_001)))
    (fault,) = read_manifest(manifest_value(wide))  # type: ignore[misc]
    assert str(fault) == "outputs: 64,000,001 octets; expected no more than resources.disk_mb"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x80",  # an array
        b"\xbf\xff",  # indefinite
        b"\x9f" * 1000,
        b"\x81" * 100_000,
        b"\xa1" * 60_000,
        b"\x9b" + b"\xff" * 8,  # 2^64 - 1 items
        b"\xbb" + b"\xff" * 8,
        b"\x5b" + b"\x7f" + b"\xff" * 7,  # octets without end
        b"\xc1\x00",  # a date
        b"\xd8\x23\x61(",  # a pattern
        b"\xc2\x58\x20" + b"\xff" * 32,  # a bignum
        b"\xc5\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01",  # a bigfloat with a huge exponent
        b"\xd8\x1c\x81\xd8\x1d\x00",  # an array that holds itself
        b"\xf6",  # null
        b"\xf7",
        b"\xf8\x14",  # true, in two octets
        b"\xa2\x61a\x01\x61a\x02",  # one key twice
        b"\xa1\x01\x01",  # a key that is no text
        b"\xa1\xa0\x01",  # a key that is a map
        b"\xa1\xf9\x7e\x00\x01",  # a key that is not itself
        b"\x61\xff",  # no UTF-8
        b"\x1c",
        encode_manifest(MANIFEST) + b"\0",
        encode_manifest(MANIFEST)[:-1],
        bytes([0x80 | 3]) * 3,
    ],
)
def test_cbor_that_is_not_plain(octets: bytes) -> None:
    """payload.md 5.3, 9 and 20: deep, endless, repeated keys, tags; nothing is made of it."""
    found = decode_manifest(octets)
    assert not isinstance(found, Manifest)
    assert 0 < len(found) <= FAULTS_MAX


def test_tags_never_reach_the_decoder() -> None:
    for tag in range(24):
        assert read_plain(bytes([0xC0 | tag]) + b"\x00") is None
    assert read_plain(cbor2.dumps([2**64])) is None
    assert read_plain(cbor2.dumps([2**64 - 1, -(2**64), 1.5, True, "é", b"\0", {"a": []}])) is not None


plain = st.recursive(
    st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@given(plain)
def test_plain_values_are_read_as_the_library_reads_them(value: object) -> None:
    octets = cbor2.dumps(value)
    found = read_plain(octets)
    assert found == value or found is None
    faults_of = read_manifest(value)
    assert not isinstance(faults_of, Manifest)
    assert all("\n" not in str(fault) for fault in faults_of)


@given(st.binary(max_size=200))
def test_any_octets(octets: bytes) -> None:
    assert not isinstance(decode_manifest(octets), Manifest)


@given(st.integers(0, len(encode_manifest(MANIFEST)) - 1), st.integers(0, 255))
def test_any_octet_changed_is_read_or_refused(at: int, octet: int) -> None:
    octets = encode_manifest(MANIFEST)
    found = decode_manifest(octets[:at] + bytes([octet]) + octets[at + 1 :])
    if isinstance(found, Manifest):
        assert decode_manifest(encode_manifest(found)) == found


def test_redundancy_has_four_kinds() -> None:
    assert [one.value for one in Redundancy] == ["none", "duplicate", "vote", "verify"]
