"""WebAssembly jobs: the same bytes each time, within fuel and memory, with nothing of the host in reach."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.boards.clock import monotonic
from flight.declare.running import ExitReason, Isolation, JobLimits, JobState, JobToRun, Refusal, RunnerKind
from flight.runners.wasm.translation import engine_installed
from tests.flight.runners.conftest import interpreter

wasmtime = pytest.importorskip("wasmtime", reason="the extra `wasm` is not installed")
from flight.runners.wasm.calls import Calls  # noqa: E402
from flight.runners.wasm.exit_codes import FUEL, REFUSED, TRAPPED  # noqa: E402
from flight.runners.wasm.files import NOSPC, NOTCAPABLE, ROFS, File, Folder, Refused, Tree  # noqa: E402
from flight.runners.wasm.host import main, run  # noqa: E402

LIMITS = JobLimits(memory_octets=2**20, disk_octets=2**20, fuel=10**8)
NO_MACHINE = "pulley64"
NAMES = ("package", "models", "outputs", "checkpoints", "scratch")
WASI = '(import "wasi_snapshot_preview1" '
# Writes `length` octets of its memory at 256 to /outputs/result (folder 5) and stops; `$body` fills them.
WRITER = f"""(module
  {WASI}"path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  {WASI}"fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  {WASI}"random_get" (func $random (param i32 i32) (result i32)))
  {WASI}"clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  {WASI}"proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "result")
  (func (export "_start") (local $i i32) (local $x f64)
    BODY
    (call $open (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 6) (i32.const 1)
      (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 16))
    (if (then (call $exit (i32.const 9))))
    (i32.store (i32.const 32) (i32.const 256))
    (i32.store (i32.const 36) (i32.const LENGTH))
    (if (call $write (i32.load (i32.const 16)) (i32.const 32) (i32.const 1) (i32.const 24))
      (then (call $exit (i32.const 8))))
  ))"""


def module(body: str, length: int = 64) -> bytes:
    return bytes(wasmtime.wat2wasm(WRITER.replace("BODY", body).replace("LENGTH", str(length))))


def tree_of(files: dict[str, bytes] | None = None) -> Tree:
    tree = Tree(2**16, 20)
    for name in NAMES:
        tree.roots[name] = Folder(name in ("outputs", "checkpoints", "scratch"), tree._number())
        if name == "models":
            for path, data in (files or {}).items():
                tree.roots["package"].entries[path] = File(bytearray(data), tree._number())
            tree.sealed = tree.numbers
    return tree


def result(octets: bytes, seed: int = 7, target: str = "") -> bytes:
    tree = tree_of()
    assert run(octets, Calls(tree, ["job"], [], seed), 10**8, 2**20, target) == 0
    found = tree.roots["outputs"].entries["result"]
    assert isinstance(found, File)
    return bytes(found.data)


# Sums, roots, and NaNs that two machines make with different bits: 0/0 is negative on x86-64, positive on aarch64.
NUMBERS = """
    (local.set $x (f64.const 0.1))
    (loop $more
      (local.set $x (f64.sqrt (f64.add (f64.mul (local.get $x) (f64.const 1.7)) (f64.const 0.3))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $i) (i32.const 10000))))
    (f64.store (i32.const 256) (local.get $x))
    (f64.store (i32.const 264) (f64.div (f64.const 0) (f64.const 0)))
    (f64.store (i32.const 272) (f64.sqrt (f64.const -1)))
    (f32.store (i32.const 280) (f32.sub (f32.const inf) (f32.const inf)))
    (drop (call $random (i32.const 288) (i32.const 16)))
    (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 304)))
    (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 312)))
