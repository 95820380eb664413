"""A Gantt chart as SVG: one file, light and dark, with a text for whoever points at a bar.  No library needed.

The colours are those of the run's report: Okabe-Ito hues with 3:1 against their background.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import escape

from ground.jobs.gantt import ANOMALY, ECLIPSE, PASS, Gantt, Piece, piece_words

WIDTH, LEFT, RIGHT, TOP = 1200, 96, 20, 64
LANE, PLAN, RUN, GAP = (
    64,
    18,
    30,
    6,
)  # heights in points: of a lane, its planned bars, its run bars, between the two
FOOT = 64
LETTER = 6.4  # width of one at 11 points, on average
NARROWEST = 1.5  # of a bar: what is shorter is still seen
STEPS_S = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
TICKS_MOST = 14
HUES = 6
TimeText = Callable[[float], str]

LIGHT = {
    "page": "#ffffff", "text": "#16202c", "quiet": "#566373", "grid": "#e7eaee", "edge": "#dfe3e8",
    "eclipse": "#e4e7ee", "anomaly": "#a8478a", "pass": "#00805c",
    "hues": ("#0072b2", "#c44e00", "#00805c", "#a8478a", "#8f5e00", "#3a78a8"), "on": "#ffffff",
}  # fmt: skip
DARK = {
    "page": "#151c25", "text": "#e4eaf1", "quiet": "#98a6b6", "grid": "#232d39", "edge": "#273240",
    "eclipse": "#0b1017", "anomaly": "#e08fc3", "pass": "#35c79a",
    "hues": ("#56b4e9", "#ff8f4f", "#35c79a", "#e08fc3", "#f0b83c", "#a5c8ff"), "on": "#0d1218",
}  # fmt: skip


def gantt_svg(
    gantt: Gantt, title: str, time_text: TimeText, tick_text: TimeText, midnight_s: float = 0.0
) -> str:
    """`time_text` says a moment in full, `tick_text` below the axis; `title` stands above.

    `midnight_s` is any moment on the mission clock at which a day begins: ticks are round from there.
    """
    height = TOP + LANE * len(gantt.lanes) + FOOT
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" role="img" aria-label="{escape(title)}" font-family="Inter, system-ui,'
        f' sans-serif" font-size="12">'
    )
    body = "\n".join(
        (
            f"<title>{escape(title)}</title>",
            f"<style>{_style()}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}"/>',
            _pattern(),
            f'<text class="title" x="{LEFT}" y="24">{escape(title)}</text>',
            *_bands(gantt, time_text),
            *_axis(gantt, tick_text, midnight_s),
            *_lanes(gantt),
            *_links(gantt),
            *_bars(gantt, time_text),
            *_now(gantt),
            *_key(height),
        )
    )
    return f"{head}\n{body}\n</svg>\n"


def _style() -> str:
    return (
        _rules(LIGHT)
        + f"@media (prefers-color-scheme: dark){{{_rules(DARK)}}}"
        + ".title{font-size:15px;font-weight:600}.bar text{font-size:11px;font-weight:600}"
        + ".plan{fill-opacity:.08;stroke-width:1.4}.link{fill:none;stroke-width:1.4}"
        + ".plan.link{stroke-dasharray:3 3;stroke-opacity:.7}.bar:hover .ran,.bar:hover .plan{stroke-width:2.6}"
    )


def _rules(of: Mapping[str, object]) -> str:
    hues = of["hues"]
    assert isinstance(hues, tuple)
    rules = [
        f".page{{fill:{of['page']}}}text{{fill:{of['text']}}}.quiet{{fill:{of['quiet']}}}",
        f".grid{{stroke:{of['grid']}}}.edge{{stroke:{of['edge']}}}.now{{stroke:{of['text']}}}",
        f".eclipse{{fill:{of['eclipse']}}}.anomaly{{stroke:{of['anomaly']}}}.pass{{fill:{of['pass']}}}",
        f".on{{fill:{of['on']}}}",
    ]
    for number, hue in enumerate(hues, 1):
        rules.append(f".h{number}{{fill:{hue};stroke:{hue}}}.t{number}{{fill:{hue}}}")
    return "".join(rules)


def _pattern() -> str:
    return (
        '<defs><pattern id="anomaly" width="7" height="7" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><line class="anomaly" y2="7" stroke-width="1.6"'
        ' stroke-opacity=".45"/></pattern></defs>'
    )


def _x(gantt: Gantt, seconds: float) -> float:
    return LEFT + (seconds - gantt.first_s) / (gantt.last_s - gantt.first_s) * (WIDTH - LEFT - RIGHT)


def _box(gantt: Gantt, start_s: float, end_s: float) -> tuple[float, float]:
    """(x, width), cut to the chart."""
    start, end = max(start_s, gantt.first_s), min(end_s, gantt.last_s)
    left = _x(gantt, start)
    return left, max(NARROWEST, _x(gantt, end) - left)


def _bands(gantt: Gantt, time_text: TimeText) -> Iterator[str]:
    height = LANE * len(gantt.lanes)
    places = {ECLIPSE: (TOP, height), ANOMALY: (TOP, height), PASS: (TOP - 9, 6)}
    for kind, (top, tall) in places.items():
        for band in (one for one in gantt.bands if one.kind == kind):
            if band.end_s <= gantt.first_s or band.start_s >= gantt.last_s:
                continue
            x, width = _box(gantt, band.start_s, band.end_s)
            fill = ' fill="url(#anomaly)"' if kind == ANOMALY else f' class="{kind}"'
            words = f"{kind} {band.name}".strip() + f", {time_text(band.start_s)} to {time_text(band.end_s)}"
            yield (
                f'<rect{fill} x="{x:.1f}" y="{top}" width="{width:.1f}" height="{tall}">'
                f"<title>{escape(words)}</title></rect>"
            )


def _axis(gantt: Gantt, tick_text: TimeText, midnight_s: float) -> Iterator[str]:
    length_s = gantt.last_s - gantt.first_s
    step_s = next((step for step in STEPS_S if length_s / step <= TICKS_MOST), STEPS_S[-1])
    bottom = TOP + LANE * len(gantt.lanes)
    at_s = midnight_s - (midnight_s - gantt.first_s) // step_s * step_s
    while at_s <= gantt.last_s:
        x = _x(gantt, at_s)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>'
        yield f'<text class="quiet" x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{escape(tick_text(at_s))}</text>'
        at_s += step_s


def _lanes(gantt: Gantt) -> Iterator[str]:
    for lane, name in enumerate(gantt.lanes):
        top = TOP + LANE * lane
        yield f'<line class="edge" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{top}" y2="{top}"/>'
        yield f'<text x="{LEFT - 10}" y="{top + LANE / 2 + 4}" text-anchor="end">{escape(name)}</text>'
    bottom = TOP + LANE * len(gantt.lanes)
    yield f'<line class="edge" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>'


def _row(lane: int, ran: bool) -> tuple[float, float]:
    """(top, height) of the bars of a lane."""
    top = TOP + LANE * lane + (LANE - PLAN - RUN - GAP) / 2
    return (top + PLAN + GAP, RUN) if ran else (top, PLAN)


def _links(gantt: Gantt) -> Iterator[str]:
    """Below the bars, where no other job is in the way; from one board to another straight."""
    for ran, joints in ((False, gantt.planned_joints), (True, gantt.joints)):
        for one in joints:
            x1, x2 = _x(gantt, one.from_s) - 3, _x(gantt, one.to_s) + 3
            ends = [sum(_row(lane, ran)) for lane in (one.from_lane, one.to_lane)]
            way = (
                f"V{ends[0] + 3}H{x2:.1f}V{ends[1]}"
                if one.from_lane == one.to_lane
                else f"L{x2:.1f} {ends[1]}"
            )
            across = "" if one.from_lane == one.to_lane else ";stroke-opacity:.45"
            yield (
                f'<path class="link h{_hue(gantt, one.job)}{"" if ran else " plan"}" style="fill:none{across}"'
                f' d="M{x1:.1f} {ends[0]}{way}"/>'
            )


def _bars(gantt: Gantt, time_text: TimeText) -> Iterator[str]:
    for ran, pieces in ((False, gantt.planned), (True, gantt.ran)):
        for piece in pieces:
            if piece.end_s <= gantt.first_s or piece.start_s >= gantt.last_s:
                continue
            yield _bar(gantt, piece, ran, time_text)


def _bar(gantt: Gantt, piece: Piece, ran: bool, time_text: TimeText) -> str:
    x, width = _box(gantt, piece.start_s, piece.end_s)
    top, tall = _row(piece.lane, ran)
    hue, kind = _hue(gantt, piece.job), "ran" if ran else "plan"
    colour = "on" if ran else f"t{hue}"
    label = _label(gantt.jobs[piece.job], width - 8)
    text = ""
    if label:
        spot = f'x="{x + 5:.1f}" y="{top + tall / 2 + 4:.1f}"'
        text = f'<text class="{colour}" {spot}>{escape(label)}</text>'
    inset = 0.0 if ran else 0.7
    return (
        f'<g class="bar"><title>{escape(piece_words(gantt, piece, ran, time_text))}</title>'
        f'<rect class="{kind} h{hue}" x="{x + inset:.1f}" y="{top + inset}" rx="3"'
        f' width="{max(NARROWEST, width - 1 - 2 * inset):.1f}" height="{tall - 2 * inset}"/>{text}</g>'
    )


def _label(title: str, room: float) -> str:
    """The whole title, else its last part, as much as there is room for."""
    for text in (title, title.split("/")[1] if title.count("/") >= 1 else title):
        if len(text) * LETTER <= room:
            return text
    short = int(room / LETTER) - 1
    name = title.split("/")[1] if title.count("/") >= 1 else title
    return f"{name[:short]}…" if short >= 4 else ""


def _hue(gantt: Gantt, job: int) -> int:
    return gantt.ranks[job] % HUES + 1


def _now(gantt: Gantt) -> Iterator[str]:
    if gantt.now_s is None:
        return
    x, bottom = _x(gantt, gantt.now_s), TOP + LANE * len(gantt.lanes)
    yield f'<line class="now" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" y2="{bottom + 4}" stroke-width="1.4"/>'
    yield f'<text x="{x:.1f}" y="{TOP - 14}" text-anchor="middle">now</text>'


def _key(height: int) -> Iterator[str]:
    y = height - 18
    marks = (
        ("planned", f'<rect class="plan h1" x="0" y="{y - 10}" width="22" height="12" rx="3"/>'),
        ("ran", f'<rect class="h1" x="0" y="{y - 10}" width="22" height="12" rx="3"/>'),
        (
            "stopped and went on",
            f'<path class="link h1" style="fill:none" d="M0 {y - 7}V{y - 4}H22V{y - 7}"/>',
        ),
        ("eclipse", f'<rect class="eclipse edge" x="0" y="{y - 10}" width="22" height="12"/>'),
        ("South Atlantic Anomaly", f'<rect fill="url(#anomaly)" x="0" y="{y - 10}" width="22" height="12"/>'),
        ("pass", f'<rect class="pass" x="0" y="{y - 7}" width="22" height="6"/>'),
    )
    x = float(LEFT)
    for name, mark in marks:
        yield f'<g transform="translate({x:.0f} 0)">{mark}<text class="quiet" x="28" y="{y}">{name}</text></g>'
        x += 28 + len(name) * 6.6 + 22
