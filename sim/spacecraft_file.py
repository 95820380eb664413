"""Load a spacecraft file, and check all that one field alone cannot show."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from sim.configuration import build, read_document
from sim.document import ConfigurationError, Document, show, suggest
from sim.sensors import quantities
from sim.spacecraft import STEP_S, VEHICLES, Spacecraft
from sim.thermal import needed_heat_capacities
from sim.units import article

LENGTH_TOLERANCE = 1e-3  # of a unit vector; three decimals are written


def spacecraft_path(name_or_path: str | Path) -> Path:
    """`pathfinder` names a file of ours; anything with a slash or `.toml` is a path."""
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or "/" in text or text.endswith(".toml"):
        return Path(name_or_path)
    return VEHICLES / f"{text}.toml"


def known_spacecraft() -> list[str]:
    """Names of the spacecraft that come with Skyrack."""
    return sorted(path.stem for path in VEHICLES.glob("*.toml"))


def load_spacecraft(name_or_path: str | Path) -> Spacecraft:
    """Load one of ours by name, or any file by path.  ConfigurationError for anything wrong with it."""
    path = spacecraft_path(name_or_path)
    if path.parent == VEHICLES and path.stem not in known_spacecraft():
        raise ConfigurationError(
            f"{show(path.stem)}: no such spacecraft, {suggest(path.stem, known_spacecraft())}"
        )
    document = read_document(path)
    form = build(Spacecraft, document)
    _check_names(form, document)
    _check_nodes(form, document)
    _check_links(form, document)
    _check_faces(form, document)
    _check_rails(form, document)
    _check_battery(form, document)
    _check_sensors(form, document)
    return form


def check_unique(names: Iterable[str], table: str, document: Document) -> None:
    """No name may stand twice in the tables [[`table`]]."""
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            raise document.error((table, place, "name"), f'"{name}" is given twice, expected once')
        seen.add(name)


def check_known(
    name: str, known: Sequence[str], what: str, path: tuple[str | int, ...], document: Document
) -> None:
    """`name` must be one of `known`."""
    if name not in known:
        raise document.error(path, f'no {what} is called "{name}", {suggest(name, known)}')


def _check_names(form: Spacecraft, document: Document) -> None:
    check_unique([node.name for node in form.nodes], "node", document)
    check_unique([face.name for face in form.faces], "face", document)
    check_unique([array.name for array in form.arrays], "array", document)
    check_unique([rail.name for rail in form.rails], "rail", document)
    check_unique([sensor.name for sensor in form.sensors], "sensor", document)
    switches = [rail.name for rail in form.rails]
    for place, heater in enumerate(form.heaters):
        if heater.name in switches:
            raise document.error(
                ("heater", place, "name"),
                f'"{heater.name}" is given twice, expected once among rails and heaters',
            )
        switches.append(heater.name)


def _check_nodes(form: Spacecraft, document: Document) -> None:
    names = [node.name for node in form.nodes]
    for table, users in (
        ("face", [face.node for face in form.faces]),
        ("rail", [rail.node for rail in form.rails]),
        ("heater", [heater.node for heater in form.heaters]),
    ):
        for place, name in enumerate(users):
            check_known(name, names, "node", (table, place, "node"), document)
    check_known(form.battery.node, names, "node", ("battery", "node"), document)
    for place, node in enumerate(form.nodes):
        if not node.low_degc < node.high_degc:
            raise document.error(
                ("node", place, "high"), f"not above low, expected above {node.low_degc:g} degC"
            )


def _check_links(form: Spacecraft, document: Document) -> None:
    names = [node.name for node in form.nodes]
    rails = [rail.name for rail in form.rails]
    for place, link in enumerate(form.links):
        for end, name in enumerate(link.between):
            check_known(name, names, "node", ("link", place, "between", end), document)
        if link.between[0] == link.between[1]:
            raise document.error(("link", place, "between"), "joins a node to itself, expected two nodes")
        if link.pump:
            check_known(link.pump, rails, "rail", ("link", place, "pump"), document)
        elif link.stagnant_w_k or link.valve_degc:
            what = "stagnant" if link.stagnant_w_k else "valve"
            raise document.error(("link", place, what), "is for a loop, expected a pump beside it")
        if link.valve_degc and not link.valve_degc[0] < link.valve_degc[1]:
            raise document.error(
                ("link", place, "valve"), "expected where it is closed, then, above, where open"
            )
        if not (link.conductance_w_k or link.exchange_area_m2):
            raise document.error(("link", place), "carries no heat, expected conductance or exchange_area")
    needed = needed_heat_capacities(form.nodes, form.links, form.faces, STEP_S)
    for place, (node, least) in enumerate(zip(form.nodes, needed, strict=True)):
        if node.heat_capacity_j_k < least:
            problem = (
                f"{node.heat_capacity_j_k:g} J/K of {node.name} is too small for its links and a step of "
                f"{STEP_S:g} s, expected at least {least:.6g} J/K"
            )
            raise document.error(("node", place, "heat_capacity"), problem)


def _check_length(normal: Sequence[float], path: tuple[str | int, ...], document: Document) -> None:
    length = math.hypot(*normal)
    if abs(length - 1.0) > LENGTH_TOLERANCE:
        raise document.error(path, f"has length {length:.4g}, expected a unit vector in body axes")


def _check_faces(form: Spacecraft, document: Document) -> None:
    _check_length(form.array_normal, ("array_normal",), document)
    for place, face in enumerate(form.faces):
        path = ("face", place, "normal")
        _check_length(face.normal, path, document)
        along = sum(one * other for one, other in zip(face.normal, form.array_normal, strict=True))
        if face.on_array and form.attitude == "sun" and abs(along) < 1.0 - LENGTH_TOLERANCE:
            raise document.error(path, "is not on the turning array, expected array_normal or its opposite")
    areas = {face.name: face.area_m2 for face in form.faces}
    for place, array in enumerate(form.arrays):
        check_known(array.face, list(areas), "face", ("array", place, "face"), document)
        if array.area_m2 > areas[array.face]:
            most = areas[array.face]
            problem = f"{array.area_m2:g} m2 of cells exceed the face, expected at most {most:g} m2"
            raise document.error(("array", place, "area"), problem)


def _check_rails(form: Spacecraft, document: Document) -> None:
    names = [rail.name for rail in form.rails]
    for place, rail in enumerate(form.rails):
        if rail.power_w[0] != 0.0:
            raise document.error(
                ("rail", place, "power", 0), f"{rail.power_w[0]:g} W at level 0, which is off, expected 0 W"
            )
        if rail.at_power_up >= len(rail.power_w):
            problem = f"{rail.at_power_up} is no level, expected at most {len(rail.power_w) - 1}"
            raise document.error(("rail", place, "at_power_up"), problem)
    check_known(form.radio.receiver, names, "rail", ("radio", "receiver"), document)
    check_known(form.radio.transmitter, names, "rail", ("radio", "transmitter"), document)


def _check_battery(form: Spacecraft, document: Document) -> None:
    battery, table = form.battery, form.battery.open_circuit_v
    for place, (low, high) in enumerate(itertools.pairwise(table), 1):
        if high <= low:
            raise document.error(
                ("battery", "open_circuit", place), f"{high:g} V does not rise, expected above {low:g} V"
            )
    highest = min(table[-1], battery.charge_voltage_limit_v)
    if not battery.cut_off_v < battery.reconnect_v < highest:
        problem = (
            f"{battery.reconnect_v:g} V is out of range, expected above cut_off ({battery.cut_off_v:g} V) "
            f"and below a charged pack ({highest:g} V)"
        )
        raise document.error(("battery", "reconnect"), problem)
    if not battery.charge_low_degc < battery.charge_high_degc:
        problem = f"not above charge_low, expected above {battery.charge_low_degc:g} degC"
        raise document.error(("battery", "charge_high"), problem)


def _check_sensors(form: Spacecraft, document: Document) -> None:
    known = quantities(form)
    for place, sensor in enumerate(form.sensors):
        path = ("sensor", place)
        if sensor.quantity not in known:
            near = suggest(sensor.quantity, known)
            hint = near if near.startswith("did") else 'expected one such as "battery.voltage"'
            raise document.error((*path, "quantity"), f'"{sensor.quantity}" cannot be measured, {hint}')
        dimension = known[sensor.quantity][0]
        for key in ("noise", "resolution", "bias"):
            measure = getattr(sensor, key)
            if measure.dimension not in ("", dimension):
                problem = f"is {article(measure.dimension)}, expected {article(dimension)}"
                raise document.error((*path, key), problem)
