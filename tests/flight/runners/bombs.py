"""Attempts that use up what the machine has, or outlive their end: one at a time, in `make prove`."""

from __future__ import annotations

from tests.flight.runners.escapes import Attempt

BOMBS = [
    Attempt(
        "fork bomb",
        """
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            try:
                os.fork()
            except OSError:
                time.sleep(0.01)
        """,
    ),
    Attempt(
        "memory bomb",
        """
        held = []
        for _ in range(4):
            if not os.fork():
                break
        while True:
            held.append(bytearray(b"x" * 2**20))
        """,
    ),
    Attempt(
        "memory in files of /tmp and /dev/shm",
        """
        piece, written = b"x" * 2**20, 0
        for place in ("/tmp", "/dev/shm", "/", "/dev", "/run"):
            try:
                with open(place + "/skyrack-fill", "wb") as file:
                    for _ in range(256):
                        file.write(piece)
                        file.flush()
                        written += 1
            except OSError as error:
                print("held", place, error, flush=True)
        print("wrote", written, flush=True)
        if written > 64:
            escaped(str(written))
        """,
    ),
    Attempt(
        "disk filled",
        """
        for number in range(1000):
            with open(f"fill{{number}}", "wb") as file:
                file.write(b"x" * 2**20)
                file.flush()
            time.sleep(0.005)
        escaped("a thousand megabytes")
        """,
    ),
    Attempt(
        "one file over the limit",
        """
        with open("one", "wb") as file:
            for number in range(64):
                file.write(b"x" * 2**20)
        escaped("64 megabytes in one file")
        """,
    ),
    Attempt(
        "inodes used up",
        """
        for number in range(50000):
            open(f"f{{number}}", "w").close()
            if number % 100 == 0:
                time.sleep(0.005)
        escaped("fifty thousand files")
        """,
    ),
    Attempt(
        "files hidden in closed and deep folders",
        """
        os.makedirs("closed/inner")
        open("closed/inner/fill", "wb").write(b"x" * 2**22)
        os.chmod("closed", 0)
        for _ in range(60):
            os.mkdir("d")
            os.chdir("d")
        for number in range(200):
            open(f"fill{{number}}", "wb").write(b"x" * 2**20)
            time.sleep(0.005)
        escaped("200 megabytes")
        """,
    ),
    Attempt(
        "a daemon left behind",
        """
        import signal
        for number in (1, 2, 15):
            signal.signal(number, signal.SIG_IGN)
        if not os.fork():
            os.setsid()
            if not os.fork():
                os.closerange(0, 3)
                open("daemon", "w").write(str(os.getpid()))
                while True:
                    time.sleep(0.01)
            os._exit(0)
        while not os.path.exists("daemon"):
            time.sleep(0.01)
        """,
    ),
    Attempt(
        "out of the kill by double fork and setsid",
        """
        import signal
        for number in (1, 2, 15):
            signal.signal(number, signal.SIG_IGN)
        print("up", flush=True)
        while True:  # always somebody else, whose parent is dead and whose session is new
            if os.fork():
                os._exit(0)
            os.setsid()
            if os.fork():
                os._exit(0)
            time.sleep(0.001)
        """,
    ),
]
