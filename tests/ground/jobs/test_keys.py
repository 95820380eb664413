"""Keys are made once, kept private and never shown."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from stat import S_IMODE

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ground.jobs import JobKeyError, make_key, read_key, read_public
from tests.ground.jobs.conftest import Ran

Run = Callable[..., Ran]


def test_a_key_is_private_and_never_shown(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "k"
    status, out, err = run("keys", path, "--owner", "acme")
    assert (status, err) == (0, "")
    assert S_IMODE(path.stat().st_mode) == 0o600
    key = read_key(path)
    secrets = (key.private.hex(), path.read_text().splitlines()[1])
    told = out + (tmp_path / "k.pub").read_text() + repr(key) + str(key)
    assert not any(secret in told for secret in secrets)
    assert key.public == read_public(tmp_path / "k.pub")
    assert key.public.owner == "acme"


def test_two_keys_differ(tmp_path: Path) -> None:
    assert make_key(tmp_path / "a", "acme").key != make_key(tmp_path / "b", "acme").key


def test_nothing_is_written_over(tmp_path: Path, run: Run) -> None:
    make_key(tmp_path / "k", "acme")
    before = (tmp_path / "k").read_bytes()
    assert run("keys", tmp_path / "k", "--owner", "acme")[0] == 2
    assert (tmp_path / "k").read_bytes() == before
    (tmp_path / "l.pub").write_text("")
    with pytest.raises(JobKeyError, match="exists already"):
        make_key(tmp_path / "l", "acme")


def test_not_in_a_work_tree(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path / "tree"], check=True)
    (tmp_path / "tree" / "below").mkdir()
    with pytest.raises(JobKeyError, match="inside the git work tree"):
        make_key(tmp_path / "tree" / "below" / "k", "acme")
    assert not list((tmp_path / "tree" / "below").iterdir())


def test_an_owner_is_a_name(tmp_path: Path) -> None:
    for owner in ("", "Acme", "a b", "../a", "a-b", "\u0430cme"):
        with pytest.raises(JobKeyError, match="--owner"):
            make_key(tmp_path / "k", owner)


def test_keys_that_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "k"
    make_key(path, "acme")
    make_key(tmp_path / "other", "acme")
    good, line = path.read_bytes(), (tmp_path / "k.pub").read_text()

    def refused(match: str) -> None:
        with pytest.raises(JobKeyError, match=match):
            read_key(path)

    with pytest.raises(JobKeyError, match="is a public key"):
        read_key(tmp_path / "k.pub")
    path.chmod(0o640)
    refused("open to others")
    path.chmod(0o600)
    for octets in (b"", b"nonsense", good[:-40]):
        path.write_bytes(octets)
        refused("no private key in PEM")
    path.write_bytes(
        X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    refused("a key of another kind")
    path.write_bytes(good)
    (tmp_path / "k.pub").write_text((tmp_path / "other.pub").read_text())
    refused("belongs to another key")
    for text in (
        "",
        "x",
        line.replace("acme", "Acme"),
        line[:-2],
        line.strip() + "00",
        line.replace(" ", ""),
    ):
        (tmp_path / "k.pub").write_text(text)
        refused("expected")
    (tmp_path / "k.pub").unlink()
    refused("is missing")
