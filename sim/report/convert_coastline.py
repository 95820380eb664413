"""Turn world-atlas `land-110m.json` (TopoJSON) into `coastline.json`.  Run once, by hand, on an update.

    python -m sim.report.convert_coastline land-110m.json > coastline.json

The output holds closed rings as flat lists [longitude, latitude, ...] in tenths of a degree, unwrapped so
that no side jumps over the antimeridian: a ring may leave -180..180 and is then drawn a second time,
shifted by 360 degrees.  A ring around a pole is closed along that pole.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from sim.report.sphere import copies, unwrap

SOURCE = (
    "Made with Natural Earth (naturalearthdata.com), 1:110m land, public domain, "
    "by way of world-atlas 2.0.2 (ISC)."
)


def arc_points(topology: dict[str, Any], index: int) -> list[tuple[float, float]]:
    """Points (longitude, latitude) of one arc; a negative index is the arc ~index backwards."""
    (scale_x, scale_y), (shift_x, shift_y) = (
        topology["transform"]["scale"],
        topology["transform"]["translate"],
    )
    x = y = 0
    points = []
    for step_x, step_y in topology["arcs"][index if index >= 0 else ~index]:
        x, y = x + step_x, y + step_y
        points.append((x * scale_x + shift_x, y * scale_y + shift_y))
    return points if index >= 0 else points[::-1]


def rings(topology: dict[str, Any]) -> list[list[tuple[float, float]]]:
    found = []
    for geometry in topology["objects"]["land"]["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for polygon in polygons:
            for ring in polygon:
                points: list[tuple[float, float]] = []
                for index in ring:
                    points.extend(arc_points(topology, index)[1 if points else 0 :])
                found.append(points)
    return found


def main() -> None:
    topology = json.loads(Path(sys.argv[1]).read_text())
    shown = [copy for ring in rings(topology) for copy in copies(unwrap(ring))]
    flat = [[round(10 * value) for point in ring for value in point] for ring in shown]
    json.dump({"source": SOURCE, "unit": "0.1 degree", "rings": flat}, sys.stdout, separators=(",", ":"))


if __name__ == "__main__":
    main()
