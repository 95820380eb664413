// The plots: one uPlot for each chart, all over the same stretch of time with one cursor.

const view = { from: 0, to: run.duration_s, at: null, pin: null, heard: [] };
const plots = [];
const SHORTEST_VIEW_S = 20;
const CROWDED_S = 4 * DAY; // from here on each orbit is a few pixels wide: curves become see-through and lose dashes
const VALUE_AXIS = () => (innerWidth < 600 ? 54 : 62);

function setView(from, to) {
  const length = Math.min(run.duration_s, Math.max(SHORTEST_VIEW_S, to - from));
  view.from = Math.max(0, Math.min(run.duration_s - length, from));
  view.to = view.from + length;
  for (const plot of plots) thin(plot);
  for (const plot of plots) plot.setScale("x", { min: view.from + EPOCH_S, max: view.to + EPOCH_S });
  for (const listener of view.heard) listener();
}

function thin(plot) {
  const crowded = view.to - view.from > CROWDED_S;
  for (const curve of plot.series) {
    if (!curve.look) continue;
    curve.alpha = crowded ? 0.55 : 1;
    curve.width = crowded || curve.look === "area" ? 1 : 1.75;
    curve.dash = curve.look === "dashed" && !crowded ? [6, 4] : undefined;
  }
}

function showAll() {
  view.pin = null;
  setView(0, run.duration_s);
}

function zoom(factor, centre = (view.from + view.to) / 2) {
  setView(centre - (centre - view.from) * factor, centre + (view.to - centre) * factor);
}

function pan(part) {
  const step = part * (view.to - view.from);
  setView(view.from + step, view.to + step);
}

// Mark a moment in all plots and on the map, and bring it into sight.
function pin(seconds) {
  view.pin = seconds;
  const length = view.to - view.from;
  if (seconds < view.from || seconds > view.to) setView(seconds - length / 2, seconds + length / 2);
  for (const plot of plots) plot.redraw(false);
  for (const listener of view.heard) listener();
}

function timeAxis(labelled, top) {
  const colours = { stroke: () => hue("--quiet"), grid: { stroke: () => hue("--grid"), width: 1 } };
  return {
    ...colours, side: top ? 0 : 2, incrs: TICKS, space: 64, ticks: { show: false },
    size: top ? 22 : labelled ? 40 : 8, gap: top ? 4 : 7,
    values: top ? shortTickTexts : labelled ? tickTexts : (plot, splits) => splits.map(() => ""),
    font: `12px ${hue("--font")}`,
  };
}

function commonOptions(width, height) {
  return {
    width, height, padding: [6, innerWidth < 600 ? 20 : 36, 0, 0], legend: { show: false },
    cursor: {
      y: false, points: { size: 7 }, drag: { x: true, y: false, setScale: false },
      sync: { key: "run", scales: ["x", null], filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } },
      bind: { dblclick: () => () => { showAll(); return null; } },
    },
    scales: { x: { time: false, range: () => [view.from + EPOCH_S, Math.max(view.to, view.from + 1) + EPOCH_S] } },
  };
}

function selected(plot) {
  const { left, width } = plot.select;
  if (width < 4) return;
  const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  setView(from - EPOCH_S, to - EPOCH_S);
}

function drawPin(plot) {
  if (view.pin === null) return;
  const edge = edges(plot, view.pin, view.pin);
  if (!edge) return;
  plot.ctx.fillStyle = hue("--pin");
  plot.ctx.fillRect(edge[0] - devicePixelRatio, plot.bbox.top, 2 * devicePixelRatio, plot.bbox.height);
}

