// The event list.  Every text comes from telemetry and is only ever set as text, never as HTML.

const PAGE_ROWS = 200; // rows added at a time: enough to read, quick on a phone
const shownSeverities = new Set(run.events.severities.map(([name]) => name));
const severityRank = new Map(run.events.severities.map(([name, rank]) => [name, rank]));
let matching = [];
let listed = 0;

function cell(kind, ...content) {
  const element = document.createElement("td");
  element.className = kind;
  element.append(...content);
  return element;
}

function eventRow([at, severity, module, name, text]) {
  const line = document.createElement("tr");
  const [jump, chip] = [document.createElement("button"), document.createElement("span")];
  jump.type = "button";
  jump.className = "jump";
  jump.dataset.at = at;
  jump.textContent = utcText(at);
  jump.title = elapsedText(at);
  chip.className = `chip severity-${severityRank.get(severity)}`;
  chip.textContent = severity;
  line.append(cell("when", jump), cell("severity", chip), cell("source", `${module}.${name}`), cell("text", text));
  return line;
}

function filterEvents() {
  const words = document.getElementById("event-text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const inRange = document.getElementById("event-range").checked;
  matching = run.events.rows.filter((event) => {
    if (!shownSeverities.has(event[1])) return false;
    if (inRange && (event[0] < view.from || event[0] > view.to)) return false;
    const text = `${event[1]} ${event[2]}.${event[3]} ${event[4]}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  listed = 0;
  document.getElementById("event-rows").replaceChildren();
  listMore();
}

function listMore() {
  const next = matching.slice(listed, listed + PAGE_ROWS);
  document.getElementById("event-rows").append(...next.map(eventRow));
  listed += next.length;
  const more = document.getElementById("event-more");
  more.hidden = listed >= matching.length;
  more.textContent = `Show ${Math.min(PAGE_ROWS, matching.length - listed)} more`;
  document.getElementById("event-status").textContent = eventStatus();
}

function eventStatus() {
  const count = (value) => value.toLocaleString("en-US");
  const { total, rows } = run.events;
  if (!total) return "No events in this run.";
  const held = rows.length < total
    ? ` This page holds ${count(rows.length)} of ${count(total)}: the gravest and then the earliest.` : "";
  return `${count(listed)} listed of ${count(matching.length)} that match.${held}`;
}

function buildEventFilter() {
  const box = document.getElementById("event-severities");
  for (const [name, rank, count] of run.events.severities) {
    const [label, input, chip] = ["label", "input", "span"].map((tag) => document.createElement(tag));
    input.type = "checkbox";
    input.checked = true;
    input.addEventListener("change", () => {
      shownSeverities[input.checked ? "add" : "delete"](name);
      filterEvents();
    });
    chip.className = `chip severity-${rank}`;
    chip.textContent = name;
    label.append(input, chip, ` ${count.toLocaleString("en-US")}`);
    box.append(label);
  }
  document.getElementById("event-text").addEventListener("input", filterEvents);
  document.getElementById("event-range").addEventListener("change", filterEvents);
  document.getElementById("event-more").addEventListener("click", listMore);
  document.getElementById("event-filter").addEventListener("submit", (event) => event.preventDefault());
}