"""


def test_the_same_bytes_each_time_and_on_every_machine():
    """The hash is what x86-64 gave; a machine that gives another one breaks the promise."""
    first = result(module(NUMBERS))
    assert first == result(module(NUMBERS))
    assert first[8:16] == bytes.fromhex("000000000000f87f")  # the one NaN
    assert first[16:24] == bytes.fromhex("000000000000f87f")
    assert first[24:28] == bytes.fromhex("0000c07f")
    assert first[48:64] == (10**6).to_bytes(8, "little") + (2 * 10**6).to_bytes(8, "little")
    assert hashlib.sha256(first).hexdigest()[:16] == "d651034f52705123"


FLOATS = ("0.1", "-3.7e300", "1e-310", "0", "-0", "inf", "-inf", "nan", "-nan:0x4000000000001", "0x1.8p+1023")
UNARY = ("neg", "abs", "sqrt", "ceil", "floor", "trunc", "nearest")
BINARY = ("add", "sub", "mul", "div", "min", "max", "copysign")
WAYS = (  # (before, after) an f64: what else a number may go through
    ("", ""),
    ("(f64.promote_f32 (f32.demote_f64 ", "))"),
    ("(f64.convert_i64_s (i64.trunc_sat_f64_s ", "))"),
    ("(f64.convert_i32_u (i32.trunc_sat_f64_u ", "))"),
    ("(f64.reinterpret_i64 (i64.rotl (i64.reinterpret_f64 ", ") (i64.const 7)))"),
    ("(f64x2.extract_lane 1 (f64x2.mul (f64x2.splat ", ") (f64x2.splat (f64.const 1.1))))"),
    ("(f64.promote_f32 (f32x4.extract_lane 2 (f32x4.sqrt (f32x4.splat (f32.demote_f64 ", ")))))"),
)


def wat(tree: object) -> str:
    """Of a constant, or of (way, operation, operand, ...)."""
    if isinstance(tree, str):
        return f"(f64.const {tree})"
    assert isinstance(tree, tuple)
    (before, after), operation, *operands = tree
    return f"{before}(f64.{operation} {' '.join(map(wat, operands))}){after}"


NUMBER = st.recursive(
    st.sampled_from(FLOATS),
    lambda inner: (
        st.tuples(st.sampled_from(WAYS), st.sampled_from(UNARY), inner)
        | st.tuples(st.sampled_from(WAYS), st.sampled_from(BINARY), inner, inner)
    ),
    max_leaves=20,
)


@pytest.mark.slow
@given(st.lists(NUMBER, min_size=1, max_size=8))
@settings(max_examples=60)
def test_code_for_this_machine_and_for_none_give_the_same_bytes(numbers: list[object]) -> None:
    """Pulley is wasmtime's code for a machine that does not exist, which its interpreter runs."""
    stores = "".join(f"(f64.store (i32.const {256 + 8 * at}) {wat(one)})" for at, one in enumerate(numbers))
    octets = module(stores, 8 * len(numbers))
    assert result(octets) == result(octets, target=NO_MACHINE)


def test_the_fuel_of_a_machine_that_does_not_exist_is_that_of_this_one() -> None:
    octets = module(NUMBERS)
    needs = bisect(octets)
    assert result(octets) == result(octets, target=NO_MACHINE)
    assert enough(octets, needs, NO_MACHINE)
    assert not enough(octets, needs - 1, NO_MACHINE)


def test_another_seed_is_other_chance_and_nothing_else():
    one, other = result(module(NUMBERS), 1), result(module(NUMBERS), 2)
    assert one[32:48] != other[32:48]
    assert one[:32] + one[48:] == other[:32] + other[48:]


def test_fuel_is_the_same_number_each_time():
    octets = module(NUMBERS)
    needs = bisect(octets)
    assert enough(octets, needs)
    assert not enough(octets, needs - 1)
    assert needs == bisect(octets)


def enough(octets: bytes, fuel: int, target: str = "") -> bool:
    try:
        return run(octets, Calls(tree_of(), [], [], 0), fuel, 2**20, target) == 0
    except wasmtime.Trap as trap:
        if trap.trap_code is wasmtime.TrapCode.OUT_OF_FUEL:
            return False
        raise


