"""A tenant's key, or a board's: made by chance, kept in one private file, never shown.

The private file is PKCS#8 in PEM, readable for its owner alone (0600), and not inside a git work tree.  Beside it
lies NAME.pub, one line that may be given to anybody: `skyrack-ed25519 OWNER HEX`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from flight.jobs import KEY_OCTETS, KEY_WORD, OWNER_EXPECTED, is_name, is_owner, key_check, public_line

PRIVATE = 0o600
OTHERS = 0o077
FILE_OCTETS = 4096


class JobKeyError(ValueError):
    """One line says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    owner: str
    key: bytes

    def line(self) -> str:
        return public_line(self.owner, self.key)

    @property
    def check(self) -> str:
        return key_check(self.key).hex()


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """The secret is never in its text."""

    private: bytes
    public: PublicKey


def make_key(path: Path, owner: str) -> PublicKey:
    """A tenant's new key in `path`, and its public line in `path`.pub.  JobKeyError if anything is there already."""
    if not is_owner(owner):
        raise JobKeyError(f"--owner {owner!r}: expected {OWNER_EXPECTED}")
    beside = public_path(path)
    for there in (path, beside):
        if there.exists() or there.is_symlink():
            raise JobKeyError(f"{there} exists already")
    _refuse_git(path)
    key = Ed25519PrivateKey.generate()
    public = PublicKey(owner, key.public_key().public_bytes_raw())
    body = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(handle)
    beside.write_text(public.line() + "\n")
    return public


def read_key(path: Path) -> SigningKey:
    if not path.is_file():
        raise JobKeyError(f"{path} is missing: `skyrack-ground job keys {path} --owner NAME` makes a key")
    if _read(path).startswith(KEY_WORD.encode()):
        raise JobKeyError(f"{path} is a public key: expected the private one, to sign with")
    if path.stat().st_mode & OTHERS:
        raise JobKeyError(f"{path} is open to others: chmod 600, and think about who has read it")
    try:
        key = load_pem_private_key(_read(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise JobKeyError(f"{path} is no private key in PEM without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise JobKeyError(f"{path} is a key of another kind: expected Ed25519")
    public = read_public(public_path(path))
    if public.key != key.public_key().public_bytes_raw():
        raise JobKeyError(f"{public_path(path)} belongs to another key than {path}")
    return SigningKey(key.private_bytes_raw(), public)


def read_public(path: Path) -> PublicKey:
    if not path.is_file():
        raise JobKeyError(f"{path} is missing")
    words = _read(path).decode("ascii", "replace").split()
    if len(words) != 3 or words[0] != KEY_WORD or not is_name(words[1]):
        raise JobKeyError(f"{path}: expected one line `{KEY_WORD} OWNER HEX`, as `job keys` writes it")
    try:
        key = bytes.fromhex(words[2])
    except ValueError:
        key = b""
    if len(key) != KEY_OCTETS:
        raise JobKeyError(f"{path}: expected a key of {2 * KEY_OCTETS} hexadecimal digits")
    return PublicKey(words[1], key)


def public_path(path: Path) -> Path:
    return path.with_name(path.name + ".pub")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FILE_OCTETS)


def _refuse_git(path: Path) -> None:
    """A key that is committed once is known for ever."""
    place = path.resolve()
    for parent in place.parents:
        if (parent / ".git").exists():
            raise JobKeyError(f"{path} is inside the git work tree {parent}: keys do not belong there")
