// A plan: latencies, fast memory over time, values and steps.
"use strict";

const view = new View();
const maps = [$("map"), $("otherMap")].map((place) => new BoxMap(place, view, (hit) => {
  if (hit.body >= 0) openLevel(hit.body);
  else if (hit.key !== undefined) choose(hit.key, true);
}));
const limits = { compute: "computing", slow: "slow memory", fast: "fast memory", overhead: "overhead" };
let plan, other, level, k, chosen, found = null;
const tables = {
  values: new Table($("values"), [], { key: "bytes", up: false }, (row) => choose(row.id, false)),
  steps: new Table($("steps"), [], { key: "place", up: true }, (row) => openStep(row)),
};

// A plan of the level that is shown, with what is asked of it often.
class PlanPart {
  constructor(whole, index) {
    Object.assign(this, whole.levels[index]);
    this.why = this.why.map(humane);
    this.name = whole.name;
    this.level = data.levels[index];
    this.isBody = index > 0;
    this.n = this.level.steps.length;
    this.placeOf = this.level.steps.map((_, i) => i);
    if (this.order) this.order.forEach((step, place) => { this.placeOf[step] = place; });
  }
  stepAt(place) { return this.order ? this.order[place] : place; }
  get perTrip() { return 2 * this.n + 2; }
  // Where a point is on the axis of steps: waits have no width there.
  stepX(point) { return Math.floor(point / this.perTrip) * this.n + Math.floor((point % this.perTrip) / 2); }
  x(point, isTime) { return isTime ? this.points[point] : this.stepX(point); }
  timeX(time, isTime) {
    if (isTime) return time;
    let low = 0, high = this.points.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.points[middle] <= time) low = middle; else high = middle;
    }
    const width = this.points[high] - this.points[low], share = width > 0 ? Math.min(1, (time - this.points[low]) / width) : 0;
    return this.stepX(low) + share * (this.stepX(high) - this.stepX(low));
  }
  // A place, or the same in the plan of a loop's body, where places go on into later trips.
  placeText(i) {
    const at = i % this.n || 0, later = this.n ? Math.floor(i / this.n) : 0, step = this.stepAt(at);
    if (!this.isBody && i >= this.n) return "the end";
    return (this.order ? `place ${at}, step ${step}` : `step ${at}`) + ` (${this.level.steps[step]})` +
      ["", " of the next trip", " of the trip after that"][later];
  }
  seconds(place) { return this.times[place] + this.waits[place] + (place === this.n - 1 ? this.waits[this.n] : 0); }
}

function styles() {
  const kinds = {};
  for (const name of ["input", "temporary", "output", "inout", "reserved", "compute", "slow", "fast", "overhead", "stall"]) kinds[name] = colour(name);
  const mode = $("colours").value, begins = { written: kinds.temporary, "copied in": kinds.input, carried: kinds.output };
  if (mode === "kind") return { kinds, of: (part, r) => kinds[level.kinds[part.residencies.value[r]]], legend: legendOf(kinds, new Set(level.kinds)) };
  if (mode === "begins") return { kinds, of: (part, r) => begins[part.residencies.begins[r]], legend: legendOf(begins, new Set(plan.residencies.begins)) };
  if (mode === "value") return { kinds, of: (part, r) => hue(part.residencies.value[r]), legend: [] };
  // Groups of names, those with the most bytes in fast memory first.
  const sizes = {};
  plan.residencies.value.forEach((v) => { sizes[groupOf(level.names[v])] = (sizes[groupOf(level.names[v])] || 0) + level.sizes[v]; });
  const groups = Object.keys(sizes).sort((a, b) => sizes[b] - sizes[a] || (a < b ? -1 : 1));
  const index = new Map(groups.map((group, i) => [group, i]));
  return { kinds, of: (part, r) => hue(index.get(groupOf(level.names[part.residencies.value[r]])) ?? groups.length),
    legend: groups.slice(0, 10).map((group, i) => [group, hue(i)]) };
}
function legendOf(colours, present) { return Object.entries(colours).filter(([word]) => present.has(word)); }

