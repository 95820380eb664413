"""Attempts to get out of the sandbox: each a program that prints ESCAPED and how, if it does.

What is `{...}` is filled in by the test: places and processes of the host that the job should know nothing of.
"""

from __future__ import annotations

from dataclasses import dataclass

HEAD = """
import ctypes, os, socket, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def escaped(how):
    print("ESCAPED", how, flush=True)
def attempt(how, what, *arguments):
    try:
        found = what(*arguments)
    except (OSError, ValueError, OverflowError) as error:
        print("held", how, error, flush=True)
        return None
    if found is not False:
        escaped(how)
    return found
def call(number, *arguments):
    found = libc.syscall(number, *arguments)
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found
ARM = os.uname().machine == "aarch64"
"""


@dataclass(frozen=True)
class Attempt:
    name: str
    code: str


ATTEMPTS = [
    Attempt(
        "network",
        """
        def internet():
            socket.create_connection(("127.0.0.1", {port}), 2).close()
        attempt("TCP to the host", internet)
        for family, kind in ((2, 2), (10, 1), (16, 3), (17, 3), (40, 1)):  # UDP, IPv6, netlink, packet, vsock
            def reach():
                made = socket.socket(family, kind)
                if family == 2:
                    made.sendto(b"x", ("127.0.0.1", {port}))
                elif family == 10:
                    made.settimeout(2)
                    made.connect(("::1", {port}))
            attempt(f"socket of family {{family}}", reach)
        """,
    ),
    Attempt(
        "sockets of the host",
        """
        def abstract():
            socket.socket(socket.AF_UNIX).connect("\\0{abstract}")
        attempt("abstract socket", abstract)
        def by_path():
            socket.socket(socket.AF_UNIX).connect("{host}/open.socket")
        attempt("socket by its path", by_path)
        """,
    ),
    Attempt(
        "files of another tenant",
        """
        for name in ("package/main.py", "scratch/secret", "outputs/secret"):
            attempt("read " + name, lambda: open("{other}/" + name).read())
        attempt("list", lambda: os.listdir("{other}/scratch"))
        attempt("write", lambda: open("{other}/outputs/mine", "w"))
        """,
    ),
    Attempt(
        "outputs of another tenant unlinked",
        """
        attempt("unlink", os.unlink, "{other}/outputs/secret")
        attempt("rename", os.rename, "{other}/outputs/secret", "{other}/outputs/gone")
        attempt("truncate", os.truncate, "{other}/outputs/secret", 0)
        """,
    ),
    Attempt(
        "files of the host",
        """
        for path in ("/etc/shadow", "{host}/secret", "/etc/gshadow"):
            attempt("read " + path, lambda: open(path).read())
        attempt("write", lambda: open("{host}/written", "w"))
        """,
    ),
    Attempt(
        "inputs written",
        """
        package, models = os.environ["SKYRACK_PACKAGE"], os.environ["SKYRACK_MODELS"]
        attempt("program", lambda: open(package + "/main.py", "a"))
        attempt("new file", lambda: open(package + "/new", "w"))
        attempt("model", lambda: open(models + "/new", "w"))
        attempt("unlink", os.unlink, package + "/main.py")
        attempt("chmod", os.chmod, package, 0o777)
        attempt("library", lambda: open(os.__file__, "a"))
        """,
    ),
    Attempt(
        "the host's environment",
        """
        if "{secret}" in str(os.environ):
            escaped("own")
        for pid in ({runner}, os.getppid(), 1):
            def look():
                return "{secret}" in open(f"/proc/{{pid}}/environ").read()
            attempt(f"environ of {{pid}}", look)
        """,
    ),
    Attempt(
        "/proc of others",
        """
        for name in ("mem", "maps", "environ", "fd", "root/etc", "cwd"):
            path = f"/proc/{runner}/" + name
            look = os.listdir if name in ("fd", "root/etc", "cwd") else (lambda at: open(at, "rb").read(1))
            attempt(path, look, path)
        """,
    ),
    Attempt(
        "/proc and /sys written",
        """
        for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches",
                     "/proc/sys/kernel/hostname", "/sys/kernel/mm/transparent_hugepage/enabled"):
            attempt(path, lambda: os.open(path, os.O_WRONLY))
        def safer():
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write("-500")
        attempt("oom_score_adj", safer)
        """,
    ),
    Attempt(
        "ptrace",
        """
        for pid in ({runner}, os.getppid()):
            attempt(f"attach to {{pid}}", lambda: call(117 if ARM else 101, 16, pid, 0, 0))
            attempt(f"seize {{pid}}", lambda: call(117 if ARM else 101, 0x4206, pid, 0, 0))
        held = ctypes.create_string_buffer(8)
        vector = struct.pack("QQ", ctypes.addressof(held), 8)
        attempt("process_vm_readv", lambda: call(270 if ARM else 310, {runner}, vector, 1, vector, 1, 0))
        """,
    ),
    Attempt(
        "signals",
        """
        for pid in ({runner}, {bystander}):
            attempt(f"kill {{pid}}", os.kill, pid, 0)
            attempt(f"pidfd of {{pid}}", os.pidfd_open, pid)
            attempt(f"tgkill {{pid}}", lambda: call(131 if ARM else 234, pid, pid, 0))
        """,
    ),
    Attempt(
        "setuid",
        """
        if os.geteuid():
            for user in (0, os.getuid() + 1):
                attempt(f"become {{user}}", os.setuid, user)
        import shutil
        shutil.copy("/bin/sh", "sh")
        os.chmod("sh", 0o6755)
        for name in ("/usr/bin/su", "/usr/bin/passwd", "/usr/bin/mount", "./sh"):
            pid = os.fork()
            if not pid:
                os.dup2(1, 2)
                os.execv("/bin/sh", ["sh", "-c", "exec " + name + " --version >/dev/null 2>&1"])
            os.wait()
        try:
            lines = open("/proc/self/status").readlines()
        except OSError:
            lines = []
        for line in lines:
            if line.startswith(("CapEff", "CapPrm", "CapAmb")) and int(line.split()[1], 16):
                escaped(line)
        if libc.prctl(39, 0, 0, 0, 0) != 1:
            escaped("new privileges")
        """,
    ),
    Attempt(
        "mount",
        """
        os.mkdir("here")
        attempt("tmpfs", lambda: libc.mount(b"x", b"here", b"tmpfs", 0, None) == 0)
        package = os.environ["SKYRACK_PACKAGE"].encode()
        attempt("bind", lambda: libc.mount(package, b"here", None, 4096, None) == 0)
        attempt("remount", lambda: libc.mount(b"none", package, None, 4096 | 32, None) == 0)
        attempt("umount", lambda: libc.umount2(package, 2) == 0)
        attempt("chroot", os.chroot, "here")
        attempt("fsopen", lambda: call(430, b"tmpfs", 0))
        """,
    ),
    Attempt(
        "new namespaces",
        """
        for name, flag in (("user", 0x10000000), ("mount", 0x20000), ("net", 0x40000000)):
            attempt("unshare " + name, lambda: libc.unshare(flag) == 0)
        def cloned():
            pid = call(220 if ARM else 56, 0x10000000 | 17, 0, 0, 0, 0)
            if not pid:
                os._exit(0)
            os.waitpid(pid, 0)
        attempt("clone", cloned)
        for pid in (1, os.getppid(), {runner}):
            def enter():
                if call(268 if ARM else 308, os.open(f"/proc/{{pid}}/ns/mnt", os.O_RDONLY), 0) < 0:
                    raise OSError
            attempt(f"setns {{pid}}", enter)
        """,
    ),
    Attempt(
        "device nodes",
        """
        attempt("mknod", os.mknod, "node", 0o20666, os.makedev(1, 1))
        for name in ("mem", "kmsg", "kvm", "fuse", "loop0", "vda", "sda", "mmcblk0", "nvme0n1", "port"):
            attempt(name, os.open, "/dev/" + name, os.O_RDWR)
        """,
    ),
    Attempt(
        "kernel keyrings",
        """
        ring = -3
        attempt("session", lambda: call(219 if ARM else 250, 0, ring, 0))
        attempt("add", lambda: call(217 if ARM else 248, b"user", b"mine", b"x", 1, ring))
        attempt("request", lambda: call(218 if ARM else 249, b"user", b"{secret}", None, 0))
        """,
    ),
    Attempt(
        "shared memory and queues",
        """
        attempt("System V memory", lambda: call(196 if ARM else 30, {memory}, None, 0))
        attempt("System V message queue", lambda: libc.msgget({key}, 0) >= 0)
        attempt("POSIX memory", lambda: open("/dev/shm/{posix}").read())
        """,
    ),
    Attempt(
        "what the runner left open",
        """
        for number in range(3, 256):
            try:
                kind = os.fstat(number).st_mode
            except OSError:
                continue
            escaped(f"{{number}} of mode {{kind:o}}")
        """,
    ),
    Attempt(
        "control groups left",
        """
        def leave(path):
            with open(path, "w") as file:
                file.write(str(os.getpid()))
        for path in {entrances}:
            attempt(path, leave, path)
        os.makedirs("groups", exist_ok=True)
        attempt("mount", lambda: libc.mount(b"none", b"groups", b"cgroup2", 0, None) == 0)
        """,
    ),
    Attempt(
        "priority taken",
        """
        attempt("nice", os.setpriority, os.PRIO_PROCESS, 0, -5)
        attempt("real time", os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(5))
        attempt("of others", os.setpriority, os.PRIO_PROCESS, {bystander}, 19)
        attempt("affinity of others", os.sched_setaffinity, {bystander}, [0])
        """,
    ),
    Attempt(
        "rare doors of the kernel",
        """
        calls = dict(bpf=280 if ARM else 321, perf=241 if ARM else 298, userfaultfd=282 if ARM else 323, io_uring=425)
        for name, number in calls.items():
            attempt(name, lambda: call(number, 0, b"\\0" * 256, 256, -1, 0))
        attempt("module", lambda: call(105 if ARM else 175, b"x", 1, b""))
        attempt("kernel log", lambda: call(116 if ARM else 103, 3, ctypes.create_string_buffer(64), 64))
        attempt("clock", lambda: time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME)))
        attempt("hostname", lambda: libc.sethostname(b"job", 3) == 0)
        attempt("reboot", lambda: libc.reboot(0) == 0)  # CAD_OFF: does nothing but need the right
        attempt("handle", lambda: call(264 if ARM else 303, -100, b"/", b"\\0" * 136, b"\\0" * 8, 0))
        """,
    ),
    Attempt(
        "file handles used up",
        """
        held = []
        try:
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            print("held at", len(held))
        if len(held) > 256:
            escaped("more than allowed")
        """,
    ),
]
