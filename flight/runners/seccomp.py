"""System calls that no job needs, refused by a filter in the kernel (seccomp, BPF), at every level of isolation.

What is refused gives EPERM, so that a program can say what it missed.  `clone3` gives ENOSYS: its flags are in memory,
where a filter cannot look, and the C library then takes `clone`, whose flags it can.
Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

from __future__ import annotations

import errno
import struct

INSTRUCTION = struct.Struct("<HBBI")
LOAD, EQUALS, AT_LEAST, ANY_BIT, GIVE = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h
ALLOW, ERROR, KILL = 0x7FFF_0000, 0x0005_0000, 0x8000_0000
NUMBER_AT, MACHINE_AT = 0, 4  # in struct seccomp_data
FIRST_AT, SECOND_AT, THIRD_AT = 16, 24, 32  # the arguments' low words
X32_BIT = 0x4000_0000  # a second set of numbers on x86-64, which nobody uses and filters forget
NEW_NAMESPACES = 0x7E02_0000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}
AF_UNIX = 1
DEVICE_BIT = 0o020000  # of a mode: set in S_IFCHR and S_IFBLK, not in S_IFIFO, S_IFREG and S_IFSOCK
TIOCSTI, TIOCLINUX = 0x5412, 0x541C  # put words into the mouth of a terminal
MACHINES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}

# Each name with its numbers, x86-64 before aarch64.
REFUSED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "syslog": (103, 116),
    "fanotify_init": (300, 262),
    "personality": (135, 92),  # addresses that can be guessed again
}
REFUSED_X86_64 = {"iopl": 172, "ioperm": 173, "modify_ldt": 154, "kexec_file_load": 320}
# Where no PID namespace keeps a job from others: signals go to itself and its own group alone.
SIGNALS = {"tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240)}
SIGNALS |= {"pidfd_send_signal": (424, 424), "pidfd_open": (434, 434)}
# Where no IPC namespace does: System V's memory, semaphores and queues, and POSIX queues.
SHARED = {
    "shmget": (29, 194),
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
}
CLONE, CLONE3, SOCKET, IOCTL, KILL_CALL, THREAD_KILL = (
    (56, 220),
    (435, 435),
    (41, 198),
    (16, 29),
    (62, 129),
    (234, 131),
)
SET_PRIORITY = (141, 140)
MAKE_NODE_AT = (259, 33)
MAKE_NODE = 133  # x86-64 alone
OF_ITSELF = {"prlimit64": (302, 261), "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119)}
OF_ITSELF |= {"sched_setparam": (142, 118), "sched_setattr": (314, 274)}


class Program:
    """Instructions, one after the other; each test is whole in itself, so that no jump is longer than 6."""

    def __init__(self) -> None:
        self.octets = bytearray()

    def add(self, code: int, value: int, yes: int = 0, no: int = 0) -> None:
        self.octets += INSTRUCTION.pack(code, yes, no, value)

    def refuse(self, number: int, error: int = errno.EPERM) -> None:
        self.add(EQUALS, number, 0, 1)
        self.add(GIVE, ERROR | error)

    def refuse_if(self, number: int, at: int, code: int, value: int) -> None:
        """Refuse this call if its argument passes the test."""
        self.add(EQUALS, number, 0, 4)
        self.add(LOAD, at)
        self.add(code, value, 0, 1)
        self.add(GIVE, ERROR | errno.EPERM)
        self.add(LOAD, NUMBER_AT)  # the accumulator holds the number again for what follows

    def refuse_unless(self, number: int, at: int, *values: int) -> None:
        """Refuse this call if its argument is none of these."""
        self.add(EQUALS, number, 0, len(values) + 3)
        self.add(LOAD, at)
        for index, value in enumerate(values):
            self.add(EQUALS, value, len(values) - index, 0)
        self.add(GIVE, ERROR | errno.EPERM)
        self.add(LOAD, NUMBER_AT)


def filter_octets(machine: str, *, alone: bool, process: int = 0) -> bytes | None:
    """A program for PR_SET_SECCOMP or bwrap's --seccomp.  None for a machine whose numbers we do not have.

    `alone` says that the job has PID, IPC and network namespaces of its own; if not, it may send signals to its process
    group and to `process`, its first, alone, and open no socket.
    """
    if machine not in MACHINES:
        return None
    column = list(MACHINES).index(machine)
    program = Program()
    program.add(LOAD, MACHINE_AT)
    program.add(EQUALS, MACHINES[machine], 1, 0)
    program.add(GIVE, KILL)
    program.add(LOAD, NUMBER_AT)
    if machine == "x86_64":
        program.add(AT_LEAST, X32_BIT, 0, 1)
        program.add(GIVE, ERROR | errno.ENOSYS)
    refused = [numbers[column] for numbers in REFUSED.values()]
    refused += REFUSED_X86_64.values() if machine == "x86_64" else []
    if not alone:
        refused += [numbers[column] for numbers in (*SIGNALS.values(), *SHARED.values())]
    for number in refused:
        program.refuse(number)
    program.refuse(CLONE3[column], errno.ENOSYS)
    program.refuse_if(CLONE[column], FIRST_AT, ANY_BIT, NEW_NAMESPACES)
    program.refuse_if(MAKE_NODE_AT[column], THIRD_AT, ANY_BIT, DEVICE_BIT)
    if machine == "x86_64":
        program.refuse_if(MAKE_NODE, SECOND_AT, ANY_BIT, DEVICE_BIT)
    for request in (TIOCSTI, TIOCLINUX):
        program.refuse_if(IOCTL[column], SECOND_AT, EQUALS, request)
    if alone:
        program.refuse_unless(SOCKET[column], FIRST_AT, AF_UNIX)
    else:
        _keep_to_itself(program, column, process)
    program.add(GIVE, ALLOW)
    return bytes(program.octets)


def _keep_to_itself(program: Program, column: int, process: int) -> None:
    """Sockets none (a pair of connected ones is another call); limits, priorities and schedulers its own (0) alone."""
    program.refuse(SOCKET[column])
    program.refuse_unless(KILL_CALL[column], FIRST_AT, 0, process)
    program.refuse_unless(THREAD_KILL[column], FIRST_AT, process)
    program.refuse_unless(SET_PRIORITY[column], SECOND_AT, 0)
    for numbers in OF_ITSELF.values():
        program.refuse_unless(numbers[column], FIRST_AT, 0)
