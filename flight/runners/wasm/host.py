"""The program that runs a WebAssembly job, inside the job's sandbox.

    python -m flight.runners.wasm.host FUEL MEMORY_OCTETS DISK_OCTETS FILES SEED MODULE [WORD ...]

The engine is told to leave nothing open: NaNs have one pattern, no threads, no relaxed vectors, fuel for every
instruction, memory that grows to a limit.  What the module writes is on the disk when it has ended by itself; after a
trap the folders are as they were.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import wasmtime

from flight.runners.wasm.calls import Calls, Exited, answering
from flight.runners.wasm.exit_codes import FUEL, GUEST_CODE_MAX, REFUSED, TRAPPED
from flight.runners.wasm.files import READ, WRITTEN, Tree
from flight.runners.wasm.translation import ENGINE, engine_installed

STACK_OCTETS = 512 * 1024
TABLE_ELEMENTS_MAX = 100_000
MODULE = "wasi_snapshot_preview1"
NOSYS = 52


class HostMemory:
    """The guest's memory; its place may change with every growth, so it is looked up for each call."""

    def __init__(self, store: wasmtime.Store, memory: wasmtime.Memory) -> None:
        self.store, self.memory = store, memory

    def get(self, start: int, length: int) -> bytes:
        if start + length > self.memory.data_len(self.store):
            raise IndexError
        return bytes(self.memory.read(self.store, start, start + length)) if length else b""

    def put(self, start: int, data: bytes) -> None:
        if start + len(data) > self.memory.data_len(self.store):
            raise IndexError
        if data:
            self.memory.write(self.store, data, start)


def engine(target: str = "") -> wasmtime.Engine:
    """`target` is a triple of wasmtime's for other code than this machine's, such as `pulley64`, its interpreter."""
    config = wasmtime.Config()
    if target:
        config.target = target
    config.consume_fuel = True
    config.cranelift_nan_canonicalization = True
    config.cranelift_opt_level = "speed"
    config.parallel_compilation = False
    config.max_wasm_stack = STACK_OCTETS
    for name in (
        "wasm_threads",
        "wasm_relaxed_simd",
        "wasm_memory64",
        "wasm_multi_memory",
        "wasm_component_model",
    ):
        setattr(config, name, False)
    config.wasm_relaxed_simd_deterministic = True
    return wasmtime.Engine(config)


def run(module_octets: bytes, calls: Calls, fuel: int, memory_octets: int, target: str = "") -> int:
    """The guest's exit code, or one of ours.  wasmtime.WasmtimeError for what is no module that can run."""
    made = engine(target)
    store = wasmtime.Store(made)
    store.set_fuel(fuel)
    store.set_limits(memory_octets, TABLE_ELEMENTS_MAX, 1, 10, 1)
    module = wasmtime.Module(made, module_octets)
    memories: list[HostMemory] = []
    linker = wasmtime.Linker(made)
    for wanted in module.imports:
        if wanted.module != MODULE or not isinstance(wanted.type, wasmtime.FuncType) or wanted.name is None:
            raise wasmtime.WasmtimeError(f"imports {wanted.module}.{wanted.name}, which is not WASI")
        _define(linker, wanted.name, wanted.type, calls, memories)
    instance = linker.instantiate(store, module)
    exports = instance.exports(store)
    memory, start = exports.get("memory"), exports.get("_start")
    if not isinstance(start, wasmtime.Func) or not isinstance(memory, wasmtime.Memory):
        raise wasmtime.WasmtimeError("exports no _start or no memory")
    memories.append(HostMemory(store, memory))
    try:
        start(store)
    except Exited as exited:
        return min(exited.code, GUEST_CODE_MAX)
    return 0


def _define(
    linker: wasmtime.Linker, name: str, kind: wasmtime.FuncType, calls: Calls, memories: list[HostMemory]
) -> None:
    call = None if name.startswith("_") else getattr(calls, name, None)
    if call is None:  # a call that nobody has: the module is told so, if it ever makes it
        linker.define_func(MODULE, name, kind, lambda *_: NOSYS if kind.results else None)
        return
    narrow = [one == wasmtime.ValType.i32() for one in kind.params]
    linker.define_func(MODULE, name, kind, answering(call, lambda: memories[0], narrow))


def main(words: Sequence[str]) -> int:
    if not engine_installed():
        return _refuse(f"needs wasmtime {ENGINE}")
    fuel, memory_octets, disk_octets, files, seed = map(int, words[:5])
    place = {name: os.environ[f"SKYRACK_{name.upper()}"] for name in (*READ, *WRITTEN)}
    tree = Tree(disk_octets, files)
    for name in (*READ, *WRITTEN):  # in this order: see Calls
        tree.load(name, place[name])
    module = Path(words[5]) if words[5].startswith("/") else Path(place["package"], words[5])
    calls = Calls(tree, words[5:], [f"SKYRACK_{name.upper()}=/{name}" for name in (*READ, *WRITTEN)], seed)
    try:
        code = run(module.read_bytes(), calls, fuel, memory_octets)
    except wasmtime.Trap as trap:
        _refuse(str(trap))
        return FUEL if trap.trap_code is wasmtime.TrapCode.OUT_OF_FUEL else TRAPPED
    except (wasmtime.WasmtimeError, OSError) as error:
        return _refuse(str(error))
    sys.stdout.flush()
    for name in WRITTEN:
        tree.save(name, place[name])
    return code


def _refuse(why: str) -> int:
    sys.stderr.write(why + "\n")
    return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
