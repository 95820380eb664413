// Jobs: a lane for each board, planned bars hollow above, run bars full below, over the bands of all plots.

const LANE_HEIGHT = 60;
const [PLAN_TOP, PLAN_HEIGHT, RUN_TOP, RUN_HEIGHT] = [6, 15, 27, 24]; // within a lane, CSS pixels
const JOINT_DROP = 3; // below its bars, where no other job is in the way
const JOB_HUES = 6;
const PLOT_FRAME = 46; // padding above, axis below
const NARROWEST_BAR = 1.5;

const jobHue = (job) => hue(`--s${(run.gantt.ranks[job] % JOB_HUES) + 1}`);
const pieceText = ([, job, from, to, more], ran) => {
  const told = more ? ` · ${more}` : "";
  return `${run.gantt.jobs[job]} · ${ran ? "ran" : "planned"} ${utcText(from).slice(11)} to ${utcText(to).slice(11)}`
    + ` (${durationText(to - from)})${told}`;
};

// Top and height of the bars of a lane, in canvas pixels.
function ganttRow(plot, lane, ran) {
  const scale = devicePixelRatio;
  const top = plot.bbox.top + (lane * LANE_HEIGHT + (ran ? RUN_TOP : PLAN_TOP)) * scale;
  return [top, (ran ? RUN_HEIGHT : PLAN_HEIGHT) * scale];
}

function hatch(ctx) {
  const side = 8 * devicePixelRatio;
  const tile = document.createElement("canvas");
  tile.width = tile.height = side;
  const pen = tile.getContext("2d");
  pen.strokeStyle = hue("--anomaly");
  pen.lineWidth = 1.25 * devicePixelRatio;
  pen.beginPath();
  for (const offset of [-side, 0, side]) {
    pen.moveTo(offset - 1, side + 1);
    pen.lineTo(offset + side + 1, -1);
  }
  pen.stroke();
  return ctx.createPattern(tile, "repeat");
}

function shadeAnomaly(plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = hatch(ctx);
  for (const [from, to] of run.gantt.anomaly) {
    const edge = edges(plot, from, to);
    if (edge) ctx.fillRect(edge[0], bbox.top, edge[1], bbox.height);
  }
  ctx.restore();
}

function drawGantt(plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = hue("--lane");
  for (let lane = 1; lane < run.gantt.lanes.length; lane++) {
    ctx.fillRect(bbox.left, bbox.top + lane * LANE_HEIGHT * devicePixelRatio, bbox.width, devicePixelRatio);
  }
  for (const joint of run.gantt.planned_joints) drawJoint(plot, joint, false);
  for (const joint of run.gantt.joints) drawJoint(plot, joint, true);
  for (const piece of run.gantt.planned) drawPiece(plot, piece, false);
  for (const piece of run.gantt.ran) drawPiece(plot, piece, true);
  ctx.restore();
}

