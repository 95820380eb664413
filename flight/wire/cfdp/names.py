"""File names as they may come over the link.  What is allowed is listed; all else is refused.

Printable ASCII only: no two names that one file system takes for the same, apart from letter case, which
`clash` settles: a store refuses a second name that differs from a stored one by case alone.
"""

from __future__ import annotations

NAME_OCTETS_LIMIT = 200  # with a store's own prefix and escapes below 255, what ext4 and CFDP's LVs can hold
DEPTH_LIMIT = 8  # folders; nobody needs more, and a walk has a bound
OWN_PREFIX = ".cfdp-"  # partial files and the journal; no name from outside begins like this in any folder
_LISTING = OWN_PREFIX + "listing-"
_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 #%&'()+,-.=@[]^_{}~")


def safe_name(raw: bytes) -> str | None:
    """The name, relative to the store, or None for one that is not allowed.

    Refused: absolute, empty parts, `.` and `..`, control octets, backslash, colon, anything beyond ASCII, a part
    that ends in a dot or space (some systems drop those), names of our own files, too long, too deep.
    """
    if not 0 < len(raw) <= NAME_OCTETS_LIMIT:
        return None
    name = raw.decode("latin-1")
    parts = name.split("/")
    if len(parts) > DEPTH_LIMIT:
        return None
    return name if all(map(_safe_part, parts)) else None


def _safe_part(part: str) -> bool:
    return (
        part != ""
        and part[-1] not in ". "
        and part[0] != " "
        and not part.lower().startswith(OWN_PREFIX)
        and _ALLOWED.issuperset(part)
    )


def listing_name(number: int) -> str:
    """A directory listing on its way out."""
    return f"{_LISTING}{number}"


def is_listing(name: str) -> bool:
    return name.startswith(_LISTING) and name[len(_LISTING) :].isdecimal()


def clash(stored: str, new: str) -> bool:
    """Whether no file system could hold both: they differ by letter case alone, or one is a folder of the other."""
    if stored == new:
        return False
    one, other = stored.lower(), new.lower()
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")


def partial_name(source: int, sequence: int) -> str:
    """Where a file is collected until its checksum holds."""
    return f"{OWN_PREFIX}{source}-{sequence}.part"
