"""The filter of system calls, run by an interpreter of its own instructions, for both processors."""

from __future__ import annotations

import errno
import struct

import pytest

from flight.runners.seccomp import ALLOW, ERROR, KILL, MACHINES, filter_octets

EPERM, ENOSYS = ERROR | errno.EPERM, ERROR | errno.ENOSYS
COLUMN = {"x86_64": 0, "aarch64": 1}
# From the kernels' tables again, not from the module under test.
CALLS = {
    "read": (0, 63), "write": (1, 64), "openat": (257, 56), "execve": (59, 221), "clone": (56, 220),
    "clone3": (435, 435),
    "kill": (62, 129), "tgkill": (234, 131), "socket": (41, 198), "socketpair": (53, 199), "ptrace": (101, 117),
    "mount": (165, 40), "unshare": (272, 97), "keyctl": (250, 219), "bpf": (321, 280), "mknodat": (259, 33),
    "ioctl": (16, 29), "prlimit64": (302, 261), "setpriority": (141, 140), "shmget": (29, 194), "futex": (202, 98),
    "io_uring_setup": (425, 425), "pidfd_send_signal": (424, 424), "setuid": (105, 146), "mmap": (9, 222),
}  # fmt: skip
PID = 4_242


def verdict(program: bytes, machine: str, number: int, *arguments: int) -> int:
    """What the kernel would do with this call."""
    numbers = [argument & (2**64 - 1) for argument in arguments] + [0] * (6 - len(arguments))
    data = struct.pack("<IIQ6Q", number, MACHINES[machine], 0, *numbers)
    accumulator = at = 0
    while True:
        code, yes, no, value = struct.unpack_from("<HBBI", program, at * 8)
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code == 0x06:
            return value
        else:
            test = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[
                code
            ]
            at += yes if test else no


def program(machine: str, *, alone: bool) -> bytes:
    found = filter_octets(machine, alone=alone, process=PID)
    assert found is not None
    return found


@pytest.fixture(params=list(MACHINES))
def machine(request: pytest.FixtureRequest) -> str:
    return request.param


CASES = [
    # name, arguments, in namespaces, without
    ("read", (), ALLOW, ALLOW),
    ("execve", (), ALLOW, ALLOW),
    ("futex", (), ALLOW, ALLOW),
    ("setuid", (1000,), ALLOW, ALLOW),
    ("socketpair", (1,), ALLOW, ALLOW),
    ("ptrace", (16, 1), EPERM, EPERM),
    ("mount", (), EPERM, EPERM),
    ("unshare", (0x10000000,), EPERM, EPERM),
    ("keyctl", (), EPERM, EPERM),
    ("bpf", (), EPERM, EPERM),
    ("io_uring_setup", (), EPERM, EPERM),
    ("clone3", (), ENOSYS, ENOSYS),
    ("clone", (0x11,), ALLOW, ALLOW),
    ("clone", (0x003D0F00,), ALLOW, ALLOW),  # a thread, as the C library makes one
    ("clone", (0x10000011,), EPERM, EPERM),
    ("clone", (0x00020011,), EPERM, EPERM),
    ("socket", (1, 1), ALLOW, EPERM),
    ("socket", (2, 1), EPERM, EPERM),
    ("socket", (16, 3), EPERM, EPERM),
    ("mknodat", (-100, 0, 0o010644), ALLOW, ALLOW),
    ("mknodat", (-100, 0, 0o020644), EPERM, EPERM),
    ("mknodat", (-100, 0, 0o060644), EPERM, EPERM),
    ("ioctl", (0, 0x5401), ALLOW, ALLOW),
    ("ioctl", (0, 0x5412), EPERM, EPERM),
    ("kill", (1, 9), ALLOW, EPERM),
    ("kill", (-1, 9), ALLOW, EPERM),
    ("kill", (0, 15), ALLOW, ALLOW),
    ("kill", (PID, 6), ALLOW, ALLOW),
    ("tgkill", (PID, PID, 6), ALLOW, ALLOW),
    ("tgkill", (1, 1, 9), ALLOW, EPERM),
    ("pidfd_send_signal", (3, 9), ALLOW, EPERM),
    ("shmget", (), ALLOW, EPERM),
    ("prlimit64", (0,), ALLOW, ALLOW),
    ("prlimit64", (7,), ALLOW, EPERM),
    ("setpriority", (0, 0, 5), ALLOW, ALLOW),
    ("setpriority", (0, 9, 5), ALLOW, EPERM),
]


@pytest.mark.parametrize(("name", "arguments", "inside", "without"), CASES)
def test_what_is_refused(machine, name, arguments, inside, without):
    number = CALLS[name][COLUMN[machine]]
    assert verdict(program(machine, alone=True), machine, number, *arguments) == inside
    assert verdict(program(machine, alone=False), machine, number, *arguments) == without


def test_another_processor_s_calls_end_the_process(machine):
    other = next(name for name in MACHINES if name != machine)
    assert verdict(program(machine, alone=True), other, CALLS["read"][0]) == KILL


def test_the_second_set_of_numbers_of_x86_64():
    assert verdict(program("x86_64", alone=True), "x86_64", 0x4000_0000 | 101) == ENOSYS


def test_every_jump_stays_inside(machine):
    octets = program(machine, alone=False)
    count = len(octets) // 8
    assert count < 4_096  # BPF_MAXINSNS
    for at, (code, yes, no, _) in enumerate(struct.iter_unpack("<HBBI", octets)):
        if code not in (0x20, 0x06):
            assert at + 1 + max(yes, no) < count


def test_an_unknown_processor_has_none():
    assert filter_octets("riscv64", alone=True) is None