function drawLegend(style) {
  const entry = ([word, fill]) => make("span", {}, make("i", { style: `background:${fill}` }), term(word));
  const seen = new Set(plan.limits), kinds = style.kinds;
  const entries = plan.residencies.value.length ? style.legend.map(entry) : [];
  if (plan.phase.some((phase) => phase === 0 || phase === 2)) entries.push(make("span", {}, "pale: ", term("copy"), " under way"));
  if (plan.phase.includes(3)) entries.push(entry(["reserved", kinds.reserved]));
  entries.push(make("span", {}, "steps ", term("limited by"), ":"),
    ...Object.entries(limits).filter(([limit]) => seen.has(limit)).map(([limit, word]) => entry([word, kinds[limit]])));
  if (plan.waits.some((wait) => wait > 0)) entries.push(entry(["stall", kinds.stall]));
  $("legend").replaceChildren(...entries);
}

function sceneOf(part, style) {
  const isTime = $("axis").value === "time", r = part.residencies, sizes = level.sizes, names = level.names;
  const boxes = part.of.map((of, i) => {
    const isReserved = part.phase[i] === 3, v = isReserved ? undefined : r.value[of];
    const step = isReserved ? part.stepAt(of) : -1;
    return { x0: part.x(part.begin[i], isTime), x1: part.x(part.end[i], isTime), y0: part.offset[i],
      y1: part.offset[i] + (isReserved ? part.size[i] : sizes[v]), colour: isReserved ? style.kinds.reserved : style.of(part, of),
      isPale: part.phase[i] !== 1 && !isReserved, isPlain: isReserved, label: isReserved ? level.steps[step] : names[v], key: v,
      body: isReserved ? level.bodies[step] : -1,
      tip: () => (isReserved ? reservedTip(part, of, part.size[i]) : residencyTip(part, of)) };
  });
  const trips = part.isBody ? [0, 1] : [0];
  const at = (trip, boundary, isOver) => part.x(trip * part.perTrip + 2 * boundary + isOver, isTime);
  const places = trips.flatMap((trip) => part.times.map((_, i) => ({ trip, i, x0: at(trip, i, 1), x1: at(trip, i + 1, 0), before: at(trip, i, 0) })));
  const bands = trips.flatMap((trip) => part.waits.flatMap((wait, i) => (wait > 0 ?
    [{ x0: at(trip, i, 0), x1: at(trip, i, 1), tip: () => waitTip(part, i) }] : [])));
  const copies = (isOut) => part.copies.residency.flatMap((of, i) => (part.copies.out[i] !== isOut ? [] :
    [{ x0: part.timeX(part.copies.start[i], isTime), x1: part.timeX(part.copies.end[i], isTime), colour: style.of(part, of),
      label: names[r.value[of]], key: r.value[of], tip: () => residencyTip(part, of) }]));
  const used = Math.max(1, ...part.profile, ...boxes.map((box) => box.y1)), capacity = part.capacity;
  const width = (p) => Math.max(part.seconds(p.i), 1e-30);
  return {
    ends: [0, at(trips.length - 1, part.n, 1)], boxes, bands, capacity,
    // What is never used is not drawn, if it is most of it.
    height: used > capacity / 3 ? Math.max(used, capacity) : used,
    lines: trips.length > 1 ? [{ x: at(0, 0, 0), label: "trip i" }, { x: at(1, 0, 0), label: "trip i + 1" }] : [],
    lanes: [
      { name: "copies in", short: "in", height: 15, bars: copies(false) },
      { name: "copies out", short: "out", height: 15, bars: copies(true) },
      { name: "steps", height: 15, bars: [...places.map((p) => ({ x0: p.x0, x1: p.x1, colour: style.kinds[part.limits[p.i]],
        label: level.steps[part.stepAt(p.i)], body: level.bodies[part.stepAt(p.i)], tip: () => stepTip(part, p.i) })),
        ...bands.map((band) => ({ ...band, colour: style.kinds.stall, least: 1.5 }))] },
      { name: "bytes in use", short: "in use", height: 44, most: capacity || 1, columns: places.map((p) => ({ x0: p.before, x1: p.x1,
        parts: [[part.profile[p.i], style.kinds.fast]], tip: () => stepTip(part, p.i) })) },
      { name: "slow memory", short: "slow", height: 44, most: data.machine.slow_bandwidth, columns: places.map((p) => ({ x0: p.before, x1: p.x1,
        parts: [[part.slow_bytes[p.i] / width(p), style.kinds.slow], [part.in[p.i] / width(p), style.kinds.input],
          [part.out[p.i] / width(p), style.kinds.output]], tip: () => trafficTip(part, p.i) })) },
    ],
    tick: isTime ? (s, span) => timeTick(s, span) : (i) => (Number.isInteger(i) ? String(part.n && trips.length > 1 ? i % part.n : i) : ""),
  };
}

