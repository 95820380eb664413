"""OpenSSL's command agrees with our signatures and reads our keys."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from flight.jobs.signing import PACKAGE_DOMAIN, RECEIPT_DOMAIN
from ground.jobs import make_key, read_key
from tests.flight.jobs.made import MANIFEST, PUBLIC, package
from tests.flight.jobs.test_receipt import GOOD as RECEIPT

pytestmark = pytest.mark.peer
KEY_INFORMATION = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: Ed25519, then the key


def openssl(*words: object) -> subprocess.CompletedProcess[str]:
    command = shutil.which("openssl")
    if command is None:
        pytest.skip("no openssl here")
    return subprocess.run([command, *map(str, words)], capture_output=True, text=True, check=False)


@pytest.fixture(autouse=True)
def version() -> None:
    if not openssl("version").stdout.startswith("OpenSSL 3"):
        pytest.skip("signatures of octets as they are need OpenSSL 3")


def is_signed(folder: Path, signed: bytes, signature: bytes) -> bool:
    (folder / "key").write_bytes(KEY_INFORMATION + PUBLIC)
    (folder / "signed").write_bytes(signed)
    (folder / "signature").write_bytes(signature)
    files = ("-inkey", folder / "key", "-in", folder / "signed", "-sigfile", folder / "signature")
    return openssl("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin", *files).returncode == 0


def test_a_receipt(tmp_path: Path) -> None:
    magic, signature, body = RECEIPT[:8], RECEIPT[8:72], RECEIPT[72:]
    assert is_signed(tmp_path, RECEIPT_DOMAIN + magic + body, signature)
    assert not is_signed(tmp_path, RECEIPT_DOMAIN + magic + body[:-1], signature)


def test_a_package(tmp_path: Path) -> None:
    octets = package()
    stored = sum(part.stored for part in MANIFEST.parts)
    assert is_signed(
        tmp_path, PACKAGE_DOMAIN + octets[:20] + octets[84 : len(octets) - stored], octets[20:84]
    )


def test_a_key_that_we_made(tmp_path: Path) -> None:
    public = make_key(tmp_path / "k", "acme")
    shown = openssl("pkey", "-in", tmp_path / "k", "-noout", "-text").stdout
    digits = "".join(shown.partition("pub:")[2].split()).replace(":", "")
    assert digits == public.key.hex() == read_key(tmp_path / "k").public.key.hex()
