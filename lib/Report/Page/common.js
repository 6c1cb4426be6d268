// What all pages have in common: the data, elements, and numbers as people write them.
"use strict";
for (const kind of ["error", "securitypolicyviolation"])
  window.addEventListener(kind, (event) => { document.body.dataset.error = event.message || kind; });
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

// An element; children that are strings are text, so that no name can be markup.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

// A word that is explained when the pointer is on it.
const terms = {
  value: "One piece of storage of the program: a tensor, or several that must share storage.",
  step: "What runs at once and accesses values: an op, or a loop with all of its trips.",
  place: "The number of a step in the order of the plan, which is another than the program's.",
  "fast memory": "The small memory, whose bytes the plan gives to values.",
  "slow memory": "The large memory, where everything has a place.",
  residency: "A time during which a value is in fast memory, at an offset.",
  stall: "Time that the program waits for a copy.",
  copy: "One channel moves values into fast memory, another one out of it. Each serves its copies one after the other.",
  latency: "How long the program takes with a plan, by the simulator.",
  bound: "A latency that no valid plan of this problem can beat, proven.",
  slow: "Latency with everything in slow memory.",
  ideal: "Latency with everything in fast memory, whatever its capacity.",
  input: "Valid in slow memory before the first step: arguments and weights.",
  temporary: "First written by a step and not needed at the end: activations.",
  output: "Must be in slow memory after the last step.",
  inout: "An input that the program changes and gives back.",
  reserved: "Bytes that a step keeps for itself, or that the plan of a loop's body uses.",
  written: "A step writes the value to fast memory.",
  "copied in": "A copy brings the value from slow memory.",
  carried: "The run before has left the value in fast memory.",
  "limited by": "Whether a step computes for longer than it moves bytes, and if not, which memory it waits for.",
};
function term(word, key = word) {
  return terms[key] ? make("abbr", { title: terms[key] }, word) : word;
}

function seconds(s) {
  if (s === null || s === undefined) return "-";
  const size = Math.abs(s);
  if (size === 0) return "0 s";
  const [unit, factor] = size >= 1 ? ["s", 1] : size >= 1e-3 ? ["ms", 1e3] : size >= 1e-6 ? ["us", 1e6] : ["ns", 1e9];
  return Number((s * factor).toPrecision(4)) + " " + unit;
}
function bytes(b) {
  for (const [unit, size] of [["TiB", 2 ** 40], ["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]])
    if (Math.abs(b) >= size) return Number((b / size).toPrecision(4)) + " " + unit;
  return Math.round(b) + " B";
}
// Bandwidths are in powers of ten, as those of memories are everywhere.
function rate(b) {
  for (const [unit, size] of [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["KB", 1e3]])
    if (b >= size) return Number((b / size).toPrecision(4)) + " " + unit + "/s";
  return Number(b.toPrecision(4)) + " B/s";
}
// A sentence with its bytes as people write them.
function humane(text) {
  return text.replace(/\b(\d+)( of (\d+))? bytes/g, (all, one, more, other) => (+one < 1024 && !(+other >= 1024) ? all :
    bytes(+one) + (more ? " of " + bytes(+other) : "")));
}
function percent(share) {
  const p = 100 * share;
  return (Math.abs(p) >= 9.95 ? p.toFixed(0) : Math.abs(p) >= 0.095 ? p.toFixed(1) : p.toFixed(2)) + " %";
}

// A colour of Palette.h in the scheme of the page.
function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }
const darkScheme = matchMedia("(prefers-color-scheme: dark)");
// As many colours as needed, none like its neighbour.
function hue(i) { return `hsl(${(i * 137.5 + 215) % 360} ${darkScheme.matches ? "52% 64%" : "48% 42%"})`; }
// Names that differ by numbers only are one group.
function groupOf(name) { return name.replace(/\d+/g, "#"); }

function fillSelect(select, texts, chosen) {
  select.replaceChildren(...texts.map((text, i) => make("option", { value: i }, text)));
  select.value = chosen;
}
