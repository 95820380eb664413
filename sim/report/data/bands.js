// Bands: modes, eclipses, contacts and events in a strip of lanes; eclipses and contacts behind every plot.

const MODE_HUES = { BOOT: "--mode-boot", SAFE: "--mode-safe", IDLE: "--mode-idle", COMPUTE: "--mode-compute" };
const MODE_SPARES = 4;
const TICK_HEIGHTS = [0.3, 0.45, 0.7, 1]; // by rank of severity: height says it without colour
const LANES = laneTable();

const hues = new Map(); // emptied when the colour scheme changes

function hue(name) {
  if (!hues.has(name)) hues.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return hues.get(name);
}

function modeHue(name) {
  if (Object.hasOwn(MODE_HUES, name)) return hue(MODE_HUES[name]);
  const unknown = run.modes.names.filter((other) => !Object.hasOwn(MODE_HUES, other));
  return hue(`--mode-spare-${unknown.indexOf(name) % MODE_SPARES}`);
}

// Lanes from the top, heights in CSS pixels; each station has its own row in the contact lane.
function laneTable() {
  const rows = Math.min(8, Math.max(1, run.contacts.names.length));
  const lanes = [["Mode", 24], ["Sun", 14], ["Contact", 14 * rows], ["Events", 26]];
  let top = 0;
  const placed = lanes.map(([name, height]) => {
    const lane = { name, height, top, rows: name === "Contact" ? rows : 1 };
    top += height + 7;
    return lane;
  });
  return { placed, height: top };
}

function nameAt(bands, seconds) {
  const found = bands.rows.filter(([from, to]) => from <= seconds && seconds < to);
  return found.map(([, , index]) => bands.names[index]);
}

// Left and right edge in canvas pixels, or null when the span is out of sight.
function edges(plot, from, to) {
  const { left, width } = plot.bbox;
  const x0 = plot.valToPos(from + EPOCH_S, "x", true);
  const x1 = plot.valToPos(to + EPOCH_S, "x", true);
  if (!(x1 >= left && x0 <= left + width)) return null;
  const start = Math.max(left, x0);
  return [start, Math.max(1, Math.min(left + width, x1) - start)];
}

// Bands narrower than this many CSS pixels on average would only be a moiré.
const NARROWEST_ORBIT = 6;

function shade(plot) {
  const { ctx, bbox } = plot;
  const orbits = run.eclipses.rows.filter(([from, to]) => to > view.from && from < view.to).length;
  if (orbits * NARROWEST_ORBIT > plot.width) return;
  ctx.save();
  ctx.fillStyle = hue("--band-eclipse");
  for (const [from, to] of run.eclipses.rows) {
    const edge = edges(plot, from, to);
    if (edge) ctx.fillRect(edge[0], bbox.top, edge[1], bbox.height);
  }
  ctx.fillStyle = hue("--band-contact");
  for (const [from, to] of run.contacts.rows) {
    const edge = edges(plot, from, to);
    if (edge) ctx.fillRect(edge[0], bbox.top, edge[1], bbox.height);
  }
  ctx.restore();
}

function drawLanes(plot) {
  const scale = devicePixelRatio;
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const [mode, sun, contact, events] = LANES.placed.map((lane) => ({
    top: bbox.top + lane.top * scale, height: lane.height * scale, rows: lane.rows }));
  ctx.fillStyle = hue("--band-sun");
  const whole = edges(plot, 0, run.duration_s);
  if (whole) ctx.fillRect(whole[0], sun.top, whole[1], sun.height);
  fillBand(plot, run.modes, (row) => modeHue(run.modes.names[row[2]]), () => mode, true);
  fillBand(plot, run.eclipses, () => hue("--lane-eclipse"), () => sun, false);
  const row = contact.height / contact.rows;
  const place = (span) => ({ top: contact.top + (span[2] % contact.rows) * row, height: row - 3 * scale });
  ctx.fillStyle = hue("--lane");
  for (let index = 0; index < contact.rows; index++) {
    ctx.fillRect(bbox.left, contact.top + (index + 0.5) * row - 2 * scale, bbox.width, scale);
  }
  fillBand(plot, run.contacts, () => hue("--lane-contact"), place, false);
  drawEvents(plot, events);
  ctx.restore();
}

function fillBand(plot, bands, colour, place, labelled) {
  const { ctx } = plot;
  const scale = devicePixelRatio;
  ctx.font = `600 ${11 * scale}px ${hue("--font")}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const row of bands.rows) {
    const edge = edges(plot, row[0], row[1]);
    if (!edge) continue;
    const { top, height } = place(row);
    ctx.fillStyle = colour(row);
    ctx.fillRect(edge[0], top, Math.max(scale, edge[1] - (labelled ? scale : 0)), height);
    const name = bands.names[row[2]];
    if (labelled && edge[1] > ctx.measureText(name).width + 12 * scale) {
      ctx.fillStyle = hue("--mode-text");
      ctx.fillText(name, edge[0] + 6 * scale, top + height / 2 + scale);
    }
  }
}

function drawEvents(plot, lane) {
  const { ctx } = plot;
  const rank = new Map(run.events.severities.map(([name, value]) => [name, value]));
  const drawn = new Set();
  const width = 1.5 * devicePixelRatio;
  for (const level of [0, 1, 2, 3]) {
    ctx.fillStyle = hue(`--severity-${level}`);
    const height = lane.height * TICK_HEIGHTS[level];
    for (const [at, severity] of run.events.rows) {
      if (rank.get(severity) !== level) continue;
      const x = Math.round(plot.valToPos(at + EPOCH_S, "x", true));
      const key = 4 * x + level;
      if (x < plot.bbox.left || drawn.has(key)) continue;
      drawn.add(key);
      ctx.fillRect(x - width / 2, lane.top + lane.height - height, width, height);
    }
  }
}
