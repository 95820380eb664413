// Wiring: buttons, keys, wheel, touch, colour scheme, print.

const ACTIONS = {
  left: () => pan(-0.25), right: () => pan(0.25), in: () => zoom(0.5), out: () => zoom(2), all: showAll,
};
const KEYS = { ArrowLeft: "left", ArrowRight: "right", "+": "in", "=": "in", "-": "out", "−": "out", 0: "all", Home: "all" };

function showReadout() {
  const at = view.at ?? view.pin;
  const readout = document.getElementById("readout");
  if (at === null) {
    readout.textContent = `${utcText(view.from)} to ${utcText(view.to)} UTC · ${durationText(view.to - view.from)}`;
    return;
  }
  const state = [...nameAt(run.modes, at), nameAt(run.eclipses, at).length ? "eclipse" : "sunlit"];
  const stations = nameAt(run.contacts, at);
  if (stations.length) state.push(`contact ${stations.join(", ")}`);
  readout.textContent = `${utcText(at)} UTC · ${elapsedText(at)} · ${state.join(" · ")}`;
}

function showKey() {
  const key = document.getElementById("key");
  const rows = [...run.modes.names.map((name) => [name, modeHue(name)]), ["eclipse", hue("--lane-eclipse")],
    ["contact", hue("--lane-contact")], ...run.events.severities.map(([name, rank]) => [`${name} event`, hue(`--severity-${rank}`)])];
  if (run.gantt) rows.push(["South Atlantic Anomaly", hue("--anomaly")]);
  key.replaceChildren(...rows.map(([name, colour]) => {
    const [item, swatch] = [document.createElement("li"), document.createElement("i")];
    swatch.className = "swatch";
    swatch.style.setProperty("--hue", colour);
    item.append(swatch, name);
    return item;
  }));
}

function secondsAt(clientX) {
  const box = plots[0].over.getBoundingClientRect();
  return view.from + ((clientX - box.left) / box.width) * (view.to - view.from);
}

function listenToWheel(area) {
  area.addEventListener("wheel", (event) => {
    if (!(event.ctrlKey || event.metaKey || event.shiftKey)) return;
    event.preventDefault();
    if (event.shiftKey) pan((event.deltaY || event.deltaX) / 1000);
    else zoom(Math.exp(Math.max(-100, Math.min(100, event.deltaY)) / 250), secondsAt(event.clientX));
  }, { passive: false });
}

// One finger moves, two fingers zoom; a vertical swipe still scrolls the page (touch-action: pan-y).
function listenToTouch(area) {
  let last = null;
  const measure = (touches) => {
    const xs = [...touches].map((touch) => touch.clientX);
    return { count: xs.length, centre: (Math.min(...xs) + Math.max(...xs)) / 2, spread: Math.max(30, Math.max(...xs) - Math.min(...xs)) };
  };
  area.addEventListener("touchstart", (event) => { last = measure(event.touches); }, { passive: true });
  area.addEventListener("touchend", (event) => { last = event.touches.length ? measure(event.touches) : null; }, { passive: true });
  area.addEventListener("touchmove", (event) => {
    const now = measure(event.touches);
    if (last && last.count === now.count) {
      if (now.count === 2) zoom(last.spread / now.spread, secondsAt(now.centre));
      pan((last.centre - now.centre) / plots[0].over.clientWidth);
    }
    last = now;
  }, { passive: true });
}

function listen() {
  const area = document.getElementById("charts");
  for (const button of document.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => ACTIONS[button.dataset.view]());
  }
  area.addEventListener("keydown", (event) => {
    if (!Object.hasOwn(KEYS, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    ACTIONS[KEYS[event.key]]();
  });
  listenToWheel(area);
  listenToTouch(area);
  document.addEventListener("click", (event) => {
    const jump = event.target.closest(".jump");
    if (!jump) return;
    const from = Number(jump.dataset.from ?? jump.dataset.at);
    const to = Number(jump.dataset.to ?? from);
    if (jump.dataset.to) setView(from - 900, to + 900);
    pin((from + to) / 2);
    document.getElementById("time-heading").scrollIntoView({ block: "start" });
  });
  new ResizeObserver(resizePlots).observe(area);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  addEventListener("beforeprint", () => { document.documentElement.dataset.print = ""; repaint(); });
  addEventListener("afterprint", () => { delete document.documentElement.dataset.print; repaint(); });
}

function repaint() {
  hues.clear();
  buildPlots();
  showKey();
}

let waiting = false;
function soon(draw) {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}

let drawnView = "";
function refresh() {
  showReadout();
  placeCraft();
  const now = `${view.from} ${view.to}`;
  if (now === drawnView) return;
  drawnView = now;
  drawTrack();
  if (document.getElementById("event-range").checked) filterEvents();
}

buildEventFilter();
repaint();
view.heard.push(() => soon(refresh));
listen();
filterEvents();
refresh();
document.documentElement.dataset.ready = "";
