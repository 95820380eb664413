"""Calls of the kernel that Python's library does not have: namespaces, mounts, seccomp, Landlock.

Each raises OSError.  Constants: linux/sched.h, linux/mount.h, linux/prctl.h, linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS = 0x0002_0000, 0x0200_0000, 0x0400_0000
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4_096, 16_384, 1 << 18
MS_NOATIME, MS_NODIRATIME, MS_RELATIME = 1_024, 2_048, 1 << 21
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
SECCOMP_MODE_FILTER = 2
CAPABILITIES = 64  # more than there are; the kernel refuses those that it does not know
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
KEYCTL = {"x86_64": 250, "aarch64": 219}
KEYCTL_JOIN_SESSION_KEYRING = 1
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_VERSION_FLAG = 1
LANDLOCK_PATH_BENEATH = 1
ACCESS_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # rights to files known to each ABI, lowest bits
READ_RIGHTS = 0b1101  # execute, read file, read folder
DEVICE_RIGHTS = 1 << 15 | 0b111  # ioctl, execute, write, read
FILE_RIGHTS = 1 << 15 | 1 << 14 | 0b111  # those that mean something for what is no folder
NET_RIGHTS = 0b11  # bind and connect of TCP, from ABI 4
SCOPES = 0b11  # abstract sockets and signals, from ABI 6

_libc = ctypes.CDLL(None, use_errno=True)


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def unshare(flags: int) -> None:
    _checked(_libc.unshare(flags))


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    _checked(
        _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode())
    )


def pivot_root(machine: str, new: str, old: str) -> None:
    _checked(_libc.syscall(PIVOT_ROOT[machine], new.encode(), old.encode()))


def unmount(target: str) -> None:
    _checked(_libc.umount2(target.encode(), MNT_DETACH))


def process_option(option: int, value: int) -> None:
    _checked(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def drop_bounding_set() -> None:
    for capability in range(CAPABILITIES):
        _libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0)


def new_session_keyring(machine: str) -> None:
    """An empty one: the keys of whoever started us are not the job's.  No error where a kernel has no keys."""
    if machine in KEYCTL:
        _libc.syscall(KEYCTL[machine], KEYCTL_JOIN_SESSION_KEYRING, None)


def refuse_calls(program: bytes) -> None:
    """A filter of `flight.runners.seccomp`, for this process and all that it starts."""
    octets = ctypes.create_string_buffer(program, len(program))
    whole = _Filter(len(program) // 8, ctypes.addressof(octets))
    _checked(_libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(whole), 0, 0))


def landlock_version() -> int:
    """0 where there is none."""
    found: int = _libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_VERSION_FLAG)
    return max(0, found)


def restrict_files(reads: Iterable[str], writes: Iterable[str], devices: Iterable[str]) -> None:
    """From now on this process and all that it starts open only what is in these places; without effect at ABI 0.

    What is absent is left out.  From ABI 4 on no TCP, from 6 on no abstract sockets and no signals to others.
    """
    version = landlock_version()
    if not version:
        return
    handled = (1 << ACCESS_BITS.get(version, 16)) - 1
    attributes = struct.pack(
        "<QQQ", handled, NET_RIGHTS if version >= 4 else 0, SCOPES if version >= 6 else 0
    )
    length = 8 if version < 4 else 16 if version < 6 else 24
    rules = _checked(_libc.syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(length), 0))
    for rights, places in ((READ_RIGHTS, reads), (handled, writes), (DEVICE_RIGHTS, devices)):
        for place in places:
            _allow(rules, place, rights & handled)
    _checked(_libc.syscall(LANDLOCK_RESTRICT_SELF, rules, 0))
    os.close(rules)


def _allow(rules: int, place: str, rights: int) -> None:
    try:
        handle = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):  # absent, or out of reach as it is
        return
    if not os.path.isdir(place):
        rights &= FILE_RIGHTS
    rule = struct.pack("<Qi", rights, handle)
    _checked(_libc.syscall(LANDLOCK_ADD_RULE, rules, LANDLOCK_PATH_BENEATH, rule, 0))
    os.close(handle)
