// Times: the page counts seconds since the start of the run; the plots' x values are UNIX seconds.

const run = JSON.parse(document.getElementById("payload").textContent);
const EPOCH_S = run.epoch_ms / 1000;
const [MINUTE, HOUR, DAY] = [60, 3600, 86400];
const TICKS = [1, 2, 5, 10, 20, 30, MINUTE, 120, 300, 600, 900, 1800, HOUR, 7200, 10800, 21600, 43200,
  DAY, 2 * DAY, 5 * DAY, 10 * DAY, 20 * DAY, 50 * DAY, 100 * DAY];

function utcText(seconds) {
  const date = new Date(run.epoch_ms + 1000 * Math.round(seconds));
  return isNaN(date) ? "no valid time" : date.toISOString().slice(0, 19).replace("T", " ");
}

function elapsedText(seconds) {
  const whole = Math.round(Math.abs(seconds));
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  const days = whole >= DAY ? `${Math.floor(whole / DAY)} d ` : "";
  const clock = `${two((whole % DAY) / HOUR)}:${two((whole % HOUR) / MINUTE)}:${two(whole % MINUTE)}`;
  return `T${seconds < 0 ? "−" : "+"}${days}${clock}`;
}

function durationText(seconds) {
  const whole = Math.round(seconds);
  const parts = [[Math.floor(whole / DAY), "d"], [Math.floor((whole % DAY) / HOUR), "h"],
    [Math.floor((whole % HOUR) / MINUTE), "min"], [whole % MINUTE, "s"]];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).filter(([amount]) => amount > 0).map((part) => part.join(" ")).join(" ");
}

// Labels of the time axis: the clock, and the date below it at the left and at each midnight.
function tickTexts(plot, splits, axis, space, step) {
  let day = "";
  return splits.map((value) => {
    if (value === null) return null;
    const text = utcText(value - EPOCH_S);
    const date = text.slice(0, 10);
    if (step >= DAY) return date.slice(5);
    const clock = text.slice(11, step < MINUTE ? 19 : 16);
    const label = date === day ? clock : `${clock}\n${innerWidth < 600 ? date.slice(5) : date}`;
    day = date;
    return label;
  });
}

// One line for the axis on top: the date takes the place of midnight.
function shortTickTexts(plot, splits, axis, space, step) {
  return tickTexts(plot, splits, axis, space, step).map((label) => {
    const [clock, date] = (label ?? "").split("\n");
    return date && clock.startsWith("00:00") ? date.slice(-5) : clock;
  });
}

function numberText(value, unit, decimals) {
  if (value === null || value === undefined) return "–";
  const text = value.toFixed(decimals);
  return `${Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−")} ${unit}`;
}
