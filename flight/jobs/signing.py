"""Ed25519 (RFC 8032) over what tenants and boards sign.  A domain before the octets keeps the two apart.

The library is imported with the first key: who only reads a job's status does not pay for it.
"""

from __future__ import annotations

from flight.jobs.digest import new_sha256

KEY_OCTETS = 32
SIGNATURE_OCTETS = 64
KEY_WORD = "skyrack-ed25519"
CHECK_OCTETS = 8  # enough to find the key; the signature says whether it is the right one
PACKAGE_DOMAIN = b"skyrack job package 1\0"
RECEIPT_DOMAIN = b"skyrack job receipt 1\0"


def public_line(owner: str, public: bytes) -> str:
    """A public key as a file holds it."""
    return f"{KEY_WORD} {owner} {public.hex()}"


def key_check(public: bytes) -> bytes:
    """By which a key is found in a table."""
    digest = new_sha256()
    digest.update(public)
    return digest.digest()[:CHECK_OCTETS]


def public_of(private: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def sign(private: bytes, domain: bytes, octets: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(private).sign(domain + octets)


def is_signed(public: bytes, domain: bytes, octets: bytes, signature: bytes) -> bool:
    """`public` has 32 octets.  Any other octets for a key or a signature are no signature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, domain + octets)
    except (InvalidSignature, ValueError):
        return False
    return True