def bisect(octets: bytes) -> int:
    low, high = 0, 10**7
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(octets, middle) else (middle, high)
    return high


def test_memory_grows_to_its_limit_and_no_further():
    grown = result(module("(i32.store (i32.const 256) (memory.grow (i32.const 15)))"))[:4]
    refused = result(module("(i32.store (i32.const 256) (memory.grow (i32.const 16)))"))[:4]
    assert (grown, refused) == (b"\1\0\0\0", b"\xff\xff\xff\xff")


@pytest.mark.parametrize(
    "text",
    [
        "(module)",
        '(module (memory (export "memory") 1))',
        '(module (import "env" "system" (func)) (memory (export "memory") 1) (func (export "_start")))',
        '(module (memory (export "memory") 1 1 shared) (func (export "_start")))',
        '(module (memory (export "memory") 17) (func (export "_start")))',
    ],
)
def test_what_is_not_run(text):
    with pytest.raises((wasmtime.WasmtimeError, wasmtime.Trap)):
        run(bytes(wasmtime.wat2wasm(text)), Calls(tree_of(), [], [], 0), 10**6, 2**20)


def test_an_unknown_call_of_wasi_is_answered():
    text = f"""(module {WASI}"sock_accept" (func $f (param i32 i32 i32) (result i32)))
      {WASI}"proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
      (func (export "_start") (call $exit (call $f (i32.const 0) (i32.const 0) (i32.const 0)))))"""
    assert run(bytes(wasmtime.wat2wasm(text)), Calls(tree_of(), [], [], 0), 10**6, 2**20) == 52


# ---------------------------------------------------------------- its files


@pytest.mark.parametrize("path", ["../etc", "a/../../x", "/etc/passwd", "..", "x/../.."])
def test_no_way_out_of_a_folder(path):
    tree = tree_of()
    tree.make(tree.roots["scratch"], "a", as_folder=True)
    tree.make(tree.roots["scratch"], "x", as_folder=True)
    with pytest.raises(Refused) as refused:
        tree.find(tree.roots["scratch"], path)
    assert refused.value.error == NOTCAPABLE


def test_inputs_are_only_read():
    tree = tree_of({"input": b"data"})
    package = tree.roots["package"]
    for change in (
        lambda: tree.make(package, "new", as_folder=False),
        lambda: tree.remove(package, "input", as_folder=False),
        lambda: tree.rename(package, "input", tree.roots["scratch"], "mine"),
        lambda: Calls(tree, [], [], 0)._write(package.entries["input"], 0, b"x"),  # type: ignore[arg-type]
    ):
        with pytest.raises(Refused) as refused:
            change()
        assert refused.value.error == ROFS
    assert package.entries["input"].data == b"data"  # type: ignore[union-attr]


def test_octets_and_files_are_counted():
    tree = tree_of()
    file = tree.make(tree.roots["scratch"], "one", as_folder=False)
    assert isinstance(file, File)
    tree.resize(file, 2**16)
    for change in (lambda: tree.resize(file, 2**16 + 1), lambda: fill(tree)):
        with pytest.raises(Refused) as refused:
            change()
        assert refused.value.error == NOSPC
    tree.remove(tree.roots["scratch"], "one", as_folder=False)
    assert tree.octets == 0


def fill(tree: Tree) -> None:
    for number in range(21):
        tree.make(tree.roots["scratch"], f"f{number}", as_folder=False)