function timeTick(s, span) {
  const [unit, factor] = span >= 1 ? ["s", 1] : span >= 1e-3 ? ["ms", 1e3] : span >= 1e-6 ? ["us", 1e6] : ["ns", 1e9];
  return Number((s * factor).toPrecision(6)) + " " + unit;
}

function bold(text, ...more) { return [make("b", {}, text), ...more]; }
function residencyTip(part, i) {
  const r = part.residencies, v = r.value[i], words = [];
  const offsets = r.offset2[i] >= 0 ? `${bytes(r.offset[i])} and ${bytes(r.offset2[i])} by turns` : bytes(r.offset[i]);
  words.push(bold(level.names[v], `, ${bytes(level.sizes[v])}, ${level.kinds[v]}`));
  words.push(`at offset ${offsets}`);
  if (r.issue[i] >= 0) words.push(`copied in from ${part.placeText(r.issue[i])}, needed at ${part.placeText(r.ready[i])}`);
  else words.push(r.begins[i] === "carried" ? "the run before has left it here" : `written by ${part.placeText(r.first[i])}`);
  words.push(`used until ${part.placeText(r.last[i])}`);
  if (r.done[i] >= 0) words.push(`copied out, awaited before ${part.placeText(r.done[i])}`);
  if (r.stall[i] > 0) words.push(`its copies are waited for: ${seconds(r.stall[i])}`);
  return words;
}
function reservedTip(part, place, size) {
  const step = part.stepAt(place), isLoop = level.bodies[step] >= 0;
  return [bold(level.steps[step]), isLoop ? `the plan of the loop's body uses ${bytes(size)}; click to see it` : `the step keeps ${bytes(size)} for itself`];
}
function waitTip(part, i) {
  const r = part.residencies, isHere = (place) => place >= 0 && (place === i || (part.isBody && place % part.n === i));
  const waited = r.value.filter((_, of) => r.stall[of] > 0 && (isHere(r.ready[of]) || isHere(r.done[of]))).map((v) => level.names[v]);
  return [bold("stall of " + seconds(part.waits[i])), `before ${part.placeText(i)}`, ...(waited.length ? ["for " + waited.join(", ")] : [])];
}
function stepTip(part, i) {
  const step = part.stepAt(i);
  return [bold(level.steps[step], `, ${part.order ? "place " + i + ", " : ""}step ${step}`), `${seconds(part.times[i])}, limited by ${limits[part.limits[i]]}`,
    `computes ${seconds(level.compute[step])}; accesses ${bytes(part.slow_bytes[i])} in slow and ${bytes(part.fast_bytes[i])} in fast memory`,
    `${bytes(part.profile[i])} of fast memory in use`, ...(part.waits[i] > 0 ? [`waits ${seconds(part.waits[i])} before`] : []),
    ...[sourceOf("step", step)].filter(Boolean)];
}
function trafficTip(part, i) {
  const both = (b) => `${bytes(b)}, ${rate(b / Math.max(part.seconds(i), 1e-30))}`;
  return [bold("slow memory during " + part.placeText(i)), `accesses ${both(part.slow_bytes[i])}`, `copies in ${both(part.in[i])}`,
    `copies out ${both(part.out[i])}`, `bandwidth ${rate(data.machine.slow_bandwidth)}`];
}

function drawLatency() {
  const rows = [["slow memory only", "slow", data.slow, "compute"], ...data.plans.map((p) => [p.name, "latency", p.latency, "input"])];
  if (data.bound !== null) rows.push(["no plan is faster", "bound", data.bound, "temporary"]);
  rows.push(["all in fast memory", "ideal", data.ideal, "compute"]);
  const most = Math.max(...rows.map((row) => row[2])) || 1;
  $("latency").replaceChildren(...rows.flatMap(([name, word, s, fill]) => [
    make("span", {}, term(name, word)),
    make("div", { class: "track" }, make("div", { style: `width:${100 * s / most}%;background:var(--${fill})` })),
    make("span", {}, seconds(s) + (data.bound > 0 && word === "latency" ? ", " + (s <= data.bound * 1.00005 ? "optimal" : "+" + percent(s / data.bound - 1)) : "")),
  ]));
  if (data.not_placeable) $("notPlaceable").textContent = "Not placeable, slow in every plan and in the bound: " + data.not_placeable;
}

