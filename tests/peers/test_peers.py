"""cfdp-py and LibreCube's cfdp as the other end: class 1 and 2, both directions, with loss."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-peers" / "bin" / "python"
READY = list(PYTHON.parents[1].glob("ready-*"))
PEERS = ["cfdp-py", "librecube"]

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        not READY, reason="no environment for the peers: make peers (needs the package index)"
    ),
]

CLEAN = [
    {"acknowledged": acknowledged, "ours_sends": ours_sends, "loss": 0.0, "seed": 1, "octets": octets}
    for acknowledged in (True, False)
    for ours_sends in (True, False)
    for octets in (0, 1, 1008, 50_000)
]
LOSSY = [
    {"acknowledged": True, "ours_sends": ours_sends, "loss": loss, "seed": seed, "octets": 20_000}
    for ours_sends in (True, False)
    for loss in (0.02, 0.05, 0.1, 0.2)
    for seed in range(6)
]
CLASS_1 = [
    {"acknowledged": False, "ours_sends": ours_sends, "loss": 0.05, "seed": seed, "octets": 9000}
    for ours_sends in (True, False)
    for seed in range(6)
]
WITH_CRC = [
    {"acknowledged": True, "ours_sends": ours_sends, "loss": 0.05, "seed": 3, "octets": 9000, "crc": True}
    for ours_sends in (True, False)
]


@cache
def results(peer: str) -> list[dict]:
    """One process for all of them: it starts in 0.3 s."""
    scenarios = CLEAN + LOSSY + CLASS_1 + (WITH_CRC if peer == "cfdp-py" else [])
    process = subprocess.run(
        [PYTHON, "-W", "ignore", "-m", "tests.peers.exchange", peer],
        input=json.dumps(scenarios),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-2000:]
    return [scenario | result for scenario, result in zip(scenarios, json.loads(process.stdout), strict=True)]


def sound(peer: str) -> list[dict]:
    """Where nothing but loss is in the way, and repaired."""
    return [
        result
        for result in results(peer)
        if not result["own_faults"] and (result["acknowledged"] or not result["loss"])
    ]


@pytest.mark.parametrize("peer", PEERS)
def test_every_file_is_right_and_both_ends_close(peer):
    wrong = [
        result
        for result in sound(peer)
        if not (result["right"] and result["ours_closed"] and result["theirs_closed"])
    ]
    assert wrong == []


@pytest.mark.parametrize("peer", PEERS)
def test_our_end_says_so(peer):
    for result in sound(peer):
        assert result["outcome"] == ["SENT NO_ERROR" if result["ours_sends"] else "RECEIVED NO_ERROR"], result


@pytest.mark.parametrize("peer", PEERS)
def test_class_1_with_loss_shows_the_right_file_or_none(peer):
    """Nothing is repaired; our end closes, and what it received under its name is right."""
    lossy = [result for result in results(peer) if not result["acknowledged"] and result["loss"]]
    assert all(result["ours_closed"] for result in lossy)
    received = [result for result in lossy if not result["ours_sends"]]
    assert all(result["right"] == result["there"] for result in received)
    assert {result["right"] for result in received} == {True, False}, "both cases are there"


@pytest.mark.parametrize("peer", PEERS)
def test_none_of_their_pdus_is_refused(peer):
    assert {result["rejections"] for result in results(peer)} == {0}


def test_a_peer_that_cannot_acknowledge_is_left_after_the_limit():
    """cfdp-py cannot pack the acknowledgement of an EOF that comes before the metadata: no answer ever follows."""
    faulty = [result for result in results("cfdp-py") if result["own_faults"]]
    assert faulty, "the peer has been repaired: tell its row in docs/link.md"
    assert len(faulty) <= 4
    assert all(result["ours_sends"] and result["ours_closed"] for result in faulty)
