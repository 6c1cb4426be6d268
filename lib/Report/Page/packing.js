// Buffers of a packing file over time.
"use strict";

const b = data.buffers, p = data.pieces, load = data.load;
const view = new View(), map = new BoxMap($("map"), view, (hit) => choose(hit.key, true));
const ends = [Math.min(...b.lower), Math.max(...b.upper)].map((x) => (Number.isFinite(x) ? x : 0));
let chosen;
const columns = [
  { key: "name", title: "buffer", width: 14 }, { key: "offset", title: "offset", width: 8, format: String },
  { key: "bytes", title: "size", width: 7, format: bytes }, { key: "lower", title: "lower", width: 7, format: String, tip: "First time of its life" },
  { key: "upper", title: "upper", width: 7, format: String, tip: "First time after it" },
  { key: "alignment", title: "alignment", width: 6.5, format: String }, { key: "fault", title: "fault", width: 26, style: () => "fault" },
];
const table = new Table($("buffers"), columns, { key: "offset", up: true }, (row) => choose(row.id, false));
const rows = b.names.map((name, v) => ({ id: v, name, offset: b.offsets[v], bytes: b.sizes[v], lower: b.lower[v], upper: b.upper[v],
  alignment: b.alignments[v], fault: b.faults[v], text: `${name} ${b.faults[v]}`.toLowerCase() }));

// Groups of names, those with the most bytes first.
function groups() {
  const sizes = {};
  b.names.forEach((name, v) => { sizes[groupOf(name)] = (sizes[groupOf(name)] || 0) + b.sizes[v]; });
  return Object.keys(sizes).sort((x, y) => sizes[y] - sizes[x] || (x < y ? -1 : 1));
}

function tipOf(v, i) {
  return [[make("b", {}, b.names[v]), `, ${bytes(b.sizes[v])} at offset ${b.offsets[v]} (${bytes(b.offsets[v])})`],
    `lives from time ${b.lower[v]} to before ${b.upper[v]}`,
    ...(i === undefined ? [] : [`here bytes ${p.begin[i]} to before ${p.end[i]}, times ${p.lower[i]} to before ${p.upper[i]}`]),
    ...b.faults[v].split("; ").filter(Boolean).map((fault) => [make("span", { class: "fault" }, fault)])];
}

function draw() {
  const isByName = $("colours").value === "name", names = groups(), index = new Map(names.map((name, i) => [name, i]));
  const fill = (v) => (b.faults[v] ? colour("stall") : hue(isByName ? index.get(groupOf(b.names[v])) : v));
  const used = Math.max(1, data.height), needed = colour("input");
  map.show({
    ends, capacity: data.capacity, height: data.capacity !== null && used > data.capacity / 3 ? Math.max(used, data.capacity) : used,
    // Two that collide are seen through each other.
    boxes: p.buffer.map((v, i) => ({ x0: p.lower[i], x1: p.upper[i], y0: p.begin[i], y1: p.end[i], colour: fill(v), label: b.names[v], key: v,
      alpha: b.faults[v] ? 0.6 : 1, tip: () => tipOf(v, i) })),
    bands: [], lines: [],
    lanes: [{ name: "bytes needed", short: "needed", height: 60, most: Math.max(1, data.height), columns: load.times.slice(0, -1).map((time, i) => ({
      x0: time, x1: load.times[i + 1], parts: [[load.bytes[i], needed]],
      tip: () => [`${bytes(load.bytes[i])} needed from time ${time} to before ${load.times[i + 1]}`, `at most ${bytes(data.peak)}: no packing is lower`] })) }],
    tick: (x) => (Number.isInteger(x) ? String(x) : ""),
  });
  const entry = ([word, style]) => make("span", {}, make("i", { style: `background:${style}` }), word);
  $("legend").replaceChildren(...(isByName && names.length < rows.length ? names.slice(0, 10).map((name, i) => entry([name, hue(i)])) : []),
    ...(b.faults.some(Boolean) ? [entry(["with a fault", colour("stall")])] : []));
}

function choose(v, isScrolling) {
  if (v === undefined) return;
  chosen = map.chosen = v === chosen ? undefined : v;
  table.choose(chosen, isScrolling);
  map.redraw();
  $("details").hidden = chosen === undefined;
  if (chosen !== undefined) $("details").replaceChildren(...tipOf(chosen).map((line) => make("div", {}, ...[line].flat())));
}

function search() {
  const words = $("search").value.toLowerCase().split(" ").filter(Boolean);
  const found = rows.filter((row) => words.every((word) => row.text.includes(word)));
  const ids = new Set(found.map((row) => row.id));
  table.show(found);
  map.isLit = (key) => !words.length || ids.has(key);
  $("count").textContent = `${found.length} of ${rows.length} buffers`;
  map.redraw();
}

function start() {
  document.title = `mempl: ${data.file}`;
  $("title").textContent = data.file;
  const faulty = b.faults.filter(Boolean).length, above = data.peak > 0 ? data.height / data.peak - 1 : 0;
  $("headline").textContent = faulty ? `${data.result}: ${faulty} of ${rows.length} buffers have a fault` :
    `${data.result}: ${bytes(data.height)} high` + (above > 0 ? `, ${percent(above)} above the most bytes needed at once` : ", which no packing is below");
  $("facts").textContent = `${rows.length} buffers, at most ${bytes(data.peak)} needed at once` +
    (data.capacity === null ? "" : `, capacity ${bytes(data.capacity)}`);
  if (groups().length < 2) $("colours").value = "buffer";
  draw();
  search();
  $("colours").addEventListener("change", draw);
  $("search").addEventListener("input", search);
  $("in").addEventListener("click", () => view.zoom(1.6));
  $("out").addEventListener("click", () => view.zoom(1 / 1.6));
  $("all").addEventListener("click", () => view.set(0, 1));
  darkScheme.addEventListener("change", draw);
  document.body.dataset.ready = Math.round(performance.now());
}
start();
