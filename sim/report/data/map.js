// The ground track of the stretch of time shown, and where the spacecraft is at the cursor.

const LONGEST_TRACK_S = DAY; // more than fifteen orbits cover the map

function inside(bands, seconds, from) {
  let index = from;
  while (index < bands.length && bands[index][1] <= seconds) index++;
  return [index, index < bands.length && bands[index][0] <= seconds];
}

// One SVG path for each kind of stretch, broken where the track crosses the antimeridian.
function trackPaths(from, to) {
  const { times, latitude, longitude } = run.track;
  const paths = { sunlit: [], dark: [], contact: [], casing: [] };
  const open = {};
  const contacts = [...run.contacts.rows].sort((one, other) => one[0] - other[0]);
  let [eclipse, before] = [0, NaN]; // `before`: the last usable sample
  const add = (kind, x0, y0, x1, y1, joined) => {
    if (!(joined && open[kind])) paths[kind].push(`M${x0.toFixed(2)} ${y0.toFixed(2)}`);
    paths[kind].push(`L${x1.toFixed(2)} ${y1.toFixed(2)}`);
    open[kind] = true;
  };
  for (let index = 0; index < times.length; index++) {
    const usable = times[index] >= from && times[index] <= to && longitude[index] !== null && latitude[index] !== null;
    if (!usable || before !== index - 1) {
      for (const kind of Object.keys(paths)) open[kind] = false;
      before = usable ? index : NaN;
      continue;
    }
    before = index;
    const middle = (times[index] + times[index - 1]) / 2;
    let dark;
    [eclipse, dark] = inside(run.eclipses.rows, middle, eclipse);
    const kinds = [dark ? "dark" : "sunlit", "casing"];
    open[dark ? "sunlit" : "dark"] = false;
    if (contacts.some(([start, end]) => start <= middle && middle < end)) kinds.push("contact");
    else open.contact = false;
    for (const kind of kinds) drawStep(add, kind, longitude[index - 1], -latitude[index - 1], longitude[index], -latitude[index]);
  }
  return paths;
}

function drawStep(add, kind, x0, y0, x1, y1) {
  const jump = x1 - x0;
  if (Math.abs(jump) <= 180) return add(kind, x0, y0, x1, y1, true);
  const shift = jump > 0 ? -360 : 360; // the far point seen from the near one
  const edge = jump > 0 ? -180 : 180;
  const part = (edge - x0) / (x1 + shift - x0);
  const y = y0 + part * (y1 - y0);
  add(kind, x0, y0, edge, y, true);
  add(kind, -edge, y, x1, y1, false);
}

function drawTrack() {
  const to = Math.min(view.to, view.from + LONGEST_TRACK_S);
  const paths = trackPaths(view.from, to);
  for (const [kind, steps] of Object.entries(paths)) {
    document.getElementById(`track-${kind}`).setAttribute("d", steps.join(""));
  }
  const part = to < view.to ? "the first 24 h of the time shown" : view.to - view.from < run.duration_s ? "the time shown" : "whole run";
  document.getElementById("map-range").textContent = part;
}

function placeCraft() {
  const craft = document.getElementById("craft");
  const seconds = view.at ?? view.pin;
  const { times, latitude, longitude } = run.track;
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < seconds) low = middle + 1;
    else high = middle;
  }
  craft.hidden = seconds === null || !times.length || longitude[low] === null || latitude[low] === null;
  if (craft.hidden) return;
  craft.style.left = `${(longitude[low] + 180) / 3.6}%`;
  craft.style.top = `${(90 - latitude[low]) / 1.8}%`;
}
