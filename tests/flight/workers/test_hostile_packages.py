"""Hostile job uploads (payload.md 5.3, 16 to 20), each to the whole shelf: one refusal in words, nothing has changed.

A tenant may be hostile, too: what is wrong here is signed with a right key.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cbor2
import pytest

from checks.findings import ROOT
from flight.declare.shelving import PackageTaken
from flight.declare.storage import Failed
from flight.jobs import Kind, brief_of, manifest_value, read_brief
from flight.jobs.package import SIGNED
from flight.jobs.signing import PACKAGE_DOMAIN, key_check, sign
from flight.runners.manifests import job_of
from tests.flight.jobs.made import FILES, MANIFEST, PRIVATE, PUBLIC, deflated, package, with_files
from tests.flight.workers.shelves import GOOD, NAME, TAKE, World, folder_world, names_world

MILLION = 10**6
PARTS = b"".join(map(deflated, FILES.values()))
OTHER = {**FILES, "data/input.bin": bytes(range(255, -1, -1))}
Value = dict[str, object]


def signed(body: bytes, parts: bytes = PARTS) -> bytes:
    """Whatever the manifest is, its signature is right."""
    head = SIGNED.pack(b"SKYJOB\0\1", key_check(PUBLIC), len(body))
    return head + sign(PRIVATE, PACKAGE_DOMAIN, head + body) + body + parts


def changed(change: Callable[[Value], object]) -> bytes:
    value = cbor2.loads(cbor2.dumps(manifest_value(MANIFEST)))
    change(value)
    return signed(cbor2.dumps(value))


def at(key: str, new: object) -> bytes:
    """`a.0.b` is b in the first of a."""

    def change(value: Value) -> None:
        place: object = value
        *way, last = key.split(".")
        for step in way:
            place = place[int(step) if step.isdecimal() else step]  # type: ignore[index]
        place[last] = new  # type: ignore[index]

    return changed(change)


PATHS = [
    "../../etc/passwd",
    "/etc/passwd",
    "data/../../x",
    "./x",
    "a//b",
    "a\0b",
    "a\\b",
    "C:x",
    "main.py\u200b",
    "m\u0430in.py",  # a Cyrillic letter
    "-rf",
    ".hidden",
    "a/" * 20 + "b",
    "a" * 200,
    " ",
]
UPLOADS = {
    **{f"16 path {path!r}": at("parts.0.path", path) for path in PATHS},
    **{f"16 output {path!r}": at("outputs.0.path", path) for path in PATHS[:4]},
    "16 a mode": at("parts.0.mode", 0o4755),
    "16 a link": at("parts.0.link", "/etc/passwd"),
    "16 tar": b"main.py".ljust(257, b"\0") + b"ustar\x0000" + bytes(1000),
    "17 a million parts": at("parts", [{"path": "a"}] * 20_000),
    "17 a part of 1 TB": at("parts.0.size", 10**12),
    "17 parts of 1 TB together": at("parts.0.size", (1 << 28) + 1),
    "17 a bomb": package(
        replace(with_files({"main.py": bytes(MILLION)}), parts=(replace(MANIFEST.parts[0], size=500),)),
        files={"main.py": bytes(MILLION)},
    ),
    "17 stored beyond its size": at("parts.0.stored", 10**9),
    "18 a piece missing": GOOD[:300] + GOOD[310:],
    "18 a piece twice": GOOD[:300] + GOOD[290:],
    "18 two uploads mixed": GOOD[:-200] + package(with_files(OTHER), files=OTHER)[-200:],
    "19 right hash, wrong signature": GOOD[:20] + bytes(64) + GOOD[84:],
    "19 the signature of another package": GOOD[:20]
    + package(replace(MANIFEST, serial=9))[20:84]
    + GOOD[84:],
    "19 parts of another package": GOOD[: -len(PARTS)] + PARTS[::-1],
    "20 a pickle": pickle.dumps(MANIFEST),
    "20 a pickle for a manifest": signed(pickle.dumps(manifest_value(MANIFEST))),
    "20 a tag": signed(cbor2.dumps(cbor2.CBORTag(258, [1, 2]))),
    "20 a regular expression": signed(b"\xd8\x23\x64(a+)"),
    "20 a shared reference": signed(b"\x82\xd8\x1c\x80\xd8\x1d\x00"),
    "20 deep": signed(b"\x81" * 5000 + b"\x80"),
    "20 a length of 2^64": signed(b"\x9b" + b"\xff" * 8),
    "20 a key twice": signed(b"\xa2\x61a\x01\x61a\x02"),
    "20 yaml": signed(b"!!python/object/apply:os.system ['true']"),
    "20 a format string for a library": at("libraries", ["{0.__class__}"]),
    "20 a format string for an owner": at("owner", "%s%n"),
    "20 look-alikes for an owner": at("owner", "\u0430cme"),
    "20 not utf-8": signed(b"\xa1\x61\xff\x01"),
    "20 a number that is none": at("levels.0.power_w", float("nan")),
    "20 a number without end": at("work_s", 1 << 70),
    "20 a truth for a number": at("serial", True),
}


@pytest.mark.parametrize("name", UPLOADS)
def test_refused_and_nothing_has_changed(name: str) -> None:
    refused(names_world(), name)


@pytest.mark.parametrize("name", [name for name in UPLOADS if name.startswith("16")])
def test_no_folder_is_left(tmp_path: Path, name: str) -> None:
    refused(folder_world(tmp_path), name)
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == ["7"]


def refused(world: World, name: str) -> None:
    world.put(octets=UPLOADS[name])
    answer = world.ask(TAKE)
    assert isinstance(answer, Failed)
    assert answer.reason.isascii()
    assert answer.reason.isprintable()
    assert 0 < len(answer.reason) <= 400
    assert world.shelf.jobs.jobs() == []
    assert world.files() == [NAME]
    assert world.read(NAME) == UPLOADS[name]
    world.put()
    assert isinstance(world.ask(TAKE), PackageTaken)  # the next one is taken


def test_words_of_a_job_are_words() -> None:
    """What looks like a format or a command is handed on as it is, and read back as it was."""
    words = ("{0.__class__.__mro__}", "%(x)s%n", "$(reboot)", "`reboot`; reboot", "--", "!!python/object")
    told = brief_of(replace(MANIFEST, arguments=words))
    assert job_of(1, told, Kind.NATIVE).words[1:] == words
    assert read_brief(b"\x80\x04\x95") != told


UNPICKLER = re.compile(
    r"^\s*(?:import|from)\s+(?:pickle|_pickle|marshal|shelve|dill|cloudpickle|joblib|torch|yaml)\b|allow_pickle",
    re.MULTILINE,
)


def test_nothing_of_ours_turns_octets_into_code() -> None:
    """20: no pickle, by whatever name, and no numpy file that may hold one."""
    paths = [path for name in ("flight", "ground", "sim", "hil") for path in (ROOT / name).rglob("*.py")]
    assert len(paths) > 400
    assert [path for path in paths if UNPICKLER.search(path.read_text())] == []
    assert UNPICKLER.search("    from pickle import loads")