function drawJoint(plot, [job, fromLane, from, toLane, to], ran) {
  const { ctx } = plot;
  const scale = devicePixelRatio;
  const [x0, x1] = [from, to].map((at) => plot.valToPos(at + EPOCH_S, "x", true));
  const [y0, y1] = [fromLane, toLane].map((lane) => ganttRow(plot, lane, ran).reduce((top, height) => top + height));
  ctx.strokeStyle = jobHue(job);
  ctx.lineWidth = 1.5 * scale;
  ctx.globalAlpha = fromLane === toLane ? 1 : 0.45; // across, over what others do
  ctx.setLineDash(ran ? [] : [3 * scale, 3 * scale]);
  ctx.beginPath();
  ctx.moveTo(x0 - 3 * scale, y0);
  if (fromLane === toLane) {
    ctx.lineTo(x0 - 3 * scale, y0 + JOINT_DROP * scale);
    ctx.lineTo(x1 + 3 * scale, y1 + JOINT_DROP * scale);
  }
  ctx.lineTo(x1 + 3 * scale, y1);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

function drawPiece(plot, [lane, job, from, to], ran) {
  const { ctx } = plot;
  const scale = devicePixelRatio;
  const edge = edges(plot, from, to);
  if (!edge) return;
  const [top, height] = ganttRow(plot, lane, ran);
  const width = Math.max(NARROWEST_BAR * scale, edge[1] - scale);
  ctx.beginPath();
  ctx.roundRect(edge[0], top, width, height, Math.min(3 * scale, width / 2));
  ctx.fillStyle = jobHue(job);
  ctx.strokeStyle = jobHue(job);
  if (ran) ctx.fill();
  else {
    ctx.globalAlpha = 0.08;
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.lineWidth = 1.4 * scale;
    ctx.stroke();
  }
  drawJobName(ctx, run.gantt.jobs[job], edge[0] + 5 * scale, top + height / 2 + scale, width - 9 * scale, ran, job);
}

// The whole name, else what stands behind the owner, else as much of that as there is room for.
function drawJobName(ctx, title, x, y, room, ran, job) {
  ctx.font = `600 ${(ran ? 11 : 10) * devicePixelRatio}px ${hue("--font")}`;
  const name = title.includes("/") ? title.slice(title.indexOf("/") + 1) : title;
  const cut = Math.floor((name.length * room) / (ctx.measureText(name).width || 1)) - 1;
  const fits = [title, name].find((text) => ctx.measureText(text).width <= room);
  const text = fits ?? (cut >= 4 ? `${name.slice(0, cut)}…` : "");
  if (!text) return;
  ctx.fillStyle = ran ? hue("--on-bar") : jobHue(job);
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillText(text, x, y);
}

// The piece under the cursor: [piece, ran], or null.
function pieceAt(plot) {
  const { left, top } = plot.cursor;
  if (left < 0) return null;
  const slack = 2 * (view.to - view.from) / plot.over.clientWidth;
  const at = plot.posToVal(left, "x") - EPOCH_S;
  const lane = Math.floor(top / LANE_HEIGHT);
  const ran = top - lane * LANE_HEIGHT >= RUN_TOP - 3;
  const pieces = ran ? run.gantt.ran : run.gantt.planned;
  const found = pieces.find(([on, , from, to]) => on === lane && from - slack <= at && at <= to + slack);
  return found ? [found, ran] : null;
}

function buildGantt(slot) {
  const { lanes } = run.gantt;
  const height = lanes.length * LANE_HEIGHT;
  const options = commonOptions(slot.clientWidth, height + PLOT_FRAME);
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  const point = (plot) => {
    follow(plot);
    const found = pieceAt(plot);
    tip.hidden = !found;
    if (!found) return;
    tip.textContent = pieceText(...found);
    const right = plot.cursor.left > plot.over.clientWidth / 2;
    tip.style.left = right ? "" : `${plot.cursor.left + 12}px`;
    tip.style.right = right ? `${plot.over.clientWidth - plot.cursor.left + 12}px` : "";
    tip.style.top = `${Math.max(0, plot.cursor.top - 30)}px`;
  };
  options.scales.y = { range: () => [-height, 0] };
  const room = Math.floor(VALUE_AXIS() / 7.2);
  options.axes = [timeAxis(true, false), {
    stroke: () => hue("--quiet"), grid: { show: false }, ticks: { show: false }, size: VALUE_AXIS(), gap: 6,
    font: `12px ${hue("--font")}`, splits: () => lanes.map((_, lane) => -(lane + 0.5) * LANE_HEIGHT),
    values: () => lanes.map((name) => (name.length > room ? `${name.slice(0, room - 1)}…` : name)),
  }];
  options.series = [{}, { show: true, paths: () => null, points: { show: false } }];
  options.cursor.points = { show: false };
  options.hooks = { drawClear: [shade, shadeAnomaly], draw: [drawGantt, drawPin], setSelect: [selected], setCursor: [point] };
  const plot = new uPlot(options, [[EPOCH_S, EPOCH_S + Math.max(1, run.duration_s)], [null, null]], slot);
  plot.over.append(tip);
  plots.push(plot);
}