function drawLimits(plot, chart) {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  ctx.save();
  for (const [side, limit] of (chart.limits ?? []).entries()) {
    if (limit === null) continue;
    const y = Math.round(plot.valToPos(limit, "y", true));
    const outer = side === 0 ? bbox.top + bbox.height : bbox.top;
    ctx.fillStyle = hue("--beyond");
    ctx.fillRect(bbox.left, Math.min(y, outer), bbox.width, Math.abs(outer - y));
    ctx.strokeStyle = hue("--limit");
    ctx.lineWidth = 1.25 * scale;
    ctx.setLineDash([5 * scale, 4 * scale]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

function curveOptions(curve) {
  const colour = () => hue(`--s${curve.hue}`);
  const area = curve.look === "area";
  return {
    label: curve.label, look: curve.look, stroke: colour, points: { show: false },
    fill: area ? () => hue(`--fill${curve.hue}`) : undefined, fillTo: area ? 0 : undefined,
  };
}

function valueAxis(chart) {
  return {
    stroke: () => hue("--quiet"), grid: { stroke: () => hue("--grid"), width: 1 }, ticks: { show: false },
    size: VALUE_AXIS(), gap: 6, space: 28, font: `12px ${hue("--font")}`,
    values: (plot, splits) => splits.map((value) => numberText(value, chart.unit, value % 1 ? 1 : 0)),
  };
}

// [y, text] for each label of a lane; a contact lane names its stations, cut to the room there is.
function laneLabels(lane) {
  const names = lane.name === "Contact" && run.contacts.names.length ? run.contacts.names.slice(0, lane.rows) : [lane.name];
  const room = Math.floor(VALUE_AXIS() / 7.2);
  const cut = (name) => (name.length > room ? `${name.slice(0, room - 1)}…` : name);
  return names.map((name, row) => [-(lane.top + ((row + 0.5) * lane.height) / names.length), cut(name)]);
}

function buildTimeline(slot) {
  const options = commonOptions(slot.clientWidth, LANES.height + 28);
  const labels = LANES.placed.flatMap((lane) => laneLabels(lane));
  options.scales.y = { range: () => [-LANES.height, 0] };
  options.axes = [timeAxis(true, true), {
    stroke: () => hue("--quiet"), grid: { show: false }, ticks: { show: false }, size: VALUE_AXIS(), gap: 6,
    font: `12px ${hue("--font")}`, splits: () => labels.map(([y]) => y), values: () => labels.map(([, name]) => name),
  }];
  options.series = [{}, { show: true, paths: () => null, points: { show: false } }];
  options.cursor.points = { show: false };
  options.hooks = { draw: [drawLanes, drawPin], setSelect: [selected], setCursor: [follow] };
  const ends = [EPOCH_S, EPOCH_S + Math.max(1, run.duration_s)];
  plots.push(new uPlot(options, [ends, [null, null]], slot));
}

function buildChart(slot, chart, labelled) {
  const legend = buildLegend(slot, chart);
  if (!chart.times.length) {
    const nothing = document.createElement("p");
    nothing.className = "empty";
    nothing.textContent = "No samples.";
    slot.append(nothing);
    return;
  }
  const tall = chart.limits ? 132 : chart.key === "power" ? 220 : 190;
  const options = commonOptions(slot.clientWidth, tall + (labelled ? 30 : 0));
  options.scales.y = { range: () => chart.range };
  options.axes = [timeAxis(labelled, false), valueAxis(chart)];
  options.series = [{}, ...chart.curves.map(curveOptions)];
  options.hooks = {
    drawClear: [shade], drawAxes: [(plot) => drawLimits(plot, chart)], draw: [drawPin],
    setSelect: [selected], setCursor: [(plot) => legend.show(plot.cursor.left >= 0 ? plot.cursor.idx : null)],
  };
  const data = [chart.times.map((time) => time + EPOCH_S), ...chart.curves.map((curve) => curve.values)];
  const plot = new uPlot(options, data, slot);
  legend.attach(plot);
  thin(plot);
  plots.push(plot);
}

// Names with the value under the cursor, or the range of the whole run; a press hides or shows the curve.
function buildLegend(slot, chart) {
  const legend = document.createElement("div");
  legend.className = "legend";
  let plot = null;
  const values = chart.curves.map((curve, index) => {
    const button = document.createElement("button");
    const [mark, value] = [document.createElement("i"), document.createElement("span")];
    button.type = "button";
    button.ariaPressed = "true";
    mark.className = `swatch ${curve.look}`;
    mark.style.setProperty("--hue", `var(--s${curve.hue})`);
    button.append(mark, curve.label, value);
    button.addEventListener("click", () => {
      const shown = button.ariaPressed !== "true";
      button.ariaPressed = String(shown);
      plot?.setSeries(index + 1, { show: shown });
    });
    legend.append(button);
    return value;
  });
  const show = (index) => chart.curves.forEach((curve, place) => {
    const text = (value) => numberText(value, chart.unit, chart.decimals);
    const [low, high] = curve.extent;
    const range = low === null ? "no samples" : `${numberText(low, "", chart.decimals).trim()} to ${text(high)}`;
    values[place].textContent = index === null || index === undefined ? range : text(curve.values[index]);
  });
  if (chart.limits) {
    const limits = document.createElement("small");
    const [low, high] = chart.limits.map((limit) => numberText(limit, "", 0).trim());
    limits.textContent = `limits ${low} to ${high} ${chart.unit}`;
    legend.append(limits);
  }
  slot.append(legend);
  show(null);
  return { show, attach: (built) => { plot = built; } };
}

function buildPlots() {
  for (const plot of plots.splice(0)) plot.destroy();
  const slots = [...document.querySelectorAll(".plot")];
  for (const [index, slot] of slots.entries()) {
    slot.replaceChildren();
    const chart = run.charts.find((one) => one.key === slot.dataset.key);
    if (chart) buildChart(slot, chart, index === slots.length - 1 || !chart.limits);
    else if (slot.dataset.key === "gantt") buildGantt(slot);
    else buildTimeline(slot);
  }
}

function resizePlots() {
  for (const plot of plots) {
    const width = plot.root.parentElement.clientWidth;
    if (width > 0 && width !== plot.width) plot.setSize({ width, height: plot.height });
  }
}

function follow(plot) {
  view.at = plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, "x") - EPOCH_S : null;
  for (const listener of view.heard) listener();
}
