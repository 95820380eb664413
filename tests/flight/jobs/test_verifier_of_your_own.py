"""The verifier of docs/jobs.md, which imports nothing of ours, and ours say the same of every receipt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import pytest
from cryptography.exceptions import InvalidSignature

from checks.findings import ROOT
from flight.jobs import Receipt, decode_receipt, encode_receipt, public_of
from tests.flight.jobs.made import OTHER_PRIVATE, PRIVATE, PUBLIC, RECEIPT

GOOD = encode_receipt(RECEIPT, PRIVATE)
Verifier = Callable[[bytes, bytes], dict[str, object]]


@pytest.fixture(scope="module")
def source() -> str:
    text = (ROOT / "docs" / "jobs.md").read_text()
    (block,) = [block for block in text.split("```python test\n")[1:] if "def signed_by(" in block]
    return block.partition("```")[0]


@pytest.fixture(scope="module")
def verifier(source: str) -> Verifier:
    names: dict[str, Verifier] = {}
    exec(source, names)
    return names["signed_by"]


def test_it_is_short_and_needs_nothing_of_ours(source: str) -> None:
    assert len(source.splitlines()) < 200
    assert "flight" not in source
    assert "ground" not in source


def test_it_tells_what_ours_tells(verifier: Verifier) -> None:
    said = verifier(PUBLIC, GOOD)
    assert set(said) == set(asdict(RECEIPT))
    assert (said["owner"], said["ended"], said["package_sha256"]) == ("acme", "done", RECEIPT.package_sha256)
    assert decode_receipt(GOOD, PUBLIC) == RECEIPT


def test_it_refuses_what_ours_refuses(verifier: Verifier) -> None:
    for at in range(len(GOOD)):
        other = GOOD[:at] + bytes([GOOD[at] ^ 1 << at % 8]) + GOOD[at + 1 :]
        with pytest.raises(InvalidSignature):
            verifier(PUBLIC, other)
        assert not isinstance(decode_receipt(other, PUBLIC), Receipt)
    for board, receipt in (
        (public_of(OTHER_PRIVATE), GOOD),
        (PUBLIC, encode_receipt(RECEIPT, OTHER_PRIVATE)),
        (PUBLIC, encode_receipt(RECEIPT, None)),
        (PUBLIC, GOOD + b"\0"),
        (PUBLIC, GOOD[:-1]),
    ):
        with pytest.raises(InvalidSignature):
            verifier(board, receipt)