def test_from_the_disk_and_back(tmp_path):
    for name in NAMES:
        (tmp_path / name).mkdir()
    (tmp_path / "outputs" / "old").mkdir()
    (tmp_path / "outputs" / "old" / "file").write_text("x")
    (tmp_path / "scratch" / "kept").write_text("kept")
    (tmp_path / "scratch" / "link").symlink_to("/etc/passwd")
    tree = Tree(2**16, 20)
    for name in NAMES:
        tree.load(name, str(tmp_path / name))
    assert set(tree.roots["scratch"].entries) == {"kept"}
    tree.remove(tree.roots["outputs"], "old/file", as_folder=False)
    tree.remove(tree.roots["outputs"], "old", as_folder=True)
    folder = tree.make(tree.roots["outputs"], "new", as_folder=True)
    made = tree.make(folder, "file", as_folder=False)  # type: ignore[arg-type]
    tree.resize(made, 3)  # type: ignore[arg-type]
    for name in ("outputs", "scratch"):
        tree.save(name, str(tmp_path / name))
    assert (tmp_path / "outputs" / "new" / "file").read_bytes() == b"\0\0\0"
    assert not (tmp_path / "outputs" / "old").exists()
    assert [path.name for path in (tmp_path / "scratch").iterdir()] == ["kept"]


@pytest.mark.parametrize(
    ("body", "fuel", "code"),
    [
        ("(call $exit (i32.const 3))", 10**6, 3),
        ("(call $exit (i32.const 200))", 10**6, 100),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", 10**6, TRAPPED),
        ("(loop $ever (br $ever))", 10**6, FUEL),
    ],
)
def test_how_the_host_ends(body, fuel, code, tmp_path, monkeypatch):
    for name in NAMES:
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"SKYRACK_{name.upper()}", str(tmp_path / name))
    (tmp_path / "package" / "job.wasm").write_bytes(module(body))
    (tmp_path / "package" / "bad.wasm").write_bytes(b"\0asm")
    numbers = [str(fuel), str(2**20), str(2**20), "20", "0"]
    assert main([*numbers, "job.wasm"]) == code
    assert main([*numbers, "bad.wasm"]) == main([*numbers, "absent.wasm"]) == REFUSED
    assert not list((tmp_path / "outputs").iterdir())


# ---------------------------------------------------------------- in the sandbox


@pytest.mark.slow
def test_a_module_as_a_job(best):
    number, folders = best.prepare("")
    (best.folders[number] / "package" / "job.wasm").write_bytes(module(NUMBERS))
    job = JobToRun(number, RunnerKind.WASM, ("job.wasm",), seed=7)
    assert best.runner.start(job, replace(LIMITS, fuel=0), folders, monotonic()) is Refusal.INVALID
    assert best.runner.start(job, LIMITS, folders, monotonic()) is None
    entry = best.until_state(number, JobState.ENDED)
    assert entry.reason is ExitReason.COMPLETED, best.printed(number, "standard-error")
    assert (best.folders[number] / "outputs" / "result").read_bytes() == result(module(NUMBERS))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("(loop $ever (br $ever))", ExitReason.FUEL),
        ("unreachable", ExitReason.TRAPPED),
        ("(call $exit (i32.const 5))", ExitReason.FAILED),
    ],
)
def test_how_it_ended(bench, body, reason):
    if bench.isolation is Isolation.USER and interpreter(bench.isolation) != sys.executable:
        pytest.skip("another user cannot come to this Python")
    number, folders = bench.prepare("")
    (bench.folders[number] / "package" / "job.wasm").write_bytes(module(body))
    job = JobToRun(number, RunnerKind.WASM, ("job.wasm",))
    assert bench.runner.start(job, LIMITS, folders, monotonic()) is None
    assert bench.until_state(number, JobState.ENDED).reason is reason


@pytest.mark.slow
def test_without_the_engine_it_is_refused(best, monkeypatch):
    monkeypatch.setattr("flight.runners.process.engine_installed", lambda: "")
    number, folders = best.prepare("")
    job = JobToRun(number, RunnerKind.WASM, ("job.wasm",))
    assert best.runner.start(job, LIMITS, folders, monotonic()) is Refusal.RUNTIME
    assert engine_installed().startswith("50.0.")