function drawTop() {
  const m = data.machine, top = data.levels[0];
  document.title = `mempl: ${data.program}`;
  $("title").textContent = data.program + (data.target ? " on " + data.target : "");
  const count = (n, word) => [`${n} `, term(n === 1 ? word : word + "s", word), ", "];
  $("facts").replaceChildren(...count(top.steps.length, "step"), ...count(top.names.length, "value"), `${bytes(m.capacity)} of `,
    term("fast memory"), ` at ${rate(m.fast_bandwidth)}, `, term("slow memory"), ` at ${rate(m.slow_bandwidth)}, copies at ${rate(m.copy_bandwidth)}` +
    (m.copy_latency > 0 ? ` after ${seconds(m.copy_latency)}` : "") + `; mempl ${data.version}`);
}

function shownPlan() { return data.plans[+$("plan").value]; }
function otherPlan() { return +$("other").value > 0 ? data.plans.filter((p) => p !== shownPlan())[+$("other").value - 1] : null; }

// Another plan, loop, axis or colour.
function select() {
  k = +$("level").value;
  level = data.levels[k];
  plan = new PlanPart(shownPlan(), k);
  other = otherPlan() && new PlanPart(otherPlan(), k);
  $("headline").textContent = `${shownPlan().name}: ${shownPlan().headline}`;
  $("rest").textContent = shownPlan().rest;
  for (const id of ["otherTitle", "otherMap", "difference", "changedLabel"]) $(id).hidden = !other;
  if (!other) $("changed").checked = false;
  $("mapTitle").textContent = `Fast memory over ${$("axis").value}` + (other ? `: ${plan.name}` : "");
  $("otherTitle").textContent = other ? other.name : "";
  drawMaps();
  tabulate();
  if (other) tellDifference();
  choose(undefined);
}

function drawMaps() {
  const style = styles();
  drawLegend(style);
  maps[0].show(sceneOf(plan, style));
  if (!other) return void (maps[1].scene = null);
  maps[1].show(sceneOf(other, style));
  // The same scale: what is shorter ends earlier.
  const end = Math.max(...maps.map((map) => map.scene.ends[1])), height = Math.max(...maps.map((map) => map.scene.height));
  for (const map of maps) { map.scene.ends[1] = end; map.scene.height = height; map.redraw(); }
}

// Where a value is when, without offsets.
function staysOf(part) {
  const stays = level.names.map(() => []), r = part.residencies;
  r.value.forEach((v, i) => stays[v].push(`${r.begins[i]} ${part.order ? "" : r.issue[i]} ${part.stepAt(r.first[i] % part.n)} ${part.stepAt(r.last[i] % part.n)} ${r.done[i] >= 0}`));
  return stays.map((s) => s.join(";"));
}

