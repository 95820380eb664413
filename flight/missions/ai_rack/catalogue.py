"""What AI Rack has on board for jobs.  Each hash is of what it was installed from, for anybody to check."""

from flight.jobs import Installed, Kind

CATALOGUE = (
    # Debian 12, python3.11-minimal, amd64.
    Installed(
        "cpython",
        "3.11.2-6+deb12u9",
        Kind.PYTHON,
        bytes.fromhex("b5f855ab922dfcd5d1a3223b2118c3dae13ffc7751b0cd5dc24740386323a33a"),
        2_054_684,
    ),
    # The wheel for manylinux 1, x86-64: the engine of flight/runners/wasm.
    Installed(
        "wasmtime",
        "50.0.1",
        Kind.WASM,
        bytes.fromhex("cc14c3a17654e0394e0225b11813532ef0cd7bd1e222a0c5494cdedaabeddac4"),
        9_586_999,
    ),
    # The wheel for CPython 3.11 on manylinux 2_27, x86-64.
    Installed(
        "numpy",
        "2.4.6",
        Kind.LIBRARY,
        bytes.fromhex("89cd468399cfd2504718f0ba50e410dca55a170b61a02ad92bb18c8a65186e93"),
        16_918_164,
    ),
    # weights.bin of the job sim/jobs/digits, 40 rounds: the same octets on every processor.
    Installed(
        "digits",
        "1",
        Kind.MODEL,
        bytes.fromhex("8dff0c900b2df372e926a6d034f0235288d5b2ea1a29452ef2ca94f0e7b00665"),
        57_768,
    ),
)
