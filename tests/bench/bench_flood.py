"""A flood at line rate on the way up: what a refused frame costs on board, and when a true command gets through.

Cost is processor time from the octets of the unit to the refusal, best of several rounds.  Times are virtual seconds
of the whole stack (ground, line, flight) of Pathfinder, the same on every machine.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from flight.app import build, load_mission
from flight.modules.uplink.chain import Chain
from flight.wire.sdls import Use
from flight.wire.telecommand_link import TelecommandLink
from ground import Ground
from ground.commanding import Stage
from sim.faults import Injector
from sim.intruders import Intruder
from sim.scenario import Fault, load_scenario
from sim.simulation import NS, Simulation
from tests.bench.bench_sdls import settle, vault_of

SPACECRAFT, SEED, FRAMES, REPEATS = 73, 7, 200, 15
LINES = {"115,200": 115_200, "921,600": 921_600}
IN_PASS_S, ASKED_S, FLOOD_ENDS_S = 820, 60, 180
COMMANDS = 5


def units(make: Callable[[], bytes], link: TelecommandLink) -> tuple[bytes, float]:
    """A stream of FRAMES units, and their length on average."""
    made = [link.unit(make()) for _ in range(FRAMES)]
    return b"".join(made), sum(map(len, made)) / FRAMES


def cost_us(chain: Chain, stream: bytes) -> float:
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        chain.receive(stream, 0)
        times.append(time.process_time() - began)
    assert not chain.take(0), "a forged frame was taken"
    return min(times) / FRAMES * 1e6


def refusals() -> None:
    print(f"{'refused frame, from unit to refusal':38s}{'octets':>8s}{'us each':>9s}", end="")
    print("".join(f"{f'core at {name} baud':>24s}" for name in LINES) + "   refused for")
    link, true = TelecommandLink(), chain_with_one_frame()
    for what, kind in (("forged", "forge"), ("replayed", "replay"), ("control frames", "control")):
        intruder = Intruder(SPACECRAFT, link, 1.0, SEED, random.Random(SEED))
        intruder.hear(true[1])
        chain = true[0]()
        stream, octets = units(
            {"forge": intruder.forge, "replay": intruder.replay}.get(kind, intruder.control), link
        )
        each = cost_us(chain, stream)
        shares = [each / (octets * 8e6 / rate) for rate in LINES.values()]
        reasons = ", ".join(
            f"{reason.value} {count / (REPEATS * FRAMES):.0%}"
            for reason, count in chain.security.counters.rejections.most_common()
        )
        print(f"{what:38s}{octets:8.0f}{each:9.1f}" + "".join(f"{share:24.2%}" for share in shares), end="")
        print(f"   {reasons or 'nothing: Unlock is taken, Set V(R) is not'}")


def chain_with_one_frame() -> tuple[Callable[[], Chain], bytes]:
    """Makes boards that have taken a frame, and that frame's unit."""
    from flight.wire import TcFrameType, encode_tc
    from flight.wire.sdls import Sender, secure_tc_frame
    from flight.wire.telecommand_link import segment_header

    link = TelecommandLink()
    sender, kind = Sender(link.rule(), vault_of(Use.TELECOMMAND)), TcFrameType.BD
    frame = secure_tc_frame(
        sender, SPACECRAFT, 0, encode_tc(7, 1, 8, 1, bytes(2)), kind, 0, segment_header(kind)
    )
    assert frame is not None

    def make() -> Chain:
        vault = vault_of(Use.TELEMETRY)
        chain = Chain(SPACECRAFT, link, vault)
        chain.receive(link.unit(frame), 0)
        settle(vault)
        assert len(chain.take(0)) == 1
        return chain

    return make, link.unit(frame)


def through(kind: str, up_bit_s: float) -> tuple[list[float], int]:
    """Seconds until each of some commands, asked at once in the flood, was accepted; frames that were refused."""
    scenario = load_scenario("reference")
    radio = replace(scenario.spacecraft.radio, up_bit_s=up_bit_s)
    scenario = replace(
        scenario,
        epoch=scenario.epoch + timedelta(seconds=IN_PASS_S),
        faults=(),
        commands=(),
        spacecraft=replace(scenario.spacecraft, radio=radio),
    )
    built = build(load_mission("pathfinder"))
    faults = [Fault(20, FLOOD_ENDS_S - 20, "link.up", "", kind, 1.0)] if kind else []
    ground = Ground(built.dictionary)
    simulation = Simulation(scenario, built.mission, ground, 1, inject=Injector(faults, 1))
    simulation.run(10)
    ground.command("commands.nothing", {}, 10 * NS)
    simulation.run(ASKED_S)
    records = [ground.command("commands.nothing", {}, ASKED_S * NS) for _ in range(COMMANDS)]
    simulation.run(FLOOD_ENDS_S)
    waited = []
    for record in records:
        accepted = [at for stage, at in record.stages if stage is Stage.ACCEPTED]
        waited.append(accepted[0] / NS - ASKED_S if accepted else float("inf"))
    kernel = simulation.computer.kernel
    assert kernel is not None
    uplink = next(slot.module for slot in kernel.slots if slot.name == "uplink")
    return waited, uplink.chain.security.counters.rejections.total()  # type: ignore[attr-defined]


def times() -> None:
    print(
        f"\n{COMMANDS} true commands asked at once, in sequence: seconds until the spacecraft accepted each"
    )
    for rate in (9_600.0, 115_200.0):
        for kind in ("", "forge", "replay", "control"):
            waited, refused = through(kind, rate)
            listed = " ".join(f"{seconds:.1f}" for seconds in waited)
            print(
                f"{rate:>9,.0f} bit/s up, {f'{kind} at line rate' if kind else 'quiet':24s}{listed:>28s}",
                end="",
            )
            print(f"   {refused:,} frames refused in {FLOOD_ENDS_S - 20} s" if kind else "")


def main() -> None:
    refusals()
    times()


if __name__ == "__main__":
    main()