// Where a value or a step was written, as text and as a link where its file is beside the page.
function sourceOf(what, i) { return (level[what + "_sources"] || [])[i] || ""; }
function sourceLink(what, i, isShort) {
  const text = sourceOf(what, i), file = text ? level[what + "_files"][i] : -1, place = /:(\d+)( \(|$)/.exec(text);
  const shown = isShort && place ? text.slice(text.lastIndexOf("/", place.index) + 1) : text;
  return file < 0 ? shown : make("a", { href: data.files[file] + "#L" + place[1] }, shown);
}
function sourceColumn(what) {
  return level[what + "_sources"] ? [{ key: "source", title: "source", width: 18, tip: "Where the author of the program wrote it",
    make: (row) => sourceLink(what, what === "step" ? row.step : row.id, true) }] : [];
}

function tabulate() {
  const r = plan.residencies, uses = level.names.map(() => ({ count: 0, stall: 0, begins: [] }));
  r.value.forEach((v, i) => {
    uses[v].count++;
    uses[v].stall += r.stall[i];
    if (!uses[v].begins.includes(r.begins[i])) uses[v].begins.push(r.begins[i]);
  });
  const share = (part, v) => (part.traffic[v] ? part.served[v] / part.traffic[v] : 0);
  const stays = staysOf(plan), otherStays = other && staysOf(other);
  const nothing = (format) => (x) => (x ? format(x) : "");
  tables.values.setColumns([
    { key: "name", title: "value", width: 15, tip: terms.value }, { key: "kind", title: "kind", width: 6.5 },
    { key: "bytes", title: "size", width: 6.5, format: bytes }, { key: "traffic", title: "traffic", width: 6.5, format: bytes, tip: "Bytes that its accesses move" },
    { key: "share", title: "in fast memory", width: 8, format: nothing(percent), tip: "Share of its traffic that fast memory serves" },
    ...(other ? [{ key: "otherShare", title: "in " + other.name, width: 8, format: nothing(percent), tip: "The same with " + other.name }] : []),
    { key: "stays", title: "times", width: 4.5, format: nothing(String), tip: terms.residency }, { key: "begins", title: "how it comes", width: 8.5 },
    { key: "stall", title: "stalls", width: 6.5, format: nothing(seconds), tip: terms.stall }, { key: "why", title: "why", width: 34 }, ...sourceColumn("value"),
  ]);
  tables.values.all = level.names.map((name, v) => ({ id: v, name, kind: level.kinds[v], bytes: level.sizes[v], traffic: plan.traffic[v],
    share: share(plan, v), otherShare: other ? share(other, v) : 0, stays: uses[v].count, begins: uses[v].begins.join(", "), stall: uses[v].stall,
    why: plan.why[v], source: sourceOf("value", v), differs: !!other && stays[v] !== otherStays[v],
    text: `${name} ${level.kinds[v]} ${plan.why[v]} ${sourceOf("value", v)}`.toLowerCase() }));
  tables.steps.setColumns([
    ...(plan.order ? [{ key: "place", title: "place", width: 5, format: String, tip: terms.place }] : []),
    { key: "step", title: "step", width: 4.5, format: String }, { key: "name", title: "name", width: 15 },
    { key: "time", title: "time", width: 6.5, format: seconds }, { key: "wait", title: "waits", width: 6.5, format: nothing(seconds), tip: "Stall before the step" },
    ...(other ? [{ key: "otherTime", title: "in " + other.name, width: 8, format: seconds, tip: "Time and wait with " + other.name },
      { key: "more", title: "difference", width: 7.5, format: (s) => (s ? (s > 0 ? "+" : "") + seconds(s) : "") }] : []),
    { key: "limit", title: "limited by", width: 8, tip: terms["limited by"] }, { key: "compute", title: "computes", width: 6.5, format: nothing(seconds) },
    { key: "slow", title: "slow bytes", width: 7, format: nothing(bytes), tip: "Accesses in slow memory" },
    { key: "fast", title: "fast bytes", width: 7, format: nothing(bytes), tip: "Accesses in fast memory" },
    { key: "copied", title: "copied", width: 7, format: nothing(bytes), tip: "What copies move meanwhile" },
    { key: "used", title: "in use", width: 7, format: nothing(bytes), tip: "Fast memory in use" },
    ...sourceColumn("step"),
  ]);
  tables.steps.all = plan.times.map((time, place) => {
    const step = plan.stepAt(place), there = other ? other.seconds(other.placeOf[step]) : 0, more = plan.seconds(place) - there;
    const limit = limits[plan.limits[place]], source = sourceOf("step", step);
    return { id: "step " + step, place, step, name: level.steps[step], time, wait: plan.waits[place] + (place === plan.n - 1 ? plan.waits[plan.n] : 0), limit,
      compute: level.compute[step], slow: plan.slow_bytes[place], fast: plan.fast_bytes[place], copied: plan.in[place] + plan.out[place],
      used: plan.profile[place], otherTime: there, more: Math.abs(more) > 1e-9 * there ? more : 0, source,
      differs: !!other && Math.abs(more) > 1e-9 * there, text: `${level.steps[step]} ${limit} ${source}`.toLowerCase() };
  });
  filter();
}

function tellDifference() {
  const sum = (list) => list.reduce((a, b) => a + b, 0), words = [];
  const waits = sum(plan.waits) - sum(other.waits), times = sum(plan.times) - sum(other.times), all = waits + times;
  const more = (s, what) => `${seconds(Math.abs(s))} ${s > 0 ? "more" : "less"} ${what}`;
  words.push(Math.abs(all) < 1e-9 * sum(other.times) ? `${plan.name} takes as long as ${other.name}` :
    `${plan.name} takes ${percent(Math.abs(all) / (sum(other.times) + sum(other.waits)))} ${all > 0 ? "more" : "less"} time than ${other.name}`);
  words.push(`: ${more(waits, "waiting")}, ${more(times, "in steps")}. `);
  const values = tables.values.all.filter((row) => row.differs).length, steps = tables.steps.all.filter((row) => row.differs);
  words.push(`${values} values are at other times in fast memory, and ${steps.length} steps take another time`);
  const worst = [...steps].sort((a, b) => Math.abs(b.more) - Math.abs(a.more))[0];
  words.push(worst ? `, most of all step ${worst.step} (${worst.name}): ${more(worst.more, "").trim()}.` : ".");
  $("difference").textContent = words.join("");
}

function filter() {
  const words = $("search").value.toLowerCase().split(" ").filter(Boolean), isDiff = $("changed").checked;
  const kept = (row) => (!isDiff || row.differs) && words.every((word) => row.text.includes(word));
  const rows = tables.values.all.filter(kept), steps = tables.steps.all.filter(kept);
  tables.values.show(rows);
  tables.steps.show(steps);
  found = words.length || isDiff ? new Set(rows.map((row) => row.id)) : null;
  $("count").textContent = found ? `${rows.length} of ${level.names.length} values, ${steps.length} of ${level.steps.length} steps` : "";
  paint();
}

function paint() {
  for (const map of maps) {
    map.isLit = (key) => !found || found.has(key);
    map.chosen = chosen;
    map.redraw();
  }
}

function choose(v, isScrolling) {
  chosen = v === chosen ? undefined : v;
  tables.values.choose(chosen, isScrolling);
  paint();
  $("details").hidden = chosen === undefined;
  if (chosen === undefined) return;
  const lines = [bold(level.names[chosen], `, ${bytes(level.sizes[chosen])}, ${level.kinds[chosen]}`), [plan.why[chosen]]];
  for (const part of [plan, other].filter(Boolean))
    part.residencies.value.forEach((value, i) => {
      if (value === chosen) lines.push([(other ? part.name + ": " : "") + residencyTip(part, i).slice(1).join("; ")]);
    });
  if (other) lines.push([`${other.name}: ${other.why[chosen]}`]);
  if (sourceOf("value", chosen)) lines.push(["source: ", sourceLink("value", chosen)]);
  $("details").replaceChildren(...lines.map((line) => make("div", {}, ...line)));
}

function openLevel(index) {
  $("level").value = index;
  view.set(0, 1);
  select();
}

// A step of the table: the body of a loop, or where it is on the map.
function openStep(row) {
  if (level.bodies[row.step] >= 0) return openLevel(level.bodies[row.step]);
  const scene = maps[0].scene, isTime = $("axis").value === "time";
  const from = plan.x(2 * row.place, isTime) / scene.ends[1], to = plan.x(2 * row.place + 2, isTime) / scene.ends[1];
  const around = Math.max((to - from) * 4, 0.02);
  tables.steps.choose(row.id, false);
  view.set((from + to - around) / 2, (from + to + around) / 2);
}

function showTable(name) {
  for (const [id, button] of [["values", "showValues"], ["steps", "showSteps"]]) {
    $(id).hidden = id !== name;
    $(button).setAttribute("aria-pressed", id === name);
    tables[id].first = -1;
    tables[id].render();
  }
}

function listOthers() {
  fillSelect($("other"), ["nothing", ...data.plans.filter((p) => p !== shownPlan()).map((p) => p.name)], 0);
}

function start() {
  const latencies = data.plans.map((p) => p.latency);
  fillSelect($("plan"), data.plans.map((p) => `${p.name}: ${seconds(p.latency)}, ${p.copies_in} ${p.copies_in === 1 ? "copy" : "copies"} in, ${p.copies_out} out`), latencies.indexOf(Math.min(...latencies)));
  listOthers();
  $("otherLabel").hidden = data.plans.length < 2;
  fillSelect($("level"), data.levels.map((l) => l.name), 0);
  $("levelLabel").hidden = data.levels.length < 2;
  drawTop();
  drawLatency();
  select();
  $("plan").addEventListener("change", () => { listOthers(); select(); });
  for (const id of ["other", "level", "axis", "colours"]) $(id).addEventListener("change", select);
  $("in").addEventListener("click", () => view.zoom(1.6));
  $("out").addEventListener("click", () => view.zoom(1 / 1.6));
  $("all").addEventListener("click", () => view.set(0, 1));
  $("search").addEventListener("input", filter);
  $("changed").addEventListener("change", filter);
  $("showValues").addEventListener("click", () => showTable("values"));
  $("showSteps").addEventListener("click", () => showTable("steps"));
  darkScheme.addEventListener("change", drawMaps);
  document.body.dataset.ready = Math.round(performance.now());
}
start();
