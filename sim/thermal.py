"""Heat: a network of nodes with conduction, radiation, pumped loops and faces to space, stepped explicitly.

Each network becomes one generated Python function: with 12 nodes it costs half of the same step in numpy.
The step is forward Euler, stable as long as no node can move past its neighbours in one step;
`needed_heat_capacities` says what that takes, and a network that is not stable is refused.
Checked against ESATAN-TMS (simulation.md 3.2.7) and matrix exponentials in `tests/sim/test_thermal.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sim.spacecraft import Face, Link, Node

STEFAN_BOLTZMANN = 5.670374419e-8  # W/(m2 K4), CODATA 2018
SPACE_K = 2.725  # cosmic background, Fixsen 2009
ZERO_CELSIUS_K = 273.15
GREATEST_DROP_K = 200.0  # between the ends of a loop, for which its valve is stable
HOTTEST_K = 450.0  # up to where stability is guaranteed; well above any limit of a spacecraft

Floats = Sequence[float]
Advance = Callable[[Floats, Floats, Floats, Floats, Floats], list[float]]


class UnstableNetworkError(ValueError):
    """A node is too light for the step."""


def needed_heat_capacities(
    nodes: Sequence[Node], links: Sequence[Link], faces: Sequence[Face], step_s: float
) -> list[float]:
    """J/K that each node needs at least for a stable step: step x sum of its conductances at `HOTTEST_K`.

    A face or link that radiates counts with its slope there, 4 sigma A T^3; a valve with what a kelvin opens it by.
    """
    index = {node.name: place for place, node in enumerate(nodes)}
    total = [0.0] * len(nodes)
    slope = 4.0 * STEFAN_BOLTZMANN * HOTTEST_K**3
    for link in links:
        for end in link.between:
            contact = max(link.conductance_w_k, link.stagnant_w_k) + _valve_slope_w_k(link)
            total[index[end]] += contact + slope * link.exchange_area_m2
    for face in faces:
        total[index[face.node]] += slope * face.emissivity * face.area_m2
    return [conductance * step_s for conductance in total]


def _valve_slope_w_k(link: Link) -> float:
    if not link.valve_degc:
        return 0.0
    closed, open_ = link.valve_degc
    return abs(link.conductance_w_k - link.stagnant_w_k) / (open_ - closed) * GREATEST_DROP_K


class ThermalNetwork:
    """Temperatures of all nodes in kelvin, in the order of `nodes`, and the step that moves them.

    Raises UnstableNetworkError for a node whose heat capacity is too small for `step_s`.
    """

    __slots__ = ("_advance", "_flows", "_pumped", "names", "step_s", "temperatures_k")

    def __init__(
        self, nodes: Sequence[Node], links: Sequence[Link], faces: Sequence[Face], step_s: float = 1.0
    ) -> None:
        for node, needed in zip(nodes, needed_heat_capacities(nodes, links, faces, step_s), strict=True):
            if node.heat_capacity_j_k < needed:
                raise UnstableNetworkError(
                    f"node {node.name} needs {needed:.6g} J/K for a step of {step_s:g} s"
                )
        self.names = tuple(node.name for node in nodes)
        self.temperatures_k = [node.start_degc + ZERO_CELSIUS_K for node in nodes]
        self.step_s = step_s
        self._pumped = [link for link in links if link.pump]
        self._flows = [link.stagnant_w_k for link in self._pumped]
        self._advance = compile_step(nodes, links, faces, step_s)

    def set_pump(self, pump: str, running: bool) -> None:
        """Start or stop the loops that `pump` drives; unknown names drive none."""
        for place, link in enumerate(self._pumped):
            if link.pump == pump:
                self._flows[place] = link.conductance_w_k if running else link.stagnant_w_k

    def step(self, shortwave: Floats, infrared: Floats, heat: Floats) -> None:
        """Advance by `step_s`.

        `shortwave` (sunlight and albedo) and `infrared` (of the Earth) are incident fluxes in W/m2, one for
        each face; `heat` is what each node dissipates, in W.
        """
        self.temperatures_k = self._advance(self.temperatures_k, self._flows, shortwave, infrared, heat)

    def absorbed_w(self, node: int, shortwave: Floats, infrared: Floats, faces: Sequence[Face]) -> float:
        """Heat that `node` takes in through its faces, for reports and energy checks."""
        return sum(
            face.area_m2 * (face.absorptivity * shortwave[place] + face.emissivity * infrared[place])
            for place, face in enumerate(faces)
            if face.node == self.names[node]
        )


def compile_step(
    nodes: Sequence[Node], links: Sequence[Link], faces: Sequence[Face], step_s: float
) -> Advance:
    """The generated function `advance(temperatures, flows, shortwave, infrared, heat) -> temperatures`."""
    namespace: dict[str, Advance] = {}
    source = step_source(nodes, links, faces, step_s)
    exec(compile(source, "<thermal network>", "exec"), namespace)  # noqa: S102  (made below, of numbers only)
    return namespace["advance"]


def step_source(nodes: Sequence[Node], links: Sequence[Link], faces: Sequence[Face], step_s: float) -> str:
    """Python source of one step.  t: temperature, x: its fourth power, q: heat in, p: loop conductance."""
    index = {node.name: place for place, node in enumerate(nodes)}
    emission = [0.0] * len(nodes)
    absorption: list[list[str]] = [[] for _ in nodes]
    for place, face in enumerate(faces):
        emission[index[face.node]] += STEFAN_BOLTZMANN * face.emissivity * face.area_m2
        absorption[index[face.node]] += _absorption(place, face)
    pumped = [link for link in links if link.pump]
    lines = [
        "def advance(temperatures, flows, shortwave, infrared, heat):",
        _unpack("t", len(nodes), "temperatures"),
        _unpack("q", len(nodes), "heat"),
        _unpack("s", len(faces), "shortwave"),
        _unpack("e", len(faces), "infrared"),
        _unpack("p", len(pumped), "flows"),
    ]
    radiating = {index[end] for link in links if link.exchange_area_m2 for end in link.between}
    radiating |= {place for place, emitted in enumerate(emission) if emitted}
    for place in sorted(radiating):
        lines += [f"x{place} = t{place} * t{place}", f"x{place} *= x{place}"]
    for link in links:
        lines += _exchange(link, index[link.between[0]], index[link.between[1]], pumped)
    new = []
    for place, node in enumerate(nodes):
        inward = [f"q{place}", *absorption[place]]
        if emission[place]:
            inward.append(f"{-emission[place]!r} * (x{place} - {SPACE_K**4!r})")
        new.append(f"t{place} + {step_s / node.heat_capacity_j_k!r} * ({' + '.join(inward)})")
    return "\n    ".join(line for line in [*lines, f"return [{', '.join(new)}]"] if line) + "\n"


def _unpack(letter: str, count: int, source: str) -> str:
    return f"{', '.join(f'{letter}{place}' for place in range(count))}, = {source}" if count else ""


def _absorption(place: int, face: Face) -> list[str]:
    terms = []
    if face.absorptivity:
        terms.append(f"{face.area_m2 * face.absorptivity!r} * s{place}")
    if face.emissivity:
        terms.append(f"{face.area_m2 * face.emissivity!r} * e{place}")
    return terms


def _flow(link: Link, loop: int, first: int) -> str:
    if not link.valve_degc:
        return f"p{loop}"
    closed, open_ = (temperature + ZERO_CELSIUS_K for temperature in link.valve_degc)
    opening = f"min(1.0, max(0.0, (t{first} - {closed!r}) * {1.0 / (open_ - closed)!r}))"
    return f"({link.stagnant_w_k!r} + (p{loop} - {link.stagnant_w_k!r}) * {opening})"


def _exchange(link: Link, first: int, second: int, pumped: list[Link]) -> list[str]:
    terms = []
    if link.pump:
        loop = next(place for place, other in enumerate(pumped) if other is link)
        terms.append(f"{_flow(link, loop, first)} * (t{second} - t{first})")
    elif link.conductance_w_k:
        terms.append(f"{link.conductance_w_k!r} * (t{second} - t{first})")
    if link.exchange_area_m2:
        terms.append(f"{STEFAN_BOLTZMANN * link.exchange_area_m2!r} * (x{second} - x{first})")
    return [f"f = {' + '.join(terms)}", f"q{first} += f", f"q{second} -= f"] if terms else []
